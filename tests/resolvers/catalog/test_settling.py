"""Attempts in savepoints, made again over what another writer made."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from db.engine import Database
from db.tables import Organization
from resolvers.catalog.settling import ATTEMPTS, settled
from tests.catalog import organization


@pytest.fixture
def dialect() -> str:
    """Savepoints are the same everywhere."""
    return "sqlite"


@pytest.mark.parametrize("failures", [0, 1, ATTEMPTS - 1])
async def test_an_attempt_that_met_another_writer_is_undone_and_made_again(database: Database, failures: int) -> None:
    made: list[str] = []

    async with database.writing() as session:

        async def attempt() -> int:
            made.append(f"Org{len(made)}X")
            session.add(organization(made[-1]))
            await session.flush()
            if len(made) <= failures:
                raise IntegrityError("INSERT", {}, Exception("unique"))
            return len(made)

        assert await settled(session, attempt) == failures + 1
        assert list(await session.scalars(select(Organization.key))) == made[-1:]


async def test_an_attempt_that_never_succeeds_fails(database: Database) -> None:
    async def attempt() -> None:
        raise IntegrityError("INSERT", {}, Exception("unique"))

    async with database.writing() as session:
        with pytest.raises(IntegrityError):
            await settled(session, attempt)
