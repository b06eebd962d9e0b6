"""Locks on the content of runs: one client at a time, until it is done or silent for too long. Others may wait."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base
from db.tables.catalog import CourseRun
from db.types import Instant, Key, text


class ContentLock(Base):
    """Who may change a run's content now; a run that was never locked has no row, and `token` is null while free.

    `fencing` grows with every lock of the run, so that of two holders the later one is known. Times are those of the
    database's clock; `seconds` is how long the lock lasts without being used. `ended` is how the last one ended, null
    while there is one, and after one that was not used for too long.
    """

    __tablename__ = "content_lock"

    course_run_id: Mapped[int] = mapped_column(ForeignKey(CourseRun.id, ondelete="CASCADE"), primary_key=True)
    fencing: Mapped[int] = mapped_column(BigInteger)
    token: Mapped[str | None] = mapped_column(text(64))
    username: Mapped[str] = mapped_column(text(255))
    application: Mapped[str | None] = mapped_column(text(255))
    since: Mapped[datetime] = mapped_column(Instant)
    renewed_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    seconds: Mapped[int]
    ended: Mapped[str | None] = mapped_column(text(16))


class ContentLockWait(Base):
    """A client that waits for the lock of a run, in the order of `id`, while it asks again before `lapses_at`."""

    __tablename__ = "content_lock_wait"
    __table_args__ = (Index(None, "course_run_id", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    course_run_id: Mapped[int] = mapped_column(ForeignKey(CourseRun.id, ondelete="CASCADE"))
    username: Mapped[str] = mapped_column(text(255))
    application: Mapped[str | None] = mapped_column(text(255))
    lapses_at: Mapped[datetime] = mapped_column(Instant)
