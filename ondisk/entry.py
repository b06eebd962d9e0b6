"""The catalog entry of a course or section: what is known of it to people who may enroll.

An `Entry` holds what is said in one place or, after `ondisk.inheritance`, what holds there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

__all__ = ["Credit", "Entry", "Instructor", "Prerequisite"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructor:
    """Somebody named as an instructor, for display only: no permission follows from it.

    `photo` is a path below the library's root, such as `/images/Harper.png`.
    """

    name: str
    job_title: str | None = None
    username: str | None = None
    email: str | None = None
    suffix: str | None = None
    biography: str | None = None
    photo: str | None = None


@dataclass(frozen=True, slots=True)
class Credit:
    """Credit hours that can be earned, and where to enroll for them."""

    hours: int
    label: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """A course to have taken before."""

    id: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A catalog entry; None is what is not said, and an empty tuple or text is said to be empty. Dates are in UTC.

    `sources` tells for each field the file that it comes from, by its path in the library.
    """

    provider_unique_id: str | None = None
    title: str | None = None
    description: str | None = None
    rich_description: str | None = None
    """HTML, not made safe."""
    school: str | None = None
    """The provider's department, as it is to be written in emails."""
    term: str | None = None
    signature: str | None = None
    """The sign-off given for emails; see `sign_off`."""
    start: datetime | None = None
    """None means that it has started."""
    end: datetime | None = None
    """The end as given; see `ends`."""
    duration: timedelta | None = None
    preview: bool | None = None
    """Whether it is forced to be a preview, or not to be one; see `is_preview`."""
    non_public: bool | None = None
    """Whether only those who are enrolled, instruct or administer may see the entry."""
    anonymously_accessible: bool | None = None
    calendar_hidden: bool | None = None
    instructors: tuple[Instructor, ...] | None = None
    video: str | None = None
    """A URI, perhaps of a private scheme such as `kaltura:`."""
    credit: tuple[Credit, ...] | None = None
    schedule: Mapping[str, Any] | None = None
    prerequisites: tuple[Prerequisite, ...] | None = None
    additional: Mapping[str, Any] | None = None
    tags: tuple[str, ...] | None = None
    """In lower case; one that starts with a dot is not shown."""
    creators: tuple[str, ...] | None = None
    subjects: tuple[str, ...] | None = None
    contributors: tuple[str, ...] | None = None
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def ends(self) -> datetime | None:
        """When it ends: as given, otherwise its duration after its start; None if that is not known."""
        if self.end is not None or self.start is None or self.duration is None:
            return self.end
        try:
            return self.start + self.duration
        except OverflowError:
            return None

    @property
    def sign_off(self) -> str:
        """The sign-off for emails: as given, otherwise the instructors' names and job titles."""
        if self.signature is not None:
            return self.signature
        people = (filter(None, [person.name, person.job_title]) for person in self.instructors or ())
        return "\n\n\n\n".join("\n\n".join(lines) for lines in people)

    def is_preview(self, now: datetime) -> bool:
        """Whether it is a preview at a moment: as said, otherwise whether it has not started by then."""
        if self.preview is not None:
            return self.preview
        return self.start is not None and self.start > now

    def is_current(self, now: datetime) -> bool:
        """Whether it is neither a preview nor over at a moment."""
        return not self.is_preview(now) and (self.ends is None or self.ends > now)
