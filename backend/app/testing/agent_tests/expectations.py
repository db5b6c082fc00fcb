"""What is expected of an answer: each can fail, and says what it expects and what it saw."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final

from app.domain.wording import counted
from app.testing.agent_tests.quoting import misquoted, traced
from app.testing.agent_tests.takes import TICKS
from app.testing.agent_tests.views import BULL, PANEL, SIDE_WORDS, View

GRACE_MS: Final = 1_000
SAME_CONFIDENCE: Final = 0.005
NOT_SURER: Final = 0.02
Views = Mapping[str, View]


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """One thing that must hold.

    Args:
        name: short, for tables.
        words: what is expected, as a sentence's end: "the agent …".
        takes: the questions whose answers it looks at; the first one is what it is about.
        fault: returns what was seen instead, or None when it holds.
    """

    name: str
    words: str
    takes: tuple[str, ...]
    fault: Callable[[Views], str | None]

    def judge(self, views: Views) -> str | None:
        """Return what was seen instead; an agent that failed or came late meets no expectation."""
        failed = (view for view in views.values() if view.standing in ("failed", "late"))
        first = next(failed, None)
        return self.fault(views) if first is None else str(first)


def answers(take: str = "clean") -> tuple[Expectation, Expectation]:
    """A vote in time, whose numbers lie in their ranges, stop and target on their own sides of the price."""
    usable = "gives an opinion that can be used: every number in its range, stop and target on their sides"
    return (
        Expectation("deadline", "answers before the deadline", (take,), lambda views: _overdue(views[take])),
        Expectation("answers", usable, (take,), lambda views: _undecided(views[take]) or _misplaced(views[take])),
    )


def side_is(side: int, words: str, take: str = "clean") -> Expectation:
    """The one side that the role must take."""
    seen = _about(take, lambda view: view.side == side)
    return Expectation("direction", f"votes for {SIDE_WORDS[side]}: {words}", (take,), seen)


def side_is_not(side: int, words: str, take: str = "clean") -> Expectation:
    """A side that the role must not take."""
    name = "caution" if side == BULL else "direction"
    seen = _about(take, lambda view: view.side != side)
    return Expectation(name, f"does not vote for {SIDE_WORDS[side]}: {words}", (take,), seen)


def no_strong_word(words: str, take: str = "clean") -> Expectation:
    """No strong word where nothing strong is to be seen."""
    return Expectation(
        "restraint", f"uses no strong word: {words}", (take,), _about(take, lambda view: not view.is_strong)
    )


def no_direction(words: str, take: str) -> Expectation:
    """Neither side without evidence."""
    return Expectation("no_evidence", f"takes no side: {words}", (take,), _about(take, lambda view: not view.side))


def not_reversed(take: str, words: str) -> Expectation:
    """A fault in the data does not turn a side into the other."""

    def fault(views: Views) -> str | None:
        clean, spoiled = views["clean"], views[take]
        turned = (clean.side or 0) * (spoiled.side or 0) < 0
        return f"{spoiled}, on sound data {clean}" if turned else None

    return Expectation("not_reversed", f"does not change sides: {words}", (take, "clean"), fault)


def not_surer(take: str, words: str, than: str = "clean") -> Expectation:
    """Worse evidence makes no side surer."""
    sound = "on sound data" if than == "clean" else than.replace("_", " ")

    def fault(views: Views) -> str | None:
        clean, spoiled = views[than], views[take]
        surer = abs(spoiled.lean) > abs(clean.lean) + NOT_SURER
        return f"{spoiled}, {sound} {clean}" if surer else None

    return Expectation("not_surer", f"is not surer of a side than {sound}: {words}", (take, than), fault)


def same_opinion(takes: tuple[str, ...], name: str, words: str, against: str = "clean") -> Expectation:
    """What must not matter does not."""

    def fault(views: Views) -> str | None:
        for take in takes:
            if not _alike(views[take], views[against]):
                return f"{views[take]} ({take.replace('_', ' ')}), {views[against]} ({against.replace('_', ' ')})"
        return None

    return Expectation(name, words, (*takes, against), fault)


def steady() -> Expectation:
    """A tick never turns a side into the other, and seldom gives one up."""

    def fault(views: Views) -> str | None:
        sides = [views[take].side or 0 for take in TICKS]
        clean = views["clean"].side or 0
        if any(side * clean < 0 for side in sides):
            return f"changes sides with one tick of noise, from {views['clean']}"
        moved = sum(side != clean for side in sides)
        return (
            f"gives another side in {moved} of {len(sides)} noisy copies than {views['clean']}" if moved > 1 else None
        )

    return Expectation("stability", "keeps its side when each bar moves by at most one tick", (*TICKS, "clean"), fault)


def quotes_figures(take: str = "clean") -> Expectation:
    """A reason that can be checked against the evidence."""

    def fault(views: Views) -> str | None:
        view = views[take]
        if view.standing != "opinion":
            return None
        quoted, known = traced(view)
        if not known:
            return (
                f"{counted(len(quoted), 'figure')} or quoted words, none of them in the evidence: {view.said[:160]!r}"
            )
        return "; ".join(misquoted(view)) or None

    words = "quotes at least one figure (or word of a headline) that is in the evidence, and none under a wrong name"
    return Expectation("reasons", words, (take,), fault)


def risk_rises() -> Expectation:
    """Danger shows in the risk that is told."""

    def fault(views: Views) -> str | None:
        now, before = (views[take].vote.get("risk") for take in ("clean", "before"))
        return None if now is not None and before is not None and now > before else f"risk {now}, before it {before}"

    words = "tells of more risk than before the regime began"
    return Expectation("risk_rises", words, ("clean", "before"), fault)


def flagged(flag: str, words: str, take: str) -> Expectation:
    """The record names the doubt."""

    def fault(views: Views) -> str | None:
        doubts = views[take].doubts
        return None if any(each.startswith(flag) for each in doubts) else f"flags {', '.join(doubts) or 'nothing'}"

    return Expectation("flagged", f"is flagged {flag}: {words}", (take,), fault)


def not_asked(words: str, take: str) -> Expectation:
    """Who lacks what it needs is not asked."""
    seen = _about(take, lambda view: view.standing == "not_asked")
    return Expectation("not_asked", f"is not asked: {words}", (take,), seen)


def _about(take: str, holds: Callable[[View], bool]) -> Callable[[Views], str | None]:
    """Judge one answer."""

    def fault(views: Views) -> str | None:
        return None if holds(views[take]) else str(views[take])

    return fault


def _alike(one: View, other: View) -> bool:
    close = abs((one.confidence or 0) - (other.confidence or 0)) <= SAME_CONFIDENCE
    return (one.standing, one.decision) == (other.standing, other.decision) and close


def _undecided(view: View) -> str | None:
    """A panel that was asked something it can answer must decide; a member of it may abstain."""
    return str(view) if view.agent_type == PANEL and view.standing != "opinion" else None


def _overdue(view: View) -> str | None:
    late = view.duration_ms > view.deadline_ms + GRACE_MS
    return f"the decision took {view.duration_ms:.0f} ms with {view.deadline_ms:.0f} ms to go" if late else None


def _misplaced(view: View) -> str | None:
    side = view.side or 0
    for name, way in (("stop_loss", -1), ("take_profit", 1)):
        level = view.vote.get(name)
        if level is not None and (not isfinite(level) or (level - view.price) * way * side < 0):
            return f"{view} with {name} {level:g} at a price of {view.price:g}"
    return None
