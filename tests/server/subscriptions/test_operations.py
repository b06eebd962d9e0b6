"""One operation as a stream of answers, over both databases."""

import asyncio
from typing import Any, NoReturn

import pytest
from sqlalchemy import select, update

from db.engine import Database, open_database
from db.tables import Organization, Program, RoleGrant
from resolvers.access import ANONYMOUS, Viewer
from resolvers.errors import Unauthenticated
from server.execution import Executor, Operation
from server.limits import Limits
from server.operations import Refusal
from server.profiles import Profile
from server.subscriptions.operations import Operations
from server.throttle import open_throttle
from tests.asking import ADMIN, LEARNER
from tests.catalog import fill, uuid
from tests.conftest import DIALECTS
from tests.server.subscriptions.following import SCHEMA, closed, code, operations

SEEN = "subscription ($uuids: [String!]!) { seen(uuids: $uuids) { program { name courses { key } } } }"

RETIRE = "mutation ($id: ID!) { retireProgram(input: {id: $id}) { program { status } userErrors { message } } }"
UNPUBLISHED = uuid(0)


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def catalog(database: Database) -> Database:
    await fill(database)
    return database


async def bodies(
    database: Database, query: str, variables: dict[str, Any] | None = None, viewer: Viewer = LEARNER, **more: Any
) -> list[dict[str, Any]]:
    results = operations(database, **more).results(Operation(query, variables=variables), lambda: viewer)
    return [result.body() async for result in results]


async def test_a_subscription_answers_each_event(catalog: Database) -> None:
    assert await bodies(catalog, "subscription { count(to: 2) }") == [{"data": {"count": 0}}, {"data": {"count": 1}}]


async def test_planned_fields_of_an_event_are_planned(catalog: Database) -> None:
    [first, second] = await bodies(catalog, SEEN, {"uuids": [uuid(1), uuid(99)]})

    assert first["data"]["seen"]["program"]["name"]
    assert second == {"data": {"seen": {"program": None}}}


async def test_each_event_reads_the_data_as_of_then_and_nothing_is_held_between_two(catalog: Database) -> None:
    results = operations(catalog).results(Operation(SEEN, variables={"uuids": [uuid(1), uuid(1)]}), lambda: ADMIN)
    snapshots = []
    made = catalog.snapshot

    def counted() -> Any:
        snapshots.append(made())
        return snapshots[-1]

    catalog.snapshot = counted  # type: ignore[method-assign]
    before = await anext(results)
    held = [getattr(each, "_reader", None) or getattr(each, "_connection", None) for each in snapshots]
    async with catalog.writing() as session:
        await session.execute(update(Program).where(Program.uuid == uuid(1)).values(name="Renamed"))
    after = await anext(results)

    assert len(snapshots) == 2
    assert held == [None]
    assert before.data != after.data
    assert after.data is not None
    assert after.data["seen"]["program"]["name"] == "Renamed"


async def test_each_event_is_answered_for_the_viewer_as_of_then(catalog: Database) -> None:
    """spec/programs.md, "Program Lifecycle": unpublished programs are for those who build them."""
    viewers = iter([ADMIN, ADMIN, ADMIN, LEARNER])

    results = operations(catalog).results(
        Operation(SEEN, variables={"uuids": [UNPUBLISHED, UNPUBLISHED]}), lambda: next(viewers)
    )
    shown = [(result.data or {})["seen"]["program"] is not None async for result in results]

    assert shown == [True, False]


async def test_events_show_what_a_grant_lets_a_viewer_see_for_as_long_as_it_is_there(catalog: Database) -> None:
    """spec/programs.md, "Roles and Permissions": a role may be for the programs of one organization."""
    async with catalog.writing() as session:
        organization = await session.scalar(select(Organization.id).where(Organization.key == "Org0X"))
        grant = RoleGrant(username="learner", role="author", organization_id=organization, granted_by="admin")
        session.add(grant)

    results = operations(catalog).results(Operation(SEEN, variables={"uuids": [UNPUBLISHED] * 2}), lambda: LEARNER)
    granted = await anext(results)
    async with catalog.writing() as session:
        await session.delete(grant)
    revoked = await anext(results)
    await results.aclose()

    assert (granted.data or {})["seen"]["program"]["name"] == "Program 0"
    assert revoked.data == {"seen": {"program": None}}


