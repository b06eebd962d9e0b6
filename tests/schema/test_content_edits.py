"""Editing content over GraphQL (spec/content-api.md, "Update", "Delete", "Concurrency", "Error Handling")."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from db.engine import Database
from db.tables import AuditEntry
from resolvers.access import ANONYMOUS, Viewer
from resolvers.editing.problems import EditCode
from resolvers.editing.requests import OF_THE_WHOLE
from schema.content_problem import ContentProblemCode
from tests.asking import ADMIN, AUTHOR, LEARNER, Asking
from tests.resolvers.editing.courses import FILES
from tests.schema.contents import RUN, with_content

EDIT = """
mutation($input: ApplyContentChangesInput!) {
  applyContentChanges(input: $input) {
    edit {
      version previousVersion isNew changed { key hash } removed { key breadcrumb }
      warnings { code message block } steps { block previousParent previousIndex }
    }
    courseRun { key content { version } }
    userErrors {
      code message field
      ... on ContentRefused { problem { code message change block breadcrumb file line column reason setting hint
        current blocks { key displayName breadcrumb descendantCount } } }
    }
  }
}
"""
SETTING = {"updateBlockSettings": {"block": "html/page", "settings": [{"name": "display_name", "value": "New"}]}}


@pytest.fixture
def dialect() -> str:
    """One: what differs is tested where changes are written."""
    return "sqlite"


@pytest.fixture
async def asking(database: Database, tmp_path: Path) -> Asking:
    return await with_content(database, tmp_path, FILES)


async def edit(asking: Asking, *changes: dict[str, Any], viewer: Viewer = AUTHOR, **given: Any) -> Any:
    if not {"expectedVersion", "expectedSubtrees", "lockToken"} & given.keys():
        given.setdefault("force", True)
    variables = {"input": {"courseRun": RUN, "changes": list(changes), **given}}
    return (await asking.data(EDIT, variables=variables, viewer=viewer))["applyContentChanges"]


async def test_a_list_of_changes_is_one_version(asking: Asking) -> None:
    made = await edit(
        asking,
        SETTING,
        {
            "addBlock": {
                "parent": "s3",
                "olx": {"text": '<vertical url_name="v"><html url_name="h">x</html></vertical>'},
            }
        },
        {"moveBlock": {"block": "problem/sum", "parent": "v", "index": 0}},
        {"deleteBlock": {"block": "html/loose"}},
        {"putAsset": {"path": "a.txt", "base64": "aGk=", "isLocked": True}},
        {"deleteAsset": {"asset": "leaf.png"}},
        {"updateCourseSettings": {"settings": [{"name": "start", "value": "2027-01-01T00:00:00Z"}]}},
        {"updateGradingPolicy": {"policy": '{"GRADER": [], "GRADE_CUTOFFS": {"Pass": 0.6}}'}},
        {"updateTabs": {"tabs": '[{"type": "static_tab", "url_slug": "n"}]', "pages": [{"path": "n", "text": "n"}]}},
        {"replaceBlock": {"block": "html/then", "orphans": "DECLINE", "olx": {"text": "<html>Now</html>"}}},
        message="all at once",
    )
    assert made["userErrors"] == []
    assert made["edit"]["isNew"] is True
    assert made["courseRun"] == {"key": RUN, "content": {"version": made["edit"]["version"]}}
    assert [each["key"] for each in made["edit"]["removed"]] == ["html/loose"]
    assert made["edit"]["steps"][2] == {"block": "problem/sum", "previousParent": "vertical/u1", "previousIndex": 1}
    assert {warning["code"] for warning in made["edit"]["warnings"]} == {"BROKEN_REFERENCE", "INVALID_GRADING"}
    assert {"html/page", "vertical/v", "html/then"} <= {each["key"] for each in made["edit"]["changed"]}


async def test_validating_gives_the_same_answer_and_changes_nothing(asking: Asking) -> None:
    """X5."""
    dry = await edit(asking, SETTING, validateOnly=True)
    assert dry["courseRun"]["content"]["version"] == dry["edit"]["previousVersion"]
    made = await edit(asking, SETTING, expectedVersion=dry["edit"]["previousVersion"])
    assert made["edit"] == dry["edit"]
    assert made["courseRun"]["content"]["version"] == dry["edit"]["version"]


async def test_a_problem_names_block_breadcrumb_file_line_and_column(asking: Asking) -> None:
    """The memo's "offending unit identified"; X6: no error of the request."""
    text = '<vertical display_name="Bad">\n  <html url_name="h">\n</vertical>'
    made = await edit(asking, SETTING, {"addBlock": {"parent": "sequential/s3", "olx": {"text": text}}})
    assert made["edit"] is None
    assert made["courseRun"] is None
    error = made["userErrors"][0]
    assert (error["code"], error["field"]) == ("CONTENT_REFUSED", ["changes", "1"])
    problem = error["problem"]
    assert (problem["code"], problem["reason"], problem["change"]) == ("INVALID_OLX", "SYNTAX", 1)
    assert (problem["file"], problem["line"], problem["column"]) == ("olx", 3, 3)


