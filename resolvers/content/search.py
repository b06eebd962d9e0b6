"""Finding blocks by what stands in them: names, settings and text, without regard to case."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from edx.olx import Block, Course
from edx.olx.kinds import SECRETS
from resolvers.content.secrets import redacted

AROUND = 60
"""Characters of an excerpt on either side of what was found."""


class Where(StrEnum):
    """What of a block holds what was looked for."""

    NAME = "name"
    SETTING = "setting"
    TEXT = "text"


@dataclass(frozen=True)
class Match:
    """A block that was found, where, and an excerpt with some text around it. `setting` is the setting's name."""

    block: Block
    where: Where
    excerpt: str
    setting: str | None = None


def search(course: Course, text: str, most: int) -> list[Match]:
    """The first matches in the order of the course, one for each block. Reads pages, so it is for a thread."""
    pattern = re.compile(re.escape(text), re.IGNORECASE)
    found = []
    for block in course.root.walk():
        match = next(_matches(course, block, pattern), None)
        if match:
            found.append(match)
            if len(found) == most:
                break
    return found


def _matches(course: Course, block: Block, pattern: re.Pattern[str]) -> Iterator[Match]:
    settings = course.settings_of(block)
    name = str(settings.get("display_name") or block.url_name)
    for title in dict.fromkeys((name, block.url_name)):
        if found := pattern.search(title):
            yield Match(block, Where.NAME, _excerpt(title, found))
    for setting, value in settings.items():
        if setting not in SECRETS and isinstance(value, str) and (found := pattern.search(redacted(value))):
            yield Match(block, Where.SETTING, _excerpt(found.string, found), setting)
    data = block.body.blob.read() if block.body else block.markup
    page = redacted(data.decode(errors="replace"))
    if found := pattern.search(page):
        yield Match(block, Where.TEXT, _excerpt(page, found))


def _excerpt(text: str, found: re.Match[str]) -> str:
    start, end = max(0, found.start() - AROUND), min(len(text), found.end() + AROUND)
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
