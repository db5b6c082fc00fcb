"""The settings of models: which are asked, how often, at what cost, and what is kept of it."""

from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_core import PydanticUseDefault
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_Limit = Annotated[float, Field(gt=0)] | None


_MAY_BE_EMPTY: Final = (
    "anthropic_api_key",
    "anthropic_base_url",
    "ollama_base_url",
    "ollama_model",
    "perplexity_api_key",
    "perplexity_url",
    "hedge_model",
)
"""Compose and shells hand on what is not set as nothing. A limit that is empty is refused: it may have been meant."""


class ModelSettings(BaseSettings):
    """Everything about models that can be set; nothing is required, and without a model the panel follows its rules."""

    model_config = SettingsConfigDict(
        env_prefix="CONCLAVE_", frozen=True, hide_input_in_errors=True, extra="ignore", populate_by_name=True
    )

    provider: Annotated[
        Literal["auto", "anthropic", "ollama", "scripted", "rules"],
        Field(description="who is asked; auto takes Claude if there is a key, else Ollama if it answers, else rules"),
    ] = "auto"
    panel: Annotated[
        Literal["rules", "models", "hybrid"] | None,
        Field(description="who votes; hybrid, models and their rule-based twins, is the default where a model is"),
    ] = None
    on_model_failure: Annotated[
        Literal["rules", "abstain"],
        Field(description="whether the rules of a role vote when its model fails (a hybrid panel always abstains)"),
    ] = "rules"
    exchanges: Annotated[
        Literal["off", "record", "replay", "replay-or-live"],
        Field(description="whether exchanges with models are kept, and whether kept ones are taken instead of asking"),
    ] = "record"
    models: Annotated[
        dict[str, str],
        NoDecode,
        Field(description="a model of its own for a role: role=provider:model, comma-separated"),
    ] = Field(default_factory=dict)
    stream_models: Annotated[bool, Field(description="whether models' words appear on the feed as they come")] = True

    anthropic_api_key: Annotated[
        SecretStr | None, Field(validation_alias="ANTHROPIC_API_KEY", description="key for Claude")
    ] = None
    anthropic_base_url: Annotated[
        str | None, Field(validation_alias="ANTHROPIC_BASE_URL", description="where Claude is asked")
    ] = None
    anthropic_model: Annotated[str, Field(description="the model of Claude")] = "claude-sonnet-5-5"
    ollama_base_url: Annotated[str, Field(validation_alias="OLLAMA_BASE_URL", description="where Ollama is asked")] = (
        "http://127.0.0.1:11434"
    )
    ollama_model: Annotated[
        str | None, Field(description="the model of Ollama; by default the first that can use tools")
    ] = None
    ollama_num_ctx: Annotated[int, Field(ge=1_024, le=1_048_576, description="tokens of context")] = 8_192
    ollama_temperature: Annotated[float, Field(ge=0, le=2, description="0 takes the likeliest words")] = 0.0
    ollama_seed: Annotated[int, Field(ge=0, le=2**31 - 1, description="makes sampling repeatable")] = 7
    ollama_keep_alive: Annotated[str, Field(description="how long a model stays loaded")] = "5m"
    perplexity_api_key: Annotated[
        SecretStr | None,
        Field(validation_alias="PERPLEXITY_API_KEY", description="key for searching news where none is supplied"),
    ] = None
    perplexity_url: Annotated[str, Field(description="where news is searched")] = "https://api.perplexity.ai"
    perplexity_model: Annotated[str, Field(description="the searching model")] = "sonar"
    script: Annotated[Path | None, Field(description="file of answers for the provider `scripted`, JSONL")] = None
    hedge_model: Annotated[
        str | None,
        Field(
            pattern=r"^(anthropic|ollama|perplexity):.+$",
            description="provider:model that is asked too when another model of that provider is slower than its p95",
        ),
    ] = None

    model_timeout_seconds: Annotated[float, Field(ge=0.1, le=300, description="longest single request")] = 30.0
    model_concurrency: Annotated[int, Field(ge=1, le=1_000, description="requests at once to one provider")] = 32
    model_requests_per_minute: Annotated[
        int | None, Field(ge=1, le=1_000_000, description="requests a minute to one provider")
    ] = None
    budget_tokens_per_decision: Annotated[_Limit, Field(description="most tokens of one decision")] = None
    budget_tokens_per_day: Annotated[_Limit, Field(description="most tokens of one day, UTC")] = None
    budget_dollars_per_decision: Annotated[_Limit, Field(description="most money of one decision")] = None
    budget_dollars_per_day: Annotated[_Limit, Field(description="most money of one day, UTC")] = None
    budget_seconds_per_decision: Annotated[_Limit, Field(description="most model time of one decision")] = None
    budget_seconds_per_day: Annotated[_Limit, Field(description="most model time of one day, UTC")] = None

    @field_validator(*_MAY_BE_EMPTY, mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        if isinstance(value, str) and not value.strip():
            raise PydanticUseDefault
        return value

    @field_validator("anthropic_base_url", "ollama_base_url", "perplexity_url")
    @classmethod
    def _can_be_taken_apart(cls, value: str | None) -> str | None:
        """Refuse now what no client can be built with: later it would keep every decision from being made."""
        try:
            urlsplit(value or "").port  # noqa: B018 - raises where it is no number
        except ValueError:
            raise ValueError("must be an address such as http://127.0.0.1:11434") from None
        return value

    @field_validator("models", mode="before")
    @classmethod
    def _pairs(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [part.split("=", 1) for part in value.split(",") if part.strip()]
        if any(len(pair) != 2 for pair in pairs):
            raise ValueError("must be a list of role=provider:model, comma-separated")
        return {role.strip(): model.strip() for role, model in pairs}
