"""What Anthropic refuses in the fields of a request, tools and turns aside."""

from collections.abc import Mapping
from typing import Any, Final

from app.testing.fake_models.conversation import RefusedError
from app.testing.fake_models.schema_shape import is_schema

REQUIRED: Final = ("model", "max_tokens", "messages")
SAMPLING: Final = ("temperature", "top_p", "top_k")
KNOWN: Final = frozenset(
    {
        *REQUIRED,
        "system",
        "tools",
        "tool_choice",
        "output_config",
        "thinking",
        "cache_control",
        "container",
        "diagnostics",
        "inference_geo",
        "metadata",
        "service_tier",
        "speed",
        "stop_sequences",
        "stream",
        "user_profile_id",
        "workspace_id",
    }
)
MOST_TOKENS: Final = 128_000
LEAST_BUDGET: Final = 1_024
EFFORTS: Final = ("low", "medium", "high", "xhigh", "max")
THINKING: Final = ("adaptive", "enabled", "disabled", "between_tools")


def check_fields(fields: Mapping[str, Any]) -> None:
    """Accept the fields of a request.

    Raises:
        RefusedError: one is missing, unknown, of the wrong type or no longer accepted.
    """
    for name in SAMPLING:
        if name in fields:
            raise RefusedError(400, f"{name}: sampling parameters are not accepted by this model")
    for name in REQUIRED:
        if name not in fields:
            raise RefusedError(400, f"{name}: Field required")
    for name in fields:
        if name not in KNOWN:
            raise RefusedError(400, f"{name}: Extra inputs are not permitted")
    _check_plain(fields)
    _check_output_config(fields.get("output_config"))
    _check_thinking(fields.get("thinking"), fields["max_tokens"])


def _check_plain(fields: Mapping[str, Any]) -> None:
    most = fields["max_tokens"]
    if not isinstance(fields["model"], str):
        raise RefusedError(400, "model: Input should be a valid string")
    if not isinstance(most, int) or isinstance(most, bool):
        raise RefusedError(400, "max_tokens: Input should be a valid integer")
    if not 0 <= most <= MOST_TOKENS:
        raise RefusedError(400, f"max_tokens: Input should be between 0 and {MOST_TOKENS}")
    if not isinstance(fields.get("stream", False), bool):
        raise RefusedError(400, "stream: Input should be a valid boolean")
    if not isinstance(fields.get("system", ""), str) and not _are_texts(fields["system"]):
        raise RefusedError(400, "system: Input should be a valid string or list of text blocks")


def _are_texts(blocks: Any) -> bool:
    return isinstance(blocks, list) and all(
        isinstance(each, dict) and each.get("type") == "text" and isinstance(each.get("text"), str) for each in blocks
    )


def _check_output_config(config: Any) -> None:
    if config is None:
        return
    if not isinstance(config, dict) or config.keys() - {"effort", "format"}:
        raise RefusedError(400, "output_config: Extra inputs are not permitted")
    if config.get("effort") not in (None, *EFFORTS):
        raise RefusedError(400, "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'")
    wanted = config.get("format")
    if wanted is None:
        return
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema" or "schema" not in wanted:
        raise RefusedError(400, "output_config.format: Input should be a json_schema with a schema")
    if not is_schema(wanted["schema"]):
        raise RefusedError(400, "output_config.format.schema: JSON schema is invalid")


def _check_thinking(thinking: Any, max_tokens: int) -> None:
    if thinking is None:
        return
    if not isinstance(thinking, dict) or thinking.get("type") not in THINKING:
        raise RefusedError(400, "thinking: Input tag does not match any of the expected tags")
    budget = thinking.get("budget_tokens")
    if thinking["type"] == "enabled" and not (isinstance(budget, int) and LEAST_BUDGET <= budget < max_tokens):
        raise RefusedError(400, "thinking.enabled.budget_tokens: Input should be at least 1024 and below max_tokens")
