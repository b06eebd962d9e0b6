"""The small catalog, of which one run has content: what most tests of content over GraphQL begin with."""

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import select

from db.engine import Database
from db.store import Store, open_blobs
from db.tables import CourseRun
from resolvers.content.load import Courses
from tests.asking import AUTHOR, Asking
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


async def add_page(asking: Asking, run: str, name: str, path: str, **given: str) -> None:
    """A new html block in the unit `u1` of a run, whose page is a file of any name that says who it is."""
    query = "mutation($input: AddBlockInput!) { addBlock(input: $input) { userErrors { message } } }"
    sent = [
        {"path": f"html/{name}.xml", "text": f'<html filename="{path[5:-5]}"/>'},
        {"path": path, "text": name},
    ]
    adding = {"courseRun": run, "parent": "u1", "olx": {"files": sent, "root": f"html/{name}"}, "force": True, **given}
    assert (await asking.data(query, {"input": adding}, viewer=AUTHOR))["addBlock"]["userErrors"] == []
