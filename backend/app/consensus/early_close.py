"""May the panel stop waiting? Only if no missing vote can change the decision word.

Each agent of the roster that has sent nothing may yet send nothing, abstain, or vote any level with any confidence,
risk and role. Its mass, however split between its camp and HOLD, is at most its whole mass; let R be the sum of
these. Every method that `settles_monotonely` is then bounded by five tallies, R placed whole on one level at a time:

- a settled level is safe if all five settle on it: a rival is strongest with all of R, the share of the winner
  smallest, the balance of STRONG and plain most disturbed by R on one side of it, the median furthest off with R at
  an end;
- no direction can settle if none of the five settles on one: each is likeliest with all of R to itself.

A method without that promise waits for all. So does an unresolved conflict under any strategy but `conservative`: the
others turn on single ballots, and a bound is not worth its cost. Nothing closes before a possible risk manager has
spoken when the veto is on. Confidence, support, tally and the size may well change; only the word is proven.
"""

from collections.abc import Collection, Iterable, Mapping

from app.consensus.ballots import BallotBox, read_ballots
from app.consensus.config import ConsensusConfig
from app.consensus.engine import are_opposed, count, is_sure, is_vetoed
from app.consensus.levels import HOLD, LEVELS, Level, camp_of
from app.consensus.tally import Tally, Unresolved


def can_close(
    votes: Iterable[object],
    config: ConsensusConfig | Mapping[str, object] | None = None,
    *,
    risk_managers: Collection[str] | None = None,
) -> bool:
    """Tell whether every completion of the missing votes gives the same decision word as now.

    Args:
        votes: what has arrived so far; an agent that has sent anything is not expected to send more.
        config: as for `decide`. Without a roster nobody knows who is missing, so the answer is no.
        risk_managers: ids that may vote as `risk_manager`; None means anyone may.

    Raises:
        ConfigurationError, UnknownNameError, InvalidInputError: as for `decide`.
    """
    config = ConsensusConfig.of(config)
    if config.roster is None:
        return False
    box = read_ballots(votes, config)
    pending = config.expected - box.senders
    if not pending or _never_a_quorum(box, len(pending), config):
        return True
    if not box.ballots or not config.has_quorum(len(box.ballots), box.n_expected):
        return False
    if config.risk_veto and (risk_managers is None or not pending.isdisjoint(risk_managers)):
        return False
    return config.rule.settles_monotonely and _is_safe(box, pending, config)


def _never_a_quorum(box: BallotBox, pending: int, config: ConsensusConfig) -> bool:
    return not config.has_quorum(len(box.ballots) + pending, box.n_expected)


def _is_safe(box: BallotBox, pending: Collection[str], config: ConsensusConfig) -> bool:
    extremes = _extremes(count(box, config), pending, config)
    outcomes = [config.rule.settle(tally) for tally in extremes]
    if config.strategy == "conservative" and _only_hold_remains(outcomes, box, config):
        return True
    if config.conflict_trigger == "any_opposition":
        return False
    level = outcomes[0]
    if isinstance(level, Unresolved) or any(outcome != level for outcome in outcomes):
        return False
    return level == HOLD or is_vetoed(level, box.ballots, config) or _stays_sure(level, box, extremes, config)


def _extremes(tally: Tally, pending: Collection[str], config: ConsensusConfig) -> list[Tally]:
    """The five tallies with all of the missing mass on one level."""
    missing = config.rule.whole([config.weight(agent) for agent in pending])
    ceiling = 0 if config.rule.counts_the_absent else missing
    return [tally.plus(level, missing, ceiling) for level in LEVELS]


def _only_hold_remains(outcomes: list[Level | Unresolved], box: BallotBox, config: ConsensusConfig) -> bool:
    """Under `conservative` all that does not settle on a direction is HOLD, standing opposition too where it counts."""
    if config.conflict_trigger == "any_opposition" and are_opposed(box.ballots):
        return True
    return all(isinstance(outcome, Unresolved) or outcome == HOLD for outcome in outcomes)


def _stays_sure(level: Level, box: BallotBox, extremes: list[Tally], config: ConsensusConfig) -> bool:
    """The floor is passed even if all that is missing goes elsewhere or has confidence 0."""
    camp = camp_of(level)
    return all(is_sure(config.rule.confidence(camp, box.ballots, tally), config) for tally in extremes)
