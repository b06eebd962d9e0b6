from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.responses import Response

from edx.errors import NotFound, Rejected, Throttled, UnexpectedAnswer, Unreachable
from edx.http import OpenEdxHttp
from edx.keys import CourseKey
from edx.lms import BadItem, CourseRun, Lms, Mode, Organization, Pacing
from tests.edx.conftest import Badge, Service, recorded, replayed, reply, title_of

KEY = CourseKey.parse("course-v1:ANUx+ASTRO2X+2B3T2015")


def course(**changed: Any) -> dict[str, Any]:
    """A course as the list gives it."""
    item = {
        "blocks_url": "https://lms.example.org/api/courses/v2/blocks/?course_id=course-v1%3AANUx%2BASTRO2X%2B2B3T2015",
        "effort": None,
        "end": "2016-03-01T00:00:00Z",
        "enrollment_start": None,
        "enrollment_end": None,
        "id": str(KEY),
        "media": {
            "course_image": {"uri": "/asset-v1:ANUx+ASTRO2X+2B3T2015+type@asset+block@stars.jpg"},
            "image": {"raw": "https://lms.example.org/stars.jpg", "small": "https://lms.example.org/small.jpg"},
        },
        "name": "Exoplanets",
        "number": "display number",
        "org": "display organization",
        "short_description": None,
        "start": "2015-10-06T00:00:00Z",
        "start_type": "timestamp",
        "pacing": "instructor",
        "hidden": False,
        "invitation_only": False,
        "course_id": str(KEY),
        "new_in_a_later_release": [1],
    }
    return {**item, **changed}


def courses(*items: object, following: str | None = None) -> Response:
    return reply({"results": items, "pagination": {"next": following, "previous": None, "count": 9, "num_pages": 1}})


def organization(**changed: Any) -> dict[str, Any]:
    item = {
        "id": 1,
        "created": "2026-11-21T03:56:31.837314Z",
        "modified": "2026-11-21T03:56:31.869675Z",
        "name": "A University",
        "short_name": "AUx",
        "description": None,
        "logo": None,
        "active": True,
    }
    return {**item, **changed}


def organizations(*items: object, following: str | None = None) -> Response:
    return reply({"next": following, "previous": None, "count": 9, "num_pages": 1, "results": items})


@pytest.fixture
def lms(http: OpenEdxHttp) -> Lms:
    return Lms(http, username="collegium_worker")


async def one_run(service: Service, lms: Lms, **changed: Any) -> CourseRun | BadItem:
    service.answers(courses(course(**changed)))
    (run,) = [run async for run in lms.course_runs()]
    return run


