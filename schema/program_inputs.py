"""What the mutations of programs take."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Protocol, TypeVar
from uuid import UUID

import strawberry

from db.tables import ProgramStatus as StoredStatus
from resolvers.errors import BadUserInput
from resolvers.programs import CourseLeaf, Group, ProgramLeaf, RunModeDraft
from resolvers.programs.drafts import Requirement
from resolvers.programs.edits import Changes
from resolvers.reads import course_id, program_key, run_key
from resolvers.refusals import Problem, Reason, refuse_if
from schema.enums import ProgramStatus

T = TypeVar("T")
D_co = TypeVar("D_co", covariant=True)


def _given(description: str) -> Any:
    return strawberry.field(default=strawberry.UNSET, description=description)


def or_none(value: T | None) -> T | None:
    """A value of an input, None where it was left out; unlike by its truth, 0 and an empty text are values."""
    return None if value is strawberry.UNSET else value


@strawberry.input(description="A course run in the enrollment mode that counts for a program.")
class RunModeInput:
    """A run, its mode and SKU."""

    run: str = strawberry.field(description="Course key of a run of one of the program's courses.")
    mode_slug: str = strawberry.field(description="Slug of the mode, such as `verified`.")
    sku: str = strawberry.field(default="", description="SKU of the mode's product, if there is one.")

    def draft(self, keys: "Keys", *place: str) -> RunModeDraft:
        """As programs are made of it."""
        return RunModeDraft(keys.parsed(run_key, self.run, *place, "run"), self.mode_slug, self.sku)


@strawberry.input(description="Requirements of which all, or a minimum, are to be met.")
class RequirementGroupInput:
    """A group of requirements."""

    requirements: list[Annotated["RequirementInput", strawberry.lazy("schema.program_inputs")]] = strawberry.field(
        description="The requirements in order."
    )
    minimum: int | None = _given("How many of them are needed; null: all.")
    title: str = strawberry.field(default="", description="Heading, such as `Electives`.")
    is_elective: bool = strawberry.field(default=False, description="Whether it is a group of electives.")


@strawberry.input(one_of=True, description="One requirement: a course, another program, or a group of requirements.")
class RequirementInput:
    """A requirement."""

    course: str | None = _given("Id of a course, such as `MITx+6.002x`.")
    program: strawberry.ID | None = _given("Global id of a program.")
    group: RequirementGroupInput | None = _given("A group.")

    def draft(self, keys: "Keys", *place: str) -> Requirement:
        """As programs are made of it."""
        if isinstance(self.course, str):
            return CourseLeaf(keys.parsed(course_id, self.course, *place, "course"))
        if isinstance(self.program, str):
            return ProgramLeaf(keys.parsed(_uuid, self.program, *place, "program", code=Reason.INVALID))
        assert self.group  # noqa: S101 -- GraphQL sees to it that one is given
        group = self.group
        children = drafts(group.requirements, keys, *place, "group", "requirements")
        return Group(tuple(children), or_none(group.minimum), group.title, group.is_elective)


class Keys:
    """Reads the keys in an input, and notes all that are malformed, each with its place."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def parsed(self, parse: Callable[[str], Any], text: str, *place: str, code: Reason = Reason.BAD_COURSE_KEY) -> Any:
        """What `parse` makes of a text, nothing where it is malformed."""
        try:
            return parse(text)
        except BadUserInput as error:
            self.problems.append(Problem(code, str(error), place))


def _uuid(text: str) -> UUID:
    return UUID(program_key(text))


@strawberry.input(description="A program to be made; it is unpublished at first.")
class CreateProgramInput:
    """The input of `createProgram`."""

    name: str = strawberry.field(description="Name for people; no other program has it.")
    category: str = strawberry.field(description="Slug of its category, without regard to case, such as `xseries`.")
    organizations: list[str] = strawberry.field(description="Keys of the organizations that publish it, in order.")
    subtitle: str | None = _given("A line below the name.")
    description: str | None = _given("What the program is about.")
    status: ProgramStatus | None = _given("`UNPUBLISHED`, which is the default too; others are refused.")
    marketing_slug: str | None = _given("Last part of its marketing page's address, without spaces, `/`, `?` and `#`.")
    image_url: str | None = _given("Address of an image, http or https.")
    courses: list[str] | None = _given("Ids of its courses in order, such as `MITx+6.002x`; all are required.")
    requirements: list[RequirementInput] | None = _given("Requirements in place of `courses`, where they are a tree.")
    run_modes: list[RunModeInput] | None = _given("Runs that count, with their modes.")
    idempotency_key: str | None = _given("Any text that names this create: repeated, it makes no second program.")


