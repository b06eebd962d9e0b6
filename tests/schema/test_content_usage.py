"""Usage over GraphQL (spec/content-api.md, "Observability"): who may see it, and that all operations are in it."""

import io
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from db.engine import Database
from db.store import Author
from db.tables import ContentUsage, Job, JobState
from resolvers.access import Viewer
from resolvers.content.exports import export_course
from resolvers.usage import usage_of
from resolvers.usage.recorder import Done, Usage
from tests.asking import ADMIN, AUTHOR, LEARNER, Asking
from tests.edx.olx.twins import COURSE
from tests.schema.contents import RUN, run_id, with_content

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
AROUND = '{ since: "2026-11-20T11:00:00Z", until: "2026-11-20T14:00:00Z" }'


@pytest.fixture
def dialect(request: pytest.FixtureRequest) -> str:
    """One for most tests: what differs is in the statements."""
    return getattr(request, "param", "sqlite")


BOTH = pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
async def asking(database: Database, tmp_path: Path) -> Asking:
    """An executor over the small catalog, of which one run has content."""
    return await with_content(database, tmp_path, COURSE)


async def asked(asking: Asking, arguments: str, selection: str) -> Any:
    return (await asking.data(f"{{ contentUsage({arguments}) {{ {selection} }} }}", viewer=ADMIN))["contentUsage"]


@BOTH
async def test_periods_have_counts_percentiles_and_groups(asking: Asking) -> None:
    usage, run = Usage(NOON.timestamp), await run_id(asking.database)
    for number in range(100):
        outcome = "ok" if number else "PLACEMENT"
        usage.note(Done("addBlock", "ada", "studio", run, outcome, 0.01 if number < 98 else 2.0, {"html": 2}))
    usage.note(Done("olx", "bob", "", run, "ok", 0.001, {"problem": 1}))
    await usage.flush(asking.database)
    groups = "groups { operation blockType application courseRun { key } count failed blockCount p99Milliseconds }"
    found = await asked(
        asking,
        f"filter: {AROUND}, by: [OPERATION, APPLICATION, COURSE_RUN]",
        f"startsAt endsAt count failed p50Milliseconds p99Milliseconds queueDepth longestWaitMilliseconds {groups}",
    )
    assert [(period["startsAt"], period["count"], period["failed"]) for period in found] == [
        ("2026-11-20T11:00:00Z", 0, 0), ("2026-11-20T12:00:00Z", 101, 1), ("2026-11-20T13:00:00Z", 0, 0),
    ]  # fmt: skip
    assert found[1]["p50Milliseconds"] == pytest.approx(10, rel=0.1)
    assert found[1]["p99Milliseconds"] == pytest.approx(2000, rel=0.1)
    assert [each | {"p99Milliseconds": None} for each in found[1]["groups"]] == [
        {"operation": "addBlock", "blockType": None, "application": "studio", "courseRun": {"key": RUN}, "count": 100,
         "failed": 1, "blockCount": 0, "p99Milliseconds": None},
        {"operation": "olx", "blockType": None, "application": None, "courseRun": {"key": RUN}, "count": 1,
         "failed": 0, "blockCount": 0, "p99Milliseconds": None},
    ]  # fmt: skip
    assert asking.statements == 3  # counts, jobs, and the runs that groups lead to
    by_whom = await asked(
        asking, f"filter: {AROUND}, bucket: DAY, by: [USERNAME, OUTCOME]", "groups { username outcome count }"
    )
    assert by_whom[0]["groups"] == [
        {"username": "ada", "outcome": "ok", "count": 99}, {"username": "ada", "outcome": "PLACEMENT", "count": 1},
        {"username": "bob", "outcome": "ok", "count": 1},
    ]  # fmt: skip
    by_type = await asked(
        asking, f"filter: {AROUND}, bucket: DAY, by: [BLOCK_TYPE]", "count groups { blockType count blockCount }"
    )
    assert by_type == [
        {"count": 101, "groups": [{"blockType": "html", "count": 100, "blockCount": 200},
                                  {"blockType": "problem", "count": 1, "blockCount": 1}]}
    ]  # fmt: skip


CONDITIONS = {
    'username: ["ada"]': 2,
    'username: ["ada", "bob"]': 3,
    'application: ["studio"]': 2,
    'operation: ["olx"]': 1,
    'blockType: ["problem"]': 2,
    'outcome: ["ok"]': 2,
    'courseRun: ["course-v1:ORG0X+C0.0X+R0"]': 2,
    'courseRun: ["course-v1:No+Such+Run"]': 0,
    'operation: ["olx"], outcome: ["PLACEMENT"]': 0,
}


