"""Files of programs: what is written is read again, and all that is wrong with one is told at once."""

import json
import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from db.tables import ProgramStatus
from resolvers.programs import CategoryDraft, CourseLeaf, Group, ProgramDraft, ProgramLeaf, RunModeDraft
from resolvers.programs.files import Category, leaves, read, written
from resolvers.refusals import Refusal
from tests.resolvers.programs.conftest import draft, uuid

XSERIES = Category("xseries", "XSeries", needs_marketing_slug=True, modes=("verified",))
TREE = (
    CourseLeaf("A+C0"),
    Group((CourseLeaf("B+C1"), Group((ProgramLeaf(uuid(2)), CourseLeaf("A+C2")), title="Inner")), 1, "Electives", True),
)
FULL = draft(
    category=CategoryDraft("xseries", ""), requirements=TREE, status=ProgramStatus.ACTIVE, marketing_slug="p",
    image_url="https://example.org/p.png",
)  # fmt: skip
LEAST = {"uuid": str(uuid(3)), "name": "P", "category": "xseries", "status": "unpublished"}


def file(*programs: Any, **others: Any) -> bytes:
    return orjson.dumps({"format": "collegium-programs", "version": 1, "programs": programs} | others)


def problems(content: bytes | str) -> list[str]:
    """The places of all that is wrong with a file, and of what kind it is."""
    try:
        found = read(content).problems
    except Refusal as refusal:
        found = list(refusal.problems)
    return [f"{'.'.join(problem.place)} {problem.code}" for problem in found]


def test_what_is_written_is_read_again_and_written_the_same() -> None:
    content = written([XSERIES], [FULL, draft(2)])
    document = read(content)

    assert document.problems == []
    assert document.categories == [XSERIES]
    assert [entry.place for entry in document.entries] == [("programs", "0"), ("programs", "1")]
    again = document.entries[0].draft
    assert (again.requirements, again.organizations, again.image_url) == (TREE, ("B", "A"), FULL.image_url)
    assert written(document.categories, [entry.draft for entry in document.entries]) == content


def test_run_modes_are_written_in_one_order() -> None:
    modes = tuple(RunModeDraft("course-v1:A+C0+R1", mode) for mode in ("b", "c", "a"))

    assert written([], [draft(run_modes=modes)]) == written([], [draft(run_modes=modes[::-1])])


def test_a_program_needs_four_fields() -> None:
    document = read(file(LEAST))

    assert document.problems == []
    assert document.entries[0].draft == ProgramDraft(uuid(3), "P", CategoryDraft("xseries", ""))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", [" INVALID"]),
        ("[]", [" INVALID"]),
        ("{}", [" INVALID"]),
        (b"\xff", [" INVALID"]),
        (file(format="other"), [" INVALID"]),
        (file(version=2), [" INVALID"]),
        (file(version=True), [" INVALID"]),
        (file(*[{}] * 501), ["programs INVALID"]),
        (file(extra=1), ["extra INVALID"]),
        (file(1), ["programs.0 INVALID", *(f"programs.0.{name} REQUIRED" for name in LEAST)]),
        (file(LEAST | {"nmae": 1}), ["programs.0.nmae INVALID"]),
        (file(LEAST | {"uuid": "x"}), ["programs.0.uuid INVALID"]),
        (file(LEAST | {"name": None}), ["programs.0.name REQUIRED"]),
        (file(LEAST | {"name": 5}), ["programs.0.name INVALID"]),
        (file(LEAST | {"name": "N\0"}), ["programs.0.name INVALID"]),
        (file(LEAST | {"subtitle": None}), ["programs.0.subtitle INVALID"]),
        (file(LEAST | {"status": "deleted"}), ["programs.0.status INVALID"]),
        (file(LEAST | {"status": "live"}), ["programs.0.status INVALID"]),
        (file(LEAST | {"organizations": "A"}), ["programs.0.organizations INVALID"]),
        (file(LEAST | {"organizations": ["A", 1]}), ["programs.0.organizations.1 INVALID"]),
        (file(LEAST | {"requirements": [{}]}), ["programs.0.requirements.0 INVALID"]),
        (
            file(LEAST | {"requirements": [{"course": "A+C", "program": str(uuid(1))}]}),
            ["programs.0.requirements.0 INVALID"],
        ),
        (file(LEAST | {"requirements": [{"course": "C"}]}), ["programs.0.requirements.0.course BAD_COURSE_KEY"]),
        (file(LEAST | {"requirements": [{"program": "C"}]}), ["programs.0.requirements.0.program INVALID"]),
        (
            file(LEAST | {"requirements": [{"requirements": [{"course": "A+C"}], "minimum": "1"}]}),
            ["programs.0.requirements.0.minimum INVALID"],
        ),
        (
            file(LEAST | {"runModes": [{"run": "x", "mode": "audit"}, {"run": "course-v1:A+C+R"}]}),
            ["programs.0.runModes.0.run BAD_COURSE_KEY", "programs.0.runModes.1.mode REQUIRED"],
        ),
        (file(categories=[{"slug": "s"}]), ["categories.0.displayName REQUIRED"]),
        (file(categories=[{"slug": "s", "displayName": "S", "modes": {}}]), ["categories.0.modes INVALID"]),
        (file(categories=[{"slug": "s", "displayName": "S", "modes": ["\0"]}]), ["categories.0.modes.0 INVALID"]),
        (
            file(categories=[{"slug": "s" * 65, "displayName": "S" * 256, "modes": ["m" * 65]}]),
            ["categories.0.slug TOO_LONG", "categories.0.displayName TOO_LONG", "categories.0.modes TOO_LONG"],
        ),
    ],
)
def test_all_that_is_wrong_is_told_with_its_place(content: bytes | str, expected: list[str]) -> None:
    assert problems(content) == expected


def test_the_file_in_the_documentation_is_one() -> None:
    page = (Path(__file__).parents[3] / "docs" / "programs-format.md").read_text()
    [example] = re.findall(r"^```json\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    document = read(example)

    assert document.problems == []
    assert orjson.loads(written(document.categories, [document.entries[0].draft])) == orjson.loads(example)


def test_groups_that_are_nested_without_end_are_refused() -> None:
    requirement: dict[str, Any] = {"course": "A+C"}
    for _ in range(200):
        requirement = {"requirements": [requirement]}

    program = LEAST | {"requirements": [requirement]}
    [problem] = problems(json.dumps({"format": "collegium-programs", "version": 1, "programs": [program]}))
    assert problem.endswith("INVALID")


def test_the_places_of_courses_are_those_of_the_tree() -> None:
    assert [".".join(place) for place in leaves(TREE)] == [
        "requirements.0.course",
        "requirements.1.requirements.0.course",
        "requirements.1.requirements.1.requirements.1.course",
    ]
