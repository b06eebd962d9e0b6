"""Whether the server works."""

from enum import Enum

import strawberry

from resolvers.context import Context
from resolvers.health import ServiceState, database_state, version


@strawberry.enum(description="Whether something works.")
class ServiceStatus(Enum):
    """A state of health."""

    OK = strawberry.enum_value(ServiceState.OK.value, description="It works.")
    UNAVAILABLE = strawberry.enum_value(ServiceState.UNAVAILABLE.value, description="It does not answer.")


@strawberry.type(description="Whether the server and what it stands on work. Open to everyone.")
class Health:
    """The health of the server."""

    status: ServiceStatus = strawberry.field(description="`OK` when everything below is.")
    database: ServiceStatus = strawberry.field(description="The database, asked just now.")
    version: str = strawberry.field(description="Version of the server.")


async def health(info: strawberry.Info[Context, None]) -> Health | None:
    """The health of the server, asked just now."""
    database = ServiceStatus(await database_state(info.context.database))
    return Health(status=database, database=database, version=version())
