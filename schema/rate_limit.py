"""How much the caller may still ask for."""

from datetime import datetime, timedelta

import strawberry

from db.tables import now
from resolvers.context import Context


@strawberry.type(
    description="Points of the caller: operations take one for each hundred of their cost, and one at least."
)
class RateLimit:
    """What the caller may still ask for."""

    limit: int = strawberry.field(description="Points in all.")
    remaining: int = strawberry.field(description="Points left, after this operation.")
    used: int = strawberry.field(description="Points that count as spent.")
    reset_at: datetime = strawberry.field(description="When all points are back if no more are spent.")


async def rate_limit(info: strawberry.Info[Context, None]) -> RateLimit | None:
    """The standing of the viewer."""
    if info.context.meter is None:
        return None
    found = await info.context.meter.standing(info.context.viewer)
    used = found.limit - found.remaining
    return RateLimit(
        limit=found.limit, remaining=found.remaining, used=used, reset_at=now() + timedelta(seconds=found.reset)
    )
