"""How content is used, for those who look after the installation (spec/content-api.md, "Observability")."""

from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import Annotated, Any, TypeVar

import strawberry

from db import tables
from db.tables import now
from resolvers.access import Permission
from resolvers.context import Context
from resolvers.errors import Forbidden
from resolvers.features import Feature
from resolvers.plan.declare import attribute, linked
from resolvers.usage import reading, types, usage_of
from resolvers.usage.reading import Bucket, Dimension, Wanted, run_ids
from schema.course_run import CourseRun
from schema.features import Needs

Info = strawberry.Info[Context, None]
E = TypeVar("E", bound=StrEnum)
USUAL = timedelta(days=1)


@strawberry.enum(
    description="How long the periods are that are told apart; they begin with the hour or the day in UTC."
)
class ContentUsageBucket(Enum):
    """Lengths of periods."""

    FIVE_MINUTES = strawberry.enum_value(Bucket.FIVE_MINUTES.value, description="Five minutes.")
    HOUR = strawberry.enum_value(Bucket.HOUR.value, description="An hour.")
    DAY = strawberry.enum_value(Bucket.DAY.value, description="A day.")


@strawberry.enum(description="What operations on content can be told apart by.")
class ContentUsageDimension(Enum):
    """Dimensions."""

    APPLICATION = strawberry.enum_value(Dimension.APPLICATION.value, description="The application.")
    USERNAME = strawberry.enum_value(Dimension.USERNAME.value, description="Who did it.")
    OPERATION = strawberry.enum_value(Dimension.OPERATION.value, description="The operation.")
    BLOCK_TYPE = strawberry.enum_value(
        Dimension.BLOCK_TYPE.value, description="The types of blocks; an operation on several counts once for each."
    )
    COURSE_RUN = strawberry.enum_value(Dimension.COURSE_RUN.value, description="The run.")
    OUTCOME = strawberry.enum_value(Dimension.OUTCOME.value, description="What came of it.")


@strawberry.input(description="Which operations on content to count.")
class ContentUsageFilter:
    """Conditions on operations."""

    since: datetime | None = strawberry.field(
        default=None, description="They began at this time or later; by default a day before the end."
    )
    until: datetime | None = strawberry.field(default=None, description="They began before this time; by default now.")
    application: list[str] | None = strawberry.field(
        default=None,
        description="Through one of these applications: client ids, `lms` for tokens of the LMS, or `command line`.",
    )
    username: list[str] | None = strawberry.field(default=None, description="By one of these users.")
    operation: list[str] | None = strawberry.field(
        default=None, description="One of these operations: names of mutations and fields, such as `importCourse`."
    )
    block_type: list[str] | None = strawberry.field(
        default=None, description="They touched blocks of one of these types; those on several count once for each."
    )
    course_run: list[str] | None = strawberry.field(default=None, description="On runs with one of these course keys.")
    outcome: list[str] | None = strawberry.field(
        default=None, description="With one of these outcomes: `ok`, `validated`, or the code of an error."
    )


@strawberry.type(description="Operations on content that are alike in what is told apart.")
class ContentUsageGroup:
    """A group."""

    application: str | None = attribute("application", "The application; null where these are not told apart.")
    username: str | None = attribute("username", "Who did it; null where these are not told apart.")
    operation: str | None = attribute("operation", "The operation; null where these are not told apart.")
    block_type: str | None = attribute("block_type", "Type of the blocks; null where these are not told apart.")
    course_run: CourseRun | None = linked(
        "run_id", tables.CourseRun.id, "The run; null where these are not told apart, or where it is gone."
    )
    outcome: str | None = attribute("outcome", "What came of it; null where these are not told apart.")
    count: int = attribute("count", "How many operations there were.")
    failed: int = attribute("failed", "How many of them came to nothing.")
    block_count: int = attribute("blocks", "How many blocks they touched; 0 where types are not told apart.")
    p50_milliseconds: float | None = attribute("p50", "How long half of them took at most, to within a tenth.")
    p99_milliseconds: float | None = attribute("p99", "How long 99 of a hundred took at most, to within a tenth.")


@strawberry.type(description="How content was used in a period.")
class ContentUsagePeriod:
    """A period."""

    starts_at: datetime = attribute("start", "When it begins.")
    ends_at: datetime = attribute("end", "When it ends.")
    count: int = attribute("count", "How many operations began in it.")
    failed: int = attribute("failed", "How many of them came to nothing.")
    p50_milliseconds: float | None = attribute("p50", "How long half of them took at most; null where there were none.")
    p99_milliseconds: float | None = attribute("p99", "How long 99 of a hundred took at most.")
    queue_depth: int = attribute("depth", "How many jobs on content waited at once, at most.")
    longest_wait_milliseconds: float | None = attribute(
        "wait", "How long the one of those waited longest that were taken up in the period."
    )
    groups: list[ContentUsageGroup] = attribute("groups", "The operations told apart, the most frequent ones first.")


@strawberry.type(description="A setting of a type of blocks, of all runs together.")
class BlockTypeUsageSetting:
    """A setting."""

    name: str = attribute("name", "Name.")
    run_count: int = attribute("runs", "In how many runs it was seen.")
    version_count: int = attribute("versions", "How many versions brought or changed blocks that have it.")
    first_seen_at: datetime | None = attribute("first_at", "When it was first seen.")
    last_seen_at: datetime | None = attribute("last_at", "When it was last seen.")


