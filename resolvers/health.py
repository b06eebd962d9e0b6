"""Whether what the server stands on works."""

from enum import StrEnum
from importlib.metadata import version as installed_version

from db.engine import Database
from db.errors import DatabaseError


class ServiceState(StrEnum):
    """Whether something works."""

    OK = "ok"
    UNAVAILABLE = "unavailable"


async def database_state(database: Database) -> ServiceState:
    """Whether the database answers."""
    try:
        async with database.reading() as snapshot:
            await snapshot.fetch("SELECT 1")
    except DatabaseError:
        return ServiceState.UNAVAILABLE
    return ServiceState.OK


def version() -> str:
    """The version of Collegium that runs."""
    return installed_version("collegium")