async def test_a_course_run_is_read_with_its_course_taken_from_the_key(service: Service, lms: Lms) -> None:
    """`org` and `number` of the list are for display and not unique."""
    assert await one_run(service, lms) == CourseRun(
        key=KEY,
        name="Exoplanets",
        short_description="",
        image_url="https://lms.example.org/stars.jpg",
        start=datetime(2015, 10, 6, tzinfo=UTC),
        end=datetime(2016, 3, 1, tzinfo=UTC),
        enrollment_start=None,
        enrollment_end=None,
        pacing=Pacing.INSTRUCTOR,
        is_hidden=False,
        is_invitation_only=False,
    )


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Art &amp; Craft", "Art & Craft"),
        ("1 &lt; 2 &gt; 0", "1 < 2 > 0"),
        ("&quot;Why?&quot; &#39;So&#39; &#x27;it&#x27;", "\"Why?\" 'So' 'it'"),
        ("Caf&eacute;", "Café"),
        ("&amp;lt;", "&lt;"),
        ("R&D, lecture &notes & more", "R&D, lecture &notes & more"),
        ("Biology &", "Biology &"),
        ("  Ünï 数 ", "Ünï 数"),
        ("&nosuchthing;", "&nosuchthing;"),
    ],
)
async def test_names_are_read_as_people_wrote_them(service: Service, lms: Lms, written: str, name: str) -> None:
    """The list gives names escaped for HTML, once."""
    run = await one_run(service, lms, name=written)
    assert isinstance(run, CourseRun)
    assert run.name == name


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2015-12-22T02:47:17Z", datetime(2015, 12, 22, 2, 47, 17, tzinfo=UTC)),
        ("2015-12-22T02:47:17+0000", datetime(2015, 12, 22, 2, 47, 17, tzinfo=UTC)),
        ("2015-12-22T02:47:17+00:00", datetime(2015, 12, 22, 2, 47, 17, tzinfo=UTC)),
        ("2015-12-22T02:47:17.250000Z", datetime(2015, 12, 22, 2, 47, 17, 250_000, tzinfo=UTC)),
        ("2015-12-22T02:47:17.5Z", datetime(2015, 12, 22, 2, 47, 17, 500_000, tzinfo=UTC)),
        ("2015-12-22T03:47:17+01:00", datetime(2015, 12, 22, 2, 47, 17, tzinfo=UTC)),
        ("2015-12-22T02:47:17", datetime(2015, 12, 22, 2, 47, 17, tzinfo=UTC)),
        (None, None),
    ],
)
async def test_times_are_read_in_every_spelling_into_utc(
    service: Service, lms: Lms, written: str | None, moment: datetime | None
) -> None:
    run = await one_run(service, lms, end=written)
    assert isinstance(run, CourseRun)
    assert run.end == moment
    assert moment is None or str(run.end).endswith("+00:00")


@pytest.mark.parametrize(
    ("written", "pacing"),
    [
        ("instructor", Pacing.INSTRUCTOR),
        ("self", Pacing.SELF),
        ("self_paced", Pacing.SELF),
        ("Instructor_Paced", Pacing.INSTRUCTOR),
    ],
)
async def test_pacing_has_one_spelling(service: Service, lms: Lms, written: str, pacing: Pacing) -> None:
    run = await one_run(service, lms, pacing=written)
    assert isinstance(run, CourseRun)
    assert run.pacing is pacing


@pytest.mark.parametrize(
    ("media", "address"),
    [
        ({"course_image": {"uri": "/stars.jpg"}}, "/stars.jpg"),
        ({"course_image": {"uri": None}}, None),
        ({"image": {"raw": ""}}, None),
        ({}, None),
        (None, None),
        ("x", None),
    ],
)
async def test_an_image_is_taken_where_there_is_one(
    service: Service, lms: Lms, media: object, address: str | None
) -> None:
    run = await one_run(service, lms, media=media)
    assert isinstance(run, CourseRun)
    assert run.image_url == address


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"id": "course-v1:A+B"}, "'id': 'course-v1:A+B' is no course key: it has 2 parts in place of three"),
        ({"id": "library-v1:A+B"}, "'id': 'library-v1:A+B' is no course key: it names a library"),
        ({"id": None}, "'id': null in place of a text"),
        ({"name": None}, "'name': null in place of a text"),
        ({"name": 7}, "'name': a number in place of a text"),
        ({"start": "tomorrow"}, "'start': 'tomorrow' is no date and time"),
        ({"end": 1450752437}, "'end': a number in place of a text"),
        ({"end": "9999-12-31T23:59:59-12:00"}, "'end': '9999-12-31T23:59:59-12:00' is no date and time"),
        ({"pacing": "hurried"}, "'pacing': 'hurried' is not a valid Pacing"),
        ({"hidden": "no"}, "'hidden': a text in place of true or false"),
        ({"short_description": []}, "'short_description': a list in place of a text"),
    ],
)
async def test_a_bad_course_is_reported_and_does_not_hide_the_others(
    service: Service, lms: Lms, changed: dict[str, Any], reason: str
) -> None:
    service.answers(courses(course(**changed), course()))
    bad, good = [run async for run in lms.course_runs()]
    assert isinstance(bad, BadItem)
    assert bad.raw_id == str(changed.get("id", KEY))
    assert bad.reason.startswith(reason)
    assert isinstance(good, CourseRun)


