"""Measure courseware paths: resolutions per second of every kind of path into a course, when its content is in memory.

`python -m bench.paths [OLX]`: without an archive or a folder, a made-up course of the size of Open edX's demo course.
"""

import gc
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from edx.blocks import BlockKey
from edx.keys import CourseKey
from edx.olx import Key, parse, read
from resolvers.content.outline import Outline, entry_of, outline_of
from resolvers.content.visibility import Audience, Role
from resolvers.paths.courseware import courseware
from resolvers.paths.resolution import resolve

RUN = CourseKey("OpenedX", "DemoX", "DemoCourse")
LEARNER = Audience(Role.LEARNER, datetime(2026, 11, 21, tzinfo=UTC))
SECONDS = 2.0
SECTIONS, SEQUENCES, UNITS, COMPONENTS = 6, 3, 3, 6


def made_up() -> Outline:
    """6 sections, 18 sequences, 54 units and 324 components."""
    blocks: dict[Key, list[Key]] = {Key("course", "course"): []}
    below, kinds = [Key("course", "course")], ("chapter", "sequential", "vertical", "html")
    for kind, count in zip(kinds, (SECTIONS, SEQUENCES, UNITS, COMPONENTS), strict=True):
        parents, below = below, []
        for parent in parents:
            for number in range(count):
                key = Key(kind, f"{parent.name}_{number}")
                blocks[parent].append(key)
                blocks[key] = []
                below.append(key)
    start = {"start": "2020-01-01T00:00:00Z"}
    return Outline.of(
        entry_of(key, start if key.type == "course" else {}, children) for key, children in blocks.items()
    )


def paths(outline: Outline) -> Iterator[str]:
    """A path to the course, to every block, and to every unit in its sequence."""
    base = f"/course/{RUN}"
    yield base
    for entry in outline.walk():
        yield f"{base}/{BlockKey(RUN, *entry.key)}"
        if entry.key.type == "sequential":
            for child in entry.children:
                yield f"{base}/{BlockKey(RUN, *entry.key)}/{BlockKey(RUN, *child)}"


def main(olx: str | None = None) -> None:
    """Print the figures."""
    outline = outline_of(parse(read(Path(olx))).course) if olx else made_up()
    began = time.process_time()
    places = courseware(outline)
    prepared = time.process_time() - began
    asked = list(paths(outline))
    found = [resolve(places, RUN, text, LEARNER) for text in asked]
    gc.collect()
    gc.disable()
    count, began = 0, time.process_time()
    while (spent := time.process_time() - began) < SECONDS:
        for text in asked:
            resolve(places, RUN, text, LEARNER)
        count += len(asked)
    steps = sum(len(each.steps) for each in found) / len(found)
    print(f"{len(outline.entries)} blocks, {len(asked)} paths, {steps:.1f} steps each")
    print(f"{prepared * 1000:.2f} ms to prepare the course, {count / spent:,.0f} resolutions a second of one core")


if __name__ == "__main__":
    main(*sys.argv[1:2])
