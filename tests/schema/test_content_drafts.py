"""Drafts over GraphQL: published and draft pointers for each run (notes on OLX, F50 to F52)."""

from pathlib import Path
from typing import Any

import pytest

from db.engine import Database
from db.store import Intake, Store, open_blobs
from resolvers.access import ANONYMOUS, Viewer
from resolvers.content.load import Courses
from tests.asking import AUTHOR, LEARNER, Asking
from tests.catalog import fill
from tests.edx.olx.twins import LIBRARY
from tests.resolvers.content.conftest import imported
from tests.resolvers.editing.courses import FILES
from tests.resolvers.merging.test_transplant import DRAFTS
from tests.schema.contents import RUN, add_page, run_id

EDIT = """mutation($input: UpdateBlockSettingsInput!) {
  updateBlockSettings(input: $input) { edit { version } courseRun { content { version } } userErrors { message } }
}"""
READ = f"""{{ courseRun(key: "{RUN}") {{
  content {{ version draft {{
    version baseVersion username changedAt
    content {{ version block(key: "problem/sum") {{ displayName }} }}
    changes {{ oldVersion newVersion blocks {{ change key }} }}
  }} }}
  contentVersions(first: 9) {{ nodes {{ operation branch }} }}
}} }}"""
PUBLISH = """mutation($input: PublishDraftInput!) { publishDraft(input: $input) {
  merge { version isNew conflicts { key ours theirs } } userErrors { code message field }
  courseRun { content { version draft { version } } }
} }"""
DISCARD = """mutation($input: DiscardDraftInput!) { discardDraft(input: $input) {
  userErrors { code message field } courseRun { content { version draft { version } } }
} }"""


@pytest.fixture
def dialect() -> str:
    """One: what differs is tested where drafts are stored."""
    return "sqlite"


@pytest.fixture
async def store(database: Database, tmp_path: Path) -> Store:
    await fill(database)
    return Store(database, open_blobs(tmp_path / "blobs"))


async def take(store: Store, files: dict[str, bytes]) -> str:
    return (await imported(store, await run_id(store.database), files)).version


@pytest.fixture
async def asking(store: Store) -> Asking:
    await take(store, dict(FILES))
    return Asking(store.database, courses=Courses(store))


async def rename(asking: Asking, block: str, name: str, branch: str | None = "DRAFT") -> Any:
    settings = [{"name": "display_name", "value": name}]
    given = {"courseRun": RUN, "block": block, "settings": settings, "force": True, "branch": branch}
    return (await asking.data(EDIT, {"input": given}, viewer=AUTHOR))["updateBlockSettings"]


async def read(asking: Asking, viewer: Viewer = AUTHOR) -> Any:
    return (await asking.data(READ, viewer=viewer))["courseRun"]


async def work(asking: Asking, query: str, **given: Any) -> Any:
    (found,) = (await asking.data(query, {"input": {"courseRun": RUN, **given}}, viewer=AUTHOR)).values()
    return found


async def test_a_draft_is_written_shown_to_authors_and_published(asking: Asking) -> None:
    before = await read(asking)
    assert before["content"]["draft"] is None
    made = await rename(asking, "problem/sum", "New")
    assert made["userErrors"] == []
    assert made["courseRun"]["content"]["version"] == before["content"]["version"]
    await rename(asking, "html/page", "New page")

    found = await read(asking)
    draft = found["content"]["draft"]
    assert (draft["baseVersion"], draft["username"]) == (before["content"]["version"], AUTHOR.username)
    assert draft["content"] == {"version": draft["version"], "block": {"displayName": "New"}}
    assert draft["changes"] == {
        "oldVersion": before["content"]["version"], "newVersion": draft["version"],
        "blocks": [{"change": "CHANGED", "key": "html/page"}, {"change": "CHANGED", "key": "problem/sum"}],
    }  # fmt: skip
    done = await work(asking, PUBLISH, expectedVersion=before["content"]["version"], message="now")
    assert (done["userErrors"], done["merge"]["version"]) == ([], draft["version"])
    assert done["courseRun"]["content"] == {"version": draft["version"], "draft": None}
    nodes = (await read(asking))["contentVersions"]["nodes"]
    assert [(node["operation"], node["branch"]) for node in nodes] == [
        ("publish", "published"), ("SetBlockSettings", "draft"), ("SetBlockSettings", "draft"), ("import", "published"),
    ]  # fmt: skip


