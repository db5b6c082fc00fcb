"""Which votes are ballots: every vote is judged, nothing is guessed, and the reason for each refusal is reported.

A vote is whatever arrived. The first rule it breaks is its code; one that is not a mapping has no id and reads as
`("null", "bad_agent_id")`. What is left open by the rules is decided thus: an absent and a null field are the same;
an id that JSON cannot express reads as "null"; copies by one agent are compared after rounding to fixed point; two
ABSTAINs are identical whatever confidence they carry, for it is never read; a latency is compared as it was sent, and
an infinite one is invalid, hence absent.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from app.consensus.config import ConsensusConfig
from app.consensus.exact import SCALE, Number, fixed, is_finite, is_number, is_within
from app.consensus.levels import Level, read_word
from app.domain.errors import InvalidInputError


class Ballot(NamedTuple):
    """A vote the engine counts. Numbers are fixed point (10^-6).

    Args:
        level: -2 STRONG_SELL … 2 STRONG_BUY.
        confidence, risk: 0 to 1; a risk that was not given is 0.
        weight: of the agent, 0 to 10^6.
        size: share of equity, 0 to 1, or None when not given.
    """

    agent_id: str
    level: Level
    confidence: int
    weight: int
    is_risk_manager: bool
    risk: int
    size: int | None


class BallotBox(NamedTuple):
    """The sorted votes.

    Args:
        ballots: at most one for each agent; their order means nothing.
        rejected: (agent id, code) for every vote that is no ballot, sorted.
        missing: expected agents without a ballot, sorted.
        senders: the valid ids that sent anything, strangers to the roster included.
    """

    ballots: list[Ballot]
    rejected: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]
    senders: frozenset[str]

    @property
    def n_expected(self) -> int:
        """The size of the roster, or without one the number of agents that sent anything."""
        return len(self.ballots) + len(self.missing)


class _RefusedError(Exception):
    """Carries the code of the first rule a vote breaks."""


def read_ballots(votes: Iterable[object], config: ConsensusConfig) -> BallotBox:
    """Sort votes of any shape into ballots and refusals; never fails on a single vote.

    Raises:
        InvalidInputError: `votes` is not a list at all.
    """
    if not isinstance(votes, Iterable) or isinstance(votes, str | bytes | Mapping):
        raise InvalidInputError("The votes must be a list, each vote an object.")
    accepted: dict[str, list[Ballot | None]] = {}
    rejected: list[tuple[str, str]] = []
    senders: set[str] = set()
    for vote in votes:
        fields: Mapping[str, object] = vote if isinstance(vote, (dict, Mapping)) else {}
        agent_id = fields.get("agent_id")
        if not isinstance(agent_id, str) or not agent_id:
            rejected.append((_id_text(agent_id), "bad_agent_id"))
            continue
        senders.add(agent_id)
        try:
            accepted.setdefault(agent_id, []).append(_judge(agent_id, fields, config))
        except _RefusedError as refusal:
            rejected.append((agent_id, str(refusal)))
    ballots = _one_each({agent: copies for agent, copies in accepted.items() if copies}, rejected)
    return _close(ballots, rejected, senders, config)


def _close(
    ballots: list[Ballot], rejected: list[tuple[str, str]], senders: set[str], config: ConsensusConfig
) -> BallotBox:
    expected = senders if config.roster is None else config.expected
    missing = expected.difference(ballot.agent_id for ballot in ballots) if len(ballots) < len(expected) else ()
    return BallotBox(ballots, tuple(sorted(rejected)), tuple(sorted(missing)), frozenset(senders))


def _id_text(agent_id: object) -> str:
    """An unusable id as it would read in JSON, so that the person who sent it can find it."""
    if isinstance(agent_id, str):
        return agent_id
    try:
        return json.dumps(agent_id, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return "null"


def _judge(agent_id: str, vote: Mapping[str, object], config: ConsensusConfig) -> Ballot | None:
    """Return the ballot, or None for an ABSTAIN; the order of the checks is the order of the codes."""
    if config.roster is not None and agent_id not in config.expected:
        raise _RefusedError("unknown_agent")
    if config.timeout_ms is not None and _is_late(vote.get("latency_ms"), config.timeout_ms):
        raise _RefusedError("late")
    try:
        level = read_word(vote.get("decision"))
    except ValueError:
        raise _RefusedError("bad_decision") from None
    if level is None:
        return None
    return Ballot(
        agent_id,
        level,
        _confidence(vote.get("confidence")),
        config.weights.get(agent_id, SCALE),
        _is_risk_manager(vote.get("role")),
        _share(vote.get("risk")) or 0,
        _share(vote.get("position_size")),
    )


def _is_late(latency_ms: object, timeout_ms: Number) -> bool:
    return is_number(latency_ms) and is_finite(latency_ms) and latency_ms > timeout_ms


def _is_risk_manager(role: object) -> bool:
    return isinstance(role, str) and role == "risk_manager"


def _share(value: object) -> int | None:
    """An optional share in fixed point; what cannot be one is treated as absent."""
    return fixed(value) if value is not None and is_within(value, 0, 1) else None


def _confidence(value: object) -> int:
    if isinstance(value, float) and 0 <= value <= 1:
        return fixed(value)
    if value is None:
        raise _RefusedError("confidence_missing")
    if not is_number(value):
        raise _RefusedError("confidence_not_number")
    if not is_finite(value):
        raise _RefusedError("confidence_not_finite")
    if not 0 <= value <= 1:
        raise _RefusedError("confidence_out_of_range")
    return fixed(value)


def _one_each(accepted: dict[str, list[Ballot | None]], rejected: list[tuple[str, str]]) -> list[Ballot]:
    """Reduce the acceptable copies of each agent to one ballot or none, reporting what falls away."""
    ballots = []
    for agent_id, copies in accepted.items():
        kept = copies[0]
        if len(copies) > 1:
            if len({copy and (copy.level, copy.confidence) for copy in copies}) > 1:
                rejected.extend((agent_id, "equivocation") for _ in copies)
                continue
            rejected.extend((agent_id, "duplicate") for _ in copies[1:])
            kept = _merged([copy for copy in copies if copy is not None])
        if kept is None:
            rejected.append((agent_id, "abstain"))
        else:
            ballots.append(kept)
    return ballots


def _merged(copies: Sequence[Ballot]) -> Ballot | None:
    """The most careful reading of identical votes: highest risk, smallest size, a risk manager's if any copy is."""
    if not copies:
        return None
    return copies[0]._replace(
        risk=max(copy.risk for copy in copies),
        size=min((copy.size for copy in copies if copy.size is not None), default=None),
        is_risk_manager=any(copy.is_risk_manager for copy in copies),
    )
