"""Assets, the grading policy and tabs: parts of the version as well (§2.3 U12, §2.4 D7 of the notes on OLX)."""

from typing import Any

import pytest

from edx.olx import InMemory
from resolvers.content.nodes import write
from resolvers.editing.changes import DeleteAsset, PutAsset, SetGradingPolicy, SetTabs
from tests.resolvers.editing.courses import FILES, codes, course_of, demo, edited, refused

BLOB = InMemory.of(b"new")


def assets(made: Any) -> dict[str, tuple[bytes, Any]]:
    return {asset.key: (asset.file.blob.read(), asset.entry) for asset in made.course.assets}


def test_an_asset_is_put_in_place_of_one_and_keeps_what_is_known_of_it() -> None:
    made = edited(PutAsset("static/leaf.png", BLOB))
    assert assets(made)["leaf.png"][0] == b"new"
    assert made.course.assets_policy is demo().assets_policy
    made = edited(PutAsset("leaf.png", BLOB, locked=True))
    assert assets(made)["leaf.png"][1]["locked"] is True
    assert write(made.course).root != write(demo()).root


def test_a_new_asset_is_listed_only_where_something_is_said_of_it() -> None:
    """F24: transcripts have no entry."""
    made = edited(PutAsset("sub/a b.srt", BLOB))
    assert assets(made)["sub_a_b.srt"] == (b"new", None)
    made = edited(PutAsset("sub/a b.srt", BLOB, content_type="text/plain"))
    assert made.course.assets_policy is not None
    assert made.course.assets_policy.value["sub_a_b.srt"] == {
        "displayname": "a b.srt",
        "import_path": "sub/a b.srt",
        "contentType": "text/plain",
        "locked": False,
    }


def test_putting_and_deleting_an_asset_gives_the_same_version() -> None:
    made = edited(PutAsset("new.txt", BLOB, locked=True), DeleteAsset("new.txt"))
    assert [asset.key for asset in made.course.assets] == [asset.key for asset in demo().assets]
    bare = course_of({path: data for path, data in FILES.items() if path != "policies/assets.json"})
    same = edited(PutAsset("new.txt", BLOB), DeleteAsset("new.txt"), course=bare)
    assert write(same.course).root == write(bare).root


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/", "", ".DS_Store", "a\\b", "x\0", "./a", "a//b", "a/."])
def test_a_path_that_no_file_can_have_is_refused(path: str) -> None:
    assert codes(refused(PutAsset(path, BLOB))) == ["INVALID_PATH"]


def test_two_assets_cannot_have_one_name_in_links() -> None:
    assert codes(refused(PutAsset("a b.txt", BLOB), PutAsset("a/b.txt", BLOB))) == ["FILE_CLASH"]


@pytest.mark.parametrize("paths", [("Leaf.png",), ("leaf.png/x",), ("sub/x", "sub")])
def test_two_assets_cannot_be_one_file_where_case_does_not_count(paths: tuple[str, ...]) -> None:
    """Such an archive is not imported."""
    assert codes(refused(*(PutAsset(path, BLOB) for path in paths))) == ["FILE_CLASH"]


@pytest.mark.parametrize("kind", ["text/html\r\nx: y", "text/é", "text", "", "a/b;c"])
def test_a_media_type_is_one_that_a_header_can_have(kind: str) -> None:
    [problem] = refused(PutAsset("x", BLOB, content_type=kind))
    assert (problem.code.value, problem.setting) == ("INVALID_SETTING", "contentType")
    edited(PutAsset("x", BLOB, content_type="text/html; charset=utf-8"))


def test_deleting_an_asset_names_what_links_to_it() -> None:
    made = edited(DeleteAsset("leaf.png"))
    assert "leaf.png" not in assets(made)
    assert [str(warning.block) for warning in made.warnings] == ["html/page"]
    assert made.course.assets_policy is not None
    assert made.course.assets_policy.value == {}
    assert codes(refused(DeleteAsset("leaf.png", strict=True))) == ["BROKEN_REFERENCE"]
    assert edited(DeleteAsset("plain.txt", strict=True)).warnings == ()
    assert codes(refused(DeleteAsset("none.png"))) == ["ASSET_UNKNOWN"]


