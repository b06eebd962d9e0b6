"""What the resolvers of one operation share."""

from typing import cast

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database
from db.errors import WritersCrossed
from resolvers.catalog.settling import ATTEMPTS
from resolvers.plan.planner import Request
from tests.asking import ADMIN, Asking


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize(("crossed", "is_done"), [(0, True), (ATTEMPTS - 1, True), (ATTEMPTS, False)])
async def test_a_change_that_had_to_give_way_is_done_again_and_not_for_ever(
    database: Database, crossed: int, is_done: bool
) -> None:
    """§2.2: the database has one of two writers that wait for each other begin again."""
    begun: list[AsyncSession] = []

    async def work(session: AsyncSession) -> str:
        begun.append(session)
        if len(begun) <= crossed:
            raise WritersCrossed("two writers waited for each other")
        return "done"

    async with database.reading() as snapshot:
        context = Asking(database).executor.context(cast("Request", None), ADMIN, snapshot)
        if is_done:
            assert await context.changing(work) == "done"
        else:
            with pytest.raises(WritersCrossed):
                await context.changing(work)
    assert len(set(begun)) == min(crossed + 1, ATTEMPTS)
