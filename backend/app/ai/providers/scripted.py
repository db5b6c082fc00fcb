"""A model that says what it was told to say, for tests and demonstrations."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from app.domain.completions import Completion, ModelRequest
from app.domain.errors import InvalidInputError, ProviderError
from app.ports.provider import Inquiry

Line = Completion | ProviderError
Script = Iterable[Line] | Callable[[ModelRequest], Completion]


class ScriptedProvider:
    """Gives the lines of its script in order, one for each request, or asks a function for them.

    Args:
        script: answers and errors, or a function that gives the answer to a request.
        name: the vendor it stands in for.
        takes_tools_with_schema: as that vendor does.
    """

    is_billed = False

    def __init__(self, script: Script, name: str = "scripted", takes_tools_with_schema: bool = True) -> None:
        self.name = name
        self.takes_tools_with_schema = takes_tools_with_schema
        self._answer = script if callable(script) else _Reader(iter(script))

    @classmethod
    def from_file(cls, path: Path, **settings: Any) -> "ScriptedProvider":
        """Read a script of lines `{"completion": …}` or `{"error": {"kind", "message", …}}`.

        Raises:
            InvalidInputError: a line cannot be read; the message says which.
        """
        lines = path.read_bytes().splitlines()
        return cls([_line(place, each) for place, each in enumerate(lines, 1) if each.strip()], **settings)

    async def complete(self, request: ModelRequest, inquiry: Inquiry) -> Completion:
        """Return the next answer; see `Provider.complete`.

        Raises:
            ProviderError: it is an error's turn, or `not_recorded` when the script has ended.
        """
        completion = self._answer(request)
        if inquiry.heard is not None and completion.text:
            inquiry.heard(completion.text)
        return completion

    async def close(self) -> None:
        """Do nothing; there is nothing to let go of."""


class _Reader:
    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines

    def __call__(self, request: ModelRequest) -> Completion:
        line = next(self._lines, None)
        if line is None:
            raise ProviderError("not_recorded", "The script has ended: it holds no answer to this request.")
        if isinstance(line, ProviderError):
            raise line
        return line


def _line(place: int, text: bytes) -> Line:
    try:
        match orjson.loads(text):
            case {"completion": dict(fields)}:
                return Completion.from_dict(fields)
            case {"error": dict(fields)}:
                return ProviderError(**fields)
    except (ValueError, KeyError, TypeError):
        pass
    raise InvalidInputError(f"Line {place} of the script is neither a completion nor an error.")
