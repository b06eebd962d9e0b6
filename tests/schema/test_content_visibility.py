"""Who sees what of content, and when, over GraphQL (§2.9 S1 to S12 of the notes on OLX)."""

from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLObjectType

from db.engine import Database
from db.tables import DirectoryMember, LearnerEnrollment, now
from resolvers.access import Role, Viewer
from schema import schema
from tests.asking import AUTHOR, LEARNER, Asking
from tests.resolvers.content.conftest import imported
from tests.schema.contents import RUN, run_id, with_content

FILES = {
    "course.xml": b'<course url_name="R" org="O" course="C" start="2020-01-01T00:00:00Z" display_name="Demo">'
    b'<chapter url_name="c1" display_name="One"><sequential url_name="s1" display_name="First">'
    b'<vertical url_name="u1"><html url_name="page" display_name="Page">Hello <b>you</b></html>'
    b'<problem url_name="sum" display_name="Sum"><numericalresponse answer="hush"/></problem>'
    b'<html url_name="mine" display_name="Verified" group_access="{&quot;50&quot;: [2]}">for payers</html></vertical>'
    b'<vertical url_name="u2" visible_to_staff_only="true"><html url_name="key">hush</html></vertical></sequential>'
    b'<sequential url_name="s2" display_name="Second" start="2030-06-01T00:00:00Z">'
    b'<vertical url_name="u3"><html url_name="later">hush</html></vertical></sequential>'
    b'<sequential url_name="s3" display_name="Aside" hide_from_toc="true" due="2030-07-01T00:00:00Z"'
    b' hide_after_due="true">'
    b'<vertical url_name="u4" display_name="Four"/></sequential>'
    b"</chapter></course>",
    "policies/R/grading_policy.json": b'{"GRADER": [], "GRADE_CUTOFFS": {"Pass": 0.5}}',
    "static/hush.txt": b"hush",
}
VERIFIED = Viewer("payer", LEARNER.roles)
TEACHER = Viewer("teacher", frozenset({Role.LEARNER}))
NEVER_ENROLLED = Viewer("stranger", LEARNER.roles)


@pytest.fixture
def dialect(request: pytest.FixtureRequest) -> str:
    """One for most tests."""
    return getattr(request, "param", "sqlite")


@pytest.fixture
async def asking(database: Database, tmp_path: Path) -> Asking:
    asking = await with_content(database, tmp_path, FILES)
    run = await run_id(database)
    async with database.writing() as session:
        for username, mode in (("learner", "audit"), ("payer", "verified")):
            session.add(LearnerEnrollment(username=username, course_key=RUN, mode=mode, is_active=True, known_at=now()))
        session.add(DirectoryMember(course_run_id=run, username="teacher", role="instructor"))
    return asking


async def content(asking: Asking, selection: str, viewer: Viewer = LEARNER) -> Any:
    query = f'{{ courseRun(key: "{RUN}") {{ content {{ {selection} }} }} }}'
    return (await asking.data(query, viewer=viewer))["courseRun"]["content"]


async def error(asking: Asking, selection: str, viewer: Viewer = LEARNER) -> Any:
    query = f'{{ courseRun(key: "{RUN}") {{ content {{ {selection} }} }} }}'
    return (await asking.error(query, viewer=viewer))["extensions"]["code"]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_learners_read_what_is_open_to_them(asking: Asking) -> None:
    """S2, S6, S7, S9: staff only, to come, not in the outline, for other groups."""
    shown = await content(
        asking,
        'outline(depth: 9) { key } aside: block(key: "vertical/u4") { key } hidden: block(key: "html/key") { key }'
        ' later: block(key: "html/later") { key } page: block(key: "html/page") { text }'
        ' s2: block(key: "sequential/s2") { displayName children { key } settings { name } }'
        " blockCount counts { type count } assets { path }",
    )
    assert [block["key"] for block in shown["outline"]] == [
        "course/R", "chapter/c1", "sequential/s1", "vertical/u1", "html/page", "problem/sum", "sequential/s2",
    ]  # fmt: skip
    assert (shown["aside"], shown["hidden"], shown["later"]) == ({"key": "vertical/u4"}, None, None)
    assert shown["page"]["text"] == "Hello <b>you</b>"
    assert shown["s2"] == {
        "displayName": "Second", "children": [], "settings": [{"name": "display_name"}, {"name": "start"}],
    }  # fmt: skip
    assert (shown["blockCount"], shown["assets"]) == (9, [])
    assert {"type": "html", "count": 1} in shown["counts"]
    verified = await content(asking, "outline(depth: 9) { key }", VERIFIED)
    assert {"key": "html/mine"} in verified["outline"]


