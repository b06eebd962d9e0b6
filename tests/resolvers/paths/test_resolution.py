from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edx.blocks import BlockKey
from edx.olx import Key
from resolvers.content.outline import Outline
from resolvers.content.visibility import Audience, Role
from resolvers.paths.answers import Code, Denied, Flag, Form, Prerequisite, Rule, Whereabouts
from resolvers.paths.courseware import courseware
from resolvers.paths.reading import read
from resolvers.paths.refusals import by_rule
from resolvers.paths.resolution import resolve
from resolvers.paths.slugs import Named, Slugs
from tests.resolvers.content.trees import node, outline, trees
from tests.resolvers.paths.places import (
    BASE,
    NOW,
    PLAIN,
    RUN,
    TOMORROW,
    YESTERDAY,
    go,
    key,
    path,
    short,
    steps,
    text,
)

HIDDEN = {"visible_to_staff_only": "true"}


@pytest.mark.parametrize(
    ("names", "form", "taken"),
    [
        ("", Form.COURSE, [("first_sequence_of_course", "s1"), ("first_unit", "s1/u1")]),
        ("w2", Form.SECTION, [("first_sequence_of_section", "s3"), ("first_unit", "s3/u5")]),
        ("w2/u5", Form.SECTION_AND_UNIT, [("drop_section", "u5"), ("sequence_of_unit", "s3/u5")]),
        ("s2", Form.SEQUENCE, [("first_unit", "s2/u4")]),
        ("u3", Form.UNIT, [("sequence_of_unit", "s1/u3")]),
        ("s1/u3", Form.SEQUENCE_AND_UNIT, []),
        ("s1/first", Form.SEQUENCE_END, [("first_unit", "s1/u1")]),
        ("s1/last", Form.SEQUENCE_END, [("last_unit", "s1/u3")]),
    ],
)
def test_every_form_leads_to_the_sixth_by_its_rules(names: str, form: Form, taken: list[tuple[str, str]]) -> None:
    """spec/courseware-paths.md, "Decision": forms 1 to 6; and content.md, form 7."""
    found = go(names)

    assert found.form is form
    assert steps(found) == taken
    assert short(found.canonical) == (taken[-1][1] if taken else names)
    assert found.unit is not None
    assert found.problem is None
    assert (found.sequence, found.section) == (key(str(short(found.canonical)).split("/")[0]), found.section)
    assert found.section == (key("w2") if found.sequence == key("s3") else key("w1"))


@pytest.mark.parametrize("names", ["", "w2", "w2/u5", "s2", "u3", "s1/u3", "s1/first"])
def test_the_preview_prefix_and_the_query_are_kept_on_the_way(names: str) -> None:
    """content.md, form 8."""
    plain = go(names)
    found = resolve(courseware(PLAIN), RUN, f"/preview{path(names)}?show=1#top", Audience(Role.LEARNER, NOW))

    assert found.canonical == f"/preview{plain.canonical}?show=1#top"
    assert [step.path for step in found.steps] == [f"/preview{step.path}?show=1#top" for step in plain.steps]
    assert found.next is None or found.next.startswith("/preview/")


def test_p1_a_unit_of_two_sequences_is_in_the_first_of_the_document() -> None:
    """content.md, P1: not in the first of the alphabet, as Open edX has it."""
    course = outline(node("w1", node("s9", node("u1")), node("s1", node("u1"))))

    assert short(go("u1", course).canonical) == "s9/u1"


@pytest.mark.parametrize("names", ["s1/u2", "s3/u2"])
def test_p2_a_unit_of_two_sequences_stays_in_the_one_that_is_asked_for(names: str) -> None:
    """content.md, P2."""
    found = go(names)

    assert (short(found.canonical), found.steps, found.flags) == (names, (), frozenset())


@pytest.mark.parametrize(
    ("position", "rule", "unit"),
    [
        (1, "active_unit", "u1"),
        (3, "active_unit", "u3"),
        (None, "first_unit", "u1"),
        (4, "first_unit", "u1"),
        (0, "first_unit", "u1"),
        (-1, "first_unit", "u1"),
    ],
)
def test_p3_p4_p5_the_active_unit_is_the_one_at_the_position_or_else_the_first(
    position: int | None, rule: str, unit: str
) -> None:
    """content.md, P3, P4, P5: counted from 1; a position that has no unit counts for nothing."""
    found = go("s1", whereabouts=Whereabouts(positions={key("s1"): position}))

    assert steps(found) == [(rule, f"s1/{unit}")]
    assert go("s1/u2", whereabouts=Whereabouts(positions={key("s1"): position})).steps == ()


