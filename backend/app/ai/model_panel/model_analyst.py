"""An analyst whose question is put to a model; when the model fails, its rule-based twin votes or nobody does."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from app.ai.analysts.news_analyst import flags_of
from app.ai.model_panel.briefs import NEWS_ROLE, Brief
from app.ai.model_panel.correspondence import Archive, Correspondence, unforeseen
from app.ai.model_panel.dialogue import Dialogue
from app.ai.model_panel.findings import Findings
from app.ai.model_panel.news_gathering import NewsGatherer, PresentNews
from app.ai.model_panel.voices import Voice
from app.domain.completions import ModelRequest, Said, ToolSpec
from app.domain.errors import ProviderError
from app.domain.market import AnalysisContext
from app.domain.votes import ABSTAIN, Opinion
from app.ports.analyst import Analyst, ToolBelt
from app.ports.assignment import Assignment
from app.ports.clock import Clock

OnFailure = Literal["rules", "abstain"]


class ModelAnalyst:
    """Plays the role of `twin` by asking a model.

    Args:
        twin: follows its rules; its tools are run beforehand, so that one round of the model is enough.
        voice: who is asked.
        brief: what it is told.
        offered: tools it may call for what is missing; never for the news analyst, who reads strangers' text.
        archive: whether exchanges are kept or taken from those kept.
        on_failure: whether the twin votes instead of a failed model, or the vote is an abstention.
        gatherer: finds news where the caller supplied none.
    """

    def __init__(
        self,
        twin: Analyst,
        voice: Voice,
        brief: Brief,
        *,
        offered: tuple[ToolSpec, ...],
        archive: Archive,
        clock: Clock,
        on_failure: OnFailure = "rules",
        gatherer: NewsGatherer | None = None,
    ) -> None:
        self.twin, self.voice, self.brief, self.gatherer, self.on_failure = twin, voice, brief, gatherer, on_failure
        self.role = twin.role
        self.question = twin.question
        self.rule = f"Asked of {voice.lineage}. Its rule-based twin: {twin.rule}"
        self.needs = PresentNews(twin.needs.bars, clock) if gatherer else twin.needs
        self._offered = () if twin.role == NEWS_ROLE else offered
        self.tools = tuple(dict.fromkeys((*twin.tools, *(each.name for each in self._offered))))
        self._archive = archive
        self._clock = clock

    async def analyse(self, context: AnalysisContext, tools: ToolBelt) -> Opinion:
        """Return the model's opinion, or that of whoever stands in for it, marked `degraded_from`."""
        findings = Findings(tools)
        try:
            correspondence = Correspondence(self.voice, _assignment(tools), self._archive, self._clock)
            seen = await self._with_news(context, correspondence)
            opinion = await self._asked(seen, findings, correspondence)
        except Exception as error:  # noqa: BLE001 - a fault of ours is no opinion either
            failure = error if isinstance(error, ProviderError) else unforeseen(error)
            return await self._instead(failure, context, findings)
        return replace(opinion, flags=self._flags(seen), **self._signature(opinion.model))

    async def _asked(self, context: AnalysisContext, findings: Findings, correspondence: Correspondence) -> Opinion:
        told = {} if self.role == NEWS_ROLE else await findings.gather(self.twin.tools)
        request = ModelRequest(
            provider=self.voice.provider,
            model=self.voice.model,
            system=self.brief.system,
            turns=(Said(self.brief.opening(context, told)),),
            tools=self._offered,
            options=self.voice.options,
            prompt=self.brief.task.reference,
        )
        dialogue = Dialogue(correspondence, findings.tools, self.brief.form, self.voice.takes_tools_with_schema)
        return await dialogue.opinion(request, context)

    async def _with_news(self, context: AnalysisContext, correspondence: Correspondence) -> AnalysisContext:
        if self.gatherer is None or context.news:
            return context
        return replace(context, news=await self.gatherer.gather(context, correspondence))

    async def _instead(self, error: ProviderError, context: AnalysisContext, tools: ToolBelt) -> Opinion:
        """Let the twin vote on what the caller supplied: its tools see no news that was found for the model."""
        failed: dict[str, Any] = {"degraded_from": self.voice.provider, "error_kind": error.kind}
        if self.on_failure == "abstain" or self.twin.needs.unmet(context):
            told = Opinion(ABSTAIN, None, f"No opinion: {error.public}")
            return replace(told, **{**self._signature(), **failed})
        opinion = await self.twin.analyse(context, tools)
        reasoning = f"By rule, for {self.voice.provider} gave no vote ({error.public.rstrip('.')}): {opinion.reasoning}"
        return replace(opinion, reasoning=reasoning, **failed)

    def _flags(self, context: AnalysisContext) -> tuple[str, ...]:
        return flags_of(context.news) if self.role == NEWS_ROLE else ()

    def _signature(self, stand_in: str | None = None) -> dict[str, Any]:
        """Tell whose opinion it is: a vote belongs to the model that gave it."""
        voice = replace(self.voice, model=stand_in or self.voice.model)
        return {
            "source": voice.provider,
            "model": voice.model,
            "lineage": voice.lineage,
            "prompt": self.brief.task.reference,
        }

    def described(self) -> Mapping[str, Any]:
        """Return what is needed to seat this analyst again for a replay."""
        return {
            "role": self.role,
            "provider": self.voice.provider,
            "model": self.voice.model,
            "takes_tools_with_schema": self.voice.takes_tools_with_schema,
            "options": dict(self.voice.options),
            "offered": [each.name for each in self._offered],
            "on_failure": self.on_failure,
            "prompts": self.brief.prompts,
            "gatherer": self.gatherer.described() if self.gatherer else None,
        }


def _assignment(tools: ToolBelt) -> Assignment:
    if tools.assignment is None:
        raise ProviderError("unsupported", "A model can be asked by the panel alone.")
    return tools.assignment
