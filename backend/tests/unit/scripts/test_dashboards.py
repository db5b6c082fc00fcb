"""What is made from the description of the metrics: up to date, by Grafana's rules, complete."""

import json
import re

import jsonschema_rs
import pytest

from app.observability.metrics.catalogue import CATALOGUE, DECISIONS
from app.observability.metrics.specs import Histogram
from scripts.dashboards.__main__ import ROOT, files, main, stale
from scripts.dashboards.alerts import ALERTS
from scripts.dashboards.boards import BOARDS
from scripts.dashboards.panels import Dashboard
from scripts.dashboards.queries import Query
from tests.own_prometheus import promtool

SCHEMA = jsonschema_rs.validator_for(
    json.loads((ROOT / "backend/tests/data/grafana-dashboard.schema.json").read_text())
)
every_board = pytest.mark.parametrize("board", BOARDS, ids=[board.slug for board in BOARDS])


def expressions():
    panels = [query for board in BOARDS for panel in board.panels for _, query in panel.queries]
    return [*panels, *(alert.expression for alert in ALERTS)]


def written(board: Dashboard):
    return json.loads((ROOT / "grafana/dashboards" / f"{board.slug}.json").read_text())


def test_the_files_are_those_that_the_description_makes_now():
    assert stale() == []


def test_a_file_that_says_something_else_is_told_and_mended(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("scripts.dashboards.__main__.ROOT", tmp_path)

    assert main(["--check"]) == 1
    assert main([]) == 0
    assert main(["--check"]) == 0
    (tmp_path / "prometheus/alerts.yml").write_text("groups: []\n")
    assert main(["--check"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "prometheus/alerts.yml"
    assert {path.relative_to(tmp_path) for path in tmp_path.rglob("*.*")} == set(files())


@every_board
def test_a_dashboard_is_what_grafana_s_schema_allows(board):
    assert [error.message for error in SCHEMA.iter_errors(written(board))] == []


@pytest.mark.parametrize("slip", ["tilte", "gridpos"])
def test_a_slip_of_the_pen_would_be_seen(slip):
    wrong = BOARDS[0].as_json()
    wrong["panels"][0][slip] = "x"
    assert not SCHEMA.is_valid(wrong)


@every_board
def test_no_two_panels_of_a_dashboard_overlap_or_share_a_number(board):
    panels = board.as_json()["panels"]
    taken = [
        (x, y)
        for each in (panel["gridPos"] for panel in panels)
        for x in range(each["x"], each["x"] + each["w"])
        for y in range(each["y"], each["y"] + each["h"])
    ]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)


@every_board
def test_every_variable_that_is_used_is_declared(board):
    told = board.as_json()
    names = {each["name"] for each in told["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z]+)", json.dumps(told["panels"]).replace("$__", "")))
    assert used <= names


@every_board
def test_there_are_ways_from_panels_to_what_is_behind_them(board):
    linked = [panel for panel in board.as_json()["panels"] if panel["links"]]
    assert linked != []
    assert all(panel["links"][0]["url"].startswith("${conclave}/api/v1/") for panel in linked)


def test_every_metric_is_shown_somewhere():
    shown = " ".join(expressions())
    assert [metric.name for metric in CATALOGUE if metric.name not in shown] == []


def test_nothing_is_asked_for_that_there_is_not():
    endings = {each.name: ("_bucket", "_sum", "_count") if isinstance(each, Histogram) else ("",) for each in CATALOGUE}
    known = {name + ending for name, all_ in endings.items() for ending in all_}
    asked = set(re.findall(r"conclave_\w+", " ".join(expressions())))
    assert asked <= known


def test_a_label_that_a_metric_has_not_cannot_be_asked_for():
    with pytest.raises(ValueError, match="conclave_decisions_total has no label symbol"):
        Query().rate(DECISIONS, ("symbol",))


def test_an_alert_leads_to_a_dashboard():
    assert {alert.board for alert in ALERTS} <= set(BOARDS)


def test_prometheus_reads_its_settings_and_rules():
    checked = promtool("check", "config", "--syntax-only", "prometheus/prometheus.yml")
    assert checked.returncode == 0, checked.stderr
    assert promtool("check", "rules", "prometheus/alerts.yml").returncode == 0


@pytest.mark.parametrize("metric", CATALOGUE, ids=[metric.name for metric in CATALOGUE])
def test_every_metric_is_told_in_the_docs_as_it_is(metric):
    kind, labels = type(metric).__name__.lower(), ", ".join(metric.label_names) or "–"
    row = f"| `{metric.name}` | {kind} | {labels} | {metric.help.rstrip('.')} |"
    assert row in (ROOT / "docs/metrics.md").read_text().splitlines()
