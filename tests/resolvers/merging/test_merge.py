"""Three-way merges (spec/content-api.md, "without loss"; G10 and the features beyond the memo in the notes on OLX)."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edx.olx import Course, InMemory, Key, files
from resolvers.content.nodes import write
from resolvers.editing.changes import (
    AddBlock,
    Change,
    DeleteAsset,
    DeleteBlock,
    MoveBlock,
    Orphans,
    PutAsset,
    ReplaceBlock,
    SetBlockSettings,
    SetCourseSettings,
    SetGradingPolicy,
    SetTabs,
)
from resolvers.merging.conflicts import Aspect, Choice, Conflict, Resolution
from resolvers.merging.layers import Held
from resolvers.merging.merge import CannotMerge, Merged, merge
from resolvers.merging.protection import NONE, Protection, Rule
from resolvers.merging.sides import NOBODY, Side
from tests.edx.olx.twins import LIBRARY
from tests.resolvers.editing.courses import FILES, course_of, demo, edited, key, olx, outline
from tests.resolvers.merging.generated import threes, told

DUE = Protection((Rule("due"),))
THEIRS, OURS = Resolution(others=Choice.THEIRS), Resolution(others=Choice.OURS)


def merged(base: Course, ours: Course, theirs: Course, **more: Any) -> Merged:
    return merge(Side.of(base), Side.of(ours), Side.of(theirs), **more)


def of(ours: list[Change], theirs: list[Change], **more: Any) -> Merged:
    """What becomes of the course when both have changed it."""
    sides = [edited(*changes).course if changes else demo() for changes in (ours, theirs)]
    made = merged(demo(), *sides, **more)
    again = course_of({file.path: file.blob.read() for file in files(made.course)})
    assert outline(again) == outline(made.course)
    return made


def version(course: Course) -> str:
    return write(course).root


@settings(max_examples=50, deadline=None)
@given(threes())
def test_what_only_one_has_changed_is_taken(three: tuple[Course, Course, Course]) -> None:
    """merge(b, b, t) = t, merge(b, o, b) = o and merge(b, x, x) = x, to the last byte."""
    base, ours, theirs = three
    for sides, expected in [
        ((base, base, theirs), theirs),
        ((base, ours, base), ours),
        ((base, ours, ours), ours),
    ]:
        made = merged(*sides)
        assert made.conflicts == ()
        assert version(made.course) == version(expected)


@settings(max_examples=50, deadline=None)
@given(threes(), st.sampled_from([Resolution(), OURS, THEIRS]), st.sampled_from([NONE, DUE]))
def test_nothing_is_lost_and_protected_settings_survive(
    three: tuple[Course, Course, Course], resolution: Resolution, protection: Protection
) -> None:
    base, ours, theirs = three
    made = merged(base, ours, theirs, resolution=resolution, protection=protection)
    old, mine, yours, now = (told(course) for course in (base, ours, theirs, made.course))
    list(files(made.course))  # no two blocks of one name, no two files of one path

    named = {block for conflict in made.conflicts for block in (conflict.block, *conflict.blocks)}
    for block in mine.keys() | yours.keys():
        if block not in now and block not in named:
            gone = [side for side in (mine, yours) if block not in side]
            assert (block in old and gone) or lost_with(named, block, ours, theirs)
    if protection is DUE:
        assert {"due"} & {conflict.name for conflict in made.conflicts} == set()
        held = {block.key: Held.of(made.course, block).layers("due") for block in made.course.root.walk()}
        for each in ours.root.walk():
            if each.key in held and each.key in yours:
                assert held[each.key] == Held.of(ours, each).layers("due")
    assert made.is_decided is (resolution.others is not None or not made.conflicts)


def lost_with(named: set[Key | None], block: Key, *courses: Course) -> bool:
    """Whether a block stands below one that a conflict names."""
    return any(block in Side.of(course).below(above) for course in courses for above in named if above)


@settings(max_examples=50, deadline=None)
@given(threes())
def test_it_is_the_same_whoever_is_called_ours(three: tuple[Course, Course, Course]) -> None:
    base, ours, theirs = three
    one, other = merged(base, ours, theirs), merged(base, theirs, ours)
    assert {(each.id, each.base, each.ours, each.theirs) for each in one.conflicts} == {
        (each.id, each.base, each.theirs, each.ours) for each in other.conflicts
    }
    one, other = merged(base, ours, theirs, resolution=THEIRS), merged(base, theirs, ours, resolution=OURS)
    assert told(one.course) == told(other.course)


@settings(max_examples=30, deadline=None)
@given(threes())
def test_a_source_that_was_merged_brings_nothing_the_next_time(three: tuple[Course, Course, Course]) -> None:
    base, ours, theirs = three
    made = merged(base, ours, theirs, resolution=OURS).course
    again = merged(theirs, made, theirs)
    assert (again.conflicts, version(again.course)) == ((), version(made))


def conflict(made: Merged) -> Conflict:
    [found] = made.conflicts
    return found


def setting(made: Merged, block: str, name: str) -> Any:
    found = next(each for each in made.course.root.walk() if each.key == key(block))
    return made.course.settings_of(found).get(name)


def change(block: str, **values: Any) -> SetBlockSettings:
    return SetBlockSettings(block, values)


def test_settings_are_merged_name_by_name() -> None:
    made = of([change("problem/sum", display_name="Ours")], [change("problem/sum", max_attempts="5", weight="1")])
    assert made.conflicts == ()
    assert [setting(made, "problem/sum", name) for name in ("display_name", "max_attempts")] == ["Ours", "5"]
    assert str(setting(made, "problem/sum", "weight")) == "1"


@pytest.mark.parametrize(("choice", "value"), [(None, "Ours"), (Choice.OURS, "Ours"), (Choice.THEIRS, "Theirs")])
def test_a_setting_that_both_have_changed_is_a_conflict(choice: Choice | None, value: str) -> None:
    each = {} if choice is None else {"setting problem/sum display_name": choice}
    made = of(
        [change("problem/sum", display_name="Ours")],
        [change("problem/sum", display_name="Theirs")],
        resolution=Resolution(each),
    )
    found = conflict(made)
    assert (found.id, found.aspect, found.choice) == ("setting problem/sum display_name", Aspect.SETTING, choice)
    assert (found.base, found.ours, found.theirs) == ("Sum", "Ours", "Theirs")
    assert found.breadcrumb == ("Demo", "One", "First", "Unit 1", "Ours")
    assert setting(made, "problem/sum", "display_name") == value
    assert made.is_decided is (choice is not None)


def test_a_policy_that_would_hide_the_other_sides_value_is_a_conflict() -> None:
    """F38: the policy wins over the OLX, so both together are one value."""
    policy = FILES["policies/R/policy.json"].replace(b'"weight": 2.0', b'"weight": 2.0, "display_name": "Theirs"')
    theirs = course_of({**FILES, "policies/R/policy.json": policy})
    made = merged(demo(), edited(change("problem/sum", display_name="Ours")).course, theirs)
    assert (conflict(made).name, conflict(made).theirs) == ("display_name", "Theirs")
    assert setting(made, "problem/sum", "display_name") == "Ours"
    made = merged(demo(), demo(), theirs)
    assert made.course.policy == theirs.policy


def test_the_same_value_written_in_another_way_is_no_conflict() -> None:
    policy = FILES["policies/R/policy.json"].replace(b'"weight": 2.0', b'"weight": 2.0, "max_attempts": 5')
    made = merged(
        demo(),
        edited(change("problem/sum", max_attempts="5")).course,
        course_of({**FILES, "policies/R/policy.json": policy}),
    )
    assert made.conflicts == ()


def test_texts_are_conflicts_as_a_whole() -> None:
    text = "<problem display_name='Sum' max_attempts='3'><p>{}</p></problem>"
    changes: list[list[Change]] = [
        [ReplaceBlock("problem/sum", olx(text.format(what)), Orphans.DECLINE)] for what in ("2+2", "3+3")
    ]
    made = of(*changes)
    assert (conflict(made).id, conflict(made).base) == ("text problem/sum", "<p>1+1</p>")
    assert (conflict(made).ours, conflict(made).theirs) == ("<p>2+2</p>", "<p>3+3</p>")
    assert of(*changes, resolution=THEIRS).course.root == edited(*changes[1]).course.root


def test_moves_additions_and_deletions_are_merged() -> None:
    made = of(
        [MoveBlock("vertical/u2", "sequential/s3"), AddBlock("vertical/u1", olx("<html url_name='mine'>1</html>"), 0)],
        [
            MoveBlock("vertical/u1", "sequential/s2", 0),
            DeleteBlock("discussion/talk"),
            AddBlock("vertical/u1", olx("<html url_name='yours'>2</html>")),
        ],
    )
    assert made.conflicts == ()
    found = outline(made.course)
    assert (found["s2"], found["s3"]) == (["u1", "u3"], ["u2"])
    assert found["u1"] == ["mine", "page", "sum", "both", "yours"]


def test_what_both_have_added_at_one_place_stands_there_the_runs_own_first() -> None:
    mine, yours = (AddBlock("vertical/u1", olx(f"<html url_name='{name}'>1</html>")) for name in ("mine", "yours"))
    moved: list[list[Change]] = [[mine], [mine, MoveBlock("html/page", "u1", 1)]]
    for ours in moved:
        made = of(ours, [yours])
        assert outline(made.course)["u1"][-2:] == ["mine", "yours"]
        assert made.conflicts == ()


def test_two_places_for_one_block_are_a_conflict() -> None:
    ours: list[Change] = [MoveBlock("vertical/u1", "sequential/s2")]
    theirs: list[Change] = [MoveBlock("vertical/u1", "sequential/s3")]
    found = conflict(of(ours, theirs))
    assert (found.id, found.values) == ("place vertical/u1", ("sequential/s1", "sequential/s2", "sequential/s3"))
    assert outline(of(ours, theirs, resolution=THEIRS).course)["s3"] == ["u1"]


def test_two_orders_are_a_conflict() -> None:
    ours: list[Change] = [MoveBlock("html/page", "vertical/u1", 1)]
    theirs: list[Change] = [MoveBlock("html/page", "vertical/u1", 3)]
    found = conflict(of(ours, theirs))
    assert (found.id, found.theirs) == ("order vertical/u1", "problem/sum, discussion/talk, html/both, html/page")
    assert outline(of(ours, theirs, resolution=THEIRS).course)["u1"] == ["sum", "talk", "both", "page"]
    assert outline(of(ours, []).course)["u1"] == ["sum", "page", "talk", "both"]


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_change_below_what_the_other_has_deleted_is_a_conflict(*, is_ours: bool) -> None:
    deleting: list[Change] = [DeleteBlock("sequential/s1")]
    changing: list[Change] = [
        change("html/rose", display_name="Rose"),
        AddBlock("vertical/u1", olx("<html url_name='new'>new</html>")),
        MoveBlock("vertical/u3", "sequential/s1"),
    ]
    sides = (deleting, changing) if is_ours else (changing, deleting)
    keep = Choice.THEIRS if is_ours else Choice.OURS
    made = of(*sides)
    by_id = {each.id: each for each in made.conflicts}
    top = by_id["deletion sequential/s1"]
    assert (top.ours is None, top.theirs is None) == (is_ours, not is_ours)
    assert {key("html/rose"), key("html/new"), key("vertical/u3")} <= set(top.blocks)
    # What the other has moved into it is not lost with it.
    made = of(*sides, resolution=OURS if is_ours else THEIRS)
    assert "u3" in outline(made.course)["s2"]
    assert "s1" not in outline(made.course)["c1"]
    made = of(*sides, resolution=Resolution(others=keep))
    assert outline(made.course)["s1"] == ["u1", "u2", "u3"]
    assert "new" in outline(made.course)["u1"]


def test_files_policies_tabs_and_grading_are_merged() -> None:
    made = of(
        [
            PutAsset("plain.txt", InMemory.of(b"ours")),
            PutAsset("leaf.png", InMemory.of(b"png"), locked=True),
            SetCourseSettings({"start": "2027-01-01T00:00:00Z"}),
            SetTabs([{"type": "static_tab", "url_slug": "faq"}]),
        ],
        [
            PutAsset("new.txt", InMemory.of(b"theirs")),
            PutAsset("leaf.png", InMemory.of(b"png"), content_type="image/x"),
            SetCourseSettings({"end": "2028-01-01T00:00:00Z"}),
            SetGradingPolicy({"GRADER": [], "GRADE_CUTOFFS": {"Pass": 0.6}}),
        ],
    )
    course = made.course
    assert made.conflicts == ()
    assert {asset.name: asset.file.blob.read() for asset in course.assets} == {
        "leaf.png": b"png", "new.txt": b"theirs", "plain.txt": b"ours",
    }  # fmt: skip
    leaf = next(asset for asset in course.assets if asset.name == "leaf.png")
    assert leaf.entry == {
        "displayname": "leaf.png", "import_path": None, "locked": True, "contentType": "image/x",
    }  # fmt: skip
    assert course.settings_of(course.root)["start"] == "2027-01-01T00:00:00Z"
    assert course.settings_of(course.root)["end"] == "2028-01-01T00:00:00Z"
    assert course.settings_of(course.root)["tabs"] == [{"type": "static_tab", "url_slug": "faq"}]
    assert course.grading is not None
    assert course.grading.value["GRADE_CUTOFFS"] == {"Pass": 0.6}


@pytest.mark.parametrize(
    ("ours", "theirs", "name"),
    [
        (PutAsset("plain.txt", InMemory.of(b"1")), PutAsset("plain.txt", InMemory.of(b"2")), "file static/plain.txt"),
        (DeleteAsset("plain.txt"), PutAsset("plain.txt", InMemory.of(b"2")), "file static/plain.txt"),
        (
            PutAsset("leaf.png", InMemory.of(b"png"), "image/a"),
            PutAsset("leaf.png", InMemory.of(b"png"), "image/b"),
            "file policies/assets.json leaf.png contentType",
        ),
        (
            SetTabs([{"type": "wiki"}]),
            SetTabs([{"type": "progress"}]),
            "setting course/R tabs",
        ),
        (
            SetGradingPolicy({"GRADER": [], "GRADE_CUTOFFS": {"Pass": 0.7}}),
            SetGradingPolicy({"GRADER": [], "GRADE_CUTOFFS": {"Pass": 0.6}}),
            "grading GRADE_CUTOFFS",
        ),
    ],
)
def test_what_both_have_changed_beside_the_blocks_is_a_conflict(ours: Change, theirs: Change, name: str) -> None:
    assert conflict(of([ours], [theirs])).id == name


def test_bytes_of_files_that_say_the_same_stay_as_they_were() -> None:
    """The chapter only points to what both have changed below it."""
    comment = FILES["chapter/c1.xml"].replace(b"<seq", b"<!-- kept --><seq", 1)
    base = course_of({**FILES, "chapter/c1.xml": comment})
    ours = edited(change("problem/sum", display_name="Ours"), course=base).course
    theirs = edited(change("vertical/u3", display_name="Theirs"), course=base).course
    made = merged(base, ours, theirs)
    found = {file.path: file.blob.read() for file in files(made.course)}
    assert found["chapter/c1.xml"] == comment
    assert found["sequential/s1.xml"] == FILES["sequential/s1.xml"]


def renamed(found: Mapping[str, bytes]) -> dict[str, bytes]:
    """The same course as another run."""
    return {
        path.replace("/R", "/S"): data.replace(b'"R"', b'"S"').replace(b"course/R", b"course/S")
        for path, data in found.items()
    }


def test_a_source_of_another_run_is_merged_under_the_name_of_its_own() -> None:
    base, theirs = course_of(FILES), course_of(renamed({**FILES, "problem/sum.xml": b"<problem/>"}))
    ours = edited(SetCourseSettings({"start": "2027-01-01T00:00:00Z"})).course
    made = merged(base, ours, theirs)
    assert made.conflicts == ()
    assert made.course.run == "S"
    found = {file.path: file.blob.read() for file in files(made.course)}
    assert found["problem/sum.xml"] == b"<problem/>"
    assert b"2027-01-01" in found["policies/S/policy.json"]
    assert merged(base, base, theirs).course == theirs


def test_without_an_earlier_source_all_that_differs_is_a_conflict() -> None:
    ours, theirs = edited(change("problem/sum", display_name="Ours")).course, demo()
    made = merge(NOBODY, Side.of(ours), Side.of(theirs))
    assert (conflict(made).base, conflict(made).ours, conflict(made).theirs) == (None, "Ours", "Sum")


def test_a_course_and_a_library_cannot_be_merged() -> None:
    with pytest.raises(CannotMerge):
        merged(demo(), demo(), course_of(LIBRARY))


def test_two_blocks_that_were_put_into_each_other_are_a_conflict() -> None:
    """One side has put the one into the other, and the other side the other into the one."""
    unit = b"<vertical>%s</vertical>"
    x, y = b"<vertical url_name='x'><html>1</html>%s</vertical>", b"<vertical url_name='y'><html>2</html>%s</vertical>"
    base = course_of({**FILES, "vertical/red.xml": unit % (x % b"" + y % b"")})
    x_in_y, y_in_x = unit % (y % (x % b"")), unit % (x % (y % b""))
    sides = [course_of({**FILES, "vertical/red.xml": each}) for each in (x_in_y, y_in_x)]
    for resolution in (Resolution(), OURS, THEIRS):
        made = merged(base, *sides, resolution=resolution)
        assert {each.id for each in made.conflicts} == {"place vertical/x", "place vertical/y"}
        expected = sides[1] if resolution is THEIRS else sides[0]
        assert outline(made.course) == outline(expected)
    mixed = Resolution({"place vertical/x": Choice.OURS, "place vertical/y": Choice.THEIRS})
    made = merged(base, *sides, resolution=mixed)
    assert {key("vertical/x"), key("vertical/y")} <= {block.key for block in made.course.root.walk()}
