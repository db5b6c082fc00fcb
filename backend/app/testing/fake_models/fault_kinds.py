"""The faults there are, when each strikes and what may follow its name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Stage = Literal["arrival", "reply", "bytes"]
PROVIDERS: Final = ("anthropic", "ollama", "perplexity")
STATUSES: Final = (400, 401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 529)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault.

    Args:
        stage: before the request is read, on the reply, or on its bytes.
        takes: what may follow the colon: nothing, a number, or one of these words.
        needs_value: whether something has to.
        only: the one provider it makes sense for.
    """

    stage: Stage
    meaning: str
    takes: Literal["nothing", "number", "status", "words"] = "nothing"
    words: tuple[str, ...] = ()
    needs_value: bool = False
    only: str | None = None


KINDS: Final[Mapping[str, Kind]] = {
    "status": Kind("arrival", "the vendor's error of that status, such as status:529", "status", needs_value=True),
    "retry_after": Kind("arrival", "429 with Retry-After in seconds, such as retry_after:900", "number", (), True),
    "hang": Kind("arrival", "no answer until the client leaves"),
    "drop": Kind("arrival", "the socket is closed before any byte"),
    "html": Kind("arrival", "a web page with status 200"),
    "empty_json": Kind("arrival", "{} with status 200"),
    "wrong_shape": Kind("arrival", "JSON of another shape with status 200"),
    "schema_ignored": Kind("reply", "prose where JSON was asked for"),
    "out_of_range": Kind("reply", "a confidence of 85"),
    "bad_tool_arguments": Kind("reply", "a tool call with arguments its schema does not know"),
    "unknown_tool": Kind("reply", "a call of a tool that was not offered"),
    "tool_loop": Kind("reply", "tool calls for ever"),
    "max_tokens": Kind("reply", "a text that stops half-way because of the token limit"),
    "refusal": Kind("reply", "the model declines"),
    "huge": Kind("reply", "ten megabytes of text"),
    "bad_json": Kind("bytes", "JSON that breaks off, in a complete body"),
    "cut": Kind("bytes", "half the answer; cut:socket also breaks the connection of a stream", "words", ("socket",)),
    "stream_error": Kind("bytes", "an error inside a stream under status 200"),
    "slow": Kind("bytes", "one byte a second, or another pace in seconds: slow:0.1", "number"),
    "blank_line": Kind("bytes", "an empty line between the lines of a stream", only="ollama"),
}
STREAM_ONLY: Final = frozenset({"stream_error", "blank_line"})
