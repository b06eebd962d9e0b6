"""What an instance has, as an archive: exported by Studio for a user who signs in there. EXPERIMENTAL.

An export changes nothing, so one that was stopped anywhere is simply begun again.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import BinaryIO

from edx.keys import CourseKey
from edx.studio_imports import ImportState
from resolvers.content.imports import DEFAULT_RULES, prepare, silent
from resolvers.content.spool import spool
from resolvers.instances.canonical import digest_of, parts_of
from resolvers.instances.hosts import Host
from resolvers.instances.machine import Rules
from resolvers.jobs import JobContext, JobFailed
from resolvers.refusals import Reason
from resolvers.transfer.importing import failing

EXPORTING, DOWNLOADING = "EXPORTING", "DOWNLOADING"
MOST_BYTES = 4 * 1024**3

EXPORT_FAILED = "EXPORT_FAILED"
EXPORT_TIMED_OUT = "EXPORT_TIMED_OUT"
NO_WORDS = "Studio could not export the course, and does not say why"


@dataclass(frozen=True, slots=True)
class Found:
    """What an archive holds: its version, and what it says, part by part."""

    version: str
    parts: dict[str, str]

    @property
    def digest(self) -> str:
        """One digest of what it says."""
        return digest_of(self.parts)


@contextlib.asynccontextmanager
async def fetched(job: JobContext, host: Host, key: CourseKey, rules: Rules) -> AsyncIterator[BinaryIO]:
    """The archive that Studio exports, in a file that goes with the block.

    Raises OpenEdxError, JobFailed, JobCanceled and AttemptLost.
    """
    session = host.session
    if session is None:
        raise JobFailed(Reason.INSTANCE_NOT_READABLE, f"no user is set who signs in to {host.instance.name}")
    await job.advance(EXPORTING)
    try:
        async with asyncio.timeout(rules.patience):
            await session.begin_export(key)
            await _exported(job, host, key, rules)
    except TimeoutError:
        raise JobFailed(EXPORT_TIMED_OUT, f"Studio exported for more than {rules.patience:g} seconds") from None
    with TemporaryFile(prefix="collegium-") as file:
        await job.advance(DOWNLOADING)
        await session.download(key, file, most=MOST_BYTES, patience=rules.patience)
        file.seek(0)
        yield file


async def _exported(job: JobContext, host: Host, key: CourseKey, rules: Rules) -> None:
    """Return once the export is done."""
    assert host.session is not None  # noqa: S101 -- as above
    pause = rules.first_pause
    while True:
        told = await host.session.export_of(key)
        if told is not None and told.state is ImportState.FAILED:
            raise JobFailed(EXPORT_FAILED, told.words or NO_WORDS)
        if told is not None and told.state is ImportState.SUCCEEDED:
            return
        await job.advance()
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, rules.longest_pause)


async def looked_into(file: BinaryIO) -> Found:
    """What is in an archive. Raises JobFailed for one that is none."""

    def look() -> Found:
        with spool() as keep:
            prepared = prepare(file, keep, DEFAULT_RULES, silent)
            return Found(prepared.written.root, parts_of(prepared.course))

    with failing():
        return await asyncio.to_thread(look)
