"""The client of Studio against answers of the real one, and what it sends."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from edx.errors import (
    DestinationExists,
    Failed,
    NotFound,
    OpenEdxError,
    Rejected,
    SourceMissing,
    UnexpectedAnswer,
    Unreachable,
)
from edx.http import OpenEdxHttp
from edx.keys import CourseKey
from edx.lms import BadItem, Lms, Mode, Pacing
from edx.patience import HttpSettings
from edx.studio import Changes, Member, Studio, StudioRun
from tests.edx.conftest import Service, recorded, replayed, reply, title_of

SOURCE = CourseKey.parse("course-v1:ExampleX+CS101+2026_T1")
COPY = CourseKey.parse("course-v1:NewX+Copy101+2026")
START, END = datetime(2026, 1, 6, tzinfo=UTC), datetime(2026, 7, 31, tzinfo=UTC)
RUN = {
    "schedule": {"start": "2026-01-06T00:00:00Z", "end": None, "enrollment_start": None, "enrollment_end": None},
    "pacing_type": "self_paced",
    "team": [{"user": "alice", "role": "instructor"}],
    "id": str(SOURCE),
    "title": "R&D",
    "images": {"card_image": "https://studio.example.org/card.png"},
}
ERRORS: dict[int, type[OpenEdxError]] = {400: Rejected, 401: Rejected, 403: Rejected, 404: NotFound, 500: Failed}

Ask = Callable[[Studio], Awaitable[Any]]


@pytest.fixture
def studio(http: OpenEdxHttp) -> Studio:
    return Studio(http)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in RUN.items() if key != name}


def exchanges(file: str, method: str, *, path: str = "", least: int = 200, most: int = 599) -> list[Any]:
    """Recorded exchanges of a method whose status is within the range, those without a slash at the end aside."""
    return [
        pytest.param(exchange, id=title_of(exchange))
        for exchange in recorded(file)
        if exchange["request"]["method"] == method
        and path in exchange["request"]["path"]
        and least <= exchange["response"]["status"] <= most
        and exchange["response"]["status"] != 301
    ]


def sent(service: Service) -> tuple[str, str, Any]:
    (request,) = service.seen
    return request.method, request.path, orjson.loads(request.body or b"null")


async def test_a_run_is_read_with_its_dates_pacing_and_team(service: Service, studio: Studio) -> None:
    service.answers(reply(RUN))
    assert await studio.run(SOURCE) == StudioRun(
        SOURCE,
        "R&D",
        start=START,
        end=None,
        enrollment_start=None,
        enrollment_end=None,
        pacing=Pacing.SELF,
        team=(Member("alice", "instructor"),),
        image_url="https://studio.example.org/card.png",
    )
    assert sent(service) == ("GET", f"/api/v1/course_runs/{SOURCE}/", None)


async def test_a_run_that_is_not_there_is_none(service: Service, studio: Studio) -> None:
    service.answers(reply({"detail": "Not found."}, 404))
    assert await studio.run(SOURCE) is None


async def test_an_address_that_is_no_studio_is_not_a_run_that_is_not_there(service: Service, studio: Studio) -> None:
    service.answers(reply("<title>Page Not Found</title>", 404))
    with pytest.raises(NotFound):
        await studio.run(SOURCE)


@pytest.mark.parametrize(
    "item",
    [
        *(without(name) for name in ("schedule", "pacing_type", "id", "title")),
        RUN | {"schedule": []},
        RUN | {"team": {}},
        RUN | {"team": [{"user": "alice"}]},
        RUN | {"pacing_type": "other"},
        [],
    ],
)
async def test_a_run_that_cannot_be_read_is_an_unexpected_answer(service: Service, studio: Studio, item: Any) -> None:
    service.answers(reply(item))
    with pytest.raises(UnexpectedAnswer):
        await studio.run(SOURCE)


@pytest.mark.parametrize("exchange", exchanges("course_runs", "GET", path="+", most=200) + exchanges("clone", "GET"))
async def test_runs_of_the_real_studio_are_read(service: Service, studio: Studio, exchange: dict[str, Any]) -> None:
    service.answers(replayed(exchange))
    run = await studio.run(SOURCE)
    told = exchange["response"]["body"]
    if exchange["response"]["status"] == 404:
        assert run is None
    else:
        assert run is not None
        assert (str(run.key), run.title) == (told["id"], told["title"])
        assert [(member.username, member.role) for member in run.team] == [
            (each["user"], each["role"]) for each in told["team"]
        ]


async def test_lists_of_the_real_studio_are_walked_by_page(service: Service, studio: Studio) -> None:
    pages = {exchange["name"]: exchange for exchange in recorded("course_runs")}
    service.answers(replayed(pages["list, page 1"]), replayed(pages["list, page 2"]))
    runs = [run async for run in studio.runs()]
    assert not [run for run in runs if isinstance(run, BadItem)]
    assert len(runs) == 16
    assert [request.query for request in service.seen] == ["page_size=100", "page=2"]


@pytest.mark.parametrize("exchange", exchanges("clone", "POST"))
async def test_every_answer_to_a_clone_is_understood(
    service: Service, studio: Studio, exchange: dict[str, Any]
) -> None:
    service.answers(replayed(exchange))
    status, body = exchange["response"]["status"], exchange["response"]["body"]
    if status == 201:
        await studio.clone(SOURCE, COPY)
    else:
        kind = ERRORS[status]
        if status == 400 and "non_field_errors" in body:
            kind = DestinationExists if "already exists" in str(body) else SourceMissing
        with pytest.raises(OpenEdxError) as refused:
            await studio.clone(SOURCE, COPY)
        assert type(refused.value) is kind
        assert refused.value.status == status
    assert sent(service) == (
        "POST",
        "/api/v1/course_runs/clone/",
        {"source_course_id": str(SOURCE), "destination_course_id": str(COPY)},
    )


@pytest.mark.parametrize(
    "ask",
    [
        lambda studio: studio.clone(SOURCE, COPY),
        lambda studio: studio.create(COPY, "New"),
        lambda studio: studio.rerun(SOURCE, "2027"),
    ],
    ids=["clone", "create", "rerun"],
)
async def test_what_makes_a_run_is_sent_once_and_never_again(service: Service, studio: Studio, ask: Ask) -> None:
    service.answers(reply("gateway time-out", 504))
    with pytest.raises(Unreachable):
        await ask(studio)
    assert len(service.seen) == 1


async def test_a_change_and_a_read_are_sent_again(service: Service, studio: Studio) -> None:
    service.answers(reply("down", 503), reply(RUN), reply("down", 503), reply(RUN))
    assert await studio.change(SOURCE, Changes(title="R&D")) == await studio.run(SOURCE)
    assert [request.method for request in service.seen] == ["PATCH", "PATCH", "GET", "GET"]


async def test_a_clone_has_more_patience_than_other_calls(service: Service) -> None:
    async def late(_: Any) -> Any:
        await asyncio.sleep(0.15)
        return reply({"message": "Course cloned successfully."}, 201)

    async with OpenEdxHttp(service.url, settings=HttpSettings(read=0.05, whole=0.05, attempts=1)) as http:
        service.answers(late)
        await Studio(http, clone_seconds=5).clone(SOURCE, COPY)
        with pytest.raises(Unreachable, match="no answer in time"):
            await Studio(http, clone_seconds=0.05).clone(SOURCE, COPY)
        with pytest.raises(Unreachable, match="no answer in time"):
            await Studio(http).run(SOURCE)


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        (Changes(), {}),
        (Changes(title="New", pacing=Pacing.INSTRUCTOR), {"title": "New", "pacing_type": "instructor_paced"}),
        (Changes(end=END), {"schedule": {"end": "2026-07-31T00:00:00+00:00"}}),
        (
            Changes(start=START, enrollment=(START, None)),
            {
                "schedule": {
                    "start": "2026-01-06T00:00:00+00:00",
                    "enrollment_start": "2026-01-06T00:00:00+00:00",
                    "enrollment_end": None,
                }
            },
        ),
        (Changes(team=[Member("bob", "staff")]), {"team": [{"user": "bob", "role": "staff"}]}),
    ],
)
async def test_a_change_names_only_what_changes(
    service: Service, studio: Studio, changes: Changes, body: dict[str, Any]
) -> None:
    """A PUT would empty the team (recordings, claim f), and `end` is refused as null on every write (claim g)."""
    service.answers(reply(RUN))
    await studio.change(SOURCE, changes)
    assert sent(service) == ("PATCH", f"/api/v1/course_runs/{SOURCE}/", body)


@pytest.mark.parametrize("exchange", exchanges("course_runs", "PATCH"))
async def test_every_answer_to_a_change_is_understood(
    service: Service, studio: Studio, exchange: dict[str, Any]
) -> None:
    service.answers(replayed(exchange))
    status = exchange["response"]["status"]
    if status == 200:
        assert str((await studio.change(SOURCE, Changes())).key) == exchange["response"]["body"]["id"]
    else:
        with pytest.raises(ERRORS[status]):
            await studio.change(SOURCE, Changes())


@pytest.mark.parametrize("exchange", exchanges("rerun", "POST"))
async def test_every_answer_to_a_rerun_is_understood(
    service: Service, studio: Studio, exchange: dict[str, Any]
) -> None:
    service.answers(replayed(exchange))
    status = exchange["response"]["status"]
    if status == 201:
        run = await studio.rerun(SOURCE, "2027", Changes(title="Next", start=START, end=END), number="CS201")
        assert str(run.key) == exchange["response"]["body"]["id"]
        schedule = {"start": "2026-01-06T00:00:00+00:00", "end": "2026-07-31T00:00:00+00:00"}
        body = {"title": "Next", "schedule": schedule, "run": "2027", "number": "CS201"}
        assert sent(service) == ("POST", f"/api/v1/course_runs/{SOURCE}/rerun/", body)
    else:
        with pytest.raises(ERRORS[status]):
            await studio.rerun(SOURCE, "2027")


@pytest.mark.parametrize("exchange", exchanges("course_runs", "POST", path="/course_runs/"))
async def test_every_answer_to_a_creation_is_understood(
    service: Service, studio: Studio, exchange: dict[str, Any]
) -> None:
    service.answers(replayed(exchange))
    status = exchange["response"]["status"]
    if status == 201:
        made = await studio.create(COPY, "New", Changes(team=[Member("bob", "staff")]))
        assert str(made.key) == exchange["response"]["body"]["id"]
        parts = {"org": "NewX", "number": "Copy101", "run": "2026", "title": "New"}
        body = {**parts, "team": [{"user": "bob", "role": "staff"}]}
        assert sent(service) == ("POST", "/api/v1/course_runs/", body)
    else:
        with pytest.raises(ERRORS[status]):
            await studio.create(COPY, "New")


@pytest.mark.parametrize("given", [Changes(start=START), Changes(end=END), Changes(enrollment=(START, END))])
async def test_a_run_is_not_made_with_half_of_its_dates(service: Service, studio: Studio, given: Changes) -> None:
    """`start` and `end` are required in the schedule of a POST (recordings, claim g)."""
    with pytest.raises(ValueError, match="both start and end"):
        await studio.create(COPY, "New", given)
    assert service.seen == []


async def test_a_mode_is_added_once_with_what_the_lms_requires(service: Service, http: OpenEdxHttp) -> None:
    (added,) = [exchange for exchange in recorded("course_modes") if exchange["name"] == "POST creates"]
    service.answers(replayed(added))
    await Lms(http).add_mode(SOURCE, Mode("professional", "Professional", price=100))
    expected = {**added["request"]["body"], "course_id": str(SOURCE)}
    assert sent(service) == ("POST", f"/api/course_modes/v1/courses/{SOURCE}/", expected)

    service.answers(reply("gateway time-out", 504))
    with pytest.raises(Unreachable):
        await Lms(http).add_mode(SOURCE, Mode("audit", "Audit"))
    assert len(service.seen) == 1


async def test_modes_that_a_run_was_not_given_are_not_its_own(service: Service, http: OpenEdxHttp) -> None:
    service.answers(reply([]))
    assert await Lms(http).own_modes(SOURCE) == []
