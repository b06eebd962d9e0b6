"""Organizations, courses and their runs."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.tables.base import Base, folded, now
from db.types import Instant, Key, choice, text


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
    slug: Mapped[str | None] = mapped_column(text(255), unique=True)  # for web addresses; never part of a course key
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
    __table_args__ = (
        UniqueConstraint("organization_id", "number_folded"),
        Index(None, "organization_id", "readable_id"),  # an organization's courses in their order
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey(Organization.id))
    number: Mapped[str] = mapped_column(text(255))
    number_folded: Mapped[str] = mapped_column(text(255))
    readable_id: Mapped[str] = mapped_column(text(), unique=True)
    readable_id_folded: Mapped[str] = mapped_column(text(), unique=True, default=folded("readable_id"))
    display_name: Mapped[str] = mapped_column(text())
    is_name_customized: Mapped[bool] = mapped_column(default=False)
    name_folded: Mapped[str] = mapped_column(text(), index=True)
    is_restricted: Mapped[bool] = mapped_column(default=False)  # perhaps nobody but members of its runs sees it
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    updated_at: Mapped[datetime] = mapped_column(Instant, default=now, onupdate=now)

    organization: Mapped[Organization] = relationship()


class CourseRun(Base):
    """One run of a course: what Open edX calls a course.

    Its course is stored and never derived from its key: a run for a contract stays under the course of its source.
    A source is designated here, one for each course, or called so by its key; runs for contracts are made from it.
    From `retired_at` on nobody may join a run; one without a contract is then shown to nobody but staff.
    """

    __tablename__ = "course_run"
    __table_args__ = (
        Index(None, "course_id", "key"),  # a course's runs in their order
        Index(
            "uq_course_run_designated_source", "course_id", unique=True,
            sqlite_where=sql("is_designated"), postgresql_where=sql("is_designated"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey(Course.id))
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
    is_restricted: Mapped[bool] = mapped_column(default=False)  # only its members see it
    is_designated: Mapped[bool] = mapped_column(default=False)
    contract_id: Mapped[int | None] = mapped_column(ForeignKey("contract.id"), index=True)
    retired_at: Mapped[datetime | None] = mapped_column(Instant)
    origin: Mapped[RunOrigin] = mapped_column(choice(RunOrigin), default=RunOrigin.STUDIO)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    updated_at: Mapped[datetime] = mapped_column(Instant, default=now, onupdate=now)

    course: Mapped[Course] = relationship()
