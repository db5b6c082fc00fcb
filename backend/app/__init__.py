"""Conclave: a panel of analysts votes, a named rule decides, everything is recorded and replayable."""

__version__ = "0.1.0"