def grading(*graders: tuple[str, float], **cutoffs: float) -> SetGradingPolicy:
    listed = [{"type": kind, "weight": weight, "min_count": 1, "drop_count": 0} for kind, weight in graders]
    return SetGradingPolicy({"GRADER": listed, "GRADE_CUTOFFS": cutoffs})


def test_a_grading_policy_is_replaced() -> None:
    made = edited(grading(("Homework", 0.4), ("Exam", 0.6), A=0.9, B=0.5))
    assert made.course.grading is not None
    assert made.course.grading.value["GRADE_CUTOFFS"] == {"A": 0.9, "B": 0.5}
    assert made.warnings == ()


def test_a_grading_policy_names_the_sequences_that_it_leaves_out() -> None:
    made = edited(grading(("Exam", 1.0), Pass=0.5))
    assert [(warning.code.value, str(warning.block)) for warning in made.warnings] == [
        ("INVALID_GRADING", "sequential/s1")
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (grading(("Homework", 0.4)), "the weights add up to 0.4 in place of 1"),
        (grading(("A", 0.5), ("A", 0.5)), "more than one assignment type is called 'A'"),
        (grading(("A", 1.0), A=0.5, B=0.9), "GRADE_CUTOFFS do not fall from one grade to the next"),
        (SetGradingPolicy({"GRADER": 3}), "GRADER is not a list of objects"),
        (SetGradingPolicy({"GRADER": [{"type": ["Homework"], "weight": 1}]}), "an assignment type has no name"),
    ],
)
def test_a_grading_policy_must_add_up(change: SetGradingPolicy, words: str) -> None:
    """F42."""
    problems = refused(change)
    assert codes(problems) == ["INVALID_GRADING"]
    assert problems[0].message == words


COURSEWARE = {"type": "courseware", "name": "Course"}


def faq(slug: str = "faq") -> dict[str, str]:
    return {"type": "static_tab", "name": "FAQ", "url_slug": slug}


def test_tabs_are_replaced_with_their_pages() -> None:
    made = edited(SetTabs([COURSEWARE, faq(), faq("more")], {"more": BLOB}))
    assert made.course.policy is not None
    assert [tab.get("url_slug") for tab in made.course.policy.value["course/R"]["tabs"]] == [None, "faq", "more"]
    assert made.course.policy.value["course/R"]["display_name"] == "Demo"
    assert [file.path for file in made.course.tabs] == ["tabs/faq.html", "tabs/more.html"]


@pytest.mark.parametrize(
    ("tabs", "words"),
    [
        ([faq("none")], "tab 1 has no page: there is no tabs/none.html"),
        ([COURSEWARE, {"name": "x"}], "tab 2 has no type"),
        ([{"type": "static_tab", "name": "x"}], "tab 1 has no url_slug"),
        ([faq(), faq()], "tab 2 has the url_slug of another one: 'faq'"),
    ],
)
def test_tabs_that_are_none_are_refused(tabs: list[dict[str, str]], words: str) -> None:
    problems = refused(SetTabs(tabs))
    assert codes(problems) == ["INVALID_TABS"]
    assert problems[0].message == words


def test_a_page_cannot_lead_out_of_its_folder() -> None:
    assert codes(refused(SetTabs([COURSEWARE], {"../x": BLOB}))) == ["INVALID_PATH"]
    assert codes(refused(SetTabs([COURSEWARE], {"a//b": BLOB}))) == ["INVALID_PATH"]
    assert codes(refused(SetTabs([COURSEWARE], {"FAQ": BLOB}))) == ["FILE_CLASH"]
