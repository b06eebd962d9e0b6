"""Old links into courses lead on to the learning front end, and nowhere else."""

from collections.abc import AsyncIterator, Mapping
from itertools import product
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import text
from starlette.applications import Starlette

from resolvers.access import ANONYMOUS, Viewer
from resolvers.errors import Unauthenticated
from server.cookies import HALVES
from server.courseware import CoursewareLinks
from tests.edx.simulator.situations import CS101
from tests.resolvers.paths.conftest import School, lms_school, school
from tests.resolvers.paths.test_service import SQLITE, at
from tests.serving import serving

__all__ = ["lms_school", "school"]

pytestmark = SQLITE
HOME = "https://apps.example.org/learning"
SIGNED_IN = {"authorization": "JWT a.b.c"}


@pytest.fixture
async def client(lms_school: School) -> AsyncIterator[httpx.AsyncClient]:
    """Whoever sends the token `a.b.c` is alice."""

    def sign_in(headers: Mapping[str, str]) -> Viewer:
        match headers.get("authorization"):
            case None:
                return ANONYMOUS
            case "JWT a.b.c":
                return lms_school.learner()
            case _:
                raise Unauthenticated("it is no good")

    links = CoursewareLinks(lms_school.database, lms_school.paths, sign_in, base=f"{HOME}/")
    async with serving(Starlette(routes=links.routes())) as url, httpx.AsyncClient(base_url=url) as client:
        yield client


LINKS = {"": "first/u1", "one": "first/u1", "one/u0": "first/u0", "second": "second/u3", "first/u0": "first/u0"}


async def test_a_link_leads_a_learner_to_its_unit(client: httpx.AsyncClient) -> None:
    """spec/courseware-paths.md, "Decision"."""
    for (names, canonical), prefix in product(LINKS.items(), ("", "/preview")):
        answer = await client.get(f"{prefix}{at(names)}?a=b%20c", headers=SIGNED_IN)
        assert answer.status_code == 302
        assert answer.headers["location"] == f"{HOME}{prefix}{at(canonical)}?a=b%20c"
        assert answer.headers["cache-control"] == "private, no-store"
        assert {name.strip() for name in answer.headers["vary"].split(",")} == {"Authorization", "Cookie"}


async def test_head_says_what_get_says(client: httpx.AsyncClient) -> None:
    got, head = [await client.request(method, at("one"), headers=SIGNED_IN) for method in ("GET", "HEAD")]

    assert (head.status_code, head.headers["location"], head.content) == (302, got.headers["location"], b"")
    assert (await client.post(at("one"))).status_code == 405


async def test_the_cookies_of_the_lms_sign_in(client: httpx.AsyncClient) -> None:
    cookies = "; ".join(f"{name}={value}" for name, value in zip(HALVES, ("a.b", "c"), strict=True))

    answer = await client.get(at("one"), headers={"cookie": cookies})

    assert answer.headers["location"] == HOME + at("first/u1")


NOT_SIGNED_IN: list[dict[str, str]] = [{}, {"authorization": "JWT old"}, {"cookie": f"{HALVES[0]}=a.b"}]


async def test_who_has_not_signed_in_is_led_by_the_rules_alone(client: httpx.AsyncClient) -> None:
    """Nothing tells whether there is such a course, or such a thing in it."""
    targets = [
        (at("first"), at("first")),
        (at("nothing/there") + "/", at("nothing/there")),
        ("/course/course-v1:a+b+c/x?y=z", "/course/course-v1:a+b+c/x?y=z"),
        (at("one/u0"), at("u0")),
        (quote(at("one")), at("one")),
    ]
    for headers, (asked, target) in product(NOT_SIGNED_IN, targets):
        answer = await client.get(asked, headers=headers)
        assert (answer.status_code, answer.headers["location"]) == (302, HOME + target)
        assert answer.headers["cache-control"].startswith("public")
        assert "Cookie" in answer.headers["vary"]


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        (at("u9"), f"/course/{CS101}"),
        ("/course/course-v1:a+b+c/x", "/course/course-v1:a+b+c/x"),
        (f"/course/{CS101}/progress/7", f"/course/{CS101}/progress/7"),
    ],
)
async def test_what_is_not_there_leads_to_the_course(client: httpx.AsyncClient, asked: str, target: str) -> None:
    """content.md, P13 and the reserved segments."""
    assert (await client.get(asked, headers=SIGNED_IN)).headers["location"] == HOME + target


async def test_who_has_no_access_is_led_where_that_is_told(client: httpx.AsyncClient, lms_school: School) -> None:
    """content.md, P19."""
    lms_school.situation.world.denials["alice", CS101] = "survey_required"

    answer = await client.get(at("one"), headers=SIGNED_IN)

    assert answer.headers["location"] == f"{HOME}/redirect/survey/{CS101}"


NO_LINKS = [
    "/course/",
    "/course/demo",
    "/course//evil.example.org/x",
    "/course/https:%2f%2fevil.example.org",
    f"/course/{CS101}/%2e%2e%2fx/..%2f",
    f"/course/{CS101}/progress/%2e%2e/%2e%2e",
    f"/course/{CS101}/%0d%0aSet-Cookie:x",
    f"/course/{CS101}/%5cevil",
]


async def test_what_is_no_link_leads_nowhere(client: httpx.AsyncClient) -> None:
    for asked, headers in product(NO_LINKS, ({}, SIGNED_IN)):
        answer = await client.get(asked, headers=headers)
        location = answer.headers.get("location", f"{HOME}/course/")
        assert location.startswith(f"{HOME}/course/")
        assert "evil.example.org" not in location
        assert "set-cookie" not in answer.headers
        assert answer.status_code in {302, 404}


async def test_a_link_leads_on_though_the_database_does_not_answer(
    client: httpx.AsyncClient, lms_school: School
) -> None:
    async with lms_school.database.writing() as session:
        await session.execute(text("DROP TABLE block_slug"))

    answer = await client.get(at("one/u0"), headers=SIGNED_IN)

    assert (answer.status_code, answer.headers["location"]) == (302, HOME + at("u0"))
