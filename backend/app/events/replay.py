"""Make a decision again from its evidence and compare: same votes, same tool results, same decision, to the byte."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from app import plugins
from app.consensus.canonical import canonical_record
from app.consensus.engine import decide
from app.consensus.version import ENGINE_VERSION
from app.domain.decisions import Evidence, SealedRecord
from app.domain.identifiers import TWIN_SUFFIX, agent_id
from app.domain.model_calls import Exchange, RecordedAnswer
from app.domain.tool_calls import TIMEOUT, ToolCall, with_shared_results
from app.domain.tool_policies import DEFAULT, ToolPolicy
from app.domain.votes import engine_vote
from app.events import evidence as evidence_file
from app.ports.analyst import Analyst
from app.ports.panel import Panel, Recording, Sitting
from app.ports.seating import Seating

TIMES_AND_IDS = frozenset({"timestamp", "latency_ms", "call_id", "started_at", "execution_time_ms", "status"})
OUTCOME = ("confidence", "support", "position_size", "status", "resolved_by", "missing", "rejected")


@dataclass(frozen=True, slots=True)
class Replay:
    """How the second making compares with the first.

    Args:
        differences: each with `what`, `recorded` and `recomputed`; empty when identical.
        engine_changed: another version of the engine made the record, so differences may be its doing.
    """

    decision_id: str
    differences: tuple[Mapping[str, Any], ...]
    engine_changed: bool

    def as_dict(self) -> dict[str, Any]:
        """Return the answer of the replay route."""
        return {
            "decision_id": self.decision_id,
            "identical": not self.differences,
            "differences": [dict(each) for each in self.differences],
            "engine_changed": self.engine_changed,
        }


async def replay(record: SealedRecord, evidence: Evidence, panel: Panel, seating: Seating) -> Replay:
    """Recompute analysts, tools and consensus from the evidence; nothing is stored and no model is asked.

    An analyst that gave no opinion the first time is not asked again: its failure is part of the evidence. One that is
    not on the panel any more shows as a difference.
    """
    document = orjson.loads(evidence.document)
    recorded = orjson.loads(record.body)
    calls = with_shared_results(document["tool_calls"])
    gave_none = {each["agent_id"] for each in document["failures"]}
    seats = _seats_again(document, seating, gave_none)
    sitting = Sitting(
        decision_id=record.decision_id,
        tool_policy=ToolPolicy.from_dict(document.get("tool_policy", DEFAULT.as_dict())),
        recording=Recording(_answers(document, evidence.exchanges), _outcomes(calls)),
    )
    again = await panel.run(evidence_file.read_context(evidence.bars, document), seats, document["timeout_s"], sitting)
    differences = (
        *_compare("vote", _votes_of(document, gave_none), {each.agent_id: each.as_dict() for each in again.votes}),
        *_compare("tool_call", _calls(calls, gave_none), _calls(call.as_dict() for call in again.tool_calls)),
        *_compare("decision", _outcome(recorded), _decision_again(document)),
    )
    return Replay(record.decision_id, differences, document["engine_version"] != ENGINE_VERSION)


def _seats_again(document: Mapping[str, Any], seating: Seating, left_out: set[str]) -> dict[str, Analyst]:
    """Seat everybody as they sat; a role or prompt that is gone leaves its seat empty."""
    models = document.get("models", {})
    seats = {}
    for seat in document["asked"]:
        agent = agent_id(seat, document["symbol"])
        rules = seating.rules.get(seat) or seating.rules.get(seat.removesuffix(TWIN_SUFFIX))
        analyst = seating.restored(models[agent]) if agent in models else rules
        if analyst is not None and agent not in left_out:
            seats[agent] = analyst
    return seats


def _answers(document: Mapping[str, Any], exchanges: Iterable[Exchange]) -> dict[str, list[RecordedAnswer]]:
    kept_by_id = {each.id: each for each in exchanges}
    answers: dict[str, list[RecordedAnswer]] = {}
    for call in document.get("model_calls", ()):
        kept = kept_by_id.get(call["exchange_id"])
        completion = orjson.loads(kept.response) if kept else None
        told = RecordedAnswer(call["request_key"], completion, call["error_kind"], call["error"], _failed(call))
        answers.setdefault(call["agent_id"], []).append(told)
    return answers


def _failed(call: Mapping[str, Any]) -> int:
    """Return how many requests failed: of those sent, one may have answered; for an answer kept earlier none was."""
    sent: int = call["attempts"] - call.get("spared", 0)
    return sent if call["error_kind"] else max(0, sent - 1)


def _outcomes(calls: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], ToolCall]:
    """Return what cannot be computed again: how long a tool took then, and what one that looks outside saw."""
    places: Counter[str] = Counter()
    outcomes = {}
    for call in calls:
        agent = call["agent_id"]
        if call["status"] == TIMEOUT or not _is_recomputable(call["tool_name"]):
            outcomes[agent, places[agent]] = ToolCall.from_dict(call)
        places[agent] += 1
    return outcomes


def _is_recomputable(tool: str) -> bool:
    return tool not in plugins.names("tool") or getattr(plugins.load("tool", tool), "recomputable", True)


def _votes_of(document: Mapping[str, Any], left_out: set[str]) -> dict[str, Any]:
    return {vote["agent_id"]: vote for vote in document["votes"] if vote["agent_id"] not in left_out}


def _calls(calls: Iterable[Mapping[str, Any]], left_out: Iterable[str] = ()) -> dict[str, Any]:
    """Number each agent's calls; whether one was shared with another agent is a matter of order, not of result."""
    places: Counter[str] = Counter()
    numbered: dict[str, Any] = {}
    for call in calls:
        agent = call["agent_id"]
        if agent not in left_out:
            numbered[f"{agent}#{places[agent]}"] = call
            places[agent] += 1
    return numbered


def _outcome(record: Mapping[str, Any]) -> dict[str, Any]:
    counted = {name: record["consensus"][name] for name in ("tally", "n_valid", "n_expected")}
    return {"decision": record["final_recommendation"], **{name: record[name] for name in OUTCOME}, **counted}


def _decision_again(document: Mapping[str, Any]) -> dict[str, Any]:
    """Count the recorded votes again: their latencies belong to the evidence, so lateness is judged as it was."""
    return decide([engine_vote(vote) for vote in document["votes"]], document["config"]).as_dict()


def _compare(what: str, recorded: Mapping[str, Any], recomputed: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for name in sorted(recorded.keys() | recomputed.keys()):
        before, after = _bare(recorded.get(name)), _bare(recomputed.get(name))
        if not _is_same(before, after):
            yield {"what": f"{what}:{name}", "recorded": before, "recomputed": orjson.loads(orjson.dumps(after))}


def _is_same(before: Any, after: Any) -> bool:
    """Whether two values are the same on the grid of the record; most are so to the letter, which is told faster."""
    spelled = (orjson.dumps(each, option=orjson.OPT_SORT_KEYS) for each in (before, after))
    return next(spelled) == next(spelled) or canonical_record(before) == canonical_record(after)


def _bare(value: Any) -> Any:
    """Leave out times and ids, which differ between any two makings."""
    if isinstance(value, Mapping):
        return {name: part for name, part in value.items() if name not in TIMES_AND_IDS}
    return value
