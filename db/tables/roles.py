"""Grants of roles that hold for one organization or one program only."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, now
from db.tables.catalog import Organization
from db.tables.programs import Program
from db.types import Instant, Key, text


class RoleGrant(Base):
    """A role of a user, by LMS username, for the programs of one organization or for one program."""

    __tablename__ = "role_grant"
    __table_args__ = (
        UniqueConstraint("username", "role", "organization_id"),
        UniqueConstraint("username", "role", "program_id"),
        CheckConstraint("(organization_id IS NULL) <> (program_id IS NULL)", name="scope"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    username: Mapped[str] = mapped_column(text(255))
    role: Mapped[str] = mapped_column(text(32))
    organization_id: Mapped[int | None] = mapped_column(ForeignKey(Organization.id, ondelete="CASCADE"), index=True)
    program_id: Mapped[int | None] = mapped_column(ForeignKey(Program.id, ondelete="CASCADE"), index=True)
    granted_by: Mapped[str] = mapped_column(text(255))
    granted_at: Mapped[datetime] = mapped_column(Instant, default=now)
