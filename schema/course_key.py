"""What any text is as a course key (`spec/b2b-courseware.md`, "Background")."""

from enum import Enum
from typing import Annotated

import strawberry

from edx.explanations import KeyExplanation, KeyKind, KeyProblem, Length, explain
from schema.enums import CourseKeyPrefix


@strawberry.enum(description="What a text names.")
class CourseKeyKind(Enum):
    """Kinds of keys."""

    COURSE_RUN = strawberry.enum_value(KeyKind.COURSE_RUN.value, description="A run of a course.")
    SOURCE_RUN = strawberry.enum_value(
        KeyKind.SOURCE_RUN.value, description="A run that others are made from, such as `course-v1:UAI_X+1x+SOURCE`."
    )
    CONTRACT_RUN = strawberry.enum_value(
        KeyKind.CONTRACT_RUN.value, description="A run made for a contract, such as `course-v1:UAI_MIT+1x+C102_2025`."
    )
    COURSE = strawberry.enum_value(KeyKind.COURSE.value, description="A course, such as `UAI_SOURCE+12.345x`.")
    NOTHING = strawberry.enum_value(KeyKind.NOTHING.value, description="Nothing: the text is no key.")


@strawberry.type(description="Something that stands against a text as a key.")
class CourseKeyProblem:
    """A problem."""

    message: str = strawberry.field(description="What it is, for people.")
    position: int | None = strawberry.field(description="First wrong character, counted from 1, where it has a place.")
    is_error: bool = strawberry.field(description="Whether it makes the text no key, rather than an unhandy one.")

    @classmethod
    def of(cls, problem: KeyProblem) -> "CourseKeyProblem":
        """As GraphQL has it."""
        return cls(message=problem.message, position=problem.position, is_error=problem.is_error)


@strawberry.type(description="How long a part of a key is, and how long it may be.")
class CourseKeyLength:
    """A length."""

    part: str = strawberry.field(description="What is measured: the `key`, the `organization`, or all parts together.")
    actual: int = strawberry.field(description="How many characters it has.")
    allowed: int = strawberry.field(description="How many it may have: 255, 64, or 65, which is for Studio's pages.")
    is_allowed: bool = strawberry.field(description="Whether it is not too long.")

    @classmethod
    def of(cls, length: Length) -> "CourseKeyLength":
        """As GraphQL has it."""
        return cls(part=length.of, actual=length.actual, allowed=length.allowed, is_allowed=length.fits)


@strawberry.type(description="What a text is as a key.")
class CourseKeyExplanation:
    """An explanation; the parts are null where there are none."""

    text: str = strawberry.field(description="The text as it was given.")
    kind: CourseKeyKind = strawberry.field(description="What it names.")
    organization: str | None = strawberry.field(description="Organization part, such as `UAI_MIT`.")
    prefix: CourseKeyPrefix | None = strawberry.field(description="What that part begins with.")
    number: str | None = strawberry.field(description="Course number, such as `12.345x`.")
    run: str | None = strawberry.field(description="Run part, such as `C102_2025`.")
    contract_number: int | None = strawberry.field(description="Number of the contract in a contract's run.")
    year: int | None = strawberry.field(description="Year in which a contract's run was made, by UTC.")
    is_old_form: bool = strawberry.field(description="Whether it is `organization/course/run`, as keys once were.")
    problems: list[CourseKeyProblem] = strawberry.field(description="What stands against it.")
    lengths: list[CourseKeyLength] = strawberry.field(description="Lengths that have limits.")

    @classmethod
    def of(cls, found: KeyExplanation) -> "CourseKeyExplanation":
        """As GraphQL has it."""
        return cls(
            text=found.text,
            kind=CourseKeyKind(found.kind.value),
            organization=found.org,
            prefix=None if found.prefix is None else CourseKeyPrefix(found.prefix.value),
            number=found.number,
            run=found.run,
            contract_number=None if found.tag is None else found.tag.contract,
            year=None if found.tag is None else found.tag.year,
            is_old_form=found.is_deprecated,
            problems=[CourseKeyProblem.of(problem) for problem in found.problems],
            lengths=[CourseKeyLength.of(length) for length in found.lengths],
        )


def course_key(
    text: Annotated[str, strawberry.argument(description="Any text, such as `course-v1:UAI_MIT+12.345x+C102_2025`.")],
) -> CourseKeyExplanation:
    """Explain a text as a key."""
    return CourseKeyExplanation.of(explain(text))
