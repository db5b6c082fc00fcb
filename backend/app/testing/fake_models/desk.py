"""What all routes share: the brain, the faults that wait, and the journal of what arrived."""

import asyncio
from dataclasses import dataclass, field

from app.testing.fake_models.brain import Brain
from app.testing.fake_models.faults import FaultBook
from app.testing.fake_models.journal import Journal


@dataclass(slots=True)
class Desk:
    """One for each server.

    Args:
        latency_s: wait before the first byte of every answer.
        tool_rounds: turns that a model spends on tools before it answers.
    """

    brain: Brain
    latency_s: float = 0.0
    tool_rounds: int = 1
    faults: FaultBook = field(default_factory=FaultBook)
    journal: Journal = field(default_factory=Journal)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
