"""Several changes as one, and one fixture for each code (spec/content-api.md, "Testability"; G12)."""

from collections.abc import Sequence

import pytest

from edx.olx import InMemory
from resolvers.content.nodes import write
from resolvers.editing.apply import apply
from resolvers.editing.changes import (
    AddBlock,
    Change,
    DeleteAsset,
    DeleteBlock,
    MoveBlock,
    Olx,
    Orphans,
    PutAsset,
    ReplaceBlock,
    SetBlockSettings,
    SetCourseSettings,
    SetGradingPolicy,
    SetTabs,
)
from resolvers.editing.problems import EditCode, EditProblem
from tests.resolvers.editing.courses import codes, demo, edited, key, olx, outline, refused

KEEP = Orphans.DECLINE
BLOB = InMemory.of(b"x")
EMPTY_UNIT = olx('<vertical display_name="x"/>')

FIXTURES: dict[EditCode, Sequence[Change]] = {
    EditCode.BLOCK_UNKNOWN: [DeleteBlock("html/none")],
    EditCode.BLOCK_AMBIGUOUS: [MoveBlock("html/both", "vertical/u3")],
    EditCode.ROOT_FIXED: [DeleteBlock("course/R")],
    EditCode.TYPE_MISMATCH: [ReplaceBlock("html/page", olx("<problem>x</problem>"), KEEP)],
    EditCode.PLACEMENT: [AddBlock("chapter/c1", EMPTY_UNIT)],
    EditCode.LEVEL_MISMATCH: [MoveBlock("vertical/u1", "chapter/c1")],
    EditCode.INVALID_INDEX: [AddBlock("sequential/s1", EMPTY_UNIT, 9)],
    EditCode.INTO_ITSELF: [MoveBlock("html/page", "html/page")],
    EditCode.ALREADY_THERE: [MoveBlock("html/page", "vertical/u1", 0)],
    EditCode.INTO_EXPERIMENT: [MoveBlock("vertical/u3", "split_test/ab")],
    EditCode.DUPLICATE_NAME: [AddBlock("vertical/u3", olx('<html url_name="page">x</html>'))],
    EditCode.CHILD_ELSEWHERE: [AddBlock("sequential/s3", olx('<vertical><html url_name="page"/></vertical>'))],
    EditCode.CHILD_MISSING: [AddBlock("sequential/s3", olx('<vertical><html url_name="none"/></vertical>'))],
    EditCode.ORPHANS: [ReplaceBlock("vertical/u1", EMPTY_UNIT, KEEP)],
    EditCode.BROKEN_REFERENCE: [DeleteBlock("problem/sum", strict=True)],
    EditCode.INVALID_OLX: [AddBlock("vertical/u1", olx("<html>"))],
    EditCode.INVALID_SETTING: [SetBlockSettings("html/page", {"graded": "perhaps"})],
    EditCode.INVALID_GRADING: [SetGradingPolicy({"GRADER": 1})],
    EditCode.INVALID_TABS: [SetTabs([{}])],
    EditCode.INVALID_PATH: [PutAsset("../x", BLOB)],
    EditCode.FILE_CLASH: [PutAsset("a b.txt", BLOB), PutAsset("a/b.txt", BLOB)],
    EditCode.ASSET_UNKNOWN: [DeleteAsset("none.png")],
    EditCode.POLICY_WINS: [ReplaceBlock("problem/sum", olx('<problem weight="9">x</problem>'), KEEP)],
    EditCode.SHARED: [SetBlockSettings("html/both", {"display_name": "B"})],
    EditCode.NO_CHANGES: [],
}
WARNINGS = {EditCode.POLICY_WINS, EditCode.SHARED}


OF_WRITING = {
    EditCode.NO_CONTENT,
    EditCode.VERSION_REQUIRED,
    EditCode.VERSION_CONFLICT,
    EditCode.LOCKED,
    EditCode.LOCK_EXPIRED,
}
"""Those that only a run has; they are fired by the tests of writing and of locks."""


def test_no_code_is_without_a_fixture() -> None:
    assert set(EditCode) == FIXTURES.keys() | OF_WRITING


@pytest.mark.parametrize("code", FIXTURES)
def test_every_code_is_told_of_something(code: EditCode) -> None:
    before = write(demo()).root
    changes = FIXTURES[code]
    told: Sequence[EditProblem] = apply(demo(), changes).warnings if code in WARNINGS else refused(*changes)
    assert code in {problem.code for problem in told}
    assert all(problem.message for problem in told)
    assert write(demo()).root == before, "the course itself never changes"


def test_many_changes_are_one() -> None:
    """The memo's "not chatty": each is made to what those before it left."""
    made = edited(
        AddBlock("course/R", olx('<chapter url_name="c3" display_name="Three"/>')),
        AddBlock("chapter/c3", olx('<sequential url_name="s4" display_name="Fourth"/>')),
        MoveBlock("vertical/u1", "sequential/s4"),
        SetBlockSettings("sequential/s4", {"due": "2030-01-01T00:00:00Z"}),
        ReplaceBlock("html/page", olx("<html>moved</html>"), KEEP),
        DeleteBlock("chapter/c2"),
        SetCourseSettings({"display_name": "All"}),
        PutAsset("new.txt", BLOB),
    )
    assert outline(made.course)["R"] == ["c1", "c3"]
    assert outline(made.course)["s4"] == ["u1"]
    assert [str(done.block) for done in made.done if done.block] == [
        "chapter/c3",
        "sequential/s4",
        "vertical/u1",
        "sequential/s4",
        "html/page",
        "chapter/c2",
        "course/R",
    ]
    assert {str(each.key) for each in made.removed} == {"chapter/c2", "sequential/s3", "html/loose"}


def test_the_first_change_that_cannot_be_made_ends_it_all() -> None:
    problems = refused(DeleteBlock("page"), DeleteBlock("none"), DeleteBlock("nor-this"))
    assert [(problem.code, problem.change) for problem in problems] == [(EditCode.BLOCK_UNKNOWN, 1)]


def test_a_block_that_is_deleted_and_made_again_is_not_told_as_removed() -> None:
    made = edited(DeleteBlock("html/page"), AddBlock("u1", olx('<html url_name="page">again</html>')))
    assert made.removed == ()
    assert key("html/page") in made.changed
    assert codes(made.warnings) == []


def test_changes_go_on_from_an_index_without_the_walk() -> None:
    first = edited(AddBlock("u3", olx('<html url_name="one">1</html>')))
    second = apply(first.course, [DeleteBlock("one")], index=first.index)
    assert write(second.course).root == write(demo()).root


def test_a_problem_reads_as_a_sentence_with_its_place() -> None:
    problem = refused(AddBlock("sequential/s3", olx('<vertical>\n<html url_name="none"/></vertical>')))[0]
    assert str(problem).startswith(f"vertical/{problem.breadcrumb[-2]}.xml:2:1: <html url_name='none'/> names a block")
    assert str(problem).endswith(f"(in Demo > Two > Third > {problem.breadcrumb[-2]} > none)")


def test_texts_and_files_together_are_refused() -> None:
    sent = Olx("<html>x</html>", {"html/x.xml": BLOB})
    assert [problem.reason for problem in refused(AddBlock("u1", sent))] == ["UNKNOWN_FORMAT"]
