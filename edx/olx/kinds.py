"""What the types of blocks are to Open edX: which hold others, which have a file of their own, what stands where.

From the notes on OLX, "Block types" and "Placement". A type that is not named here is kept as it is.
"""

from edx.olx.markup import Element

COURSE, LIBRARY = "course", "library"
ROOTS = {COURSE: "course.xml", LIBRARY: "library.xml"}

CONTAINERS = frozenset(
    {
        "course",
        "library",
        "chapter",
        "sequential",
        "vertical",
        "split_test",
        "conditional",
        "library_content",
        "itembank",
        "randomize",
        "wrapper",
        "videosequence",
        "problemset",
    }
)
"""Types whose child elements are blocks. The children of all others are their own markup."""

FILED = CONTAINERS - {"itembank", "library"} | frozenset(
    {"html", "problem", "video", "lti", "annotatable", "word_cloud", "poll_question", "customtag"}
)
"""Types whose definition stands in a file wherever a tag has nothing but a name: there it must be."""

KNOWN = FILED | frozenset(
    {
        "discussion",
        "openassessment",
        "drag-and-drop-v2",
        "edx_sga",
        "staffgradedxblock",
        "done",
        "poll",
        "survey",
        "lti_consumer",
        "itembank",
        "library",
        "about",
        "book",
        "slides",
        "videodev",
        "image",
        "discuss",
        "static_tab",
    }
)

WITH_POLICY = FILED - {"video"} | {"discussion"}
"""Types whose settings a policy may change."""

STATEFUL = frozenset({"problem", "sequential", "video", "course", "chapter", "poll_question", "vertical"})
"""Types with learners' state, which is lost with the name."""

NOT_BLOCKS = frozenset({"wiki", "textbook", "show", "meta"})
"""Tags inside containers that are settings of the container."""

FIELDS = ("http://code.edx.org/xblock/option", "http://code.edx.org/xblock/block")
ASIDE = "xblock_asides.v1"

EXPECTED = {COURSE: "chapter", "chapter": "sequential", "sequential": "vertical", "split_test": "vertical"}
"""What Open edX's outline expects below a type; anything else is imported but not shown."""
NEVER_INSIDE = frozenset({COURSE, LIBRARY})

SECRETS = frozenset({"lti_passports", "xqa_key", "matlab_api_key"})
"""Settings that hold passwords."""


def is_block(element: Element) -> bool:
    """Whether a child element of a container is a block: not a field, nor an aside, nor a setting."""
    if element.namespace or ":" in element.tag or element.tag in NOT_BLOCKS:
        return False
    return element.get("xblock-family") != ASIDE


def is_pointer(element: Element) -> bool:
    """Whether a tag only names a block whose definition is elsewhere.

    Exactly so for Open edX: no children, comments or text, and no attribute but `url_name` (of a course also `org`
    and `course`).
    """
    names = {"url_name", "org", "course"} if element.tag == COURSE else {"url_name"}
    bare = not (element.children or element.has_notes or element.has_text)
    return bare and {name for name, _ in element.attributes} == names
