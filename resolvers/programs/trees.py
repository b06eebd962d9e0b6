"""Changes of a program's requirement tree, as functions of its draft."""

from collections.abc import Sequence
from dataclasses import replace

from resolvers.programs.drafts import CourseLeaf, Group, ProgramDraft, Requirement, RunModeDraft
from resolvers.programs.edits import Changes
from resolvers.refusals import Problem, Reason, Refusal


def with_course(draft: ProgramDraft, course: str, position: int | None, run_modes: Sequence[RunModeDraft]) -> Changes:
    """Put a course among the program's own requirements, at `position` or as the last."""
    if course.casefold() in map(str.casefold, draft.courses):
        raise Refusal([Problem(Reason.DUPLICATE, f"the course {course} is in the program", ("course",))])
    requirements = list(draft.requirements)
    requirements.insert(_place(position, len(requirements)), CourseLeaf(course))
    if not run_modes:
        return Changes(requirements=requirements)
    return Changes(requirements=requirements, run_modes=[*run_modes, *draft.run_modes])  # as places in the input count


def without_course(draft: ProgramDraft, course: str) -> Changes:
    """Take a course out, wherever in the tree it stands; groups that are left empty go too."""
    return Changes(requirements=_without(draft.requirements, _there(draft, course)))


def with_course_at(draft: ProgramDraft, course: str, position: int) -> Changes:
    """Move a course within the list that it stands in."""
    return Changes(requirements=_moved(draft.requirements, CourseLeaf(_there(draft, course)), position))


def _there(draft: ProgramDraft, course: str) -> str:
    """The course as the program has it."""
    for known in draft.courses:
        if known.casefold() == course.casefold():
            return known
    raise Refusal([Problem(Reason.COURSE_UNKNOWN, f"the course {course} is not in the program", ("course",))])


def _place(position: int | None, count: int) -> int:
    if position is None:
        return count
    if not 0 <= position <= count:
        raise Refusal([Problem(Reason.INVALID, f"{position} is not between 0 and {count}", ("position",))])
    return position


def _without(requirements: tuple[Requirement, ...], course: str) -> tuple[Requirement, ...]:
    kept: list[Requirement] = []
    for requirement in requirements:
        if isinstance(requirement, Group):
            children = _without(requirement.children, course)
            if children:
                minimum = requirement.minimum and min(requirement.minimum, len(children))
                kept.append(replace(requirement, children=children, minimum=minimum))
        elif requirement != CourseLeaf(course):
            kept.append(requirement)
    return tuple(kept)


def _moved(requirements: tuple[Requirement, ...], leaf: CourseLeaf, position: int) -> tuple[Requirement, ...]:
    if leaf in requirements:
        rest = [requirement for requirement in requirements if requirement != leaf]
        rest.insert(_place(position, len(rest)), leaf)
        return tuple(rest)
    return tuple(
        replace(each, children=_moved(each.children, leaf, position)) if isinstance(each, Group) else each
        for each in requirements
    )
