"""The client against the whole simulated LMS: its pages, its limits, and its bad days."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from edx.errors import Failed, OpenEdxError, Throttled, UnexpectedAnswer, Unreachable
from edx.http import OpenEdxHttp
from edx.lms import BadItem, Lms
from edx.patience import HttpSettings
from edx.simulator import Options, World, running, seed_world
from edx.simulator.faults import Fault, Faults, Kind
from edx.tokens import Tokens

IMPATIENT = HttpSettings(read=0.3, attempts=2, budget=1, backoff=0.001)
LIST = "/api/courses/v1/courses/"


@pytest.fixture(scope="module")
def world() -> World:
    return seed_world()


@asynccontextmanager
async def lms(
    world: World, faults: Faults, *, options: Options | None = None, settings: HttpSettings = IMPATIENT
) -> AsyncIterator[Lms]:
    """A client of an LMS of its own, signed in as the seeded application."""
    async with running(world, options, faults=faults) as addresses:
        tokens = Tokens(addresses.lms, "collegium", "collegium-development", settings=settings)
        async with OpenEdxHttp(addresses.lms, authority=tokens, settings=settings) as http:
            yield Lms(http)
        await tokens.aclose()


async def test_all_pages_are_read_with_one_token(world: World) -> None:
    faults = Faults()
    async with lms(world, faults) as client:
        organizations = [item async for item in client.organizations()]
        runs = [item async for item in client.course_runs()]

    assert not [item for item in [*organizations, *runs] if isinstance(item, BadItem)]
    assert len(organizations) == sum(organization.active for organization in world.organizations.values())
    assert len({str(run.key) for run in runs if not isinstance(run, BadItem)}) == len(world.runs)
    calls = {path: count for (_, path), count in faults.requests.items()}
    assert sum(count for path, count in calls.items() if path.startswith("/oauth2")) == 1
    assert sum(count for path, count in calls.items() if "courses" in path) == -(-len(runs) // 100)


async def test_a_throttled_listing_says_how_long_to_wait(world: World) -> None:
    """The course list's 429 has no Retry-After: the wait stands in the text (recordings, claim h)."""
    async with lms(world, Faults()) as client:
        for _ in range(3):  # three walks of 13 pages are within 40 a minute, a fourth is not
            assert [item async for item in client.course_runs()]
        with pytest.raises(Throttled) as caught:
            [item async for item in client.course_runs()]

    assert caught.value.retry_after is not None
    assert 1 <= caught.value.retry_after <= 60


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(Kind.ERROR, path=LIST, status=500), Failed),
        (Fault(Kind.ERROR, path=LIST, status=503), Unreachable),
        (Fault(Kind.NEVER, path=LIST), Unreachable),
        (Fault(Kind.CUT, path=LIST), Unreachable),
        (Fault(Kind.LOST, path=LIST), Unreachable),
        (Fault(Kind.PAGE, path=LIST), UnexpectedAnswer),
        (Fault(Kind.TRUNCATED, path=LIST), UnexpectedAnswer),
        (Fault(Kind.WRONG_TYPE, path=LIST), UnexpectedAnswer),
        (Fault(Kind.THROTTLE, path=LIST, retry_after=59), Throttled),
        (Fault(Kind.ERROR, path="/oauth2", status=500), Failed),
        (Fault(Kind.PAGE, path="/oauth2"), UnexpectedAnswer),
    ],
    ids=lambda value: f"{value.kind}-{value.status}-{value.path}" if isinstance(value, Fault) else "",
)
async def test_a_bad_day_of_the_lms_is_a_typed_error(world: World, fault: Fault, expected: type[OpenEdxError]) -> None:
    async with lms(world, Faults([fault])) as client:
        with pytest.raises(OpenEdxError) as caught:
            [item async for item in client.course_runs()]

    assert type(caught.value) is expected
    assert "collegium-development" not in f"{caught.value!r} {caught.value}"


async def test_a_passing_fault_is_retried_and_not_noticed(world: World) -> None:
    faults = Faults([Fault(Kind.ERROR, path=LIST, status=503, times=1), Fault(Kind.CUT, path="/api/organ", times=1)])
    async with lms(world, faults) as client:
        assert len([item async for item in client.course_runs()]) == len(world.runs)
        assert [item async for item in client.organizations()]


async def test_a_wrong_secret_is_refused_and_not_shown(world: World) -> None:
    async with running(world) as addresses:
        tokens = Tokens(addresses.lms, "collegium", "a-wrong-secret", settings=IMPATIENT)
        async with OpenEdxHttp(addresses.lms, authority=tokens, settings=IMPATIENT) as http:
            with pytest.raises(OpenEdxError, match="invalid_client") as caught:
                await Lms(http).ping()
        await tokens.aclose()

    assert "a-wrong-secret" not in f"{caught.value!r} {caught.value}"
