"""Progress through GraphQL: from the LMS's certificates and enrollments to what a dashboard shows."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from db.tables import (
    Program,
    ProgramCertificate,
    ProgramCourseRunMode,
    ProgramRequirement,
    ProgramUser,
    RequirementKind,
)
from edx.simulator import Fault, Kind
from resolvers.learners import Links
from tests.asking import ADMIN, AUTHOR
from tests.catalog import uuid
from tests.resolvers.learners.conftest import CERTIFICATES, MANY, ONE, OTHER_RUN, RUN, Campus

PROGRAM = f"Program:{uuid(1)}"
PROGRESS = """isCompleted needed done isStale enrollmentsAsOf certificatesAsOf
    courses { course { key } state runs { courseKey courseRun { key } standing modes enrollmentMode certificateMode
        certificateUrl grade awardedAt } }
    requirements { position isMet needed done }
    nextActions { kind course { key } courseKey courseRun { displayName } mode url }"""
DASHBOARD = f"""{{ viewer {{ programs {{ nodes {{ status completedAt certificate {{ uuid revokedAt }}
    program {{ name }} progress {{ {PROGRESS} }} }} }} }} }}"""
LEARNER = f"""query ($id: ID!, $name: String) {{ program(id: $id) {{ learner(username: $name) {{ username
    association {{ status source }} progress {{ {PROGRESS} }} }} }} }}"""


async def statuses(campus: Campus) -> dict[int, str]:
    async with campus.database.writing() as session:
        rows = await session.execute(select(ProgramUser.program_id, ProgramUser.status))
        return {program: status.value for program, status in rows}


async def certificates(campus: Campus) -> list[tuple[str, int, bool]]:
    of = ProgramCertificate
    async with campus.database.writing() as session:
        rows = await session.execute(select(of.username, of.program_id, of.revoked_at).order_by(of.id))
        return [(name, program, revoked is None) for name, program, revoked in rows]


async def test_a_dashboard_shows_what_is_enrolled_done_and_left(campus: Campus) -> None:
    campus.learners.links = Links("https://lms.example.org", "https://shop.example.org")
    campus.enroll("ada", OTHER_RUN, mode="verified")
    campus.certify("ada", OTHER_RUN)
    at = campus.clock[0].isoformat().replace("+00:00", "Z")

    data = await campus.data(DASHBOARD, campus.viewer("ada"))

    first, second = data["viewer"]["programs"]["nodes"]
    assert (first["program"]["name"], first["status"], second["program"]["name"]) == (
        "Program 1",
        "ACTIVE",
        "Program 5",
    )
    progress = first["progress"]
    assert (progress["isCompleted"], progress["needed"], progress["done"], progress["isStale"]) == (False, 4, 1, False)
    assert (progress["enrollmentsAsOf"], progress["certificatesAsOf"]) == (at, at)
    assert [(course["course"]["key"], course["state"]) for course in progress["courses"]] == [
        ("Org0X+C0.0x", "COMPLETED"),
        ("Org0X+C1.0x", "NOT_STARTED"),
        ("Org0X+C2.0x", "NOT_STARTED"),
        ("Org1X+C0.0x", "NOT_STARTED"),
    ]
    assert progress["courses"][0]["runs"] == [
        {
            "courseKey": RUN, "courseRun": {"key": RUN}, "standing": "OPEN", "modes": ["verified", "audit"],
            "enrollmentMode": None, "certificateMode": None, "certificateUrl": None, "grade": None, "awardedAt": None,
        },
        {
            "courseKey": OTHER_RUN, "courseRun": {"key": OTHER_RUN}, "standing": "COUNTS",
            "modes": ["verified", "audit"], "enrollmentMode": "verified", "certificateMode": "verified",
            "certificateUrl": "/certificates/1", "grade": "0.9", "awardedAt": "2026-02-01T00:00:00Z",
        },
    ]  # fmt: skip
    assert progress["requirements"][0] == {"position": 0, "isMet": False, "needed": 4, "done": 1}
    assert progress["nextActions"] == []


async def test_a_learner_with_a_token_has_one_call_for_each_kind_and_a_repeat_none(campus: Campus) -> None:
    campus.enroll("ada")
    viewer = campus.viewer("ada", has_token=True)

    await campus.data(DASHBOARD, viewer)
    assert campus.calls() == {ONE: 1, CERTIFICATES: 1}
    await campus.data(DASHBOARD, viewer)
    assert campus.calls() == {}
    campus.passes(minutes=6)
    await campus.data(DASHBOARD, viewer)
    assert campus.calls() == {ONE: 1}


async def test_a_warm_dashboard_takes_as_many_statements_for_many_programs_as_for_one(campus: Campus) -> None:
    """Freshness, associations, revisions of programs, enrollments, certificates; courses, runs and awards."""
    campus.enroll("ada")
    for query, expected in (("{ viewer { programs(first: 1) { nodes { progress { done } } } } }", 5), (DASHBOARD, 8)):
        await campus.data(query, campus.viewer("ada"))
        await campus.data(query, campus.viewer("ada"))
        assert campus.asking.statements == expected


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("most", [0, 100])
async def test_a_curriculum_is_read_again_when_a_program_that_it_requires_has_changed(
    campus: Campus, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """However many a process keeps."""
    monkeypatch.setattr("resolvers.learners.curricula.MOST_KEPT", most)
    campus.enroll("ada")
    of = ProgramRequirement
    async with campus.database.writing() as session:
        await session.execute(update(of).where(of.required_program_id.is_not(None)).values(required_program_id=2))

    async def needed() -> dict[str, int]:
        nodes = (await campus.data(DASHBOARD, campus.viewer("ada")))["viewer"]["programs"]["nodes"]
        return {node["program"]["name"]: node["progress"]["needed"] for node in nodes}

    before = await needed()
    assert await needed() == before
    async with campus.database.writing() as session:
        await session.execute(delete(of).where(of.program_id == 2))
        await session.execute(update(Program).where(Program.id == 2).values(revision=Program.revision + 1))
    after = await needed()

    assert before["Program 1"] > 1
    assert (after["Program 1"], before["Program 5"] - after["Program 5"]) == (0, before["Program 1"] - 1)


async def test_progress_of_a_hundred_learners_is_one_call_for_enrollments_and_one_each_for_certificates(
    campus: Campus,
) -> None:
    names = [f"learner{number:03}" for number in range(100)]
    async with campus.database.writing() as session:
        session.add_all(ProgramUser(username=name, program_id=2, source="registration") for name in names)
    for name in names[::10]:
        campus.enroll(name, mode="verified")
        campus.certify(name)
    query = """query ($id: ID!) { program(id: $id) { users(first: 100) { nodes { username
        progress { done isStale } } } } }"""

    data = await campus.data(query, ADMIN, id=PROGRAM)

    users = data["program"]["users"]["nodes"]
    assert [user["progress"] for user in users] == [
        {"done": int(name in names[::10]), "isStale": False} for name in names
    ]
    assert campus.calls() == {MANY: 1, CERTIFICATES: 100}


async def test_any_learner_is_seen_from_a_program_by_staff_and_oneself_by_everybody(campus: Campus) -> None:
    campus.enroll("ada", mode="verified")
    own = (await campus.data(LEARNER, campus.viewer("ada"), id=PROGRAM))["program"]["learner"]
    named = (await campus.data(LEARNER, campus.viewer("ada"), id=PROGRAM, name="ada"))["program"]["learner"]
    by_staff = (await campus.data(LEARNER, ADMIN, id=PROGRAM, name="ada"))["program"]["learner"]

    assert own == named == by_staff
    assert (own["username"], own["association"]) == ("ada", None)
    assert own["progress"]["courses"][0]["state"] == "IN_PROGRESS"
    await campus.names(ADMIN, "ada")
    own = (await campus.data(LEARNER, campus.viewer("ada"), id=PROGRAM))["program"]["learner"]
    assert own["association"] == {"status": "ACTIVE", "source": "LISTING"}


async def test_learners_and_authors_see_nobody_elses_progress(campus: Campus) -> None:
    for viewer in (campus.viewer("ada"), AUTHOR):
        response = await campus.asking.response(LEARNER, {"id": PROGRAM, "name": "bob"}, viewer=viewer)
        [error] = response["errors"]
        assert (error["extensions"]["code"], error["path"]) == ("FORBIDDEN", ["program", "learner"])
        assert response["data"] == {"program": None}
    assert campus.calls() == {}


async def test_completing_the_last_course_completes_the_association_and_awards_a_certificate(small: Campus) -> None:
    """spec/programs.md, "Progress, Completion, and Certification"."""
    small.enroll("ada", mode="verified")
    await small.data(DASHBOARD, small.viewer("ada"))
    assert await statuses(small) == {2: "active", 6: "active"}
    small.certify("ada")
    small.passes(hours=2)

    data = await small.data(DASHBOARD, small.viewer("ada"))

    first, second = data["viewer"]["programs"]["nodes"]
    assert (first["status"], first["progress"]["isCompleted"]) == ("COMPLETED", True)
    assert first["completedAt"] is not None
    assert (first["certificate"]["revokedAt"], second["certificate"]) == (None, None)
    assert await certificates(small) == [("ada", 2, True)]


async def test_what_was_completed_before_the_association_is_completed_at_once(small: Campus) -> None:
    """§4, row 17: a certificate earned before there was an association."""
    small.enroll("ada", mode="verified")
    small.certify("ada")
    await small.data(LEARNER, ADMIN, id=PROGRAM, name="ada")
    assert await statuses(small) == {}

    await small.names(ADMIN, "ada")

    assert await statuses(small) == {2: "completed", 6: "active"}


async def test_a_lost_certificate_takes_the_completion_back_and_another_one_brings_it_again(small: Campus) -> None:
    small.enroll("ada", mode="verified")
    small.certify("ada")
    viewer = small.viewer("ada")
    await small.data(DASHBOARD, viewer)
    small.certify("ada", passing=False)
    small.passes(hours=2)
    await small.data(DASHBOARD, viewer)
    assert await statuses(small) == {2: "active", 6: "active"}
    assert await certificates(small) == [("ada", 2, False)]

    small.certify("ada", OTHER_RUN)
    small.passes(hours=2)
    await small.data(DASHBOARD, viewer)

    assert await statuses(small) == {2: "completed", 6: "active"}
    assert await certificates(small) == [("ada", 2, True)]


async def test_what_a_program_comes_to_require_later_does_not_take_a_completion_back(small: Campus) -> None:
    small.enroll("ada", mode="verified")
    small.certify("ada")
    viewer = small.viewer("ada")
    await small.data(DASHBOARD, viewer)
    async with small.database.writing() as session:
        root = await session.scalar(
            select(ProgramRequirement.id).where(ProgramRequirement.program_id == 2, ProgramRequirement.sequence == 0)
        )
        await session.execute(update(Program).where(Program.id == 2).values(revision=Program.revision + 1))
        session.add(
            ProgramRequirement(
                program_id=2, parent_id=root, sequence=9, depth=1, kind=RequirementKind.COURSE, course_id=2
            )
        )
    small.passes(hours=2)

    data = await small.data(DASHBOARD, viewer)

    first = data["viewer"]["programs"]["nodes"][0]
    assert (first["status"], first["progress"]["isCompleted"]) == ("COMPLETED", False)


async def test_an_ended_association_is_not_completed(small: Campus) -> None:
    small.enroll("ada", mode="verified")
    viewer = small.viewer("ada")
    await small.names(viewer)
    await small.data(
        f'mutation {{ leaveProgram(input: {{program: "{PROGRAM}"}}) {{ userErrors {{ code }} }} }}', viewer
    )
    small.certify("ada")
    small.passes(hours=2)
    await small.data(LEARNER, viewer, id=PROGRAM)

    assert await statuses(small) == {2: "deleted", 6: "active"}
    assert await certificates(small) == []


async def test_next_actions_lead_to_the_shop_for_what_has_a_sku_and_else_to_the_lms(small: Campus) -> None:
    """spec/programs.md, "Enrollment Integration"."""
    async with small.database.writing() as session:
        for mode in await session.scalars(select(ProgramCourseRunMode).where(ProgramCourseRunMode.program_id == 2)):
            mode.sku = "8CF 08E5"
    query = LEARNER.replace(PROGRESS, "nextActions { kind courseKey mode url course { key } courseRun { key } }")

    async def action(links: Links) -> Any:
        small.learners.links = links
        data = await small.data(query, small.viewer("ada"), id=PROGRAM)
        return data["program"]["learner"]["progress"]["nextActions"][0]

    shop = Links("https://lms.example.org", "https://shop.example.org")
    assert (await action(shop)) == {
        "kind": "ENROLL", "courseKey": RUN, "mode": "verified", "course": {"key": "Org0X+C0.0x"},
        "courseRun": {"key": RUN}, "url": "https://shop.example.org/basket/add/?sku=8CF%2008E5",
    }  # fmt: skip
    assert (await action(replace(shop, ecommerce=None)))["url"] == f"https://lms.example.org/course_modes/choose/{RUN}/"
    assert (await action(Links()))["url"] is None


async def test_a_run_tells_whoever_asks_of_their_own_active_enrollment(campus: Campus) -> None:
    campus.enroll("ada", mode="honor")
    campus.enroll("ada", OTHER_RUN, active=False)
    query = """{ courseRuns(filter: {course: "Org0X+C0.0x"}) { nodes {
        key viewerEnrollment { mode isActive enrolledAt } } } }"""

    nodes = (await campus.data(query, campus.viewer("ada")))["courseRuns"]["nodes"]

    enrolled = {"mode": "honor", "isActive": True, "enrolledAt": "2026-02-01T00:00:00Z"}
    assert [(node["key"], node["viewerEnrollment"]) for node in nodes][:2] == [(RUN, enrolled), (OTHER_RUN, None)]
    assert campus.calls() == {MANY: 1}
    await campus.data(query, campus.viewer("ada"))
    assert (campus.calls(), campus.asking.statements) == ({}, 3)


async def test_progress_is_shown_and_marked_while_the_lms_is_down(campus: Campus) -> None:
    campus.enroll("ada", mode="verified")
    campus.certify("ada")
    viewer = campus.viewer("ada")
    before = await campus.data(DASHBOARD, viewer)
    campus.passes(hours=2)
    campus.breaks(Fault(Kind.CUT))

    response = await campus.asking.response(DASHBOARD, viewer=viewer)

    assert len(response["extensions"]["warnings"]) == 1
    after = response["data"]
    for node in before["viewer"]["programs"]["nodes"]:
        node["progress"]["isStale"] = True
    assert after == before