async def test_one_unit_is_published_and_another_discarded(asking: Asking) -> None:
    await rename(asking, "problem/sum", "New")
    await rename(asking, "vertical/u2", "Other")
    done = await work(asking, PUBLISH, blocks=["vertical/u1"])
    assert done["userErrors"] == []
    assert done["courseRun"]["content"]["draft"] is not None
    changes = (await read(asking))["content"]["draft"]["changes"]["blocks"]
    assert changes == [{"change": "CHANGED", "key": "vertical/u2"}]
    done = await work(asking, DISCARD, blocks=["vertical/u2"])
    assert (done["userErrors"], done["courseRun"]["content"]["draft"]) == ([], None)


async def test_a_draft_is_discarded_as_a_whole(asking: Asking) -> None:
    before = (await read(asking))["content"]
    await rename(asking, "problem/sum", "New")
    done = await work(asking, DISCARD)
    assert (done["userErrors"], done["courseRun"]["content"]) == ([], before)
    again = await work(asking, DISCARD)
    assert (again["userErrors"][0]["code"], again["userErrors"][0]["field"]) == ("INVALID", ["courseRun"])


async def test_what_was_changed_besides_the_draft_stays_and_both_is_a_conflict(asking: Asking) -> None:
    await rename(asking, "problem/sum", "Draft")
    await rename(asking, "html/page", "Shown", branch=None)
    await rename(asking, "problem/sum", "Shown", branch=None)
    refused = await work(asking, PUBLISH)
    assert refused["userErrors"][0]["code"] == "MERGE_CONFLICTS"
    assert refused["merge"]["conflicts"] == [
        {"key": "setting problem/sum display_name", "ours": "Shown", "theirs": "Draft"}
    ]
    assert (await work(asking, PUBLISH, others="THEIRS"))["merge"]["isNew"] is True
    outline = 'outline(depth: 9, types: ["html", "problem"]) { displayName }'
    query = f'{{ courseRun(key: "{RUN}") {{ content {{ {outline} }} }} }}'
    found = (await asking.data(query, viewer=AUTHOR))["courseRun"]["content"]["outline"]
    assert {"Shown", "Draft"} <= {block["displayName"] for block in found}


async def test_a_block_is_published_without_losing_what_was_changed_besides_the_draft(asking: Asking) -> None:
    """A conflict elsewhere is none of it."""
    await rename(asking, "html/page", "Draft")
    await rename(asking, "problem/sum", "Draft")
    await rename(asking, "html/page", "Shown", branch=None)
    await rename(asking, "vertical/u1", "Shown", branch=None)
    refused = await work(asking, PUBLISH, blocks=["html/page"])
    assert refused["userErrors"][0]["code"] == "MERGE_CONFLICTS"
    assert [conflict["key"] for conflict in refused["merge"]["conflicts"]] == ["setting html/page display_name"]

    assert (await work(asking, PUBLISH, blocks=["problem/sum"]))["merge"]["isNew"] is True
    assert (await work(asking, PUBLISH, blocks=["vertical/u1"], others="OURS"))["userErrors"] == []
    outline = 'outline(depth: 9, types: ["html", "problem", "vertical"]) { key displayName }'
    query = f'{{ courseRun(key: "{RUN}") {{ content {{ {outline} }} }} }}'
    found = (await asking.data(query, viewer=AUTHOR))["courseRun"]["content"]["outline"]
    names = {block["key"]: block["displayName"] for block in found}
    assert (names["html/page"], names["problem/sum"], names["vertical/u1"]) == ("Shown", "Draft", "Shown")


async def test_drafts_of_an_archive_become_the_draft_of_the_run(store: Store) -> None:
    """F52; and a draft that is discarded is exported no more."""
    version = await take(store, {**FILES, **DRAFTS})
    asking = Asking(store.database, courses=Courses(store))
    found = (await read(asking))["content"]
    assert (found["version"], found["draft"]["baseVersion"]) == (version, version)
    kinds = {change["key"]: change["change"] for change in found["draft"]["changes"]["blocks"]}
    assert (kinds["vertical/d1"], kinds["html/fresh"], kinds["vertical/u1"]) == ("ADDED", "ADDED", "CHANGED")
    done = await work(asking, DISCARD)
    assert done["courseRun"]["content"]["draft"] is None
    assert done["courseRun"]["content"]["version"] == await take(store, dict(FILES))