@pytest.mark.parametrize(
    "course",
    [outline(), outline(node("w1")), outline(node("w1", node("s1", node("u1")), **HIDDEN))],
)
def test_p6_a_course_with_nothing_in_it_has_no_canonical_path(course: Outline) -> None:
    """content.md, P6."""
    found = go("", course)

    assert found.problem is not None
    assert found.problem.code is Code.EMPTY_COURSE
    assert (found.canonical, found.target, found.steps, found.form) == (None, None, (), Form.COURSE)


def test_p6_the_first_section_with_something_in_it_is_taken() -> None:
    """content.md, P6."""
    course = outline(node("w1"), node("w2", node("s1", node("u1")), **HIDDEN), node("w3", node("s2", node("u2"))))

    assert short(go("", course).canonical) == "s2/u2"
    assert short(go("", course, Role.STAFF).canonical) == "s1/u1"


def test_p7_a_section_without_sequences_leads_to_the_course() -> None:
    """content.md, P7."""
    course = outline(node("w1"), node("w2", node("s1", node("u1"))))

    assert steps(go("w1", course)) == [
        ("section_without_sequences", ""),
        ("first_sequence_of_course", "s1"),
        ("first_unit", "s1/u1"),
    ]


def test_p7_an_empty_section_of_an_empty_course_ends() -> None:
    """content.md, P7: no loop."""
    found = go("w1", outline(node("w1")))

    assert found.problem is not None
    assert (found.problem.code, found.form) == (Code.EMPTY_COURSE, Form.SECTION)
    assert steps(found) == [("section_without_sequences", "")]


@pytest.mark.parametrize(("names", "taken"), [("s1", []), ("s1/last", [("sequence_without_units", "s1")])])
@pytest.mark.parametrize("units", [[], [node("u1", **HIDDEN)]])
def test_p8_a_sequence_without_units_stays_a_sequence(names: str, taken: Any, units: list[Any]) -> None:
    """content.md, P8."""
    found = go(names, outline(node("w1", node("s1", *units))))

    assert steps(found) == taken
    assert (short(found.canonical), found.sequence, found.unit) == ("s1", key("s1"), None)
    assert Flag.EMPTY in found.flags


def test_p9_a_gated_sequence_resolves_and_says_what_it_waits_for() -> None:
    """content.md, P9: staff are not kept out."""
    waits = Prerequisite(text("s1"), "Week 1")
    known = Whereabouts(gated={key("s2"): waits})

    found = go("s2", whereabouts=known)

    assert (short(found.canonical), found.flags, found.prerequisite) == ("s2/u4", frozenset({Flag.GATED}), waits)
    assert go("s2", role=Role.STAFF, whereabouts=known).flags == frozenset()
    assert go("s1", whereabouts=known).flags == frozenset()


@pytest.mark.parametrize("role", [Role.LEARNER, Role.STAFF])
def test_p10_a_sequence_hidden_after_its_due_date_resolves_and_says_so(role: Role) -> None:
    """content.md, P10."""
    course = outline(node("w1", node("s1", node("u1"), due=YESTERDAY, hide_after_due="true")))

    for names in ("s1", "u1", "s1/u1", ""):
        found = go(names, course, role)
        assert (short(found.canonical), found.flags) == ("s1/u1", frozenset({Flag.HIDDEN_AFTER_DUE}))


def test_p11_what_is_not_in_the_outline_is_found_directly_and_by_no_rule() -> None:
    """content.md, P11: nor is there a way on from its ends."""
    aside = node("s1", node("u1"), node("u2"), hide_from_toc="true")
    course = outline(node("w1", aside, node("s2", node("u3"))), node("w2", node("s3", node("u4"))))

    for names in ("s1", "u1", "s1/u1", "s1/first"):
        found = go(names, course)
        assert (short(found.canonical), found.flags) == ("s1/u1", frozenset({Flag.HIDE_FROM_TOC}))
        assert (found.previous, short(found.next)) == (None, "s1/u2")
    assert go("s1/u2", course).next is None
    assert short(go("", course).canonical) == "s2/u3"
    assert short(go("w1", course).canonical) == "s2/u3"
    assert go("s2/u3", course).previous is None


