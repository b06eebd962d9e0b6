"""Open edX instances that content can be pushed to."""

from datetime import datetime
from enum import Enum
from typing import Any

import strawberry

from db import tables
from resolvers.access import Permission
from resolvers.context import Context
from resolvers.features import Feature
from resolvers.grants import require_some
from resolvers.instances import drift
from resolvers.plan.declare import attribute
from schema.features import Needs


@strawberry.type(description="An Open edX that courses are co-hosted on, as the settings of the server name it.")
class OpenEdxInstance:
    """An instance. Credentials are never shown."""

    name: str = strawberry.field(description="Its name; `default` is the one that all else is done with.")
    lms_url: str = strawberry.field(description="Base address of its LMS.")
    studio_url: str = strawberry.field(description="Base address of its Studio.")
    is_readable: bool = strawberry.field(
        description="Whether content can be pulled from it: the settings name a user who signs in there."
    )


def open_edx_instances(description: str) -> Any:
    """The field that lists them."""
    return strawberry.field(resolver=_instances, description=description, extensions=[Needs(Feature.CONTENT)])


async def _instances(info: strawberry.Info[Context, None]) -> list[OpenEdxInstance]:
    context = info.context
    await context.changing(lambda session: require_some(session, context.viewer, Permission.CHANGE_CONTENT))
    return [
        OpenEdxInstance(name=each.name, lms_url=each.lms_url, studio_url=each.studio_url, is_readable=each.is_readable)
        for each in context.instances
    ]


@strawberry.enum(description="What became of a push of content to an instance.")
class ContentPushState(Enum):
    """States of pushes."""

    PUSHING = strawberry.enum_value(tables.PushState.PUSHING.value, description="A job is at it.")
    PUSHED = strawberry.enum_value(tables.PushState.PUSHED.value, description="Studio has imported it.")
    FAILED = strawberry.enum_value(tables.PushState.FAILED.value, description="Studio has not, as far as is known.")
    CANCELED = strawberry.enum_value(
        tables.PushState.CANCELED.value, description="Nobody waited for the end; what was sent may be imported."
    )


@strawberry.enum(description="What is known of changes that somebody made on an instance after a push.")
class ContentDrift(Enum):
    """Kinds of knowledge."""

    UNKNOWN = strawberry.enum_value(drift.Drift.UNKNOWN.value, description="Nobody has looked since the last push.")
    NONE = strawberry.enum_value(
        drift.Drift.NONE.value, description="It is what was pushed, or what Studio made of it."
    )
    POSSIBLE = strawberry.enum_value(
        drift.Drift.POSSIBLE.value,
        description="It is not what was pushed; as nobody looked right after the push, that may be Studio's own doing.",
    )
    CHANGED = strawberry.enum_value(
        drift.Drift.CHANGED.value, description="It is neither what was pushed nor what Studio made of that."
    )


@strawberry.type(description="The content of a run on an instance of Open edX, as far as it is known here.")
class InstanceContent:
    """A run on an instance."""

    name: str = attribute("name", "Name of the instance.")
    state: ContentPushState | None = attribute("state", "What became of the last push; null where there was none.")
    words: str | None = attribute("words", "Why it failed, in the words of Studio where it had some.")
    pushed_version: str | None = attribute("pushed_version", "Version that was pushed last, with success.")
    pushed_at: datetime | None = attribute("pushed_at", "When that was.")
    pushed_by: str | None = attribute("pushed_by", "By whom, by LMS username.")
    pulled_version: str | None = attribute(
        "pulled_version", "Version of what the instance was found to have when it was last looked at."
    )
    pulled_at: datetime | None = attribute("pulled_at", "When that was.")
    remote_version: str | None = attribute(
        "remote_version", "Version that it is known to have: what was pushed, or pulled after that."
    )
    is_behind: bool | None = attribute(
        "is_behind", "Whether that is another version than this one; null where none is known."
    )
    drift: ContentDrift = attribute("drift", "What is known of changes that somebody made there after the push.")
    has_drifted: bool | None = attribute("has_drifted", "Whether there are such changes; null where that is not known.")
