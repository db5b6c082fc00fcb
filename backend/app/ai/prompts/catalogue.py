"""The prompts: one file for each version of each, named by id and version, never changed once in use."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from app.domain.errors import NotFoundError

FOLDER: Final = Path(__file__).with_name("texts")
_FILE_NAME: Final = re.compile(r"([a-z_]+)@(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A text with its name.

    Args:
        reference: id and version, such as `market_analyst@1.0.0`.
        sha256: of the text, in hex.
    """

    reference: str
    sha256: str
    text: str


@cache
def read(reference: str) -> Prompt:
    """Return the prompt of that id and version.

    Raises:
        NotFoundError: there is none.
    """
    if reference not in references():
        raise NotFoundError("There is no prompt of this id and version here.")
    text = (FOLDER / f"{reference}.md").read_text(encoding="utf-8").strip()
    return Prompt(reference, hashlib.sha256(text.encode()).hexdigest(), text)


@cache
def newest(prompt_id: str) -> Prompt:
    """Return the newest version of a prompt.

    Raises:
        NotFoundError: there is none of that id.
    """
    versions = [each for each in references() if each.startswith(f"{prompt_id}@")]
    if not versions:
        raise NotFoundError("There is no prompt of this id here.")
    return read(max(versions, key=_version))


@cache
def references() -> tuple[str, ...]:
    """Return every id with every version, in order of name."""
    return tuple(sorted(each.stem for each in FOLDER.glob("*.md") if _FILE_NAME.fullmatch(each.stem)))


def _version(reference: str) -> tuple[int, ...]:
    return tuple(map(int, reference.partition("@")[2].split(".")))