async def test_orphans_are_named(asking: Asking) -> None:
    olx = {"text": '<vertical><html url_name="both"/></vertical>'}
    made = await edit(asking, {"replaceBlock": {"block": "u2", "olx": olx, "orphans": "DECLINE"}})
    problem = made["userErrors"][0]["problem"]
    assert problem["code"] == "ORPHANS"
    assert problem["blocks"][0] == {
        "key": "split_test/ab",
        "displayName": "AB",
        "breadcrumb": ["Demo", "One", "First", "Unit 2", "AB"],
        "descendantCount": 3,
    }
    assert (await edit(asking, {"replaceBlock": {"block": "u2", "olx": olx, "orphans": "DELETE"}}))["edit"]["isNew"]


async def test_the_orphan_policy_is_required(asking: Asking) -> None:
    """U20."""
    error = await asking.error(
        'mutation { applyContentChanges(input: {courseRun: "x", changes: [{replaceBlock: {block: "b", olx: {}}}]})'
        " { edit { version } } }",
        viewer=AUTHOR,
    )
    assert "orphans" in error["message"]


async def test_a_version_that_is_none_any_more_is_told(asking: Asking) -> None:
    first = await edit(asking, SETTING)
    made = await edit(asking, SETTING, expectedVersion=first["edit"]["previousVersion"])
    error = made["userErrors"][0]
    assert error["field"] is None
    assert (error["problem"]["code"], error["problem"]["current"]) == ("VERSION_CONFLICT", first["edit"]["version"])
    made = await edit(asking, SETTING, expectedSubtrees=[{"block": "html/page", "hash": "0" * 64}])
    assert made["userErrors"][0]["problem"]["current"] == first["edit"]["changed"][0]["hash"]
    made = await edit(asking, SETTING, force=False)
    assert made["userErrors"][0]["problem"]["code"] == "VERSION_REQUIRED"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"putAsset": {"path": "a", "base64": "?"}}, ["changes", "0", "base64"]),
        ({"putAsset": {"path": "a"}}, ["changes", "0", "text"]),
        ({"updateGradingPolicy": {"policy": "{"}}, ["changes", "0", "policy"]),
        ({"updateTabs": {"tabs": "{}"}}, ["changes", "0", "tabs"]),
        ({"updateTabs": {"tabs": "[1]"}}, ["changes", "0", "tabs"]),
    ],
)
async def test_what_is_malformed_is_told_with_its_place(
    asking: Asking, change: dict[str, Any], field: list[str]
) -> None:
    error = (await edit(asking, change))["userErrors"][0]
    assert (error["code"], error["field"]) == ("INVALID", field)


@pytest.mark.parametrize(("viewer", "code"), [(ANONYMOUS, "UNAUTHENTICATED"), (LEARNER, "FORBIDDEN")])
async def test_who_may_not_is_refused(asking: Asking, viewer: Viewer, code: str) -> None:
    variables = {"input": {"courseRun": RUN, "changes": [SETTING], "force": True}}
    error = await asking.error(EDIT, variables=variables, viewer=viewer)
    assert error["extensions"]["code"] == code


async def test_a_run_that_is_not_there_is_told(asking: Asking) -> None:
    variables = {"input": {"courseRun": "course-v1:No+Such+Run", "changes": [SETTING], "force": True}}
    error = await asking.error(EDIT, variables=variables, viewer=AUTHOR)
    assert error["extensions"]["code"] == "NOT_FOUND"
    variables["input"]["courseRun"] = "nonsense"
    found = (await asking.data(EDIT, variables=variables, viewer=AUTHOR))["applyContentChanges"]
    assert found["userErrors"][0]["code"] == "BAD_COURSE_KEY"


LOCK = "lock { username application expiresAt acquiredAt fencing token } userErrors { code message field }"


async def lock(asking: Asking, name: str, given: str = "", viewer: Viewer = AUTHOR, selection: str = LOCK) -> Any:
    query = f'mutation {{ {name}(input: {{courseRun: "{RUN}"{given}}}) {{ {selection} }} }}'
    return (await asking.data(query, viewer=viewer))[name]


async def test_a_lock_that_would_last_too_briefly_is_refused_by_name(asking: Asking) -> None:
    refused = await lock(asking, "acquireLock", ", seconds: 4")
    message = "a lock lasts from 5 to 86400 seconds without use, not 4"
    assert refused == {"lock": None, "userErrors": [{"code": "INVALID", "message": message, "field": ["seconds"]}]}


