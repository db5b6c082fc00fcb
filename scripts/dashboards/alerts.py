"""What wakes somebody: alert rules made from the description of the metrics."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from app.observability.metrics import catalogue as m
from scripts.dashboards.boards import DECISIONS, MODELS, PIPELINE, STREAM
from scripts.dashboards.panels import Dashboard
from scripts.dashboards.queries import JOB, Query

Q = Query(JOB)
FAST_BURN: Final = 14.4
"""At this rate the errors that a month allows are used up in two days: see the SRE workbook, chapter 5."""
ERRORS_ALLOWED: Final = 0.001
OF_PEOPLE: Final = {"route": "!/health.*|/metrics"}
QUIET: Final = "30m"


@dataclass(frozen=True, slots=True)
class Condition:
    """A query whose result is compared with a number."""

    query: str
    sign: Literal[">", "<"]
    limit: float

    @property
    def expression(self) -> str:
        """PromQL that has a result only where the condition holds."""
        return f"{self.query} {self.sign} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something is wrong where all conditions have held for some time.

    Args:
        lasting: how long, as Prometheus writes it.
        told: what it means and what to look at first.
        board: the dashboard that shows it.
        within: when it counts at all, as PromQL; None is always.
    """

    name: str
    severity: Literal["critical", "warning"]
    conditions: tuple[Condition, ...]
    lasting: str
    told: str
    board: Dashboard
    within: str | None = None

    @property
    def expression(self) -> str:
        """The rule as PromQL."""
        held = " and ".join(each.expression for each in self.conditions)
        return held if self.within is None else f"({held}) and on() ({self.within})"

    def as_rule(self) -> dict[str, Any]:
        """Return the rule as Prometheus reads it."""
        return {
            "alert": self.name,
            "expr": self.expression,
            "for": self.lasting,
            "labels": {"severity": self.severity},
            "annotations": {"summary": self.told, "dashboard": self.board.uid},
        }


def _errors(window: str) -> Condition:
    share = Q.over(window).share(m.HTTP_REQUESTS, {"status_class": "5xx"}, OF_PEOPLE)
    return Condition(share, ">", FAST_BURN * ERRORS_ALLOWED)


IN_SESSION: Final = "day_of_week() > 0 < 6 and hour() >= 15 < 20"
"""Hours, UTC, that lie within a New York session in summer and in winter."""

ALERTS: Final = (
    Alert(
        "ConclaveAway",
        "critical",
        (Condition(f"(count(up{{{JOB}}} == 1) or vector(0))", "<", 1),),
        "1m",
        "No process of Conclave answers Prometheus.",
        PIPELINE,
    ),
    Alert(
        "ConclaveRecordBroken",
        "critical",
        (Condition(Q.least(m.AUDIT_VALID), "<", 1),),
        "0m",
        "A chain of the record does not hold: run `conclave verify`, and keep the database as it is.",
        STREAM,
    ),
    Alert(
        "ConclaveRecordNotVerified",
        "warning",
        (Condition(Q.age(m.AUDIT_LOOKED), ">", 86_400), Condition(Q.most(m.AUDIT_LOOKED), ">", 0)),
        "10m",
        "The record's chains were last verified more than a day ago.",
        STREAM,
    ),
    Alert(
        "ConclaveOutboxStuck",
        "critical",
        (Condition(Q.most(m.OUTBOX_AGE, ("queue",)), ">", 30),),
        "1m",
        "Stored events do not get to the broker: look at the broker and at the relay.",
        PIPELINE,
    ),
    Alert(
        "ConclaveDeadLetters",
        "warning",
        (Condition(Q.over("15m").increase(m.DEAD_LETTERS, ("queue",)), ">", 0),),
        "0m",
        "A consumer gave up messages: read the queue's dead letters.",
        PIPELINE,
    ),
    Alert(
        "ConclaveBreakerOpen",
        "warning",
        (Condition(Q.most(m.CIRCUIT_STATE, ("provider",), {"state": "open|half_open"}), ">", 0),),
        "5m",
        "A provider of models keeps failing and is left alone; rules or the others vote.",
        MODELS,
    ),
    Alert(
        "ConclaveDegraded",
        "warning",
        (Condition(Q.over("10m").share(m.DECISIONS, {"outcome": "degraded|no_quorum"}), ">", 0.2),),
        "5m",
        "More than a fifth of the decisions lack somebody who should have voted.",
        DECISIONS,
    ),
    Alert(
        "ConclaveErrors",
        "critical",
        (_errors("5m"), _errors("1h")),
        "2m",
        "Requests fail so often that a month's allowance is used up in two days.",
        STREAM,
    ),
    Alert(
        "ConclaveRefusals",
        "warning",
        (Condition(Q.over("5m").increase(m.AUTH_FAILURES, ("reason",)), ">", 20),),
        "0m",
        "Many callers were turned away: somebody guesses, or a client has a wrong key or address.",
        STREAM,
    ),
    Alert(
        "ConclaveQuiet",
        "warning",
        (Condition(Q.over(QUIET).increase(m.DECISIONS), "<", 1),),
        "5m",
        "Nothing was decided for half an hour within the hours of a session.",
        DECISIONS,
        IN_SESSION,
    ),
)
