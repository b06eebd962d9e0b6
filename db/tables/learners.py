"""What is known of learners: copies of their enrollments and certificates in the LMS, as of when, and what it told us.

The LMS stays the source of truth. Learners are their LMS usernames, compared with case; a course run is named by its
key, since the LMS may have runs that the catalog does not.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, now
from db.tables.programs import Program
from db.types import Instant, Key, text


class Learner(Base):
    """How fresh what is known of a learner is.

    `enrollments_at` and `certificates_at` are when the LMS was asked for them, null for never; what was asked before
    `outdated_at` must be asked again. `changed_at` moves whenever something of the learner's becomes different here.
    """

    __tablename__ = "learner"

    username: Mapped[str] = mapped_column(text(255), primary_key=True)
    enrollments_at: Mapped[datetime | None] = mapped_column(Instant)
    certificates_at: Mapped[datetime | None] = mapped_column(Instant)
    outdated_at: Mapped[datetime | None] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant, default=now, index=True)


class LearnerEnrollment(Base):
    """An enrollment as the LMS had it at `known_at`; an inactive one is kept so that older news cannot revive it."""

    __tablename__ = "learner_enrollment"
    __table_args__ = (Index(None, "course_key"),)

    username: Mapped[str] = mapped_column(text(255), primary_key=True)
    course_key: Mapped[str] = mapped_column(text(255), primary_key=True)
    mode: Mapped[str] = mapped_column(text(255))
    is_active: Mapped[bool]
    enrolled_at: Mapped[datetime | None] = mapped_column(Instant)
    known_at: Mapped[datetime] = mapped_column(Instant)


class LearnerCertificate(Base):
    """A certificate as the LMS had it at `known_at`; one that is not passing says the learner failed or lost it."""

    __tablename__ = "learner_certificate"
    __table_args__ = (Index(None, "course_key"),)

    username: Mapped[str] = mapped_column(text(255), primary_key=True)
    course_key: Mapped[str] = mapped_column(text(255), primary_key=True)
    mode: Mapped[str] = mapped_column(text(255))
    is_passing: Mapped[bool]
    grade: Mapped[str] = mapped_column(text(255), default="")
    download_url: Mapped[str | None] = mapped_column(text())
    awarded_at: Mapped[datetime | None] = mapped_column(Instant)
    known_at: Mapped[datetime] = mapped_column(Instant)


class LearnerEvent(Base):
    """Something that the LMS told of a learner at `at`, once for each `id`; `facts` is JSON without personal data.

    It is taken up at `due_at` or later, and done at `done_at`.
    """

    __tablename__ = "learner_event"
    __table_args__ = (Index(None, "done_at", "due_at"),)

    id: Mapped[str] = mapped_column(text(255), primary_key=True)
    kind: Mapped[str] = mapped_column(text(64))
    username: Mapped[str] = mapped_column(text(255), index=True)
    course_key: Mapped[str] = mapped_column(text(255))
    facts: Mapped[str] = mapped_column(text())
    at: Mapped[datetime] = mapped_column(Instant)
    received_at: Mapped[datetime] = mapped_column(Instant, default=now)
    due_at: Mapped[datetime] = mapped_column(Instant, default=now)
    done_at: Mapped[datetime | None] = mapped_column(Instant)


class ProgramCertificate(Base):
    """The certificate of a learner who completed a program; a revoked one is awarded again under the same UUID."""

    __tablename__ = "program_certificate"
    __table_args__ = (UniqueConstraint("username", "program_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    uuid: Mapped[str] = mapped_column(text(36), unique=True)
    username: Mapped[str] = mapped_column(text(255))
    program_id: Mapped[int] = mapped_column(ForeignKey(Program.id, ondelete="CASCADE"), index=True)
    awarded_at: Mapped[datetime] = mapped_column(Instant, default=now)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
