"""Files on their way in or out: what clients upload in parts, and archives that wait to be fetched."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, now
from db.types import Instant, Key, choice, text


class ParcelKind(StrEnum):
    """What a file is on its way for."""

    UPLOAD = "upload"
    EXPORT = "export"


class Parcel(Base):
    """A file that its owner sends or fetches until `expires_at`. Its bytes are those of its parts, in order.

    `size` is how many it is to have, null where that was not told beforehand, and `received` how many are there.
    `digest` is the SHA-256 that is expected, and from `finished_at` on that of the bytes. `metadata` is what the
    client told of it, as it told it.
    """

    __tablename__ = "parcel"
    __table_args__ = (Index(None, "username", "kind"), Index(None, "expires_at"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    uuid: Mapped[str] = mapped_column(text(36), unique=True)
    kind: Mapped[ParcelKind] = mapped_column(choice(ParcelKind))
    username: Mapped[str] = mapped_column(text(255))
    application: Mapped[str | None] = mapped_column(text(255))
    name: Mapped[str] = mapped_column(text(255), default="")
    metadata_: Mapped[str] = mapped_column("metadata", text(), default="")
    size: Mapped[int | None] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger, default=0)
    digest: Mapped[str | None] = mapped_column(text(64))
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)


class ParcelPart(Base):
    """Some bytes of a file, from `start` on: the object `location` of the blob store, whose SHA-256 is `digest`."""

    __tablename__ = "parcel_part"

    parcel_id: Mapped[int] = mapped_column(ForeignKey(Parcel.id, ondelete="CASCADE"), primary_key=True)
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    size: Mapped[int]
    digest: Mapped[str] = mapped_column(text(64))
    location: Mapped[str] = mapped_column(text(255))
