"""A registered application, its secret, and what processes keep of it."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from db.engine import Database
from resolvers.access import Role
from server.applications.fresh import CacheName, Freshness, Kept
from server.applications.registry import (
    ALL_SCOPES,
    Application,
    Registration,
    find,
    load_applications,
    register,
)

WORKER = Registration("Report builder", "report_worker", Role.AUTHOR, ALL_SCOPES)


@dataclass
class Registered:
    """An application in a database, as its owner knows it."""

    database: Database
    client_id: str
    secret: str

    async def now(self) -> Application:
        found = await find(self.database, self.client_id)
        assert found is not None
        return found


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1_795_233_400.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def registered(database: Database) -> Registered:
    async with database.writing() as session:
        client_id, secret = await register(session, WORKER)
    return Registered(database, client_id, secret)


@pytest.fixture
def kept(database: Database, clock: Clock) -> Kept[Mapping[str, Application]]:
    dialect = database.dialect.name
    return Kept(CacheName.APPLICATIONS, lambda snapshot: load_applications(snapshot, dialect), clock=clock)


@pytest.fixture
def freshness(database: Database, kept: Kept[Mapping[str, Application]]) -> Freshness:
    return Freshness(database, [kept], period=0.02)
