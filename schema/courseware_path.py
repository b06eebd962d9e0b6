"""Courseware paths: what a link into a course comes to (`spec/courseware-paths.md`)."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Any

import strawberry

from edx.blocks import BlockKey
from edx.olx import Key
from resolvers.context import Context
from resolvers.features import Feature
from resolvers.paths import answers
from resolvers.paths.answers import Problem
from resolvers.paths.naming import Naming, set_slug
from resolvers.paths.service import MOST_PATHS, Asker, Found
from schema.features import Needs
from schema.payload import Payload, answered

Info = strawberry.Info[Context, None]


@strawberry.enum(description="Forms of courseware paths: 1 to 6 of the specification, and two of the front end's own.")
class CoursewareForm(Enum):
    """Forms."""

    COURSE = strawberry.enum_value(answers.Form.COURSE.value, description="Form 1: a course alone.")
    SECTION = strawberry.enum_value(answers.Form.SECTION.value, description="Form 2: a section.")
    SECTION_AND_UNIT = strawberry.enum_value(
        answers.Form.SECTION_AND_UNIT.value, description="Form 3: a section and something in it."
    )
    SEQUENCE = strawberry.enum_value(answers.Form.SEQUENCE.value, description="Form 4: a sequence.")
    UNIT = strawberry.enum_value(answers.Form.UNIT.value, description="Form 5: a unit, or something in one.")
    SEQUENCE_AND_UNIT = strawberry.enum_value(
        answers.Form.SEQUENCE_AND_UNIT.value, description="Form 6, the canonical one: a sequence and a unit of it."
    )
    SEQUENCE_END = strawberry.enum_value(
        answers.Form.SEQUENCE_END.value, description="A sequence and `first` or `last`."
    )
    PAGE = strawberry.enum_value(
        answers.Form.PAGE.value, description="A page about the course, such as `home` or `progress`."
    )


@strawberry.enum(description="Rules by which one path leads to another.")
class CoursewareRule(Enum):
    """Rules."""

    SPELLING = strawberry.enum_value(
        answers.Rule.SPELLING.value, description="The same place, spelled as it should be, by keys."
    )
    RESUME = strawberry.enum_value(answers.Rule.RESUME.value, description="Where the learner was last.")
    FIRST_SEQUENCE_OF_COURSE = strawberry.enum_value(
        answers.Rule.FIRST_SEQUENCE_OF_COURSE.value, description="The first sequence of the course."
    )
    FIRST_SEQUENCE_OF_SECTION = strawberry.enum_value(
        answers.Rule.FIRST_SEQUENCE_OF_SECTION.value, description="The first sequence of the section."
    )
    SECTION_WITHOUT_SEQUENCES = strawberry.enum_value(
        answers.Rule.SECTION_WITHOUT_SEQUENCES.value, description="The section has no sequence: the course."
    )
    DROP_SECTION = strawberry.enum_value(answers.Rule.DROP_SECTION.value, description="The section is left out.")
    ACTIVE_UNIT = strawberry.enum_value(
        answers.Rule.ACTIVE_UNIT.value, description="The unit of the sequence that is active for the learner."
    )
    FIRST_UNIT = strawberry.enum_value(answers.Rule.FIRST_UNIT.value, description="The first unit of the sequence.")
    LAST_UNIT = strawberry.enum_value(answers.Rule.LAST_UNIT.value, description="The last unit of the sequence.")
    SEQUENCE_WITHOUT_UNITS = strawberry.enum_value(
        answers.Rule.SEQUENCE_WITHOUT_UNITS.value, description="The sequence has neither a first nor a last unit."
    )
    SEQUENCE_OF_UNIT = strawberry.enum_value(
        answers.Rule.SEQUENCE_OF_UNIT.value, description="The first sequence of the course that has the unit."
    )
    ENCLOSING_UNIT = strawberry.enum_value(
        answers.Rule.ENCLOSING_UNIT.value, description="The unit that the block is in; the block is the fragment."
    )
    DROP_SEQUENCE = strawberry.enum_value(
        answers.Rule.DROP_SEQUENCE.value, description="The sequence, which does not have the unit, is left out."
    )


@strawberry.enum(description="What is worth knowing about the place that a path leads to.")
class CoursewareFlag(Enum):
    """Flags."""

    GATED = strawberry.enum_value(answers.Flag.GATED.value, description="The sequence waits for a prerequisite.")
    HIDDEN_AFTER_DUE = strawberry.enum_value(
        answers.Flag.HIDDEN_AFTER_DUE.value, description="Its due date has passed, and learners see only that."
    )
    NOT_STARTED = strawberry.enum_value(
        answers.Flag.NOT_STARTED.value, description="It is not open to learners yet, though to the viewer."
    )
    STAFF_ONLY = strawberry.enum_value(answers.Flag.STAFF_ONLY.value, description="Only staff see it.")
    HIDE_FROM_TOC = strawberry.enum_value(
        answers.Flag.HIDE_FROM_TOC.value, description="It is not in the outline; there is no way on from its ends."
    )
    EMPTY = strawberry.enum_value(answers.Flag.EMPTY.value, description="The sequence has no unit for the viewer.")
    MISPLACED = strawberry.enum_value(
        answers.Flag.MISPLACED.value, description="The sequence in the path does not have the unit; another has it."
    )
    NO_ACCESS = strawberry.enum_value(
        answers.Flag.NO_ACCESS.value, description="The learner has no access to the course."
    )


@strawberry.enum(description="Why a path leads nowhere.")
class CoursewarePathErrorCode(Enum):
    """Codes."""

    MALFORMED = strawberry.enum_value(answers.Code.MALFORMED.value, description="It is no courseware path.")
    NOT_FOUND = strawberry.enum_value(
        answers.Code.NOT_FOUND.value, description="There is no such course, or no such thing in it, for the viewer."
    )
    NO_CONTENT = strawberry.enum_value(
        answers.Code.NO_CONTENT.value, description="The content of the course is not on this server."
    )
    VERSION_NOT_FOUND = strawberry.enum_value(
        answers.Code.VERSION_NOT_FOUND.value, description="There is no such version of the content, or not any more."
    )
    NO_SEQUENCE = strawberry.enum_value(
        answers.Code.NO_SEQUENCE.value, description="The block is in no sequence, so that there is no page for it."
    )
    EMPTY_COURSE = strawberry.enum_value(
        answers.Code.EMPTY_COURSE.value, description="There is nothing in the course that the viewer may see."
    )
    NO_ACCESS = strawberry.enum_value(
        answers.Code.NO_ACCESS.value, description="The learner has no access to the course; `denial` says why."
    )


@strawberry.enum(description="Why a learner has no access to a course, as the LMS puts it.")
class CourseAccessDenial(Enum):
    """Denials."""

    AUTHENTICATION_REQUIRED = strawberry.enum_value(
        answers.Denied.AUTHENTICATION_REQUIRED.value, description="Nobody is signed in."
    )
    ENROLLMENT_REQUIRED = strawberry.enum_value(
        answers.Denied.ENROLLMENT_REQUIRED.value, description="They are not enrolled."
    )
    SURVEY_REQUIRED = strawberry.enum_value(
        answers.Denied.SURVEY_REQUIRED.value, description="They have to fill in a survey first."
    )
    DATA_SHARING_ACCESS_REQUIRED = strawberry.enum_value(
        answers.Denied.DATA_SHARING_ACCESS_REQUIRED.value, description="They have to consent to share data first."
    )
    UNFULFILLED_MILESTONES = strawberry.enum_value(
        answers.Denied.UNFULFILLED_MILESTONES.value, description="They have to complete another course first."
    )
    AUDIT_EXPIRED = strawberry.enum_value(
        answers.Denied.AUDIT_EXPIRED.value, description="Their time of auditing the course is over."
    )
    COURSE_NOT_STARTED = strawberry.enum_value(
        answers.Denied.COURSE_NOT_STARTED.value, description="The course has not started for them."
    )
    INCORRECT_ACTIVE_ENTERPRISE = strawberry.enum_value(
        answers.Denied.INCORRECT_ACTIVE_ENTERPRISE.value, description="They act for another enterprise at the moment."
    )


@strawberry.type(description="One redirection on the way to the canonical path.")
class CoursewareStep:
    """A step."""

    rule: CoursewareRule = strawberry.field(description="Why.")
    path: str = strawberry.field(description="Path that the rule leads to.")


@strawberry.type(description="What has to be done before a gated sequence opens.")
class CoursewarePrerequisite:
    """A prerequisite."""

    key: str = strawberry.field(description="Key of the sequence to pass.")
    section_name: str = strawberry.field(description="Name of it, for people; may be empty.")


@strawberry.type(description="Why a path leads nowhere.")
class CoursewarePathError:
    """An error."""

    code: CoursewarePathErrorCode = strawberry.field(description="What it is, for programs.")
    message: str = strawberry.field(description="What it is, for people.")
    fallback_path: str | None = strawberry.field(
        description="Path of the learning front end to go to instead; null where there is none."
    )


@strawberry.type(description="What a link into a course comes to, for a learner, at a time.")
class CoursewarePath:
    """A path."""

    path: str = strawberry.field(description="The path as it was given.")
    form: CoursewareForm | None = strawberry.field(
        description="Form that it has; null where that cannot be told, or would tell what the viewer may not see."
    )
    steps: list[CoursewareStep] = strawberry.field(
        description="Redirections to the canonical path, each in place of the one before in a browser's history."
    )
    canonical_path: str | None = strawberry.field(
        description="Path of the unit by keys, form 6; of a sequence without units form 4; null where there is an "
        "error. Percent-encoded, with the query of the given path."
    )
    readable_path: str | None = strawberry.field(
        description="The same by slugs; null where the sequence or the unit has none."
    )
    course_key: str | None = strawberry.field(description="Course key of the run; null where there is none.")
    version: str | None = strawberry.field(description="Version of the content that was looked at.")
    section_key: str | None = strawberry.field(description="Block key of the section.")
    sequence_key: str | None = strawberry.field(description="Block key of the sequence.")
    unit_key: str | None = strawberry.field(description="Block key of the unit; null in a sequence without units.")
    flags: list[CoursewareFlag] = strawberry.field(description="What is worth knowing about the place, by name.")
    prerequisite: CoursewarePrerequisite | None = strawberry.field(
        description="What a gated sequence waits for, as the LMS says."
    )
    previous_path: str | None = strawberry.field(description="Path to what comes before the unit.")
    next_path: str | None = strawberry.field(description="Path to what comes after it, in the end the course's end.")
    denial: CourseAccessDenial | None = strawberry.field(description="Why the learner has no access to the course.")
    error: CoursewarePathError | None = strawberry.field(description="Why the path leads nowhere.")

    @classmethod
    def of(cls, found: Found) -> "CoursewarePath":
        """As GraphQL has it."""
        answer, problem, waits = found.resolution, found.resolution.problem, found.resolution.prerequisite

        def key(block: Key | None) -> str | None:
            return None if block is None or found.run is None else str(BlockKey(found.run, *block))

        return cls(
            path=answer.path,
            form=None if answer.form is None else CoursewareForm(answer.form.value),
            steps=[CoursewareStep(rule=CoursewareRule(step.rule.value), path=step.path) for step in answer.steps],
            canonical_path=answer.canonical,
            readable_path=answer.readable,
            course_key=None if found.run is None else str(found.run),
            version=found.version,
            section_key=key(answer.section),
            sequence_key=key(answer.sequence),
            unit_key=key(answer.unit),
            flags=[CoursewareFlag(flag) for flag in sorted(flag.value for flag in answer.flags)],
            prerequisite=None
            if waits is None
            else CoursewarePrerequisite(key=waits.key, section_name=waits.section_name),
            previous_path=answer.previous,
            next_path=answer.next,
            denial=None if answer.denied is None else CourseAccessDenial(answer.denied.value),
            error=None if problem is None else _error(problem),
        )


def _error(problem: Problem) -> CoursewarePathError:
    code = CoursewarePathErrorCode(problem.code.value)
    return CoursewarePathError(code=code, message=problem.message, fallback_path=problem.fallback)


At = Annotated[datetime | None, strawberry.argument(description="When; now by default. For staff alone.")]
Username = Annotated[
    str | None, strawberry.argument(description="As which learner; by default the viewer. Others for staff alone.")
]
Version = Annotated[
    str | None,
    strawberry.argument(description="Which version of the content; by default the one that there is. For staff alone."),
]


async def courseware_path(
    info: Info,
    path: Annotated[
        str, strawberry.argument(description="A path such as `/course/KEY/…`, or a whole address of the front end.")
    ],
    at: At = None,
    username: Username = None,
    version: Version = None,
) -> CoursewarePath | None:
    """What one path comes to. Raises as `Paths.resolve`."""
    [found] = await _resolved(info, [path], at, username, version)
    return found


async def courseware_paths(
    info: Info,
    paths: Annotated[list[str], strawberry.argument(description=f"At most {MOST_PATHS}.")],
    at: At = None,
    username: Username = None,
    version: Version = None,
) -> list[CoursewarePath] | None:
    """What each of some paths comes to. Raises as `Paths.resolve`."""
    return await _resolved(info, paths, at, username, version)


async def _resolved(
    info: Info, paths: list[str], at: datetime | None, username: str | None, version: str | None
) -> list[CoursewarePath]:
    context = info.context
    asker = Asker(context.viewer, context.request.permissions, username, at, version)
    found = await context.paths.resolve(context.snapshot, asker, paths, context.memory)
    return [CoursewarePath.of(each) for each in found]


def paths_field(resolver: Any, description: str) -> Any:
    """A root field about paths, where there is content."""
    return strawberry.field(resolver=resolver, description=description, extensions=[Needs(Feature.CONTENT)])


@strawberry.input(description="A readable name for a sequence or a unit in paths.")
class SetBlockSlugInput:
    """The input of `setBlockSlug`."""

    course_run: str = strawberry.field(description="Course key of the run.")
    block: str = strawberry.field(description="Block key of the sequence or the unit.")
    sequence: str | None = strawberry.field(
        default=None,
        description="Block key of the sequence that the unit's slug is for; by default the first that has the unit.",
    )
    slug: str | None = strawberry.field(
        description="Letters, digits, `-` and `_`, such as `Being_Social`; null for none. Case is kept, but does not "
        "matter. Former slugs go on to lead to the block."
    )


@strawberry.type(description="What became of `setBlockSlug`.")
class SetBlockSlugPayload(Payload):
    """The payload of `setBlockSlug`."""

    slug: str | None = strawberry.field(default=None, description="The block's slug now.")
    former_slugs: list[str] = strawberry.field(
        default_factory=list, description="Slugs that it had, which lead to it too, the newest first."
    )
    path: CoursewarePath | None = strawberry.field(
        default=None, description="The path to the block as it is now; null when nothing was changed."
    )


async def set_block_slug(info: Info, input: SetBlockSlugInput) -> SetBlockSlugPayload | None:
    """Name a sequence or a unit."""

    async def change() -> SetBlockSlugPayload:
        named = await set_slug(info.context, Naming(input.course_run, input.block, input.slug, input.sequence))
        [path] = await _resolved(info, [named.path], None, None, None)
        return SetBlockSlugPayload(user_errors=[], slug=named.slug, former_slugs=list(named.former), path=path)

    return await answered(info, change(), lambda errors: SetBlockSlugPayload(user_errors=errors))
