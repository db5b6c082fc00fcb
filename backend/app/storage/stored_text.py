"""A column of text that is ordered alike by every database, and may be asked for any text."""

from typing import Final

from sqlalchemy import Dialect, String, TypeDecorator
from sqlalchemy.types import TypeEngine

POSTGRESQL: Final = "postgresql"


class StoredText(TypeDecorator[str]):
    """Text in the order of its code points, as Python and SQLite have it.

    PostgreSQL would else order it by the rules of a language, which differ between servers and between their versions.
    """

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[str]:
        """Return the type of the database."""
        return dialect.type_descriptor(String(collation="C") if dialect.name == POSTGRESQL else String())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return what is looked for."""
        return value if value is None or dialect.name != POSTGRESQL else holdable(value)


def holdable(text: str) -> str:
    """Return `text` as PostgreSQL can hold it: U+FFFD stands for U+0000, the one character that it refuses."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
