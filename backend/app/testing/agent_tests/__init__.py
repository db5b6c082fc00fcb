"""How analysts are put to the test: scenes, trials, expectations, and what came of them."""
