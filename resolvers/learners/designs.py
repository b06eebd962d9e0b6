"""Which template the certificates of a program are made with, and giving programs and categories one of their own.

The nearest holds: the program's, its category's, the built-in one (`spec/programs.md`, "Progress, Completion, and
Certification"). Whoever may publish a program designs its certificates; those of a category, who may publish all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Select, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.tables import CertificateTemplate, Program, ProgramCategory, ProgramStatus, now
from db.types import any_of, micros
from resolvers.access import Permission, Viewer
from resolvers.audit import record
from resolvers.errors import Forbidden, NotFound
from resolvers.grants import load_permissions, permissions_on, require_some
from resolvers.learners.curricula import moment
from resolvers.plan.sources import Batch
from resolvers.plan.statements import keys_parameter, rows_for
from resolvers.programs.state import locked_program
from resolvers.refusals import Problem, Reason, Refusal

BUILT_IN: Final = files(__package__).joinpath("certificate.html").read_text("utf-8")
REVOKED: Final = files(__package__).joinpath("revoked.html").read_text("utf-8")


class Origin(StrEnum):
    """Whose a template is."""

    PROGRAM = "program"
    CATEGORY = "category"
    BUILT_IN = "built_in"


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """A template that holds for a program or a category, whose it is, and when it was last changed."""

    source: str
    origin: Origin
    updated_at: datetime | None = None


DEFAULT: Final = Design(BUILT_IN, Origin.BUILT_IN)

_own, _of_category = aliased(CertificateTemplate), aliased(CertificateTemplate)
_columns = (_own.source, micros(_own.updated_at), _of_category.source, micros(_of_category.updated_at))
OF_PROGRAMS = (
    select(Program.id, *_columns)
    .outerjoin(_own, _own.program_id == Program.id)
    .outerjoin(_of_category, _of_category.category_id == Program.category_id)
    .where(any_of(Program.id, keys_parameter(BigInteger())))
)
OF_CATEGORIES: Select[*tuple[Any, ...]] = select(
    CertificateTemplate.category_id, CertificateTemplate.source, micros(CertificateTemplate.updated_at)
).where(any_of(CertificateTemplate.category_id, keys_parameter(BigInteger())))


def nearest(own: str | None, own_at: int | None, of_category: str | None, of_category_at: int | None) -> Design:
    """The design that holds for a program, by the columns of `OF_PROGRAMS`."""
    if own is not None:
        return Design(own, Origin.PROGRAM, moment(own_at))
    if of_category is not None:
        return Design(of_category, Origin.CATEGORY, moment(of_category_at))
    return DEFAULT


async def load_program_designs(batch: Batch) -> Mapping[int, Design]:
    """The designs of the programs with these ids, for viewers who may change them: a batch source."""
    permissions = await load_permissions(batch)
    keys = [key for key in batch.keys if Permission.PUBLISH_PROGRAMS.value in permissions[key]]
    if not keys:
        return {}
    rows = await rows_for(batch.context.snapshot, batch.context.database.dialect, OF_PROGRAMS, keys)
    return {program: nearest(*columns) for program, *columns in rows}


async def load_category_designs(batch: Batch) -> Mapping[int, Design]:
    """The designs of the categories with these ids, for viewers who may change them: a batch source."""
    if not batch.context.viewer.may(Permission.PUBLISH_PROGRAMS):
        return {}
    rows = await rows_for(batch.context.snapshot, batch.context.database.dialect, OF_CATEGORIES, batch.keys)
    own = {category: Design(source, Origin.CATEGORY, moment(at)) for category, source, at in rows}
    return {key: own.get(key, DEFAULT) for key in batch.keys}


async def require_designer(session: AsyncSession, viewer: Viewer) -> None:
    """Raise Forbidden for viewers who may design no certificates, before any work is done for them."""
    await require_some(session, viewer, Permission.PUBLISH_PROGRAMS)


async def designed(session: AsyncSession, viewer: Viewer, uuid: UUID) -> int:
    """The id of a program whose certificates the viewer may design. Raises Forbidden and NotFound."""
    await require_designer(session, viewer)
    return (await _program(session, viewer, uuid)).id


async def design_program(session: AsyncSession, viewer: Viewer, uuid: UUID, source: str | None) -> None:
    """Give a program a template, or with None take its own away. Raises Forbidden and NotFound."""
    program = await _program(session, viewer, uuid)
    own = CertificateTemplate.program_id == program.id
    await _replace(session, viewer, f"Program:{program.uuid}", own, source, program_id=program.id)


async def design_category(session: AsyncSession, viewer: Viewer, slug: str, source: str | None) -> None:
    """The same for the programs of a category. Raises Forbidden, and Refusal for a category that there is not."""
    if not viewer.may(Permission.PUBLISH_PROGRAMS):
        raise Forbidden("you may not design the certificates of a category")
    query = select(ProgramCategory).where(ProgramCategory.slug == slug).with_for_update()
    category = await session.scalar(query)
    if category is None:
        raise Refusal([Problem(Reason.CATEGORY_UNKNOWN, f"there is no category '{slug[:64]}'", ("category",))])
    own = CertificateTemplate.category_id == category.id
    await _replace(session, viewer, f"ProgramCategory:{category.slug}", own, source, category_id=category.id)


async def _program(session: AsyncSession, viewer: Viewer, uuid: UUID) -> Program:
    program = await locked_program(session, uuid)
    permissions = await permissions_on(session, viewer, program.id) if program else frozenset()
    is_hidden = program is not None and program.status is ProgramStatus.UNPUBLISHED
    if program is None or (is_hidden and Permission.SEE_UNPUBLISHED_PROGRAMS not in permissions):
        raise NotFound(f"there is no program {uuid}")
    if Permission.PUBLISH_PROGRAMS not in permissions:
        raise Forbidden("you may not design the certificates of this program")
    return program


async def _replace(
    session: AsyncSession, viewer: Viewer, subject: str, own: ColumnElement[bool], source: str | None, **scope: int
) -> None:
    before = await session.scalar(select(CertificateTemplate).where(own))
    if (before.source if before else None) == source:
        return
    change = {"certificateTemplate": (_digest(before.source if before else None), _digest(source))}
    record(session, viewer, "designCertificate", subject, change, program_id=scope.get("program_id"))
    if source is None:
        await session.execute(delete(CertificateTemplate).where(own))
    elif before is None:
        session.add(CertificateTemplate(source=source, **scope))
    else:
        before.source, before.updated_at = source, now()


def _digest(source: str | None) -> str | None:
    """What histories have of a template, which would be long for them."""
    return None if source is None else f"sha256:{sha256(source.encode()).hexdigest()}"
