"""Paths for whoever asks, with the content that is here and what the LMS tells."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, text, update

from db.tables import CourseRun, Learner, LearnerEnrollment, Organization, RoleGrant
from edx.simulator.world import LastBlock
from resolvers.access import PERMISSIONS, Role, Viewer
from resolvers.errors import BadUserInput, FeatureDisabled, Forbidden, ServiceUnavailable
from resolvers.learners import Learners
from resolvers.paths.answers import Code, Denied, Flag
from resolvers.paths.service import MOST_PATHS, Asker, Found, Paths
from resolvers.paths.whereabouts import MOST_CALLS
from tests.asking import ANONYMOUS, AUTHOR
from tests.edx.courseware import BASE as BLOCKS
from tests.edx.simulator.situations import CS101, CS102
from tests.resolvers.paths.conftest import NOW, OLX, School

BASE = f"/course/{CS101}"
SQLITE = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


def at(names: str) -> str:
    """`first/u1` written out."""
    kinds = {"one": "chapter", "two": "chapter", "first": "sequential", "second": "sequential", "third": "sequential"}
    parts = [f"{BLOCKS}+type@{kinds.get(name, 'vertical')}+block@{name}" for name in names.split("/") if name]
    return "/".join([BASE, *parts])


async def ask(school: School, texts: Sequence[str], viewer: Viewer, **more: Any) -> list[Found]:
    asker = Asker(viewer, frozenset().union(*(PERMISSIONS[role] for role in viewer.roles)), **more)
    async with school.database.reading() as snapshot:
        return await school.paths.resolve(snapshot, asker, texts)


async def one(school: School, names: str, viewer: Viewer, **more: Any) -> Found:
    [found] = await ask(school, [at(names)], viewer, **more)
    return found


async def enroll(school: School, username: str, mode: str | None = "audit") -> None:
    """Have a copy of what the LMS has of a learner."""
    async with school.database.writing() as session:
        session.add(Learner(username=username, enrollments_at=NOW))
        if mode:
            session.add(LearnerEnrollment(username=username, course_key=CS101, mode=mode, is_active=True, known_at=NOW))


async def test_a_path_leads_into_the_content_that_the_run_has(school: School) -> None:
    found = await one(school, "", school.learner())

    assert found.resolution.canonical == at("first/u0")
    assert (str(found.run), len(found.version or "")) == (CS101, 64)


@SQLITE
async def test_a_change_of_content_is_seen_at_once(school: School) -> None:
    before = await one(school, "first/u1", school.learner())
    version = await school.bring(OLX.replace(b'url_name="u1"', b'url_name="u9"'))

    after = await one(school, "first/u1", school.learner())

    assert (before.resolution.problem, after.version) == (None, version)
    assert after.resolution.problem is not None


@SQLITE
async def test_p24_staff_see_a_version_that_was(school: School) -> None:
    """content.md, P24: by the argument, or by the path's own query; learners see what there is now."""
    old = (await one(school, "", AUTHOR)).version
    await school.bring(OLX.replace(b'url_name="u1"', b'url_name="u9"'))
    pinned = f"{at('first/u1')}?version={old}"

    assert (await one(school, "first/u1", AUTHOR, version=old)).resolution.canonical == at("first/u1")
    [by_query, learners] = [(await ask(school, [pinned], viewer))[0] for viewer in (AUTHOR, school.learner())]
    assert (by_query.resolution.canonical, by_query.version) == (pinned, old)
    assert learners.resolution.problem is not None
    [other] = await ask(school, [f"{at('first/u9')}?show={old}"], AUTHOR)
    assert (other.resolution.problem, other.version == old) == (None, False)
    unknown = (await one(school, "first/u1", AUTHOR, version="0" * 64)).resolution.problem
    assert unknown is not None
    assert (unknown.code, unknown.fallback) == (Code.VERSION_NOT_FOUND, at("first/u1"))


@SQLITE
async def test_staff_see_what_learners_do_not_and_what_learners_will_see(school: School) -> None:
    """content.md, P12, S1 and S11."""
    later = datetime(2026, 2, 1, tzinfo=UTC)

    assert (await one(school, "third/u4", AUTHOR)).resolution.flags == {Flag.NOT_STARTED}
    assert (await one(school, "secret", AUTHOR)).resolution.flags == {Flag.STAFF_ONLY}
    assert (await one(school, "third", school.learner())).resolution.canonical is None
    assert (await one(school, "third", AUTHOR, username="alice")).resolution.canonical is None
    assert (await one(school, "third", AUTHOR, username="alice", at=later)).resolution.canonical == at("third/u4")


@SQLITE
@pytest.mark.parametrize("more", [{"username": "bob"}, {"at": NOW}, {"version": "0" * 64}])
async def test_other_learners_times_and_versions_are_for_staff(school: School, more: dict[str, Any]) -> None:
    with pytest.raises(Forbidden):
        await one(school, "", school.learner(), **more)


