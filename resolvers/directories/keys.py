"""Course keys of directories, made of the path alone: `course-v1:platform.ou.edu+CLC_3403+Fall2014`."""

import re
import unicodedata
from pathlib import PurePosixPath

from edx.keys import CourseKey

UNSAFE = re.compile(r"[^\w\-~.]")
NO_LEVEL = "ROOT"
"""The run part of a course that is in no administrative level."""


def run_key(site: str, course: PurePosixPath, section: str | None = None) -> CourseKey:
    """The key of the run in a course directory, at a path in the site's directory of courses, or of its section.

    It has the site, the directory, and the levels. Raises InvalidCourseKey where that is too long, say.
    """
    levels = "_".join(course.parts[:-1]) or NO_LEVEL
    return CourseKey(safe(site), safe(course.name), safe(levels if section is None else f"{levels}_S_{section}"))


def safe(text: str) -> str:
    """A text with `_` in place of all characters that have no place in keys."""
    return UNSAFE.sub("_", unicodedata.normalize("NFC", text))