@pytest.mark.parametrize("hidden", [HIDDEN, {"start": TOMORROW}, {"group_access": '{"50": [2]}'}])
@pytest.mark.parametrize("level", ["section", "sequence"])
def test_p12_what_a_learner_may_not_see_is_as_if_it_were_not_there(hidden: dict[str, Any], level: str) -> None:
    """content.md, P12: the same answer as for what does not exist, word for word."""
    at: dict[str, dict[str, Any]] = {"section": {}, "sequence": {}} | {level: hidden}
    secret = node("w1", node("s1", node("u1", node("problem/p1")), **at["sequence"]), **at["section"])
    rest = node("w2", node("s2", node("u2")))
    course, without = outline(secret, rest), outline(rest)
    names = ["s1", "u1", "p1", "s1/u1", "s1/u9", "s1/first", "w2/u1", "s2/u1", "s2/p1"]

    for each in [*names, "w1", "w1/u2"] if level == "section" else names:
        assert go(each, course) == go(each, without)
        assert go(each, course).problem is not None
    assert go("", course) == go("", without)
    assert short(go("u1", course, Role.STAFF).canonical) == "s1/u1"
    assert short(go("", course, Role.STAFF).canonical) == "s1/u1"


def test_p12_staff_are_told_what_learners_do_not_see() -> None:
    """content.md, P12."""
    course = outline(node("w1", node("s1", node("u1", **HIDDEN), node("u2", start=TOMORROW))))

    assert go("u1", course, Role.STAFF).flags == {Flag.STAFF_ONLY}
    assert go("u2", course, Role.STAFF).flags == {Flag.NOT_STARTED}
    assert go("u2", course, Role.LEARNER, at=NOW + timedelta(days=1)).flags == frozenset()


@pytest.mark.parametrize(
    "names",
    ["u9", "s9", "w9", "s9/u1", "s1/u9", "s9/first", "first", "intro", "w1/u9", "w1/first", "w1/w2", "s1/w1", "s1/s2"],
)
def test_p13_what_is_unknown_is_an_error_that_leads_to_the_course(names: str) -> None:
    """content.md, P13."""
    found = go(names)

    assert found.problem is not None
    assert (found.problem.code, found.problem.fallback, found.target) == (Code.NOT_FOUND, BASE, BASE)
    assert (found.form, found.steps, found.canonical) == (None, (), None)
    assert (short(found.problem.message) or "").endswith(f"in {RUN}")


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        ("p1", ["enclosing_unit", "sequence_of_unit"]),
        ("s1/p1", ["enclosing_unit"]),
        ("s2/p1", ["drop_sequence", "enclosing_unit", "sequence_of_unit"]),
        ("w1/p1", ["drop_section", "enclosing_unit", "sequence_of_unit"]),
    ],
)
def test_p14_a_component_leads_to_its_unit(names: str, taken: list[str]) -> None:
    """content.md, P14: with the component as the fragment."""
    found = go(names)

    assert short(found.canonical) == "s1/u1#p1"
    assert [rule for rule, _ in steps(found)] == taken
    assert found.unit == key("u1")


def test_p15_an_id_of_another_course_is_not_found() -> None:
    """content.md, P15."""
    found = go(text("u1").replace("DemoX", "OtherX"))

    assert found.problem is not None
    assert found.problem.code is Code.NOT_FOUND


@pytest.mark.parametrize(
    "other",
    ["block-v1:edX+DemoX+2026+type@course+block@course", "library-v1:edX+Lib", "asset-v1:a+b+c+type@asset+block@x"],
)
@pytest.mark.parametrize("behind", ["", "/u1"])
def test_p16_the_course_block_and_keys_of_other_things_are_not_found(other: str, behind: str) -> None:
    """content.md, P16."""
    found = go(other + behind)

    assert found.problem is not None
    assert found.problem.code is Code.NOT_FOUND


def test_p17_what_is_encoded_twice_is_decoded_and_says_so() -> None:
    """content.md, P17."""
    doubled = path("s1/u1").replace(":", "%253A").replace("+", "%252B")

    found = resolve(courseware(PLAIN), RUN, doubled + "/", Audience(Role.LEARNER, NOW))

    assert steps(found) == [("spelling", "s1/u1")]
    assert found.canonical == path("s1/u1")


