"""Following the content of course runs."""

import contextlib
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Annotated, Any

import strawberry

from resolvers.content.following import NewHead, difference_of, follow_content
from resolvers.context import Context
from schema.content import ContentDiff, ContentVersion
from schema.course_run import CourseRun
from schema.payload import changed

Info = strawberry.Info[Context, None]


async def _difference(root: Any, info: Info) -> Any:
    found = await difference_of(info.context.courses, info.context.database, root.change)
    return None if found is None else await info.context.told(info, found)


@strawberry.type(description="A new version of the content of a run, or the one that there is at the beginning.")
class ContentVersionChange:
    """What `contentVersions` sends."""

    at: datetime = strawberry.field(description="The server's clock.")
    change: strawberry.Private[NewHead]
    key: strawberry.Private[str]
    entry: strawberry.Private[int | None] = None
    version: ContentVersion | None = changed(
        "entry", "The version, with who made it, by what, and why; null where there is none."
    )
    course_run: CourseRun | None = changed("key", "The run as it is now.")
    diff: ContentDiff | None = strawberry.field(
        resolver=_difference,
        description="What differs from the version that was sent before; null at the beginning. Several versions that "
        "come at once are sent as one.",
    )


async def content_changes(
    info: Info,
    course_run: Annotated[str, strawberry.argument(description="Course key of the run.")],
) -> AsyncGenerator[ContentVersionChange | None, None]:
    """The content of a run at once and after each change. Raises BadUserInput and NotFound."""
    context = info.context
    viewer, permissions = context.viewer.username, context.request.permissions
    async with contextlib.aclosing(follow_content(context.database, course_run, viewer, permissions)) as changes:
        async for change in changes:
            entry = None if change.head is None else change.head.id
            yield ContentVersionChange(at=datetime.now(UTC), change=change, key=change.key, entry=entry)
