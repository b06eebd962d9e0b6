"""Source runs: the one run of a course that its runs for contracts are made from.

"The source run flag comes into play: the system checks for any existing runs that have the source flag set"
(`spec/b2b-courseware.md`, "Source Course Run"). A run is designated here, one for each course; where none is, the runs
count whose key has `SOURCE` as its run.
"""

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlalchemy.orm import aliased

from db.tables import CourseRun


def is_source_of_its_course() -> ColumnElement[bool]:
    """Whether a run is the designated source, or called a source where none is designated."""
    other = aliased(CourseRun)
    has_designated = exists().where(other.course_id == CourseRun.course_id, other.is_designated)
    called = and_(CourseRun.is_source, CourseRun.retired_at.is_(None), ~has_designated)
    return or_(CourseRun.is_designated, called)
