"""The work of imports: an upload becomes the content of a run, as a whole or not at all (notes on OLX, §2.1, §2.7)."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from db.store import (
    Author,
    BlobsUnavailable,
    Corrupted,
    LeaseLost,
    Store,
    StoreFull,
    UnknownVersion,
    VersionConflict,
)
from db.tables import now
from edx.olx import ArchiveRefused, Severity
from edx.olx.problems import Problem, Report
from resolvers.content.imports import Imported, Mode, Rules, Stage, Target, import_course
from resolvers.content.uploads import UploadError, Uploads, UploadUnknown
from resolvers.editing.locks import LockRefused, check, token_of
from resolvers.jobs import Handler, JobContext, JobErrorCode, JobFailed, TryAgain
from resolvers.merging.conflicts import Choice, Conflict, Resolution, Unresolved
from resolvers.merging.merge import CannotMerge
from resolvers.refusals import Reason
from resolvers.transfer.asking import IMPORT, require_rights
from resolvers.transfer.telling import Told
from resolvers.transfer.turns import take_turn

DONE = "done"
"""What a job that has changed the content remembers its result as."""
OFTENEST, RAREST = 1.0, 60.0
"""Seconds between two times that a lock is renewed."""


def importing(store: Store, uploads: Uploads, seconds: float) -> Handler:
    """What does the work of imports, which may take so many seconds."""

    async def work(job: JobContext) -> Any:
        if DONE in job.memory:
            return job.memory[DONE]
        await take_turn(job, job.input["run"], (IMPORT.name,), Stage.UNPACKING.upper())
        work = _Import(job, store, uploads)
        with failing():
            await work.renew()
            return await in_time(work.told, seconds, work.told.follow(job, work.done()))

    return work


async def in_time(told: Told, seconds: float, work: Any) -> Any:
    """The result of work that may take so long. Fails the job, saying where the work was: a time-out is final (J5)."""
    try:
        async with asyncio.timeout(seconds) as limit:
            return await work
    except TimeoutError:
        if not limit.expired():
            raise
        message = f"it took more than {seconds:g} seconds: it was {told.last}"
        raise JobFailed(JobErrorCode.TIMED_OUT, message) from None


class _Import:
    """One attempt at an import."""

    def __init__(self, job: JobContext, store: Store, uploads: Uploads) -> None:
        self.job = job
        self.store = store
        self.uploads = uploads
        self.run: int = job.input["run"]
        self.author = Author(job.requested_by or "", job.application)
        self.told = Told(Stage.UNPACKING.upper(), self.renew)
        self.token: str | None = None

    async def renew(self) -> float:
        """See to it that the import may go on: that its lock is still one. Seconds until that is to be done again."""
        fencing = self.job.input["lock"]
        async with self.job.writing() as session:
            await require_rights(session, self.job)
            self.token = None if fencing is None else await token_of(session, self.run, fencing)
            lock = await check(session, self.run, self.token)
        left = (lock.expires_at - now()).total_seconds() if lock else RAREST * 3
        return max(OFTENEST, min(left / 3, RAREST))

    async def done(self) -> dict[str, Any]:
        """Import, and say what came of it."""
        given = self.job.input
        parcel, source = await self.uploads.open(self.author, given["upload"])
        others = given.get("others")
        each = {conflict: Choice(choice) for conflict, choice in given.get("resolutions", {}).items()}
        target = Target(
            self.run,
            self.author,
            given["expectedVersion"],
            given["message"],
            Mode(given["mode"]),
            self.token,
            Resolution(each, None if others is None else Choice(others)),
        )
        imported = await import_course(
            self.store,
            source,
            target,
            rules=Rules(fail_level=Severity[given["failLevel"]]),
            progress=lambda stage, done, total: self.told.step(stage.upper(), done, total),
            watch=self.told.at,
            swap=self._swap,
            is_dry=given["validateOnly"],
        )
        return {**as_data(imported), "archive": parcel.digest}

    async def _swap(self, session: AsyncSession, imported: Imported) -> None:
        """Part of the transaction that changes the content: the job is still ours, and nobody has canceled it (J6)."""
        self.told.is_deciding = True
        await self.job.remember_with(session, DONE, as_data(imported))


@contextmanager
def failing() -> Iterator[None]:
    """Where what goes wrong with content becomes the failure of a job, now or for good."""
    try:
        yield
    except ArchiveRefused as refused:
        raise JobFailed(Reason.ARCHIVE_REFUSED, str(refused), result=report_of(refused.report)) from refused
    except Unresolved as unresolved:
        conflicts = [conflict_of(conflict) for conflict in unresolved.conflicts]
        raise JobFailed(Reason.MERGE_CONFLICTS, str(unresolved), result={"conflicts": conflicts}) from unresolved
    except CannotMerge as error:
        raise JobFailed(Reason.INVALID, str(error)) from error
    except VersionConflict as error:
        raise JobFailed(Reason.VERSION_CONFLICT, str(error), result={"currentVersion": error.current}) from error
    except UnknownVersion as error:
        raise JobFailed(Reason.VERSION_UNKNOWN, str(error)) from error
    except LockRefused as error:
        raise JobFailed(error.code, str(error)) from error
    except UploadError as error:
        code = Reason.UPLOAD_UNKNOWN if isinstance(error, UploadUnknown) else Reason.UPLOAD_UNFINISHED
        raise JobFailed(code, str(error)) from error
    except StoreFull as error:
        raise TryAgain(JobErrorCode.STORAGE_FULL, str(error)) from error
    except (BlobsUnavailable, Corrupted, LeaseLost) as error:
        raise TryAgain(JobErrorCode.STORAGE_UNAVAILABLE, str(error)) from error


def as_data(imported: Imported) -> dict[str, Any]:
    """What came of an import, as JSON."""
    return {
        "version": imported.version,
        "changed": imported.is_new,
        "counts": dict(imported.counts),
        "files": imported.files,
        "bytes": imported.bytes,
        "bytesWritten": imported.bytes_written,
        "kept": [{"block": str(kept.block), "setting": kept.name} for kept in imported.kept],
        "conflicts": [conflict_of(conflict) for conflict in imported.conflicts],
        **report_of(imported.report),
    }


def conflict_of(conflict: Conflict) -> dict[str, Any]:
    """Something that both a run and its source have changed, as JSON."""
    return {
        "key": conflict.id,
        "block": None if conflict.block is None else str(conflict.block),
        "breadcrumb": list(conflict.breadcrumb),
        "base": conflict.base,
        "ours": conflict.ours,
        "theirs": conflict.theirs,
        "choice": None if conflict.choice is None else conflict.choice.name,
    }


def report_of(report: Report) -> dict[str, Any]:
    """What was found about an archive, as JSON: of each severity the first problems, and how many there are."""
    return {
        "errors": report.errors,
        "warnings": report.warnings,
        "infos": report.infos,
        "problems": [problem_of(problem) for problem in report.problems],
    }


def problem_of(problem: Problem) -> dict[str, Any]:
    """One problem, as JSON."""
    return {
        "code": problem.code.value,
        "severity": problem.severity.name,
        "message": problem.message,
        "file": problem.place.file or None,
        "line": problem.place.line or None,
        "column": problem.place.column or None,
        "block": None if problem.block is None else str(problem.block),
        "breadcrumb": list(problem.breadcrumb),
        "hint": problem.hint or None,
    }
