"""What the LMS offers to programs: runs of a course, with the modes that learners may enroll in."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from edx.lms import Mode
from resolvers.access import Permission
from resolvers.context import Context
from resolvers.contracts.runs import runs_of_contracts
from resolvers.errors import FeatureDisabled
from resolvers.features import Feature
from resolvers.grants import require_some
from resolvers.programs.offers import OfferedRun
from schema.features import Needs

Info = strawberry.Info[Context, None]


@strawberry.type(description="A mode in which the LMS lets learners enroll in a run.")
class AvailableMode:
    """A mode."""

    slug: str = strawberry.field(description="Slug of the mode, such as `verified`.")
    display_name: str = strawberry.field(description="Name for people; may be empty.")
    sku: str = strawberry.field(description="SKU of the mode's product, or empty.")
    price: int = strawberry.field(description="Least price in whole units of the currency.")
    currency: str = strawberry.field(description="Currency, such as `usd`.")
    expires_at: datetime | None = strawberry.field(description="Until when one may enroll in it; null: no end.")

    @classmethod
    def of(cls, mode: Mode) -> "AvailableMode":
        """As GraphQL has it."""
        return cls(
            slug=mode.slug, display_name=mode.name, sku=mode.sku, price=mode.price, currency=mode.currency,
            expires_at=mode.expires,
        )  # fmt: skip


@strawberry.type(description="A run that the LMS offers, as it says itself: the catalog need not know it yet.")
class AvailableRun:
    """A run."""

    key: str = strawberry.field(description="Course key, such as `course-v1:ANUx+ASTRO2X+2B3T2015`.")
    display_name: str = strawberry.field(description="Title of the run.")
    start: datetime | None = strawberry.field(description="When it starts.")
    end: datetime | None = strawberry.field(description="When it ends.")
    modes: list[AvailableMode] = strawberry.field(description="Modes of the run.")

    @classmethod
    def of(cls, offered: OfferedRun) -> "AvailableRun":
        """As GraphQL has it."""
        run = offered.run
        modes = [AvailableMode.of(mode) for mode in offered.modes]
        return cls(key=str(run.key), display_name=run.name, start=run.start, end=run.end, modes=modes)


def available_runs(description: str) -> Any:
    """The field that asks the LMS for the runs of one course."""
    return strawberry.field(resolver=_available_runs, description=description, extensions=[Needs(Feature.PROGRAMS)])


async def _available_runs(
    info: Info,
    organization: Annotated[str, strawberry.argument(description="Key of the organization, in any case.")],
    course: Annotated[str, strawberry.argument(description="Course number, such as `ASTRO2X`, in any case.")],
) -> list[AvailableRun]:
    """Ask the LMS. Raises Forbidden, ServiceUnavailable, and FeatureDisabled where none is configured."""
    context = info.context
    if not context.viewer.may(Permission.CHANGE_PROGRAMS):
        await context.changing(lambda session: require_some(session, context.viewer, Permission.CHANGE_PROGRAMS))
    if context.offers is None:
        raise FeatureDisabled("This installation has no LMS to ask.")
    await context.snapshot.release()  # the LMS may take its time
    found = await context.offers.of_course(organization, course)
    hidden = set[str]()
    if not context.viewer.may(Permission.SEE_CONTRACTS):
        keys = [str(each.run.key) for each in found]
        hidden = await context.changing(lambda session: runs_of_contracts(session, keys))
    return [AvailableRun.of(each) for each in found if each.run.key.folded not in hidden]
