"""Libraries on disk, synchronized into a database, and what the database then has."""

import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select

from db.engine import Database
from db.tables import (
    Base,
    Course,
    CourseRun,
    DirectoryLevel,
    DirectoryMember,
    DirectoryRun,
    DirectorySite,
    DirectorySiteRun,
    Organization,
)
from resolvers.directories.changes import Change, Fate, LibraryPlan, SitePlan
from resolvers.directories.layout import Layout, Policy
from resolvers.directories.sync import sync_directories
from tests.ondisk.trees import SITE, write_site

ALL = Policy(allow_removals=True, allow_empty=True)
BUNDLE: Mapping[str, Any] = {"ContentPackages": [], "title": "A Title"}
TABLES: tuple[type[Base], ...] = (
    Course, CourseRun, DirectorySite, DirectoryLevel, DirectoryRun, DirectorySiteRun, DirectoryMember,
)  # fmt: skip
VOLATILE = {"id", "created_at", "updated_at", "synchronized_at", "since", "stamp"}


def course(path: str, *, site: str = SITE, root: Path, **files: Any) -> Path:
    """Write a course; files by name without its ending, which is told by the content's type, `__` being a slash."""
    own = {"bundle_meta_info.json": BUNDLE}
    for name, content in files.items():
        inner = name.replace("__", "/")
        own[inner if "." in inner else f"{inner}.{'xml' if isinstance(content, str) else 'json'}"] = content
    write_site(root, {f"{path}/{name}": content for name, content in own.items()}, site)
    return root / "sites" / site / "Courses" / path


def remove(root: Path, path: str, site: str = SITE) -> None:
    shutil.rmtree(root / "sites" / site / "Courses" / path)


async def sync(
    database: Database,
    root: Path,
    policy: Policy = ALL,
    layout: Layout | None = None,
    *,
    dry_run: bool = False,
    sites: Collection[str] | None = None,
) -> LibraryPlan:
    [plan] = await sync_directories(database, [root], layout or Layout(), policy, dry_run=dry_run, sites=sites)
    return plan


async def sync_site(database: Database, root: Path, policy: Policy = ALL, **given: Any) -> SitePlan:
    """Of the only site."""
    plan = await sync(database, root, policy, **given)
    [site] = plan.sites
    return site


def fates(plan: SitePlan) -> dict[str, Fate]:
    return {change.path: change.fate for course in plan.courses for change in course.all()}


def change_of(plan: SitePlan, path: str) -> Change:
    return next(change for course in plan.courses for change in course.all() if change.path == path)


async def rows(database: Database, table: type[Base]) -> list[Any]:
    async with database.writing() as session:
        return list(await session.scalars(select(table)))


async def run_keys(database: Database) -> list[str]:
    return sorted(run.key for run in await rows(database, CourseRun))


async def everything(database: Database) -> dict[str, list[dict[str, Any]]]:
    """All rows that a synchronization writes, with names in place of ids and without times."""
    found = {table: await rows(database, table) for table in TABLES}
    names: dict[str, dict[int | None, Any]] = {
        "site": {row.id: row.name for row in found[DirectorySite]},
        "run": {row.id: row.key for row in found[CourseRun]},
        "course": {row.id: row.readable_id for row in found[Course]},
        "organization": {row.id: row.key for row in await rows(database, Organization)},
        "level": {row.id: (row.site_id, row.path) for row in found[DirectoryLevel]},
    }
    references = {
        "course_id": "course", "parent_id": None, "site_id": "site", "course_run_id": "run", "parent_run_id": "run",
        "level_id": "level", "organization_id": "organization",
    }  # fmt: skip
    parents = {CourseRun: "run", DirectorySite: "site", DirectoryLevel: "level"}

    def named(table: type[Base], column: str, value: Any) -> Any:
        if column not in references or value is None:
            return value
        name = names[references[column] or parents[table]][value]
        return (names["site"][name[0]], name[1]) if isinstance(name, tuple) else name

    return {
        table.__tablename__: sorted(
            (
                {c.key: named(table, c.key, getattr(row, c.key)) for c in table.__table__.c if c.key not in VOLATILE}
                for row in of
            ),
            key=repr,
        )
        for table, of in found.items()
    }
