"""Which runs each site offers: its own, and those of its parents that it has none of its own in the place of.

A course of a site takes the place of that of its parents with the same path, with all its sections
(`spec/course-directories.rst`, "Directory Structure").
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.tables import DirectoryRun, DirectorySite, DirectorySiteRun
from resolvers.directories.state import chunks


@dataclass(frozen=True, slots=True)
class Offered:
    """A run: its site, and the identifier of its course, which is the same for courses at the same path."""

    site: int
    run: int
    course: str


def offers(parents: Mapping[int, int | None], runs: Iterable[Offered]) -> set[tuple[int, int]]:
    """The sites with the runs that each offers, by ids; `parents` has all sites."""
    own: defaultdict[int, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for each in runs:
        own[each.site][each.course].append(each.run)
    found: set[tuple[int, int]] = set()
    for site in parents:
        courses: dict[str, list[int]] = {}
        for ancestor in lineage(site, parents):
            for course, of in own[ancestor].items():
                courses.setdefault(course, of)
        found |= {(site, run) for of in courses.values() for run in of}
    return found


def lineage(site: int, parents: Mapping[int, int | None]) -> Iterator[int]:
    """A site, its parent and so on, each once."""
    seen: set[int] = set()
    each: int | None = site
    while each is not None and each not in seen:
        seen.add(each)
        yield each
        each = parents[each]


async def settle_offers(session: AsyncSession) -> None:
    """Store what all sites offer, as far as it is not what is stored."""
    course = aliased(DirectoryRun)
    sites = await session.execute(select(DirectorySite.id, DirectorySite.parent_id))
    parents = dict(sites.all())
    query = select(DirectoryRun.site_id, DirectoryRun.course_run_id, DirectoryRun.ntiid, course.ntiid)
    query = query.outerjoin(course, course.course_run_id == DirectoryRun.parent_run_id)
    runs = [Offered(site, run, of or own) for site, run, own, of in await session.execute(query)]
    of = DirectorySiteRun
    stored = {(site, run) for site, run in await session.execute(select(of.site_id, of.course_run_id))}
    wanted = offers(parents, runs)
    for pairs in chunks(stored - wanted):
        await session.execute(delete(of).where(tuple_(of.site_id, of.course_run_id).in_(pairs)))
    if new := sorted(wanted - stored):
        await session.execute(insert(of), [{"site_id": site, "course_run_id": run} for site, run in new])
