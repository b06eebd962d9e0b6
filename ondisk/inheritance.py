"""What a section takes from its course, and which of two files that say something holds.

Own values are kept apart from inherited ones, so that a change in the course shows in its sections at once
(spec/course-directories.rst, "Course Sections").
"""

from dataclasses import fields, replace
from pathlib import PurePosixPath
from typing import Any

from ondisk.dublin_core import DublinCore
from ondisk.entry import Entry

__all__ = ["inherit_entry", "overlay"]

VALUES = [field.name for field in fields(Entry) if field.name != "sources"]


def overlay(entry: Entry, metadata: DublinCore, path: PurePosixPath) -> Entry:
    """An entry with what `dc_metadata.xml`, the file at `path`, says instead."""
    said: dict[str, Any] = {
        name: value
        for name in ("title", "description", "creators", "subjects", "contributors")
        if (value := getattr(metadata, name)) is not None
    }
    return replace(entry, **said, sources={**entry.sources, **dict.fromkeys(said, str(path))})


def inherit_entry(course: Entry, section: Entry) -> Entry:
    """The entry that holds in a section: value by value its own one, otherwise that of its course.

    A section that gives its own start or duration does not take over its course's end, if its own can be derived.
    One that gives its own start does not take over whether its course is said to be a preview.
    """
    merged = {name: own if (own := getattr(section, name)) is not None else getattr(course, name) for name in VALUES}
    moved = section.start is not None or section.duration is not None
    if moved and section.end is None and merged["start"] is not None and merged["duration"] is not None:
        merged["end"] = None
    if section.start is not None:
        merged["preview"] = section.preview
    sources = {name: path for name, path in {**course.sources, **section.sources}.items() if merged[name] is not None}
    return Entry(**merged, sources=sources)
