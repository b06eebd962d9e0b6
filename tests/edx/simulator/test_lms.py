"""What the LMS does that single recordings do not show: walks over pages, changes, and visibility."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from edx.simulator.lms import lms_app
from edx.simulator.lms.organizations import NO_TEXT
from edx.simulator.seed import seed_world
from tests.edx.simulator.replay import Situation, jwt_of
from tests.edx.simulator.situations import BIO1, CS101, CS102, EMPTY
from tests.serving import serving

COURSES = "/api/courses/v1/courses/"
ENROLLMENT = "/api/enrollment/v1/enrollment"
ENROLLMENTS = "/api/enrollment/v1/enrollments/"
MODES = f"/api/course_modes/v1/courses/{CS101}/"
ORGANIZATIONS = "/api/organizations/v0/organizations/"


async def walked(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    """The results of all pages, following `next`."""
    rows: list[dict[str, Any]] = []
    following: str | None = path
    while following:
        body = (await client.get(following)).json()
        rows += body["results"]
        following = body.get("pagination", body)["next"]
    return rows


def as_user(situation: Situation, username: str) -> dict[str, str]:
    return {"Authorization": f"JWT {jwt_of(situation, username)}"}


async def test_the_count_of_courses_is_an_estimate_that_shrinks_when_hidden_rows_are_reached(
    lms: httpx.AsyncClient,
) -> None:
    """recordings/README.md: 17 on page 1, 16 on page 2."""
    pages = [(await lms.get(COURSES, params={"page": page})).json() for page in (1, 2)]
    assert [page["pagination"]["count"] for page in pages] == [17, 16]
    assert [len(page["results"]) for page in pages] == [10, 6]


async def test_the_count_goes_down_by_the_hidden_rows_that_were_passed(
    situation: Situation, lms: httpx.AsyncClient
) -> None:
    situation.world.runs[CS102].staff_only = True
    body = (await lms.get(COURSES, params={"page_size": 2})).json()
    assert body["pagination"]["count"] == 16


async def test_a_walk_over_seeded_courses_gives_staff_every_run_and_a_visitor_the_visible(
    situation: Situation,
) -> None:
    now = datetime.fromtimestamp(situation.clock.now, UTC)
    situation.world.__dict__.update(vars(seed_world(1, now=now)))
    headers = as_user(situation, "collegium_worker")
    async with (
        serving(lms_app(situation.world, situation.options)) as url,
        httpx.AsyncClient(base_url=url, headers=headers) as client,
    ):
        all_rows = await walked(client, f"{COURSES}?page_size=100&username=collegium_worker")
        public = await walked(client, f"{COURSES}?page_size=100")
    assert [row["id"] for row in all_rows] == sorted(situation.world.runs)
    shown = {row["id"] for row in public}
    assert not any(run.staff_only for run in situation.world.runs.values() if run.id in shown)
    assert 1000 < len(shown) < len(all_rows)


@pytest.mark.parametrize(
    ("escape_titles", "name"), [(False, "Biology &"), (True, "Biology &amp; &lt;Life&gt;")], ids=["recorded", "older"]
)
async def test_titles_are_without_tags_or_in_older_releases_escaped(
    situation: Situation, escape_titles: bool, name: str
) -> None:
    """recordings/courses.json; domain/programs.md §3.7 for the older releases."""
    options = replace(situation.options, escape_titles=escape_titles)
    async with serving(lms_app(situation.world, options)) as url, httpx.AsyncClient(base_url=url) as client:
        assert (await client.get(COURSES + BIO1)).json()["name"] == name


async def test_courses_are_found_by_a_word_of_their_title(lms: httpx.AsyncClient) -> None:
    rows = (await lms.get(COURSES, params={"search_term": "steps"})).json()["results"]
    assert [row["id"] for row in rows] == [CS102]


async def test_a_team_sees_its_run_before_it_begins(situation: Situation, lms: httpx.AsyncClient) -> None:
    situation.world.runs[EMPTY].team = [*situation.world.runs[CS101].team]
    answer = await lms.get(f"{COURSES}{EMPTY}?username=carol", headers=as_user(situation, "carol"))
    assert answer.status_code == 200


async def test_a_run_for_staff_is_hidden_from_others_though_it_has_begun(
    situation: Situation, lms: httpx.AsyncClient
) -> None:
    situation.world.runs[CS101].staff_only = True
    statuses = [(await lms.get(f"{COURSES}{CS101}{query}")).status_code for query in ("", "?username=report_worker")]
    assert statuses == [404, 200]


async def test_a_run_not_begun_is_shown_while_enrollment_is_open(situation: Situation, lms: httpx.AsyncClient) -> None:
    situation.world.runs[EMPTY].enrollment_end = None
    assert (await lms.get(COURSES + EMPTY)).status_code == 200
    situation.world.runs[EMPTY].invitation_only = True
    assert (await lms.get(COURSES + EMPTY)).status_code == 404


@pytest.mark.parametrize("size", [1, 7, 100])
async def test_a_walk_over_enrollments_meets_every_row_once(
    situation: Situation, lms: httpx.AsyncClient, size: int
) -> None:
    rows = await walked(lms, f"{ENROLLMENTS}?page_size={size}")
    met = [(row["user"], row["course_id"]) for row in rows]
    assert len(met) == len(set(met)) == len(situation.world.enrollments)


async def test_enrollments_are_asked_for_by_email_and_name_together(lms: httpx.AsyncClient) -> None:
    answer = await lms.get(ENROLLMENTS, params={"username": "alice,bob", "email": "bob@example.org"})
    assert {row["user"] for row in answer.json()["results"]} == {"bob"}


async def test_enrollments_are_asked_for_by_several_courses(lms: httpx.AsyncClient) -> None:
    answer = await lms.get(ENROLLMENTS, params={"username": "alice", "course_ids": f"{CS101},{BIO1}"})
    assert {row["course_id"] for row in answer.json()["results"]} == {CS101, BIO1}


async def test_an_organization_that_was_put_is_listed_and_an_inactive_one_comes_back(lms: httpx.AsyncClient) -> None:
    for short_name in ("Org12X", "NewX"):
        body = {"name": "New", "short_name": short_name}
        assert (await lms.put(f"{ORGANIZATIONS}{short_name}/", json=body)).status_code == 200
    rows = await walked(lms, ORGANIZATIONS)
    assert [row["short_name"] for row in rows][-2:] == ["Org12X", "NewX"]


async def test_an_inactive_organization_is_not_found(lms: httpx.AsyncClient) -> None:
    assert (await lms.get(f"{ORGANIZATIONS}Org12X/")).json() == {"detail": "Not found."}


async def test_an_organization_cannot_be_patched_though_its_view_says_so(lms: httpx.AsyncClient) -> None:
    """domain/programs.md §3.5; recordings/organizations.json for the header."""
    answer = await lms.patch(f"{ORGANIZATIONS}Org01X/", json={"name": "New"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, PUT, PATCH, HEAD, OPTIONS")


async def test_an_organization_that_was_renamed_is_under_its_new_name_alone(lms: httpx.AsyncClient) -> None:
    body = (await lms.get(f"{ORGANIZATIONS}Org11X/")).json()
    renamed = await lms.put(f"{ORGANIZATIONS}Org11X/", json={"name": "Eleven", "short_name": "ElevenX"})
    assert renamed.json()["id"] == body["id"]
    statuses = [(await lms.get(f"{ORGANIZATIONS}{name}/")).status_code for name in ("Org11X", "ElevenX")]
    assert statuses == [404, 200]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ([], {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}),
        ({"name": None, "short_name": []}, {"name": ["This field may not be null."], "short_name": [NO_TEXT]}),
    ],
)
async def test_an_organization_that_makes_no_sense_is_refused_by_field(
    lms: httpx.AsyncClient, body: Any, errors: dict[str, Any]
) -> None:
    answer = await lms.put(f"{ORGANIZATIONS}Org11X/", json=body)
    assert (answer.status_code, answer.json()) == (400, errors)


@pytest.mark.parametrize("content", ["3", "null", '"x"', "[]", '{"course_details": 3}', '{"min_price": 1e999}'])
@pytest.mark.parametrize("path", [ENROLLMENT, MODES])
async def test_json_that_makes_no_sense_is_refused_everywhere(lms: httpx.AsyncClient, path: str, content: str) -> None:
    answer = await lms.post(path, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


async def test_a_learner_enrolls_and_leaves(situation: Situation, lms: httpx.AsyncClient) -> None:
    headers = as_user(situation, "carol")
    for active in (True, False):
        body = {"course_details": {"course_id": CS101}, "is_active": active}
        answer = await lms.post(ENROLLMENT, json=body, headers=headers)
        assert (answer.status_code, answer.json()["is_active"]) == (200, active)
    assert (await lms.get(ENROLLMENT, headers=headers)).json() == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"course_details": {"course_id": CS101}, "user": "alice"}, 404),
        ({}, 400),
        ({"course_details": {"course_id": "course-v1:No+Such+Run"}}, 400),
    ],
    ids=["for another", "no course", "unknown course"],
)
async def test_an_enrollment_that_cannot_be_is_refused(
    situation: Situation, lms: httpx.AsyncClient, body: dict[str, Any], status: int
) -> None:
    answer = await lms.post(ENROLLMENT, json=body, headers=as_user(situation, "carol"))
    assert answer.status_code == status


async def test_staff_enroll_nobody_who_does_not_exist(lms: httpx.AsyncClient) -> None:
    answer = await lms.post(ENROLLMENT, json={"course_details": {"course_id": CS101}, "user": "nobody"})
    assert (answer.status_code, answer.json()) == (406, {"message": "The user nobody does not exist."})


@pytest.mark.parametrize("credentials", ["Basic !!!", "Basic /w==", "Bearer x"])
async def test_credentials_that_are_none_give_no_token(lms: httpx.AsyncClient, credentials: str) -> None:
    form = {"grant_type": "client_credentials"}
    answer = await lms.post("/oauth2/access_token", data=form, headers={"Authorization": credentials})
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


async def test_a_plain_user_is_told_nothing_about_the_enrollment_of_another(
    situation: Situation, lms: httpx.AsyncClient
) -> None:
    """recordings/README.md: 404, empty."""
    answer = await lms.get(f"{ENROLLMENT}/alice,{CS101}", headers=as_user(situation, "carol"))
    assert (answer.status_code, answer.content) == (404, b"")


async def test_an_expired_mode_is_shown_on_request_only(situation: Situation, lms: httpx.AsyncClient) -> None:
    situation.world.runs[CS101].modes["verified"].expires = datetime(2026, 1, 1, tzinfo=UTC)
    slugs = [
        [mode["slug"] for mode in (await lms.get(f"/api/enrollment/v1/course/{CS101}{query}")).json()["course_modes"]]
        for query in ("", "?include_expired=1")
    ]
    assert slugs == [["audit"], ["audit", "verified"]]


@pytest.mark.parametrize(
    "body",
    [
        {"course_id": CS102},
        {"mode_slug": "other"},
        {"min_price": None},
        {"sku": ""},
        {"mode_display_name": 3},
        {"expiration_datetime": "soon"},
        {"expiration_datetime_is_explicit": "yes"},
    ],
)
async def test_a_patch_of_a_mode_that_may_not_be_changes_nothing(
    situation: Situation, lms: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    before = dict(situation.world.runs[CS101].modes)
    answer = await lms.patch(MODES + "verified", json=body, headers={"Content-Type": "application/merge-patch+json"})
    assert answer.status_code == 400
    assert situation.world.runs[CS101].modes == before


async def test_the_owner_of_certificates_reads_them(situation: Situation, lms: httpx.AsyncClient) -> None:
    answer = await lms.get("/api/certificates/v0/certificates/alice/", headers=as_user(situation, "alice"))
    assert [row["course_id"] for row in answer.json()] == [CS101, BIO1]
