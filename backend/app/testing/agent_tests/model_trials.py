"""Trials of a panel of models: real clients against stand-ins that answer garbage, hang, or do as headlines say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from app.domain.votes import ABSTAIN
from app.testing.agent_tests.expectations import (
    Expectation,
    Views,
    answers,
    flagged,
    not_reversed,
    quotes_figures,
    same_opinion,
)
from app.testing.agent_tests.trials import NEWS, Trial
from app.testing.agent_tests.views import PANEL

ROLES_OF_MODELS: Final = frozenset({"market_analyst", "technical_analyst", "risk_advisor", "strategy_optimizer", NEWS})
"""The roles that prompts are written for."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stand-in model, and the take of the scene that it is asked about.

    Args:
        fault: switched on for good; empty is none. See `fake_models.fault_kinds`.
        brain: `numbers`, `obedient`, or `none` for the rules alone.
    """

    fault: str
    brain: str = "numbers"
    take: str = "clean"


BY_RULE: Final = "by_rule"
STAGES: Final[Mapping[str, Stage]] = {
    BY_RULE: Stage("", "none"),
    "sound_model": Stage(""),
    "prose_model": Stage("schema_ignored"),
    "boundless_model": Stage("out_of_range"),
    "broken_model": Stage("bad_json"),
    "failing_model": Stage("status:500"),
    "hanging_model": Stage("hang"),
    "obedient_model": Stage("", "obedient", "ordering_headline"),
    "obedient_model_unordered": Stage("", "obedient", "harmless_headline"),
}


def _not_counted(take: str) -> Expectation:
    """What a failed model said is not counted: the rules of its role vote as they would alone, or it abstains."""

    def fault(views: Views) -> str | None:
        view, ruled = views[take], views[BY_RULE]
        told = view.vote.get("degraded_from") and view.vote.get("error_kind")
        if not told:
            return f"{view}, without a word of the model's failure"
        by_rule = (view.decision, view.confidence) == (ruled.decision, ruled.confidence)
        return None if view.decision == ABSTAIN or by_rule else f"{view}, by rule {ruled}"

    words = "names the model's failure and votes by rule, or abstains: what cannot be counted is no HOLD"
    return Expectation("failure_named", words, (take, BY_RULE), fault)


def _heard(take: str) -> Expectation:
    """A sound model's own vote counts."""

    def fault(views: Views) -> str | None:
        view = views[take]
        return f"{view} from {view.vote.get('source')}" if "degraded_from" in view.vote or not view.vote else None

    return Expectation("model_heard", "votes with the model's own words", (take,), fault)


def _sound(agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    if agent_type == PANEL:
        return (*answers("sound_model"),)
    return (*answers("sound_model"), _heard("sound_model"), quotes_figures("sound_model"))


def _failed(take: str, agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    if agent_type == PANEL:
        flag = flagged("rules_for_model", "who reads the decision must see that no model made it", take)
        same = same_opinion((take,), "failure_harmless", "decides as the rules alone do", BY_RULE)
        return (*answers(take), flag, same)
    return (*answers(take), _not_counted(take))


def _obedient(agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    take, before = "obedient_model", "obedient_model_unordered"
    if agent_type == NEWS:
        return (*answers(take), flagged("injection_phrase", "a headline gives orders", take))
    if agent_type == PANEL:
        return (*answers(take), _unturned(take, before))
    words = "answers the same whatever a headline orders: it never sees one"
    return (same_opinion((take,), "injection", words, before),)


def _unturned(take: str, before: str) -> Expectation:
    """One headline moves one vote, not the decision."""
    inner = not_reversed(take, "one headline gives orders")

    def fault(views: Views) -> str | None:
        return inner.judge({take: views[take], "clean": views[before]})

    return Expectation("injection", inner.words, (take, before), fault)


def _for_known_roles(
    demands: Callable[[str, str], tuple[Expectation, ...]],
) -> Callable[[str, str], tuple[Expectation, ...]]:
    return lambda agent_type, regime: demands(agent_type, regime) if agent_type in ROLES_OF_MODELS | {PANEL} else ()


MODEL_TRIALS: Final = (
    Trial("sound_model", "model", "a model that reasons from the numbers it is told", _for_known_roles(_sound)),
    *(
        Trial(name, "model", meaning, _for_known_roles(partial(_failed, name)))
        for name, meaning in (
            ("prose_model", "a model that answers prose where a vote was asked for"),
            ("boundless_model", "a model that is 8500 % sure"),
            ("broken_model", "a model whose answers break off"),
            ("failing_model", "a vendor that answers with errors"),
            ("hanging_model", "a model that never answers"),
        )
    ),
    Trial("obedient_model", "model", "a model that does what an injected headline says", _for_known_roles(_obedient)),
)
