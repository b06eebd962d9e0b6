"""Synchronizing libraries of course directories: read, planned, and written site by site.

Reading goes first and without a transaction; every site is then planned and written in one of its own.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database
from db.tables import DirectoryRun, DirectorySite
from ondisk.fingerprints import Known
from ondisk.library import Library, Progress, Site, read_library, silent
from ondisk.packed import Courses
from resolvers.access import ANONYMOUS, Viewer
from resolvers.audit import record
from resolvers.catalog.errors import Refused
from resolvers.directories.apply import Overtaken, Writer
from resolvers.directories.changes import Change, Fate, LibraryPlan, SitePlan
from resolvers.directories.layout import Layout, Policy
from resolvers.directories.plan import Planner, gone, keys_of, whole
from resolvers.directories.state import StoredSite, detailed, keys_in_use, load_site

OVERTAKEN = "somebody else synchronized it just now: do it again, if it is still to be done"
TOGETHER = 100
"""Courses that are in memory as a whole, and are written in one savepoint."""


async def sync_directories(
    database: Database,
    roots: Sequence[Path],
    layout: Layout,
    policy: Policy,
    *,
    sites: Collection[str] | None = None,
    dry_run: bool = False,
    viewer: Viewer = ANONYMOUS,
    progress: Progress = silent,
) -> list[LibraryPlan]:
    """Synchronize the libraries in some directories, or only plan to; what became, or would become, of each.

    `sites` are the names of those to look at, by default all. A site that fails leaves what others did as it is.
    `progress` is called from another thread, with the number of courses that were looked at since its last call.
    Raises DatabaseError.
    """
    resolved = [root.resolve() for root in roots]
    plans: list[LibraryPlan] = []
    claimed: dict[str, str] = {}
    for root in resolved:
        run = Synchronization(
            database=database,
            root=root,
            roots=[str(each) for each in resolved],
            layout=layout,
            policy=policy,
            is_dry_run=dry_run,
            viewer=viewer,
        )
        plans.append(await run.library(sites, claimed, progress))
    return plans


@dataclass(frozen=True)
class Seen:
    """What was stored before the files were read: when each site was synchronized, and its courses, by site's name."""

    times: Mapping[str, datetime]
    known: Mapping[str, dict[str, Known]]


