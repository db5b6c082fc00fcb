"""The parts of a mock market: its calendar, shocks, variance, regimes, the shape of a bar."""
