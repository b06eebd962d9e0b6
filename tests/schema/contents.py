"""The small catalog, of which one run has content: what most tests of content over GraphQL begin with."""

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import select

from db.engine import Database
from db.store import Store, open_blobs
from db.tables import CourseRun
from resolvers.content.load import Courses
from tests.asking import Asking
from tests.catalog import fill
from tests.resolvers.content.conftest import imported

RUN = "course-v1:Org0X+C0.0x+R0"


async def with_content(database: Database, folder: Path, *versions: Mapping[str, bytes]) -> Asking:
    """An executor over it. The run has had these versions, the last of which it is at."""
    await fill(database)
    store = Store(database, open_blobs(folder / "blobs"))
    for files in versions:
        await imported(store, await run_id(database), dict(files))
    return Asking(database, courses=Courses(store))


async def run_id(database: Database, key: str = RUN) -> int:
    """The primary key of a run."""
    async with database.writing() as session:
        found = await session.scalar(select(CourseRun.id).where(CourseRun.key == key))
    assert found is not None
    return found
