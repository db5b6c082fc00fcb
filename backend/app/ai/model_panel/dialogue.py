"""One analyst's talk with its model: tools while it asks for them, then an answer, at most one repair."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import orjson

from app.ai.model_panel.answers import AnswerForm, UnreadableError
from app.ai.model_panel.correspondence import Correspondence
from app.domain.completions import (
    Answered,
    Completion,
    Heard,
    ModelRequest,
    Said,
    ToolAnswer,
    ToolUse,
)
from app.domain.errors import ProviderError, ToolFailedError, UnknownNameError
from app.domain.market import AnalysisContext
from app.domain.votes import Opinion
from app.ports.analyst import ToolBelt

MAX_TURNS: Final = 6
MAX_TOOL_TURNS_APART: Final = 4
LAST_FAILURE: Final = 2
ANSWER_NOW: Final = "Now answer: one JSON object with the fields named above and nothing else."


@dataclass(frozen=True, slots=True, eq=False)
class Dialogue:
    """Leads one conversation to an opinion.

    Args:
        correspondence: asks the model.
        tools: runs what the model wants run; whatever it asks for beyond them is denied there.
        form: how the answer must look.
        is_one_phase: whether tools and schema go into the same request.
    """

    correspondence: Correspondence
    tools: ToolBelt
    form: AnswerForm
    is_one_phase: bool

    async def opinion(self, request: ModelRequest, context: AnalysisContext) -> Opinion:
        """Return what the model makes of `request`.

        Args:
            request: the opening, with the tools on offer and without a schema.

        Raises:
            ProviderError: the model failed, would not stop using tools, or twice gave no readable answer.
        """
        if self.is_one_phase or not request.tools:
            ready = replace(request, schema=self.form.schema)
            asked, completion = await self._use_tools(ready, MAX_TURNS)
            if completion is None:
                raise ProviderError("tool_limit", f"The model still asked for tools after {MAX_TURNS} turns.")
        else:
            asked, spoken = await self._use_tools(request, MAX_TOOL_TURNS_APART)
            heard = () if spoken is None else (Heard(spoken.content),)
            told = (*asked.turns, *heard, Said(ANSWER_NOW))
            asked = replace(asked, turns=told, tools=(), schema=self.form.schema)
            completion = await self.correspondence.ask(asked)
        return await self._read(asked, completion, context)

    async def _use_tools(self, request: ModelRequest, most_turns: int) -> tuple[ModelRequest, Completion | None]:
        """Go on until the model wants no more tools; return the last request and its answer, None at the limit."""
        for _ in range(most_turns):
            completion = await self.correspondence.ask(request)
            if not completion.tool_uses:
                return request, completion
            answers = tuple([await self._run(use) for use in completion.tool_uses])
            request = replace(request, turns=(*request.turns, Heard(completion.content), Answered(answers)))
        return request, None

    async def _run(self, use: ToolUse) -> ToolAnswer:
        try:
            result = await self.tools.call(use.name, **use.arguments)
        except (ToolFailedError, UnknownNameError) as error:
            return ToolAnswer(use.id, use.name, error.public, is_error=True)
        return ToolAnswer(use.id, use.name, orjson.dumps(result, option=orjson.OPT_SORT_KEYS).decode())

    async def _read(self, asked: ModelRequest, completion: Completion, context: AnalysisContext) -> Opinion:
        try:
            return self._opinion(completion, context)
        except UnreadableError as error:
            findings = error.findings
        inquiry = self.correspondence.inquiry
        inquiry.failed_requests += 1
        if inquiry.failed_requests >= LAST_FAILURE:
            raise _no_vote(findings)
        repair = (*asked.turns, Heard(completion.content), Said(_repair(findings)))
        again = await self.correspondence.ask(replace(asked, turns=repair))
        try:
            return self._opinion(again, context)
        except UnreadableError as error:
            inquiry.failed_requests += 1
            raise _no_vote(error.findings) from None

    def _opinion(self, completion: Completion, context: AnalysisContext) -> Opinion:
        """Read an answer; `model` is set when another than the one that was asked gave it."""
        return replace(self.form.read(_whole(completion), context), model=completion.stand_in)


def _whole(completion: Completion) -> str:
    """Return the text of an answer that came to its end."""
    if completion.stop != "end":
        raise UnreadableError(["the answer was not finished; be shorter, and ask for no tool now"])
    return completion.text


def _repair(findings: Sequence[str]) -> str:
    listed = "\n".join(f"- {each}" for each in findings)
    return f"That answer cannot be counted:\n{listed}\nCorrect it. {ANSWER_NOW}"


def _no_vote(findings: Sequence[str]) -> ProviderError:
    return ProviderError("invalid_vote", f"The model gave no vote that can be counted ({findings[0]}).")
