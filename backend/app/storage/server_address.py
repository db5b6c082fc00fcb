"""Where a PostgreSQL server is: the URL as it was given, and what of it may be shown."""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from app.domain.errors import FieldError, InvalidInputError

_SCHEMES: Final = ("postgresql", "postgres", "postgresql+asyncpg")
_HOSTS: Final = re.compile(r"(?:[\w.-]+|\[[0-9a-fA-F:.]+\])?(?::\d{1,5})?(?:,[\w.-]+(?::\d{1,5})?)*")
_DATABASE: Final = re.compile(r"/?[\w.-]*")
OURS: Final = "conclave"


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A server and one of its databases.

    Args:
        url: with user and password; never shown.
        shown: host, port and database alone.
        application: the name under which the server lists our connections.
    """

    url: str = field(repr=False)
    shown: str
    application: str

    @classmethod
    def parse(cls, url: str) -> "ServerAddress":
        """Read a URL such as `postgresql://desk:secret@host:5432/conclave?sslmode=require`.

        Raises:
            InvalidInputError: it is none of a PostgreSQL database; it is not repeated.
        """
        try:
            parts = urlsplit(url.strip())
        except ValueError:
            raise _not_understood() from None
        if parts.scheme not in _SCHEMES:
            raise _not_understood()
        plain = parts._replace(scheme="postgresql").geturl()
        names = parse_qs(parts.query).get("application_name", [OURS])
        return cls(plain, _shown(parts), names[0])


def _shown(parts: SplitResult) -> str:
    hosts = parts.netloc.rpartition("@")[2]
    if _HOSTS.fullmatch(hosts) and _DATABASE.fullmatch(parts.path):
        return f"postgresql://{hosts}{parts.path}"
    return "the database of POSTGRES_URL"


def _not_understood() -> InvalidInputError:
    why = "POSTGRES_URL is no address of a PostgreSQL database; write postgresql://user:password@host:5432/database."
    return InvalidInputError(why, [FieldError("POSTGRES_URL", why)])
