"""The resolution of a courseware path: one pure function over a course, for a viewer, at a time.

The rules are those of `spec/courseware-paths.md`, "Decision". The canonical form is the sixth, to which they all lead;
what they leave open is decided in docs/paths.md. No path takes more than three redirections.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from edx.blocks import BlockKey
from edx.errors import InvalidCourseKey
from edx.keys import CourseKey
from edx.olx import Key
from resolvers.content.visibility import Access, Audience, Exposure, Role, access, exposure
from resolvers.paths.answers import (
    NOWHERE,
    Code,
    Denied,
    Flag,
    Form,
    Problem,
    Resolution,
    Rule,
    Step,
    Whereabouts,
)
from resolvers.paths.courseware import Courseware, Section, Sequence, Unit
from resolvers.paths.reading import FIRST, LAST, MalformedPath, Path, read
from resolvers.paths.refusals import denied, malformed, not_found
from resolvers.paths.slugs import NO_SLUGS, Slugs

SHOWN = frozenset({Access.OPEN, Access.PAST_DUE})
"""What has a page: of what is past due, one that says so."""


def resolve(
    course: Courseware,
    run: CourseKey,
    text: str,
    audience: Audience,
    *,
    whereabouts: Whereabouts = NOWHERE,
    slugs: Slugs = NO_SLUGS,
) -> Resolution:
    """What a path into a run comes to, for somebody at a time.

    What they may not see is as if it were not there. Never raises for a text, whatever it says.
    """
    try:
        path = read(text)
    except MalformedPath as error:
        return malformed(text, error)
    if path.course != run and path.course.folded != run.folded:
        return not_found(text, path)
    return Walk(course, run, audience, whereabouts, slugs).resolve(text, path)


class Lost(Exception):
    """A path leads nowhere; only what is in it is told."""

    def __init__(self, code: Code, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(slots=True)
class Walk:
    """One resolution: where it is, and how it got there."""

    course: Courseware
    run: CourseKey
    audience: Audience
    whereabouts: Whereabouts
    slugs: Slugs
    path: Path = field(init=False)
    steps: list[Step] = field(default_factory=list)
    flags: set[Flag] = field(default_factory=set)
    form: Form | None = None
    asks_resume: bool = False
    asks: set[Key] = field(default_factory=set)

    def resolve(self, text: str, path: Path) -> Resolution:
        """Follow the rules to their end."""
        if (reason := self.refusal()) is not None:
            return denied(text, path, reason)
        if not self.shows(self.course.exposure):
            return not_found(text, path)
        self.path = self.normal(path)
        if str(self.path) != text:
            self.step(Rule.SPELLING, *self.path.segments)
        if self.path.is_page:
            return Resolution(text, Form.PAGE, tuple(self.steps), str(self.path))
        try:
            sequence, unit = self.place()
        except Lost as lost:
            fallback = None if lost.code is Code.EMPTY_COURSE else str(self.path.to(fragment=""))
            return Resolution(
                text,
                self.form if lost.code is not Code.NOT_FOUND else None,
                tuple(self.steps) if lost.code is not Code.NOT_FOUND else (),
                problem=Problem(lost.code, str(lost), fallback),
                asks_resume=self.asks_resume,
            )
        return self.answer(text, sequence, unit)

    def refusal(self) -> Denied | None:
        """Why there is no access to the course at all."""
        if self.audience.role is Role.STAFF:
            return None
        if self.whereabouts.denied is not None:
            return self.whereabouts.denied
        reasons = {Access.SIGN_IN: Denied.AUTHENTICATION_REQUIRED, Access.NOT_STARTED: Denied.COURSE_NOT_STARTED}
        return reasons.get(access(self.course.exposure, self.audience))

    def shows(self, exposed: Exposure) -> bool:
        """Whether the viewer may know that something is there."""
        return access(exposed, self.audience) in SHOWN

    def normal(self, path: Path) -> Path:
        """The path with the run's key and the keys of blocks as they are spelled, in place of slugs too."""
        if path.is_page or not path.segments:
            return Path(self.run, path.segments, path.is_preview, path.query, path.fragment)
        head, *tail = path.segments
        first = self.named(None, head)
        segments = [head if first is None else self.text(first)]
        if tail:
            second = None if tail[0] in {FIRST, LAST} else self.named(first, tail[0])
            segments.append(tail[0] if second is None else self.text(second))
        return Path(self.run, tuple(segments), path.is_preview, path.query, path.fragment)

    def named(self, within: Key | None, segment: str) -> Key | None:
        """The block of this run that a segment names by its key or its slug, None for none."""
        try:
            key = BlockKey.parse(segment, among=self.run)
        except InvalidCourseKey:
            return self.slugs.block(within, segment)
        return Key(key.type, key.name) if key.course.folded == self.run.folded else None

    def text(self, key: Key) -> str:
        """The key of a block as it stands in paths."""
        return str(BlockKey(self.run, *key))

    def step(self, rule: Rule, *segments: str, fragment: str | None = None) -> None:
        """Go on to another path by a rule."""
        self.path = self.path.to(*segments, fragment=fragment)
        self.steps.append(Step(rule, str(self.path)))

    def place(self) -> tuple[Sequence, Unit | None]:
        """The place that the path leads to, by the rules. Raises Lost."""
        match self.path.segments:
            case ():
                return self.at_course()
            case (only,):
                return self.at_one(only)
            case (head, tail):
                return self.at_two(head, tail)
        raise AssertionError("a path has two ids at most")

    def at_course(self) -> tuple[Sequence, Unit | None]:
        """Form 1: where the learner was last, or the first sequence of the course."""
        self.form = self.form or Form.COURSE
        self.asks_resume = True
        if self.whereabouts.resume is not None:
            sequence = self.course.sequences.get(self.whereabouts.resume[0])
            unit = sequence.unit(self.whereabouts.resume[1]) if sequence else None
            if sequence and unit and self.shows(sequence.exposure) and self.shows(unit.exposure):
                self.step(Rule.RESUME, self.text(sequence.key), self.text(unit.key))
                return sequence, unit
        sequence = next(self.listed(self.course.order), None)
        if sequence is None:
            raise Lost(Code.EMPTY_COURSE, "there is nothing in the course yet")
        self.step(Rule.FIRST_SEQUENCE_OF_COURSE, self.text(sequence.key))
        return self.at_sequence(sequence)

    def listed(self, sequences: tuple[Sequence, ...]) -> Iterator[Sequence]:
        """The sequences that the viewer finds in the outline and may have."""
        return (each for each in sequences if each.exposure.is_listed and self.shows(each.exposure))

    def at_one(self, segment: str) -> tuple[Sequence, Unit | None]:
        """Forms 2, 4 and 5: the id says which, as that of a sequence, of a section or of something in a unit."""
        key = self.known(segment)
        if (sequence := self.course.sequences.get(key)) and self.shows(sequence.exposure):
            self.form = self.form or Form.SEQUENCE
            return self.at_sequence(sequence)
        if (section := self.course.sections.get(key)) and self.shows(section.exposure):
            return self.at_section(section)
        return self.at_block(key)

    def known(self, segment: str) -> Key:
        """The block of the course that a segment names. Raises Lost."""
        key = self.named(None, segment)
        if key is None or key not in self.course.outline.entries or key == self.course.outline.root:
            raise self.lost(segment)
        return key

    def lost(self, segment: str) -> Lost:
        """What is said of all that is not there for the viewer."""
        return Lost(Code.NOT_FOUND, f"there is nothing at {segment!r} in {self.run}")

    def at_section(self, section: Section) -> tuple[Sequence, Unit | None]:
        """Form 2: the first sequence of the section; without one, form 1."""
        self.form = self.form or Form.SECTION
        sequence = next(self.listed(section.sequences), None)
        if sequence is None:
            self.step(Rule.SECTION_WITHOUT_SEQUENCES)
            return self.at_course()
        self.step(Rule.FIRST_SEQUENCE_OF_SECTION, self.text(sequence.key))
        return self.at_sequence(sequence)

    def at_sequence(self, sequence: Sequence) -> tuple[Sequence, Unit | None]:
        """Form 4: the active unit of the sequence, or the first if none is active; none if it has none."""
        self.asks.add(sequence.key)
        units = self.units(sequence)
        if not units:
            self.flags.add(Flag.EMPTY)
            return sequence, None
        position = self.whereabouts.positions.get(sequence.key) or 0
        is_active = 0 < position <= len(units)
        unit = units[position - 1] if is_active else units[0]
        self.step(Rule.ACTIVE_UNIT if is_active else Rule.FIRST_UNIT, self.text(sequence.key), self.text(unit.key))
        return sequence, unit

    def units(self, sequence: Sequence) -> list[Unit]:
        """The units of a sequence that the viewer may have."""
        return [unit for unit in sequence.units if self.shows(unit.exposure)]

    def at_block(self, key: Key) -> tuple[Sequence, Unit]:
        """Form 5: the first sequence that has the unit; what is within a unit leads to that."""
        self.form = self.form or Form.UNIT
        sequence, unit = self.unit_of(key)
        if unit.key != key:
            self.step(Rule.ENCLOSING_UNIT, self.text(unit.key), fragment=self.text(key))
        self.step(Rule.SEQUENCE_OF_UNIT, self.text(sequence.key), self.text(unit.key))
        return sequence, unit

    def unit_of(self, key: Key) -> tuple[Sequence, Unit]:
        """The first unit that a block is in for the viewer, itself or another, and its sequence. Raises Lost."""
        places = list(self.course.enclosing(key))
        for sequence, unit, exposed in places:
            if self.shows(exposed):
                return sequence, unit
        if not places and self.shows(exposure(self.course.outline, key)):
            raise Lost(Code.NO_SEQUENCE, f"{self.text(key)} stands in no sequence")
        raise self.lost(self.text(key))

    def at_two(self, head: str, tail: str) -> tuple[Sequence, Unit | None]:
        """Forms 3, 6 and those that end in `first` or `last`: the first id says which."""
        key = self.known(head)
        if (sequence := self.course.sequences.get(key)) and self.shows(sequence.exposure):
            if tail in {FIRST, LAST}:
                return self.at_end(sequence, tail)
            return self.at_unit(sequence, tail)
        section = self.course.sections.get(key)
        if section is None or not self.shows(section.exposure):
            raise self.lost(head)
        self.form = Form.SECTION_AND_UNIT
        if self.known(tail) in self.course.sections:
            raise self.lost(tail)
        self.step(Rule.DROP_SECTION, tail)
        return self.at_one(tail)

    def at_end(self, sequence: Sequence, end: str) -> tuple[Sequence, Unit | None]:
        """The first or the last unit of a sequence; without one, form 4."""
        self.form = Form.SEQUENCE_END
        units = self.units(sequence)
        if not units:
            self.step(Rule.SEQUENCE_WITHOUT_UNITS, self.text(sequence.key))
            return self.at_sequence(sequence)
        rule, unit = (Rule.FIRST_UNIT, units[0]) if end == FIRST else (Rule.LAST_UNIT, units[-1])
        self.step(rule, self.text(sequence.key), self.text(unit.key))
        return sequence, unit

    def at_unit(self, sequence: Sequence, tail: str) -> tuple[Sequence, Unit]:
        """Form 6, which stays as it is if the sequence has the unit; else it is form 5, and misplaced."""
        self.form = Form.SEQUENCE_AND_UNIT
        key = self.known(tail)
        for home, unit, exposed in self.course.enclosing(key):
            if home is sequence and self.shows(exposed):
                if unit.key != key:
                    self.step(
                        Rule.ENCLOSING_UNIT, self.text(sequence.key), self.text(unit.key), fragment=self.text(key)
                    )
                return sequence, unit
        if key in self.course.sections or (key in self.course.sequences and key not in self.course.homes):
            raise self.lost(tail)
        self.unit_of(key)
        self.flags.add(Flag.MISPLACED)
        self.step(Rule.DROP_SEQUENCE, tail)
        return self.at_block(key)

    def answer(self, text: str, sequence: Sequence, unit: Unit | None) -> Resolution:
        """What is worth knowing about the place at the end."""
        previous, following = self.neighbours(sequence, unit)
        self.asks.add(sequence.key)
        self.flags |= set(self.marks(sequence, unit))
        return Resolution(
            path=text,
            form=self.form,
            steps=tuple(self.steps),
            canonical=str(self.path),
            readable=self.readable(sequence, unit),
            section=sequence.section,
            sequence=sequence.key,
            unit=unit.key if unit else None,
            flags=frozenset(self.flags),
            prerequisite=self.whereabouts.gated.get(sequence.key),
            previous=previous,
            next=following,
            asks_resume=self.asks_resume,
            asks=frozenset(self.asks),
        )

    def marks(self, sequence: Sequence, unit: Unit | None) -> Iterator[Flag]:
        """The flags of a place, by what decides who sees it; those that only staff meet are there for staff."""
        exposed = unit.exposure if unit else sequence.exposure
        at = self.audience.at
        if sequence.key in self.whereabouts.gated and self.audience.role is not Role.STAFF:
            yield Flag.GATED
        if exposed.hidden_after is not None and at > exposed.hidden_after:
            yield Flag.HIDDEN_AFTER_DUE
        if at < exposed.start:
            yield Flag.NOT_STARTED
        if exposed.is_staff_only:
            yield Flag.STAFF_ONLY
        if not exposed.is_listed:
            yield Flag.HIDE_FROM_TOC

    def neighbours(self, sequence: Sequence, unit: Unit | None) -> tuple[str | None, str | None]:
        """The paths of what comes before and after, None where there is no way on.

        Beyond a sequence there is the end of another, or of the course; nothing beyond one that is not listed.
        """
        if self.whereabouts.has_exam_to_pass and self.audience.role is not Role.STAFF:
            return None, None
        units = self.units(sequence)
        index = units.index(unit) if unit else 0
        previous = self.spot(sequence, units[index - 1]) if unit and index else self.before(sequence)
        is_inside = unit is not None and index + 1 < len(units)
        return previous, self.spot(sequence, units[index + 1]) if is_inside else self.after(sequence)

    def spot(self, sequence: Sequence, unit: Unit) -> str:
        """The path of a unit."""
        return self.beside(self.text(sequence.key), self.text(unit.key))

    def beside(self, *segments: str) -> str:
        """A path to another place, with nothing of this one's query."""
        return str(Path(self.run, segments, self.path.is_preview))

    def before(self, sequence: Sequence) -> str | None:
        """The last unit of the sequence before."""
        if not sequence.exposure.is_listed:
            return None
        found = next(self.listed(self.course.order[: sequence.number][::-1]), None)
        return self.beside(self.text(found.key), LAST) if found else None

    def after(self, sequence: Sequence) -> str | None:
        """The first unit of the sequence after, or the page at the end of the course."""
        if not sequence.exposure.is_listed:
            return None
        found = next(self.listed(self.course.order[sequence.number + 1 :]), None)
        return self.beside(self.text(found.key), FIRST) if found else self.beside("course-end")

    def readable(self, sequence: Sequence, unit: Unit | None) -> str | None:
        """The canonical path by slugs, None unless all in it has one."""
        slugs = [self.slugs.slug(None, sequence.key)]
        if unit:
            slugs.append(self.slugs.slug(sequence.key, unit.key))
        found = [slug for slug in slugs if slug is not None]
        return str(self.path.to(*found)) if len(found) == len(slugs) else None
