"""A case as it was opened, written down so that any process can take it up."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import orjson

from app.consensus.config import ConsensusConfig
from app.domain.decisions import KeyedAnswer
from app.domain.jobs import Job
from app.domain.market import Bars, Interval
from app.domain.questions import Question
from app.domain.tool_policies import ToolPolicy
from app.events.evidence import context_fields, read_context
from app.events.intake import Case
from app.ports.analyst import Analyst

_FAST: Final = 1
_LENGTH_BYTES: Final = 4
_COLUMNS: Final = 6


@dataclass(frozen=True, slots=True, eq=False)
class CaseFile:
    """What was settled when a job was accepted.

    Args:
        seats: who is asked, by agent: their role, and how to seat them again where a model speaks.
        resolved: how it was settled who sits.
    """

    case: Case
    seats: Mapping[str, tuple[str, Mapping[str, Any] | None]]
    resolved: Mapping[str, Any]
    tool_policy: ToolPolicy

    def with_seats(self, seats: Mapping[str, Analyst]) -> Case:
        """Return the case with these analysts in its seats."""
        case = self.case
        return Case(case.question, case.context, seats, case.not_applicable, case.config, case.flags)


def write(
    case: Case, models: Mapping[str, Mapping[str, Any]], resolved: Mapping[str, Any], tool_policy: ToolPolicy
) -> bytes:
    """Return the file of a case; what its bars are is in it, so it stands alone."""
    question, bars = case.question, case.context.bars
    document = {
        **context_fields(case.context),
        "interval": bars.interval.text,
        "seats": {agent: [analyst.role, models.get(agent)] for agent, analyst in case.seats.items()},
        "resolved": dict(resolved),
        "tool_policy": tool_policy.as_dict(),
        "not_applicable": [dict(each) for each in case.not_applicable],
        "config": case.config.as_dict(),
        "flags": list(case.flags),
        "correlation_id": question.correlation_id,
        "keyed": _keyed(question.keyed),
    }
    text = orjson.dumps(document)
    columns = b"".join(np.ascontiguousarray(column).tobytes() for column in bars.columns())
    return zlib.compress(len(text).to_bytes(_LENGTH_BYTES) + text + columns, _FAST)


def _keyed(answer: KeyedAnswer | None) -> list[Any] | None:
    return None if answer is None else [answer.key, answer.fingerprint, answer.status, answer.decision_id]


def read(job: Job) -> CaseFile:
    """Return what `write` wrote; the case has nobody in its seats yet."""
    content = zlib.decompress(job.file)
    ends = _LENGTH_BYTES + int.from_bytes(content[:_LENGTH_BYTES])
    document = orjson.loads(content[_LENGTH_BYTES:ends])
    context = read_context(_bars(content[ends:], document["interval"]), document)
    question = Question(
        symbol=job.symbol,
        bars=context.bars,
        timeout_s=job.timeout_s,
        decision_id=job.id,
        correlation_id=document["correlation_id"],
        keyed=KeyedAnswer(*document["keyed"]) if document["keyed"] else None,
    )
    config = ConsensusConfig.of(document["config"])
    case = Case(question, context, {}, tuple(document["not_applicable"]), config, tuple(document["flags"]))
    seats = {agent: (role, described) for agent, (role, described) in document["seats"].items()}
    return CaseFile(case, seats, document["resolved"], ToolPolicy.from_dict(document["tool_policy"]))


def _bars(content: bytes, interval: str) -> Bars:
    numbers = np.frombuffer(content, dtype=np.float64)
    times, opened, high, low, close, volume = numbers.reshape(_COLUMNS, len(numbers) // _COLUMNS)
    return Bars(times.view(np.int64), opened, high, low, close, volume, Interval.parse(interval))
