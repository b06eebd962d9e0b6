"""What somebody sees of a course (§2.9 S1 to S12 of the notes on OLX; spec/content-api.md, "MVP Definition")."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edx.olx import Key
from resolvers.content.nodes import write
from resolvers.content.outline import Outline, outline_of
from resolvers.content.viewing import View, seen, view
from resolvers.content.visibility import Access, Audience, Role, access, exposure
from tests.resolvers.content.trees import node, outline, trees
from tests.resolvers.editing.courses import FILES, course_of

NOW = datetime(2020, 6, 1, tzinfo=UTC)
AFTER = "2020-06-02T00:00:00Z"
LEARNER = Audience(Role.LEARNER, NOW)


def names(found: View | None) -> set[str]:
    assert found is not None
    return {key.name for key in found.children}


def test_what_is_closed_is_listed_down_to_sequences_without_what_is_in_it() -> None:
    """S6: sequences to come are listed and not accessible; a section without any is not."""
    course = outline(
        node("now", node("s1", node("u1"), node("u2", start=AFTER)), node("s2", node("u3"), start=AFTER)),
        node("later", node("s3", node("u4")), start=AFTER),
        node("empty", node("s4", visible_to_staff_only="true"), start=AFTER),
    )
    found = view(course, LEARNER)
    assert names(found) == {course.root.name, "now", "s1", "u1", "s2", "later", "s3"}
    assert found is not None
    assert {key.name for key in found.closed} == {"s2", "later", "s3"}


@pytest.mark.parametrize("own", [{"start": AFTER}, {"start": "null"}, {"visible_to_staff_only": True}])
def test_a_course_that_is_closed_shows_nothing(own: dict[str, Any]) -> None:
    """S2, S5."""
    course = outline(node("w", node("s", node("u"))), **own)
    assert view(course, LEARNER) is None
    assert names(view(course, Audience(Role.STAFF, NOW))) >= {"w", "s", "u"}


def test_what_is_not_in_the_outline_is_found_by_its_key() -> None:
    """S7."""
    found = view(outline(node("w", node("s", node("u"), hide_from_toc="true"))), LEARNER)
    assert found is not None
    assert Key("vertical", "u") in found
    assert {key.name for key in found.unlisted} == {"s", "u"}


def test_a_block_in_two_places_is_as_open_as_in_the_better_one() -> None:
    course = outline(
        node("w", node("s", node("u", node("both", x="1")), start=AFTER), node("t", node("v", node("both")))),
    )
    found = view(course, LEARNER)
    assert found is not None
    assert Key("html", "both") in found
    assert Key("html", "both") not in found.closed


def test_of_an_experiment_learners_see_their_group_and_of_choices_nothing() -> None:
    """Which block of a bank a learner gets only the LMS knows."""
    chosen = '{"1": "block-v1:O+C+R+type@vertical+block@red", "2": "block-v1:O+C+R+type@vertical+block@blue"}'
    course = outline(
        node("w", node("s", node("u",
            node("split_test/ab", node("vertical/red"), node("vertical/blue"),
                 user_partition_id="7", group_id_to_child=chosen),
            node("library_content/bank", node("problem/q")),
        ))),
    )  # fmt: skip
    nobody = names(view(course, LEARNER))
    second = names(view(course, Audience(Role.LEARNER, NOW, {7: frozenset({2})})))
    assert nobody & {"red", "blue", "q"} == set()
    assert second & {"red", "blue", "q"} == {"blue"}
    assert names(view(course, Audience(Role.STAFF, NOW))) >= {"red", "blue", "q"}


@pytest.mark.parametrize("own", [{}, {"user_partition_id": "7"}, {"user_partition_id": "7", "group_id_to_child": "[]"}])
def test_of_an_experiment_that_says_nothing_of_groups_learners_see_none(own: dict[str, str]) -> None:
    course = outline(node("w", node("s", node("u", node("split_test/ab", node("vertical/red"), **own)))))
    found = names(view(course, Audience(Role.LEARNER, NOW, {7: frozenset({1})})))
    assert found & {"u", "ab", "red"} == {"u", "ab"}


@given(trees(), st.sampled_from(list(Role)), st.sampled_from([None, 1, 2]))
@settings(max_examples=60, deadline=None)
def test_a_view_has_nothing_that_is_closed_to_them_but_names_of_sequences(
    course: Outline, role: Role, group: int | None
) -> None:
    """S2, S3, S9, for courses of whatever form."""
    whom = Audience(role, NOW, {101: frozenset({group})} if group else {})
    found = view(course, whom)
    if found is None:
        assert access(exposure(course, course.root), whom) is not Access.OPEN
        return
    for key in course.entries.keys() & found.children.keys():
        one_way = len(course.parents.get(key, ())) < 2 and all(
            len(course.parents.get(entry.key, ())) < 2 for entry in course.lineage(key)
        )
        told = access(exposure(course, key), whom)
        if one_way and key not in found.closed:
            assert told is Access.OPEN
        elif one_way:
            assert told in {Access.NOT_STARTED, Access.PAST_DUE}
            assert key.type in {"course", "chapter", "sequential"}


STARTED = {**FILES, "policies/R/policy.json": FILES["policies/R/policy.json"].replace(b"2026", b"2020")}


def test_the_course_that_learners_see_has_no_more_than_they_are_shown() -> None:
    """No answers of problems, no files, no policies, no drafts; pages as they are. S12: its hashes are its own."""
    course = course_of(STARTED)
    found = view(outline_of(course), LEARNER)
    assert found is not None
    shown = seen(course, found)
    blocks = {block.url_name: block for block in shown.root.walk()}
    assert {"rose", "then", "q1"}.isdisjoint(blocks)
    assert blocks["sum"].markup == b""
    assert dict(blocks["sum"].settings) == {"display_name": "Sum", "max_attempts": "3", "weight": "2.0"}
    assert blocks["page"].body is not None
    assert blocks["both"].markup == b"same"
    assert (shown.assets, shown.policy, shown.grading, shown.tabs, shown.extras) == ((), None, None, (), ())
    assert all(block.source is None for block in shown.root.walk())
    whole, theirs = set(write(course).blocks.values()), write(shown).blocks
    assert theirs[shown.root.key] not in whole
