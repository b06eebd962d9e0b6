"""How much a viewer may still ask for."""

from typing import NamedTuple, Protocol

from resolvers.access import Viewer

POINTS = 6_000
"""How many points a viewer has in a minute, if nobody says otherwise."""


class Allowance(NamedTuple):
    """What a caller has: `remaining` of `limit` points, all of them again in `reset` seconds, `cost` taken just now."""

    limit: int
    remaining: int
    reset: float
    cost: int = 0


class Meter(Protocol):
    """Knows what viewers have."""

    async def standing(self, viewer: Viewer) -> Allowance:
        """What a viewer has; nothing is taken."""
        ...
