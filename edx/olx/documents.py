"""The JSON files beside the blocks: policies, which win over the XML, and the grading policy, which must add up."""

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import orjson

from edx.olx.blobs import Blob
from edx.olx.kinds import COURSE, SECRETS
from edx.olx.markup import MAX_BYTES
from edx.olx.members import in_mib
from edx.olx.model import Block, Document
from edx.olx.problems import Code, Findings, Key, Place, Severity

TOLERANCE = 1e-8
SHOWN = 60
MAX_LEVELS = 100
"""Levels of JSON within JSON; real policies have about ten."""
MINE = {"url_name", "org", "course", "filename", "xml_attributes"}
"""Entries of a policy that are about the files and no settings."""


def load_object(
    files: Mapping[str, Blob], paths: tuple[str, ...], folder: str, findings: Findings, severity: Severity
) -> Document | None:
    """The first of these files that is there, if it holds a JSON object; else what is wrong with it is noted."""
    path = next((path for path in paths if path in files), None)
    if path is None:
        return None
    blob = files[path]
    if blob.size > MAX_BYTES:
        findings.add(Code.TOO_LARGE, severity, f"a policy may have {in_mib(MAX_BYTES)} at most", folder + path)
        return None
    try:
        value = orjson.loads(blob.read())
    except orjson.JSONDecodeError as error:
        place = Place(folder + path, error.lineno, error.colno)
        findings.add(Code.INVALID_JSON, severity, f"the file is not JSON: {error.msg}", place)
        return None
    if not isinstance(value, dict) or is_too_deep(value):
        message = "nested too deep" if isinstance(value, dict) else "not a JSON object"
        findings.add(Code.INVALID_JSON, severity, f"the file is {message}", folder + path)
        return None
    return Document(path, blob, value)


def is_too_deep(value: Any) -> bool:
    """Whether JSON has more levels than what works on it can be sure to manage."""
    level = [value]
    for _ in range(MAX_LEVELS):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


def check_policy(policy: Document, blocks: Mapping[Key, Block], folder: str, findings: Findings) -> None:
    """Note entries without a block, and those that say something else than the XML (the policy wins)."""
    place = Place(folder + policy.path)
    for name, settings in policy.value.items():
        key = Key(*name.split("/", 1)) if "/" in name else Key(COURSE, name)
        if not isinstance(settings, dict):
            findings.error(Code.INVALID_JSON, f"the entry {name!r} is not a JSON object", place, block=key)
        elif key not in blocks:
            findings.warn(Code.POLICY_WITHOUT_BLOCK, f"there is no block {name!r}", place, block=key)
        else:
            check_entry(blocks[key], settings, place, findings)


def check_entry(block: Block, settings: Mapping[str, Any], place: Place, findings: Findings) -> None:
    """Note the settings of one block that policy and XML set differently, and passwords."""
    for name, value in settings.items():
        text = block.get(name)
        if text is not None and name not in MINE and not is_same(text, value):
            values = ("another", "that") if name in SECRETS else (shown(value), shown(text))
            message = f"{name} is {values[0]} in the policy, which wins over {values[1]} in the XML"
            findings.info(Code.POLICY_OVERRIDES, message, place, block=block.key)
    if held := sorted(SECRETS & {name for name, value in settings.items() if value}):
        findings.info(Code.SECRETS, f"settings with passwords in the clear: {', '.join(held)}", place, block=block.key)


def is_same(text: str, value: Any) -> bool:
    """Whether an attribute's text means a policy's value."""
    if text == value:
        return True
    try:
        return bool(orjson.loads(text) == value)
    except orjson.JSONDecodeError:
        return False


def shown(value: Any) -> str:
    """A value that is short enough for a message."""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")


def check_grading(grading: Document, folder: str, findings: Findings) -> None:
    """Note what does not add up in a grading policy; Open edX imports it all the same."""
    for message in grading_faults(grading.value):
        findings.warn(Code.INVALID_GRADING, message, folder + grading.path)


def grading_faults(policy: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the assignment types and the cut-offs."""
    graders = policy.get("GRADER", [])
    if not (isinstance(graders, list) and all(isinstance(grader, dict) for grader in graders)):
        yield "GRADER is not a list of objects"
        return
    yield from grader_faults(graders)
    cutoffs = policy.get("GRADE_CUTOFFS", {})
    if not (isinstance(cutoffs, dict) and all(is_number(value) and 0 <= value <= 1 for value in cutoffs.values())):
        yield "GRADE_CUTOFFS is not an object of numbers from 0 to 1"
    elif any(lower >= higher for higher, lower in pairwise(cutoffs[name] for name in sorted(cutoffs))):
        yield "GRADE_CUTOFFS do not fall from one grade to the next"


def grader_faults(graders: list[dict[str, Any]]) -> Iterator[str]:
    """What is wrong with the assignment types."""
    types = [grader.get("type") for grader in graders]
    if not all(isinstance(kind, str) and kind for kind in types):
        yield "an assignment type has no name"
    for repeated in sorted({str(kind) for kind in types if types.count(kind) > 1}):
        yield f"more than one assignment type is called {repeated!r}"
    for grader in graders:
        for name, least in (("min_count", 1), ("drop_count", 0)):
            value = grader.get(name, least)
            if not (is_number(value) and value >= least):
                yield f"{name} of {grader.get('type')!r} is less than {least}"
    weights = [grader.get("weight", 0) for grader in graders]
    if not all(is_number(weight) for weight in weights):
        yield "a weight is not a number"
    elif graders and not math.isclose(sum(weights), 1, abs_tol=TOLERANCE, rel_tol=0):
        yield f"the weights add up to {sum(weights):g} in place of 1"


def is_number(value: Any) -> bool:
    """Whether it is a number, which in JSON true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_formats(grading: Document, root: Block, findings: Findings) -> None:
    """Note subsections whose assignment type the grading policy does not have."""
    graders = grading.value.get("GRADER", [])
    listed = [grader for grader in graders if isinstance(grader, dict)] if isinstance(graders, list) else []
    types = {kind for grader in listed if isinstance(kind := grader.get("type"), str)}
    for block in root.walk():
        kind = block.get("format") if block.type == "sequential" else None
        if kind and kind not in types:
            message = f"the assignment type {kind!r} is not in the grading policy"
            findings.warn(Code.INVALID_GRADING, message, block.place, block=block.key)
