"""Which votes are ballots: every vote is judged, nothing is guessed, and the reason for each refusal is reported.

A vote is whatever arrived. The first rule it breaks is its code; one that is not a mapping has no id and reads as
`("null", "bad_agent_id")`. What is left open by the rules is decided thus: an absent and a null field are the same;
an id that JSON cannot express reads as "null"; copies by one agent are compared after rounding to fixed point; two
ABSTAINs are identical whatever confidence they carry, for it is never read; a latency is compared as it was sent, and
an infinite one is invalid, hence absent.
"""

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Final

from app.consensus.ballot import Ballot
from app.consensus.config import ConsensusConfig
from app.consensus.exact import SCALE, Number, is_finite, is_number, share
from app.consensus.levels import read_word
from app.domain.errors import InvalidInputError


@dataclass(slots=True)
class BallotBox:
    """The sorted votes.

    Args:
        ballots: at most one for each agent; their order means nothing.
        rejected: (agent id, code) for every vote that is no ballot, sorted.
        missing: expected agents without a ballot, sorted.
        n_expected: size of the roster, or without one the number of agents that sent anything.
        senders: the valid ids that sent anything, strangers to the roster included.
    """

    ballots: Sequence[Ballot]
    rejected: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]
    n_expected: int
    senders: Set[str]


_NO_FIELDS: Final[Mapping[str, object]] = {}


class _RefusedError(Exception):
    """Carries the code of the first rule a vote breaks."""


def read_ballots(votes: Iterable[object], config: ConsensusConfig) -> BallotBox:
    """Sort votes of any shape into ballots and refusals; never fails on a single vote.

    Raises:
        InvalidInputError: `votes` is not a list at all.
    """
    if not isinstance(votes, list):
        _check_is_list(votes)
    first: dict[str, Ballot | None] = {}
    copies: dict[str, list[Ballot | None]] = {}
    rejected: list[tuple[str, str]] = []
    senders: set[str] = set()
    roster = None if config.roster is None else config.expected
    for vote in votes:
        fields = vote if isinstance(vote, dict) else _fields(vote)
        agent_id = fields.get("agent_id")
        if not isinstance(agent_id, str) or not agent_id:
            rejected.append((_id_text(agent_id), "bad_agent_id"))
            continue
        senders.add(agent_id)
        try:
            ballot = _judge(agent_id, fields, roster, config)
        except _RefusedError as refusal:
            rejected.append((agent_id, str(refusal)))
            continue
        if agent_id in first:
            copies.setdefault(agent_id, [first[agent_id]]).append(ballot)
        else:
            first[agent_id] = ballot
    return _close(_one_each(first, copies, rejected), rejected, senders, config)


def _check_is_list(votes: object) -> None:
    if not isinstance(votes, Iterable) or isinstance(votes, str | bytes | Mapping):
        raise InvalidInputError("The votes must be a list, each vote an object.")


def _fields(vote: object) -> Mapping[str, object]:
    return vote if isinstance(vote, Mapping) else _NO_FIELDS


def _close(
    ballots: list[Ballot], rejected: list[tuple[str, str]], senders: set[str], config: ConsensusConfig
) -> BallotBox:
    expected = senders if config.roster is None else config.expected
    missing = expected.difference([ballot.agent_id for ballot in ballots]) if len(ballots) < len(expected) else ()
    refusals = tuple(sorted(rejected)) if rejected else ()
    return BallotBox(ballots, refusals, tuple(sorted(missing)) if missing else (), len(expected), senders)


def _id_text(agent_id: object) -> str:
    """An unusable id as it would read in JSON, so that the person who sent it can find it."""
    if isinstance(agent_id, str):
        return agent_id
    try:
        return json.dumps(agent_id, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return "null"


def _judge(
    agent_id: str, vote: Mapping[str, object], roster: frozenset[str] | None, config: ConsensusConfig
) -> Ballot | None:
    """Return the ballot, or None for an ABSTAIN; the order of the checks is the order of the codes."""
    if roster is not None and agent_id not in roster:
        raise _RefusedError("unknown_agent")
    if config.timeout_ms is not None and _is_late(vote.get("latency_ms"), config.timeout_ms):
        raise _RefusedError("late")
    try:
        level = read_word(vote.get("decision"))
    except ValueError:
        raise _RefusedError("bad_decision") from None
    if level is None:
        return None
    confidence = share(vote.get("confidence"))
    if confidence is None:
        raise _RefusedError(_fault(vote.get("confidence")))
    role = vote.get("role")
    return Ballot(
        agent_id,
        level,
        confidence,
        config.weights.get(agent_id, SCALE),
        isinstance(role, str) and role == "risk_manager",
        vote.get("position_size"),
        vote.get("risk"),
    )


def _is_late(latency_ms: object, timeout_ms: Number) -> bool:
    return is_number(latency_ms) and is_finite(latency_ms) and latency_ms > timeout_ms


def _fault(confidence: object) -> str:
    """Why this is no confidence."""
    if confidence is None:
        return "confidence_missing"
    if not is_number(confidence):
        return "confidence_not_number"
    return "confidence_out_of_range" if is_finite(confidence) else "confidence_not_finite"


def _one_each(
    first: dict[str, Ballot | None], copies: dict[str, list[Ballot | None]], rejected: list[tuple[str, str]]
) -> list[Ballot]:
    """Reduce the acceptable copies of each agent to one ballot or none, reporting what falls away."""
    for agent_id, same in copies.items():
        if len({copy and (copy.level, copy.confidence) for copy in same}) > 1:
            rejected.extend((agent_id, "equivocation") for _ in same)
            del first[agent_id]
        else:
            rejected.extend((agent_id, "duplicate") for _ in same[1:])
            first[agent_id] = _merged([copy for copy in same if copy is not None])
    ballots = list(filter(None, first.values()))
    if len(ballots) < len(first):
        rejected.extend((agent_id, "abstain") for agent_id, ballot in first.items() if ballot is None)
    return ballots


def _merged(copies: Sequence[Ballot]) -> Ballot | None:
    """The most careful reading of identical votes: highest risk, smallest size, a risk manager's if any copy is."""
    if not copies:
        return None
    return replace(
        copies[0],
        said_risk=max(copies, key=lambda copy: copy.risk).said_risk,
        said_size=_smallest(copies),
        is_risk_manager=any(copy.is_risk_manager for copy in copies),
    )


def _smallest(copies: Sequence[Ballot]) -> object:
    """The size, as it was sent, of the copy that asks for least; None when no copy names one."""
    sized = [copy for copy in copies if copy.size is not None]
    return min(sized, key=lambda copy: copy.size or 0).said_size if sized else None