async def test_nothing_that_is_hidden_shows_anywhere(asking: Asking) -> None:
    """S12: the version is that of the whole, but no hash, no text, no count of hidden blocks shows."""
    everything = """version blockCount fileCount size outline(depth: 9) { key hash olx text children { key hash }
        settings { name value } effectiveSettings { name value } parent { key } }
        blockTypes { type settings { name examples } example { olx } } search(text: "hush") { excerpt }"""
    mine = await content(asking, everything)
    whole = await content(asking, everything, AUTHOR)
    assert "hush" not in str(mine)
    assert mine["search"] == []
    assert mine["version"] == whole["version"]
    hashes = {block["hash"] for block in whole["outline"]}
    # but of pages that stand there by themselves, which they are shown in full
    assert {block["key"] for block in mine["outline"] if block["hash"] in hashes} <= {"html/page"}


@pytest.mark.parametrize(
    "selection",
    [
        "references { broken { place } }",
        "root { usedBy }",
        "root { state }",
        "root { visibleTo { access } }",
        "outline(visibleTo: {}) { key }",
        'diff(fromVersion: "0") { newVersion }',
        "lock { username }",
        "protectedSettings { name }",
        "upstream { version }",
        "draft { version }",
    ],
)
async def test_what_tells_of_all_is_for_those_who_see_all(asking: Asking, selection: str) -> None:
    assert await error(asking, selection) == "FORBIDDEN"


