"""Which block may stand where, and at which level (notes on OLX, §2.0): strict for edits, tolerant for what is there.

A level goes by the part that a block plays: course, chapter, sequence, unit, component. A component stays one at
whatever depth, and so does a vertical that is a group of an experiment.
"""

from enum import StrEnum

from edx.olx.kinds import CONTAINERS, COURSE, KNOWN, LIBRARY, NEVER_INSIDE

CHAPTER, SEQUENTIAL, VERTICAL, EXPERIMENT = "chapter", "sequential", "vertical", "split_test"
LEAVES = KNOWN - CONTAINERS - {LIBRARY, "about", "static_tab"}
"""Types that hold no blocks and stand for something that learners see."""
BANKED = frozenset({"problem", "html", "video", "openassessment", "drag-and-drop-v2"})
IN_UNITS = LEAVES | {EXPERIMENT, "conditional", "library_content", "itembank", "randomize", "wrapper"}
IN_WRAPPERS = LEAVES | {VERTICAL}

STRICT = {
    COURSE: frozenset({CHAPTER}),
    CHAPTER: frozenset({SEQUENTIAL}),
    SEQUENTIAL: frozenset({VERTICAL}),
    VERTICAL: IN_UNITS,
    EXPERIMENT: frozenset({VERTICAL}),
    "library_content": BANKED,
    "itembank": BANKED,
    "conditional": IN_WRAPPERS,
    "randomize": IN_WRAPPERS,
    "wrapper": IN_WRAPPERS,
    "videosequence": LEAVES,
    "problemset": LEAVES,
    LIBRARY: frozenset({"html", "problem", "video"}),
}
"""What edits may put into a type; into any other nothing."""
OPEN = frozenset({VERTICAL, "conditional", "randomize", "wrapper"})
"""What takes blocks of types that are not known here, where the course uses them."""
IN_SEQUENCES = LEAVES | {SEQUENTIAL, "conditional", "wrapper", EXPERIMENT, "randomize", "videosequence", "problemset"}
TOLERATED = {CHAPTER: LEAVES | {VERTICAL, SEQUENTIAL}, SEQUENTIAL: IN_SEQUENCES}
"""What else Open edX keeps of an import in chapters and sequences."""


class Verdict(StrEnum):
    """What is to be said of a block below another."""

    ALLOWED = "allowed"
    TOLERATED = "tolerated"
    """As Open edX keeps it on import; edits do not make it so."""
    REFUSED = "refused"


class Level(StrEnum):
    """The part that a block plays in the course."""

    COURSE = "course"
    CHAPTER = "chapter"
    SEQUENCE = "sequence"
    UNIT = "unit"
    COMPONENT = "component"


LEVELS = {COURSE: Level.CHAPTER, CHAPTER: Level.SEQUENCE, SEQUENTIAL: Level.UNIT}
"""The level of what stands directly below a type."""


def verdict(parent: str, child: str, *, in_experiment: bool = False, is_module: bool = False) -> Verdict:
    """Whether a block of one type may stand in one of another.

    `in_experiment` says that the parent is below a content experiment, whose groups may be units of units; `is_module`
    that the course uses the type of the child, be it known here or not.
    """
    if child in allowed(parent, in_experiment=in_experiment):
        return Verdict.ALLOWED
    if is_module and child not in KNOWN and parent in OPEN:
        return Verdict.ALLOWED
    if child in NEVER_INSIDE or parent in LEAVES:
        return Verdict.REFUSED
    if parent == COURSE or child in TOLERATED.get(parent, ()) or (parent == VERTICAL and child not in KNOWN):
        return Verdict.TOLERATED
    return Verdict.REFUSED


def allowed(parent: str, *, in_experiment: bool = False) -> frozenset[str]:
    """The types that an edit may put into a type."""
    found = STRICT.get(parent, frozenset())
    return found | {VERTICAL} if parent == VERTICAL and in_experiment else found


def level(parent: str, child: str) -> Level:
    """The level of a block that stands in one of a type."""
    return Level.COMPONENT if child in LEAVES else LEVELS.get(parent, Level.COMPONENT)
