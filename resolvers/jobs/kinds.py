"""Kinds of jobs: what is declared of each once, and what does the work."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from random import uniform
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resolvers.jobs.context import JobContext


CONTENT = "content"
"""The queue of work on content, for which processes can be set apart (spec/content-api.md, "Scalability")."""


@dataclass(frozen=True)
class Places:
    """How many jobs of a queue run side by side in a process: so many of each, and of some queues others, or none."""

    usual: int = 4
    special: Mapping[str, int] = field(default_factory=dict)

    def of(self, queue: str) -> int:
        """How many of one queue."""
        return self.special.get(queue, self.usual)

    def served(self, queues: Iterable[str]) -> list[str]:
        """The queues of which there are any."""
        return [queue for queue in queues if self.of(queue)]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of jobs. Jobs of one `queue` run side by side as far as a process allows.

    After a failed attempt that may be made again there is a pause of `first_pause` seconds, then of twice as much, up
    to `longest_pause`; an attempt that takes more than `time_limit` seconds is one of these.
    """

    name: str
    queue: str = "default"
    attempts: int = 5
    first_pause: float = 2.0
    longest_pause: float = 600.0
    time_limit: float = 3600.0

    def pause(self, attempt: int) -> float:
        """Seconds until the next attempt after the one with this number, which is 1 for the first: random by a tenth.

        Jobs that failed together for the same reason should not all come back at once.
        """
        return min(self.first_pause * 2.0 ** min(attempt - 1, 30), self.longest_pause) * uniform(0.9, 1.1)  # noqa: S311 -- no secret


Handler = Callable[["JobContext"], Awaitable[Any]]
"""Does the work of one attempt, and returns the result, which is JSON.

It may be called again after it was stopped anywhere: each step is one that can be repeated, or is remembered before the
next one begins. It raises one of `resolvers.jobs.errors` to end otherwise.
"""

Handlers = Mapping[Kind, Handler]
"""What a process can do: jobs of other kinds it leaves to others."""
