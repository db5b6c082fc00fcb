"""A decision record as a person reads it: what was decided, how that came about, and what everybody said."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli.terminal import STYLES, number, row, share, table
from app.cli.text import plain
from app.domain.wording import counted

Record = Mapping[str, Any]

SAID: Final = {
    "decided": "the votes settled it",
    "tie": "the votes were tied",
    "below_threshold": "no side held enough of the votes",
    "no_agreement": "the panel did not agree",
    "zero_mass": "the votes weigh nothing",
    "no_votes": "nobody could vote",
    "no_quorum": "too few voted",
}
LAST_WORD: Final = {
    "method": "by the method {method}",
    "risk_veto": "then the risk veto stopped the trade",
    "min_confidence": "then the confidence was too low for a trade",
    "fallback": "so there is no decision",
}


def show_record(out: Console, record: Record) -> None:
    """Print a decision with every vote and its reason."""
    out.print(headline(record))
    out.print(Text(f"  {how(record)}"))
    for line in details(record):
        out.print(Text(f"  {plain(line)}"), soft_wrap=True)
    if record["votes"]:
        out.print(votes_table(record))
    out.print(Text(f"decision {record['decision_id']}, number {record['sequence']} of {plain(record['symbol'])}"))


def headline(record: Record) -> Text:
    """Return symbol and decision with the status and whoever resolved it, which belong together everywhere."""
    word = record["final_recommendation"]
    return Text.assemble(
        (plain(record["symbol"]), "bold"),
        "  ",
        (word, STYLES.get(word, "")),
        f"  status {record['status']}, resolved_by {record['resolved_by']}",
        f"  as of {record['as_of']}",
    )


def how(record: Record) -> str:
    """Say in words how the decision came about."""
    resolved_by, method = record["resolved_by"], record["consensus"]["method"]
    last = LAST_WORD.get(resolved_by, "so the strategy {strategy} decided").format(method=method, strategy=resolved_by)
    return f"{SAID.get(record['status'], record['status'])}, {last}".replace("settled it, by", "settled it by")


def details(record: Record) -> Iterator[str]:
    """Yield one line for each thing worth knowing about the decision."""
    counts = f"{record['consensus']['n_valid']} of {counted(record['consensus']['n_expected'], 'vote')} counted"
    size = share(record["position_size"]) or "not given"
    yield f"confidence {number(record['confidence'])}, support {share(record['support'])}, size {size}, {counts}"
    if record["degraded"]:
        yield f"degraded: {', '.join(record['degraded_reasons'])}"
    if record["missing"]:
        yield f"missing: {', '.join(record['missing'])}"
    for agent, code in record["rejected"]:
        yield f"not counted: {agent} ({code})"
    for absent in record["not_applicable"]:
        yield f"not asked: {absent['agent_type']} needs {absent['needs']}"


def votes_table(record: Record) -> Table:
    """Return every vote with its confidence and reason."""
    shown = table("agent", "vote", "confidence", "source", "reason")
    for vote in record["votes"]:
        row(shown, vote["agent_type"], vote["decision"], number(vote["confidence"]), vote["source"], vote["reasoning"])
    return shown
