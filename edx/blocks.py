"""Keys of blocks: `BlockKey` names one block of a course run, as addresses and the LMS's APIs write it."""

import re
from dataclasses import dataclass
from typing import Self

from edx.errors import InvalidCourseKey
from edx.keys import CourseKey, check_text

PREFIX = "block-v1:"
PREFIX_OF_OLD = "i4x://"
KIND = "block key"
WHOLE = re.compile(
    r"(?P<course>[^@]+?)(?:\+branch@[^@+]+)?(?:\+version@[^@+]+)?\+type@(?P<type>[\w\-~.:]+)\+block@(?P<name>[\w\-~.:]+)"
)
WHOLE_OLD = re.compile(
    r"(?P<org>[\w\-~.:]+)/(?P<course>[\w\-~.:]+)/(?P<type>[\w\-~.:]+)/(?P<name>[\w\-~.:%]+)(?:@[\w\-~.:]+)?"
)


@dataclass(frozen=True, slots=True)
class BlockKey:
    """The key of a block, such as `block-v1:edX+DemoX+2026+type@vertical+block@intro`.

    In runs whose keys have the old form it reads `i4x://edX/DemoX/vertical/intro`, which leaves the run out.
    """

    course: CourseKey
    type: str
    name: str

    @classmethod
    def parse(cls, text: str, *, among: CourseKey) -> Self:
        """Read the key of a block that is asked for in the run `among`, though it may be of another.

        A branch or a version in the key is left out: it says where the text was copied, not which block it is.
        Raises `InvalidCourseKey`.
        """
        check_text(text.replace("%", "_") if text.startswith(PREFIX_OF_OLD) else text, kind=KIND)
        if text.startswith(PREFIX_OF_OLD):
            return cls._parse_old(text, among)
        if not text.startswith(PREFIX):
            raise InvalidCourseKey(text, f"it does not start with '{PREFIX}'", kind=KIND)
        found = WHOLE.fullmatch(text, len(PREFIX))
        if found is None:
            reason = f"it is not of the form {PREFIX}organization+course+run+type@TYPE+block@NAME"
            raise InvalidCourseKey(text, reason, kind=KIND)
        run = f"course-v1:{found['course']}"
        return cls(among if run == str(among) else CourseKey.parse(run), found["type"], found["name"])

    @classmethod
    def _parse_old(cls, text: str, among: CourseKey) -> Self:
        found = WHOLE_OLD.fullmatch(text, len(PREFIX_OF_OLD))
        if found is None:
            reason = f"it is not of the form {PREFIX_OF_OLD}organization/course/TYPE/NAME"
            raise InvalidCourseKey(text, reason, kind=KIND)
        course = CourseKey(found["org"], found["course"], among.run, deprecated=True)
        return cls(course, found["type"], found["name"])

    def __str__(self) -> str:
        if self.course.deprecated:
            return f"{PREFIX_OF_OLD}{self.course.org}/{self.course.course}/{self.type}/{self.name}"
        return f"{PREFIX}{self.course.org}+{self.course.course}+{self.course.run}+type@{self.type}+block@{self.name}"
