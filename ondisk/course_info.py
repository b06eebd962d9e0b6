"""`course_info.json`: most of a catalog entry, in the keys and formats of old.

A section's file has only what is different (spec/course-directories.rst, "course_info.json" and "Course Sections").
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from ondisk.diagnostics import Code
from ondisk.documents import Item, Rejected, noun, read_json
from ondisk.entry import Credit, Entry, Instructor, Prerequisite
from ondisk.files import Folder
from ondisk.values import check_keys, date, duration, flag, objects, optional, text, texts, word

__all__ = ["INFO", "read_info"]

INFO = "course_info.json"
IGNORED = ["ntiid", "MimeType"]
MAX_ID, MAX_TITLE, MAX_TAG = 32, 140, 64
"""Characters, as the platform of this layout has it."""
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S*")
UNSAFE_SCHEME = re.compile(r"(?i)(javascript|vbscript|data|file):")


def read_info(folder: Folder) -> Entry | None:
    """What the file of a directory says; None if there is none, and an empty entry, with errors, if it is bad."""
    if (item := read_json(folder, INFO)) is None:
        return Entry() if INFO in folder.entries() else None
    try:
        fields = item.members()
    except Rejected as error:
        item.report(error)
        return Entry()
    check_keys(item, [*KEYS, *IGNORED])
    values: dict[str, Any] = {}
    for key, (name, read) in KEYS.items():
        if (value := optional(fields, key, read)) is not None:
            values.setdefault(name, value)
    check_dates(item, entry := Entry(**values, sources=dict.fromkeys(values, str(item.document.path))))
    return entry


def check_dates(item: Item, entry: Entry) -> None:
    """Advise on an end before the start."""
    if entry.start and entry.end and entry.end < entry.start:
        item.members()["endDate"].advise(Code.BAD_VALUE, "it ends before it starts")


def instructors(item: Item) -> tuple[Instructor, ...]:
    """People with a name; the case of their keys does not matter."""
    return tuple(instructor(element) for element in item.elements())


def instructor(item: Item) -> Instructor:
    """One of the instructors."""
    fields = {key.lower(): member for key, member in item.members().items()}
    if "name" not in fields:
        raise item.rejected("an instructor has no 'name'", Code.MISSING)
    return Instructor(
        name=word(fields["name"]),
        job_title=either(fields, text, "title", "jobtitle"),
        username=either(fields, word, "username", "userid"),
        email=either(fields, email, "email"),
        suffix=either(fields, text, "suffix"),
        biography=either(fields, text, "biography", "bio"),
        photo=either(fields, photo, "defaultphoto"),
    )


def either(fields: Mapping[str, Item], read: Callable[[Item], str | None], *keys: str) -> str | None:
    """The first of some keys that is there and says something."""
    found = (fields[key] for key in keys if key in fields)
    return next((read(item) for item in found if item.value is not None and item.value != ""), None)


def email(item: Item) -> str | None:
    """An address; one that cannot be is left out, with a warning."""
    address = word(item)
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        item.warn(Code.BAD_VALUE, f"{address!r} is not an email address, and is left out")
        return None
    return address


def photo(item: Item) -> str | None:
    """A path below the library's root; one that leads elsewhere is left out, with a warning."""
    path = word(item)
    if path.startswith("/") or SCHEME.match(path) or "\\" in path or ".." in PurePosixPath(path).parts:
        item.warn(Code.BAD_VALUE, f"{path!r} leads elsewhere, and is left out")
        return None
    return f"/{PurePosixPath(path)}"


def video(item: Item) -> str | None:
    """A URI with a scheme; anything else is left out, with a warning."""
    uri = word(item)
    if not SCHEME.fullmatch(uri) or UNSAFE_SCHEME.match(uri):
        item.warn(Code.BAD_VALUE, f"{uri!r} is not the URI of a video, and is left out")
        return None
    return uri


def credit(item: Item) -> tuple[Credit, ...]:
    """Hours, and where to enroll."""
    return tuple(one_credit(element) for element in item.elements())


def one_credit(item: Item) -> Credit:
    """Hours, a whole number, with `enrollment` as a label and a URL."""
    hours = item.members().get("hours", item)
    if not isinstance(hours.value, int) or isinstance(hours.value, bool) or hours.value < 0:
        raise hours.rejected("'hours' is not a whole number from 0 on")
    enrollment = item.members().get("enrollment")
    fields = enrollment.members() if enrollment and enrollment.value is not None else {}
    return Credit(hours.value, either(fields, text, "label"), either(fields, word, "url"))


def prerequisites(item: Item) -> tuple[Prerequisite, ...]:
    """Courses by id and title."""
    return tuple(Prerequisite(either(one, text, "id"), either(one, text, "title")) for one in objects(item))


def mapping(item: Item) -> Mapping[str, Any]:
    """An object that nobody interprets."""
    if not isinstance(item.value, dict):
        raise item.rejected(f"{noun(item.value)} in place of an object", Code.WRONG_TYPE)
    return item.value


def tags(item: Item) -> tuple[str, ...]:
    """Tags in lower case, each once."""
    return tuple(dict.fromkeys(word(element, most=MAX_TAG).lower() for element in item.elements()))


KEYS: Mapping[str, tuple[str, Callable[[Item], Any]]] = {
    "id": ("provider_unique_id", partial(word, most=MAX_ID)),
    "title": ("title", partial(text, most=MAX_TITLE)),
    "description": ("description", text),
    "richDescription": ("rich_description", text),
    "school": ("school", text),
    "term": ("term", text),
    "InstructorsSignature": ("signature", text),
    "startDate": ("start", date),
    "endDate": ("end", date),
    "duration": ("duration", duration),
    "isPreview": ("preview", flag),
    "Preview": ("preview", flag),
    "is_non_public": ("non_public", flag),
    "is_anonymously_but_not_publicly_accessible": ("anonymously_accessible", flag),
    "disable_calendar_overview": ("calendar_hidden", flag),
    "instructors": ("instructors", instructors),
    "video": ("video", video),
    "credit": ("credit", credit),
    "schedule": ("schedule", mapping),
    "prerequisites": ("prerequisites", prerequisites),
    "additionalProperties": ("additional", mapping),
    "tags": ("tags", tags),
    "creators": ("creators", texts),
    "subjects": ("subjects", texts),
    "contributors": ("contributors", texts),
}
"""The keys with a meaning, the field of `Entry` that each fills, and how it is read; an earlier key wins."""
