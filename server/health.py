"""Whether the process lives, and whether it should be sent requests: `/healthz` and `/readyz`.

The LMS is looked at too, but does not decide: most of what is asked is answered without it, and taking every process
out of service for an LMS that is down would make of its outage one of ours.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import as_file, files
from typing import Any

import structlog
from alembic.script import ScriptDirectory
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from db.engine import Database
from db.errors import DatabaseError, DatabaseNotMigrated
from edx.errors import OpenEdxError
from edx.lms import Lms
from server.settings import SettingsError

PATIENCE = 2.0
"""Seconds in which the database must answer."""

PERIOD = timedelta(seconds=30)
"""How long what the LMS answered is good for: the least time between two checks of it."""

OK = "ok"
UNKNOWN = "unknown"
UNAVAILABLE = "unavailable"
NOT_MIGRATED = "not migrated"
NOT_CONFIGURED = "not configured"

log = structlog.get_logger(__name__)

OpenLms = Callable[[], AbstractAsyncContextManager[Lms]]


class LmsWatch:
    """Whether the LMS answers, asked now and then through a client of its own, which is opened at first use."""

    def __init__(self, open_lms: OpenLms, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.status = UNKNOWN
        self.last_success: datetime | None = None
        self._open_lms = open_lms
        self._clock = clock
        self._checked: datetime | None = None
        self._checking: asyncio.Task[None] | None = None
        self._client: Lms | None = None
        self._stack = contextlib.AsyncExitStack()

    async def look(self, patience: float) -> None:
        """Bring `status` and `last_success` up to date, unless that takes longer than `patience` seconds."""
        if self._checking is None and (self._checked is None or self._clock() - self._checked >= PERIOD):
            self._checking = asyncio.create_task(self._check())
        if self._checking is not None:
            await asyncio.wait({self._checking}, timeout=patience)

    async def close(self) -> None:
        """Give up a check under way and close the client."""
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.wait({self._checking})
        await self._stack.aclose()
        self._client = None

    async def _check(self) -> None:
        before = self.status
        try:
            await self._ping()
            self.status, self.last_success = OK, self._clock()
        except SettingsError:
            self.status = NOT_CONFIGURED
        except OpenEdxError as error:
            self.status = UNAVAILABLE
            if before != UNAVAILABLE:
                log.warning("lms_unavailable", detail=str(error))
        finally:
            self._checked, self._checking = self._clock(), None

    async def _ping(self) -> None:
        if self._client is None:
            self._client = await self._stack.enter_async_context(self._open_lms())
        await self._client.ping()


class Readiness:
    """Whether the server can answer: its database is there and has this version's tables.

    `circuits` gives the states of those to the services that it authors in, by name.
    """

    def __init__(self, database: Database, lms: LmsWatch, circuits: Callable[[], Mapping[str, str]] = dict) -> None:
        self._database = database
        self._lms = lms
        self._circuits = circuits

    @property
    def lms_last_success(self) -> datetime | None:
        """When the LMS last answered a check; None if it never did."""
        return self._lms.last_success

    async def report(self) -> tuple[bool, Mapping[str, Any]]:
        """Whether the server is ready, and the state of each thing that it stands on."""
        (database, migrations), _ = await asyncio.gather(self._tables(), self._lms.look(PATIENCE))
        is_ready = database == migrations == OK
        last = self._lms.last_success
        return is_ready, {
            "status": "ready" if is_ready else "not ready",
            "database": {"status": database},
            "migrations": {"status": migrations},
            "lms": {"status": self._lms.status, "lastSuccess": last and last.isoformat(timespec="seconds")},
            "circuits": dict(self._circuits()),
        }

    async def _tables(self) -> tuple[str, str]:
        """The states of the database and of its tables."""
        asking = asyncio.create_task(self._revisions())
        try:
            revisions = await asyncio.wait_for(asyncio.shield(asking), PATIENCE)
        except DatabaseNotMigrated:
            return OK, NOT_MIGRATED
        except (DatabaseError, TimeoutError) as error:
            log.warning("database_unavailable", detail=str(error) or "it took too long")
            return UNAVAILABLE, UNKNOWN
        finally:
            asking.cancel()  # and not waited for: a database that hangs takes its time to hear of it
        return OK, OK if revisions == [_newest()] else NOT_MIGRATED

    async def _revisions(self) -> list[Any]:
        async with self._database.reading() as snapshot:
            snapshot.is_single = True
            return [row[0] for row in await snapshot.fetch("SELECT version_num FROM alembic_version")]


def routes(readiness: Readiness) -> list[Route]:
    """`/healthz`, which answers as long as the process does, and `/readyz`: 503 where it should get no requests."""

    async def alive(_request: Request) -> Response:
        return JSONResponse({"status": OK})

    async def ready(_request: Request) -> Response:
        is_ready, report = await readiness.report()
        return JSONResponse(report, 200 if is_ready else 503)

    return [Route("/healthz", alive, methods=["GET"]), Route("/readyz", ready, methods=["GET"])]


@cache
def _newest() -> str | None:
    """The revision of this version's tables."""
    with as_file(files("db.migrations")) as folder:
        return ScriptDirectory(str(folder)).get_current_head()
