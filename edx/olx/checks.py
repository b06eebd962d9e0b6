"""What the blocks' own code and Open edX's outline would say about a block."""

import orjson

from edx.olx.kinds import EXPECTED, LIBRARY, NEVER_INSIDE, SECRETS
from edx.olx.model import Block
from edx.olx.problems import Code, Findings, Place

IN_LIBRARIES = {"html", "problem", "video"}
ABOVE_UNITS = {"chapter", "sequential"}


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


def check_block(block: Block, findings: Findings) -> None:
    """Note settings that the block's own code would refuse, and passwords."""
    held = sorted(name for name, value in block.settings if name in SECRETS and value.strip() not in {"", "[]", "null"})
    if held:
        findings.info(
            Code.SECRETS, f"settings with passwords in the clear: {', '.join(held)}", block.place, block=block.key
        )
    if block.type == "split_test":
        check_groups(block, findings)


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
