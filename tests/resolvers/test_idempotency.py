"""A create that is repeated with its key."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database
from resolvers.idempotency import once
from resolvers.refusals import Problem, Reason, Refusal
from tests.asking import AUTHOR


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("other", ["New", "Another"])
async def test_what_stands_against_a_repetition_may_be_what_the_first_time_made(database: Database, other: str) -> None:
    """It ended while the second one was at work, with the same input or with another one."""

    async def made() -> str:
        return "the first"

    async def repeated(session: AsyncSession) -> str:
        async def refused() -> str:
            await once(session, AUTHOR, "create", "key", given={"name": "New"}, work=made)
            raise Refusal([Problem(Reason.NAME_TAKEN, "there is one of this name", ("name",))])

        return await once(session, AUTHOR, "create", "key", given={"name": other}, work=refused)

    async with database.writing() as session:
        if other == "New":
            assert await repeated(session) == "the first"
            return
        with pytest.raises(Refusal) as caught:
            await repeated(session)
    assert [problem.code for problem in caught.value.problems] == [Reason.IDEMPOTENCY_KEY_REUSED]
