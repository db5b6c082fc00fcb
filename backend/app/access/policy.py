"""Who may call: Host and Origin on the allow-list, and the key where one is set."""

import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

from app.config import LOOPBACK_HOSTS, Settings
from app.domain.errors import InvalidInputError

Headers = Iterable[tuple[bytes, bytes]]

ANY = "*"
WILDCARD_ADDRESSES = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared with, never bound to
DEFAULT_PORTS = {"http": 80, "https": 443}


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host in LOOPBACK_HOSTS:
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_bind(settings: Settings) -> None:
    """Refuse to listen where others can call unless they must show a key.

    Raises:
        InvalidInputError: names the variable to set.
    """
    if not is_loopback(settings.host) and not settings.key():
        raise InvalidInputError(
            "Listening beyond this machine needs a key: set CONCLAVE_API_KEY, or listen on 127.0.0.1."
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a caller is turned away: `reason` is `host`, `origin` or `key`."""

    reason: str
    detail: str


_HOST = Refusal("host", "This Host is not on the allow-list; an operator can add it to CONCLAVE_ALLOWED_HOSTS.")
_ORIGIN = Refusal("origin", "This Origin is not on the allow-list; an operator can add it to CONCLAVE_ALLOWED_ORIGINS.")
_KEY = Refusal("key", "Send the key of this server: Authorization: Bearer, followed by the key.")


def _untold(_reason: str) -> None:
    """Nobody wants to know of refusals."""


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Decides by headers alone who may call.

    Args:
        hosts: lower-case `name` (any port) or `name:port`; `*` is every name.
        origins: lower-case `scheme://name[:port]` beside those of loopback; `*` is every origin.
        key: what a caller must show, or None.
        on_refusal: told the reason whenever somebody is turned away.
    """

    hosts: frozenset[str]
    origins: frozenset[str]
    key: bytes | None
    on_refusal: Callable[[str], None] = field(default=_untold, compare=False, repr=False)

    @classmethod
    def of(cls, settings: Settings, on_refusal: Callable[[str], None] = _untold) -> Self:
        """Read the policy from the settings: loopback, the address listened on, and what is allowed beside them."""
        bound = () if settings.host in WILDCARD_ADDRESSES else (settings.host,)
        names = (*LOOPBACK_HOSTS, *bound, *settings.allowed_hosts)
        key = settings.key()
        return cls(
            hosts=frozenset(name.lower().strip("[]") for name in names),
            origins=frozenset(origin.lower().rstrip("/") for origin in settings.allowed_origins),
            key=key.encode() if key else None,
            on_refusal=on_refusal,
        )

    def refusal(self, headers: Sequence[tuple[bytes, bytes]]) -> Refusal | None:
        """Say why a request must not reach the desk because of where it comes from; None lets it in."""
        if not self._admits_host(_values(headers, b"host")):
            return self._refuse(_HOST)
        return None if all(map(self._admits_origin, _values(headers, b"origin"))) else self._refuse(_ORIGIN)

    def key_refusal(self, headers: Sequence[tuple[bytes, bytes]]) -> Refusal | None:
        """Say that the key is missing or wrong; None when it is right or none is set."""
        if self.key is None:
            return None
        shown = _values(headers, b"authorization")
        scheme, _, token = shown[0].partition(" ") if len(shown) == 1 else ("", "", "")
        return None if scheme.lower() == "bearer" and self.is_key(token.strip()) else self._refuse(_KEY)

    def is_key(self, shown: str) -> bool:
        """Compare in constant time."""
        return self.key is not None and hmac.compare_digest(shown.encode("utf-8", "replace"), self.key)

    def _refuse(self, refusal: Refusal) -> Refusal:
        self.on_refusal(refusal.reason)
        return refusal

    def _admits_host(self, values: Sequence[str]) -> bool:
        if len(values) != 1:
            return False
        name = _name_and_port(values[0])
        return name is not None and (ANY in self.hosts or not self.hosts.isdisjoint(name))

    def _admits_origin(self, origin: str) -> bool:
        if ANY in self.origins or origin.lower() in self.origins:
            return True
        try:
            parts = urlsplit(origin)
            return parts.scheme in DEFAULT_PORTS and parts.hostname is not None and is_loopback(parts.hostname)
        except ValueError:
            return False


def shows_key(headers: Headers) -> bool:
    """Whether the caller sent an Authorization header at all."""
    return any(name == b"authorization" for name, _ in headers)


def _values(headers: Headers, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in headers if name == wanted]


def _name_and_port(host: str) -> tuple[str, str] | None:
    """Return the bare name and name:port of a Host header; None when it is none."""
    try:
        parts = urlsplit(f"//{host.strip()}")
        name, port = parts.hostname, parts.port
    except ValueError:
        return None
    is_plain = parts.netloc == host.strip() and parts.username is None
    return (name, f"{name}:{port}") if name and is_plain else None