@BOTH
async def test_conditions_hold_together(asking: Asking) -> None:
    usage, run = Usage(NOON.timestamp), await run_id(asking.database)
    usage.note(Done("addBlock", "ada", "studio", run, "ok", 0.01, {"html": 2, "problem": 1}))
    usage.note(Done("addBlock", "ada", "studio", 0, "PLACEMENT", 0.01))
    usage.note(Done("olx", "bob", "", run, "ok", 0.001, {"problem": 1}))
    await usage.flush(asking.database)
    for condition, count in CONDITIONS.items():
        filter_ = f"{AROUND.removesuffix('}')}, {condition} }}"
        assert await asked(asking, f"filter: {filter_}, bucket: DAY", "count") == [{"count": count}], condition


@BOTH
async def test_the_queue_is_as_deep_as_it_was_at_its_worst(asking: Asking) -> None:
    def job(number: int, asked: float, left: float | None, queue: str = "content") -> Job:
        at = [None if each is None else NOON + timedelta(minutes=each) for each in (asked, left)]
        state = JobState.SUCCEEDED if left is not None else JobState.QUEUED
        return Job(
            uuid=f"u{number}", kind="K", queue=queue, subject="s", state=state, max_attempts=1, input="{}",
            created_at=at[0], started_at=at[1],
        )  # fmt: skip

    waits = [(-10, 20), (1, 5), (2, 90), (3, 4), (70, None)]
    async with asking.database.writing() as session:
        session.add_all([job(number, *times) for number, times in enumerate(waits)])
        session.add(job(9, 2, 80, "studio"))
    found = await asked(asking, f"filter: {AROUND}", "queueDepth longestWaitMilliseconds")
    assert [period["queueDepth"] for period in found] == [1, 4, 2]
    assert [period["longestWaitMilliseconds"] for period in found] == [None, 30 * 60e3, 88 * 60e3]
    later = '{ since: "2026-11-20T13:00:00Z", until: "2026-11-20T14:00:00Z" }'  # two have waited since before
    assert await asked(asking, f"filter: {later}", "queueDepth longestWaitMilliseconds") == [
        {"queueDepth": 2, "longestWaitMilliseconds": 88 * 60e3}
    ]


async def test_more_rows_than_can_be_told_are_refused(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resolvers.usage.reading.MOST_ROWS", 1)
    usage = Usage(NOON.timestamp)
    for username in ("ada", "bob"):
        usage.note(Done("olx", username, "", 0, "ok", 0.01))
    await usage.flush(asking.database)
    assert (await asked(asking, f"filter: {AROUND}, bucket: DAY", "count"))[0]["count"] == 2
    query = f"{{ contentUsage(filter: {AROUND}, by: [USERNAME]) {{ count }} }}"
    error = await asking.error(query, viewer=ADMIN)
    assert (error["extensions"]["code"], "tell less apart" in error["message"]) == ("BAD_USER_INPUT", True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('filter: { since: "2026-01-01T00:00:00Z" }, bucket: FIVE_MINUTES', "more than 1000"),
        ('filter: { since: "2026-11-20T00:00:00Z", until: "2026-11-19T00:00:00Z" }', "ends before it begins"),
    ],
)  # fmt: skip
async def test_too_much_is_refused(asking: Asking, arguments: str, message: str) -> None:
    error = await asking.error(f"{{ contentUsage({arguments}) {{ count }} }}", viewer=ADMIN)
    assert (error["extensions"]["code"], message in error["message"]) == ("BAD_USER_INPUT", True)


@pytest.mark.parametrize("viewer", [LEARNER, AUTHOR])
async def test_only_admins_see_it(asking: Asking, viewer: Viewer) -> None:
    for query in ("{ contentUsage { count } }", '{ blockTypeUsage(type: "html") { runCount } }'):
        assert (await asking.error(query, viewer=viewer))["extensions"]["code"] == "FORBIDDEN"


EDIT = """mutation {{ applyContentChanges(input: {{ courseRun: "{run}", force: true, changes: [{changes}] }})
    {{ edit {{ version }} userErrors {{ code }} }} }}"""
SET = '{{ updateBlockSettings: {{ block: "problem/sum", settings: [{{ name: "{}", value: "{}" }}] }} }}'


