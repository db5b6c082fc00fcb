"""What is allowed of tools at the moment: how long each may take, and which rest after failing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

USUAL_TIMEOUT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class ToolPolicy:
    """The rules that one decision's tools are run by.

    Args:
        version: rises by one whenever the content changes.
        timeouts_s: longest run by tool name; a tool that is not named has 2 s.
        suspended: tools that failed too often lately and are not run.
        probing: tools that were suspended and are tried again in this decision.
    """

    version: int = 0
    timeouts_s: Mapping[str, float] = field(default_factory=dict)
    suspended: frozenset[str] = frozenset()
    probing: frozenset[str] = frozenset()

    def timeout_s(self, name: str) -> float:
        """Return the longest run of a tool."""
        return self.timeouts_s.get(name, USUAL_TIMEOUT_S)

    def suspends(self, name: str) -> bool:
        """Whether the tool is not to be run; one that is being tried again is."""
        return name in self.suspended and name not in self.probing

    def as_dict(self) -> dict[str, Any]:
        """Return the policy as it stands in the evidence and in answers."""
        return {
            "version": self.version,
            "timeouts_s": dict(sorted(self.timeouts_s.items())),
            "suspended": sorted(self.suspended),
            "probing": sorted(self.probing),
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Read what `as_dict` wrote."""
        suspended, probing = frozenset(fields["suspended"]), frozenset(fields["probing"])
        return cls(fields["version"], dict(fields["timeouts_s"]), suspended, probing)


DEFAULT: Final = ToolPolicy()