@pytest.mark.parametrize(("viewer", "code"), [(ANONYMOUS, "UNAUTHENTICATED"), (LEARNER, "FORBIDDEN")])
async def test_who_may_not_edit_does_not_publish(asking: Asking, viewer: Viewer, code: str) -> None:
    for query in (PUBLISH, DISCARD):
        error = await asking.error(query, {"input": {"courseRun": RUN}}, viewer=viewer)
        assert error["extensions"]["code"] == code


async def test_what_cannot_be_published_is_told(asking: Asking) -> None:
    await rename(asking, "problem/sum", "New")
    for blocks, code, field in (
        (["vertical/none"], "BLOCK_UNKNOWN", ["blocks", "0"]),
        (["u1", "block-v1:Org0X+C0.0x+R+type@vertical+block@u1"], "BLOCK_UNKNOWN", ["blocks", "1"]),
        (["u1", "course/R"], "INVALID", ["blocks", "1"]),
    ):
        [error] = (await work(asking, PUBLISH, blocks=blocks))["userErrors"]
        assert (error["code"], error["field"]) == (code, field)
    late = await work(asking, PUBLISH, expectedVersion="0" * 64)
    assert late["userErrors"][0]["code"] == "VERSION_CONFLICT"


async def refused(asking: Asking, query: str, **given: Any) -> tuple[str, Any, str]:
    [error] = (await work(asking, query, **given))["userErrors"]
    return error["code"], error["field"], error["message"]


async def test_two_files_of_one_name_are_not_published(asking: Asking) -> None:
    await add_page(asking, RUN, "mine", "html/two.html", branch="DRAFT")
    await add_page(asking, RUN, "yours", "html/two.html")
    told = ("INVALID", None, "two different files would be written to 'html/two.html'")
    assert await refused(asking, PUBLISH) == told
    assert await refused(asking, PUBLISH, blocks=["html/mine"]) == told


async def test_a_block_of_what_is_not_published_is_not_published_alone(asking: Asking) -> None:
    query = "mutation($input: AddBlockInput!) { addBlock(input: $input) { userErrors { message } } }"
    text = '<sequential url_name="s9"><vertical url_name="v9"><html>x</html></vertical></sequential>'
    given = {"courseRun": RUN, "parent": "c1", "olx": {"text": text}, "force": True, "branch": "DRAFT"}
    assert (await asking.data(query, {"input": given}, viewer=AUTHOR))["addBlock"]["userErrors"] == []
    code, field, message = await refused(asking, PUBLISH, blocks=["vertical/v9"])
    assert (code, field) == ("INVALID", ["blocks"])
    assert "vertical/v9 stands in sequential/s9" in message
    assert (await work(asking, PUBLISH, blocks=["sequential/s9"]))["userErrors"] == []


async def test_a_draft_of_a_course_is_not_published_into_a_library(asking: Asking, store: Store) -> None:
    await rename(asking, "problem/sum", "New")
    await take(store, dict(LIBRARY))
    code, _, message = await refused(asking, PUBLISH)
    assert (code, message) == ("INVALID", "a course cannot be merged into a library")
    assert (await work(asking, DISCARD))["userErrors"] == []


async def test_a_locked_run_is_published_by_the_holder_alone(asking: Asking) -> None:
    """L9."""
    await rename(asking, "problem/sum", "New")
    locking = f'mutation {{ acquireLock(input: {{courseRun: "{RUN}"}}) {{ lock {{ token }} }} }}'
    token = (await asking.data(locking, viewer=AUTHOR))["acquireLock"]["lock"]["token"]
    for query in (PUBLISH, DISCARD):
        assert (await refused(asking, query))[0] == "CONTENT_REFUSED"
    assert (await work(asking, PUBLISH, lockToken=token))["userErrors"] == []


async def test_who_is_overtaken_while_publishing_is_told(
    asking: Asking, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rename(asking, "problem/sum", "New")
    original = Intake.nodes

    async def late(intake: Any, nodes: Any) -> int:
        monkeypatch.undo()
        await take(store, {**FILES, "static/faster.txt": b"1"})
        return await original(intake, nodes)

    monkeypatch.setattr(Intake, "nodes", late)
    code, field, _ = await refused(asking, PUBLISH)
    assert (code, field) == ("VERSION_CONFLICT", ["expectedVersion"])
    assert (await work(asking, PUBLISH))["userErrors"] == []
