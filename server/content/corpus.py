"""`collegium content-report`: what a corpus of courses shows of types of blocks and settings, to be published."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.failures import Failure

if TYPE_CHECKING:
    from resolvers.content.corpus import Corpus, Found, Judged, Kind, Tally

MOST_SHOWN = 20
"""Problems of a course that people are shown; JSON has all."""
MARKS = {"passes": "✓", "warns": "!", "fails": "✗"}


class Format(StrEnum):
    """Forms of a report."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


async def content_report(
    paths: Annotated[list[Path], typer.Argument(help="Archives, folders of courses, and folders of these.")],
    *,
    form: Annotated[Format, typer.Option("--format", help="What to print: text, json or markdown.")] = Format.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Fail for warnings, too.")] = False,
) -> None:
    """Read courses as an import would, and tell which types of blocks and settings pass, and what is wrong with others.

    Nothing is stored. Fails where a course would be refused, or where there is none.

    Example: `collegium content-report --format markdown courses/ > known-good.md`
    """
    import asyncio

    from resolvers.content.corpus import Verdict, survey, together

    if gone := [str(path) for path in paths if not path.exists()]:
        raise Failure(f"there is no {gone[0]}")
    corpus = together(await asyncio.to_thread(lambda: list(survey(paths))))
    if not corpus.courses:
        raise Failure("there is no course")
    typer.echo(FORMS[form](corpus))
    bad = {Verdict.FAILS, Verdict.WARNS} if strict else {Verdict.FAILS}
    failed = sum(course.verdict in bad for course in corpus.courses)
    if failed:
        raise Failure(f"{failed} of {_count(len(corpus.courses), 'course')} did not pass")


def as_text(corpus: "Corpus") -> str:
    """A line for each course and type, with what is wrong, and the settings that pass."""
    return "\n".join([*(line for course in corpus.courses for line in _course(course)), "", *_types(corpus)])


def _course(course: "Judged") -> Iterator[str]:
    version = f", version {course.version}" if course.version else ""
    yield f"{MARKS[course.verdict]} {course.path}: {_count(course.blocks, 'block')}{version}"
    for found in course.problems[:MOST_SHOWN]:
        yield f"    {_told(found)}"
    if len(course.problems) > MOST_SHOWN:
        yield f"    and {len(course.problems) - MOST_SHOWN} more; --format json has all"


def _told(found: "Found") -> str:
    return f"{found.verdict} {found.code} at {found.place}: {found.message}"


def _types(corpus: "Corpus") -> Iterator[str]:
    for kind in corpus.types.values():
        places = f"{_count(kind.blocks, 'block')} in {_count(kind.courses, 'course')}"
        yield f"{MARKS[kind.verdict]} {kind.name}: {places}{_problems(kind)}"
        settings = [f"{MARKS[each.verdict]} {each.name}{_problems(each)}" for each in _settings(kind)]
        if settings:
            yield f"    {', '.join(settings)}"


def _settings(kind: "Kind") -> "list[Tally]":
    return [kind.settings[name] for name in sorted(kind.settings)]


def _problems(tally: "Tally") -> str:
    told = ", ".join(f"{code} {number}" for code, number in sorted(tally.problems.items()))
    return f" ({told})" if told else ""


def as_markdown(corpus: "Corpus") -> str:
    """A table of courses, and one of types with their settings."""
    lines = ["# Types of blocks and settings that pass", ""]
    lines += ["| course | passes | blocks | version | problems |", "| --- | --- | ---: | --- | --- |"]
    lines += [_course_row(course) for course in corpus.courses]
    lines += ["", "| type | passes | blocks | courses | settings that pass | settings that do not | problems |"]
    lines += ["| --- | --- | ---: | ---: | --- | --- | --- |"]
    lines += [_type_row(kind) for kind in corpus.types.values()]
    return "\n".join(lines)


def _course_row(course: "Judged") -> str:
    version = f"`{course.version[:12]}`" if course.version else ""
    problems = "; ".join(_told(found) for found in course.problems[:MOST_SHOWN])
    return _row(course.path.name, course.verdict.value, str(course.blocks), version, problems)


def _type_row(kind: "Kind") -> str:
    good = ", ".join(f"`{each.name}`" for each in _settings(kind) if not each.problems)
    bad = ", ".join(f"`{each.name}`{_problems(each)}" for each in _settings(kind) if each.problems)
    counts = str(kind.blocks), str(kind.courses)
    return _row(f"`{kind.name}`", kind.verdict.value, *counts, good, bad, _problems(kind).strip(" ()"))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;').replace(chr(10), ' ') for cell in cells)} |"


def as_json(corpus: "Corpus") -> str:
    """All that is known, for programs."""
    import orjson

    told = {
        "courses": [_course_entry(course) for course in corpus.courses],
        "types": [_type_entry(kind) for kind in corpus.types.values()],
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()


def _course_entry(course: "Judged") -> Mapping[str, Any]:
    problems = [
        {name: getattr(found, name) or None for name in ("code", "verdict", "message", "place", "block", "setting")}
        for found in course.problems
    ]
    return {
        "path": str(course.path),
        "verdict": course.verdict,
        "version": course.version,
        "blocks": course.blocks,
        "problems": problems,
    }


def _type_entry(kind: "Kind") -> Mapping[str, Any]:
    return {"type": kind.name, **_tally(kind), "settings": [{"name": s.name, **_tally(s)} for s in _settings(kind)]}


def _tally(tally: "Tally") -> Mapping[str, Any]:
    problems = dict(sorted(tally.problems.items()))
    return {"verdict": tally.verdict, "blocks": tally.blocks, "courses": tally.courses, "problems": problems}


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


FORMS: Mapping[Format, "Callable[[Corpus], str]"] = {
    Format.TEXT: as_text,
    Format.JSON: as_json,
    Format.MARKDOWN: as_markdown,
}
