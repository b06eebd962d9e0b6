"""The tables: organizations, courses, runs, and programs with their requirement trees.

Integer keys hold rows together inside; `key`, `readable_id` and `uuid` are the immutable keys that the outside knows.
A `…_folded` column is the case-folded twin that makes names unique and sorts and searches without regard to case.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, MetaData, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from db.types import Instant, Key, choice, text


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def folded(column: str) -> Callable[[Any], str]:
    """The default of a `…_folded` column: the case-folded text of another, immutable one."""
    return lambda context: str(context.get_current_parameters()[column]).casefold()


class Base(DeclarativeBase):
    """What every table has in common: names for constraints, so that migrations can alter them on SQLite too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class CourseKeyPrefix(StrEnum):
    """What stands before an organization's key in the course keys of its B2B runs (`spec/b2b-courseware.md`)."""

    UAI = "UAI"
    B2B = "B2B"
    NONE = "NONE"


class Pacing(StrEnum):
    """Who sets the pace of a run."""

    INSTRUCTOR = "instructor"
    SELF = "self"


class RunOrigin(StrEnum):
    """Where a run came from."""

    STUDIO = "studio"
    RERUN = "rerun"
    DIRECTORY = "directory"
    IMPORT = "import"


class ProgramStatus(StrEnum):
    """Where a program is in its lifecycle (`spec/programs.md`, "Program Lifecycle")."""

    UNPUBLISHED = "unpublished"
    ACTIVE = "active"
    RETIRED = "retired"
    DELETED = "deleted"


class RequirementKind(StrEnum):
    """What a node of a program's requirement tree asks for."""

    ALL_OF = "all_of"
    MIN_NUMBER_OF = "min_number_of"
    COURSE = "course"
    PROGRAM = "program"


class Organization(Base):
    """An institution that courses and programs belong to; its key is the bare one (`MIT`)."""

    __tablename__ = "organization"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(text(255), unique=True)
    key_folded: Mapped[str] = mapped_column(text(255), unique=True, default=folded("key"))
    prefix: Mapped[CourseKeyPrefix] = mapped_column(choice(CourseKeyPrefix), default=CourseKeyPrefix.NONE)
    display_name: Mapped[str | None] = mapped_column(text(255))
    is_name_customized: Mapped[bool] = mapped_column(default=False)
    name_folded: Mapped[str] = mapped_column(text(), index=True)
    description: Mapped[str] = mapped_column(text(), default="")
    logo_url: Mapped[str | None] = mapped_column(text())
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    updated_at: Mapped[datetime] = mapped_column(Instant, default=now, onupdate=now)

    aliases: Mapped[list["OrganizationAlias"]] = relationship(cascade="all, delete-orphan")


class OrganizationAlias(Base):
    """A case-folded name under which an organization is found: its key, and prefix and key together (`uai_mit`)."""

    __tablename__ = "organization_alias"

    alias: Mapped[str] = mapped_column(text(255), primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey(Organization.id, ondelete="CASCADE"), index=True)


