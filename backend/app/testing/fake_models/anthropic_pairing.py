"""What Anthropic refuses in a conversation: tool calls without their result, and thinking that was altered or lost."""

from collections.abc import Iterator, Sequence

from app.testing.fake_models.anthropic_replies import signature
from app.testing.fake_models.anthropic_turns import Turn
from app.testing.fake_models.conversation import RefusedError


def check_turns(said: Sequence[Turn], thinks: bool) -> None:
    """Accept the conversation.

    Raises:
        RefusedError: a tool call and its result do not pair up, thinking is not ours or is missing, or the
            conversation ends with words put into the model's mouth.
    """
    for before, turn in zip((None, *said), said, strict=False):
        _check_results(before, turn)
    for turn, after in zip(said, (*said[1:], None), strict=True):
        _check_answered(turn, after)
        _check_signatures(turn)
    if thinks:
        _check_thinking_kept(said)
    if said[-1].role == "assistant":
        raise RefusedError(400, "This model does not support assistant message prefill: end with a user message.")


def _check_answered(turn: Turn, after: Turn | None) -> None:
    wanted = turn.tool_use_ids
    if len(set(wanted)) < len(wanted):
        raise RefusedError(400, f"messages.{turn.place}: `tool_use` ids must be unique")
    first = after.blocks[: len(wanted)] if after else ()
    missing = [each for each in wanted if each not in {block.get("tool_use_id") for block in first}]
    if missing:
        raise RefusedError(
            400,
            f"messages.{turn.place}: `tool_use` ids were found without `tool_result` blocks immediately after: "
            f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` block in the "
            "next message.",
        )


def _check_results(before: Turn | None, turn: Turn) -> None:
    open_calls = before.tool_use_ids if before else []
    for number, block in enumerate(turn.blocks):
        if block["type"] != "tool_result":
            continue
        if block["tool_use_id"] not in open_calls:
            raise RefusedError(
                400,
                f"messages.{turn.place}.content.{number}: unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{block['tool_use_id']}. Each `tool_result` block must have a corresponding `tool_use` block in the "
                "previous message.",
            )
        open_calls.remove(block["tool_use_id"])


def _check_signatures(turn: Turn) -> None:
    for number, block in enumerate(turn.blocks):
        if block["type"] == "thinking" and block["signature"] != signature(block["thinking"], turn.tool_use_ids):
            raise RefusedError(400, f"messages.{turn.place}.content.{number}: Invalid `signature` in `thinking` block")


def _check_thinking_kept(said: Sequence[Turn]) -> None:
    """Every turn that called tools since the user last spoke must still begin with its thinking."""
    for turn in _since_the_user_spoke(said):
        if turn.tool_use_ids and turn.blocks[0]["type"] not in {"thinking", "redacted_thinking"}:
            raise RefusedError(
                400,
                f"messages.{turn.place}.content.0.type: Expected `thinking` or `redacted_thinking`, but found "
                f"`{turn.blocks[0]['type']}`. When `thinking` is enabled, a final `assistant` message must start with "
                "a thinking block.",
            )


def _since_the_user_spoke(said: Sequence[Turn]) -> Iterator[Turn]:
    for turn in reversed(said):
        if turn.role == "user" and not turn.answers_tools:
            return
        yield turn
