"""The runs of contracts: which there are."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import CourseRun


async def runs_of_contracts(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    """Those of the keys, case-folded, that are of runs which contracts have or had."""
    of_contracts = or_(CourseRun.contract_id.is_not(None), CourseRun.retired_at.is_not(None))
    folded = [key.casefold() for key in keys]
    return set(
        await session.scalars(select(CourseRun.key_folded).where(CourseRun.key_folded.in_(folded), of_contracts))
    )
