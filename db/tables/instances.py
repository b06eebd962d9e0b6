"""What Open edX instances have of the content of runs, as far as it is known here."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base
from db.tables.catalog import CourseRun
from db.tables.content import DIGEST
from db.types import Instant, choice, text


class PushState(StrEnum):
    """What became of the last push."""

    PUSHING = "pushing"
    PUSHED = "pushed"
    FAILED = "failed"
    CANCELED = "canceled"


class InstanceContent(Base):
    """A run on an instance, by its name in the settings. What was never pushed or pulled is null.

    `state` and `words`, which are Studio's, are of the last push; `pushed_…` of the last one that succeeded, `pulled_…`
    of what the instance was last found to have. Digests are of content in the form in which it is compared, since
    Studio rewrites files; `baseline` is that of what the instance had right after the push.
    """

    __tablename__ = "instance_content"

    course_run_id: Mapped[int] = mapped_column(ForeignKey(CourseRun.id, ondelete="CASCADE"), primary_key=True)
    instance: Mapped[str] = mapped_column(text(64), primary_key=True)
    state: Mapped[PushState | None] = mapped_column(choice(PushState))
    words: Mapped[str | None] = mapped_column(text())
    pushed_version: Mapped[str | None] = mapped_column(DIGEST)
    pushed_digest: Mapped[str | None] = mapped_column(DIGEST)
    pushed_at: Mapped[datetime | None] = mapped_column(Instant)
    pushed_by: Mapped[str | None] = mapped_column(text(255))
    baseline: Mapped[str | None] = mapped_column(DIGEST)
    pulled_version: Mapped[str | None] = mapped_column(DIGEST)
    pulled_digest: Mapped[str | None] = mapped_column(DIGEST)
    pulled_at: Mapped[datetime | None] = mapped_column(Instant)
    pulled_by: Mapped[str | None] = mapped_column(text(255))
