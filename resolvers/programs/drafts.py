"""What a program is to be, in the keys that the outside knows; `load` makes programs of it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from db.tables import ProgramStatus, RequirementKind
from resolvers.addresses import NO_ADDRESS, is_web_address
from resolvers.programs.errors import BadDraft
from resolvers.refusals import Problem, Reason

MAX_NAME = 255
MAX_SLUG = 64
MOST_NODES = 500
DEEPEST = 8


@dataclass(frozen=True, slots=True)
class CategoryDraft:
    """A kind of program; the slug is compared without regard to case and kept in lower case."""

    slug: str
    display_name: str


@dataclass(frozen=True, slots=True)
class CourseLeaf:
    """A course to complete, by its readable id (`MITx+6.002x`)."""

    course: str


@dataclass(frozen=True, slots=True)
class ProgramLeaf:
    """A program to complete, by its UUID."""

    program: UUID


@dataclass(frozen=True, slots=True)
class Group:
    """Requirements of which `minimum` are to be met, or all of them if that is None."""

    children: "tuple[Requirement, ...]"
    minimum: int | None = None
    title: str = ""
    is_elective: bool = False


Requirement: TypeAlias = CourseLeaf | ProgramLeaf | Group


@dataclass(frozen=True, slots=True)
class RunModeDraft:
    """A run of one of the program's courses in the enrollment mode that counts, with its SKU or ''."""

    run: str
    mode: str
    sku: str = ""


