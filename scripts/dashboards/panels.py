"""Panels and dashboards as Grafana reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

SCHEMA_VERSION: Final = 39
WIDTH: Final = 24
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
CONCLAVE_URL: Final = "http://127.0.0.1:8000"
SINCE: Final = "${conclave}/api/v1/decisions?since=${__from:date:iso}&limit=100"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """A way from a panel to what is behind its figures: an address of the API, with Grafana's variables."""

    title: str
    url: str


DECISIONS_BEHIND: Final = Link("The decisions behind this", SINCE)


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure or curve.

    Args:
        queries: PromQL by legend; a legend may hold `{{label}}`.
        unit: as Grafana names it, such as `s`, `percentunit`, `reqps`.
        bad_from: from here on it is drawn in red; None draws nothing so.
        kind: `timeseries` or `stat`.
    """

    title: str
    told: str
    queries: tuple[tuple[str, str], ...]
    unit: str = "short"
    kind: str = "timeseries"
    bad_from: float | None = None
    link: Link | None = None
    width: int = 12

    def as_json(self, number: int, x: int, y: int) -> Json:
        """Return the panel at its place."""
        height = 5 if self.kind == "stat" else 8
        defaults: Json = {"unit": self.unit, "color": {"mode": "palette-classic"}, "thresholds": self._thresholds()}
        if self.kind == "stat":
            defaults["color"] = {"mode": "thresholds"}
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.told,
            "datasource": SOURCE,
            "gridPos": {"h": height, "w": self.width, "x": x, "y": y},
            "fieldConfig": {"defaults": defaults, "overrides": []},
            "links": [_panel_link(self.link)] if self.link else [],
            "targets": [self._target(place, legend, query) for place, (legend, query) in enumerate(self.queries)],
        }

    def _thresholds(self) -> Json:
        bad = [] if self.bad_from is None else [{"value": self.bad_from, "color": "red"}]
        return {"mode": "absolute", "steps": [{"value": 0, "color": "green"}, *bad]}

    def _target(self, place: int, legend: str, query: str) -> Json:
        ref = chr(ord("A") + place)
        target: Json = {"refId": ref, "datasource": SOURCE, "expr": query, "legendFormat": legend}
        return {**target, "instant": True, "range": False} if self.kind == "stat" else target


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page of panels; `slug` names its file and its address."""

    slug: str
    title: str
    told: str
    panels: tuple[Panel, ...]

    @property
    def uid(self) -> str:
        """Under which Grafana keeps it."""
        return f"conclave-{self.slug}"

    def as_json(self) -> Json:
        """Return the dashboard."""
        return {
            "uid": self.uid,
            "title": f"Conclave: {self.title}",
            "description": self.told,
            "tags": ["conclave"],
            "timezone": "browser",
            "editable": True,
            "graphTooltip": 1,
            "schemaVersion": SCHEMA_VERSION,
            "refresh": "30s",
            "time": {"from": "now-3h", "to": "now"},
            "annotations": {"list": []},
            "templating": {"list": _variables()},
            "links": [_to_the_others()],
            "panels": _placed(self.panels),
        }


def _placed(panels: Sequence[Panel]) -> list[Json]:
    """Put panels side by side as long as there is room, then below."""
    placed: list[Json] = []
    x = y = below = 0
    for number, panel in enumerate(panels, start=1):
        if x + panel.width > WIDTH:
            x, y = 0, below
        made = panel.as_json(number, x, y)
        x, below = x + panel.width, max(below, y + made["gridPos"]["h"])
        placed.append(made)
    return placed


def _variables() -> list[Json]:
    return [
        {"type": "datasource", "name": "datasource", "label": "Prometheus", "query": "prometheus"},
        {
            "type": "query",
            "name": "instance",
            "label": "Process",
            "datasource": SOURCE,
            "query": "label_values(conclave_build_info, instance)",
            "refresh": 2,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": {"text": "All", "value": "$__all"},
        },
        {
            "type": "textbox",
            "name": "conclave",
            "label": "Address of the API",
            "query": CONCLAVE_URL,
            "current": {"text": CONCLAVE_URL, "value": CONCLAVE_URL},
        },
    ]


def _panel_link(link: Link) -> Json:
    told: Json = {"title": link.title, "type": "link", "icon": "external link", "tooltip": link.title, "url": link.url}
    return {**told, "tags": [], "asDropdown": False, "targetBlank": True, "includeVars": False, "keepTime": False}


def _to_the_others() -> Json:
    told: Json = {"title": "Conclave", "type": "dashboards", "icon": "dashboard", "tooltip": "", "tags": ["conclave"]}
    return {**told, "asDropdown": True, "targetBlank": False, "includeVars": True, "keepTime": True}
