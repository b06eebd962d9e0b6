"""Course content: immutable nodes and blobs by digest, and the versions that runs had of them (`db/store`)."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, now
from db.tables.catalog import CourseRun
from db.types import Instant, Key, text

DIGEST = text(64)
PUBLISHED, SOURCE, DRAFT = "published", "source", "draft"
"""Branches of the history of a run's content."""


class ContentNode(Base):
    """An immutable part of the structure, encoded; `digest` is the SHA-256 of `data`.

    Until `leased_until` it is kept even if nothing leads to it yet: an import is about to.
    """

    __tablename__ = "content_node"

    digest: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    leased_until: Mapped[datetime] = mapped_column(Instant, index=True)


class ContentBlob(Base):
    """The bytes of a file, which are the object `location` of the blob store.

    One that has `tombstoned_at` is about to be removed: whoever needs it writes it anew.
    """

    __tablename__ = "content_blob"

    digest: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    location: Mapped[str] = mapped_column(text(255), unique=True)
    leased_until: Mapped[datetime] = mapped_column(Instant, index=True)
    tombstoned_at: Mapped[datetime | None] = mapped_column(Instant, index=True)


class ContentVersion(Base):
    """One entry in the history of a run's content, numbered from 1. `root` is the version's hash.

    `frame` is the node of what is outside of the hash: the key in the files, and the folder. `used_at` is when it was
    last made the run's content, or another run's; `expired_at` when it was given up. `branch` tells what it is an entry
    of: `published` is what the run shows, `source` what its source had when that was merged, `draft`
    what is being written.
    """

    __tablename__ = "content_version"
    __table_args__ = (UniqueConstraint("course_run_id", "number"), Index(None, "course_run_id", "root"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    course_run_id: Mapped[int] = mapped_column(ForeignKey(CourseRun.id, ondelete="CASCADE"))
    number: Mapped[int]
    root: Mapped[str] = mapped_column(DIGEST)
    frame: Mapped[str] = mapped_column(DIGEST)
    parent: Mapped[str | None] = mapped_column(DIGEST)
    username: Mapped[str] = mapped_column(text(255))
    application: Mapped[str | None] = mapped_column(text(255))
    at: Mapped[datetime] = mapped_column(Instant, default=now)
    operation: Mapped[str] = mapped_column(text(64))
    message: Mapped[str] = mapped_column(text(), default="")
    branch: Mapped[str] = mapped_column(text(16), default=PUBLISHED)
    blocks: Mapped[int]
    files: Mapped[int]
    bytes: Mapped[int] = mapped_column(BigInteger)
    used_at: Mapped[datetime] = mapped_column(Instant, default=now)
    expired_at: Mapped[datetime | None] = mapped_column(Instant, index=True)


class ContentHead(Base):
    """Which entry of its history is a run's content now."""

    __tablename__ = "content_head"

    course_run_id: Mapped[int] = mapped_column(ForeignKey(CourseRun.id, ondelete="CASCADE"), primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey(ContentVersion.id, ondelete="CASCADE"), index=True)


class ContentPin(Base):
    """A version that is never given up, and why."""

    __tablename__ = "content_pin"

    version_id: Mapped[int] = mapped_column(ForeignKey(ContentVersion.id, ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(text(255), primary_key=True)
    username: Mapped[str] = mapped_column(text(255))
    at: Mapped[datetime] = mapped_column(Instant, default=now)


class ContentSource(Base):
    """Which entry of a run's history is the version of its source that was taken last, when and by whom.

    `from_run_id` is the run that it came from, null for an archive.
    """

    __tablename__ = "content_source"

    course_run_id: Mapped[int] = mapped_column(ForeignKey(CourseRun.id, ondelete="CASCADE"), primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey(ContentVersion.id, ondelete="CASCADE"), index=True)
    from_run_id: Mapped[int | None] = mapped_column(ForeignKey(CourseRun.id, ondelete="SET NULL"), index=True)
    username: Mapped[str] = mapped_column(text(255))
    at: Mapped[datetime] = mapped_column(Instant, default=now)


class ContentDraft(Base):
    """Which entry of a run's history is its draft, who wrote it last and when.

    `base_id` is what the run showed when the draft was begun.
    """

    __tablename__ = "content_draft"

    course_run_id: Mapped[int] = mapped_column(ForeignKey(CourseRun.id, ondelete="CASCADE"), primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey(ContentVersion.id, ondelete="CASCADE"), index=True)
    base_id: Mapped[int] = mapped_column(ForeignKey(ContentVersion.id, ondelete="CASCADE"), index=True)
    username: Mapped[str] = mapped_column(text(255))
    at: Mapped[datetime] = mapped_column(Instant, default=now)


class ContentProtection(Base):
    """The settings of a run that updates from its source leave as they are; a run without a row has the usual ones.

    `settings` is JSON: a list of objects with `name`, and with `type` or `block` where only some blocks are meant.
    """

    __tablename__ = "content_protection"

    course_run_id: Mapped[int] = mapped_column(ForeignKey(CourseRun.id, ondelete="CASCADE"), primary_key=True)
    settings: Mapped[str] = mapped_column(text())
    username: Mapped[str] = mapped_column(text(255))
    at: Mapped[datetime] = mapped_column(Instant, default=now)
