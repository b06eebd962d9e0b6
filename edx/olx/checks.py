"""What the blocks' own code and Open edX's outline would say about a block."""

from collections.abc import Iterator

import orjson

from edx.olx.kinds import EXPECTED, LIBRARY, NEVER_INSIDE, SECRETS
from edx.olx.markup import Element
from edx.olx.model import Block
from edx.olx.problems import Code, Findings, Place

IN_LIBRARIES = {"html", "problem", "video"}
ABOVE_UNITS = {"chapter", "sequential"}
PARTS = {"title": 'a "title"', "rubric": 'a "rubric"', "assessments": 'an "assessments"'}
"""What an open response assessment consists of."""


def check_child(parent: Block, child: Block, place: Place, findings: Findings) -> None:
    """Note a child of a type that Open edX does not expect there ("Placement" in the notes on OLX)."""
    if child.type in NEVER_INSIDE:
        findings.error(Code.UNEXPECTED_CHILD, f"a <{child.type}> cannot stand inside anything", place, block=child.key)
        return
    expected = EXPECTED.get(parent.type)
    if expected and child.type != expected:
        message = (
            f'<{parent.type}> contains a <{child.type}> tag with url_name="{child.url_name}" and '
            f'display_name="{child.display_name}". Expected <{expected}> tag instead.'
        )
        findings.warn(Code.UNEXPECTED_CHILD, message, place, block=child.key)
    elif (not expected and child.type in ABOVE_UNITS) or (parent.type == LIBRARY and child.type not in IN_LIBRARIES):
        message = f"a <{child.type}> is not expected in a <{parent.type}>"
        findings.warn(Code.UNEXPECTED_CHILD, message, place, block=child.key)


def check_block(block: Block, element: Element, findings: Findings) -> None:
    """Note what the block's own code would refuse, in its own words, and passwords."""
    held = sorted(name for name, value in block.settings if name in SECRETS and value.strip() not in {"", "[]", "null"})
    if held:
        findings.info(
            Code.SECRETS, f"settings with passwords in the clear: {', '.join(held)}", block.place, block=block.key
        )
    if block.type == "split_test":
        check_groups(block, findings)
    for message in faults_of(block.type, element):
        findings.warn(Code.INVALID_CONTENT, message, block.place, block=block.key)


def faults_of(kind: str, element: Element) -> Iterator[str]:
    """What the code of some types says about the elements inside ("Block types" in the notes on OLX)."""
    if kind == "poll_question" and not any(child.tag == "answer" for child in element.children):
        yield "Poll_question definition must include at least one 'answer' tag"
    if kind == "openassessment":
        inside = {child.tag for child in element.children}
        yield from (
            f"Every assessment must contain {words} element." for tag, words in PARTS.items() if tag not in inside
        )
        for option in descendants(element, "option"):
            points = option.get("points")
            if points is None:
                yield 'Every "option" element must contain a "points" attribute.'
            elif not points.strip().removeprefix("-").isdecimal():
                yield 'The value for "points" must be an integer.'
        for criterion in descendants(element, "criterion"):
            if not any(child.tag == "name" for child in criterion.children):
                yield 'Every "criterion" element must contain a "name" element.'


def descendants(element: Element, tag: str) -> Iterator[Element]:
    """All elements of this tag below one, in no order."""
    left = list(element.children)
    while left:
        inner = left.pop()
        left.extend(inner.children)
        if inner.tag == tag:
            yield inner


def check_groups(block: Block, findings: Findings) -> None:
    """The groups of a content experiment must be a JSON object, else Open edX drops the block."""
    text = block.get("group_id_to_child")
    if text is None:
        findings.warn(Code.INVALID_SETTING, "group_id_to_child is missing", block.place, block=block.key)
        return
    try:
        is_object = isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        is_object = False
    if not is_object:
        findings.error(Code.INVALID_SETTING, "group_id_to_child is not valid json", block.place, block=block.key)