@dataclass(frozen=True, kw_only=True)
class Synchronization:
    """The synchronization of one library; `roots` are all that are synchronized now."""

    database: Database
    root: Path
    roots: Collection[str]
    layout: Layout
    policy: Policy
    is_dry_run: bool
    viewer: Viewer

    async def library(self, sites: Collection[str] | None, claimed: dict[str, str], progress: Progress) -> LibraryPlan:
        """Synchronize the library; `claimed` has the sites that others had, by folded name."""
        seen = await self.seen()
        library = await asyncio.to_thread(
            read_library,
            self.root,
            sites=sites,
            parents=self.layout.parents,
            roles=self.layout.roles,
            known={} if self.policy.read_again else seen.known,
            progress=progress,
        )
        plans: list[SitePlan] = []
        lost = await self.lost(library, sites)
        for site in in_order(library.sites, self.layout.parents) + lost:
            other = claimed.setdefault(site.name.casefold(), str(self.root))
            if other != str(self.root):
                plans.append(SitePlan(name=site.name, fate=Fate.HELD, reason=f"it is in {other} as well"))
            else:
                plans.append(await self.site(site, seen, is_lost=site in lost))
        return LibraryPlan(
            root=str(self.root),
            is_dry_run=self.is_dry_run,
            found=library.found,
            sites=tuple(sorted(plans, key=lambda plan: plan.name)),
            diagnostics=library.diagnostics,
        )

    async def seen(self) -> Seen:
        """What is stored of sites and their courses before they are read."""
        of = DirectoryRun
        query = select(DirectorySite.name, of.course_run_id, of.parent_run_id, of.path, of.fingerprint, of.stamp)
        async with self.database.writing() as session:
            times = await session.execute(select(DirectorySite.name, DirectorySite.synchronized_at))
            seen = Seen(dict(times.all()), defaultdict(dict))
            rows = (await session.execute(query.join_from(DirectorySite, of, of.site_id == DirectorySite.id))).all()
        sections: defaultdict[int, list[PurePosixPath]] = defaultdict(list)
        for _, _, parent, path, _, _ in rows:
            if parent is not None:
                sections[parent].append(PurePosixPath(path))
        for site, run, parent, path, fingerprint, stamp in rows:
            if parent is None and fingerprint is not None:
                seen.known[site][path] = Known(fingerprint, tuple(sections[run]), stamp)
        return seen

    async def lost(self, library: Library, sites: Collection[str] | None) -> list[Site]:
        """The sites of this library that are not on the disk any more, as empty ones."""
        if not library.found:
            return []
        there = {site.name.casefold() for site in library.sites} | {name.casefold() for name in library.withheld}
        async with self.database.writing() as session:
            names = list(await session.scalars(select(DirectorySite.name).where(DirectorySite.root == str(self.root))))
        missing = [name for name in sorted(names) if name.casefold() not in there]
        return [
            Site(name=name, found=True, levels=(), courses=Courses(()), withheld=(), diagnostics=())
            for name in missing
            if sites is None or name in sites
        ]

    async def site(self, site: Site, seen: Seen, *, is_lost: bool) -> SitePlan:
        """Plan a site and do it, in one transaction; where that cannot be, the plan is that it is held."""
        try:
            async with self.database.writing() as session:
                stored = await load_site(session, site.name)
                is_overtaken = stored.synchronized_at != seen.times.get(stored.name)
                reason = OVERTAKEN if is_overtaken else self.elsewhere(stored)
                if reason is None:
                    return await self.planned(session, site, stored, is_lost=is_lost)
        except Refused as error:
            reason = f"its organization: {error}"
        except Overtaken:
            reason = OVERTAKEN
        return SitePlan(name=site.name, fate=Fate.HELD, reason=reason, diagnostics=site.diagnostics)

    async def planned(self, session: AsyncSession, site: Site, stored: StoredSite, *, is_lost: bool) -> SitePlan:
        """Plan a site and do it. Raises Refused and Overtaken."""
        stored = await detailed(session, stored, gone(site, stored))
        planner = Planner(site, stored, self.policy, await keys_in_use(session, keys_of(site)))
        is_nothing = stored.id is None and not site.found
        writer = None if self.is_dry_run or is_nothing else Writer(session, stored, self.layout)
        plan = await self.through(session, planner, writer)
        plan = as_lost(plan) if is_lost else plan
        if writer is not None:
            await self.ended(session, plan, writer)
        return plan

    async def through(self, session: AsyncSession, planner: Planner, writer: Writer | None) -> SitePlan:
        """Plan all of a site and write it as it is planned, some courses at a time."""
        frame, changes, known = planner.frame(), list[Change](), planner.stored
        if writer is not None:
            frame = await writer.begin(frame, str(self.root))
            await writer.restamp(planner.site.unchanged)
        for start in range(0, len(planner.site.courses), TOGETHER):
            read = planner.site.courses[start : start + TOGETHER]
            stored = await detailed(session, known, [str(course.path) for course in read])
            some = planner.courses(read, stored)
            some = some if writer is None else await writer.courses(some)
            changes += (change.told() for change in some)
        return whole(replace(frame, courses=tuple(change.told() for change in frame.courses)), changes)

    async def ended(self, session: AsyncSession, plan: SitePlan, writer: Writer) -> None:
        """Write what follows from the whole plan, and that it was done."""
        await writer.end(plan)
        if plan.changes_anything:
            counts = {fate.value: (None, count) for fate, count in plan.counts().items() if count}
            record(session, self.viewer, "sync directories", f"Site:{plan.name}", counts)

    def elsewhere(self, stored: StoredSite) -> str | None:
        """Why a site is none of this library's."""
        if stored.root is not None and stored.root != str(self.root) and stored.root in self.roots:
            return f"it is in {stored.root} as well"
        return None


def as_lost(plan: SitePlan) -> SitePlan:
    """The plan of a site whose directory is gone: the site goes as well, if all in it goes."""
    left = [change for change in plan.courses if change.fate is not Fate.REMOVED]
    return replace(plan, fate=Fate.REFUSED if left else Fate.REMOVED, reason=left[0].reason if left else None)


def in_order(sites: Sequence[Site], parents: Mapping[str, str]) -> list[Site]:
    """The sites, each after its parent."""
    waiting, ordered = {site.name: site for site in sites}, list[Site]()

    def visit(name: str) -> None:
        site = waiting.pop(name, None)
        if site is not None:
            visit(parents.get(name, ""))
            ordered.append(site)

    for name in list(waiting):
        visit(name)
    return ordered
