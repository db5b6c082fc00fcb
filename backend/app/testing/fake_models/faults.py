"""Faults that are switched on, and the book of those that wait for requests."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from app.domain.errors import InvalidInputError
from app.testing.fake_models.fault_kinds import KINDS, PROVIDERS, STATUSES, Kind, Stage


@dataclass(slots=True)
class Fault:
    """A fault that waits for requests.

    Args:
        value: what followed the colon.
        times: how often it still strikes; None is for ever.
        after: how many requests it still lets pass.
        match: text that must occur in the request's body.
        path: the route it waits on, such as /api/tags; empty stands for the route that asks the model.
    """

    provider: str
    kind: str
    value: str = ""
    times: int | None = None
    after: int = 0
    match: str | None = None
    path: str = ""

    @property
    def stage(self) -> Stage:
        """When it strikes."""
        return KINDS[self.kind].stage

    def number(self, default: float) -> float:
        """Return what followed the colon as a number."""
        return float(self.value) if self.value else default

    def as_dict(self) -> dict[str, Any]:
        """Return the fault as the control routes show it."""
        spelled = f"{self.kind}:{self.value}" if self.value else self.kind
        options = {"times": self.times, "after": self.after, "match": self.match, "path": self.path or None}
        return {"provider": self.provider, "fault": spelled, **options}


class FaultBook:
    """The faults that are switched on, in the order in which they were."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Switch a fault on."""
        self._faults.append(fault)

    def take(self, provider: str, path: str, body: bytes, fits: Callable[[Fault], bool]) -> Fault | None:
        """Return the first fault that strikes this request, if any; `fits` says which could."""
        for fault in self._faults:
            if (fault.provider, fault.path) == (provider, path) and _matches(fault, body) and fits(fault):
                if fault.after > 0:
                    fault.after -= 1
                    continue
                return self._struck(fault)
        return None

    def clear(self) -> None:
        """Switch everything off."""
        self._faults.clear()

    def as_list(self) -> list[dict[str, Any]]:
        """Return what is switched on."""
        return [fault.as_dict() for fault in self._faults]

    def _struck(self, fault: Fault) -> Fault:
        if fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self._faults.remove(fault)
        return fault


def read_fault(provider: str, spelled: str, **options: Any) -> Fault:
    """Return the fault that is spelled like `hang`, `status:529` or just `529`.

    Raises:
        InvalidInputError: no such provider or fault, or not with that value; says what there is.
    """
    if provider not in PROVIDERS:
        raise InvalidInputError(f"There is no provider of that name. Choose {_listed(PROVIDERS)}.")
    kind, _, value = spelled.partition(":")
    if kind.isdecimal():
        kind, value = "status", kind
    if kind not in KINDS:
        raise InvalidInputError(f"There is no fault of that name. Choose {_listed(KINDS)}.")
    _check(provider, kind, value)
    return Fault(provider, kind, value, **options)


def _check(provider: str, kind: str, value: str) -> None:
    about = KINDS[kind]
    if about.only not in (None, provider):
        raise InvalidInputError(f"The fault {kind} is for {about.only} alone.")
    if not value and not about.needs_value:
        return
    if not _may_follow(about, value):
        raise InvalidInputError(f"The fault {kind} does not go with that value: {about.meaning}.")


def _may_follow(about: Kind, value: str) -> bool:
    match about.takes:
        case "status":
            return value.isdecimal() and int(value) in STATUSES
        case "number":
            return value.replace(".", "", 1).isdecimal()
    return value in about.words


def _matches(fault: Fault, body: bytes) -> bool:
    return fault.match is None or fault.match.encode() in body


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}"
