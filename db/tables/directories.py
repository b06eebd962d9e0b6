"""Courses that are kept as directories on disk: their sites, administrative levels, and what their files say.

What holds in a section is not stored but made of its own values and its course's when it is read, so that the two
cannot differ (`spec/course-directories.rst`, "Course Sections").
"""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, now
from db.tables.catalog import CourseRun, Organization
from db.types import Instant, Key, text

LEARNER = "learner"
"""The role of members who are enrolled."""


class DirectorySite(Base):
    """A site: its courses are the organization's; what is not in it is looked up in its parent."""

    __tablename__ = "directory_site"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(text(255), unique=True)
    name_folded: Mapped[str] = mapped_column(text(255), unique=True)
    root: Mapped[str] = mapped_column(text())  # the library's directory, as it was synchronized last
    organization_id: Mapped[int] = mapped_column(ForeignKey(Organization.id), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("directory_site.id", ondelete="SET NULL"), index=True)
    synchronized_at: Mapped[datetime] = mapped_column(Instant, default=now)


class DirectoryLevel(Base):
    """An administrative level of a site; `path` is relative to the site's directory of courses."""

    __tablename__ = "directory_level"
    __table_args__ = (UniqueConstraint("site_id", "path"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(DirectorySite.id, ondelete="CASCADE"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("directory_level.id", ondelete="CASCADE"), index=True)
    path: Mapped[str] = mapped_column(text())
    name: Mapped[str] = mapped_column(text())


class DirectoryRun(Base):
    """A course directory or a section: a run, and what its own files say.

    `content` is JSON, and `digest` the hash by which two contents are told apart, wherever they are. `files` and
    `diagnostics` are JSON too. `fingerprint` and `stamp` are those of the whole directory of a course, null where it is
    to be read again at the next time (`ondisk.fingerprints`).
    """

    __tablename__ = "directory_run"
    __table_args__ = (
        UniqueConstraint("site_id", "path"),
        UniqueConstraint("ntiid", "site_id"),
    )

    course_run_id: Mapped[int] = mapped_column(ForeignKey(CourseRun.id, ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey(DirectorySite.id))
    level_id: Mapped[int | None] = mapped_column(ForeignKey(DirectoryLevel.id), index=True)
    parent_run_id: Mapped[int | None] = mapped_column(ForeignKey(CourseRun.id), index=True)  # of a section
    path: Mapped[str] = mapped_column(text())
    ntiid: Mapped[str] = mapped_column(text())
    content: Mapped[str] = mapped_column(text())
    digest: Mapped[str] = mapped_column(text(64))
    files: Mapped[str] = mapped_column(text())
    diagnostics: Mapped[str] = mapped_column(text())
    fingerprint: Mapped[str | None] = mapped_column(text(64))
    stamp: Mapped[str | None] = mapped_column(text(64))


class DirectorySiteRun(Base):
    """A run that a site offers: its own, or one of its parents that no directory of the site overrides."""

    __tablename__ = "directory_site_run"

    site_id: Mapped[int] = mapped_column(ForeignKey(DirectorySite.id, ondelete="CASCADE"), primary_key=True)
    course_run_id: Mapped[int] = mapped_column(
        ForeignKey(CourseRun.id, ondelete="CASCADE"), primary_key=True, index=True
    )


class DirectoryMember(Base):
    """A user's role in a run that is kept as a directory: one that its files give, or `learner` for an enrollment."""

    __tablename__ = "directory_member"

    course_run_id: Mapped[int] = mapped_column(ForeignKey(CourseRun.id, ondelete="CASCADE"), primary_key=True)
    username: Mapped[str] = mapped_column(text(255), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(text(64), primary_key=True)
    since: Mapped[datetime] = mapped_column(Instant, default=now)
