"""Programs with their requirement trees."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.tables.base import Base, now
from db.tables.catalog import Course, CourseRun, Organization
from db.types import Instant, Key, choice, text


class ProgramStatus(StrEnum):
    """Where a program is in its lifecycle (`spec/programs.md`, "Program Lifecycle")."""

    UNPUBLISHED = "unpublished"
    ACTIVE = "active"
    RETIRED = "retired"
    DELETED = "deleted"


class ProgramUserStatus(StrEnum):
    """A learner's association with a program (`spec/programs.md`, "ProgramUser"); deleted ones are never shown."""

    ACTIVE = "active"
    COMPLETED = "completed"
    DELETED = "deleted"


class ProgramUserSource(StrEnum):
    """What brought an association about."""

    LISTING = "listing"
    CERTIFICATE = "certificate"
    REGISTRATION = "registration"


class RequirementKind(StrEnum):
    """What a node of a program's requirement tree asks for."""

    ALL_OF = "all_of"
    MIN_NUMBER_OF = "min_number_of"
    COURSE = "course"
    PROGRAM = "program"


class ProgramCategory(Base):
    """A kind of program, such as XSeries; the slug is lower case."""

    __tablename__ = "program_category"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    slug: Mapped[str] = mapped_column(text(64), unique=True)
    display_name: Mapped[str] = mapped_column(text(255))
    needs_marketing_slug: Mapped[bool] = mapped_column(default=False)

    modes: Mapped[list["ProgramCategoryMode"]] = relationship(cascade="all, delete-orphan")


class ProgramCategoryMode(Base):
    """An enrollment mode that counts for the completion of the programs of a category."""

    __tablename__ = "program_category_mode"

    category_id: Mapped[int] = mapped_column(ForeignKey(ProgramCategory.id, ondelete="CASCADE"), primary_key=True)
    mode_slug: Mapped[str] = mapped_column(text(64), primary_key=True)


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
    image_url: Mapped[str | None] = mapped_column(text())
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
    is_unavailable: Mapped[bool] = mapped_column(default=False)  # the LMS has it no more


class ProgramUser(Base):
    """A learner's association with a program, by LMS username; `source` says what brought it about.

    It outlives the enrollment that it came from, and a deleted one is never revived by another enrollment.
    """

    __tablename__ = "program_user"
    __table_args__ = (
        UniqueConstraint("username", "program_id"),
        Index(None, "program_id", "username"),  # a program's learners in their order
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    username: Mapped[str] = mapped_column(text(255))
    program_id: Mapped[int] = mapped_column(ForeignKey(Program.id, ondelete="CASCADE"))
    status: Mapped[ProgramUserStatus] = mapped_column(choice(ProgramUserStatus), default=ProgramUserStatus.ACTIVE)
    source: Mapped[str] = mapped_column(text(32))
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    updated_at: Mapped[datetime] = mapped_column(Instant, default=now, onupdate=now)
    completed_at: Mapped[datetime | None] = mapped_column(Instant)
