"""Programs as files have them: JSON that one installation writes and another one reads.

`docs/programs-format.md` says what stands in such a file. Everything that is wrong with one is told at once, each with
its place.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID, uuid4

import orjson

from db.tables import ProgramStatus
from edx.errors import InvalidCourseKey
from edx.keys import CourseId, CourseKey
from resolvers.programs.drafts import (
    MAX_NAME,
    MAX_SLUG,
    CategoryDraft,
    CourseLeaf,
    Group,
    ProgramDraft,
    ProgramLeaf,
    Requirement,
    RunModeDraft,
)
from resolvers.programs.state import as_json
from resolvers.refusals import Problem, Reason, Refusal

FORMAT = "collegium-programs"
VERSION = 1
MOST_PROGRAMS = 500
DEEPEST = 16

Place = tuple[str, ...]
T = TypeVar("T")


@dataclass(frozen=True)
class Category:
    """A category as files have it."""

    slug: str
    display_name: str
    needs_marketing_slug: bool
    modes: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """A program of a file. One that could not be read has problems already, and stands for its UUID only."""

    draft: ProgramDraft
    place: Place
    is_readable: bool


@dataclass
class Document:
    """What stands in a file, and what is wrong with it so far."""

    categories: list[Category] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def written(categories: list[Category], drafts: list[ProgramDraft]) -> bytes:
    """The file with these programs; the same programs give the same bytes."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "categories": [
            {
                "slug": each.slug,
                "displayName": each.display_name,
                "needsMarketingSlug": each.needs_marketing_slug,
                "modes": list(each.modes),
            }
            for each in categories
        ],
        "programs": [{"uuid": str(draft.uuid), **normal_json(draft)} for draft in drafts],
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def normal_json(draft: ProgramDraft) -> dict[str, Any]:
    """A draft as files have it: run modes, which have no order, sorted."""
    content = as_json(draft)
    content["runModes"].sort(key=lambda mode: (mode["run"], mode["mode"], mode["sku"]))
    return content


def read(text: str | bytes) -> Document:
    """What stands in a file. Raises Refusal for one that is no file of programs at all."""
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Refusal([Problem(Reason.INVALID, f"this is no JSON: {error}")]) from error
    document = Document()
    whole = Item(content, (), document.problems)
    if whole.text("format") != FORMAT or whole.number("version") != VERSION:
        reason = f"this is no file of programs: 'format' is to be '{FORMAT}', 'version' {VERSION}"
        raise Refusal([Problem(Reason.INVALID, reason)])
    categories = [_category(item) for item in whole.items("categories")]
    document.categories.extend(category for category in categories if category is not None)
    programs = whole.items("programs")
    if len(programs) > MOST_PROGRAMS:
        reason = f"{len(programs)} programs are more than {MOST_PROGRAMS}"
        raise Refusal([Problem(Reason.INVALID, reason, ("programs",))])
    document.entries.extend(_entry(item) for item in programs)
    whole.finish()
    return document


