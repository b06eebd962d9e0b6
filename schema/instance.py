"""Open edX instances that content can be pushed to."""

from typing import Any

import strawberry

from resolvers.access import Permission
from resolvers.context import Context
from resolvers.features import Feature
from resolvers.grants import require_some
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
