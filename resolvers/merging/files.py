"""What stands beside the blocks after a merge: files by path, lists and policies part by part."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from edx.olx import Course, Document, File
from resolvers.editing.work import document
from resolvers.merging.conflicts import Aspect, Choice, Conflict, Judge, pick
from resolvers.merging.layers import NOTHING

GROUPS = ("about", "info", "tabs", "extras", "outside")


def group(course: Course | None, name: str) -> Mapping[str, File]:
    """The files of a group by path; those for learners are called `assets`."""
    if course is None:
        return {}
    found: Iterable[File] = (asset.file for asset in course.assets) if name == "assets" else getattr(course, name)
    return {file.path: file for file in found}


def merged_files(base: Course | None, ours: Course, theirs: Course, name: str, judge: Judge) -> tuple[File, ...]:
    """The files of a group in the order of their paths."""
    before, mine, yours = (group(course, name) for course in (base, ours, theirs))
    found = []
    for path in sorted(mine.keys() | yours.keys()):
        files = before.get(path), mine.get(path), yours.get(path)
        choice = pick(*(None if file is None else file.blob.digest for file in files))
        if choice is None:
            values = _told(files[0]), _told(files[1]), _told(files[2])
            choice = judge.decide(Conflict(Aspect.FILE, None, path, values))
        if chosen := files[1 if choice is Choice.OURS else 2]:
            found.append(chosen)
    return tuple(found)


def _told(file: File | None) -> str | None:
    return None if file is None else f"{file.blob.size} bytes, {file.blob.digest}"


def merged_values(
    values: tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]],
    decide: Callable[[str, tuple[Any, Any, Any]], Choice],
    *,
    is_deep: bool = False,
    prefix: str = "",
) -> dict[str, Any]:
    """Three objects part by part, of objects in them again part by part with `is_deep`."""
    base, ours, theirs = values
    found: dict[str, Any] = {}
    for name in dict.fromkeys((*theirs, *ours)):
        three = base.get(name, NOTHING), ours.get(name, NOTHING), theirs.get(name, NOTHING)
        choice = pick(*three)
        if choice is None and is_deep and all(isinstance(each, dict) for each in three[1:]):
            old = three[0] if isinstance(three[0], dict) else {}
            found[name] = merged_values((old, three[1], three[2]), decide, prefix=f"{prefix}{name} ")
            continue
        choice = decide(prefix + name, three) if choice is None else choice
        chosen = three[1 if choice is Choice.OURS else 2]
        if chosen is not NOTHING:
            found[name] = chosen
    return found


def merged_document(
    three: tuple[Document | None, Document | None, Document | None],
    path: str,
    decide: Callable[[str, tuple[Any, Any, Any]], Choice],
    *,
    is_deep: bool = False,
) -> Document | None:
    """A JSON file of three; where two say the same, the bytes of the one that was changed."""
    base, ours, theirs = ({} if each is None else each.value for each in three)
    merged = merged_values((base, ours, theirs), decide, is_deep=is_deep)
    return chosen_document(three, merged, path)


def chosen_document(
    three: tuple[Document | None, Document | None, Document | None], value: Mapping[str, Any], path: str
) -> Document | None:
    """A JSON file that says a value, with the bytes that a side has for it."""
    _, ours, theirs = three
    digests = [None if each is None else each.blob.digest for each in three]
    known = (ours, theirs) if pick(*digests) is Choice.OURS else (theirs, ours)
    for each in known:
        if (each.value if each else {}) == value:
            return each if each is None or each.path == path else replace(each, path=path)
    return document(None, path, dict(value))
