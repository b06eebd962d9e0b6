"""Synchronizing after every edit leaves the same as synchronizing once, from nothing."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from db.engine import Database
from db.tables import Course, CourseRun, DirectoryLevel, DirectoryRun, DirectorySite, Organization, OrganizationAlias
from resolvers.directories.layout import Layout
from tests.ondisk.trees import CONTENTS, PACKAGE
from tests.resolvers.directories.libraries import everything, sync

LAYOUT = Layout(parents={"child.edu": "parent.edu"}, organizations={"child.edu": "Org", "parent.edu": "Org"})
SITES = ["parent.edu", "child.edu"]
COURSES = ["F/A", "F/A", "F/A", "F/B 1", "F/b-2", "G/A", "A", "F", "G/H/A"]
PLACES = ["", "Sections/01/", "Sections/02/"]
INFO: list[Any] = [
    {"id": "A"},
    {"title": "Title", "startDate": "2014-01-01T00:00:00Z", "duration": "2 Weeks"},
    {"title": "Other", "is_non_public": True, "instructors": [{"name": "N"}]},
    {"is_non_public": False, "endDate": "2015-01-01T00:00:00Z"},
]
ROLES: list[Any] = [
    {},
    {"nti.roles.course_ta": {"allow": ["a", "b"]}},
    {"nti.roles.course_ta": {"deny": ["a"]}, "nti.roles.course_instructor": {"allow": ["c"]}},
]
OTHERS: list[tuple[str, Any]] = [
    ("dc_metadata.xml", '<m xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>DC</dc:title></m>'),
    ("course_outline.xml", '<course><unit label="U"><lesson title="L"/></unit></course>'),
    ("vendor_info.json", {"OU": {"n": 1}}),
    ("presentation-assets/shared/v1/a.png", "image"),
]
FILES = [("course_info.json", each) for each in INFO] + [("role_info.json", each) for each in ROLES] + OTHERS
Edit = Callable[[Path], None]


def bundle(packages: list[str]) -> str:
    return orjson.dumps({"ContentPackages": packages, "title": "T"}).decode()


def put(path: str, content: Any) -> Edit:
    def edit(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content if isinstance(content, str) else orjson.dumps(content).decode())

    return edit


def drop(path: str) -> Edit:
    def edit(root: Path) -> None:
        if (root / path).is_dir():
            shutil.rmtree(root / path)
        else:
            (root / path).unlink(missing_ok=True)

    return edit


def move(path: str, to: str) -> Edit:
    def edit(root: Path) -> None:
        if (root / path).exists() and not (root / to).exists() and not to.startswith(f"{path}/"):
            (root / to).parent.mkdir(parents=True, exist_ok=True)
            (root / path).rename(root / to)

    return edit


START = [
    put("bundle_meta_info.json", bundle([])),
    put("course_info.json", INFO[1]),
    put("Sections/01/role_info.json", ROLES[1]),
    put("Sections/02/course_info.json", INFO[3]),
]


@st.composite
def edits(draw: Callable[..., Any]) -> Edit:
    site, course = draw(st.sampled_from(SITES)), draw(st.sampled_from(COURSES))
    at = f"sites/{site}/Courses/{course}"
    name, content = draw(st.sampled_from(FILES))
    place = draw(st.sampled_from(PLACES))
    kind = draw(st.sampled_from(["course", "file", "file", "file", "drop", "remove", "move", "package"]))
    match kind:
        case "course":
            return put(f"{at}/bundle_meta_info.json", bundle(draw(st.sampled_from([[], [PACKAGE]]))))
        case "file":
            return put(f"{at}/{place}{name}", content)
        case "drop":
            return drop(f"{at}/{place}{name}")
        case "remove":
            return drop(
                draw(st.sampled_from([at, f"{at}/Sections", f"{at}/Sections/01", f"{at}/bundle_meta_info.json"]))
            )
        case "move":
            return move(at, f"sites/{site}/Courses/{draw(st.sampled_from(COURSES))}")
        case _:
            path = f"sites/{site}/package/eclipse-toc.xml"
            return put(path, CONTENTS) if draw(st.booleans()) else drop(path)


async def clear(database: Database) -> None:
    async with database.writing() as session:
        await session.execute(delete(DirectoryRun))
        await session.execute(update(CourseRun).values(parent_id=None))
        for table in (CourseRun, Course, DirectoryLevel, DirectorySite, OrganizationAlias, Organization):
            await session.execute(delete(table))
        assert (await session.scalars(select(CourseRun))).all() == []


async def test_synchronizing_after_each_edit_leaves_what_synchronizing_once_does(database: Database) -> None:
    loop = asyncio.get_running_loop()

    async def compare(steps: list[list[Edit]]) -> None:
        await clear(database)
        with TemporaryDirectory() as folder:
            root = Path(folder)
            for site in SITES:
                for edit in START:
                    edit(root / "sites" / site / "Courses/F/A")
            await sync(database, root, layout=LAYOUT)
            for step in steps:
                for edit in step:
                    edit(root)
                await sync(database, root, layout=LAYOUT)
            incremental = await everything(database)
            await sync(database, root, layout=LAYOUT)
            assert await everything(database) == incremental
            await clear(database)
            await sync(database, root, layout=LAYOUT)
            assert await everything(database) == incremental

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(st.lists(edits(), min_size=1, max_size=6), min_size=1, max_size=4))
    def agree(steps: list[list[Edit]]) -> None:
        asyncio.run_coroutine_threadsafe(compare(steps), loop).result(timeout=60)

    await asyncio.to_thread(agree)
