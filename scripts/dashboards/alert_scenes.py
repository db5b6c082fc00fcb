"""Scenes that each alert must, or must not, wake somebody in; promtool plays them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.observability.metrics import catalogue as m
from app.observability.metrics.specs import Metric
from scripts.dashboards import processes
from scripts.dashboards.alerts import ALERTS

RULES: Final = {each.name: each.as_rule() for each in ALERTS}


@dataclass(frozen=True, slots=True)
class Scene:
    """What happens, and what is heard of it.

    Args:
        series: values minute by minute, as promtool writes them, by series.
        hears: alerts by the minute at which it is looked; what is heard is the labels of each, none for silence.
        looks_every: how often rules are looked at, in minutes; more than one where the scene is a long one.
    """

    alert: str
    series: Mapping[str, str]
    hears: Mapping[str, tuple[Mapping[str, str], ...]] = field(default_factory=dict)
    looks_every: int = 1

    def as_test(self) -> dict[str, Any]:
        """Return the scene as promtool reads it."""
        return {
            "name": self.alert,
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in self.series.items()],
            "alert_rule_test": [
                {"eval_time": at, "alertname": self.alert, "exp_alerts": [_heard(self.alert, one) for one in heard]}
                for at, heard in self.hears.items()
            ],
        }


def series(metric: Metric, **labels: str) -> str:
    """Return how a series of the job is written."""
    told = {"job": "conclave", "instance": "one", **labels}
    matchers = ",".join(f'{name}="{value}"' for name, value in told.items())
    return f"{metric.name}{{{matchers}}}"


def _heard(alert: str, labels: Mapping[str, str]) -> dict[str, Any]:
    rule = RULES[alert]
    return {"exp_labels": {**rule["labels"], **labels}, "exp_annotations": rule["annotations"]}


ONE: Final[tuple[Mapping[str, str], ...]] = ({},)
NONE: Final[tuple[Mapping[str, str], ...]] = ()
_DECIDED = m.DECISIONS
_ROUTE = {"method": "POST", "route": "/api/v1/agents/analyze"}

SCENES: Final = (
    Scene("ConclaveAway", {series(processes.TARGET_UP): "1 1 1 0 0 0 0"}, {"2m": NONE, "3m30s": NONE, "5m": ONE}),
    Scene("ConclaveAway", {series(processes.TARGET_UP): "0x9"}, {"0m": NONE, "2m": ONE}),
    Scene("ConclaveAway", {}, {"2m": ONE}),
    Scene("ConclaveRecordBroken", {series(m.AUDIT_VALID): "1 1 0 0"}, {"1m": NONE, "2m": ONE}),
    Scene(
        "ConclaveRecordBroken",
        {series(m.AUDIT_VALID): "1x5", series(m.AUDIT_VALID, instance="two"): "0x5"},
        {"1m": ONE},
    ),
    Scene(
        "ConclaveRecordNotVerified",
        {series(m.AUDIT_LOOKED): "60x1600"},
        {"1435m": NONE, "1455m": NONE, "1465m": ONE},
        looks_every=10,
    ),
    Scene("ConclaveRecordNotVerified", {series(m.AUDIT_LOOKED): "0x1600"}, {"1500m": NONE}, looks_every=10),
    Scene(
        "ConclaveOutboxStuck",
        {series(m.OUTBOX_AGE, queue="feed"): "29 30 31 90 150 0", series(m.OUTBOX_AGE, queue="orders"): "0x9"},
        {"1m": NONE, "2m30s": NONE, "3m": ({"queue": "feed"},), "5m": NONE},
    ),
    Scene(
        "ConclaveDeadLetters",
        {series(m.DEAD_LETTERS, queue="orders"): "0 0 1x30", series(m.DEAD_LETTERS, queue="feed"): "0x40"},
        {"1m": NONE, "4m": ({"queue": "orders"},), "20m": NONE},
    ),
    Scene(
        "ConclaveBreakerOpen",
        {
            series(m.CIRCUIT_STATE, provider="anthropic", state="open"): "0 1 1 0 0 1 1 1 0",
            series(m.CIRCUIT_STATE, provider="anthropic", state="half_open"): "0 0 0 1 1 0 0 0 0",
            series(m.CIRCUIT_STATE, provider="anthropic", state="closed"): "1 0 0 0 0 0 0 0 1",
            series(m.CIRCUIT_STATE, provider="ollama", state="closed"): "1x9",
        },
        {"5m": NONE, "6m": ({"provider": "anthropic"},), "8m": NONE},
    ),
    Scene(
        "ConclaveDegraded",
        {
            series(_DECIDED, action="BUY", outcome="ok"): "0+7x40",
            series(_DECIDED, action="BUY", outcome="degraded"): "0+2x40",
            series(_DECIDED, action="NO_DECISION", outcome="no_quorum"): "0+1x40",
        },
        {"5m": NONE, "20m": ONE},
    ),
    Scene(
        "ConclaveDegraded",
        {
            series(_DECIDED, action="BUY", outcome="ok"): "0+8x40",
            series(_DECIDED, action="HOLD", outcome="vetoed"): "0+10x40",
            series(_DECIDED, action="BUY", outcome="degraded"): "0+2x40",
        },
        {"20m": NONE, "40m": NONE},
    ),
    Scene(
        "ConclaveErrors",
        {
            series(m.HTTP_REQUESTS, status_class="2xx", **_ROUTE): "0+98x120",
            series(m.HTTP_REQUESTS, status_class="5xx", **_ROUTE): "0+2x120",
        },
        {"2m": NONE, "60m": ONE},
    ),
    Scene(
        "ConclaveErrors",
        {
            series(m.HTTP_REQUESTS, status_class="2xx", **_ROUTE): "0+99x120",
            series(m.HTTP_REQUESTS, status_class="5xx", **_ROUTE): "0+1x120",
            series(m.HTTP_REQUESTS, status_class="5xx", method="GET", route="/health"): "0+50x120",
        },
        {"60m": NONE},
    ),
    Scene(
        "ConclaveErrors",
        {
            series(m.HTTP_REQUESTS, status_class="2xx", **_ROUTE): "0+100x55 5500+50x10",
            series(m.HTTP_REQUESTS, status_class="5xx", **_ROUTE): "0x55 0+5x10",
        },
        {"64m": NONE},
    ),
    Scene(
        "ConclaveErrors",
        {
            series(m.HTTP_REQUESTS, status_class="2xx", **_ROUTE): "0+100x70",
            series(m.HTTP_REQUESTS, status_class="5xx", **_ROUTE): "0+10x30 300x40",
        },
        {"20m": ONE, "50m": NONE},
    ),
    Scene(
        "ConclaveRefusals",
        {series(m.AUTH_FAILURES, reason="key"): "0+6x20", series(m.AUTH_FAILURES, reason="host"): "0+3x20"},
        {"1m": NONE, "10m": ({"reason": "key"},)},
    ),
    Scene(
        "ConclaveQuiet",
        {series(_DECIDED, action="BUY", outcome="ok"): "5x1300"},
        {"895m": NONE, "905m": NONE, "910m": ONE, "1190m": ONE, "1205m": NONE},
        looks_every=10,
    ),
    Scene(
        "ConclaveQuiet",
        {series(_DECIDED, action="BUY", outcome="ok"): "0+1x1300"},
        {"915m": NONE},
        looks_every=10,
    ),
    Scene(
        "ConclaveQuiet",
        {series(_DECIDED, action="BUY", outcome="ok"): "5x5400"},
        {"3795m": NONE, "5235m": NONE},
        looks_every=10,
    ),
)
"""Time begins on a Thursday, 1970-01-01 at midnight UTC: minute 900 is 15 o'clock, minute 3780 is on a Saturday."""


def played(scenes: Iterable[Scene]) -> dict[int, dict[str, Any]]:
    """Return the scenes as files for promtool, beside `alerts.yml`, by how often rules are looked at in them."""
    by_pace: dict[int, list[Scene]] = {}
    for scene in scenes:
        by_pace.setdefault(scene.looks_every, []).append(scene)
    return {
        pace: {
            "rule_files": ["alerts.yml"],
            "evaluation_interval": f"{pace}m",
            "tests": [one.as_test() for one in all_],
        }
        for pace, all_ in by_pace.items()
    }