async def test_a_locked_run_is_changed_by_the_holder_alone(asking: Asking) -> None:
    mine = (await lock(asking, "acquireLock", ", seconds: 60"))["lock"]
    assert (mine["username"], mine["fencing"]) == (AUTHOR.username, 1)
    refused = await edit(asking, SETTING, viewer=ADMIN)
    assert refused["userErrors"][0]["problem"]["code"] == "LOCKED"
    assert refused["userErrors"][0]["field"] == ["lockToken"]
    assert mine["token"] not in str(refused)
    assert (await edit(asking, SETTING, lockToken=mine["token"]))["edit"]["isNew"]
    renewed = (await lock(asking, "renewLock", f', token: "{mine["token"]}"'))["lock"]
    assert renewed["expiresAt"] >= mine["expiresAt"]
    assert (await lock(asking, "acquireLock", viewer=ADMIN))["userErrors"][0]["code"] == "CONTENT_REFUSED"
    given = f', token: "{mine["token"]}"'
    for was_held in (True, False):
        released = await lock(asking, "releaseLock", given, selection="wasHeld userErrors { code }")
        assert released == {"wasHeld": was_held, "userErrors": []}
    assert (await edit(asking, SETTING, viewer=ADMIN, lockToken=mine["token"]))["userErrors"][0]["problem"][
        "code"
    ] == "LOCK_EXPIRED"


async def test_a_change_of_nothing_is_no_new_version(asking: Asking) -> None:
    same = {"updateBlockSettings": {"block": "html/page", "settings": [{"name": "display_name", "value": "Page"}]}}
    made = await edit(asking, same)
    assert (made["userErrors"], made["edit"]["isNew"]) == ([], False)
    assert made["edit"]["version"] == made["edit"]["previousVersion"] == made["courseRun"]["content"]["version"]


async def test_a_lock_keeps_nobody_from_reading(asking: Asking) -> None:
    """L8."""
    await lock(asking, "acquireLock")
    query = f'{{ courseRun(key: "{RUN}") {{ content {{ version block(key: "html/page") {{ text }} }} }} }}'
    assert (await asking.data(query, viewer=ADMIN))["courseRun"]["content"]["block"]["text"]


async def test_only_who_may_breaks_locks_and_it_is_put_down(asking: Asking, database: Database) -> None:
    """L7."""
    await lock(asking, "acquireLock")
    query = f'mutation {{ breakLock(input: {{courseRun: "{RUN}"}}) {{ {LOCK} }} }}'
    error = await asking.error(query, viewer=AUTHOR)
    assert error["extensions"]["code"] == "FORBIDDEN"
    broken = (await lock(asking, "breakLock", viewer=ADMIN))["lock"]
    assert (broken["username"], broken["token"]) == (AUTHOR.username, None)
    async with database.writing() as session:
        entry = await session.scalar(select(AuditEntry).where(AuditEntry.action == "break lock"))
    assert entry is not None
    assert (entry.username, entry.subject) == (ADMIN.username, f"CourseRun:{RUN}")
    assert (await lock(asking, "breakLock", viewer=ADMIN))["lock"] is None
    async with database.writing() as session:
        entries = list(await session.scalars(select(AuditEntry).where(AuditEntry.action == "break lock")))
    assert len(entries) == 1


def test_every_code_has_a_description_and_a_place_in_the_docs() -> None:
    assert [code.name for code in ContentProblemCode] == sorted(code.name for code in EditCode)
    assert set(EditCode) >= OF_THE_WHOLE
    text = (Path(__file__).parents[2] / "docs" / "content-editing.md").read_text()
    assert [code.value for code in EditCode if f"| `{code.value}` |" not in text] == []


async def test_a_list_has_so_many_changes(asking: Asking) -> None:
    [error] = (await edit(asking, *[SETTING] * 1001))["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", ["changes"])
    assert error["message"] == "at most 1000 changes can be made at once"


async def test_who_waits_for_a_lock_is_told_the_place_in_the_line_and_who_has_it(asking: Asking) -> None:
    """Who comes first is first to get it."""
    query = f"""mutation {{ acquireLock(input: {{courseRun: "{RUN}", wait: true}}) {{
        lock {{ username }} place held {{ username token }} userErrors {{ code }} }} }}"""
    got = [(await asking.data(query, viewer=viewer))["acquireLock"] for viewer in (AUTHOR, ADMIN)]
    assert got == [
        {"lock": {"username": "author"}, "place": None, "held": None, "userErrors": []},
        {"lock": None, "place": 1, "held": {"username": "author", "token": None}, "userErrors": []},
    ]
