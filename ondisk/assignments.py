"""`assignment_date_overrides.json`: other dates for assignments, in one section.

They are never inherited, and courses have none (spec/course-directories.rst, "assignment_date_overrides.json").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ondisk.diagnostics import Code
from ondisk.documents import Item, Rejected, read_json
from ondisk.files import Folder
from ondisk.names import is_ntiid
from ondisk.values import check_keys, date

__all__ = ["OVERRIDES", "AssignmentDates", "read_overrides"]

OVERRIDES = "assignment_date_overrides.json"
BEGINNING = "available_for_submission_beginning"
ENDING = "available_for_submission_ending"
TOO_MANY = 20


@dataclass(frozen=True, slots=True)
class AssignmentDates:
    """The dates (UTC) that replace the assignment's own; for None its own date holds."""

    beginning: datetime | None = None
    ending: datetime | None = None


def read_overrides(folder: Folder) -> Mapping[str, AssignmentDates]:
    """The overrides in a section's file, by the NTIID of the assignment; none if there is no file."""
    if (item := read_json(folder, OVERRIDES)) is None:
        return {}
    found: dict[str, AssignmentDates] = {}
    problems = 0
    try:
        for ntiid, entry in item.members().items():
            try:
                found[ntiid] = dates(ntiid, entry)
            except Rejected as error:
                item.report(error)
                if (problems := problems + 1) == TOO_MANY:
                    break
    except Rejected as error:
        item.report(error)
    return found


def dates(ntiid: str, entry: Item) -> AssignmentDates:
    """The dates of one assignment."""
    if not is_ntiid(ntiid):
        raise entry.rejected("the key is not the NTIID of an assignment", Code.BAD_NTIID)
    fields = entry.members()
    check_keys(entry, [BEGINNING, ENDING])
    found = AssignmentDates(*(date(fields[key]) if key in fields else None for key in (BEGINNING, ENDING)))
    if found.beginning and found.ending and found.beginning > found.ending:
        entry.advise(Code.BAD_VALUE, "it ends before it begins")
    return found
