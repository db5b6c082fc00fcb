"""The report of a test of agents, for the terminal: figures first, then weaknesses in words."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from app.cli.terminal import number, row, share, table
from app.cli.text import plain
from app.domain.wording import counted

GOOD, FAIR = 0.95, 0.8


def show_report(out: Console, report: Mapping[str, Any]) -> None:
    """Print the report."""
    _show_summary(out, report["executive_summary"])
    _show_crossed(out, "by regime and agent", report["by_agent_and_regime"])
    _show_rates(out, report)
    _show_weaknesses(out, report["weaknesses"])
    if "benchmark" in report:
        _show_benchmark(out, report["benchmark"])
    if "stress" in report:
        _show_stress(out, report["stress"])
    if "self_check" in report:
        show_self_check(out, report["self_check"])


def show_self_check(out: Console, result: Mapping[str, Any]) -> None:
    """Print what became of the broken analysts."""
    out.print(f"\n{result['caught']} of {result['of']} analysts broken on purpose are caught.")
    out.print(Text(result["caught_means"], "dim"))
    shown = table("broken analyst", "caught", "by expectation", "in scenario", "what was seen")
    for each in result["broken_analysts"]:
        caught = Text("yes", "green") if each["caught"] else Text("NO", "bold red")
        row(shown, each["name"], caught, each["expectation"], each["scenario"], each["observed"])
    out.print(shown)


def _show_summary(out: Console, summary: Mapping[str, Any]) -> None:
    rate = summary["overall_success_rate"]
    out.print(Text.assemble("overall success rate ", (share(rate) or "–", _style(rate))))
    out.print(
        f"{summary['succeeded']} of {counted(summary['scenarios'], 'scenario')} succeeded, {summary['failed']} failed, "
        f"{summary['not_asked']} not asked; {summary['checks_held']} of {counted(summary['checks'], 'check')} held; "
        f"{counted(summary['questions_asked'], 'question')} in {summary['duration_s']:.1f} s"
    )
    out.print(Text(summary["success_means"], "dim"))


def _show_crossed(out: Console, title: str, rates: Mapping[str, Mapping[str, Any]]) -> None:
    headings = (plain(agent.replace("_", " ")) for agent in rates)
    shown = table("regime", *headings, title=f"\nsuccess rate {title}", whole=("regime",))
    for name in dict.fromkeys(name for each in rates.values() for name in each):
        row(shown, name, *(_rate(each.get(name, {}).get("success_rate")) for each in rates.values()))
    out.print(shown)


def _show_rates(out: Console, report: Mapping[str, Any]) -> None:
    shown = table("trial", "kind", "what is done", "scenarios", "succeeded", "rate", title="\nsuccess rate by trial")
    for name, counts in report["by_fault"].items():
        about = report["faults"][name]
        row(shown, name, about["kind"], about["meaning"], counts["scenarios"], counts["succeeded"], _rate_of(counts))
    out.print(shown)


def _show_weaknesses(out: Console, weaknesses: list[dict[str, Any]]) -> None:
    if not weaknesses:
        out.print("\nEvery expectation held.")
        return
    out.print(Text("\nwhat did not hold", "italic"))
    for each in weaknesses:
        example, scene = each["example"], each["example"]["scene"]
        others = [name for name in each["regimes"] if name not in scene]
        who = plain(f"{each['agent_type']}, {each['fault']}")
        out.print(Text.assemble((who, "bold"), f", {counted(each['failed_checks'], 'check')}"))
        also = f"; also in {', '.join(others)}" if others else ""
        for line in (f"expected: {each['expected']}", f"seen in {scene}: {example['observed']}{also}"):
            out.print(Padding(Text(plain(line)), (0, 0, 0, 4), expand=False))


def _show_benchmark(out: Console, measured: Mapping[str, Any]) -> None:
    title = "\none decision at a time (stand-in models: tokens at the vendor's list price, nothing was paid)"
    shown = table(
        "who", "decisions", "p50 ms", "p90 ms", "p99 ms", "max ms", "requests", "tokens", "dollars", title=title
    )
    for name, each in measured.items():
        taken = each["latency_ms"]
        times = (number(taken[part], 1) for part in ("p50", "p90", "p99", "max"))
        spent = (each["requests_per_decision"], each["tokens_per_decision"], each["dollars_per_decision"])
        row(shown, spoken(name), each["decisions"], *times, *spent)
    out.print(shown)


def _show_stress(out: Console, ramps: Mapping[str, Any]) -> None:
    for name, ramp in ramps.items():
        title = f"\n{spoken(name)}: {knee_in_words(ramp)}"
        shown = table("at once", "decisions/s", "p50 ms", "p90 ms", "errors", "memory MB", title=title)
        for level in ramp["levels"]:
            taken = level["latency_ms"]
            times = (number(taken["p50"], 1), number(taken["p90"], 1))
            row(shown, level["at_once"], level["decisions_per_second"], *times, level["errors"], level["memory_mb"])
        out.print(shown)


def spoken(name: str) -> str:
    """Return a name of the report as people write it."""
    return name.replace("stand_in", "stand-in").replace("_", " ")


def knee_in_words(ramp: Mapping[str, Any]) -> str:
    """Say where more at once stops to pay."""
    return f"knee at {ramp['knee']} at once" if ramp["knee_found"] else f"no knee up to {ramp['knee']} at once"


def _rate_of(counts: Mapping[str, Any]) -> Text:
    return _rate(counts["success_rate"])


def _rate(value: float | None) -> Text:
    return Text("–" if value is None else f"{value:.0%}", _style(value))


def _style(value: float | None) -> str:
    if value is None:
        return "dim"
    shown = round(value, 2)
    return "green" if shown >= GOOD else "yellow" if shown >= FAIR else "red"
