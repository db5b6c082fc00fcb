"""What the units of one transaction share: they run one by one, and what is better done once waits for its end."""

from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import Connection

_SHARED: Final = "conclave_shared"


class Shared(Protocol):
    """Something that lasts as long as a transaction."""

    def write(self, connection: Connection) -> None:
        """Make the writes that were put off; called once, before the commit."""


Kind = TypeVar("Kind", bound=Shared)


def run_together(connection: Connection, works: Iterable[Callable[[Connection], Any]]) -> list[Any]:
    """Run units of work in the transaction of `connection`, then what they put off; return what each came to."""
    shared: dict[type[Shared], Shared] = {}
    connection.info[_SHARED] = shared
    try:
        results = [work(connection) for work in works]
        for each in shared.values():
            each.write(connection)
        return results
    finally:
        del connection.info[_SHARED]


def shared_in(connection: Connection, kind: type[Kind]) -> Kind:
    """Return the one `kind` of the running transaction, made when it is first asked for."""
    shared: dict[type[Shared], Any] = connection.info[_SHARED]
    if kind not in shared:
        shared[kind] = kind()
    return shared[kind]  # type: ignore[no-any-return]
