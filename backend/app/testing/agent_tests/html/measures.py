"""The parts of the page about time, load and the check of the tests themselves."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from app.testing.agent_tests.html.plots import bars, line
from app.testing.agent_tests.html.tables import table

PARTS = ("p50", "p90", "p99", "max")


def benchmark(measured: Mapping[str, Any]) -> Markup:
    """Return what a decision takes."""
    headings = ("who", "decisions", *(f"{part} ms" for part in PARTS), "requests", "tokens", "dollars")
    rows = (
        (
            _spoken(name),
            each["decisions"],
            *(each["latency_ms"][part] for part in PARTS),
            each["requests_per_decision"],
            each["tokens_per_decision"],
            each["dollars_per_decision"],
        )
        for name, each in measured.items()
    )
    plots = (
        bars(f"{_spoken(name)}: median ms of each agent", _medians(each["latency_ms_by_agent"]))
        for name, each in measured.items()
        if each["latency_ms_by_agent"]
    )
    told = Markup(
        "<h2>What a decision takes</h2><p class=soft>One decision of the whole panel at a time. Stand-in models answer "
        "at once; their tokens are told at the vendor's list price, nothing was paid.</p>{}<div class=plots>{}</div>"
    )
    return told.format(table(headings, rows), Markup().join(plots))


def stress(ramps: Mapping[str, Any]) -> Markup:
    """Return how many decisions can be made at once."""
    told = Markup(
        "<h2>How many at once</h2><p class=soft>Twice as many at each step. The knee is the last step that brought a "
        "fifth more decisions a second than the best before; two steps that did not end the ramp. Stand-in models wait "
        "200 ms before each answer and share this process, so a real vendor leaves room for more.</p>{}"
    )
    return told.format(Markup().join(_ramp(name, ramp) for name, ramp in ramps.items()))


def _ramp(name: str, ramp: Mapping[str, Any]) -> Markup:
    levels = ramp["levels"]
    rows = (
        (
            each["at_once"],
            each["decisions_per_second"],
            each["latency_ms"]["p50"],
            each["latency_ms"]["p90"],
            each["errors"],
            each["memory_mb"],
        )
        for each in levels
    )
    headings = ("at once", "decisions/s", "p50 ms", "p90 ms", "errors", "memory MB")
    who, knee = _spoken(name), ramp["knee"]
    where = f"knee at {knee} at once" if ramp["knee_found"] else f"no knee up to {knee} at once"
    rates = [(each["at_once"], each["decisions_per_second"]) for each in levels]
    waits = [(each["at_once"], each["latency_ms"]["p90"]) for each in levels]
    return Markup("<h3>{}: {}</h3>{}<div class=plots>{}{}</div>").format(
        who,
        where,
        table(headings, rows),
        line(f"{who}: decisions a second", rates, "at once", "decisions/s"),
        line(f"{who}: nine in ten are made within", waits, "at once", "ms"),
    )


def self_check(result: Mapping[str, Any]) -> Markup:
    """Return whether the tests saw what is broken."""
    rows = (
        (
            each["name"],
            each["meaning"],
            "yes" if each["caught"] else Markup('<td class="bad">NO</td>'),
            each["expectation"],
            each["scenario"],
            each["observed"],
        )
        for each in result["broken_analysts"]
    )
    headings = ("broken analyst", "how", "caught", "by expectation", "in scenario", "what was seen")
    caught = f"{result['caught']} of {result['of']} analysts broken on purpose are caught."
    told = Markup("<h2>Do the tests see?</h2><p>{} <span class=soft>{}</span></p>{}")
    return told.format(caught, result["caught_means"], table(headings, rows))


def _medians(by_agent: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    return {agent: taken["p50"] for agent, taken in by_agent.items()}


def _spoken(name: str) -> str:
    return name.replace("stand_in", "stand-in").replace("_", " ")