@dataclass
class Item:
    """An object of a file, read field by field; what is wrong is added to `problems`, and read as nothing."""

    content: Any
    place: Place
    problems: list[Problem]
    _read: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if not isinstance(self.content, Mapping):
            self.wrong("an object is needed here")
            self.content = {}

    def wrong(self, message: str, *path: str, code: Reason = Reason.INVALID) -> None:
        """Note a problem at a path below this item."""
        self.problems.append(Problem(code, message, (*self.place, *path)))

    def has(self, name: str) -> bool:
        """Whether a field is there and not null."""
        self._read.add(name)
        return self.content.get(name) is not None

    def text(self, name: str, default: str | None = None) -> str:
        """A text; without `default` it is required."""
        value = self._value(name, str, "a text", default) or ""
        if "\0" in value:
            self.wrong("it contains the character NUL", name)
        return value

    def number(self, name: str) -> int | None:
        """A whole number, or null."""
        return self._value(name, int, "a number", None) if self.has(name) else None

    def flag(self, name: str) -> bool:
        """True or false, which is the default."""
        return bool(self._value(name, bool, "true or false", default=False))

    def parsed(self, name: str, parse: Callable[[str], T], default: T, code: Reason = Reason.INVALID) -> T:
        """A required text that `parse` understands."""
        count = len(self.problems)
        value = self.text(name)
        if len(self.problems) > count:
            return default
        try:
            return parse(value)
        except (InvalidCourseKey, ValueError) as error:
            self.wrong(str(error), name, code=code)
            return default

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, none if it is missing."""
        values = self._value(name, list, "a list", [])
        for place, value in enumerate(values or ()):
            if not isinstance(value, str) or "\0" in value:
                self.wrong("a text without NUL is needed here", name, str(place))
        return tuple(value for value in values or () if isinstance(value, str))

    def items(self, name: str) -> list["Item"]:
        """A list of objects, none if it is missing."""
        values = self._value(name, list, "a list", [])
        return [Item(value, (*self.place, name, str(i)), self.problems) for i, value in enumerate(values or ())]

    def finish(self) -> None:
        """Note the fields that nobody read: they are misspelt."""
        for name in self.content:
            if name not in self._read:
                self.wrong(f"there is no field '{name}'", name)

    def _value(self, name: str, kind: type[T], words: str, default: T | None) -> T | None:
        value = self.content.get(name)
        if not self.has(name) and (name not in self.content or default is None):
            if default is None:
                self.wrong("this field is required", name, code=Reason.REQUIRED)
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.wrong(f"{words} is needed here", name)
            return default
        return value


def _category(item: Item) -> Category | None:
    """A category, or None where something is wrong with it."""
    count = len(item.problems)
    category = Category(
        item.text("slug").casefold(), item.text("displayName"), item.flag("needsMarketingSlug"), item.texts("modes")
    )
    item.finish()
    longest = max(map(len, category.modes), default=0)
    lengths = (
        ("slug", len(category.slug), MAX_SLUG),
        ("displayName", len(category.display_name), MAX_NAME),
        ("modes", longest, MAX_SLUG),
    )
    for name, length, limit in lengths:
        if length > limit:
            item.wrong(f"it has {length} characters, {limit} are allowed", name, code=Reason.TOO_LONG)
    return category if len(item.problems) == count else None


def _entry(item: Item) -> Entry:
    count = len(item.problems)
    draft = ProgramDraft(
        uuid=item.parsed("uuid", UUID, uuid4()),
        name=item.text("name").strip(),
        category=CategoryDraft(item.text("category").casefold(), ""),
        subtitle=item.text("subtitle", ""),
        description=item.text("description", ""),
        status=item.parsed("status", _status, ProgramStatus.UNPUBLISHED),
        marketing_slug=item.text("marketingSlug", "").strip(),
        image_url=item.text("imageUrl") if item.has("imageUrl") else None,
        organizations=item.texts("organizations"),
        requirements=tuple(_requirement(each, 0) for each in item.items("requirements")),
        run_modes=tuple(_run_mode(each) for each in item.items("runModes")),
    )
    item.finish()
    return Entry(draft, item.place, is_readable=len(item.problems) == count)


def _status(value: str) -> ProgramStatus:
    status = ProgramStatus(value)
    if status is ProgramStatus.DELETED:
        raise ValueError("a file has no deleted programs")
    return status


def _run_mode(item: Item) -> RunModeDraft:
    mode = RunModeDraft(
        item.parsed("run", lambda text: str(CourseKey.parse(text)), "", Reason.BAD_COURSE_KEY),
        item.text("mode"),
        item.text("sku", ""),
    )
    item.finish()
    return mode


def _requirement(item: Item, depth: int) -> Requirement:
    kinds = [name for name in ("course", "program", "requirements") if name in item.content]
    match kinds:
        case ["course"]:
            leaf = item.parsed("course", lambda text: str(CourseId.parse(text)), "", Reason.BAD_COURSE_KEY)
            requirement: Requirement = CourseLeaf(leaf)
        case ["program"]:
            requirement = ProgramLeaf(item.parsed("program", UUID, uuid4()))
        case ["requirements"] if depth < DEEPEST:
            children = tuple(_requirement(each, depth + 1) for each in item.items("requirements"))
            requirement = Group(children, item.number("minimum"), item.text("title", ""), item.flag("isElective"))
        case _:
            item.wrong("a requirement is one of 'course', 'program' and 'requirements', not nested too deep")
            return Group(())
    item.finish()
    return requirement


def leaves(requirements: tuple[Requirement, ...], place: Place = ()) -> Iterator[Place]:
    """The places of the course leaves in their order, below that of the program."""
    for i, requirement in enumerate(requirements):
        here = (*place, "requirements", str(i))
        if isinstance(requirement, CourseLeaf):
            yield (*here, "course")
        elif isinstance(requirement, Group):
            yield from leaves(requirement.children, here)