class Course(Base):
    """An offering apart from any run; `readable_id` is organization and number as in course keys (`MITx+6.002x`)."""

    __tablename__ = "course"
    __table_args__ = (UniqueConstraint("organization_id", "number_folded"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey(Organization.id))
    number: Mapped[str] = mapped_column(text(255))
    number_folded: Mapped[str] = mapped_column(text(255))
    readable_id: Mapped[str] = mapped_column(text(), unique=True)
    readable_id_folded: Mapped[str] = mapped_column(text(), unique=True, default=folded("readable_id"))
    display_name: Mapped[str] = mapped_column(text())
    is_name_customized: Mapped[bool] = mapped_column(default=False)
    name_folded: Mapped[str] = mapped_column(text(), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    updated_at: Mapped[datetime] = mapped_column(Instant, default=now, onupdate=now)

    organization: Mapped[Organization] = relationship()


class CourseRun(Base):
    """One run of a course: what Open edX calls a course.

    Its course is stored and never derived from its key: a run for a contract stays under the course of its source.
    """

    __tablename__ = "course_run"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey(Course.id), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("course_run.id"), index=True)
    key: Mapped[str] = mapped_column(text(255), unique=True)
    key_folded: Mapped[str] = mapped_column(text(255), unique=True)
    display_name: Mapped[str] = mapped_column(text())
    is_name_customized: Mapped[bool] = mapped_column(default=False)
    name_folded: Mapped[str] = mapped_column(text(), index=True)
    short_description: Mapped[str] = mapped_column(text(), default="")
    image_url: Mapped[str | None] = mapped_column(text())
    start: Mapped[datetime | None] = mapped_column(Instant, index=True)
    end: Mapped[datetime | None] = mapped_column(Instant)
    enrollment_start: Mapped[datetime | None] = mapped_column(Instant)
    enrollment_end: Mapped[datetime | None] = mapped_column(Instant)
    pacing: Mapped[Pacing] = mapped_column(choice(Pacing), default=Pacing.INSTRUCTOR)
    is_invitation_only: Mapped[bool] = mapped_column(default=False)
    is_hidden: Mapped[bool] = mapped_column(default=False)
    is_source: Mapped[bool] = mapped_column(default=False)
    origin: Mapped[RunOrigin] = mapped_column(choice(RunOrigin), default=RunOrigin.STUDIO)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    updated_at: Mapped[datetime] = mapped_column(Instant, default=now, onupdate=now)

    course: Mapped[Course] = relationship()


class ProgramCategory(Base):
    """A kind of program, such as XSeries; the slug is lower case."""

    __tablename__ = "program_category"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    slug: Mapped[str] = mapped_column(text(64), unique=True)
    display_name: Mapped[str] = mapped_column(text(255))


class Program(Base):
    """A structured group of courses (`spec/programs.md`, "Program")."""

    __tablename__ = "program"
    __table_args__ = (Index(None, "status", "category_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    uuid: Mapped[str] = mapped_column(text(36), unique=True)
    name: Mapped[str] = mapped_column(text(255))
    name_folded: Mapped[str] = mapped_column(text(255), unique=True)
    subtitle: Mapped[str] = mapped_column(text(255), default="")
    description: Mapped[str] = mapped_column(text(), default="")
    category_id: Mapped[int] = mapped_column(ForeignKey(ProgramCategory.id), index=True)
    status: Mapped[ProgramStatus] = mapped_column(choice(ProgramStatus), default=ProgramStatus.UNPUBLISHED)
    marketing_slug: Mapped[str] = mapped_column(text(255), default="")
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    updated_at: Mapped[datetime] = mapped_column(Instant, default=now, onupdate=now)

    category: Mapped[ProgramCategory] = relationship()
    organizations: Mapped[list["ProgramOrganization"]] = relationship(cascade="all, delete-orphan")
    requirements: Mapped[list["ProgramRequirement"]] = relationship(
        cascade="all, delete-orphan", foreign_keys="ProgramRequirement.program_id"
    )
    run_modes: Mapped[list["ProgramCourseRunMode"]] = relationship(cascade="all, delete-orphan")


class ProgramOrganization(Base):
    """An organization that publishes a program, in the order in which they are named."""

    __tablename__ = "program_organization"

    program_id: Mapped[int] = mapped_column(ForeignKey(Program.id, ondelete="CASCADE"), primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey(Organization.id), primary_key=True, index=True)
    position: Mapped[int]


class ProgramRequirement(Base):
    """A node of a program's requirement tree.

    `sequence` numbers the nodes of one program depth first from 0, the root; the spec's ordered courses are the course
    leaves in that order. A course stands in a tree once.
    """

    __tablename__ = "program_requirement"
    __table_args__ = (
        UniqueConstraint("program_id", "sequence"),
        UniqueConstraint("program_id", "course_id"),
        CheckConstraint("(kind = 'course') = (course_id IS NOT NULL)", name="course"),
        CheckConstraint("(kind = 'program') = (required_program_id IS NOT NULL)", name="program"),
        CheckConstraint("(kind = 'min_number_of') = (minimum IS NOT NULL)", name="minimum"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    program_id: Mapped[int] = mapped_column(ForeignKey(Program.id, ondelete="CASCADE"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("program_requirement.id", ondelete="CASCADE"), index=True)
    sequence: Mapped[int]
    depth: Mapped[int]
    kind: Mapped[RequirementKind] = mapped_column(choice(RequirementKind))
    title: Mapped[str] = mapped_column(text(255), default="")
    minimum: Mapped[int | None]
    is_elective: Mapped[bool] = mapped_column(default=False)
    course_id: Mapped[int | None] = mapped_column(ForeignKey(Course.id), index=True)
    required_program_id: Mapped[int | None] = mapped_column(ForeignKey(Program.id), index=True)

    children: Mapped[list["ProgramRequirement"]] = relationship(order_by="ProgramRequirement.sequence")


class ProgramCourseRunMode(Base):
    """A run of one of a program's courses in the enrollment mode that counts, with its SKU or ''."""

    __tablename__ = "program_course_run_mode"
    __table_args__ = (UniqueConstraint("program_id", "course_run_id", "mode_slug", "sku"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    program_id: Mapped[int] = mapped_column(ForeignKey(Program.id, ondelete="CASCADE"))
    course_run_id: Mapped[int] = mapped_column(ForeignKey(CourseRun.id), index=True)
    mode_slug: Mapped[str] = mapped_column(text(64))
    sku: Mapped[str] = mapped_column(text(255), default="")
