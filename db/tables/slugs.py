"""Readable names of sequences and units in courseware paths, which belong to a run and no version of its content."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, folded, now
from db.tables.catalog import CourseRun
from db.types import Instant, Key, text


class BlockSlug(Base):
    """A slug of a block; a former one, which is not `is_current`, goes on to lead where it led.

    A unit's is within a sequence, whose name `sequence` is; a sequence's within the run, with `sequence` empty.
    """

    __tablename__ = "block_slug"
    __table_args__ = (UniqueConstraint("course_run_id", "sequence", "slug_folded"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    course_run_id: Mapped[int] = mapped_column(ForeignKey(CourseRun.id, ondelete="CASCADE"))
    sequence: Mapped[str] = mapped_column(text(255), default="")
    block_type: Mapped[str] = mapped_column(text(255))
    block_name: Mapped[str] = mapped_column(text(255))
    slug: Mapped[str] = mapped_column(text(100))
    slug_folded: Mapped[str] = mapped_column(text(255), default=folded("slug"))
    is_current: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
