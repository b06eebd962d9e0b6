"""Updates from the source over GraphQL (spec/content-api.md, "without loss of any course run information")."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from db.engine import Database
from db.store import Commit, Store, commit, open_blobs, share
from db.tables import AuditEntry, now
from resolvers.access import ANONYMOUS, Viewer
from resolvers.content.load import Courses
from resolvers.merging.protection import DEFAULT
from tests.asking import AUTHOR, LEARNER, Asking
from tests.catalog import fill
from tests.resolvers.content.conftest import ADA, imported, loaded
from tests.resolvers.editing.courses import FILES
from tests.schema.contents import RUN, add_page, run_id

RERUN = "course-v1:Org0X+C0.0x+R1"
LIST = "content { protectedSettings { name type block } }"
PROTECT = f"""mutation($input: SetProtectedSettingsInput!) {{
  setProtectedSettings(input: $input) {{ courseRun {{ {LIST} }} userErrors {{ code message field }} }}
}}"""


@pytest.fixture
def dialect() -> str:
    """One: what differs is tested where imports are."""
    return "sqlite"


@pytest.fixture
async def store(database: Database, tmp_path: Path) -> Store:
    await fill(database)
    return Store(database, open_blobs(tmp_path / "blobs"))


@pytest.fixture
async def asking(store: Store) -> Asking:
    await imported(store, await run_id(store.database, RUN), FILES)
    return Asking(store.database, courses=Courses(store))


async def protect(asking: Asking, settings: Any, viewer: Viewer = AUTHOR) -> Any:
    variables = {"input": {"courseRun": RUN, "settings": settings}}
    return (await asking.data(PROTECT, variables, viewer=viewer))["setProtectedSettings"]


async def test_protected_settings_are_a_list_that_can_be_read_and_changed(asking: Asking, database: Database) -> None:
    found = await asking.data(f'{{ courseRun(key: "{RUN}") {{ {LIST} }} }}', viewer=AUTHOR)
    assert [each["name"] for each in found["courseRun"]["content"]["protectedSettings"]] == list(DEFAULT)

    made = await protect(asking, [{"name": "due"}, {"name": "weight", "type": "problem"}, {"name": "due"}])
    assert made["userErrors"] == []
    assert made["courseRun"]["content"]["protectedSettings"] == [
        {"name": "due", "type": None, "block": None},
        {"name": "weight", "type": "problem", "block": None},
    ]
    async with database.writing() as session:
        entry = await session.scalar(select(AuditEntry).where(AuditEntry.action == "protect settings"))
    assert entry is not None
    assert "weight problem" in entry.changes
    again = await protect(asking, None)
    assert len(again["courseRun"]["content"]["protectedSettings"]) == len(DEFAULT)


@pytest.mark.parametrize(
    ("setting", "place"),
    [
        ({"name": "not a name"}, "name"),
        ({"name": "filename"}, "name"),
        ({"name": "due", "type": "a b"}, "type"),
        ({"name": "due", "type": "problem", "block": "problem/sum"}, "type"),
        ({"name": "due", "block": "sum"}, "block"),
    ],
)
async def test_what_cannot_be_protected_is_told(asking: Asking, setting: dict[str, str], place: str) -> None:
    [error] = (await protect(asking, [{"name": "due"}, setting]))["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", ["settings", "1", place])


async def test_only_so_many_settings_can_be_protected(asking: Asking) -> None:
    [error] = (await protect(asking, [{"name": f"x{number}"} for number in range(501)]))["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", ["settings"])
    assert error["message"] == "at most 500 settings can be protected"


@pytest.mark.parametrize(("viewer", "code"), [(ANONYMOUS, "UNAUTHENTICATED"), (LEARNER, "FORBIDDEN")])
async def test_only_who_may_edit_protects(asking: Asking, viewer: Viewer, code: str) -> None:
    variables = {"input": {"courseRun": RUN, "settings": []}}
    assert (await asking.error(PROTECT, variables, viewer=viewer))["extensions"]["code"] == code


MERGE = """mutation($input: MergeContentInput!) {
  mergeContent(input: $input) {
    merge {
      version isNew kept { block name ours theirs }
      conflicts { key aspect block breadcrumb name base ours theirs blocks choice }
    }
    courseRun { content { version } }
    userErrors { code message field }
  }
}"""
SETTINGS = """mutation($input: UpdateBlockSettingsInput!) {
  updateBlockSettings(input: $input) { edit { version } userErrors { message } }
}"""
UPSTREAM = f"""{{ courseRun(key: "{RERUN}") {{ content {{ version upstream {{
  version takenAt username fromRun latestVersion isBehind
  localChanges {{ blocks {{ key settings {{ name after }} }} }}
  sourceChanges {{ oldVersion newVersion blocks {{ key }} }}
}} }} }} }}"""


async def merge(asking: Asking, viewer: Viewer = AUTHOR, **given: Any) -> Any:
    variables = {"input": {"courseRun": RERUN, "fromRun": RUN, **given}}
    return (await asking.data(MERGE, variables, viewer=viewer))["mergeContent"]


async def change(asking: Asking, run: str, block: str, **settings: str) -> None:
    named = [{"name": name, "value": value} for name, value in settings.items()]
    variables = {"input": {"courseRun": run, "block": block, "settings": named, "force": True}}
    assert not (await asking.data(SETTINGS, variables, viewer=AUTHOR))["updateBlockSettings"]["userErrors"]


async def test_a_rerun_takes_over_what_its_source_has_changed(asking: Asking, store: Store) -> None:
    source, target = await run_id(store.database, RUN), await run_id(store.database, RERUN)
    async with store.database.writing() as session:
        first = await share(session, source, target, ADA)
    await change(asking, RERUN, "problem/sum", display_name="Ours", due="2027-01-01T00:00:00Z")
    await change(asking, RUN, "problem/sum", max_attempts="5", due="2026-01-01T00:00:00Z")

    found = (await asking.data(UPSTREAM, viewer=AUTHOR))["courseRun"]["content"]["upstream"]
    assert (found["version"], found["username"], found["fromRun"], found["isBehind"]) == (first, "ada", RUN, True)
    assert found["localChanges"]["blocks"] == [
        {"key": "problem/sum", "settings": [
            {"name": "display_name", "after": "Ours"}, {"name": "due", "after": "2027-01-01T00:00:00Z"},
        ]}
    ]  # fmt: skip
    assert found["sourceChanges"]["blocks"] == [{"key": "problem/sum"}]
    assert found["sourceChanges"]["newVersion"] == found["latestVersion"]

    dry = await merge(asking, validateOnly=True)
    made = await merge(asking, expectedVersion=dry["courseRun"]["content"]["version"], message="the new year")
    assert (made["userErrors"], made["merge"]["conflicts"], made["merge"]["isNew"]) == ([], [], True)
    assert made["merge"]["version"] == made["courseRun"]["content"]["version"] == dry["merge"]["version"]
    assert made["merge"]["kept"] == [
        {"block": "problem/sum", "name": "due", "ours": "2027-01-01T00:00:00Z", "theirs": "2026-01-01T00:00:00Z"}
    ]
    found = (await asking.data(UPSTREAM, viewer=AUTHOR))["courseRun"]["content"]["upstream"]
    assert (found["isBehind"], found["sourceChanges"]["blocks"]) == (False, [])
    assert (await merge(asking))["merge"]["isNew"] is False


async def test_conflicts_are_listed_until_somebody_resolves_them(asking: Asking, store: Store) -> None:
    source, target = await run_id(store.database, RUN), await run_id(store.database, RERUN)
    async with store.database.writing() as session:
        await share(session, source, target, ADA)
    for run in (RERUN, RUN):
        await change(asking, run, "problem/sum", display_name=f"Of {run[-2:]}")
        await change(asking, run, "html/page", display_name=f"Of {run[-2:]}")
    made = await merge(asking)
    assert (made["courseRun"], made["merge"]["version"]) == (None, None)
    [error] = made["userErrors"]
    assert (error["code"], error["field"]) == ("MERGE_CONFLICTS", ["resolutions"])
    assert made["merge"]["conflicts"][1] == {
        "key": "setting problem/sum display_name", "aspect": "SETTING", "block": "problem/sum",
        "breadcrumb": ["Demo", "One", "First", "Unit 1", "Of R1"], "name": "display_name",
        "base": "Sum", "ours": "Of R1", "theirs": "Of R0", "blocks": [], "choice": None,
    }  # fmt: skip
    one = [{"conflict": "setting problem/sum display_name", "choice": "THEIRS"}]
    assert (await merge(asking, resolutions=one))["userErrors"][0]["code"] == "MERGE_CONFLICTS"
    made = await merge(asking, resolutions=one, others="OURS")
    assert [each["choice"] for each in made["merge"]["conflicts"]] == ["OURS", "THEIRS"]
    assert made["merge"]["isNew"] is True


async def test_what_cannot_be_merged_is_told(asking: Asking) -> None:
    none = await merge(asking, fromRun=RERUN, courseRun=RUN)
    assert (none["userErrors"][0]["code"], none["userErrors"][0]["field"]) == ("INVALID", ["fromRun"])
    mistyped = await merge(asking, fromRun="nonsense")
    assert (mistyped["userErrors"][0]["code"], mistyped["userErrors"][0]["field"]) == ("BAD_COURSE_KEY", ["fromRun"])
    unknown = await merge(asking, fromVersion="0" * 64)
    assert (unknown["userErrors"][0]["code"], unknown["userErrors"][0]["field"]) == ("VERSION_UNKNOWN", ["fromVersion"])
    late = await merge(asking, expectedVersion="0" * 64)
    assert late["userErrors"][0]["code"] == "VERSION_CONFLICT"
    await asking.data(
        f'mutation {{ acquireLock(input: {{courseRun: "{RERUN}"}}) {{ lock {{ token }} }} }}', viewer=AUTHOR
    )
    assert (await merge(asking))["userErrors"][0]["code"] == "CONTENT_REFUSED"
    error = await asking.error(MERGE, {"input": {"courseRun": RERUN, "fromRun": RUN}}, viewer=LEARNER)
    assert error["extensions"]["code"] == "FORBIDDEN"


async def test_an_archive_is_a_source_that_nothing_more_is_known_of(asking: Asking) -> None:
    upstream = "upstream { version fromRun isBehind sourceChanges { oldVersion } }"
    query = f'{{ courseRun(key: "{RUN}") {{ content {{ version {upstream} }} }} }}'
    found = (await asking.data(query, viewer=AUTHOR))["courseRun"]["content"]
    assert found["upstream"] == {
        "version": found["version"], "fromRun": None, "isBehind": None, "sourceChanges": None,
    }  # fmt: skip


async def test_two_files_of_one_name_cannot_be_merged(asking: Asking, store: Store) -> None:
    source, target = await run_id(store.database, RUN), await run_id(store.database, RERUN)
    async with store.database.writing() as session:
        await share(session, source, target, ADA)
    for run, name in ((RUN, "yours"), (RERUN, "mine")):
        await add_page(asking, run, name, "html/two.html")
    [error] = (await merge(asking, others="THEIRS"))["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", ["fromRun"])
    assert error["message"] == "two different files would be written to 'html/two.html'"


async def test_of_content_that_came_from_nowhere_no_source_is_known(asking: Asking, store: Store) -> None:
    head = (await loaded(store, await run_id(store.database, RUN))).head
    change = Commit(
        await run_id(store.database, RERUN), head.root, head.frame, ADA, "edit", now() + store.lease, 1, 1, 1
    )
    async with store.database.writing() as session:
        await commit(session, change)
    found = (await asking.data(UPSTREAM, viewer=AUTHOR))["courseRun"]["content"]
    assert found == {"version": head.root, "upstream": None}