@dataclass(frozen=True, slots=True)
class ProgramDraft:
    """A program (`spec/programs.md`, "Program"); all of `requirements` are to be met."""

    uuid: UUID
    name: str
    category: CategoryDraft
    subtitle: str = ""
    description: str = ""
    status: ProgramStatus = ProgramStatus.UNPUBLISHED
    marketing_slug: str = ""
    image_url: str | None = None
    organizations: tuple[str, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    run_modes: tuple[RunModeDraft, ...] = ()

    @property
    def courses(self) -> list[str]:
        """The courses in order: the course leaves of the tree."""
        return [node.course for node in nodes_of(self) if node.course is not None]

    @property
    def programs(self) -> list[UUID]:
        """The programs that this one requires."""
        return [node.program for node in nodes_of(self) if node.program is not None]

    def check(self) -> None:
        """Raise BadDraft for what can be seen without looking at the catalog."""
        for problem in problems(self):
            raise BadDraft(self.name, problem.message)


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the tree as it is stored: numbered depth first from 0, the root."""

    sequence: int
    depth: int
    parent: int | None
    kind: RequirementKind
    title: str = ""
    minimum: int | None = None
    is_elective: bool = False
    course: str | None = None
    program: UUID | None = None


def nodes_of(draft: ProgramDraft) -> list[Node]:
    """The whole tree in order, the root first."""
    nodes: list[Node] = []
    append(nodes, Group(draft.requirements), depth=0, parent=None)
    return nodes


def append(nodes: list[Node], requirement: Requirement, *, depth: int, parent: int | None) -> None:
    """Add a requirement and all below it to the end of `nodes`."""
    sequence = len(nodes)
    match requirement:
        case CourseLeaf(course):
            nodes.append(Node(sequence, depth, parent, RequirementKind.COURSE, course=course))
        case ProgramLeaf(program):
            nodes.append(Node(sequence, depth, parent, RequirementKind.PROGRAM, program=program))
        case Group(children, minimum, title, is_elective):  # pragma: no branch -- there are no others
            kind = RequirementKind.ALL_OF if minimum is None else RequirementKind.MIN_NUMBER_OF
            nodes.append(Node(sequence, depth, parent, kind, title, minimum, is_elective))
            for child in children:
                append(nodes, child, depth=depth + 1, parent=sequence)


def groups_of(requirement: Requirement) -> Iterator[Group]:
    """A group and all groups below it."""
    if isinstance(requirement, Group):
        yield requirement
        for child in requirement.children:
            yield from groups_of(child)


def problems(draft: ProgramDraft) -> Iterator[Problem]:
    """What is wrong with a draft, whatever the catalog holds."""
    if not draft.name.strip():
        yield Problem(Reason.REQUIRED, "it has no name", ("name",))
    if not draft.category.slug.strip():
        yield Problem(Reason.REQUIRED, "its category has no slug", ("category",))
    texts = {
        "name": ("name", draft.name.casefold(), MAX_NAME),
        "subtitle": ("subtitle", draft.subtitle, MAX_NAME),
        "marketing slug": ("marketingSlug", draft.marketing_slug, MAX_NAME),
        "category's slug": ("category", draft.category.slug, MAX_SLUG),
        "category's name": ("category", draft.category.display_name, MAX_NAME),
    }
    for name, (field, text, limit) in texts.items():
        if len(text) > limit:
            yield Problem(Reason.TOO_LONG, f"its {name} has {len(text)} characters, {limit} are allowed", (field,))
    yield from overlong(draft)
    yield from unstorable(draft)
    yield from unaddressable(draft)
    yield from repeated(draft)
    yield from modeless(draft)
    groups = [*groups_of(Group(draft.requirements))]
    for group in groups:
        if group.minimum is not None and not 1 <= group.minimum <= len(group.children):
            reason = f"{group.minimum} of {len(group.children)} requirements cannot be met"
            yield Problem(Reason.INVALID, reason, ("requirements",))
    nodes = nodes_of(draft)
    if len(nodes) > MOST_NODES:
        yield Problem(Reason.INVALID, f"{len(nodes)} requirements are more than {MOST_NODES}", ("requirements",))
    if any(node.depth > DEEPEST for node in nodes):
        yield Problem(Reason.INVALID, f"groups are nested more than {DEEPEST} deep", ("requirements",))


def overlong(draft: ProgramDraft) -> Iterator[Problem]:
    """Texts within lists that no column can hold."""
    for i, mode in enumerate(draft.run_modes):
        for field, text, limit in (("modeSlug", mode.mode, MAX_SLUG), ("sku", mode.sku, MAX_NAME)):
            if len(text) > limit:
                reason = f"it has {len(text)} characters, {limit} are allowed"
                yield Problem(Reason.TOO_LONG, reason, ("runModes", str(i), field))
    for node in nodes_of(draft):
        if len(node.title) > MAX_NAME:
            reason = f"a title has {len(node.title)} characters, {MAX_NAME} are allowed"
            yield Problem(Reason.TOO_LONG, reason, ("requirements",))


def unstorable(draft: ProgramDraft) -> Iterator[Problem]:
    """Texts that no database can hold."""
    fields = {
        "name": draft.name,
        "subtitle": draft.subtitle,
        "description": draft.description,
        "marketingSlug": draft.marketing_slug,
        "imageUrl": draft.image_url or "",
        "requirements": "".join(node.title for node in nodes_of(draft)),
        "runModes": "".join(mode.mode + mode.sku for mode in draft.run_modes),
    }
    for field, text in fields.items():
        if "\0" in text:
            yield Problem(Reason.INVALID, "it contains the character NUL", (field,))


def unaddressable(draft: ProgramDraft) -> Iterator[Problem]:
    """Parts of addresses that pages could not link to, or had better not: browsers run those of other schemes."""
    if any(character.isspace() or character in "/?#" for character in draft.marketing_slug):
        reason = "it is one part of an address, without spaces, '/', '?' and '#'"
        yield Problem(Reason.INVALID, reason, ("marketingSlug",))
    if draft.image_url is not None and not is_web_address(draft.image_url):
        yield Problem(Reason.INVALID, NO_ADDRESS, ("imageUrl",))


def modeless(draft: ProgramDraft) -> Iterator[Problem]:
    """Runs without a mode."""
    for i, mode in enumerate(draft.run_modes):
        if not mode.mode.strip():
            yield Problem(Reason.REQUIRED, "it has no mode", ("runModes", str(i), "modeSlug"))


def repeated(draft: ProgramDraft) -> Iterator[Problem]:
    """What stands in a draft twice."""
    for kind, (field, keys) in {
        "course": ("courses", draft.courses),
        "program": ("requirements", [str(uuid) for uuid in draft.programs]),
        "organization": ("organizations", [key.casefold() for key in draft.organizations]),
        "run mode": ("runModes", [f"{mode.run} {mode.mode} {mode.sku}".strip() for mode in draft.run_modes]),
    }.items():
        for key, count in Counter(keys).items():
            if count > 1:
                yield Problem(Reason.DUPLICATE, f"the {kind} {key} is in it {count} times", (field,))