@SQLITE
@pytest.mark.parametrize(
    ("more", "count"),
    [({"username": " "}, 1), ({"at": datetime(2026, 1, 1)}, 1), ({}, MOST_PATHS + 1)],  # noqa: DTZ001
)
async def test_what_makes_no_sense_is_refused(school: School, more: dict[str, Any], count: int) -> None:
    with pytest.raises(BadUserInput):
        await ask(school, [BASE] * count, AUTHOR, **more)


@SQLITE
@pytest.mark.parametrize(
    ("text", "code", "fallback"),
    [
        ("nonsense", Code.MALFORMED, None),
        ("/course/course-v1:a+b+c/x", Code.NOT_FOUND, "/course/course-v1:a+b+c/x"),
        (f"/course/{CS102}/", Code.NO_CONTENT, f"/course/{CS102}"),
    ],
)
async def test_what_is_not_here_is_said_to_and_left_to_the_front_end(
    school: School, text: str, code: Code, fallback: str | None
) -> None:
    """content.md, P13."""
    [found] = await ask(school, [text], school.learner())

    assert found.resolution.problem is not None
    assert (found.resolution.problem.code, found.resolution.problem.fallback) == (code, fallback)


@SQLITE
async def test_a_run_that_a_viewer_does_not_see_is_as_one_that_is_not_there(school: School) -> None:
    """content.md, P13: restricted runs, and those of contracts of others, are found by no path."""
    async with school.database.writing() as session:
        await session.execute(update(CourseRun).values(is_restricted=True))

    hidden = await one(school, "first", school.learner())

    assert hidden.resolution.problem is not None
    assert (hidden.resolution.problem.code, hidden.run, hidden.version) == (Code.NOT_FOUND, None, None)
    assert (await one(school, "first", AUTHOR)).resolution.canonical == at("first/u0")


@SQLITE
async def test_nobody_is_told_anything_but_to_sign_in(school: School) -> None:
    found = await ask(school, [at("first"), "/course/course-v1:a+b+c", "nonsense"], ANONYMOUS)

    assert [each.resolution.denied for each in found] == [Denied.AUTHENTICATION_REQUIRED] * 2 + [None]
    assert [(each.run, each.version) for each in found] == [(None, None)] * 3


@SQLITE
async def test_who_is_known_not_to_be_enrolled_has_no_access(school: School) -> None:
    """content.md, P19."""
    await enroll(school, "bob", None)
    await enroll(school, "carol")

    assert (await one(school, "first", school.learner("bob"))).resolution.denied is Denied.ENROLLMENT_REQUIRED
    assert (await one(school, "first", school.learner("carol"))).resolution.canonical == at("first/u0")


@SQLITE
@pytest.mark.parametrize(("mode", "unit"), [("verified", "u2"), ("audit", None), ("unheard-of", None)])
async def test_the_mode_of_an_enrollment_is_a_group(school: School, mode: str, unit: str | None) -> None:
    """content.md, S9: the partition of enrollment tracks."""
    await enroll(school, "carol", mode)

    found = await one(school, "u2", school.learner("carol"))

    assert found.resolution.canonical == (unit and at(f"first/{unit}"))


async def test_authors_of_an_organization_are_staff_in_its_runs(school: School) -> None:
    """A role that holds for one organization."""
    author = school.learner("author", by_lms=False)
    assert (await one(school, "secret", author)).resolution.problem is not None
    async with school.database.writing() as session:
        organization = await session.scalar(select(Organization.id))
        session.add(RoleGrant(username="author", role="author", organization_id=organization, granted_by="admin"))

    assert (await one(school, "secret", author)).resolution.flags == frozenset({Flag.STAFF_ONLY})
    assert (await one(school, "secret", author, username="author")).resolution.problem is not None
    assert (await one(school, "secret", school.learner())).resolution.problem is not None


async def test_many_paths_take_as_many_statements_as_one(school: School) -> None:
    async with school.database.reading() as snapshot:
        asker = Asker(AUTHOR, AUTHOR.permissions)
        await school.paths.resolve(snapshot, asker, [BASE])  # the content is in memory from now on
        warm = snapshot.statements
        await school.paths.resolve(snapshot, asker, [at("first/u1"), f"/course/{CS102}", BASE] * 100)
        assert snapshot.statements - warm == 2, "runs with their content, slugs"
        many = snapshot.statements
        learner = school.learner()
        await school.paths.resolve(snapshot, Asker(learner, learner.permissions), [at("first/u1"), BASE] * 250)
        assert snapshot.statements - many == 4, "the same, and as of when enrollments are, and enrollments"


@SQLITE
async def test_without_content_there_are_no_paths(school: School) -> None:
    bare = Paths(None, Learners(school.database).mirror)
    async with school.database.reading() as snapshot:
        with pytest.raises(FeatureDisabled):
            await bare.resolve(snapshot, Asker(AUTHOR, AUTHOR.permissions), [BASE])


@SQLITE
async def test_content_that_cannot_be_read_is_said_to_for_now(school: School) -> None:
    async with school.database.writing() as session:
        await session.execute(text("DELETE FROM content_node"))
    with pytest.raises(ServiceUnavailable):
        await one(school, "", AUTHOR)


