"""Three-way merges (spec/content-api.md, "without loss"; G10 and the features beyond the memo in the notes on OLX)."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edx.olx import Block, Course, InMemory, Key, files
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
from tests.resolvers.merging.test_transplant import DRAFTS

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


def test_a_text_changed_in_what_the_other_has_deleted_is_a_conflict() -> None:
    text = ReplaceBlock("html/rose", olx("<html>Rose</html>"), Orphans.DECLINE)
    made = of([DeleteBlock("html/rose")], [text])
    assert (conflict(made).id, conflict(made).theirs) == ("deletion html/rose", "html/rose")


def test_what_is_changed_below_a_block_in_two_places_is_changed_in_both() -> None:
    base = course_of({**FILES, "sequential/s3.xml": b'<sequential><vertical url_name="u1"/></sequential>'})
    ours = edited(change("problem/sum", display_name="Ours"), course=base).course
    made = merged(base, ours, edited(change("html/page", display_name="Theirs"), course=base).course)
    one, other = (each for each in every(made.course.root) if each.key == key("vertical/u1"))
    assert one == other
    assert [child.display_name for child in one.children] == ["Theirs", "Ours", "Talk", "Both"]


def every(block: Block) -> Iterator[Block]:
    """A block and all below it, those in two places twice."""
    yield block
    for child in block.children:
        yield from every(child)


def test_what_the_run_has_added_stays_where_the_source_orders_anew() -> None:
    made = of([AddBlock("vertical/u1", olx("<html url_name='mine'>1</html>"), 1)], [MoveBlock("html/page", "u1", 2)])
    assert made.conflicts == ()
    assert outline(made.course)["u1"] == ["sum", "talk", "page", "mine", "both"]


def test_what_a_tag_of_2012_says_is_merged_too() -> None:
    """F10: attributes of the tag win over those of the file."""
    tag = '<sequential display_name="Second"><vertical url_name="u3" filename="u3" {}/></sequential>'
    base, ours, theirs = (
        course_of({**FILES, "sequential/s2.xml": tag.format(own).encode()})
        for own in ('start="2026" x="1"', 'start="2027" x="1"', 'start="2026" due="2030"')
    )
    made = merged(base, ours, theirs)
    assert made.conflicts == ()
    assert [setting(made, "vertical/u3", name) for name in ("start", "due", "x")] == ["2027", "2030", None]
    assert any(b'filename="u3" start="2027" due="2030"' in file.blob.read() for file in files(made.course))


NEW = {"drafts/vertical/d3.xml": DRAFTS["drafts/vertical/d2.xml"].replace(b"Two", b"Three")}
FRESH = "drafts/html/fresh.xml"


@pytest.mark.parametrize(
    ("ours", "theirs", "expected", "named"),
    [
        ({}, NEW, {*DRAFTS, *NEW}, []),
        (NEW, {}, {*DRAFTS, *NEW}, []),
        ({"drafts/vertical/d1.xml": None}, NEW, {*DRAFTS, *NEW} - {"drafts/vertical/d1.xml"}, []),
        ({FRESH: b"<html>mine</html>"}, {FRESH: b"<html>yours</html>"}, {*DRAFTS}, ["drafts/vertical/u1"]),
    ],
)
def test_drafts_of_archives_are_merged_each_as_a_whole(
    ours: Mapping[str, bytes | None], theirs: Mapping[str, bytes | None], expected: set[str], named: list[str]
) -> None:
    base, one, other = (
        course_of({path: data for path, data in {**FILES, **DRAFTS, **own}.items() if data is not None})
        for own in ({}, ours, theirs)
    )
    made = merged(base, one, other)
    assert [each.name for each in made.conflicts] == named
    assert {file.path for file in files(made.course) if file.path.startswith("drafts/")} == expected
    if named:
        assert made.course.drafts == one.drafts
        assert merged(base, one, other, resolution=THEIRS).course.drafts == other.drafts


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


def test_two_blocks_that_were_put_into_each_other_besides_are_a_conflict() -> None:
    """They stand where they stood, too, so that each side leads to all of it."""
    empty, full = "<vertical display_name='{0}'/>", "<vertical display_name='{0}'><vertical url_name='{1}'/></vertical>"
    red = b"<vertical><vertical url_name='x'/><vertical url_name='y'/></vertical>"
    base, x_in_y, y_in_x = (
        course_of({
            **FILES, "vertical/red.xml": red,
            "vertical/x.xml": x.format("x", "y").encode(), "vertical/y.xml": y.format("y", "x").encode(),
        })
        for x, y in ((empty, empty), (empty, full), (full, empty))
    )  # fmt: skip
    made = merged(base, x_in_y, y_in_x)
    assert conflict(made).id == "place vertical/x"
    assert outline(made.course)["red"] == ["x", "y"]
    assert (outline(made.course)["x"], "y" in outline(made.course)) == (["y"], False)


def test_a_value_that_is_only_written_in_another_place_gives_way_to_another_value() -> None:
    policy = FILES["policies/R/policy.json"].replace(b'"weight": 2.0', b'"weight": 2.0, "max_attempts": 3')
    moved = course_of({**FILES, "policies/R/policy.json": policy})
    changed = edited(change("problem/sum", max_attempts="5")).course
    for sides in ((changed, moved), (moved, changed)):
        made = merged(demo(), *sides)
        assert made.conflicts == ()
        assert setting(made, "problem/sum", "max_attempts") == "5"


def test_a_protected_setting_that_the_source_has_another_value_of_is_told() -> None:
    ours, theirs = (edited(change("sequential/s1", due=due)).course for due in ("2027-01-01", "2030-01-01"))
    made = merged(demo(), ours, theirs, protection=DUE)
    assert (made.conflicts, setting(made, "sequential/s1", "due")) == ((), "2027-01-01")
    assert [(each.name, each.ours, each.theirs) for each in made.kept] == [("due", "2027-01-01", "2030-01-01")]


def test_a_policy_of_what_is_no_block_stays_and_what_one_has_taken_out_goes() -> None:
    stray = {"html/none": {"x": 1}, "discussion/talk": {"x": 2}}
    policy = orjson.loads(FILES["policies/R/policy.json"]) | stray
    unit = FILES["vertical/u1.xml"].replace(b'<discussion url_name="talk" display_name="Talk"/>', b"")
    base, ours, theirs = (
        course_of({**FILES, "policies/R/policy.json": orjson.dumps(told), "vertical/u1.xml": text})
        for told, text in (
            (policy, FILES["vertical/u1.xml"]), (policy, unit),
            ({name: of for name, of in policy.items() if name != "problem/sum"}, FILES["vertical/u1.xml"]),
        )
    )  # fmt: skip
    made = merged(base, ours, theirs)
    assert made.conflicts == ()
    assert made.course.policy is not None
    assert made.course.policy.value == {"course/R": policy["course/R"], **stray}


def test_a_course_of_one_file_without_grading_is_merged() -> None:
    text = '<course url_name="R" org="O" course="C"{}><chapter url_name="c"><html>{}</html></chapter></course>'
    base, ours, theirs = (
        course_of({"course.xml": text.format(*own).encode()})
        for own in (("", "1"), (' display_name="Ours"', "1"), ("", "2"))
    )
    made = merged(base, ours, theirs).course
    [file] = files(made)
    assert told(course_of({file.path: file.blob.read()})) == told(made)
    assert [block.markup for block in made.root.walk() if not block.children] == [b"2"]
    assert made.root.display_name == "Ours"
    assert (made.entry, made.grading) == (None, None)


def test_an_entry_that_one_has_taken_out_of_a_list_goes() -> None:
    made = of([DeleteAsset("leaf.png")], [PutAsset("new.txt", InMemory.of(b"new"), locked=True)])
    assert made.conflicts == ()
    assert made.course.assets_policy is not None
    assert set(made.course.assets_policy.value) == {"new.txt"}