@strawberry.type(description="A run in which a type of blocks was seen.")
class BlockTypeUsageRun:
    """A run."""

    course_run: CourseRun | None = linked("run_id", tables.CourseRun.id, "The run; null where it is gone.")
    version_count: int = attribute("count", "How many versions brought or changed such blocks.")
    block_count: int = attribute("blocks", "How many such blocks these versions brought or changed in all.")
    first_seen_at: datetime = attribute("first_at", "When the first one did.")
    last_seen_at: datetime = attribute("last_at", "When the last one did.")
    first_version: str | None = attribute("first_version", "The first one.")
    last_version: str | None = attribute("last_version", "The last one.")


@strawberry.type(description="A problem that was told of blocks of a type.")
class BlockTypeProblem:
    """A problem."""

    code: str = attribute("code", "What is wrong with the blocks, for programs.")
    setting: str | None = attribute("of_setting", "Setting that it is about, if it is about one.")
    course_run: CourseRun | None = linked("run_id", tables.CourseRun.id, "Run that it was told of.")
    count: int = attribute("count", "In how many operations it was told.")
    first_seen_at: datetime = attribute("first_at", "When it was first told.")
    last_seen_at: datetime = attribute("last_at", "When it was last told.")


@strawberry.type(
    description="Where a type of blocks, or a setting of it, was seen in content that was imported or edited."
)
class BlockTypeUsage:
    """A type."""

    type: str = attribute("name", "The type.")
    setting: str | None = attribute("setting", "The setting; null where one was not asked for.")
    run_count: int = attribute("runs", "In how many runs it was seen.")
    version_count: int = attribute("versions", "How many versions brought or changed such blocks.")
    first_seen_at: datetime | None = attribute("first_at", "When it was first seen; null where it never was.")
    last_seen_at: datetime | None = attribute("last_at", "When it was last seen.")
    runs: list[BlockTypeUsageRun] = attribute("latest", "Runs in which it was seen, the last ones first, 100 at most.")
    settings: list[BlockTypeUsageSetting] = attribute("settings", "Settings that such blocks had, by name.")
    problems: list[BlockTypeProblem] = attribute(
        "faults", "Problems that were told of such blocks, the last ones first, 100 at most."
    )


def content_usage(description: str) -> Any:
    """The field that tells how content is used."""
    return strawberry.field(resolver=_content_usage, description=description, extensions=[Needs(Feature.CONTENT)])


def block_type_usage(description: str) -> Any:
    """The field that tells where a type of blocks was seen."""
    return strawberry.field(resolver=_block_type_usage, description=description, extensions=[Needs(Feature.CONTENT)])


async def _content_usage(
    info: Info,
    *,
    of: Annotated[
        ContentUsageFilter | None,
        strawberry.argument(name="filter", description="Which operations to count; by default all."),
    ] = None,
    bucket: Annotated[
        ContentUsageBucket | None, strawberry.argument(description="How long the periods are; HOUR by default.")
    ] = None,
    by: Annotated[
        list[ContentUsageDimension] | None, strawberry.argument(description="What to tell apart within each period.")
    ] = None,
) -> list[ContentUsagePeriod]:
    context, given = info.context, of or ContentUsageFilter()
    await _ready(context)
    end = given.until or now()
    only: dict[Dimension, Any] = {
        Dimension.APPLICATION: given.application,
        Dimension.USERNAME: given.username,
        Dimension.OPERATION: given.operation,
        Dimension.BLOCK_TYPE: given.block_type,
        Dimension.OUTCOME: given.outcome,
    }
    if given.course_run is not None:
        only[Dimension.COURSE_RUN] = await run_ids(context.database, context.snapshot, given.course_run)
    wanted = Wanted(
        given.since or end - USUAL,
        end,
        Bucket.HOUR if bucket is None else _plain(Bucket, bucket),
        tuple(dict.fromkeys(_plain(Dimension, each) for each in by or ())),
        {dimension: values for dimension, values in only.items() if values is not None},
    )
    shown: Any = await context.told(info, tuple(await reading.usage(context.database, context.snapshot, wanted)))
    periods: list[ContentUsagePeriod] = shown
    return periods


async def _block_type_usage(
    info: Info,
    *,
    kind: Annotated[str, strawberry.argument(name="type", description="The type, such as `problem`.")],
    setting: Annotated[
        str | None, strawberry.argument(description="One of its settings, such as `rerandomize`.")
    ] = None,
) -> BlockTypeUsage:
    context = info.context
    await _ready(context)
    found = await types.type_usage(context.database, context.snapshot, kind, setting)
    shown: Any = await context.told(info, found)
    usage: BlockTypeUsage = shown
    return usage


def _plain(kind: type[E], given: Any) -> E:
    return kind(given.value)


async def _ready(context: Context) -> None:
    """Let only those see it who may, and what was done in this process just now, too."""
    if not context.viewer.may(Permission.SEE_USAGE):
        raise Forbidden("you lack the permission to see how content is used")
    await usage_of(context.database).flush(context.database)