async def test_queries_and_mutations_have_one_answer(catalog: Database) -> None:
    [query] = await bodies(catalog, '{ organization(key: "Org0X") { key } }')
    [mutation] = await bodies(catalog, RETIRE, {"id": f"Program:{uuid(1)}"}, ADMIN)

    assert query == {"data": {"organization": {"key": "Org0X"}}}
    assert mutation == {"data": {"retireProgram": {"program": {"status": "RETIRED"}, "userErrors": []}}}


@pytest.mark.parametrize(
    ("query", "viewer", "expected"),
    [
        ("subscription {", LEARNER, "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", LEARNER, "GRAPHQL_VALIDATION_FAILED"),
        ('subscription { count waiting(name: "x") }', LEARNER, "GRAPHQL_VALIDATION_FAILED"),
        ("subscription ($n: Int!) { count(to: $n) }", LEARNER, "BAD_USER_INPUT"),
        ("subscription { count }", ANONYMOUS, "UNAUTHENTICATED"),
        ("subscription { refusing }", LEARNER, "FORBIDDEN"),
        ("subscription { heartbeat(every: 0) { number } }", LEARNER, "BAD_USER_INPUT"),
        ("{ programs { totalCount } }", ANONYMOUS, "UNAUTHENTICATED"),
    ],
)
async def test_an_operation_that_cannot_be_run_is_refused(
    catalog: Database, query: str, viewer: Viewer, expected: str
) -> None:
    with pytest.raises(Refusal) as refused:
        await bodies(catalog, query, viewer=viewer)

    assert refused.value.code == expected
    assert code([dict(error) for error in refused.value.errors]) == expected


@pytest.mark.parametrize(
    ("openly", "message", "expected"),
    [("true", "Not for you.", "FORBIDDEN"), ("false", "Something went wrong on our side.", "INTERNAL_SERVER_ERROR")],
)
async def test_a_source_that_fails_ends_with_an_error_that_tells_no_more_than_it_may(
    catalog: Database, openly: str, message: str, expected: str
) -> None:
    results = operations(catalog).results(Operation(f"subscription {{ failing(openly: {openly}) }}"), lambda: LEARNER)

    assert (await anext(results)).data == {"failing": 1}
    with pytest.raises(Refusal) as refused:
        await anext(results)

    assert (refused.value.code, refused.value.errors[0]["message"]) == (expected, message)


async def test_a_source_cannot_hold_a_snapshot_while_it_waits(catalog: Database) -> None:
    with pytest.raises(Refusal) as refused:
        await bodies(catalog, "subscription { reading }")

    assert refused.value.code == "INTERNAL_SERVER_ERROR"


async def test_an_event_has_the_time_of_a_query_and_the_stream_goes_on(catalog: Database) -> None:
    profile = Profile(Limits(query_seconds=0.1))

    [first, second] = await bodies(catalog, "subscription { slow { after(seconds: 1) } }", profile=profile)

    assert first == second
    assert first["data"] is None
    assert code(first["errors"]) == "TIME_LIMIT_EXCEEDED"


async def test_a_source_that_never_waits_keeps_nobody_waiting(catalog: Database) -> None:
    results = operations(catalog).results(Operation("subscription { flood }"), lambda: LEARNER)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    for _ in range(20):
        await anext(results)
    await results.aclose()
    task.cancel()

    assert turns > 10


async def test_limits_hold_for_subscriptions(catalog: Database) -> None:
    with pytest.raises(Refusal) as refused:
        await bodies(catalog, "subscription { seen(uuids: []) { program { name } } }", profile=Profile(Limits(depth=2)))

    assert refused.value.code == "DEPTH_LIMIT_EXCEEDED"


