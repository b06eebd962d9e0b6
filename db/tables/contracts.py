"""Contracts with organizations: who belongs to them, what they offer, and the making of their runs.

What a contract offers are course runs of its own (`spec/b2b-courseware.md`): they refer to it, not it to them.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.tables.base import Base, now
from db.tables.catalog import Course, CourseRun, Organization
from db.tables.programs import Program
from db.types import Instant, Key, choice, text


class ContractMembership(StrEnum):
    """How learners come to belong to a contract."""

    MANAGED = "managed"
    CODE = "code"
    AUTO = "auto"


class RerunState(StrEnum):
    """Where the making of a run from another one is."""

    PLANNED = "planned"
    CLONING = "cloning"
    CONFIGURING = "configuring"
    READY = "ready"
    FAILED = "failed"


class Contract(Base):
    """An agreement with an organization; its number stands in the keys of its runs.

    `start` is the first moment of its first day and `end` the last second of its last one, in UTC; null is open.
    `max_learners` is null where nobody counts; `price_cents` is for each learner, 0 where it is free.
    """

    __tablename__ = "contract"
    __table_args__ = (
        CheckConstraint("max_learners > 0", name="max_learners"),
        CheckConstraint("price_cents >= 0", name="price_cents"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey(Organization.id), index=True)
    name: Mapped[str] = mapped_column(text(255))
    name_folded: Mapped[str] = mapped_column(text(), index=True)
    description: Mapped[str] = mapped_column(text(), default="")
    membership: Mapped[ContractMembership] = mapped_column(
        choice(ContractMembership), default=ContractMembership.MANAGED
    )
    is_enabled: Mapped[bool] = mapped_column(default=True)
    start: Mapped[datetime | None] = mapped_column(Instant)
    end: Mapped[datetime | None] = mapped_column(Instant)
    max_learners: Mapped[int | None]
    price_cents: Mapped[int] = mapped_column(Key, default=0)
    welcome: Mapped[str] = mapped_column(text(255), default="")
    welcome_details: Mapped[str] = mapped_column(text(), default="")
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    updated_at: Mapped[datetime] = mapped_column(Instant, default=now, onupdate=now)

    organization: Mapped[Organization] = relationship()


class ContractMember(Base):
    """A learner who belongs to a contract, by LMS username."""

    __tablename__ = "contract_member"
    __table_args__ = (UniqueConstraint("contract_id", "username"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey(Contract.id, ondelete="CASCADE"))
    username: Mapped[str] = mapped_column(text(255), index=True)
    added_by: Mapped[str] = mapped_column(text(255))
    added_at: Mapped[datetime] = mapped_column(Instant, default=now)


class OrganizationManager(Base):
    """A user who looks after the contracts of an organization, by LMS username."""

    __tablename__ = "organization_manager"
    __table_args__ = (UniqueConstraint("organization_id", "username"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey(Organization.id, ondelete="CASCADE"))
    username: Mapped[str] = mapped_column(text(255), index=True)
    added_by: Mapped[str] = mapped_column(text(255))
    added_at: Mapped[datetime] = mapped_column(Instant, default=now)


class ContractProgram(Base):
    """A program that was added to a contract; positions are counted from 0 and never given again."""

    __tablename__ = "contract_program"
    __table_args__ = (UniqueConstraint("contract_id", "program_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey(Contract.id, ondelete="CASCADE"))
    program_id: Mapped[int] = mapped_column(ForeignKey(Program.id), index=True)
    position: Mapped[int]
    added_by: Mapped[str] = mapped_column(text(255))
    added_at: Mapped[datetime] = mapped_column(Instant, default=now)


class ContractCourse(Base):
    """A course of which a contract was given a run: through a program, or for itself where `program_id` is null."""

    __tablename__ = "contract_course"
    __table_args__ = (
        UniqueConstraint("contract_id", "program_id", "course_id"),
        Index(
            "uq_contract_course_for_itself",
            "contract_id",
            "course_id",
            unique=True,
            sqlite_where=sql("program_id IS NULL"),
            postgresql_where=sql("program_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey(Contract.id, ondelete="CASCADE"))
    program_id: Mapped[int | None] = mapped_column(ForeignKey(Program.id), index=True)
    course_id: Mapped[int] = mapped_column(ForeignKey(Course.id), index=True)
    added_by: Mapped[str] = mapped_column(text(255))
    added_at: Mapped[datetime] = mapped_column(Instant, default=now)


class Rerun(Base):
    """The making of a run, whose id it has, from the run that is its parent.

    `remembered` is JSON: what was begun in Open edX, written down before it was. `source_version` is the version of
    the source's content, where that is kept here. `failure_code` and `failure` say why it failed.
    """

    __tablename__ = "rerun"

    id: Mapped[int] = mapped_column(ForeignKey(CourseRun.id, ondelete="CASCADE"), primary_key=True)
    state: Mapped[RerunState] = mapped_column(choice(RerunState), default=RerunState.PLANNED, index=True)
    source_version: Mapped[str | None] = mapped_column(text(64))
    remembered: Mapped[str] = mapped_column(text(), default="{}")
    attempts: Mapped[int] = mapped_column(default=0)
    failure_code: Mapped[str | None] = mapped_column(text(64))
    failure: Mapped[str | None] = mapped_column(text())
    requested_by: Mapped[str] = mapped_column(text(255))
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    updated_at: Mapped[datetime] = mapped_column(Instant, default=now, onupdate=now)
    ready_at: Mapped[datetime | None] = mapped_column(Instant)


class RerunAttempt(Base):
    """One thing that was tried in Open edX for a re-run, and what came of it; `attempt` counts from 1."""

    __tablename__ = "rerun_attempt"
    __table_args__ = (Index(None, "rerun_id", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    rerun_id: Mapped[int] = mapped_column(ForeignKey(Rerun.id, ondelete="CASCADE"))
    attempt: Mapped[int]
    step: Mapped[str] = mapped_column(text(64))
    outcome: Mapped[str] = mapped_column(text(64))
    detail: Mapped[str] = mapped_column(text(), default="")
    at: Mapped[datetime] = mapped_column(Instant, default=now)
