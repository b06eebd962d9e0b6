"""What paths lead to: the sections, sequences and units of an outline, each with what decides who sees it.

It is made once for a version of content, and says nothing about any viewer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edx.olx import Key
from resolvers.content.outline import Entry, Outline
from resolvers.content.visibility import Exposure, of_course, within

SECTION, SEQUENCE = "chapter", "sequential"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit within one sequence: whatever stands directly in it."""

    key: Key
    exposure: Exposure


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence, `number` in the order of the course; `section` is None where it stands in none."""

    key: Key
    exposure: Exposure
    number: int
    section: Key | None
    units: tuple[Unit, ...]

    def unit(self, key: Key) -> Unit | None:
        """Its unit with a key."""
        return next((unit for unit in self.units if unit.key == key), None)


@dataclass(frozen=True, slots=True)
class Section:
    """A section and its sequences; one that two sections have is the first's."""

    key: Key
    exposure: Exposure
    sequences: tuple[Sequence, ...]


@dataclass(frozen=True, slots=True)
class Courseware:
    """All of a course. `homes` are the sequences of each unit in the order of the course."""

    outline: Outline
    exposure: Exposure
    sections: Mapping[Key, Section]
    sequences: Mapping[Key, Sequence]
    order: tuple[Sequence, ...]
    homes: Mapping[Key, tuple[Sequence, ...]]

    def enclosing(self, key: Key) -> Iterator[tuple[Sequence, Unit, Exposure]]:
        """The units that a block is in, in the order of the course, and its exposure there.

        A unit is in itself. Nothing for blocks that are in no unit.
        """
        for unit_key, way in self._ways_up(key):
            homes = self.homes.get(unit_key, ())
            for sequence, unit in ((each, unit) for each in homes for unit in each.units if unit.key == unit_key):
                exposed = unit.exposure
                for entry in way:
                    exposed = within(exposed, entry)
                yield sequence, unit, exposed

    def _ways_up(self, key: Key) -> Iterator[tuple[Key, tuple[Entry, ...]]]:
        """A block and all above it up to the units, and the way from each of them down to it."""
        left: list[tuple[Key, tuple[Entry, ...]]] = [(key, ())]
        while left:
            found, way = left.pop(0)
            yield found, way
            if found not in self.homes:
                parents = self.outline.parents.get(found, ())
                left += [(parent, (self.outline.entries[found], *way)) for parent in parents]


def courseware(outline: Outline) -> Courseware:
    """The sections, sequences and units of a course.

    Sections are the chapters in the course, sequences the sequentials in those or in the course itself. Whatever else
    an author has put in their places is no place that a path leads to.
    """
    exposed = of_course(outline.course)
    sections: dict[Key, Section] = {}
    sequences: dict[Key, Sequence] = {}
    homes: dict[Key, tuple[Sequence, ...]] = {}

    def add(entry: Entry, above: Exposure, section: Key | None) -> Sequence:
        found = within(above, entry)
        units = {child.key: Unit(child.key, within(found, child)) for child in outline.children(entry)}
        sequence = Sequence(entry.key, found, len(sequences), section, tuple(units.values()))
        sequences[entry.key] = sequence
        for key in units:
            homes[key] = (*homes.get(key, ()), sequence)
        return sequence

    def own(entry: Entry, above: Exposure) -> Iterator[Sequence]:
        for child in outline.children(entry):
            if child.key.type == SEQUENCE and child.key not in sequences:
                yield add(child, above, entry.key)

    for entry in outline.children(outline.course):
        if entry.key.type == SECTION and entry.key not in sections:
            inside = within(exposed, entry)
            sections[entry.key] = Section(entry.key, inside, tuple(own(entry, inside)))
        elif entry.key.type == SEQUENCE and entry.key not in sequences:
            add(entry, exposed, None)
    return Courseware(outline, exposed, sections, sequences, tuple(sequences.values()), homes)