async def test_nobody_listens_on_with_a_token_that_has_ended(catalog: Database) -> None:
    left = 3

    def viewing() -> Viewer:
        nonlocal left
        left -= 1
        if left < 0:
            raise Unauthenticated("The token has expired.")
        return LEARNER

    results = operations(catalog).results(Operation("subscription { count(to: 9) }"), viewing)

    assert (await anext(results)).data == {"count": 0}
    with pytest.raises(Unauthenticated):
        await anext(results)


@pytest.mark.parametrize("is_waiting", [True, False])
async def test_the_source_is_closed_when_nobody_listens_anymore(catalog: Database, is_waiting: bool) -> None:
    closed.clear()
    results = operations(catalog).results(Operation('subscription { waiting(name: "a") }'), lambda: LEARNER)
    await anext(results)
    if is_waiting:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(results), 0.05)
    await results.aclose()

    assert closed == ["a"]


async def test_operations_that_are_cut_short_anywhere_leave_the_database_free(catalog: Database) -> None:
    """A client may go at any moment, in the middle of a statement too."""

    async def follow(query: str) -> None:
        await bodies(catalog, query, {"uuids": [uuid(1)] * 3, "id": f"Program:{uuid(1)}"}, ADMIN)

    for number in range(60):
        for query in (SEEN, RETIRE, "{ programs { nodes { courses { name } } } }"):
            task = asyncio.create_task(follow(query))
            await asyncio.sleep(number / 10_000)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async with asyncio.timeout(5):
        [mutation] = await bodies(catalog, RETIRE, {"id": f"Program:{uuid(5)}"}, ADMIN)
        answers = await asyncio.gather(*(bodies(catalog, SEEN, {"uuids": [uuid(5)]}) for _ in range(20)))
    assert mutation["data"]["retireProgram"]["program"] == {"status": "RETIRED"}
    assert all("errors" not in body for [body] in answers)


async def test_a_mutation_that_was_begun_is_finished(catalog: Database) -> None:
    """As over plain HTTP: whoever goes before the answer finds all or nothing of it done, and here all."""
    results = operations(catalog).results(Operation(RETIRE, variables={"id": f"Program:{uuid(1)}"}), lambda: ADMIN)
    task = asyncio.ensure_future(anext(results))
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert task.cancelled()
    [body] = await bodies(catalog, f'{{ program(id: "Program:{uuid(1)}") {{ status }} }}')
    assert body["data"]["program"]["status"] == "RETIRED"


async def test_without_a_database_an_event_says_so(tmp_path: Any) -> None:
    database = open_database(f"sqlite+aiosqlite:///{tmp_path}/none.db")

    [body] = await bodies(database, SEEN, {"uuids": [uuid(1)]})

    assert body["data"] == {"seen": {"program": None}}
    assert code(body["errors"]) == "SERVICE_UNAVAILABLE"


async def test_operations_that_are_no_subscriptions_take_points_as_elsewhere(catalog: Database) -> None:
    """T1: the points of a user are counted whichever way the operations come."""
    throttled = Operations(Executor(SCHEMA, catalog, throttle=open_throttle(1)), SCHEMA, catalog)
    query = Operation('{ organization(key: "Org0X") { key } }')

    assert [result.data async for result in throttled.results(query, lambda: LEARNER)]
    with pytest.raises(Refusal) as refused:
        [result async for result in throttled.results(query, lambda: LEARNER)]
    assert refused.value.code == "RATE_LIMITED"


async def test_a_time_out_that_is_not_that_of_the_event_is_a_fault(
    catalog: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late() -> NoReturn:
        raise TimeoutError

    monkeypatch.setattr(catalog, "reading", late)
    with pytest.raises(Refusal) as refused:
        await bodies(catalog, "subscription { slow { after(seconds: 0) } }", viewer=ADMIN)

    assert refused.value.code == "INTERNAL_SERVER_ERROR"
