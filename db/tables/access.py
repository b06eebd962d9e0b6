"""Who may call the server as an application, which documents it knows, and when either of them changed."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, now
from db.types import Instant, Key, text


class ClientApplication(Base):
    """A registered application, which acts as one user. Secrets are random and kept as their SHA-256 only.

    The previous secret is good until `previous_until`; `generation` counts the secrets, and tokens carry it.
    """

    __tablename__ = "client_application"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    client_id: Mapped[str] = mapped_column(text(64), unique=True)
    name: Mapped[str] = mapped_column(text(255))
    username: Mapped[str] = mapped_column(text(255))
    role: Mapped[str] = mapped_column(text(32))
    scopes: Mapped[str] = mapped_column(text(255))
    points: Mapped[int | None]
    secret_hash: Mapped[str] = mapped_column(text(64))
    previous_hash: Mapped[str | None] = mapped_column(text(64))
    previous_until: Mapped[datetime | None] = mapped_column(Instant)
    generation: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)


class TrustedDocument(Base):
    """A GraphQL document that clients may name by its hash, and that a locked server runs."""

    __tablename__ = "trusted_document"

    digest: Mapped[str] = mapped_column(text(64), primary_key=True)
    source: Mapped[str] = mapped_column(text())
    name: Mapped[str] = mapped_column(text(255))
    added_at: Mapped[datetime] = mapped_column(Instant, default=now)


class CacheVersion(Base):
    """How often what processes keep of other tables has changed: they read this row, and those tables only then."""

    __tablename__ = "cache_version"

    name: Mapped[str] = mapped_column(text(64), primary_key=True)
    version: Mapped[int] = mapped_column(default=0)
