"""Filling the catalog from the LMS: what a management command does in `spec/programs.md`, "Population of …".

Items are read over HTTP and then written, a short transaction for each hundred: none waits for the network.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Generic, TypeVar

from db.engine import Database
from edx.errors import OpenEdxError
from edx.lms import BadItem, Lms
from resolvers.catalog.course_runs import upsert_course_runs
from resolvers.catalog.errors import CaseTwin, Refused
from resolvers.catalog.facts import OrganizationFacts, RunFacts, organization_facts, run_facts
from resolvers.catalog.organizations import upsert_organizations
from resolvers.catalog.report import Outcome, Report

CHUNK = 100
"""Items in a transaction: few enough that other writers hardly wait."""

Progress = Callable[[int], None]
"""Called now and then with the number of items that are done since the last call."""

T = TypeVar("T", OrganizationFacts, RunFacts)
Item = TypeVar("Item")


def silent(_done: int) -> None:
    """Show no progress."""


async def sync_organizations(
    database: Database, lms: Lms, *, dry_run: bool = False, progress: Progress = silent
) -> Report:
    """Copy the active organizations of the LMS: new ones are made, renamed ones renamed, none is removed.

    What cannot be taken is skipped and reported. When the LMS fails, what was read before stays done, and the report's
    `failure` says why. A dry run writes nothing and reports the same. Raises DatabaseError.
    """
    report = Report("organizations", is_dry_run=dry_run)

    async def write(chunk: list[OrganizationFacts]) -> None:
        async with database.writing() as session:
            outcomes = await upsert_organizations(session, chunk, dry_run=dry_run)
        tell(report, [facts.key for facts in chunk], outcomes)

    await Chunks(report, progress, write).fill(lms.organizations(), organization_facts)
    return report


async def sync_course_runs(
    database: Database, lms: Lms, *, dry_run: bool = False, progress: Progress = silent
) -> Report:
    """Copy the course runs of the LMS, and make the courses and organizations that new ones imply.

    Otherwise as `sync_organizations`.
    """
    report = Report("course runs", is_dry_run=dry_run)

    async def write(chunk: list[RunFacts]) -> None:
        async with database.writing() as session:
            upserts = await upsert_course_runs(session, chunk, dry_run=dry_run)
        tell(report, [str(facts.key) for facts in chunk], upserts.outcomes)
        report.made(upserts.organizations, upserts.courses)

    await Chunks(report, progress, write).fill(lms.course_runs(), run_facts)
    return report


def tell(report: Report, keys: list[str], outcomes: list[Outcome | Refused]) -> None:
    """Add to a report what became of a chunk, once that is committed."""
    for key, outcome in zip(keys, outcomes, strict=True):
        if isinstance(outcome, Refused):
            report.skip(key, str(outcome))
        else:
            report.add(outcome)


class Chunks(Generic[T]):
    """Items gathered into chunks, each key once: pages shift while they are read, and items then come twice."""

    def __init__(self, report: Report, progress: Progress, write: Callable[[list[T]], Awaitable[None]]) -> None:
        self._report = report
        self._progress = progress
        self._write: Callable[[list[T]], Awaitable[None]] = write
        self._waiting: list[T] = []
        self._seen: dict[str, str] = {}

    async def fill(self, items: AsyncIterator[Item | BadItem], facts_of: Callable[[Item], T]) -> None:
        """Write all items, as far as the LMS gives them."""
        try:
            async for item in items:
                if isinstance(item, BadItem):
                    self._skip(item.raw_id, item.reason)
                else:
                    await self._add(facts_of(item))
        except OpenEdxError as error:
            self._report.failure = str(error)
        await self._flush()

    async def _add(self, facts: T) -> None:
        key = str(facts.key)
        first = self._seen.get(key.casefold())
        if first is None:
            self._seen[key.casefold()] = key
            self._waiting.append(facts)
        elif first != key:
            self._skip(key, str(CaseTwin(first)))
        if len(self._waiting) == CHUNK:
            await self._flush()

    async def _flush(self) -> None:
        if self._waiting:
            chunk, self._waiting = self._waiting, []
            await self._write(chunk)
            self._progress(len(chunk))

    def _skip(self, key: str, reason: str) -> None:
        self._report.skip(key, reason)
        self._progress(1)
