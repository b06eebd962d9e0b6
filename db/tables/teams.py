"""The teams of course runs in Studio, as they were there when they were last read."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, now
from db.tables.catalog import CourseRun
from db.types import Instant, choice, text


class TeamRole(StrEnum):
    """What somebody is on a team."""

    INSTRUCTOR = "instructor"
    STAFF = "staff"


class StudioMember(Base):
    """Somebody on the team of a run, by LMS username; `since` is when that was first seen."""

    __tablename__ = "studio_member"

    course_run_id: Mapped[int] = mapped_column(ForeignKey(CourseRun.id, ondelete="CASCADE"), primary_key=True)
    username: Mapped[str] = mapped_column(text(255), primary_key=True, index=True)
    role: Mapped[TeamRole] = mapped_column(choice(TeamRole), primary_key=True)
    since: Mapped[datetime] = mapped_column(Instant, default=now)
