"""What `collegium check` looks at, in the order in which one thing needs another."""

from collections.abc import AsyncIterator

from db.errors import DatabaseError, DatabaseNotMigrated
from db.migrate import check as check_database
from edx.errors import OpenEdxError, Rejected
from server.settings import Settings, SettingsError
from server.upstream import open_lms, reach_studio


async def checks(settings: Settings) -> AsyncIterator[tuple[str, str | None]]:
    """Each thing's name, and what is wrong with it or None."""
    yield "settings", None
    missing, old = await _database(settings)
    yield "database", missing
    yield "migrations", old
    yield "LMS", await _lms(settings)
    yield "Studio", await _studio(settings)


async def _database(settings: Settings) -> tuple[str | None, str | None]:
    """What is wrong with the database, and with its tables."""
    try:
        await check_database(settings.database_url)
    except DatabaseNotMigrated as error:
        return None, _line(error)
    except DatabaseError as error:
        return _line(error), "the database must be there first"
    return None, None


async def _lms(settings: Settings) -> str | None:
    try:
        async with open_lms(settings, attempts=1) as lms:
            await lms.ping()
    except (SettingsError, OpenEdxError) as error:
        return _line(error)
    return None


async def _studio(settings: Settings) -> str | None:
    if settings.studio_url is None:
        return "COLLEGIUM_STUDIO_URL must be set to reach Studio"
    try:
        await reach_studio(settings.studio_url, settings)
    except Rejected:  # it is there, and wants a token, as it should
        return None
    except OpenEdxError as error:
        return _line(error)
    return None


def _line(error: Exception) -> str:
    return "; ".join(str(error).split("\n"))
