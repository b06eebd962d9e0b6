"""The sample contracts of a demo."""

import pytest
from sqlalchemy import select

from db.engine import Database
from db.tables import Contract, Program
from resolvers.contracts.sample import load_samples
from tests.catalog import fill
from tests.resolvers.catalog.conftest import rows


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_catalog_without_sources_gives_no_contracts(database: Database) -> None:
    assert (await load_samples(database)).total == 0
    await fill(database)
    programs = await rows(database, select(Program.id))

    assert (await load_samples(database)).total == 0
    assert await rows(database, select(Contract)) == []
    assert await rows(database, select(Program.id)) == programs
