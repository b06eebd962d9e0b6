"""How certificates of programs look, and what is told of them to others."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, now
from db.tables.programs import Program, ProgramCategory
from db.types import Instant, Key, choice, text


class CertificateTemplate(Base):
    """The template for certificates of a program, or of those programs of a category that have none of their own."""

    __tablename__ = "certificate_template"
    __table_args__ = (CheckConstraint("(program_id IS NULL) <> (category_id IS NULL)", name="scope"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    program_id: Mapped[int | None] = mapped_column(ForeignKey(Program.id, ondelete="CASCADE"), unique=True)
    category_id: Mapped[int | None] = mapped_column(ForeignKey(ProgramCategory.id, ondelete="CASCADE"), unique=True)
    source: Mapped[str] = mapped_column(text())
    updated_at: Mapped[datetime] = mapped_column(Instant, default=now, onupdate=now)


class Delivery(StrEnum):
    """How far an event is on its way to whoever wants to be told."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up"


class OutgoingEvent(Base):
    """That the certificate of a UUID was awarded or revoked `at` some time; whoever is told knows the event by `uuid`.

    It is sent at `due_at` or later, and after the earlier ones about the same certificate; `problem` is why the last
    of the `attempts` failed.
    """

    __tablename__ = "outgoing_event"
    __table_args__ = (Index(None, "state", "due_at"), Index(None, "certificate", "id"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    uuid: Mapped[str] = mapped_column(text(36), unique=True)
    kind: Mapped[str] = mapped_column(text(64))
    username: Mapped[str] = mapped_column(text(255), index=True)
    program_id: Mapped[int] = mapped_column(ForeignKey(Program.id, ondelete="CASCADE"), index=True)
    certificate: Mapped[str] = mapped_column(text(36))
    at: Mapped[datetime] = mapped_column(Instant, default=now)
    state: Mapped[Delivery] = mapped_column(choice(Delivery), default=Delivery.WAITING)
    due_at: Mapped[datetime] = mapped_column(Instant, default=now)
    attempts: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None] = mapped_column(text(255))