@pytest.mark.parametrize("branch", ["+branch@draft-branch", "+branch@published-branch+version@5f0c"])
def test_a_key_with_a_branch_is_spelled_without(branch: str) -> None:
    found = go(f"s1/{text('u1').replace('+type', f'{branch}+type')}")

    assert steps(found) == [("spelling", "s1/u1")]


def test_a_course_key_of_another_case_is_spelled_as_the_runs() -> None:
    found = resolve(
        courseware(PLAIN), RUN, path("s1/u1").replace("edX+DemoX", "EDX+demox"), Audience(Role.LEARNER, NOW)
    )

    assert found.canonical == path("s1/u1")


def test_another_run_is_not_found() -> None:
    found = resolve(courseware(PLAIN), RUN, "/course/course-v1:a+b+c", Audience(Role.STAFF, NOW))

    assert found.problem is not None
    assert (found.problem.code, found.target) == (Code.NOT_FOUND, "/course/course-v1:a+b+c")


def test_p18_a_section_and_a_unit_of_another_section_lead_to_the_unit() -> None:
    """content.md, P18 and "Inconsistencies", 6: the section is dropped, the unit found."""
    assert steps(go("w2/u1")) == [("drop_section", "u1"), ("sequence_of_unit", "s1/u1")]
    assert steps(go("w2/s1")) == [("drop_section", "s1"), ("first_unit", "s1/u1")]


@pytest.mark.parametrize(
    ("reason", "target"),
    [
        (Denied.ENROLLMENT_REQUIRED, f"{BASE}/home"),
        (Denied.AUTHENTICATION_REQUIRED, f"{BASE}/home"),
        (Denied.SURVEY_REQUIRED, f"/redirect/survey/{RUN}"),
        (Denied.DATA_SHARING_ACCESS_REQUIRED, "/redirect/consent"),
        (Denied.UNFULFILLED_MILESTONES, "/redirect/dashboard"),
        (Denied.AUDIT_EXPIRED, "/redirect/dashboard"),
        (Denied.COURSE_NOT_STARTED, "/redirect/dashboard"),
        (Denied.INCORRECT_ACTIVE_ENTERPRISE, f"{BASE}/access-denied"),
    ],
)
def test_p19_who_has_no_access_is_sent_where_the_learning_front_end_sends_them(reason: Denied, target: str) -> None:
    """content.md, P19: and the path is not resolved further."""
    for names in ("", "u1", "u9"):
        found = go(names, whereabouts=Whereabouts(denied=reason))
        assert found.problem is not None
        assert (found.problem.code, found.denied, found.target) == (Code.NO_ACCESS, reason, target)
        assert (found.form, found.unit, found.steps, found.flags) == (None, None, (), frozenset({Flag.NO_ACCESS}))
    assert go("u1", role=Role.STAFF, whereabouts=Whereabouts(denied=reason)).problem is None


def test_p19_who_comes_too_early_or_has_not_signed_in_has_no_access() -> None:
    """content.md, P19, S1 and S5."""
    assert go("u1", outline(start=TOMORROW)).denied is Denied.COURSE_NOT_STARTED
    assert go("u1", outline(), Role.ANONYMOUS).denied is Denied.AUTHENTICATION_REQUIRED
    assert go("u9", outline(), Role.ANONYMOUS).denied is Denied.AUTHENTICATION_REQUIRED


def test_a_course_for_staff_alone_is_not_there_for_others() -> None:
    found = go("", outline(**HIDDEN))

    assert found.problem is not None
    assert (found.problem.code, found.problem.message) == (Code.NOT_FOUND, f"there is no course {RUN}")


def test_p20_an_entrance_exam_has_no_way_on() -> None:
    """content.md, P20."""
    known = Whereabouts(has_exam_to_pass=True)

    assert (go("s1/u2", whereabouts=known).previous, go("s1/u2", whereabouts=known).next) == (None, None)
    assert go("s1/u2", role=Role.STAFF, whereabouts=known).next is not None


@pytest.mark.parametrize(
    ("names", "previous", "following"),
    [
        ("s1/u1", None, "s1/u2"),
        ("s1/u2", "s1/u1", "s1/u3"),
        ("s1/u3", "s1/u2", "s2/first"),
        ("s2/u4", "s1/last", "s3/first"),
        ("s3/u5", "s2/last", "s3/u2"),
        ("s3/u2", "s3/u5", "course-end"),
    ],
)
def test_p21_before_and_after_a_unit_are_units_ends_of_sequences_and_the_end_of_the_course(
    names: str, previous: str | None, following: str
) -> None:
    """content.md, P21."""
    found = go(names)

    assert (short(found.previous), short(found.next)) == (previous, following)


