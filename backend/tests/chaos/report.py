"""A run as a table for people and as JSON for everything else."""

from dataclasses import asdict
from typing import Any

from tests.chaos.run import Report

SHOWN = 10


def as_dict(report: Report) -> dict[str, Any]:
    """Return everything that is known of a run."""
    return {
        "clean": report.is_clean,
        "plan": asdict(report.plan),
        "done": dict(report.done),
        "fell": report.fell,
        "asked_s": round(report.asked_s, 1),
        "quiet_s": round(report.quiet_s, 1),
        "verify": report.verify,
        **asdict(report.verdict),
    }


def table(report: Report) -> str:
    """Return the run in lines of words and numbers."""
    verdict, done = report.verdict, report.done
    kills = ", ".join(f"{what} {count}" for what, count in sorted(done.items()) if what != "pause")
    lines = {
        "desk": "one process, SQLite" if report.plan.embedded else _processes(report),
        "seed": report.plan.seed,
        "accepted": f"{verdict.accepted} of {report.plan.decisions} asked",
        "decided": f"{verdict.decided} ({verdict.degraded} degraded), failed with a reason {verdict.failed}",
        "kill -9": f"{sum(done.values()) - done['pause']} ({kills}), workers paused beyond their lease {done['pause']}",
        "lost": len(verdict.lost),
        "duplicated": len(verdict.duplicated),
        "altered": len(verdict.altered),
        "recovered": f"{verdict.recovered} of {verdict.uncertain} whose first answer was lost",
        "unexpected": f"{verdict.unexpected} (without a key, first answer lost)",
        "refused": len(verdict.refused),
        "chains": "intact" if not verdict.gaps and report.verify == 0 else f"BROKEN {verdict.gaps}",
        "effects": f"{verdict.effects}, came again {verdict.came_again}, out of order {len(verdict.inversions)}",
        "time": f"{report.asked_s:.0f} s, quiet {report.quiet_s:.1f} s after the last answer",
    }
    told = [f"{name:>11}  {value}" for name, value in lines.items()]
    broken = (*verdict.lost, *verdict.duplicated, *verdict.altered, *verdict.refused, *verdict.inversions)
    return "\n".join([*told, *(f"             {each}" for each in broken[:SHOWN])])


def _processes(report: Report) -> str:
    careless = ", NO confirms, NO inbox" if report.plan.control else ""
    return f"{report.plan.apis} API processes, {report.plan.workers} workers, relay, consumer{careless}"
