"""Content over GraphQL (spec/content-api.md, "Read"; E1-E8 of the notes)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from db.engine import Database
from db.store import Retention, collect
from db.tables import AuditEntry, CourseRun, DirectoryMember, Organization, RoleGrant, now
from resolvers.access import ANONYMOUS, Role, Viewer
from resolvers.content.load import Courses
from resolvers.features import Feature
from schema import schema
from server.execution import Executor
from tests.asking import ADMIN, AUTHOR, LEARNER, Asking
from tests.edx.olx.twins import COURSE
from tests.schema.contents import RUN, with_content

SECRET = {
    **COURSE,
    "course/course.xml": COURSE["course/course.xml"].replace(
        b" start", b' lti_passports="[&quot;i:k:hush&quot;]" start'
    ),
}
CHANGED = {
    **SECRET,
    "problem/sum.xml": b"<problem>\n2\n</problem>",
    "about/overview.html": b'<a href="/jump_to_id/sum">',
}


@pytest.fixture
async def asking(database: Database, tmp_path: Path) -> Asking:
    """An executor over the small catalog, of which one run has content, at its second version."""
    return await with_content(database, tmp_path, SECRET, CHANGED)


async def content(asking: Asking, selection: str, viewer: Viewer = AUTHOR, arguments: str = "") -> Any:
    query = f'{{ courseRun(key: "{RUN}") {{ content{arguments} {{ {selection} }} }} }}'
    return (await asking.data(query, viewer=viewer))["courseRun"]["content"]


@pytest.fixture
def dialect(request: pytest.FixtureRequest) -> str:
    """One for most tests: what differs is tested where statements are counted."""
    return getattr(request, "param", "sqlite")


BOTH = pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)


@BOTH
async def test_a_version_tells_what_it_is_and_has(asking: Asking) -> None:
    found = await content(
        asking,
        "version number blockCount fileCount size counts { type count } root { key displayName level parent { key } }"
        ' outline { key level } units: outline(types: ["vertical"]) { usageKey } all: outline(depth: 9) { key }',
    )  # fmt: skip
    assert (len(found["version"]), found["number"], found["blockCount"], found["fileCount"]) == (64, 2, 12, 24)
    assert {"type": "vertical", "count": 2} in found["counts"]
    assert found["root"] == {"key": "course/course", "displayName": "Twins", "level": 0, "parent": None}
    assert [(block["key"], block["level"]) for block in found["outline"]] == [
        ("course/course", 0), ("chapter/one", 1), ("sequential/first", 2), ("vertical/u1", 3), ("vertical/u2", 3),
        ("chapter/two", 1),
    ]  # fmt: skip
    assert [unit["usageKey"] for unit in found["units"]] == [
        f"block-v1:Org0X+C0.0x+R0+type@vertical+block@{name}" for name in ("u1", "u2")
    ]
    assert len(found["all"]) == 12
    first = asking.statements
    await content(asking, "version outline { key effectiveSettings { name } }")
    assert (first, asking.statements) == (9, 2)  # the run and its version; the nodes only once


async def test_a_block_tells_its_place_settings_and_text(asking: Asking) -> None:
    found = await content(
        asking,
        'block(key: "problem/sum") { hash isInline ancestors { key } children { key } olx text'
        " settings { name value source isSecret setBy { key } }"
        " effectiveSettings { name value source setBy { key } } }",
    )
    block = found["block"]
    assert [each["key"] for each in block["ancestors"]] == [
        "course/course", "chapter/one", "sequential/first", "vertical/u1",
    ]  # fmt: skip
    assert (block["olx"], block["text"]) == ("<problem>\n2\n</problem>", "\n2\n")
    assert (block["settings"], block["children"], block["isInline"]) == ([], [], False)
    by_name = {
        each["name"]: (each["value"], each["source"], each["setBy"]["key"]) for each in block["effectiveSettings"]
    }
    assert by_name == {
        "graded": ("true", "INHERITED", "sequential/first"),
        "start": ("1", "INHERITED", "chapter/one"),
    }


async def test_policies_win_and_say_so(asking: Asking) -> None:
    """F38."""
    found = await content(asking, 'block(key: "chapter/one") { settings { name value source } }')
    assert {"name": "start", "value": "1", "source": "POLICY"} in found["block"]["settings"]


async def test_blocks_are_found_by_each_kind_of_key(asking: Asking) -> None:
    """E7: type and name, a name that only one has, or the key that Open edX has for it."""
    usage = "block-v1:Org0X+C0.0x+R0+type@html+block@page"
    found = await content(
        asking,
        f'a: block(key: "html/page") {{ key }} b: block(key: "page") {{ key text }} c: block(key: "{usage}") {{ key }}'
        f' d: block(key: "html/none") {{ key }} e: block(key: "{usage.replace("+R0", "+R1")}") {{ key }}'
        ' sum: block(key: "sum") { urlName usedBy }',
    )
    assert [found[name] and found[name]["key"] for name in "abcde"] == ["html/page"] * 3 + [None] * 2
    assert found["sum"] == {"urlName": "sum", "usedBy": ["about/overview.html"]}
    assert found["b"]["text"].startswith("<p>Hello")


async def test_passwords_are_never_shown(asking: Asking) -> None:
    """F26: redacted on read."""
    found = await content(
        asking,
        'root { olx text settings { name value isSecret } } search(text: "hush") { excerpt }'
        " blockTypes { settings { examples } }",
    )  # fmt: skip
    assert "hush" not in str(found)
    assert {"name": "lti_passports", "value": "••••••", "isSecret": True} in found["root"]["settings"]


async def test_assets_tell_their_names_and_who_uses_them(asking: Asking) -> None:
    """F44: three names for each."""
    found = await content(
        asking,
        'assets { key name path size contentType isLocked usedBy } asset(name: "Green_leaf.png") { path url }'
        ' none: asset(name: "none.png") { path } rest: assets(first: 1, after: "static/Green leaf.png") { path }'
        " references { broken { place kind target block { key } } unusedAssets { path } }",
    )
    assert found["assets"][0] == {
        "key": "Green_leaf.png", "name": "Green leaf.png", "path": "static/Green leaf.png", "size": 4.0,
        "contentType": "image/png", "isLocked": True, "usedBy": ["html/page"],
    }  # fmt: skip
    assert (found["asset"]["path"], found["none"]) == ("static/Green leaf.png", None)
    assert found["asset"]["url"].startswith("/content/files/")
    assert found["rest"] == [{"path": "static/film-en.srt"}]
    assert found["references"]["broken"] == [
        {"place": "video/film", "kind": "ASSET", "target": "film.srt", "block": {"key": "video/film"}}
    ]
    assert {"path": "static/sub/deep.css"} in found["references"]["unusedAssets"]


async def test_lists_of_assets_are_bounded(asking: Asking) -> None:
    for first in (0, 1001):
        query = f'{{ courseRun(key: "{RUN}") {{ content {{ assets(first: {first}) {{ key }} }} }} }}'
        error = await asking.error(query, viewer=AUTHOR)
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert error["message"] == f"first must be from 1 to 1000, and is {first}"


async def test_where_files_cannot_be_had_only_the_fields_that_need_them_fail(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = f"""{{ courseRun(key: "{RUN}") {{ key content {{ version block(key: "html/page") {{ key text }}
        assets {{ key usedBy }} }} }} }}"""
    await content(asking, "version")  # which is in memory from now on

    def away(*_given: object) -> None:
        raise OSError("the line is dead")

    monkeypatch.setattr("obstore.get", away)
    response = await asking.response(query, viewer=AUTHOR)
    failed = {(error["path"][-1], error["extensions"]["code"]) for error in response["errors"]}
    assert failed == {("text", "SERVICE_UNAVAILABLE"), ("usedBy", "SERVICE_UNAVAILABLE")}
    assert asking.executor.courses is not None
    fresh = Asking(asking.database, courses=Courses(asking.executor.courses.store))
    error = await fresh.error(f'{{ courseRun(key: "{RUN}") {{ key content {{ version }} }} }}', viewer=AUTHOR)
    assert (error["extensions"]["code"], error["path"]) == ("SERVICE_UNAVAILABLE", ["courseRun", "content"])


async def test_content_is_searched(asking: Asking) -> None:
    found = await content(asking, 'search(text: "UNIT") { where setting excerpt block { key } }')
    assert [(match["block"]["key"], match["where"]) for match in found["search"]] == [
        ("vertical/u1", "NAME"),
        ("vertical/u2", "NAME"),
    ]
    for arguments in ('text: " "', 'text: "a", first: 0', 'text: "a", first: 101'):
        query = f'{{ courseRun(key: "{RUN}") {{ content {{ search({arguments}) {{ excerpt }} }} }} }}'
        assert (await asking.error(query, viewer=AUTHOR))["extensions"]["code"] == "BAD_USER_INPUT"


async def test_types_of_blocks_explain_themselves(asking: Asking) -> None:
    """spec/content-api.md, "Self-documenting API"."""
    found = await content(
        asking, "blockTypes { type count parents children settings { name count examples } example { key olx } }"
    )
    by_type = {each["type"]: each for each in found["blockTypes"]}
    assert by_type["sequential"]["parents"] == ["chapter"]
    assert by_type["sequential"]["children"] == ["vertical"]
    assert {"name": "format", "count": 1, "examples": ["Homework"]} in by_type["sequential"]["settings"]
    assert by_type["video"]["example"]["olx"].startswith('<video url_name="film"')


@BOTH
async def test_versions_and_what_differs_between_them(asking: Asking) -> None:
    query = f"""{{ courseRun(key: "{RUN}") {{ contentVersions(first: 5) {{ totalCount nodes {{
        number version parentVersion username operation blockCount size isExpired }} }} }} }}"""
    versions = (await asking.data(query, viewer=AUTHOR))["courseRun"]["contentVersions"]
    new, old = versions["nodes"]
    assert versions["totalCount"] == 2
    assert (new["number"], new["parentVersion"], new["operation"]) == (2, old["version"], "import")
    assert (old["parentVersion"], old["isExpired"]) == (None, False)

    before = await content(asking, 'version block(key: "sum") { text }', arguments=f'(version: "{old["version"]}")')
    assert before["version"] == old["version"]
    assert "<pre>" in before["block"]["text"]
    found = await content(
        asking,
        f'diff(fromVersion: "{old["version"]}") {{ oldVersion newVersion files {{ path }} blocks {{ change key'
        " displayName oldParent newParent isTextChanged textDiff settings { name before after }"
        " before { displayName } after { displayName } } }",
    )
    [change] = found["diff"]["blocks"]
    assert (found["diff"]["oldVersion"], found["diff"]["newVersion"]) == (old["version"], new["version"])
    assert (change["change"], change["key"], change["isTextChanged"]) == ("CHANGED", "problem/sum", True)
    assert (change["before"], change["after"]) == ({"displayName": "Sum"}, {"displayName": "sum"})
    assert "+2" in change["textDiff"]


async def test_a_version_that_never_was_is_told_from_a_run_without_content(asking: Asking) -> None:
    """E4."""
    query = f'{{ courseRun(key: "{RUN}") {{ content(version: "{"0" * 64}") {{ version }} }} }}'
    error = await asking.error(query, viewer=AUTHOR)
    assert (error["extensions"]["code"], error["path"]) == ("VERSION_NOT_FOUND", ["courseRun", "content"])
    other = '{ courseRun(key: "course-v1:Org0X+C0.0x+R1") { content { version } contentVersions { totalCount } } }'
    assert await asking.data(other, viewer=AUTHOR) == {
        "courseRun": {"content": None, "contentVersions": {"totalCount": 0}}
    }


@BOTH
@pytest.mark.parametrize("viewer", [LEARNER, Viewer("granted", frozenset({Role.LEARNER})), ADMIN])
async def test_content_is_for_authors(asking: Asking, viewer: Viewer) -> None:
    """E8: nothing says to others whether there is any; authors by grant see that of their organization."""
    async with asking.database.writing() as session:
        for key in ("Org0X", "Org1X"):
            organization = await session.scalar(select(Organization.id).where(Organization.key == key))
            username = {"Org0X": "granted", "Org1X": "learner"}[key]
            session.add(RoleGrant(username=username, role="author", organization_id=organization, granted_by="admin"))
    asking.executor.grantees.forget()
    query = f'{{ courseRun(key: "{RUN}") {{ content {{ number }} contentVersions {{ totalCount }} }} }}'
    found = (await asking.data(query, viewer=viewer))["courseRun"]
    hidden = {"content": None, "contentVersions": {"totalCount": 0}}
    shown = {"content": {"number": 2}, "contentVersions": {"totalCount": 2}}
    assert found == (hidden if viewer is LEARNER else shown)


async def test_content_can_be_switched_off(asking: Asking) -> None:
    asking.executor = Executor(
        schema(), asking.database, features=set(Feature) - {Feature.CONTENT}, courses=asking.executor.courses
    )
    query = f'{{ courseRun(key: "{RUN}") {{ content {{ number }} contentVersions {{ totalCount }} }} }}'
    assert (await asking.data(query, viewer=ADMIN))["courseRun"] == {
        "content": None,
        "contentVersions": {"totalCount": 0},
    }


async def test_nobody_reads_content_without_signing_in(asking: Asking) -> None:
    query = f'{{ courseRun(key: "{RUN}") {{ content {{ number }} }} }}'
    assert (await asking.error(query, viewer=ANONYMOUS))["extensions"]["code"] == "UNAUTHENTICATED"


async def test_many_runs_are_read_in_as_many_statements_as_one(asking: Asking) -> None:
    await content(asking, "number")
    query = "{ courseRuns(first: 27) { nodes { content { version outline { displayName } } } } }"
    found = (await asking.data(query, viewer=AUTHOR))["courseRuns"]["nodes"]
    assert len([run for run in found if run["content"]]) == 1
    assert asking.statements == 2


async def test_a_version_is_restored_by_who_may_change_content_and_has_the_lock(asking: Asking) -> None:
    """L9: a write without the token is refused, whoever it is from. O2: teachers of the run may, as for other edits."""
    query = f'{{ courseRun(key: "{RUN}") {{ contentVersions {{ nodes {{ version }} }} }} }}'
    old = (await asking.data(query, viewer=AUTHOR))["courseRun"]["contentVersions"]["nodes"][-1]["version"]
    async with asking.database.writing() as session:
        run = await session.scalar(select(CourseRun.id).where(CourseRun.key == RUN))
        session.add(DirectoryMember(course_run_id=run, username="teacher", role="instructor"))
    teacher = Viewer("teacher", frozenset({Role.LEARNER}))
    locking = f'mutation {{ acquireLock(input: {{ courseRun: "{RUN}" }}) {{ lock {{ token }} }} }}'
    token = (await asking.data(locking, viewer=teacher))["acquireLock"]["lock"]["token"]
    mutation = """mutation ($input: RestoreContentVersionInput!) { restored: restoreContentVersion(input: $input) {
        userErrors { code field ... on ContentRefused { problem { code } } } } }"""
    given = {"run": RUN, "version": old}
    [locked] = (await asking.data(mutation, {"input": given}, viewer=ADMIN))["restored"]["userErrors"]
    assert locked == {"code": "CONTENT_REFUSED", "field": ["lockToken"], "problem": {"code": "LOCKED"}}
    done = await asking.data(mutation, {"input": {**given, "lockToken": token}}, viewer=teacher)
    assert done["restored"]["userErrors"] == []
    assert (await content(asking, "version"))["version"] == old


async def test_an_old_version_is_restored_and_a_lost_race_is_told(asking: Asking) -> None:
    """V5: the old hash again, a new entry of the history. C5: a conflict says which version it is."""
    query = f'{{ courseRun(key: "{RUN}") {{ contentVersions {{ nodes {{ version operation message }} }} }} }}'
    new, old = (await asking.data(query, viewer=AUTHOR))["courseRun"]["contentVersions"]["nodes"]
    mutation = """mutation ($input: RestoreContentVersionInput!) { restored: restoreContentVersion(input: $input) {
        courseRun { content { version } }
        userErrors { code field ... on VersionConflict { currentVersion } } } }"""

    async def restored(version: str, **others: str) -> Any:
        given = {"input": {"run": RUN, "version": version, **others}}
        return (await asking.data(mutation, given, viewer=AUTHOR))["restored"]

    lost = await restored(old["version"], expectedVersion=old["version"])
    assert lost["userErrors"] == [
        {"code": "VERSION_CONFLICT", "field": ["expectedVersion"], "currentVersion": new["version"]}
    ]
    done = await restored(old["version"], expectedVersion=new["version"], message="It was better")
    assert done == {"courseRun": {"content": {"version": old["version"]}}, "userErrors": []}
    assert (await restored(old["version"]))["userErrors"] == []  # what is there is not restored again
    latest, *before = (await asking.data(query, viewer=AUTHOR))["courseRun"]["contentVersions"]["nodes"]
    async with asking.database.writing() as session:
        audited = list(await session.scalars(select(AuditEntry).where(AuditEntry.action == "restore content")))
    assert (len(before), len(audited)) == (2, 1)
    assert latest == {"version": old["version"], "operation": "restore", "message": "It was better"}
    [unknown] = (await restored("0" * 64))["userErrors"]
    assert (unknown["code"], unknown["field"]) == ("VERSION_UNKNOWN", ["version"])
    locking = f'mutation {{ acquireLock(input: {{ courseRun: "{RUN}" }}) {{ lock {{ token }} }} }}'
    token = (await asking.data(locking, viewer=ADMIN))["acquireLock"]["lock"]["token"]
    [locked] = (await restored(new["version"]))["userErrors"]  # L9
    assert (locked["code"], locked["field"]) == ("CONTENT_REFUSED", ["lockToken"])
    assert (await restored(new["version"], lockToken=token))["userErrors"] == []
    [long] = (await restored(old["version"], message="x" * 1001))["userErrors"]
    assert (long["code"], long["field"]) == ("INVALID", ["message"])
    mistyped = {"input": {"run": "nonsense", "version": old["version"]}}
    [error] = (await asking.data(mutation, mistyped, viewer=AUTHOR))["restored"]["userErrors"]
    assert (error["code"], error["field"]) == ("BAD_COURSE_KEY", ["run"])
    for viewer, run, code in ((LEARNER, RUN, "FORBIDDEN"), (AUTHOR, "course-v1:No+Such+Run", "NOT_FOUND")):
        given = {"input": {"run": run, "version": old["version"]}}
        assert (await asking.error(mutation, given, viewer=viewer))["extensions"]["code"] == code


PIN = """
mutation($input: %sContentVersionInput!) {
  answer: %sContentVersion(input: $input) {
    courseRun { contentVersions(first: 9) { nodes { version pins isExpired } } }
    userErrors { code field }
  }
}
"""


async def test_a_version_that_is_pinned_is_kept_until_it_is_not(asking: Asking) -> None:
    """Notes on OLX, §6: pinned survives."""
    _, old = await versions(asking)
    assert asking.executor.courses is not None
    store = asking.executor.courses.store

    async def pin(do: str = "pin", **given: str) -> Any:
        query = PIN % (do.capitalize(), do)
        given = {"courseRun": RUN, "version": old, "name": "spring", **given}
        return (await asking.data(query, {"input": given}, viewer=AUTHOR))["answer"]

    for _ in range(2):
        shown = (await pin())["courseRun"]["contentVersions"]["nodes"]
        assert [(entry["version"] == old, entry["pins"]) for entry in shown] == [(False, []), (True, ["spring"])]
    later = now() + timedelta(days=9)
    nothing = Retention(age=timedelta(0), newest=0)
    assert (await collect(store, nothing, at=later)).versions == 0
    for given, code, field in (
        ({"version": "0" * 64}, "VERSION_UNKNOWN", "version"),
        ({"name": " "}, "INVALID", "name"),
        ({"name": "x" * 256}, "INVALID", "name"),
    ):
        assert (await pin(**given))["userErrors"] == [{"code": code, "field": [field]}]
    for _ in range(2):
        assert [entry["pins"] for entry in (await pin("unpin"))["courseRun"]["contentVersions"]["nodes"]] == [[], []]
    assert (await collect(store, nothing, at=later)).versions == 1
    assert (await pin())["userErrors"][0]["code"] == "VERSION_UNKNOWN"


async def test_who_has_the_version_already_is_answered_null(asking: Asking) -> None:
    """E6."""
    new, old = await versions(asking)
    assert await content(asking, "version", arguments=f'(ifNoneMatch: "{new}")') is None
    assert asking.statements == 2  # the run, and what it is at
    for known in (old, "nonsense"):
        assert await content(asking, "version", arguments=f'(ifNoneMatch: "{known}")') == {"version": new}
    assert await content(asking, "version", arguments=f'(version: "{old}", ifNoneMatch: "{old}")') == {"version": old}


async def versions(asking: Asking) -> list[str]:
    query = f'{{ courseRun(key: "{RUN}") {{ contentVersions(first: 9) {{ nodes {{ version }} }} }} }}'
    data = await asking.data(query, viewer=AUTHOR)
    return [entry["version"] for entry in data["courseRun"]["contentVersions"]["nodes"]]