def test_p21_what_is_not_visible_is_passed_by() -> None:
    """content.md, P21 with P12."""
    hidden = [node("s2", node("u3"), **HIDDEN), node("s3", node("u4"), hide_from_toc=True)]
    course = outline(node("w1", node("s1", node("u1"), node("u2", **HIDDEN)), *hidden, node("s4", node("u5"))))

    assert short(go("u1", course).next) == "s4/first"
    assert short(go("u5", course).previous) == "s1/last"
    assert short(go("u1", course, Role.STAFF).next) == "s1/u2"
    aside = go("s3/u4", course)
    assert (aside.flags, aside.previous, aside.next) == (frozenset({Flag.HIDE_FROM_TOC}), None, None)


def test_p22_what_is_nested_in_a_unit_leads_to_that() -> None:
    """content.md, P22."""
    course = outline(node("w1", node("s1", node("split_test/x1", node("vertical/u1", node("problem/p1"))))))

    assert short(go("u1", course).canonical) == "s1/x1#u1"
    assert short(go("s1/p1", course).canonical) == "s1/x1#p1"


def test_p23_a_unit_that_stands_in_no_sequence_is_said_to() -> None:
    """content.md, P23."""
    course = outline(node("w1", node("vertical/u1"), node("s1", node("u2"))))

    for names in ("u1", "w1/u1", "s1/u1"):
        found = go(names, course)
        assert found.problem is not None
        assert (found.problem.code, found.target) == (Code.NO_SEQUENCE, BASE)


def test_a_sequence_that_stands_in_no_section_is_found() -> None:
    course = outline(node("sequential/s1", node("vertical/u1")))

    found = go("", course)

    assert (short(found.canonical), found.section) == ("s1/u1", None)


SLUGS = Slugs.of(
    [
        Named(key("s1"), None, "Being_Social", is_current=True),
        Named(key("s1"), None, "Social", is_current=False),
        Named(key("u2"), key("s1"), "Teams", is_current=True),
        Named(key("u5"), key("s3"), "Teams", is_current=True),
        Named(key("s3"), None, "Later", is_current=True),
    ]
)


@pytest.mark.parametrize(
    ("names", "canonical", "readable"),
    [
        ("Being_Social/Teams", "s1/u2", "Being_Social/Teams"),
        ("being_social/teams", "s1/u2", "Being_Social/Teams"),
        ("Social/Teams", "s1/u2", "Being_Social/Teams"),
        ("Being_Social/u2", "s1/u2", "Being_Social/Teams"),
        ("s1/Teams", "s1/u2", "Being_Social/Teams"),
        ("s1/u2", "s1/u2", "Being_Social/Teams"),
        ("Later/Teams", "s3/u5", "Later/Teams"),
        ("Later", "s3/u5", "Later/Teams"),
        ("Later/last", "s3/u2", None),
        ("Teams", None, None),
        ("w1/Teams", None, None),
        ("Being_Social/Being_Social", None, None),
    ],
)
def test_p25_slugs_lead_where_ids_do(names: str, canonical: str | None, readable: str | None) -> None:
    """spec/courseware-paths.md, "Further work"; content.md, P25: former ones and ids keep working."""
    found = go(names, slugs=SLUGS)

    assert short(found.canonical) == canonical
    assert short(found.readable) == readable
    if canonical and names != "s1/u2":
        assert found.steps[0].rule is Rule.SPELLING


def test_a_unit_outside_its_sequence_is_found_and_flagged() -> None:
    """content.md, "Inconsistencies", 7: form 6 with a unit outside its sequence is form 5, and misplaced."""
    found = go("s1/u5")

    assert steps(found) == [("drop_sequence", "u5"), ("sequence_of_unit", "s3/u5")]
    assert (found.form, found.flags) == (Form.SEQUENCE_AND_UNIT, frozenset({Flag.MISPLACED}))


@pytest.mark.parametrize("page", ["home", "live", "dates", "discussion", "progress", "course-end", "access-denied"])
def test_reserved_words_are_pages_and_no_ids(page: str) -> None:
    """content.md, the table's last row."""
    found = go(page)

    assert (found.form, short(found.canonical), found.unit, found.steps) == (Form.PAGE, page, None, ())