FOR_STAFF = {
    "CourseContent": {"references", "diff", "lock", "instances", "protectedSettings", "upstream", "draft"},
    "ContentBlock": {"usedBy", "visibleTo", "state"},
}
SHOWN_OF_WHAT_IS_SEEN = {
    "CourseContent": {
        "version", "number", "blockCount", "fileCount", "size", "counts", "root", "outline", "block", "assets", "asset",
        "search", "blockTypes",
    },
    "ContentBlock": {
        "key", "usageKey", "type", "urlName", "displayName", "hash", "level", "isInline", "children", "parent",
        "ancestors", "settings", "effectiveSettings", "olx", "text",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", FOR_STAFF)
def test_of_every_field_it_is_known_whether_learners_read_it(name: str) -> None:
    """One that is new either works on what learners see alone, or is `for_staff`."""
    kind = schema()._schema.type_map[name]
    assert isinstance(kind, GraphQLObjectType)
    assert set(kind.fields) == FOR_STAFF[name] | SHOWN_OF_WHAT_IS_SEEN[name]


async def test_learners_read_no_other_versions(asking: Asking) -> None:
    query = f'{{ courseRun(key: "{RUN}") {{ content(version: "{"0" * 64}") {{ version }} }} }}'
    assert (await asking.error(query))["extensions"]["code"] == "FORBIDDEN"
    assert (await asking.error(query, viewer=AUTHOR))["extensions"]["code"] == "VERSION_NOT_FOUND"


async def test_who_teaches_sees_all_and_who_is_not_enrolled_nothing(asking: Asking) -> None:
    """S1, O2; E8: the same answer as where there is nothing."""
    assert {"key": "html/key"} in (await content(asking, "outline(depth: 9) { key }", TEACHER))["outline"]
    assert await content(asking, "version", NEVER_ENROLLED) is None


NEXT = '{role: LEARNER, at: "2030-06-02T00:00:00Z", groups: [{partition: 50, groups: [2]}]}'


async def test_what_will_they_see_next_tuesday(asking: Asking) -> None:
    """S11: a query with a time of its own, for a role and groups."""
    asked = f"now: outline(depth: 9, visibleTo: {{}}) {{ key }} then: outline(depth: 9, visibleTo: {NEXT}) {{ key }}"
    found = await content(asking, asked, AUTHOR)
    now_seen, then_seen = ({block["key"] for block in found[name]} for name in ("now", "then"))
    assert then_seen - now_seen == {"vertical/u3", "html/later", "html/mine"}
    mine = await content(asking, "outline(depth: 9) { key }")
    assert {block["key"] for block in mine["outline"]} == now_seen

    query = f"""query ($to: AudienceInput) {{ courseRun(key: "{RUN}") {{ content {{ outline(depth: 9, visibleTo: $to)
        {{ key }} }} }} }}"""
    given = {"role": "LEARNER", "at": "2030-06-02T00:00:00Z", "groups": [{"partition": 50, "groups": [2]}]}
    by_variable = (await asking.data(query, {"to": given}, viewer=AUTHOR))["courseRun"]["content"]["outline"]
    assert {block["key"] for block in by_variable} == then_seen


async def test_a_block_tells_who_would_see_it_and_what_decides(asking: Asking) -> None:
    """S1: the answer tells the block that a value comes from; S3, S4."""
    asked = """later: block(key: "html/later") {
        visibleTo { access isListed opensAt startFrom { key } staffOnlyFrom { key } }
        then: visibleTo(role: BETA_TESTER, at: "2030-06-01T00:00:00Z") { access } }
        hidden: block(key: "html/key") { visibleTo { access isListed staffOnlyFrom { key } }
        staff: visibleTo(role: STAFF) { access } }
        aside: block(key: "vertical/u4") { visibleTo { access due dueFrom { key } closesAt } }
        mine: block(key: "html/mine") { visibleTo { access }
        theirs: visibleTo(groups: [{partition: 50, groups: [1, 2]}]) { access } }"""
    found = await content(asking, asked, AUTHOR)
    assert found == {
        "later": {
            "visibleTo": {
                "access": "NOT_STARTED", "isListed": True, "opensAt": "2030-06-01T00:00:00Z",
                "startFrom": {"key": "sequential/s2"}, "staffOnlyFrom": None,
            },
            "then": {"access": "OPEN"},
        },
        "hidden": {
            "visibleTo": {"access": "STAFF_ONLY", "isListed": False, "staffOnlyFrom": {"key": "vertical/u2"}},
            "staff": {"access": "OPEN"},
        },
        "aside": {
            "visibleTo": {
                "access": "OPEN", "due": "2030-07-01T00:00:00Z", "dueFrom": {"key": "sequential/s3"},
                "closesAt": "2030-07-01T00:00:00Z",
            }
        },
        "mine": {"visibleTo": {"access": "NOT_IN_GROUP"}, "theirs": {"access": "OPEN"}},
    }  # fmt: skip
    without_zone = 'root { visibleTo(at: "2030-01-01T00:00:00") { access } }'
    assert await error(asking, without_zone, AUTHOR) == "GRAPHQL_VALIDATION_FAILED"


async def test_authors_see_how_blocks_stand(asking: Asking) -> None:
    """S10."""
    found = await content(asking, 'outline(depth: 4) { key state then: state(at: "2031-01-01T00:00:00Z") }', AUTHOR)
    states = {block["key"].partition("/")[2]: (block["state"], block["then"]) for block in found["outline"]}
    assert states == {
        "R": ("READY", "LIVE"), "c1": ("READY", "LIVE"), "s1": ("LIVE", "LIVE"), "u1": ("LIVE", "LIVE"),
        "page": (None, None), "sum": (None, None), "mine": (None, None), "u2": ("STAFF_ONLY", "STAFF_ONLY"),
        "key": (None, None), "s2": ("READY", "LIVE"), "u3": ("READY", "LIVE"), "later": (None, None),
        "s3": ("HIDE_FROM_TOC", "HIDE_FROM_TOC"), "u4": ("HIDE_FROM_TOC", "HIDE_FROM_TOC"),
    }  # fmt: skip


async def test_a_course_that_is_closed_has_no_content_for_learners(asking: Asking) -> None:
    """S2."""
    later = {**FILES, "course.xml": FILES["course.xml"].replace(b'start="2020', b'start="2040', 1)}
    assert asking.executor.courses is not None
    await imported(asking.executor.courses.store, await run_id(asking.database), later)
    assert await content(asking, "version") is None
    found = await content(asking, "outline(visibleTo: {}) { key } root { key }", AUTHOR)
    assert found == {"outline": [], "root": {"key": "course/R"}}


async def test_what_those_see_who_see_the_same_is_made_once(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    """And few such views are kept: who has another one pushes the oldest out."""
    monkeypatch.setattr("resolvers.content.readers.MOST_VIEWS", 1)
    assert asking.executor.courses is not None
    views = asking.executor.courses.views
    asked, kept = "version outline(depth: 9) { key }", []
    for viewer in (LEARNER, LEARNER, VERIFIED, LEARNER):
        found = await content(asking, asked, viewer)
        assert ("html/mine" in {block["key"] for block in found["outline"]}) is (viewer is VERIFIED)
        [view] = views.values()
        kept.append(view)
    assert kept[0] is kept[1]
    assert kept[2] is not kept[1]
    assert kept[3] is not kept[2]
