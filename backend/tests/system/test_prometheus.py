"""A real Prometheus reads a working desk: every panel and every alert has something to say."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from app.agent_system import AgentSystem
from app.observability.metrics.catalogue import CATALOGUE
from app.observability.metrics.specs import Histogram
from app.testing.fake_models.server import FakeModels
from app.web.app import create_app
from scripts.dashboards.alerts import ALERTS
from scripts.dashboards.boards import BOARDS
from tests.own_prometheus import Prometheus, own_prometheus
from tests.system.model_desk_scene import model_settings
from tests.system.traffic import drive
from tests.system.web_desk import Served, serving

KEY = "CANARY-key-of-the-desk-0123456789"
Found = list[tuple[dict[str, str], float]]

PANELS = {
    f"{board.slug}: {panel.title}, {legend}": query
    for board in BOARDS
    for panel in board.panels
    for legend, query in panel.queries
}
CONDITIONS = {f"{alert.name} {place}": each for alert in ALERTS for place, each in enumerate(alert.conditions)}
LINKS = sorted({panel.link.url for board in BOARDS for panel in board.panels if panel.link})
VARIABLES = {"$__rate_interval": "1m", "$instance": ".*"}


@dataclass
class Story:
    """What was seen."""

    panels: dict[str, Found] = field(default_factory=dict)
    conditions: dict[str, Found] = field(default_factory=dict)
    series: dict[str, Found] = field(default_factory=dict)
    links: dict[str, httpx.Response] = field(default_factory=dict)
    rules: list[dict[str, Any]] = field(default_factory=list)
    unknown: Found | None = None


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> Iterator[Story]:
    return asyncio.run(_lived(tmp_path_factory.mktemp("desk")))


async def _lived(home: Path) -> Story:
    async with FakeModels() as fakes:
        changes = {"api_key": KEY, "feed_backlog": 4, "audit_seconds": 1.0, "perplexity_api_key": fakes.key}
        settings = model_settings(fakes, home, panel="hybrid", **changes)
        app = create_app(AgentSystem(settings), settings)
        async with serving(app, settings) as served, own_prometheus(f"127.0.0.1:{served.port}", KEY) as prometheus:
            return await _seen(served, fakes, prometheus)


async def _seen(served: Served, fakes: FakeModels, prometheus: Prometheus) -> Story:
    story, began = Story(), datetime.now(UTC)
    await prometheus.scraped()
    await drive(served, fakes, KEY)
    async with connect(served.socket_url, additional_headers={"Authorization": f"Bearer {KEY}"}):
        await prometheus.scraped()
        await _ask(story, prometheus)
    await _go_behind(story, served, began)
    return story


async def _ask(story: Story, prometheus: Prometheus) -> None:
    for name, query in PANELS.items():
        story.panels[name] = await prometheus.query(filled(query, VARIABLES))
    for name, each in CONDITIONS.items():
        story.conditions[name] = await prometheus.query(f"({each.query}) {each.sign} bool {each.limit}")
    for metric in CATALOGUE:
        ending = "_count" if isinstance(metric, Histogram) else ""
        story.series[metric.name] = await prometheus.query(f"{metric.name}{ending}")
    story.unknown = await prometheus.query("conclave_nothing_total")
    story.rules = await prometheus.rules()


async def _go_behind(story: Story, served: Served, began: datetime) -> None:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}) as client:
        variables = {"${conclave}": served.url, "${__from:date:iso}": f"{began:%Y-%m-%dT%H:%M:%S}.000Z"}
        for link in LINKS:
            story.links[link] = await client.get(filled(link, variables))


def filled(text: str, variables: dict[str, str]) -> str:
    """Return a text of a dashboard as Grafana fills it in."""
    for name, value in variables.items():
        text = text.replace(name, value)
    assert "$" not in text
    return text


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_shows_finite_figures(story, panel):
    assert story.panels[panel] != []
    assert all(isfinite(value) for _, value in story.panels[panel])


@pytest.mark.parametrize("condition", CONDITIONS)
def test_what_an_alert_watches_is_there(story, condition):
    assert story.conditions[condition] != []
    assert {value for _, value in story.conditions[condition]} <= {0.0, 1.0}


@pytest.mark.parametrize("metric", [metric.name for metric in CATALOGUE])
def test_every_metric_has_risen(story, metric):
    assert any(value > 0 for _, value in story.series[metric])


def test_the_rules_that_are_shipped_can_be_evaluated(story):
    assert {rule["name"] for rule in story.rules} == {alert.name for alert in ALERTS}
    assert [rule["name"] for rule in story.rules if rule["health"] != "ok"] == []


@pytest.mark.parametrize("link", LINKS)
def test_a_link_leads_to_what_is_behind_the_figures(story, link):
    assert story.links[link].status_code == 200
    if "/decisions" in link:
        assert len(story.links[link].json()["items"]) == 7


def test_a_metric_that_there_is_not_would_be_seen_as_nothing(story):
    """That is why the tests above ask for figures, not for success."""
    assert story.unknown == []


def test_labels_have_no_values_from_outside(story):
    told = {value for found in story.series.values() for labels, _ in found for value in labels.values()}
    assert not any(word in value for value in told for word in ("AAPL", "MSFT", "CANARY", "elsewhere"))
