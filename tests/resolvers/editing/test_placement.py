"""Which block may stand where (§2.0 of the notes on OLX): the whole table."""

import pytest

from edx.olx.kinds import CONTAINERS, KNOWN
from resolvers.editing.placement import LEAVES, Level, Verdict, allowed, level, verdict

ALLOWED = {
    "course": {"chapter"},
    "chapter": {"sequential"},
    "sequential": {"vertical"},
    "vertical": {*LEAVES, "split_test", "conditional", "library_content", "itembank", "randomize", "wrapper"},
    "split_test": {"vertical"},
    "library_content": {"problem", "html", "video", "openassessment", "drag-and-drop-v2"},
    "itembank": {"problem", "html", "video", "openassessment", "drag-and-drop-v2"},
    "conditional": {*LEAVES, "vertical"},
    "randomize": {*LEAVES, "vertical"},
    "wrapper": {*LEAVES, "vertical"},
    "library": {"html", "problem", "video"},
    "videosequence": LEAVES,
    "problemset": LEAVES,
}
TOLERATED = {
    "course": KNOWN | {"scorm"},
    "chapter": {*LEAVES, "vertical", "sequential"},
    "sequential": {*LEAVES, "sequential", "conditional", "wrapper", "split_test", "randomize"}
    | {"videosequence", "problemset"},
    "vertical": {"scorm"},
}
TYPES = sorted(KNOWN | CONTAINERS | {"scorm"})


@pytest.mark.parametrize("parent", TYPES)
def test_every_type_takes_what_the_table_says(parent: str) -> None:
    for child in TYPES:
        if child in ALLOWED.get(parent, set()):
            expected = Verdict.ALLOWED
        elif child in TOLERATED.get(parent, set()) and child not in {"course", "library"}:
            expected = Verdict.TOLERATED
        else:
            expected = Verdict.REFUSED
        assert verdict(parent, child) is expected, (parent, child)


def test_leaves_take_nothing() -> None:
    assert {"html", "problem", "video", "discussion", "lti", "openassessment", "poll_question"} <= LEAVES
    assert all(not allowed(leaf) for leaf in LEAVES)


def test_units_take_units_only_below_an_experiment() -> None:
    assert verdict("vertical", "vertical") is Verdict.REFUSED
    assert verdict("vertical", "vertical", in_experiment=True) is Verdict.ALLOWED


@pytest.mark.parametrize(
    ("parent", "child", "expected"),
    [
        ("course", "chapter", Level.CHAPTER),
        ("chapter", "sequential", Level.SEQUENCE),
        ("sequential", "vertical", Level.UNIT),
        ("vertical", "html", Level.COMPONENT),
        ("split_test", "vertical", Level.COMPONENT),
        ("library_content", "problem", Level.COMPONENT),
        ("sequential", "html", Level.COMPONENT),
        ("chapter", "vertical", Level.SEQUENCE),
        ("vertical", "split_test", Level.COMPONENT),
    ],
)
def test_a_level_is_the_part_that_a_block_plays(parent: str, child: str, expected: Level) -> None:
    """A component stays one at whatever depth (§2.0, "Level")."""
    assert level(parent, child) is expected
