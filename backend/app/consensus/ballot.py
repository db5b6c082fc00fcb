"""A vote that counts."""

from dataclasses import dataclass

from app.consensus.exact import share
from app.consensus.levels import Level


@dataclass(slots=True)
class Ballot:
    """A vote the engine counts. Numbers are fixed point (10^-6). Never changed once read; left unfrozen for speed.

    Args:
        level: -2 STRONG_SELL … 2 STRONG_BUY.
        confidence: 0 to 1.
        weight: of the agent, 0 to 10^6.
        said_size, said_risk: as they were sent; read when somebody asks, for most rules never do.
    """

    agent_id: str
    level: Level
    confidence: int
    weight: int
    is_risk_manager: bool
    said_size: object
    said_risk: object

    @property
    def size(self) -> int | None:
        """Share of equity, 0 to 1; None when none was given that can be used."""
        return None if self.said_size is None else share(self.said_size)

    @property
    def risk(self) -> int:
        """0 to 1; 0 when none was given that can be used."""
        return share(self.said_risk) or 0
