"""What one agent made of one question, read from the decision record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.analysis.voting import CAMPS
from app.domain.identifiers import agent_id
from app.domain.votes import ABSTAIN, NO_DECISION
from app.ports.rehearsal import Rehearsed
from app.testing.agent_tests.takes import Put

PANEL: Final = "comprehensive"
BULL: Final = 1
BEAR: Final = -1
SIDES: Final = {"BULL": BULL, "BEAR": BEAR, "HOLD": 0}
SIDE_WORDS: Final = {BULL: "a rise", BEAR: "a fall", 0: "neither"}


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """An agent's answer; that of `comprehensive` is the decision of the whole panel.

    Args:
        standing: `opinion`, `abstained`, `failed` (it raised, or gave a number outside its range), `late`, or
            `not_asked` (the question lacks what it needs).
        decision: a decision word, ABSTAIN or NO_DECISION; empty when it gave none.
        said: its reason, or why there is none.
        price: the last close it could see.
        figures: what its tools answered, by tool.
        told: what it could read: the headlines, and for a model the words it was asked with.
        duration_ms: how long the whole panel took; deadline_ms: how long it had.
    """

    agent_type: str
    standing: str
    decision: str
    confidence: float | None
    said: str
    price: float
    vote: Mapping[str, Any]
    record: Mapping[str, Any]
    figures: Mapping[str, Any]
    told: str
    duration_ms: float
    deadline_ms: float

    @property
    def side(self) -> int | None:
        """1 for a rise, -1 for a fall, 0 for neither, None without an opinion."""
        return SIDES.get(CAMPS.get(self.decision, ""))

    @property
    def is_strong(self) -> bool:
        """Whether it used a strong word."""
        return self.decision.startswith("STRONG")

    @property
    def lean(self) -> float:
        """Side times confidence, in [-1, 1]; 0 without a direction."""
        return (self.side or 0) * (self.confidence or 0.0)

    @property
    def doubts(self) -> tuple[str, ...]:
        """What the record says is degraded."""
        return tuple(self.record["degraded_reasons"])

    def __str__(self) -> str:
        """Return the answer in words."""
        if self.standing == "opinion":
            return f"{self.decision} with confidence {self.confidence or 0:.2f}"
        return {"late": "no answer before the deadline", "not_asked": "not asked"}.get(self.standing, self.said)


def view_of(agent_type: str, made: Rehearsed, asked: Put) -> View:
    """Return what the agent that plays `agent_type`, or the whole panel, said."""
    record = made.record
    agent = agent_id(agent_type, record["symbol"])
    if agent_type == PANEL:
        standing, vote = ("opinion" if record["final_recommendation"] != NO_DECISION else "abstained"), record
        decision, said = record["final_recommendation"], f"{record['status']}, resolved by {record['resolved_by']}"
    else:
        standing, vote, said = _answer(record, agent)
        decision = vote.get("decision", "")
    return View(
        agent_type,
        standing,
        decision,
        vote.get("confidence"),
        said,
        asked.price,
        vote,
        record,
        _figures(made, agent),
        f"{made.told.get(agent, '')} {' '.join(item.title for item in asked.question.news)}",
        record["duration_ms"],
        asked.question.timeout_s * 1_000,
    )


def _answer(record: Mapping[str, Any], agent: str) -> tuple[str, Mapping[str, Any], str]:
    failure = next((each for each in record["failures"] if each["agent_id"] == agent), None)
    vote = next((each for each in record["votes"] if each["agent_id"] == agent), None)
    if failure is not None:
        return ("late" if failure["kind"] == "timeout" else "failed"), vote or {}, failure["reason"]
    if vote is None:
        lacking = next((each["needs"] for each in record["not_applicable"] if each["agent_id"] == agent), "")
        return "not_asked", {}, lacking
    return ("abstained" if vote["decision"] == ABSTAIN else "opinion"), vote, vote["reasoning"]


def _figures(made: Rehearsed, agent: str) -> dict[str, Any]:
    """The answers of the tools that the agent called; a tool called again with other arguments adds to them."""
    found: dict[str, Any] = {}
    for call in made.tool_calls:
        if call["agent_id"] == agent and call["result"] is not None:
            name = call["tool_name"]
            found[name if name not in found else f"{name} {len(found)}"] = call["result"]
    return found
