"""Whether somebody changed what an instance has since it was pushed, as far as that can be known.

Studio rewrites files when it imports them, so that what comes back is never the archive that was sent. What is compared
is what the course says (`canonical`), with what was pushed and, where it was looked at, with what Studio made of that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from db.tables import InstanceContent

MOST_NAMED = 100


class Drift(StrEnum):
    """What is known of out-of-band changes."""

    UNKNOWN = "unknown"  # nobody has looked since the last push
    NONE = "none"
    POSSIBLE = "possible"  # it is not what was pushed, which may be Studio's own doing
    CHANGED = "changed"


def drift_of(row: InstanceContent) -> Drift:
    """What a row tells."""
    if row.pulled_at is None or row.pushed_at is None or row.pulled_at < row.pushed_at:
        return Drift.UNKNOWN
    if row.pulled_digest in {row.pushed_digest, row.baseline}:
        return Drift.NONE
    return Drift.POSSIBLE if row.baseline is None else Drift.CHANGED


def has_drifted(drift: Drift) -> bool | None:
    """Whether it was changed; None where that is not known."""
    return {Drift.NONE: False, Drift.CHANGED: True}.get(drift)


@dataclass(frozen=True, slots=True)
class Differences:
    """The names of parts that differ between what was pushed and what came back."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    @classmethod
    def between(cls, pushed: Mapping[str, str], pulled: Mapping[str, str]) -> "Differences":
        """Those of two sets of parts (`canonical.parts_of`)."""
        return cls(
            tuple(name for name in pulled if name not in pushed),
            tuple(name for name in pushed if name not in pulled),
            tuple(name for name in pulled if name in pushed and pulled[name] != pushed[name]),
        )

    def as_data(self) -> dict[str, Any]:
        """The same for the result of a job, a hundred names of each kind at most."""
        named = {"added": self.added, "removed": self.removed, "changed": self.changed}
        return {
            **{name: list(names[:MOST_NAMED]) for name, names in named.items()},
            "count": sum(len(names) for names in named.values()),
        }