@strawberry.input(description="Changes of a program: fields that are left out stay as they are; null empties a field.")
class UpdateProgramInput:
    """The input of `updateProgram`."""

    id: strawberry.ID = strawberry.field(description="Global id of the program.")
    expected_revision: int | None = _given("Revision that the change was made for; another one is a conflict.")
    name: str | None = _given("Name for people; cannot be emptied.")
    subtitle: str | None = _given("A line below the name.")
    description: str | None = _given("What the program is about.")
    category: str | None = _given("Slug of its category; fixed once published.")
    status: ProgramStatus | None = _given("Status, by the same rules as the mutations for it.")
    marketing_slug: str | None = _given("Last part of its marketing page's address, without spaces, `/`, `?` and `#`.")
    image_url: str | None = _given("Address of an image, http or https.")
    organizations: list[str] | None = _given("Keys of all its organizations, in order; fixed once published.")
    courses: list[str] | None = _given("Ids of all its courses, in order; only where they are all that is required.")
    run_modes: list[RunModeInput] | None = _given("All runs that count, with their modes.")


@strawberry.input
class ProgramInput:
    """What the inputs of all mutations of one program share."""

    id: strawberry.ID = strawberry.field(description="Global id of the program.")
    expected_revision: int | None = _given("Revision that the change was made for; another one is a conflict.")


@strawberry.input(description="A program to be published.")
class PublishProgramInput(ProgramInput):
    """The input of `publishProgram`."""


@strawberry.input(description="A program to be made unpublished again.")
class RevertProgramInput(ProgramInput):
    """The input of `revertProgram`."""


@strawberry.input(description="A program to be retired.")
class RetireProgramInput(ProgramInput):
    """The input of `retireProgram`."""


@strawberry.input(description="A program to be deleted.")
class DeleteProgramInput(ProgramInput):
    """The input of `deleteProgram`."""


@strawberry.input(description="The whole requirement tree of a program.")
class SetProgramRequirementsInput(ProgramInput):
    """The input of `setProgramRequirements`."""

    requirements: list[RequirementInput] = strawberry.field(description="All are required, in this order.")


@strawberry.input(description="A course for a program.")
class AddCourseToProgramInput(ProgramInput):
    """The input of `addCourseToProgram`."""

    course: str = strawberry.field(description="Id of the course, such as `MITx+6.002x`.")
    position: int | None = _given("Place among the program's requirements, from 0; the last by default.")
    run_modes: list[RunModeInput] | None = _given("Runs of the course that count, with their modes.")


@strawberry.input(description="A course of a program.")
class RemoveCourseFromProgramInput(ProgramInput):
    """The input of `removeCourseFromProgram`."""

    course: str = strawberry.field(description="Id of the course, such as `MITx+6.002x`.")


@strawberry.input(description="A new place for a course of a program.")
class MoveProgramCourseInput(ProgramInput):
    """The input of `moveProgramCourse`."""

    course: str = strawberry.field(description="Id of the course, such as `MITx+6.002x`.")
    position: int = strawberry.field(description="Place in the list that it stands in, from 0.")


NAMES = (
    "name", "subtitle", "description", "category", "status", "marketing_slug", "image_url", "organizations", "courses",
    "requirements", "run_modes",
)  # fmt: skip


def changes(given: CreateProgramInput | UpdateProgramInput) -> Changes:
    """The changes in an input. Raises Refusal for malformed keys."""
    values = {name: getattr(given, name, strawberry.UNSET) for name in NAMES}
    values = {name: value for name, value in values.items() if value is not strawberry.UNSET}
    if isinstance(given, CreateProgramInput):  # a create has nothing to empty: null is as good as none
        values = {name: value for name, value in values.items() if value is not None}
    if values.get("status") is not None:
        values["status"] = StoredStatus(values["status"].value)
    keys = Keys()
    if values.get("courses") is not None:
        courses = enumerate(values["courses"])
        values["courses"] = [keys.parsed(course_id, key, "courses", str(i)) for i, key in courses]
    for name, place in (("requirements", "requirements"), ("run_modes", "runModes")):
        if values.get(name) is not None:
            values[name] = drafts(values[name], keys, place)
    refuse_if(keys.problems)
    return Changes(**values)


class Drafted(Protocol[D_co]):
    """An input of which programs are made."""

    def draft(self, keys: Keys, *place: str) -> D_co:
        """As programs are made of it; malformed keys are noted."""
        ...


def drafts(inputs: Sequence[Drafted[D_co]], keys: Keys, *place: str) -> list[D_co]:
    """What the items of a list in an input stand for, each read at its own place."""
    return [each.draft(keys, *place, str(i)) for i, each in enumerate(inputs)]


def read(reading: Callable[[Keys], T]) -> T:
    """What `reading` makes of an input. Raises Refusal for all keys that are malformed."""
    keys = Keys()
    result = reading(keys)
    refuse_if(keys.problems)
    return result
