"""Everything behind a decision: each vote in full, how the panel split, and the arithmetic that was done."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.analysis.voting import analyse_voting
from app.cli.terminal import number, row, share, table
from app.cli.text import plain
from app.consensus.ballots import read_ballots
from app.consensus.config import ConsensusConfig
from app.consensus.exact import SCALE
from app.consensus.levels import WORD_OF
from app.domain.votes import engine_vote
from app.domain.wording import counted

Record = Mapping[str, Any]

CAMPS: Final = ("BEAR", "HOLD", "BULL")
UNIT: Final = {"weighted": 10**12, "median": 10**12, "risk_adjusted": 10**24, "bft": 10**6}
"""The tally of one vote of weight 1 and confidence 1; the other methods count ballots."""


def show_explanation(out: Console, record: Record) -> None:
    """Print the parts of a decision that its summary leaves out."""
    for vote in record["votes"]:
        out.print(Text(f"\n{plain(vote['agent_id'])}: {vote['decision']}", style="bold"))
        for line in _vote_lines(vote):
            out.print(Text(f"  {plain(line)}"))
    out.print()
    out.print(_voting_table(record))
    config = ConsensusConfig.of(record["consensus"]["config"])
    out.print(_ballots_table(record, config))
    for line in _arithmetic(record, config):
        out.print(Text(plain(line)))


def _vote_lines(vote: Mapping[str, Any]) -> Iterator[str]:
    yield vote["reasoning"]
    numbers = ("confidence", "risk", "position_size", "stop_loss", "take_profit")
    yield ", ".join(f"{name} {number(vote[name], 4)}" for name in numbers if vote.get(name) is not None)
    origin = " ".join(filter(None, (vote["source"], vote.get("model"))))
    fell_back = f" in place of {vote['degraded_from']}" if vote.get("degraded_from") else ""
    yield f"answered by {origin}{fell_back} in {vote['latency_ms']:.1f} ms; tools: {', '.join(vote['tools']) or 'none'}"


def _voting_table(record: Record) -> Table:
    analysis = analyse_voting(record)
    shown = table("voting", "", title="How the panel split", show_header=False)
    row(shown, "agreement between pairs", share(analysis["agreement"]))
    row(shown, "effective number of votes", number(analysis["effective_votes"], 2))
    for camp in CAMPS:
        row(shown, camp, ", ".join(analysis["camps"][camp]) or None)
    row(shown, "against the decision", ", ".join(analysis["dissenters"]) or None)
    row(shown, "abstained", ", ".join(analysis["abstained"]) or None)
    return shown


def _ballots_table(record: Record, config: ConsensusConfig) -> Table:
    """Show what each counted vote weighs, in units of one full vote of weight 1 and confidence 1."""
    shown = table("agent", "vote", "weight", "confidence", "risk", "mass", title=f"Ballots under {config.method}")
    for ballot in read_ballots([engine_vote(vote) for vote in record["votes"]], config).ballots:
        mass = Fraction(config.rule.mass(ballot), UNIT.get(config.method, 1))
        confidence, risk, weight = (number(each / SCALE) for each in (ballot.confidence, ballot.risk, ballot.weight))
        row(shown, ballot.agent_id, WORD_OF[ballot.level], weight, confidence, risk, number(float(mass), 4))
    return shown


def _arithmetic(record: Record, config: ConsensusConfig) -> Iterator[str]:
    consensus = record["consensus"]
    masses = {camp: Fraction(int(consensus["tally"][camp]), UNIT.get(config.method, 1)) for camp in CAMPS}
    total = sum(masses.values(), Fraction(0))
    for camp, mass in masses.items():
        yield f"{camp}: {float(mass):.4f} of {float(total):.4f}, {share(float(mass / total) if total else 0.0)}"
    yield f"rule: {_rule(config)}"
    cast = f"{counted(consensus['n_valid'], 'ballot')} of {consensus['n_expected']} expected"
    yield f"quorum: {cast}, {share(_quorum(config))} needed"
    yield f"status {record['status']}; conflicts go to {config.strategy} ({config.conflict_trigger})"
    yield f"risk veto {'on' if config.risk_veto else 'off'}; confidence must exceed {config.min_confidence / SCALE:g}"
    yield f"result {record['final_recommendation']}, resolved_by {record['resolved_by']}"


def _quorum(config: ConsensusConfig) -> float:
    return (config.quorum or 0) / SCALE


def _rule(config: ConsensusConfig) -> str:
    rules = {
        "median": "the level with half of the mass on either side",
        "unanimous": f"one side with at least {config.agreement / SCALE:.0%} of the ballots",
        "bft": "one side with more than two thirds of the stake of all expected",
    }
    return rules.get(config.method, f"one side with more than {config.threshold / SCALE:.0%} of the mass")