async def test_every_operation_is_counted_with_who_what_and_what_came_of_it(asking: Asking) -> None:
    """The import of the fixture, an edit, one that is refused, a lock, a restore, an export and reads."""
    database, run = asking.database, await run_id(asking.database)
    by = Viewer("admin", ADMIN.roles, application="lms:admin")

    async def do(query: str) -> Any:
        return await asking.data(query, viewer=by)

    first = (await do(f'{{ courseRun(key: "{RUN}") {{ content {{ version }} }} }}'))["courseRun"]["content"]["version"]
    await do(EDIT.format(run=RUN, changes=SET.format("max_attempts", "2")))
    await do(EDIT.format(run=RUN, changes=SET.format("max_attempts", "hush-hush")))
    lock = await do(f'mutation {{ got: acquireLock(input: {{ courseRun: "{RUN}" }}) {{ lock {{ token }} }} }}')
    restore = (
        f'mutation {{ restoreContentVersion(input: {{ run: "{RUN}", version: "%s", lockToken: '
        f'"{lock["got"]["lock"]["token"]}" }}) {{ userErrors {{ code }} }} }}'
    )
    await do(restore % first)
    await do(restore % ("0" * 64))
    await do(
        f'{{ courseRun(key: "{RUN}") {{ content {{ block(key: "problem/sum") {{ olx }}'
        ' search(text: "x") { excerpt } } } }'
    )
    loaded = await asking.executor.courses.of_run(run) if asking.executor.courses else None
    assert loaded is not None
    await export_course(database, loaded, io.BytesIO(), author=Author("ada", "tests"))
    await usage_of(database).flush(database)
    async with database.writing() as session:
        stored = list(await session.scalars(select(ContentUsage)))
    counted: Counter[tuple[str, ...]] = Counter()
    for row in stored:
        if not row.block_type:
            counted[row.operation, row.outcome, row.username, row.application] += row.count
    assert counted == {
        ("importCourse", "ok", "ada", "tests"): 1,
        ("content", "ok", "admin", "lms"): 2,
        ("updateBlockSettings", "ok", "admin", "lms"): 1,
        ("updateBlockSettings", "INVALID_SETTING", "admin", "lms"): 1,
        ("acquireLock", "ok", "admin", "lms"): 1,
        ("restoreContentVersion", "ok", "admin", "lms"): 1,
        ("restoreContentVersion", "VERSION_UNKNOWN", "admin", "lms"): 1,
        ("olx", "ok", "admin", "lms"): 1,
        ("search", "ok", "admin", "lms"): 1,
        ("exportCourse", "ok", "ada", "tests"): 1,
    }
    assert {row.course_run_id for row in stored} == {run}
    touched = {row.block_type: row.blocks for row in stored if row.operation == "updateBlockSettings"}
    assert touched == {"": 0, "problem": 1}
    assert {row.block_type for row in stored if row.operation == "importCourse"} > {"course", "html", "problem"}
    assert "hush" not in repr([vars(row) for row in stored])


async def test_a_type_tells_where_it_was_seen_first_and_what_was_wrong_with_it(asking: Asking) -> None:
    query = """{ blockTypeUsage(type: "%s"%s) { setting runCount versionCount firstSeenAt lastSeenAt
        runs { courseRun { key } versionCount blockCount firstVersion lastVersion } settings { name runCount }
        problems { code setting courseRun { key } count } } }"""

    async def found(kind: str, setting: str = "") -> Any:
        return (await asking.data(query % (kind, setting), viewer=ADMIN))["blockTypeUsage"]

    before = await found("problem")
    assert (before["runCount"], before["versionCount"], before["problems"]) == (1, 1, [])
    assert before["runs"][0]["firstVersion"] == before["runs"][0]["lastVersion"]
    for value in ("2", "never"):
        await asking.data(EDIT.format(run=RUN, changes=SET.format("max_attempts", value)), viewer=ADMIN)
    after = await found("problem")
    assert (after["versionCount"], [each["name"] for each in after["settings"]]) == (
        2,
        ["display_name", "markdown", "max_attempts"],
    )
    assert after["runs"][0]["firstVersion"] == before["runs"][0]["firstVersion"] != after["runs"][0]["lastVersion"]
    setting = await found("problem", ', setting: "max_attempts"')
    assert (setting["setting"], setting["runCount"], setting["versionCount"]) == ("max_attempts", 1, 1)
    assert setting["problems"] == [
        {"code": "INVALID_SETTING", "setting": "max_attempts", "courseRun": {"key": RUN}, "count": 1}
    ]
    nowhere = await found("word_cloud")
    assert (nowhere["runCount"], nowhere["firstSeenAt"], nowhere["runs"]) == (0, None, [])