@pytest.mark.parametrize("name", ["id", "name", "start", "end", "enrollment_start", "enrollment_end", "pacing"])
async def test_a_course_without_a_required_field_is_reported(service: Service, lms: Lms, name: str) -> None:
    """A date that is left out is no date that was removed: taking it for null would erase it."""
    item = course()
    del item[name]
    service.answers(courses(item, "no course", None))
    first, second, third = [run async for run in lms.course_runs()]
    assert first == BadItem("" if name == "id" else str(KEY), f"'{name}' is missing")
    assert second == third == BadItem("", "not an object")


async def test_course_runs_are_asked_for_as_the_user_with_large_pages(service: Service, lms: Lms) -> None:
    """Without `username` even staff see what an anonymous visitor sees; 100 is the largest page."""
    following = f"{service.url}/api/courses/v1/courses/?page=2&page_size=100&username=collegium_worker"
    service.answers(courses(course(), following=following), courses(course()))
    assert len([run async for run in lms.course_runs()]) == 2
    first, second = service.seen
    assert first.path == second.path == "/api/courses/v1/courses/"
    assert first.parameters == {"username": ["collegium_worker"], "page_size": ["100"]}
    assert second.query == "page=2&page_size=100&username=collegium_worker"


async def test_course_runs_may_be_those_of_one_organization_that_go_on(service: Service, lms: Lms) -> None:
    service.answers(courses())
    assert [run async for run in lms.course_runs(org="ANUx", active_only=True)] == []
    assert service.seen[0].parameters["org"] == ["ANUx"]
    assert service.seen[0].parameters["active_only"] == ["true"]


async def test_by_default_the_view_is_that_of_the_signed_in_user(service: Service) -> None:
    service.answers(courses())
    async with OpenEdxHttp(service.url, authority=Badge(user="from_the_token")) as http:
        assert [run async for run in Lms(http).course_runs()] == []
        assert service.seen[0].parameters["username"] == ["from_the_token"]


async def test_a_listing_that_breaks_off_is_an_error_and_never_short(service: Service, lms: Lms) -> None:
    following = f"{service.url}/api/courses/v1/courses/?page=2"
    service.answers(courses(course(), following=following), reply({"detail": "x"}, 403))
    with pytest.raises(Rejected):
        [run async for run in lms.course_runs()]


async def test_one_course_run_is_read(service: Service, lms: Lms) -> None:
    service.answers(reply(course(overview="<p>Stars</p>")))
    run = await lms.course_run(KEY)
    assert run is not None
    assert run.key == KEY
    assert service.seen[0].path == "/api/courses/v1/courses/course-v1:ANUx+ASTRO2X+2B3T2015/"
    assert service.seen[0].parameters == {"username": ["collegium_worker"]}


async def test_an_old_key_is_asked_for_in_its_own_form(service: Service, lms: Lms) -> None:
    service.answers(reply(course(id="ANUx/ANU-ASTRO2x/2B3T2015")))
    key = CourseKey.parse("ANUx/ANU-ASTRO2x/2B3T2015")
    run = await lms.course_run(key)
    assert run is not None
    assert run.key == key
    assert service.seen[0].path == "/api/courses/v1/courses/ANUx/ANU-ASTRO2x/2B3T2015/"


async def test_a_course_run_that_is_not_there_is_none(service: Service, lms: Lms) -> None:
    service.answers(reply({"developer_message": "Course not found."}, 404))
    assert await lms.course_run(KEY) is None


@pytest.mark.parametrize("body", [{"developer_message": "User matching query does not exist."}, "<title>404</title>"])
async def test_another_404_does_not_say_that_a_course_run_is_not_there(
    service: Service, lms: Lms, body: object
) -> None:
    """An unknown service user or a wrong base URL must not read as a run that is gone."""
    service.answers(reply(body, 404))
    with pytest.raises(NotFound):
        await lms.course_run(KEY)


@pytest.mark.parametrize("item", [course(name=None), [], None])
async def test_one_course_run_that_cannot_be_read_is_an_unexpected_answer(
    service: Service, lms: Lms, item: object
) -> None:
    service.answers(reply(item))
    with pytest.raises(UnexpectedAnswer):
        await lms.course_run(KEY)


