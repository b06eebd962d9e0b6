"""Who changed what, and which requests were answered before."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, now
from db.tables.programs import Program
from db.types import Instant, Key, text


class AuditEntry(Base):
    """One change: by whom, through which application, of what. `changes` is JSON: what each field was and became."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index(None, "program_id", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, default=now)
    username: Mapped[str] = mapped_column(text(255))
    application: Mapped[str | None] = mapped_column(text(255))
    action: Mapped[str] = mapped_column(text(64))
    subject: Mapped[str] = mapped_column(text(512), index=True)
    changes: Mapped[str] = mapped_column(text())
    program_id: Mapped[int | None] = mapped_column(ForeignKey(Program.id, ondelete="CASCADE"))


class IdempotencyKey(Base):
    """A create that was done: the same key of the same user gives the same `result` again, the made object's key."""

    __tablename__ = "idempotency_key"

    username: Mapped[str] = mapped_column(text(255), primary_key=True)
    operation: Mapped[str] = mapped_column(text(64), primary_key=True)
    key: Mapped[str] = mapped_column(text(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(text(64))
    result: Mapped[str] = mapped_column(text(512))
    created_at: Mapped[datetime] = mapped_column(Instant, default=now, index=True)
