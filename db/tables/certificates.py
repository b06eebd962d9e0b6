"""How certificates of programs look, and what is told of them to others."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, now
from db.tables.programs import Program, ProgramCategory
from db.types import Instant, Key, text


class CertificateTemplate(Base):
    """The template for certificates of a program, or of those programs of a category that have none of their own."""

    __tablename__ = "certificate_template"
    __table_args__ = (CheckConstraint("(program_id IS NULL) <> (category_id IS NULL)", name="scope"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    program_id: Mapped[int | None] = mapped_column(ForeignKey(Program.id, ondelete="CASCADE"), unique=True)
    category_id: Mapped[int | None] = mapped_column(ForeignKey(ProgramCategory.id, ondelete="CASCADE"), unique=True)
    source: Mapped[str] = mapped_column(text())
    updated_at: Mapped[datetime] = mapped_column(Instant, default=now, onupdate=now)
