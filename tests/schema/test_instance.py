"""Open edX instances over GraphQL (spec/content-api.md: "programmatically co-hosting that content on different …")."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from db.engine import Database
from db.tables import AuditEntry, CourseRun, InstanceContent, PushState
from resolvers.access import Viewer
from resolvers.features import Feature
from resolvers.instances.drift import drift_of
from resolvers.instances.drift import has_drifted as has_drifted_by
from resolvers.instances.known import Instance
from resolvers.instances.rows import put
from schema import schema
from server.execution import Executor
from tests.asking import AUTHOR, LEARNER, Asking
from tests.resolvers.editing.courses import FILES
from tests.schema.contents import RUN, with_content
from tests.test_docs import QUERY as QUERY_OF_DOCS

QUERY = "{ openEdxInstances { name lmsUrl studioUrl isReadable } }"
DOCS = Path(__file__).parents[2] / "docs" / "instances.md"
PARTNER = Instance("partner", "https://lms.example.org", "https://studio.example.org", is_readable=True)


@pytest.fixture
def dialect() -> str:
    return "sqlite"


async def test_authors_see_instances_by_name_and_others_do_not(database: Database) -> None:
    asking = Asking(database)
    asking.executor = Executor(schema(), database, instances=[PARTNER])
    assert (await asking.data(QUERY, viewer=AUTHOR))["openEdxInstances"] == [
        {
            "name": "partner",
            "lmsUrl": "https://lms.example.org",
            "studioUrl": "https://studio.example.org",
            "isReadable": True,
        }
    ]
    assert (await asking.error(QUERY, viewer=LEARNER))["extensions"]["code"] == "FORBIDDEN"
    asking.executor = Executor(schema(), database, features=set(Feature) - {Feature.CONTENT})
    assert (await asking.error(QUERY, viewer=AUTHOR))["extensions"]["code"] == "FEATURE_DISABLED"


PUSH = """
mutation($input: PushCourseInput!) {
  pushCourse(input: $input) {
    job { kind subject state input requestedBy }
    userErrors { code message field ... on VersionConflict { currentVersion } }
  }
}
"""


@pytest.fixture
async def asking(database: Database, tmp_path: Path) -> Asking:
    """A run with content, and one instance."""
    asking = await with_content(database, tmp_path, FILES)
    asking.executor = Executor(schema(), database, courses=asking.executor.courses, instances=[PARTNER])
    return asking


async def push(asking: Asking, viewer: Viewer = AUTHOR, **given: Any) -> Any:
    variables = {"input": {"courseRun": RUN, "instance": "partner", **given}}
    return (await asking.data(PUSH, variables, viewer=viewer))["pushCourse"]


async def test_a_push_is_a_job_and_asked_for_once(asking: Asking) -> None:
    made = await push(asking)
    assert made["userErrors"] == []
    assert made["job"]["kind"] == "PUSH_COURSE"
    assert (made["job"]["subject"], made["job"]["requestedBy"]) == (f"CourseRun:{RUN}", "author")
    assert (await push(asking))["job"] == made["job"]
    async with asking.database.writing() as session:
        assert {entry.action for entry in await session.scalars(select(AuditEntry))} == {"push content"}


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"instance": "nowhere"}, "INSTANCE_UNKNOWN", ["instance"]),
        ({"version": "0" * 64}, "VERSION_UNKNOWN", ["version"]),
        ({"courseRun": "course-v1:Org0X+C0.0x+R1"}, "VERSION_UNKNOWN", ["version"]),
        ({"expectedRemote": "0" * 64}, "VERSION_CONFLICT", ["expectedRemote"]),
        ({"courseRun": "a key"}, "BAD_COURSE_KEY", ["courseRun"]),
    ],
)
async def test_what_stands_against_a_push_is_told(asking: Asking, given: Any, code: str, field: list[str]) -> None:
    made = await push(asking, **given)
    assert made["job"] is None
    [error] = made["userErrors"]
    assert (error["code"], error["field"]) == (code, field)


async def test_only_who_may_edit_a_run_may_push_it(asking: Asking) -> None:
    variables = {"input": {"courseRun": RUN, "instance": "partner"}}
    assert (await asking.error(PUSH, variables, viewer=LEARNER))["extensions"]["code"] == "FORBIDDEN"
    variables["input"]["courseRun"] = "course-v1:No+Such+Run"
    assert (await asking.error(PUSH, variables, viewer=AUTHOR))["extensions"]["code"] == "NOT_FOUND"


HOSTED = """
query($run: String!, $version: String) {
  courseRun(key: $run) {
    content(version: $version) {
      instances {
        name state words pushedVersion pushedAt pushedBy pulledVersion pulledAt remoteVersion isBehind drift hasDrifted
      }
    }
  }
}
"""
AT, LATER = datetime(2026, 11, 21, 12, tzinfo=UTC), datetime(2026, 11, 21, 13, tzinfo=UTC)


async def hosted(asking: Asking, viewer: Viewer = AUTHOR) -> Any:
    run = (await asking.data(HOSTED, {"run": RUN}, viewer=viewer))["courseRun"]
    return run["content"]["instances"][0] if run["content"] else None


async def test_content_tells_what_instances_have_of_it(asking: Asking, database: Database) -> None:
    nothing = await hosted(asking)
    assert {name for name, value in nothing.items() if value is not None} == {"name", "drift"}
    assert (nothing["name"], nothing["drift"]) == ("partner", "UNKNOWN")
    query = "query($run: String!) { courseRun(key: $run) { content { version } } }"
    version = (await asking.data(query, {"run": RUN}, viewer=AUTHOR))["courseRun"]["content"]["version"]
    async with database.writing() as session:
        run = await session.scalar(select(CourseRun.id).where(CourseRun.key == RUN))
        assert run is not None
        pushed = {"pushed_version": version, "pushed_digest": "a" * 64, "pushed_at": AT, "pushed_by": "ada"}
        await put(session, run, "partner", state=PushState.PUSHED, **pushed)
    assert await hosted(asking) == nothing | {
        "state": "PUSHED", "pushedVersion": version, "pushedAt": "2026-11-21T12:00:00Z", "pushedBy": "ada",
        "remoteVersion": version, "isBehind": False,
    }  # fmt: skip
    async with database.writing() as session:
        await put(session, run, "partner", pulled_version="c" * 64, pulled_digest="b" * 64, pulled_at=LATER)
    found = await hosted(asking)
    assert (found["remoteVersion"], found["isBehind"], found["drift"]) == ("c" * 64, True, "POSSIBLE")
    assert found["pulledAt"] == "2026-11-21T13:00:00Z"
    assert asking.statements <= 12
    assert await hosted(asking, LEARNER) is None


@pytest.mark.parametrize(
    ("pulled", "baseline", "at", "drift", "has_drifted"),
    [
        (None, None, None, "UNKNOWN", None),
        ("a", None, AT - timedelta(hours=1), "UNKNOWN", None),
        ("a", None, LATER, "NONE", False),
        ("b", None, LATER, "POSSIBLE", None),
        ("b", "b", LATER, "NONE", False),
        ("c", "b", LATER, "CHANGED", True),
        ("a", "b", LATER, "NONE", False),
    ],
)
def test_drift_is_what_can_be_known(
    pulled: str | None, baseline: str | None, at: datetime | None, drift: str, has_drifted: object
) -> None:
    row = InstanceContent(pushed_at=AT, pushed_digest="a", baseline=baseline, pulled_digest=pulled, pulled_at=at)
    found = drift_of(row)
    assert (found.name, has_drifted_by(found)) == (drift, has_drifted)


ASKED = {
    "pull": "mutation($input: PullCourseInput!) { asked: pullCourse(input: $input) "
    "{ job { kind } userErrors { code field } } }",
    "check": "mutation($input: CheckInstanceDriftInput!) { asked: checkInstanceDrift(input: $input) "
    "{ job { kind } userErrors { code field } } }",
}


@pytest.mark.parametrize(("name", "kind"), [("pull", "PULL_COURSE"), ("check", "CHECK_DRIFT")])
async def test_pulls_and_looks_are_jobs(asking: Asking, database: Database, name: str, kind: str) -> None:
    variables = {"input": {"courseRun": RUN, "instance": "partner"}}
    made = (await asking.data(ASKED[name], variables, viewer=AUTHOR))["asked"]
    assert made == {"job": {"kind": kind}, "userErrors": []}
    assert (await asking.error(ASKED[name], variables, viewer=LEARNER))["extensions"]["code"] == "FORBIDDEN"
    blind = Instance("partner", "https://lms.example.org", "https://studio.example.org")
    asking.executor = Executor(schema(), database, courses=asking.executor.courses, instances=[blind])
    made = (await asking.data(ASKED[name], variables, viewer=AUTHOR))["asked"]
    assert made["userErrors"] == [{"code": "INSTANCE_NOT_READABLE", "field": ["instance"]}]


async def test_the_documented_queries_are_answered(asking: Asking) -> None:
    for query, _ in QUERY_OF_DOCS.findall(DOCS.read_text()):
        assert any((await asking.data(query, viewer=AUTHOR)).values())
