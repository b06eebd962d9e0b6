"""A mutation for each operation on content (spec/content-api.md, "Update", "Delete" and "Testability")."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLInputObjectType

from db.engine import Database
from db.store import Author
from resolvers.access import ANONYMOUS, Viewer
from resolvers.content.uploads import Announced
from resolvers.editing import sent as sending
from resolvers.editing.problems import EditCode
from schema import schema
from tests.asking import ADMIN, AUTHOR, LEARNER, Asking
from tests.edx.olx.twins import tarred
from tests.resolvers.editing.courses import FILES
from tests.schema.contents import RUN, with_content

EMPTY = "course-v1:Org0X+C1.0x+R0"
ANSWER = """
    edit {
      version previousVersion isNew changed { key hash } removed { key displayName breadcrumb descendantCount }
      warnings { code message change block } steps { block previousParent previousIndex }
    }
    courseRun { key content { version } }
    userErrors {
      code message field
      ... on ContentRefused { problem { code message change block breadcrumb reason current setting } }
    }
"""
SCHEMA = schema()._schema
Given = Mapping[str, Any]


@pytest.fixture
def dialect() -> str:
    """One: what differs is tested where changes are written."""
    return "sqlite"


@pytest.fixture
async def asking(database: Database, tmp_path: Path) -> Asking:
    return await with_content(database, tmp_path, FILES)


async def do(asking: Asking, name: str, given: Given, viewer: Viewer = AUTHOR) -> Any:
    """What a mutation answers; if nothing else is said it changes whatever is there."""
    given = {"courseRun": RUN, **given}
    if not {"expectedVersion", "expectedSubtree", "expectedSubtrees", "lockToken"} & given.keys():
        given = {"force": True, **given}
    query = f"mutation($input: {input_of(name)}!) {{ {name}(input: $input) {{ {ANSWER} }} }}"
    return (await asking.data(query, {"input": given}, viewer=viewer))[name]


def input_of(name: str) -> str:
    """The type of the input of a mutation."""
    return f"{name[0].upper()}{name[1:]}Input"


def fields_of(name: str) -> set[str]:
    """The fields of a type of inputs."""
    kind = SCHEMA.type_map[name]
    assert isinstance(kind, GraphQLInputObjectType)
    return set(kind.fields)


def olx(text: str) -> Given:
    return {"text": text}


OPERATIONS: Mapping[str, Given] = {
    "replaceBlock": {"block": "vertical/u3", "olx": olx("<vertical/>"), "orphans": "DELETE"},
    "addBlock": {"parent": "u3", "olx": olx('<html url_name="new" display_name="New">x</html>'), "index": 0},
    "updateBlockSettings": {"block": "html/both", "settings": [{"name": "display_name", "value": "Both!"}]},
    "moveBlock": {"block": "html/page", "parent": "u3", "index": 0},
    "deleteBlock": {"block": "problem/sum"},
    "updateCourseSettings": {"settings": [{"name": "start", "value": "2027-01-01T00:00:00Z"}]},
    "putAsset": {"path": "new.txt", "text": "new", "isLocked": True},
    "deleteAsset": {"asset": "leaf.png"},
    "updateGradingPolicy": {"policy": '{"GRADER": [], "GRADE_CUTOFFS": {"Pass": 0.6}}'},
    "updateTabs": {"tabs": '[{"type": "static_tab", "url_slug": "n"}]', "pages": [{"path": "n", "text": "n"}]},
}


async def test_each_operation_answers_what_a_list_with_it_alone_would(asking: Asking) -> None:
    """X5: a dry run has the version of the real one. V4: what is answered is the version that is read from then on."""
    version: str | None = None
    for name, given in OPERATIONS.items():
        listed = await do(asking, "applyContentChanges", {"changes": [{name: given}], "validateOnly": True})
        assert listed["userErrors"] == [], name
        assert (await do(asking, name, {**given, "validateOnly": True})) == listed
        made = await do(asking, name, {**given, "message": "one by one"})
        assert made["edit"] == listed["edit"]
        assert made["edit"]["isNew"] is True
        assert made["courseRun"] == {"key": RUN, "content": {"version": made["edit"]["version"]}}
        assert made["edit"]["previousVersion"] == version or version is None
        version = made["edit"]["version"]


def test_there_is_a_mutation_for_each_change_of_a_list() -> None:
    assert SCHEMA.mutation_type is not None
    assert set(OPERATIONS) == fields_of("ContentChangeInput") <= set(SCHEMA.mutation_type.fields)


async def test_what_is_expected_of_a_block_lets_others_change_other_parts(asking: Asking) -> None:
    """V3: disjoint edits merge. The hash of a block is the one that the last change of it answered."""
    made = await do(asking, "updateBlockSettings", OPERATIONS["updateBlockSettings"])
    [both] = made["edit"]["changed"]
    await do(asking, "deleteBlock", OPERATIONS["deleteBlock"])
    again = {
        "block": "html/both",
        "settings": [{"name": "display_name", "value": "2"}],
        "expectedSubtree": both["hash"],
    }
    assert (await do(asking, "updateBlockSettings", again))["edit"]["isNew"]
    [error] = (await do(asking, "updateBlockSettings", again))["userErrors"]
    assert (error["problem"]["code"], error["field"]) == ("VERSION_CONFLICT", None)
    assert error["problem"]["block"] == "html/both"
    parent = {**OPERATIONS["addBlock"], "expectedSubtree": "0" * 64}
    [error] = (await do(asking, "addBlock", parent))["userErrors"]
    assert error["problem"]["block"] == "vertical/u3"


@pytest.mark.parametrize(("viewer", "code"), [(ANONYMOUS, "UNAUTHENTICATED"), (LEARNER, "FORBIDDEN")])
async def test_who_may_not_learns_nothing(asking: Asking, viewer: Viewer, code: str) -> None:
    for name in OPERATIONS:
        error = await asking.error(
            f"mutation($input: {input_of(name)}!) {{ {name}(input: $input) {{ edit {{ version }} }} }}",
            {"input": {"courseRun": RUN, "force": True, **OPERATIONS[name]}},
            viewer=viewer,
        )
        assert error["extensions"]["code"] == code


async def test_the_run_is_answered_however_its_key_is_written(asking: Asking) -> None:
    given = {**OPERATIONS["updateBlockSettings"], "courseRun": RUN.lower()}
    assert (await do(asking, "updateBlockSettings", given))["courseRun"]["key"] == RUN


async def test_a_full_key_means_a_block_of_its_own_run_alone(asking: Asking) -> None:
    """E7: a block of the same name may be another one here."""
    html = "+type@html+block@page"
    other = "block-v1:Org0X+C0.0x+R" + html
    refused = (await do(asking, "deleteBlock", {"block": other}))["userErrors"][0]["problem"]
    assert (refused["code"], refused["message"]) == ("BLOCK_UNKNOWN", f"{other!r} is a block of another run")
    expected = {"expectedSubtrees": [{"block": other, "hash": "0" * 64}]}
    changes = {"changes": [{"deleteBlock": {"block": "html/page"}}]}
    refused = (await do(asking, "applyContentChanges", {**changes, **expected}))["userErrors"][0]["problem"]
    assert refused["code"] == "BLOCK_UNKNOWN"

    own = f"block-v1:{RUN.removeprefix('course-v1:').upper()}{html}"
    assert (await do(asking, "deleteBlock", {"block": own}))["edit"]["isNew"]


async def test_only_a_replacement_can_leave_orphans_and_must_say_what_becomes_of_them(asking: Asking) -> None:
    """U20."""
    assert {name for name in OPERATIONS if "orphans" in fields_of(input_of(name))} == {"replaceBlock"}
    given = {name: value for name, value in OPERATIONS["replaceBlock"].items() if name != "orphans"}
    query = "mutation($input: ReplaceBlockInput!) { replaceBlock(input: $input) { edit { version } } }"
    error = await asking.error(query, {"input": {"courseRun": RUN, **given}}, viewer=AUTHOR)
    assert "orphans" in error["message"]


@pytest.mark.parametrize(
    ("name", "given", "field"),
    [
        ("putAsset", {"path": "a", "base64": "?"}, ["base64"]),
        ("updateGradingPolicy", {"policy": "{"}, ["policy"]),
        ("updateTabs", {"tabs": "[1]"}, ["tabs"]),
        ("updateTabs", {"tabs": f'[{{"a": {"[" * 200}{"]" * 200}}}]'}, ["tabs"]),
        ("updateTabs", {"tabs": "[]", "pages": [{"path": "a", "text": ""}] * 2}, ["pages", "1", "path"]),
        ("updateCourseSettings", {"settings": [{"name": "start"}] * 2}, ["settings", "1", "name"]),
        ("applyContentChanges", {"changes": [{"updateCourseSettings": {"settings": [{"name": "due"}] * 2}}]},
         ["changes", "0", "settings", "1", "name"]),
        ("deleteBlock", {"block": "html/page", "message": "a\0b"}, ["message"]),
        ("deleteBlock", {"block": "html/page", "message": "x" * 1001}, ["message"]),
        ("addBlock", {"parent": "u1", "olx": {"files": [{"path": "a"}]}}, ["olx", "files", "0", "text"]),
    ],
)  # fmt: skip
async def test_what_is_malformed_is_told_with_its_place(
    asking: Asking, name: str, given: Given, field: list[str]
) -> None:
    [error] = (await do(asking, name, given))["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", field)


EMPTY_UNIT = olx('<vertical display_name="x"/>')
FIXTURES: Mapping[EditCode, tuple[str, Given]] = {
    EditCode.ALREADY_THERE: ("moveBlock", {"block": "html/page", "parent": "u1", "index": 0}),
    EditCode.ASSET_UNKNOWN: ("deleteAsset", {"asset": "none.png"}),
    EditCode.BLOCK_AMBIGUOUS: ("moveBlock", {"block": "html/both", "parent": "u3"}),
    EditCode.BLOCK_UNKNOWN: ("deleteBlock", {"block": "html/none"}),
    EditCode.BROKEN_REFERENCE: ("deleteBlock", {"block": "problem/sum", "strict": True}),
    EditCode.CHILD_ELSEWHERE: (
        "addBlock",
        {"parent": "s3", "olx": olx('<vertical><html url_name="page"/></vertical>')},
    ),
    EditCode.CHILD_MISSING: ("addBlock", {"parent": "s3", "olx": olx('<vertical><html url_name="none"/></vertical>')}),
    EditCode.DUPLICATE_NAME: ("addBlock", {"parent": "u3", "olx": olx('<html url_name="page">x</html>')}),
    EditCode.FILE_CLASH: ("putAsset", {"path": "b/c.txt", "text": "other"}),
    EditCode.INTO_EXPERIMENT: ("moveBlock", {"block": "u3", "parent": "split_test/ab"}),
    EditCode.INTO_ITSELF: ("moveBlock", {"block": "html/page", "parent": "html/page"}),
    EditCode.INVALID_GRADING: ("updateGradingPolicy", {"policy": '{"GRADER": 1}'}),
    EditCode.INVALID_INDEX: ("addBlock", {"parent": "s1", "olx": EMPTY_UNIT, "index": 9}),
    EditCode.INVALID_OLX: ("addBlock", {"parent": "u1", "olx": olx("<html>")}),
    EditCode.INVALID_PATH: ("putAsset", {"path": "../x", "text": "x"}),
    EditCode.INVALID_SETTING: (
        "updateBlockSettings",
        {"block": "html/page", "settings": [{"name": "graded", "value": "perhaps"}]},
    ),
    EditCode.INVALID_TABS: ("updateTabs", {"tabs": "[{}]"}),
    EditCode.LEVEL_MISMATCH: ("moveBlock", {"block": "u1", "parent": "chapter/c1"}),
    EditCode.NO_CHANGES: ("applyContentChanges", {"changes": []}),
    EditCode.NO_CONTENT: ("deleteBlock", {"courseRun": EMPTY, "block": "html/page"}),
    EditCode.ORPHANS: ("replaceBlock", {"block": "u1", "olx": EMPTY_UNIT, "orphans": "DECLINE"}),
    EditCode.PLACEMENT: ("addBlock", {"parent": "chapter/c1", "olx": EMPTY_UNIT}),
    EditCode.POLICY_WINS: (
        "replaceBlock",
        {"block": "problem/sum", "olx": olx('<problem weight="9">x</problem>'), "orphans": "DECLINE"},
    ),
    EditCode.ROOT_FIXED: ("deleteBlock", {"block": "course/R"}),
    EditCode.SHARED: ("updateBlockSettings", OPERATIONS["updateBlockSettings"]),
    EditCode.TYPE_MISMATCH: (
        "replaceBlock",
        {"block": "html/page", "olx": olx("<problem>x</problem>"), "orphans": "DECLINE"},
    ),
    EditCode.VERSION_CONFLICT: ("deleteBlock", {"block": "html/page", "expectedVersion": "0" * 64}),
    EditCode.VERSION_REQUIRED: ("deleteBlock", {"block": "html/page", "force": False}),
    EditCode.LOCK_EXPIRED: ("deleteBlock", {"block": "html/page", "lockToken": "none any more"}),
    EditCode.LOCKED: ("deleteBlock", {"block": "html/page"}),
}


async def test_every_code_is_fired(asking: Asking) -> None:
    """The memo: "automated tests should cause errors generated by the API to fire"."""
    assert set(FIXTURES) == set(EditCode)
    await do(asking, "putAsset", {"path": "b c.txt", "text": "one"})
    for code, (name, given) in FIXTURES.items():
        if code is EditCode.LOCKED:
            query = f'mutation {{ acquireLock(input: {{courseRun: "{RUN}"}}) {{ lock {{ fencing }} }} }}'
            assert (await asking.data(query, viewer=ADMIN))["acquireLock"]["lock"]
        for is_dry in (True, False):
            answer = await do(asking, name, {**given, "validateOnly": is_dry})
            warnings = answer["edit"]["warnings"] if answer["edit"] else []
            told = [*warnings, *(error["problem"] for error in answer["userErrors"])]
            assert code in {problem["code"] for problem in told}, (code, answer)
            assert (answer["edit"] is None) is (answer["userErrors"] != [])
            assert all(error["field"] in (None, ["lockToken"]) for error in answer["userErrors"])


# Uploads


async def sent(asking: Asking, data: bytes, *, viewer: Viewer = AUTHOR, size: int | None = None) -> str:
    """The id of an upload that has these bytes."""
    uploads = asking.executor.uploads
    assert uploads is not None
    assert viewer.username is not None
    parcel = await uploads.begin(Author(viewer.username, viewer.application), Announced(size or len(data)))

    async def body() -> AsyncIterator[bytes]:
        yield data

    return (await uploads.append(parcel, 0, body())).uuid


UNIT = {
    "vertical/u3.xml": b'<vertical display_name="Sent"><html url_name="sent"/><library_content url_name="bank"/>'
    b"</vertical>",
    "html/sent.xml": b'<html display_name="Sent" filename="sent"/>',
    "html/sent.html": b"<p>sent</p>" + b" " * 70_000,
    "static/sent.txt": b"sent",
}


async def test_olx_and_files_may_be_uploaded_before(asking: Asking) -> None:
    """An archive, one element, and an asset: the same version as with what is sent along."""
    files = [{"path": path, "text": data.decode()} for path, data in UNIT.items()]
    element = '\ufeff<html url_name="one" display_name="One">ä</html>'
    inline: list[tuple[str, Given]] = [
        ("replaceBlock", {"block": "u3", "orphans": "DELETE", "olx": {"files": files, "root": "vertical/u3"}}),
        ("addBlock", {"parent": "u3", "olx": olx(element.strip("\ufeff"))}),
        ("putAsset", {"path": "big.bin", "text": "x" * 70_000}),
    ]
    uploads = [await sent(asking, data) for data in (tarred(UNIT).read(), element.encode(), b"x" * 70_000)]
    uploaded = [
        ("replaceBlock", {**inline[0][1], "olx": {"upload": uploads[0], "root": "vertical/u3"}}),
        ("addBlock", {"parent": "u3", "olx": {"upload": f"/uploads/{uploads[1]}"}}),
        ("putAsset", {"path": "big.bin", "upload": uploads[2]}),
    ]
    for (name, given), (_, other) in zip(inline, uploaded, strict=True):
        expected = await do(asking, name, {**given, "validateOnly": True})
        assert expected["userErrors"] == []
        found = await do(asking, name, other)
        assert found["edit"] == expected["edit"]
    together = [{name: given} for name, given in uploaded]
    again = await do(asking, "applyContentChanges", {"changes": together[0:1]})
    assert again["userErrors"] == []


async def test_an_upload_that_cannot_be_had_is_told_with_its_place(asking: Asking) -> None:
    others = await sent(asking, b"<html/>", viewer=ADMIN)
    unfinished = await sent(asking, b"<html/>", size=100)
    broken = await sent(asking, tarred({"../x": b"x"}).read())
    whole = await sent(asking, b"<html/>")

    async def told(name: str, given: Given) -> tuple[Any, ...]:
        [error] = (await do(asking, name, given))["userErrors"]
        return error["code"], error["field"], error.get("problem", {}).get("code")

    def added(upload: str, **more: Any) -> Given:
        return {"parent": "u1", "olx": {"upload": upload, **more}}

    assert await told("addBlock", added(others)) == ("UPLOAD_UNKNOWN", ["olx", "upload"], None)
    assert await told("addBlock", added(unfinished)) == ("UPLOAD_UNFINISHED", ["olx", "upload"], None)
    assert await told("addBlock", added(broken)) == ("CONTENT_REFUSED", None, "INVALID_OLX")
    assert await told("addBlock", added(whole, text="<html/>")) == ("INVALID", ["olx", "upload"], None)
    asset = {"path": "a", "upload": others}
    assert await told("putAsset", asset) == ("UPLOAD_UNKNOWN", ["upload"], None)
    assert await told("putAsset", {**asset, "text": "x"}) == ("INVALID", ["upload"], None)
    listed = {"changes": [{"addBlock": added(whole)}, {"putAsset": asset}]}
    assert await told("applyContentChanges", listed) == ("UPLOAD_UNKNOWN", ["changes", "1", "upload"], None)


async def test_an_upload_that_is_larger_than_any_file_is_told(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "LARGEST", 20)
    long, short = await sent(asking, b"<html>0123456789</html>"), await sent(asking, b"<html>1</html>")
    listed = [{"addBlock": {"parent": "u1", "olx": {"upload": short}}}, {"deleteBlock": {"block": "html/both"}}]
    for last, place in (
        ({"addBlock": {"parent": "u1", "olx": {"upload": long}}}, ["changes", "2", "olx", "upload"]),
        ({"putAsset": {"path": "a", "upload": long}}, ["changes", "2", "upload"]),
    ):
        [error] = (await do(asking, "applyContentChanges", {"changes": [*listed, last]}))["userErrors"]
        assert (error["code"], error["field"]) == ("INVALID", place)
        assert "20 bytes, and not" in error["message"]
