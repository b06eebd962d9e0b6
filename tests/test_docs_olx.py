"""The page on writing OLX: its examples make one course, which is imported, placed, changed and exported."""

import io
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from edx.olx import Block, Course, Key, Severity, files, parse, read, write
from edx.olx.kinds import KNOWN
from edx.olx.markup import parse_markup
from resolvers.content.exports import files_of
from resolvers.content.load import Content, Loaded
from resolvers.content.nodes import write as nodes_of
from resolvers.content.references import references_of
from resolvers.editing.changes import (
    AddBlock,
    Change,
    Orphans,
    ReplaceBlock,
    SetBlockSettings,
    SetCourseSettings,
    SetGradingPolicy,
)
from tests.edx.olx.twins import tarred
from tests.resolvers.editing.courses import course_of, edited, key, olx
from tests.resolvers.editing.test_subtrees import head_at

PAGE = (Path(__file__).parent.parent / "docs" / "olx.md").read_text()
BOX = re.compile(r"(?:^`([^`\n]+)`:\n\n)?^```\w+\n(.*?)^```", re.DOTALL | re.MULTILINE)
ROW = re.compile(r"^\| `(\w+)` \| `(.+?)` \| .+ \|$", re.MULTILINE)
UNIT = "vertical/practice"


@dataclass
class Section:
    """What stands below a heading: files by path, elements, and the settings of the last block among them."""

    title: str
    files: dict[str, bytes] = field(default_factory=dict)
    elements: list[str] = field(default_factory=list)
    subject: Key | None = None
    settings: list[tuple[str, str]] = field(default_factory=list)


@cache
def sections() -> list[Section]:
    found = []
    for part in re.split(r"^##+ ", PAGE, flags=re.MULTILINE)[1:]:
        section = Section(part.partition("\n")[0], settings=ROW.findall(part))
        for path, text in BOX.findall(part):
            if not path:
                section.elements.append(text)
                section.subject = key_of(text)
                continue
            section.files[path] = text.encode()
            kind, _, name = path.removesuffix(".xml").rpartition("/")
            if kind in KNOWN and path.endswith(".xml"):
                section.subject = Key(kind, name)
        found.append(section)
    return found


def key_of(text: str) -> Key:
    element = parse_markup(text.encode(), "example")
    return Key(element.tag, element.get("url_name") or "")


FILES = {path: data for section in sections() for path, data in section.files.items()}
ELEMENTS = [text for section in sections() for text in section.elements]


@cache
def placed() -> Course:
    """The course of the files, with all elements added to one unit."""
    return edited(*(AddBlock(UNIT, olx(text)) for text in ELEMENTS), course=course_of(FILES)).course


def block_of(course: Course, wanted: Key) -> Block:
    return next(block for block in course.root.walk() if block.key == wanted)


def meaning(block: Block) -> Any:
    return dict(block.settings), block.markup.strip(), [(child.key, meaning(child)) for child in block.children]


def test_the_page_has_what_courses_consist_of() -> None:
    """spec/content-api.md, "MVP Definition" and "Technical Decisions": guidance on how to set settings with OLX."""
    types = {block.type for block in placed().root.walk()}
    assert types >= {
        "html", "video", "problem", "openassessment", "discussion", "lti_consumer", "library_content", "conditional",
        "split_test",
    }  # fmt: skip
    kinds = {
        "multiplechoiceresponse", "choiceresponse", "optionresponse", "numericalresponse", "stringresponse",
        "formularesponse", "customresponse",
    }  # fmt: skip
    assert kinds <= set(re.findall(r"<(\w+response)\b", PAGE))
    assert len({key_of(text) for text in ELEMENTS}) == len(ELEMENTS) > 12


def test_the_files_and_elements_are_imported_as_one_course_and_exported_as_they_are() -> None:
    unit = FILES[f"{UNIT}.xml"].replace(b"</vertical>", "".join(ELEMENTS).encode() + b"</vertical>")
    archive = {**FILES, f"{UNIT}.xml": unit}
    parsed = parse(read(tarred(archive)), fail_level=Severity.WARNING)
    assert {file.path: file.blob.read() for file in files(parsed.course)} == archive
    for text in ELEMENTS:
        assert meaning(block_of(parsed.course, key_of(text))) == meaning(block_of(placed(), key_of(text)))


@pytest.mark.parametrize("text", ELEMENTS, ids=lambda text: str(key_of(text)))
def test_each_element_takes_its_place_without_a_warning_and_comes_out_again(text: str) -> None:
    made = edited(ReplaceBlock(str(key_of(text)), olx(text), Orphans.DECLINE), course=placed())
    assert (made.changed, made.warnings) == ((), ())
    written = io.BytesIO()
    write(files(placed()), written)
    written.seek(0)
    again = parse(read(written), fail_level=Severity.WARNING).course
    assert meaning(block_of(again, key_of(text))) == meaning(block_of(placed(), key_of(text)))


def test_elements_are_added_without_a_warning() -> None:
    made = edited(*(AddBlock(UNIT, olx(text)) for text in ELEMENTS), course=course_of(FILES))
    assert made.warnings == ()
    assert [done.block for done in made.done] == [key_of(text) for text in ELEMENTS]


def test_all_links_lead_somewhere_and_subtrees_take_their_files_along() -> None:
    references = references_of(placed())
    assert (list(references.broken), list(references.unused)) == ([], [])
    nodes = nodes_of(placed())
    loaded = Loaded(head_at(nodes), Content(placed(), nodes.blocks))
    for name, file in (("video/kepler", "static/kepler-en.srt"), ("html/welcome", "static/orbit.svg")):
        assert file in {each.path for each in files_of(loaded, key(name))}


SETTINGS = [
    pytest.param(section.subject, name, value, id=f"{section.subject}-{name}")
    for section in sections()
    for name, value in section.settings
]


@pytest.mark.parametrize(("subject", "name", "value"), SETTINGS)
def test_each_setting_can_be_set_to_its_example(subject: Key, name: str, value: str) -> None:
    change: Change = SetBlockSettings(str(subject), {name: value})
    if subject.type == "course":
        change = SetCourseSettings({name: value})
    made = edited(change, course=placed())
    found = made.course.settings_of(block_of(made.course, subject))[name]
    assert made.warnings == ()
    assert found == value or found == orjson.loads(value)


def test_the_grading_policy_is_one() -> None:
    policy = orjson.loads(FILES["policies/2027/grading_policy.json"])
    course = course_of({path: data for path, data in FILES.items() if "grading" not in path})
    made = edited(SetGradingPolicy(policy), course=course)
    assert made.course.grading is not None
    assert made.course.grading.value == policy
