"""The settings of the consensus engine: every one optional, checked once, in fixed point from then on.

Absent and null mean the default. The wire form has plain numbers (`quorum: 0.5`); `as_dict` gives the full effective
settings in that form and `ConsensusConfig.of` reads them back as the same configuration.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from app.consensus.exact import HALF, SCALE, sign, unfixed
from app.consensus.method import Method
from app.consensus.settings import SETTINGS
from app.consensus.strategy import Strategy
from app.domain.errors import ConfigurationError, FieldError, nameable
from app.plugins import load

_SHARES = frozenset(
    {"quorum", "threshold", "agreement", "min_confidence", "risk_aversion", "market_risk", "veto_confidence"}
)


@dataclass(frozen=True)
class ConsensusConfig:
    """How a panel decides. Shares, risks and weights are fixed point: 500_000 is one half.

    Build it with `of`, which checks every value; the constructor trusts its caller.

    Args:
        method, strategy: names from the plugin table, aliases already resolved.
        conflict_trigger: when the strategy is asked: `unresolved`, or also on `any_opposition` of bulls and bears.
        roster: ids of the agents that are expected, or None to expect whoever sends anything.
        quorum: share of the expected that must cast a ballot; None takes the method's own (1 for `unanimous`, else
            1/2).
        threshold: share of the mass a winning camp must exceed.
        agreement: share of the ballots that `unanimous` asks for.
        weights: of agents, 0 to 10^6; an agent that is not listed weighs 1.
        min_confidence: what the confidence of a direction must exceed.
        risk_aversion, market_risk: λ and the least risk of an opening vote, for `risk_adjusted`.
        position: what is held now; only its sign counts.
        risk_veto: whether risk managers may stop a trade that opens or grows exposure.
        veto_confidence: the least confidence of a veto.
        timeout_ms: latency beyond which a vote is late, or None.
        early_close: whether whoever collects the votes may stop once no missing vote can change the word.
    """

    method: str = "weighted"
    strategy: str = "conservative"
    conflict_trigger: str = "unresolved"
    roster: tuple[str, ...] | None = None
    quorum: int | None = None
    threshold: int = HALF
    agreement: int = SCALE
    weights: Mapping[str, int] = field(default_factory=dict, hash=False)
    min_confidence: int = 0
    risk_aversion: int = HALF
    market_risk: int = 0
    position: int | float = 0
    risk_veto: bool = False
    veto_confidence: int = HALF
    timeout_ms: int | float | None = None
    early_close: bool = False

    def __post_init__(self) -> None:
        if self.quorum is None:
            object.__setattr__(self, "quorum", self.rule.default_quorum)

    @classmethod
    def of(cls, settings: object = None) -> Self:
        """Read settings from their wire form; a configuration is returned as it is.

        Raises:
            ConfigurationError: a setting is unknown or has a bad value; every finding is listed, no value repeated.
            UnknownNameError: no method or strategy has that name.
        """
        if isinstance(settings, cls):
            return settings
        if settings is None:
            return cls()
        if not isinstance(settings, Mapping):
            raise ConfigurationError("The consensus config must be an object of settings.", [_NOT_AN_OBJECT])
        return cls(**_checked(settings))

    @cached_property
    def rule(self) -> Method:
        """The method, built from these settings."""
        method: Method = load("consensus_method", self.method).of(self)
        return method

    @cached_property
    def tie_break(self) -> Strategy:
        """The conflict strategy."""
        strategy: Strategy = load("conflict_strategy", self.strategy)()
        return strategy

    @cached_property
    def expected(self) -> frozenset[str]:
        """The roster as a set, empty when there is none."""
        return frozenset(self.roster or ())

    @cached_property
    def side(self) -> int:
        """The sign of the position: -1 short, 0 flat, 1 long."""
        return sign(self.position)

    def has_quorum(self, ballots: int, expected: int) -> bool:
        """Tell whether this many ballots are enough for this many expected agents."""
        return ballots * SCALE >= (self.quorum or 0) * expected

    def weight(self, agent_id: str) -> int:
        """The weight of an agent, fixed point."""
        return self.weights.get(agent_id, SCALE)

    def as_dict(self) -> dict[str, Any]:
        """The full effective settings in wire form."""
        wire = {name: getattr(self, name) for name in SETTINGS}
        wire |= {name: unfixed(wire[name]) for name in _SHARES}
        wire["weights"] = {agent: unfixed(weight) for agent, weight in self.weights.items()}
        wire["roster"] = None if self.roster is None else list(self.roster)
        return wire


_NOT_AN_OBJECT = FieldError("config", "must be an object of settings")


def _checked(settings: Mapping[object, object]) -> dict[str, Any]:
    """Read every setting, gathering all findings before complaining."""
    values: dict[str, Any] = {}
    findings: list[FieldError] = []
    for name, value in settings.items():
        read = SETTINGS.get(name) if isinstance(name, str) else None
        if read is None or not isinstance(name, str):
            findings.append(_unknown(name))
        elif value is not None:
            try:
                values[name] = read(value)
            except ValueError as error:
                findings.append(FieldError(name, str(error)))
    if findings:
        raise ConfigurationError(" ".join(_sentence(finding) for finding in findings), findings)
    return values


def _unknown(name: object) -> FieldError:
    return FieldError(nameable(name).strip("'"), f"is no setting of the consensus engine; choose {', '.join(SETTINGS)}")


def _sentence(finding: FieldError) -> str:
    return f"Consensus setting {finding.loc} {finding.message}."
