"""From votes to one decision: a pure function, the same for the same votes in any order.

ballots → none: `no_votes` → too few: `no_quorum` → method → strategy when unresolved → risk veto → confidence floor →
size. The status stays what the method said, and `resolved_by` names whoever had the last word.

What holds, whatever the method and strategy: votes in another order give the same bytes; renaming agents changes
names alone; swapping buys and sells and the sign of the position mirrors the result; all weights times one integer
change no decision; no direction with (exact) confidence 0; a stranger's vote changes nothing but `rejected`; a panel
of one mind gets what it says, if the confidence is above the floor, the weights are above 0 and the threshold is
below 1.

What does not hold, by design of the rules and not of this code: plurality (a threshold below one half), any strategy
other than `conservative`, and `any_opposition` are not monotone. There a vote that moves up may move the result down:
it can end a tie, silence the strategy that favoured the bulls, or turn agreement into a conflict.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from app.consensus.ballot import Ballot
from app.consensus.ballots import BallotBox, read_ballots
from app.consensus.config import ConsensusConfig
from app.consensus.exact import SCALE, nine_decimals
from app.consensus.levels import BEAR, BULL, HOLD, NO_DECISION, WORD_OF, Camp, Level, camp_of, grows_exposure
from app.consensus.result import CampMass, ConsensusResult
from app.consensus.sizing import size_of
from app.consensus.tally import NOTHING, Tally, Unresolved

Verdict: TypeAlias = tuple[Level, str, str]
"""A level, what the method said about it (status) and who had the last word (resolved_by)."""


def decide(votes: Iterable[object], config: ConsensusConfig | Mapping[str, object] | None = None) -> ConsensusResult:
    """Decide what the panel wants.

    Args:
        votes: mappings as they arrived, of any quality; none of them can make this fail.
        config: settings in wire form, a configuration read before (faster), or None for the defaults.

    Raises:
        ConfigurationError: a setting is unknown or out of its range.
        UnknownNameError: no such method or strategy.
        InvalidInputError: `votes` is not a list.
    """
    config = ConsensusConfig.of(config)
    box = read_ballots(votes, config)
    if not box.ballots:
        return _no_decision("no_votes", box, NOTHING)
    tally = count(box, config)
    if not config.has_quorum(len(box.ballots), box.n_expected):
        return _no_decision("no_quorum", box, tally)
    return _report(_reached(box.ballots, tally, config), box, tally, config)


def count(box: BallotBox, config: ConsensusConfig) -> Tally:
    """Tally the ballots by the configured method."""
    return config.rule.count(box.ballots, map(config.weight, box.missing))


def are_opposed(ballots: Iterable[Ballot]) -> bool:
    """Tell whether bulls and bears are both present, whatever mass they have."""
    camps = _camps(ballots)
    return BULL in camps and BEAR in camps


def is_vetoed(level: Level, ballots: Iterable[Ballot], config: ConsensusConfig) -> bool:
    """Tell whether a risk manager in another camp stops a result that opens or grows exposure."""
    if not config.risk_veto or not grows_exposure(level, config.side):
        return False
    camp, least = camp_of(level), config.veto_confidence
    managers = [each for each in ballots if each.is_risk_manager and each.confidence >= least]
    return bool(managers) and any(camp_of(each.level) != camp for each in managers)


def is_sure(confidence: tuple[int, int], config: ConsensusConfig) -> bool:
    """Tell whether an exact confidence (numerator, denominator) lies above the floor."""
    numerator, denominator = confidence
    return numerator * SCALE > config.min_confidence * denominator


def _reached(ballots: Sequence[Ballot], tally: Tally, config: ConsensusConfig) -> Verdict:
    """What the method says, or the strategy in its place."""
    outcome = config.rule.settle(tally)
    if isinstance(outcome, Unresolved):
        contending = frozenset(outcome.tied) or _camps(ballots)
        return config.tie_break.resolve(ballots, contending), outcome.status, config.strategy
    if config.conflict_trigger == "any_opposition" and are_opposed(ballots):
        return config.tie_break.resolve(ballots, _camps(ballots)), "decided", config.strategy
    return outcome, "decided", "method"


def _camps(ballots: Iterable[Ballot]) -> frozenset[Camp]:
    return frozenset([camp_of(ballot.level) for ballot in ballots])


def _report(verdict: Verdict, box: BallotBox, tally: Tally, config: ConsensusConfig) -> ConsensusResult:
    """The result, after the risk veto and the confidence floor have had their chance to turn a direction into HOLD."""
    level, status, resolved_by = verdict
    camp = camp_of(level)
    confidence = config.rule.confidence(camp, box.ballots, tally)
    if camp != HOLD:
        if is_vetoed(level, box.ballots, config):
            return _report((HOLD, status, "risk_veto"), box, tally, config)
        if not is_sure(confidence, config):
            return _report((HOLD, status, "min_confidence"), box, tally, config)
    return ConsensusResult(
        WORD_OF[level],
        status,
        resolved_by,
        nine_decimals(*confidence),
        nine_decimals(tally.camp(camp), tally.total),
        len(box.ballots),
        box.n_expected,
        box.missing,
        box.rejected,
        CampMass(tally.bear, tally.hold, tally.bull),
        size_of(camp, box.ballots, config.rule),
    )


def _no_decision(status: str, box: BallotBox, tally: Tally) -> ConsensusResult:
    return ConsensusResult(
        NO_DECISION,
        status,
        "fallback",
        confidence=0.0,
        support=0.0,
        n_valid=len(box.ballots),
        n_expected=box.n_expected,
        missing=box.missing,
        rejected=box.rejected,
        tally=CampMass(tally.bear, tally.hold, tally.bull),
        position_size=0.0,
    )
