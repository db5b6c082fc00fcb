"""The whole page."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from app.domain.wording import counted
from app.testing.agent_tests.html import measures
from app.testing.agent_tests.html.plots import bars
from app.testing.agent_tests.html.style import STYLE
from app.testing.agent_tests.html.tables import crossed, rate, table

PAGE = Markup(
    "<!doctype html><html lang=en><head><meta charset=utf-8><title>Conclave: test of the agents</title>"
    '<meta name=viewport content="width=device-width, initial-scale=1">'
    "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    "<style>{}</style></head><body>{}</body></html>\n"
)


def page(report: Mapping[str, Any]) -> str:
    """Return the report as one HTML file: no script, nothing fetched, every text escaped."""
    parts = [_headline(report["executive_summary"]), _rates(report), _weaknesses(report)]
    for name, part in (
        ("benchmark", measures.benchmark),
        ("stress", measures.stress),
        ("self_check", measures.self_check),
    ):
        if name in report:
            parts.append(part(report[name]))
    parts += [_not_expected(report["not_expected"]), _everything(report["scenarios"])]
    return str(PAGE.format(STYLE, Markup().join(parts)))


def _headline(summary: Mapping[str, Any]) -> Markup:
    cards = {
        "overall success rate": "–"
        if summary["overall_success_rate"] is None
        else f"{summary['overall_success_rate']:.1%}",
        "scenarios succeeded": f"{summary['succeeded']:,} of {summary['scenarios']:,}",
        "failed": f"{summary['failed']:,}",
        "not asked": f"{summary['not_asked']:,}",
        "checks held": f"{summary['checks_held']:,} of {summary['checks']:,}",
        "questions": f"{summary['questions_asked']:,} in {summary['duration_s']:.1f} s",
    }
    shown = (Markup("<div class=card><b>{}</b>{}</div>").format(value, name) for name, value in cards.items())
    return Markup(
        "<h1>Test of the agents</h1><p class=soft>{}, panel: {}</p><div class=cards>{}</div><p>{}</p>"
    ).format(
        summary["began_at"][:19].replace("T", " ") + " UTC",
        ", ".join(summary["panel"]),
        Markup().join(shown),
        summary["success_means"],
    )


def _rates(report: Mapping[str, Any]) -> Markup:
    agents = {name: each["success_rate"] or 0.0 for name, each in report["by_agent"].items()}
    expectations = {name: each["success_rate"] or 0.0 for name, each in report["by_expectation"].items()}
    return Markup("<h2>By agent and regime</h2>{}<h2>By trial and agent</h2>{}<div class=plots>{}{}</div>").format(
        crossed(report["by_agent_and_regime"]),
        _trials(report),
        bars("Success rate by agent", agents, shares=True),
        bars("Share of checks held by expectation", expectations, shares=True),
    )


def _trials(report: Mapping[str, Any]) -> Markup:
    agents = report["by_agent_and_fault"]
    rows = (
        (
            name,
            *report["faults"][name].values(),
            f"{counts['succeeded']} of {counts['succeeded'] + counts['failed']}",
            *(rate(each.get(name, {}).get("success_rate")) for each in agents.values()),
        )
        for name, counts in report["by_fault"].items()
    )
    return table(("trial", "kind", "what is done", "succeeded", *(name.replace("_", " ") for name in agents)), rows)


def _weaknesses(report: Mapping[str, Any]) -> Markup:
    if not report["weaknesses"]:
        return Markup("<h2>What did not hold</h2><p>Every expectation held.</p>")
    rows = (
        (
            each["agent_type"],
            each["fault"],
            each["failed_checks"],
            f"the agent {each['expected']}",
            each["example"]["observed"],
            f"{each['example']['scene']}, seed {each['example']['seed']}",
            ", ".join(each["regimes"]),
        )
        for each in report["weaknesses"]
    )
    headings = ("agent", "trial", "failed checks", "expected", "seen, for example", "where", "in regimes")
    return Markup("<h2>What did not hold</h2>{}").format(table(headings, rows))


def _not_expected(waived: list[dict[str, Any]]) -> Markup:
    rows = ((each["agent_type"], each["regime"], each["of_it_is_not_expected"]) for each in waived)
    return Markup("<h2>What is not expected of a role</h2>{}").format(table(("agent", "regime", "not expected"), rows))


def _everything(scenarios: list[dict[str, Any]]) -> Markup:
    groups: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in scenarios:
        groups[each["agent_type"]].append(each)
    return Markup("<h2>Every scenario</h2>{}").format(Markup().join(_scenarios_of(*each) for each in groups.items()))


def _scenarios_of(agent: str, scenarios: list[dict[str, Any]]) -> Markup:
    rows = (
        (
            each["regime"],
            each["fault"],
            check["scene"],
            check["expectation"],
            check["expected"],
            "held" if check["held"] else Markup('<td class="bad">{}</td>').format(check["observed"]),
        )
        for each in scenarios
        for check in each["checks"]
    )
    headings = ("regime", "trial", "scene", "expectation", "the agent …", "what was seen")
    return Markup("<details><summary>{} ({})</summary>{}</details>").format(
        agent, counted(len(scenarios), "scenario"), table(headings, rows)
    )
