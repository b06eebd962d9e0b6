"""Work that outlives the request that asked for it: what is to be done, how far it is, and what became of it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, column
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, now
from db.types import Instant, Key, choice, text


class JobState(StrEnum):
    """Where a job is. `QUEUED` and `RUNNING` ones are unfinished."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class Job(Base):
    """One piece of work of a `kind`, about `subject`, the global id of an object. JSON: input, memory, result.

    Whoever runs it holds it until `lease_until`, under a `fence` that rises each time that it is taken: whoever knows
    only an older number writes nothing any more. `attempts` are those since it was asked for, the present one included.
    Of jobs of a kind with the same `key` one at most is unfinished. `memory` is what attempts remember for later ones.
    """

    __tablename__ = "job"
    __table_args__ = (
        Index(
            "uq_job_kind_key_unfinished",
            "kind",
            "key",
            unique=True,
            sqlite_where=column("finished_at").is_(None),
            postgresql_where=column("finished_at").is_(None),
        ),
        Index(None, "state", "queue", "id"),
        Index(None, "requested_by", "id"),
        Index(None, "kind", "id"),
        Index(None, "subject", "id"),
        Index(None, "finished_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    uuid: Mapped[str] = mapped_column(text(36), unique=True)
    kind: Mapped[str] = mapped_column(text(64))
    queue: Mapped[str] = mapped_column(text(64))
    subject: Mapped[str] = mapped_column(text(512))
    key: Mapped[str | None] = mapped_column(text(512))
    requested_by: Mapped[str | None] = mapped_column(text(255))
    application: Mapped[str | None] = mapped_column(text(255))
    state: Mapped[JobState] = mapped_column(choice(JobState), default=JobState.QUEUED)
    stage: Mapped[str | None] = mapped_column(text(64))
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    item: Mapped[str | None] = mapped_column(text(512))
    input: Mapped[str] = mapped_column(text())
    memory: Mapped[str] = mapped_column(text(), default="{}")
    result: Mapped[str | None] = mapped_column(text())
    error_code: Mapped[str | None] = mapped_column(text(64))
    error_message: Mapped[str | None] = mapped_column(text())
    not_before: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant, default=now)
    cancel_requested_at: Mapped[datetime | None] = mapped_column(Instant)
    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    worker: Mapped[str | None] = mapped_column(text(255))