def test_the_learner_goes_on_where_they_were() -> None:
    """content.md, form 1: where the last block is known, to the sixth form at once."""
    found = go("", whereabouts=Whereabouts(resume=(key("s3"), key("u2"))))

    assert steps(found) == [("resume", "s3/u2")]
    assert go("").asks_resume
    assert not go("s1").asks_resume


@pytest.mark.parametrize("place", [("s9", "u1"), ("s1", "u9"), ("s2", "u1"), ("w1", "u1")])
def test_a_place_that_is_no_more_is_not_gone_on_to(place: tuple[str, str]) -> None:
    found = go("", whereabouts=Whereabouts(resume=(key(place[0]), key(place[1]))))

    assert short(found.canonical) == "s1/u1"


def test_an_answer_names_the_sequences_that_it_depends_on() -> None:
    assert go("").asks == {key("s1")}
    assert go("u5").asks == {key("s3")}
    assert go("u9").asks == frozenset()


def test_by_its_keys_alone_a_path_loses_its_section() -> None:
    """spec/courseware-paths.md, form 3: nothing of the course is needed for it."""
    assert short(str(by_rule(read(path("w1/u9"))))) == "u9"
    assert short(str(by_rule(read(path("s1/u9"))))) == "s1/u9"
    assert short(str(by_rule(read(path("w1"))))) == "w1"


NAMES = ["chapter/p", "chapter/q", "sequential/k", "sequential/l", "vertical/a", "vertical/b", "vertical/v", "html/x"]
segments = st.sampled_from(NAMES).map(lambda name: str(BlockKey(RUN, *name.split("/")))) | st.sampled_from(
    ["first", "last", "home", "slug", "block-v1:a+b+c+type@vertical+block@a", "%2525", ""]
)
whereabouts = st.builds(
    Whereabouts,
    resume=st.none() | st.tuples(st.just(Key("sequential", "k")), st.just(Key("vertical", "a"))),
    positions=st.dictionaries(st.just(Key("sequential", "k")), st.integers(-1, 4) | st.none()),
)


@given(
    trees(),
    st.lists(segments, max_size=2),
    st.sampled_from(list(Role)),
    whereabouts,
    st.sampled_from(["", "?a=b", "#c"]),
)
@settings(max_examples=100, deadline=None)
def test_any_path_of_any_course_ends_within_three_hops_where_it_stays(
    course: Outline, ids: list[str], role: Role, known: Whereabouts, end: str
) -> None:
    """spec/courseware-paths.md, "Decision": all forms redirect to the canonical one, which redirects no more."""
    places = courseware(course)
    audience = Audience(role, NOW, {101: frozenset({1})})
    asked = "/".join([BASE, *ids]) + end

    found = resolve(places, RUN, asked, audience, whereabouts=known)

    assert len([step for step in found.steps if step.rule is not Rule.SPELLING]) <= 3
    assert (found.canonical is None) == (found.problem is not None)
    if found.canonical is not None:
        again = resolve(places, RUN, found.canonical, audience, whereabouts=known)
        assert (again.canonical, again.steps) == (found.canonical, ())
        assert (again.unit, again.sequence, again.next) == (found.unit, found.sequence, found.next)
        assert found.steps == () or found.steps[-1].path == found.canonical
    for way in (found.next, found.previous, found.target):
        if way is not None and way.startswith("/course"):
            on = resolve(places, RUN, way, audience)
            assert on.problem is None or found.problem is not None


@given(trees(), st.lists(segments, max_size=2))
@settings(max_examples=60, deadline=None)
def test_each_step_of_a_way_leads_to_the_same_place(course: Outline, ids: list[str]) -> None:
    """Whoever follows only some of the redirections comes to the same end."""
    places, audience = courseware(course), Audience(Role.LEARNER, NOW, {101: frozenset({1})})
    found = resolve(places, RUN, "/".join([BASE, *ids]), audience)

    if found.canonical is not None:
        for step in found.steps:
            assert resolve(places, RUN, step.path, audience).canonical == found.canonical


@pytest.mark.parametrize("written", ["", "nonsense", "/course/%ff"])
def test_a_text_that_is_no_path_is_an_answer_and_no_failure(written: str) -> None:
    found = resolve(courseware(PLAIN), RUN, written, Audience(Role.LEARNER, NOW))

    assert found.canonical is None
    assert found.problem is not None
    assert found.problem.code is Code.MALFORMED