@SQLITE
async def test_the_lms_tells_learners_where_they_were(lms_school: School) -> None:
    """content.md, forms 1 and 4, P3 and P9."""
    alice = lms_school.learner()

    course, first, second = await ask(lms_school, [BASE, at("first"), at("second")], alice)

    assert [step.rule.value for step in course.resolution.steps] == ["resume"]
    assert course.resolution.canonical == at("first/u1")
    assert [step.rule.value for step in first.resolution.steps] == ["active_unit"]
    assert second.resolution.flags == {Flag.GATED}
    assert second.resolution.prerequisite is not None
    assert second.resolution.prerequisite.section_name == "First"


@SQLITE
async def test_where_they_were_may_be_in_a_sequence_that_is_gated(lms_school: School) -> None:
    """The LMS is asked again about where it led."""
    names = (f"{BLOCKS}+type@{kind}" for kind in ("problem+block@x", "sequential+block@second", "vertical+block@u3"))
    lms_school.situation.world.last_blocks["alice", CS101] = LastBlock(*names)

    found = await one(lms_school, "", lms_school.learner())

    assert (found.resolution.canonical, found.resolution.flags) == (at("second/u3"), frozenset({Flag.GATED}))


@SQLITE
@pytest.mark.parametrize(
    ("reason", "denied"),
    [("survey_required", Denied.SURVEY_REQUIRED), ("something_new", Denied.ENROLLMENT_REQUIRED)],
)
async def test_the_lms_tells_who_has_no_access(lms_school: School, reason: str, denied: Denied) -> None:
    """content.md, P19."""
    lms_school.situation.world.denials["alice", CS101] = reason

    assert (await one(lms_school, "first", lms_school.learner())).resolution.denied is denied


@SQLITE
async def test_the_lms_knows_better_than_the_copies_who_has_access(lms_school: School) -> None:
    """content.md, P19: who has enrolled just now, or is let in otherwise."""
    await enroll(lms_school, "alice", None)

    assert (await one(lms_school, "first/u0", lms_school.learner())).resolution.canonical == at("first/u0")


@SQLITE
async def test_without_a_token_of_the_lms_or_for_others_the_first_unit_it_is(lms_school: School) -> None:
    by_application = lms_school.learner(by_lms=False)
    admin = Viewer("plain_worker", frozenset({Role.ADMIN}), authorization=lms_school.learner().authorization)

    for viewer, more in ((by_application, {}), (admin, {"username": "alice"}), (admin, {})):
        found = await one(lms_school, "first", viewer, **more)
        assert found.resolution.canonical == at("first/u0")


@SQLITE
@pytest.mark.parametrize("authorization", ["JWT forged", "Bearer what"])
async def test_an_lms_that_does_not_answer_is_done_without(lms_school: School, authorization: str) -> None:
    viewer = Viewer("alice", frozenset({Role.LEARNER}), authorization=authorization)

    assert (await one(lms_school, "first", viewer)).resolution.canonical == at("first/u0")


@SQLITE
async def test_the_lms_is_not_asked_about_paths_that_lead_nowhere(lms_school: School) -> None:
    found, unknown = await ask(lms_school, [BASE, "/course/course-v1:No+Such+Run"], lms_school.learner())

    assert found.resolution.canonical == at("first/u1")
    assert (unknown.run, unknown.resolution.canonical) == (None, None)
    assert unknown.resolution.problem is not None


@SQLITE
async def test_more_courses_than_are_kept_are_made_again(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resolvers.paths.places.MOST_BLOCKS", 1)
    old = (await one(school, "", AUTHOR)).version
    await school.bring(OLX.replace(b'url_name="u1"', b'url_name="u9"'))

    for _ in range(2):
        assert (await one(school, "first/u1", AUTHOR)).resolution.problem is not None
        assert (await one(school, "first/u1", AUTHOR, version=old)).resolution.canonical == at("first/u1")


@SQLITE
async def test_an_lms_that_is_slow_is_not_waited_for(lms_school: School) -> None:
    assert lms_school.paths._learners_places is not None
    lms_school.paths._learners_places._patience = 0

    assert (await one(lms_school, "first", lms_school.learner())).resolution.canonical == at("first/u0")


@SQLITE
async def test_the_lms_is_asked_for_so_much_and_no_more(lms_school: School) -> None:
    sequence = b'<sequential url_name="q%d"><vertical url_name="v%d" display_name="V"/></sequential>'
    sequences = b"".join(sequence % (number, number) for number in range(40))
    await lms_school.bring(OLX.replace(b"</course>", b'<chapter url_name="big">%s</chapter></course>' % sequences))
    asked: list[str] = []
    http = lms_school.paths._learners_places._records._http  # type: ignore[union-attr]
    call = http.call

    async def counted(method: str, path: str, **more: Any) -> Any:
        asked.append(path)
        return await call(method, path, **more)

    http.call = counted  # type: ignore[method-assign]
    texts = [f"{BASE}/{BLOCKS}+type@sequential+block@q{number}" for number in range(40)]

    found = await ask(lms_school, [BASE, *texts], lms_school.learner())

    assert len([path for path in asked if "/courseware/" in path]) == MOST_CALLS
    assert all(each.resolution.canonical for each in found)