async def test_all_active_organizations_are_read(service: Service, lms: Lms) -> None:
    """Old releases list inactive ones too; two organizations may share a name (spec/programs.md)."""
    following = f"{service.url}/api/organizations/v0/organizations/?page=2&page_size=100"
    service.answers(
        organizations(organization(), organization(short_name="Old", active=False), following=following),
        organizations(organization(short_name="BUx", description="B", logo="https://lms.example.org/b.png")),
    )
    assert [item async for item in lms.organizations()] == [
        Organization("AUx", "A University", "", None),
        Organization("BUx", "A University", "B", "https://lms.example.org/b.png"),
    ]
    assert service.seen[0].query == "page_size=100"


@pytest.mark.parametrize(
    ("item", "bad"),
    [
        (organization(short_name=""), BadItem("", "'short_name': it is empty")),
        (organization(short_name="x" * 256), BadItem("x" * 256, "'short_name': it has more than 255 characters")),
        (organization(short_name=5), BadItem("5", "'short_name': a number in place of a text")),
        (organization(name=None), BadItem("AUx", "'name': null in place of a text")),
        (organization(name=True), BadItem("AUx", "'name': true or false in place of a text")),
        (organization(logo={}), BadItem("AUx", "'logo': an object in place of a text")),
        (7, BadItem("", "not an object")),
    ],
)
async def test_a_bad_organization_is_reported(service: Service, lms: Lms, item: object, bad: BadItem) -> None:
    service.answers(organizations(item, organization()))
    assert [item async for item in lms.organizations()] == [bad, Organization("AUx", "A University", "", None)]


async def test_a_ping_is_one_small_call(service: Service, lms: Lms) -> None:
    service.answers(organizations())
    await lms.ping()
    (seen,) = service.seen
    assert (seen.path, seen.query) == ("/api/organizations/v0/organizations/", "page_size=1")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply({"detail": "Invalid token."}, 401), Rejected),
        (reply({"detail": "slow"}, 429), Throttled),
        (reply("<title>Maintenance</title>", 503), Unreachable),
        (reply("<title>Welcome</title>"), UnexpectedAnswer),
    ],
)
async def test_a_ping_that_fails_says_so_at_once(
    service: Service, lms: Lms, answer: Response, kind: type[Exception]
) -> None:
    service.answers(answer)
    with pytest.raises(kind):
        await lms.ping()
    assert len(service.seen) == 1


LISTS = [each for each in recorded("courses") if "results" in (each["response"].get("body") or {})]
DETAILS = [each for each in recorded("courses") if "overview" in (each["response"].get("body") or {})]
ORGANIZATIONS = [each for each in recorded("organizations") if "results" in (each["response"].get("body") or {})]


@pytest.mark.parametrize("exchange", LISTS, ids=title_of)
async def test_course_lists_of_the_real_platform_are_read(service: Service, lms: Lms, exchange: dict[str, Any]) -> None:
    body = exchange["response"]["body"]
    service.answers(replayed(exchange), reply({"developer_message": "Invalid page."}, 404))
    runs = [run async for run in lms.course_runs()]
    assert [str(run.key) for run in runs if isinstance(run, CourseRun)] == [item["id"] for item in body["results"]]
    for run, item in zip(runs, body["results"], strict=True):
        assert isinstance(run, CourseRun)
        assert (run.name, run.pacing.value, run.is_hidden) == (item["name"], item["pacing"], item["hidden"])
        assert run.start == datetime.fromisoformat(item["start"])
        assert run.image_url == item["media"]["image"]["raw"]
        assert run.is_invitation_only is item["invitation_only"]


@pytest.mark.parametrize("exchange", DETAILS, ids=title_of)
async def test_courses_of_the_real_platform_are_read(service: Service, lms: Lms, exchange: dict[str, Any]) -> None:
    item = exchange["response"]["body"]
    service.answers(replayed(exchange))
    run = await lms.course_run(CourseKey.parse(item["id"]))
    assert run is not None
    assert (str(run.key), run.name) == (item["id"], item["name"])


