"""Content in the form in which it is compared with what Studio has made of it.

Studio rewrites files when it imports them: blanks, quotes, the order of attributes, what stands in files of their own,
and what in policies. What is compared is what the course says: its blocks with their settings, texts and children, its
grading, pages and assets. Where these differ, it may still be Studio's doing, as where it names a file otherwise.
"""

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import orjson

from edx.olx import Blob, Block, Course

BETWEEN_TAGS = re.compile(rb">\s+<")
BEFORE_SLASH = re.compile(rb"\s+/>")
UNSAID = frozenset(
    {"course", "filename", "org", "run", "slug", "url_name", "wiki_slug", "xblock-family", "xml_attributes"}
)
"""Attributes that say where a block is, or how it was written, and that Studio sets as it likes."""


def parts_of(course: Course) -> dict[str, str]:
    """What a course says, a digest for each of its parts by name: `html/intro`, `static/a.png`. Reads pages."""
    return dict(sorted(_parts(course)))


def digest_of(parts: Mapping[str, str]) -> str:
    """One digest of all parts."""
    return sha256(orjson.dumps(dict(parts), option=orjson.OPT_SORT_KEYS)).hexdigest()


def _parts(course: Course) -> Iterator[tuple[str, str]]:
    for block in course.root.walk():
        name = "course" if block is course.root else str(block.key)
        yield name, _digest([_settings(course, block), _text(block), [str(child.key) for child in block.children]])
    for asset in course.assets:
        yield asset.file.path, asset.file.blob.digest
    for folder in ("about", "info", "tabs"):
        yield from ((f"{folder}/{name}", _page(file.blob)) for name, file in course.pages(folder).items())
    if course.grading:
        yield "grading_policy.json", _digest(course.grading.value)


def _settings(course: Course, block: Block) -> dict[str, Any]:
    return {name: _value(value) for name, value in course.settings_of(block).items() if name not in UNSAID}


def _value(value: Any) -> Any:
    """A setting's value, which is a text in files of blocks and typed in policies."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


def _text(block: Block) -> str:
    return _without_blanks(block.body.blob.read() if block.body else block.markup)


def _page(blob: Blob) -> str:
    return sha256(_without_blanks(blob.read()).encode()).hexdigest()


def _without_blanks(data: bytes) -> str:
    shorter = BEFORE_SLASH.sub(b"/>", BETWEEN_TAGS.sub(b"><", data))
    return b" ".join(shorter.split()).decode(errors="replace")


def _digest(value: Any) -> str:
    return sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)).hexdigest()
