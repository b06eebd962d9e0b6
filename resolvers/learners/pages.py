"""The pages of certificates: what a template is given, and the page that is made with it.

No page can run a script, wherever it is opened: a policy stands at its beginning, before anything of the template's.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import BigInteger, Dialect, select

from db.engine import Database, Snapshot
from db.tables import Course, Organization, Program, ProgramCategory, ProgramOrganization, ProgramRequirement, now
from db.types import any_of
from resolvers.learners.certificates import Verified
from resolvers.learners.designs import BUILT_IN, OF_PROGRAMS, REVOKED, nearest
from resolvers.learners.templates import BadTemplate, render
from resolvers.plan.statements import keys_parameter, rows_for
from resolvers.refusals import Problem, Reason, Refusal

POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; font-src https: data:; base-uri 'none'; "
    "form-action 'none'"
)
"""What a page may do in a browser: show what is in it, pictures and fonts of others, and nothing else."""

HEAD: Final = f'<!DOCTYPE html>\n<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LearnerShown:
    """Whose certificate it is."""

    username: str


@dataclass(frozen=True, slots=True)
class ProgramShown:
    """The program that was completed."""

    uuid: str
    name: str
    subtitle: str
    description: str
    category: str


@dataclass(frozen=True, slots=True)
class Named:
    """An organization that publishes the program, or one of its courses."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class CertificateShown:
    """The certificate itself; `url` is its page."""

    uuid: str
    url: str
    awarded_at: datetime


@dataclass(frozen=True, slots=True)
class Given:
    """All that a template is given, under these names: `docs/learners.md` lists them."""

    learner: LearnerShown
    program: ProgramShown
    organizations: Sequence[Named]
    courses: Sequence[Named]
    certificate: CertificateShown

    def values(self) -> dict[str, Any]:
        """By name."""
        return {name: getattr(self, name) for name in self.__slots__}


SAMPLE_LEARNER: Final = LearnerShown("sample_learner")
SAMPLE_UUID: Final = str(UUID(int=0))
SAMPLE: Final = Given(
    SAMPLE_LEARNER,
    ProgramShown(SAMPLE_UUID, "Astrophysics", "From planets to galaxies", "A great series.", "XSeries"),
    [Named("ANUx", "Australian National University")],
    [Named(f"ANUx+ASTRO{i}x", f"Astrophysics, part {i}") for i in range(1, 5)],
    CertificateShown(SAMPLE_UUID, f"https://example.org/certificates/{SAMPLE_UUID}", datetime(2026, 5, 1, tzinfo=UTC)),
)
"""What a template is tried with before it is stored."""

PROGRAM = (
    select(Program.id, Program.uuid, Program.name, Program.subtitle, Program.description, ProgramCategory.display_name)
    .join(ProgramCategory, ProgramCategory.id == Program.category_id)
    .where(any_of(Program.id, keys_parameter(BigInteger())))
)
ORGANIZATIONS = (
    select(Organization.key, Organization.display_name)
    .join(ProgramOrganization, ProgramOrganization.organization_id == Organization.id)
    .where(any_of(ProgramOrganization.program_id, keys_parameter(BigInteger())))
    .order_by(ProgramOrganization.position)
)
COURSES = (
    select(Course.readable_id, Course.display_name)
    .join(ProgramRequirement, ProgramRequirement.course_id == Course.id)
    .where(any_of(ProgramRequirement.program_id, keys_parameter(BigInteger())))
    .order_by(ProgramRequirement.sequence)
)


async def check(source: str) -> None:
    """Raise Refusal for a template of which no page can be made."""
    try:
        await _made(source, SAMPLE.values())
    except BadTemplate as error:
        data = {"line": error.flaw.line}
        raise Refusal([Problem(Reason.TEMPLATE_INVALID, str(error), ("source",), data)]) from None


async def preview(context: Any, program: int, source: str | None) -> str:
    """The page of a certificate of a program that a sample learner would have, by default as templates are now.

    Raises BadTemplate.
    """
    certificate = CertificateShown(SAMPLE_UUID, context.learners.links.of_certificate(SAMPLE_UUID), now())
    given, design = await _read(context.snapshot, context.database.dialect, program, SAMPLE_LEARNER, certificate)
    await context.snapshot.release()
    return HEAD + await _made(design if source is None else source, given.values())


async def page(database: Database, found: Verified, url: str) -> str:
    """The page of a certificate, whose address is `url`. One that was revoked says so, whatever the template.

    A template that fails, as one may whose program has become very large, gives way to the built-in one.
    """
    assert found.awarded_at is not None  # noqa: S101 -- every certificate has its time
    certificate = CertificateShown(found.uuid, url, found.awarded_at)
    async with database.reading() as snapshot:
        given, source = await _read(
            snapshot, database.dialect, found.program_id, LearnerShown(found.username), certificate
        )
    values = given.values()
    if found.revoked_at is not None:
        return HEAD + await _made(REVOKED, values | {"revoked_at": found.revoked_at})
    try:
        return HEAD + await _made(source, values)
    except BadTemplate as error:
        log.warning("certificate_template_failed", program=given.program.uuid, line=error.flaw.line, reason=str(error))
        return HEAD + await _made(BUILT_IN, values)


async def _made(source: str, values: dict[str, Any]) -> str:
    """A page, made beside the event loop: a template may take its time."""
    return await asyncio.to_thread(render, source, values)


async def _read(
    snapshot: Snapshot, dialect: Dialect, program: int, learner: LearnerShown, certificate: CertificateShown
) -> tuple[Given, str]:
    """What the template of a program is given, and the template."""
    [(_, *columns)] = await rows_for(snapshot, dialect, PROGRAM, [program])
    [(_, *templates)] = await rows_for(snapshot, dialect, OF_PROGRAMS, [program])
    publishers = await rows_for(snapshot, dialect, ORGANIZATIONS, [program])
    courses = await rows_for(snapshot, dialect, COURSES, [program])
    given = Given(learner, ProgramShown(*columns), _named(publishers), _named(courses), certificate)
    return given, nearest(*templates).source


def _named(rows: Sequence[Any]) -> list[Named]:
    return [Named(key, name or key) for key, name in rows]