@pytest.mark.parametrize("exchange", ORGANIZATIONS, ids=title_of)
async def test_organizations_of_the_real_platform_are_read(
    service: Service, lms: Lms, exchange: dict[str, Any]
) -> None:
    body = exchange["response"]["body"]
    service.answers(replayed(exchange), reply({"detail": "Invalid page."}, 404))
    assert [item async for item in lms.organizations()] == [
        Organization(item["short_name"], item["name"], item["description"] or "", item["logo"])
        for item in body["results"]
    ]


async def test_the_runs_that_are_shown_are_asked_for_by_the_fifty(service: Service, lms: Lms) -> None:
    keys = [CourseKey("ANUx", "ASTRO2X", f"R{number}") for number in range(51)]
    service.answers(
        courses(course(), {"id": str(keys[0]), "name": 5}, {"id": "none"}), courses(course(id=str(keys[50])))
    )

    assert await lms.shown(keys) == {keys[0], keys[50]}
    assert [len(seen.parameters["course_keys"][0].split(",")) for seen in service.seen] == [50, 1]
    assert service.seen[0].parameters["username"] == ["collegium_worker"]
    assert all(len(f"{seen.path}?{seen.query}") < 8000 for seen in service.seen)


async def test_no_runs_are_shown_without_a_call(service: Service, lms: Lms) -> None:
    assert await lms.shown([]) == set()
    assert service.seen == []


@pytest.mark.parametrize(("written", "price"), [(49, 49), ("49.00", 49), ("0", 0), (None, 0), (0, 0)], ids=repr)
async def test_modes_are_read_in_every_spelling(service: Service, lms: Lms, written: object, price: int) -> None:
    service.answers(reply([{"mode_slug": "verified", "min_price": written, "sku": None, "later": 1}]))

    assert await lms.modes(KEY) == [Mode("verified", "", "", price, "usd", None)]
    assert service.seen[0].path == "/api/course_modes/v1/courses/course-v1:ANUx+ASTRO2X+2B3T2015/"


async def test_a_run_without_modes_has_the_one_that_the_platform_falls_back_on(service: Service, lms: Lms) -> None:
    """Recorded: `course_modes` of a run without any is `[]`, and `enrollment/course` shows it with `audit`."""
    service.answers(reply([]))

    assert await lms.modes(KEY) == [Mode("audit", "Audit")]


@pytest.mark.parametrize("body", [{}, [1], [{"mode_slug": ""}], [{}], [{"mode_slug": "a", "min_price": "dear"}]])
async def test_modes_that_cannot_be_read_are_an_unexpected_answer(service: Service, lms: Lms, body: Any) -> None:
    service.answers(reply(body))

    with pytest.raises(UnexpectedAnswer):
        await lms.modes(KEY)


async def test_modes_of_the_real_platform_are_read(service: Service, lms: Lms) -> None:
    """Recorded exchanges with `course_modes`, of which those that list modes are read here."""
    listed = [
        each
        for each in recorded("course_modes")
        if each["name"].startswith("list") and each["response"]["status"] == 200
    ]
    found = []
    for exchange in listed:
        service.answers(replayed(exchange))
        found.append([(mode.slug, mode.sku, mode.price) for mode in await lms.modes(KEY)])

    assert found == [[("audit", "", 0), ("verified", "ABC123", 49)], [("audit", "", 0)]]


async def test_courses_of_the_real_platform_are_chosen_by_key(service: Service, lms: Lms) -> None:
    [exchange] = [each for each in recorded("courses") if each["name"] == "list, course_keys="]
    service.answers(replayed(exchange))
    keys = [
        CourseKey.parse(f"course-v1:{key}") for key in ("ExampleX+CS101+2025_T1", "OtherX+BIO1+2025", "No+Such+Run")
    ]

    assert await lms.shown(keys) == set(keys[:2])
