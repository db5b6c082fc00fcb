"""When something that will be timed began, carried with it."""

from typing import Final

AT: Final = "conclave.at"
"""Under this name an outgoing message of the feed says when its event arrived there, in seconds of `perf_counter`."""
