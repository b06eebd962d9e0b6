"""Course directories over GraphQL: what holds in sections, who sees what, and synchronizing on request."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from db.engine import Database
from db.tables import AuditEntry, Organization
from ondisk.library import read_library
from resolvers.access import Role, Viewer
from resolvers.directories.jobs import SYNC, Stopped, synchronizing
from resolvers.directories.layout import Layout
from resolvers.features import Feature
from resolvers.jobs import Embedded, Runner
from schema import schema
from server.execution import Executor
from tests.asking import ADMIN, AUTHOR, LEARNER, Asking
from tests.ondisk.trees import PACKAGE, QUIZ, SITE, TOPIC, write_package
from tests.resolvers.directories.libraries import course, remove, run_keys, sync
from tests.resolvers.directories.test_sync import KEY, PATH
from tests.resolvers.jobs.sample import FAST

CHILD = "child.example.edu"
HIDDEN = f"course-v1:{SITE}+Hidden+Fall2014"
LAYOUT = Layout(organizations={SITE: "OU"}, parents={CHILD: SITE})
HARP = Viewer("harp", frozenset({Role.LEARNER}))
TA = Viewer("ta", frozenset({Role.LEARNER}))
SECTION = f"{KEY}_S_01"
ENTRY = """query ($key: String!) { courseRun(key: $key) { key catalogEntry { %s } } }"""


@pytest.fixture
async def library(tmp_path: Path) -> Path:
    write_package(tmp_path, {})
    course(
        PATH,
        root=tmp_path,
        bundle_meta_info={"ContentPackages": [PACKAGE, PACKAGE + "2"], "title": "A Title"},
        bundle_dc_metadata='<m xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>B</dc:creator><dc:date>D</dc:date></m>',
        course_info={
            "id": "CLC 3403",
            "title": "Law",
            "startDate": "2014-08-13T06:00:00Z",
            "duration": "16 Weeks",
            "tags": ["Law", ".hidden"],
            "schedule": {"days": ["MWF"], "big": 2**70},
            "instructors": [{"name": "Kyle", "title": "Provost", "defaultphoto": "a.png"}],
            "credit": [{"hours": 3}],
            "prerequisites": [{"id": "CLC 1"}],
        },
        dc_metadata='<m xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Law and Justice</dc:title></m>',
        course_outline=f"""<course><unit label="One">
          <lesson title="A" topic-ntiid="{TOPIC}"><lesson title="B"/></lesson>
          <lesson isOutlineStubOnly="true" topic-ntiid="{TOPIC}" date=",2014-01-01T05:59:59Z"/></unit></course>""",
        role_info={"nti.roles.course_instructor": {"allow": ["harp"]}, "nti.roles.course_ta": {"allow": ["ta"]}},
        vendor_info={"OU": {"n": 1}},
        Sections__01__course_info={"id": "CLC 3403-01"},
        Sections__01__role_info={"nti.roles.course_ta": {"deny": ["ta"]}},
        Sections__01__assignment_date_overrides={QUIZ: {"available_for_submission_beginning": "2014-01-22T06:00:00Z"}},
        **{"presentation-assets__shared__v1__a.png": "1"},
    )
    info = {"id": "Hidden", "title": "Hidden", "is_non_public": True}
    course("Fall2014/Hidden", root=tmp_path, course_info=info, Sections__01__role_info={
        "nti.roles.course_ta": {"allow": ["ta"]},
    })  # fmt: skip
    return tmp_path


@pytest.fixture
async def catalog(database: Database, library: Path) -> Asking:
    """The library, synchronized."""
    await sync(database, library, layout=LAYOUT)
    return Asking(database)


async def entry(asking: Asking, key: str, fields: str, viewer: Viewer = LEARNER) -> Any:
    data = await asking.data(ENTRY % fields, {"key": key}, viewer=viewer)
    return data["courseRun"]["catalogEntry"]


async def test_a_section_shows_what_holds_in_it_and_where_that_comes_from(catalog: Asking) -> None:
    """spec/course-directories.rst, "Course Sections"."""
    found = await entry(
        catalog,
        SECTION,
        """ntiid path providerUniqueId title start ends isPreview isNonPublic signOff tags schedule additionalProperties
        instructors { name jobTitle photo } credit { hours label } prerequisites { number title } creators""",
    )
    assert found == {
        "ntiid": "tag:nextthought.com,2011-10:NTI-CourseInfo-Fall2014_CLC_3403_SubInstances_01",
        "path": f"{PATH}/Sections/01",
        "providerUniqueId": "CLC 3403-01",
        "title": "Law and Justice",
        "start": "2014-08-13T06:00:00Z",
        "ends": "2014-12-03T06:00:00Z",
        "isPreview": False,
        "isNonPublic": None,
        "signOff": "Kyle\n\nProvost",
        "tags": ["law"],
        "schedule": {"days": ["MWF"], "big": float(2**70)},
        "additionalProperties": None,
        "instructors": [{"name": "Kyle", "jobTitle": "Provost", "photo": "/a.png"}],
        "credit": [{"hours": 3, "label": None}],
        "prerequisites": [{"number": "CLC 1", "title": None}],
        "creators": [],
    }


async def test_sources_tell_own_values_from_inherited_ones(catalog: Asking) -> None:
    found = await entry(catalog, SECTION, "sources { field path isInherited }")
    base = f"sites/{SITE}/Courses/{PATH}"
    by_field = {
        each["field"]: (each["path"].removeprefix(f"{base}/"), each["isInherited"]) for each in found["sources"]
    }
    assert by_field["title"] == ("dc_metadata.xml", True)
    assert by_field["start"] == ("course_info.json", True)
    assert by_field["providerUniqueId"] == ("Sections/01/course_info.json", False)


async def test_outlines_nest_and_what_is_only_announced_has_no_topic(catalog: Asking) -> None:
    """spec/course-directories.rst, "course_outline.xml"."""
    found = await entry(
        catalog,
        SECTION,
        """outline { path isInherited units { ntiid title
        lessons { title topic isStub ending lessons { ntiid title } } } }""",
    )
    node = "tag:nextthought.com,2011-10:NTI-NTICourseOutlineNode-Fall2014_CLC_3403"
    assert found["outline"] == {
        "path": f"sites/{SITE}/Courses/{PATH}/course_outline.xml",
        "isInherited": True,
        "units": [
            {
                "ntiid": f"{node}.0",
                "title": "One",
                "lessons": [
                    {"title": "A", "topic": TOPIC, "isStub": False, "ending": None,
                     "lessons": [{"ntiid": f"{node}.0.0.0", "title": "B"}]},
                    {"title": "Law", "topic": None, "isStub": True, "ending": "2014-01-01T05:59:59Z", "lessons": []},
                ],
            }
        ],
    }  # fmt: skip


async def test_the_bundle_assets_and_dates_of_a_section(catalog: Asking) -> None:
    found = await entry(
        catalog,
        SECTION,
        """bundle { ntiid title contentPackages { ntiid isResolved isRestricted isReadable } creators otherMetadata }
        presentationAssets { platform version files isInherited } assignmentDates { assignment beginning ending }
        site { name } administrativeLevel { path }""",
    )
    assert found == {
        "bundle": {
            "ntiid": "tag:nextthought.com,2011-10:NTI-Bundle:CourseBundle-Fall2014_CLC_3403",
            "title": "A Title",
            "contentPackages": [
                {"ntiid": PACKAGE, "isResolved": True, "isRestricted": False, "isReadable": True},
                {"ntiid": f"{PACKAGE}2", "isResolved": False, "isRestricted": False, "isReadable": False},
            ],
            "creators": ["B"],
            "otherMetadata": {"date": ["D"]},
        },
        "presentationAssets": [{"platform": "shared", "version": 1, "files": ["a.png"], "isInherited": True}],
        "assignmentDates": [{"assignment": QUIZ, "beginning": "2014-01-22T06:00:00Z", "ending": None}],
        "site": {"name": SITE},
        "administrativeLevel": {"path": "Fall2014"},
    }


async def test_a_restricted_package_is_for_members_of_the_course_and_those_whom_it_names(
    database: Database, library: Path
) -> None:
    """spec/course-directories.rst, "bundle_meta_info.json": who is enrolled may read it, without being named."""
    write_package(library, {".nti_acl": "# who else\nDeny:ada:All\nAllow:bob:All\nAllow:ada:All\nAllow:eve:[READ]\n"})
    await sync(database, library, layout=LAYOUT)
    asking = Asking(database)

    async def readable(username: str) -> bool:
        fields = "bundle { contentPackages { isRestricted isReadable rules { principal } } }"
        viewer = Viewer(username, frozenset({Role.LEARNER}))
        first, _ = (await entry(asking, KEY, fields, viewer))["bundle"]["contentPackages"]
        assert first["isRestricted"]
        assert len(first["rules"]) == (4 if username in {"harp", "ta"} else 0)
        return bool(first["isReadable"])

    assert [await readable(name) for name in ("ada", "bob", "eve", "harp", "ta")] == [False, True, False, True, True]
    ada = Viewer("ada", frozenset({Role.LEARNER}))
    enroll = "mutation ($key: String!) { %s(input: {key: $key}) { userErrors { code } } }"
    await asking.data(enroll % "enrollInDirectoryRun", {"key": SECTION}, viewer=ada)
    assert await readable("ada")
    await asking.data(enroll % "dropDirectoryRun", {"key": SECTION}, viewer=ada)
    assert not await readable("ada")


@pytest.mark.parametrize(
    ("viewer", "of_course", "of_section"), [(LEARNER, 0, 0), (HARP, 1, 1), (TA, 1, 0), (AUTHOR, 1, 1), (ADMIN, 1, 1)]
)
async def test_only_staff_see_roles_vendors_information_and_problems(
    catalog: Asking, viewer: Viewer, of_course: int, of_section: int
) -> None:
    """spec/course-directories.rst, "vendor_info.json": never inherited, internal."""
    fields = "isEditable roles { role username isAllowed isInherited } vendorInfo problems"
    course_entry = await entry(catalog, KEY, fields, viewer)
    section_entry = await entry(catalog, SECTION, fields, viewer)
    assert (course_entry.pop("isEditable"), section_entry.pop("isEditable")) == (bool(of_course), bool(of_section))
    if not of_course:
        assert course_entry == {"roles": [], "vendorInfo": None, "problems": []}
    else:
        assert course_entry["vendorInfo"] == {"OU": {"n": 1}}
        assert [each for each in course_entry["problems"] if each.endswith("[missing-package]")]
    if of_section:
        assert section_entry["vendorInfo"] == {}
        assert section_entry["roles"] == [
            {"role": "nti.roles.course_instructor", "username": "harp", "isAllowed": True, "isInherited": True},
            {"role": "nti.roles.course_ta", "username": "ta", "isAllowed": False, "isInherited": False},
        ]
    else:
        assert section_entry == {"roles": [], "vendorInfo": None, "problems": []}


async def test_an_entry_without_texts_and_outline_is_empty_there(catalog: Asking) -> None:
    fields = "description richDescription isPreview isCurrent outline { path }"
    found = await entry(catalog, HIDDEN, fields, ADMIN)
    assert (found["description"], found["richDescription"], found["outline"]) == ("", "", None)
    assert (found["isPreview"], found["isCurrent"]) == (False, True)


async def test_entries_of_a_page_take_one_statement(catalog: Asking) -> None:
    await catalog.data("{ courseRuns { nodes { key catalogEntry { title outline { units { title } } } } } }")
    assert catalog.statements == 2


@pytest.mark.parametrize(
    ("viewer", "seen"),
    [
        (LEARNER, [KEY, SECTION]),
        (HARP, [KEY, SECTION]),
        (TA, [KEY, SECTION, HIDDEN, f"{HIDDEN}_S_01"]),
        (AUTHOR, [KEY, SECTION, HIDDEN, f"{HIDDEN}_S_01"]),
        (ADMIN, [KEY, SECTION, HIDDEN, f"{HIDDEN}_S_01"]),
    ],
)
async def test_restricted_runs_are_nowhere_for_those_who_are_no_members(
    catalog: Asking, viewer: Viewer, seen: list[str]
) -> None:
    """spec/course-directories.rst, "course_info.json": is_non_public. Through every edge, counts and node included."""
    data = await catalog.data(
        f"""{{ courseRuns {{ totalCount nodes {{ key course {{ key }} children {{ totalCount }} }} }}
        courses {{ nodes {{ key runs {{ nodes {{ key }} }} }} }}
        courseRun(key: "{HIDDEN}") {{ key }} node(id: "CourseRun:{HIDDEN}") {{ id }}
        course(key: "OU+Hidden") {{ key }}
        byNtiid: courseRuns(filter: {{ ntiid: "tag:nextthought.com,2011-10:NTI-CourseInfo-Fall2014_Hidden" }}) {{
          totalCount }}
        site(name: "{SITE}") {{ courseRuns {{ totalCount }}
          administrativeLevels {{ path courseRuns {{ nodes {{ key }} }} }} }} }}""",
        viewer=viewer,
    )
    is_seen = HIDDEN in seen
    assert [run["key"] for run in data["courseRuns"]["nodes"]] == sorted(seen)
    assert data["courseRuns"]["totalCount"] == data["site"]["courseRuns"]["totalCount"] == len(seen)
    assert [each["key"] for each in data["courses"]["nodes"]] == ["OU+CLC_3403", "OU+Hidden"][: 1 + is_seen]
    assert (data["courseRun"] is None, data["node"] is None, data["course"] is None) == (not is_seen,) * 3
    assert data["byNtiid"]["totalCount"] == is_seen
    [level] = data["site"]["administrativeLevels"]
    assert [run["key"] for run in level["courseRuns"]["nodes"]] == sorted(seen)


async def test_sites_offer_their_parents_courses_but_those_they_have_themselves(
    database: Database, library: Path
) -> None:
    """spec/course-directories.rst, "Directory Structure"."""
    course(PATH, root=library, site=CHILD)
    await sync(database, library, layout=LAYOUT)
    asking = Asking(database)
    query = "{ sites { nodes { id name parent { name } organization { key } courseRuns { nodes { key } } } } }"

    async def offered() -> list[Any]:
        return (await asking.data(query, viewer=ADMIN))["sites"]["nodes"]  # type: ignore[no-any-return]

    child, parent = await offered()
    hidden = [HIDDEN, f"{HIDDEN}_S_01"]
    assert (child["id"], child["parent"], child["organization"]["key"]) == (f"Site:{CHILD}", {"name": SITE}, CHILD)
    own = f"course-v1:{CHILD}+CLC_3403+Fall2014"
    assert [run["key"] for run in child["courseRuns"]["nodes"]] == [own, *hidden]
    assert [run["key"] for run in parent["courseRuns"]["nodes"]] == [KEY, SECTION, *hidden]
    by_site = f'{{ courseRuns(filter: {{ site: "{CHILD.upper()}" }}) {{ nodes {{ key }} }} }}'
    assert (await asking.data(by_site, viewer=ADMIN))["courseRuns"]["nodes"] == child["courseRuns"]["nodes"]
    remove(library, PATH, CHILD)
    course("Other", root=library, site=CHILD)
    await sync(database, library, layout=LAYOUT)
    child, _ = await offered()
    assert [run["key"] for run in child["courseRuns"]["nodes"]] == [
        f"course-v1:{CHILD}+Other+ROOT", KEY, SECTION, *hidden,
    ]  # fmt: skip
    await sync(database, library, layout=Layout(organizations={SITE: "OU"}))  # in which it has no parent
    child, _ = await offered()
    assert [run["key"] for run in child["courseRuns"]["nodes"]] == [f"course-v1:{CHILD}+Other+ROOT"]


async def test_levels_are_a_tree(database: Database, tmp_path: Path) -> None:
    course("PHIL/Fall2013/X", root=tmp_path)
    await sync(database, tmp_path)
    data = await Asking(database).data(
        f'{{ site(name: "{SITE}") {{ administrativeLevels {{ name path parent {{ name }} children {{ name }} }} }} }}'
    )
    assert data["site"]["administrativeLevels"] == [
        {"name": "PHIL", "path": "PHIL", "parent": None, "children": [{"name": "Fall2013"}]},
        {"name": "Fall2013", "path": "PHIL/Fall2013", "parent": {"name": "PHIL"}, "children": []},
    ]


PLAN = """mutation ($input: PlanDirectorySyncInput!) { planDirectorySync(input: $input) {
  userErrors { code message field }
  libraries { root isFound problems { code } sites { name fate reason unchanged
    levels { path fate } problems { code path }
    courses { path key fate reason aspects files { path change } renamed warnings enrollments programs
      problems { severity code path line message related } sections { path fate } } } }
} }"""
DO = """mutation ($input: SyncDirectoriesInput!) { syncDirectories(input: $input) {
  userErrors { code message field } job { id kind state } } }"""
JOB = "query ($id: ID!) { job(id: $id) { state stage progressDone progressTotal result errorCode errorMessage } }"


async def over(asking: Asking, job: str) -> Any:
    """A job when it is over."""
    while True:
        found = (await asking.data(JOB, {"id": job}, viewer=ADMIN))["job"]
        if found["state"] not in {"QUEUED", "RUNNING"}:
            return found
        await asyncio.sleep(0.02)


async def do(asking: Asking, layout: Layout, **given: Any) -> Any:
    """Ask for a synchronization, have it done, and tell the job."""
    answer = (await asking.data(DO, {"input": given}, viewer=ADMIN))["syncDirectories"]
    assert (answer["userErrors"], answer["job"]["kind"]) == ([], "SYNC_DIRECTORIES")
    async with Embedded(Runner(asking.database, {SYNC: synchronizing(layout)}, FAST)).running(), asyncio.timeout(60):
        return await over(asking, answer["job"]["id"])


async def done(asking: Asking, layout: Layout, **given: Any) -> Any:
    """The only site in the result of a synchronization."""
    job = await do(asking, layout, **given)
    assert (job["state"], job["errorMessage"]) == ("SUCCEEDED", None)
    [library] = orjson.loads(job["result"])["libraries"]
    return library["sites"][0]


@pytest.fixture
def roots(library: Path) -> Layout:
    return Layout(roots=(library,), organizations={SITE: "OU"})


@pytest.fixture
async def asking_with_roots(database: Database, roots: Layout) -> Asking:
    asking = Asking(database)
    asking.executor = Executor(schema(), database, layout=roots)
    return asking


async def test_directories_are_planned_and_synchronized_on_request(
    asking_with_roots: Asking, database: Database, library: Path, roots: Layout
) -> None:
    planned = (await asking_with_roots.data(PLAN, {"input": {}}, viewer=ADMIN))["planDirectorySync"]
    assert await run_keys(database) == []
    [site] = planned["libraries"][0]["sites"]
    assert [(each["path"], each["fate"]) for each in site["courses"]] == [
        (PATH, "CREATED"), ("Fall2014/Hidden", "CREATED"),
    ]  # fmt: skip
    assert site["courses"][0]["sections"] == [{"path": f"{PATH}/Sections/01", "fate": "CREATED"}]

    made = await done(asking_with_roots, roots, roots=[str(library)])

    assert [(each["path"], each["fate"].upper()) for each in made["courses"]] == [
        (each["path"], each["fate"]) for each in site["courses"]
    ]
    assert len(await run_keys(database)) == 4
    job = await do(asking_with_roots, roots)
    assert (job["stage"], job["progressDone"], job["progressTotal"]) == ("SYNCHRONIZING", 2, 2)
    again = orjson.loads(job["result"])["libraries"][0]["sites"][0]
    assert (again["courses"], again["counts"]) == ([], {"unchanged": 2})
    async with database.writing() as session:
        [entry] = await session.scalars(select(AuditEntry).where(AuditEntry.action == "sync directories"))
    assert (entry.username, entry.subject) == (ADMIN.username, f"Site:{SITE}")


async def test_removals_over_the_api_need_leave(
    asking_with_roots: Asking, database: Database, library: Path, roots: Layout
) -> None:
    await done(asking_with_roots, roots)
    remove(library, PATH)
    kept = await done(asking_with_roots, roots, sites=[SITE])
    assert kept["courses"][0]["fate"] == "refused"
    await done(asking_with_roots, roots, allowRemovals=True, readAgain=True)
    assert KEY not in await run_keys(database)


async def test_a_library_that_is_no_more_of_the_installation_is_not_read(
    asking_with_roots: Asking, database: Database, library: Path
) -> None:
    job = await do(asking_with_roots, Layout(roots=(library / "other",)), roots=[str(library)])
    assert (job["state"], job["errorCode"]) == ("FAILED", "INVALID")
    assert await run_keys(database) == []


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_synchronization_that_another_overtook_is_done_again(
    asking_with_roots: Asking, database: Database, library: Path, roots: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()

    def read_and_wait(*given: Any, **named: Any) -> Any:
        found = read_library(*given, **named)
        monkeypatch.undo()
        asyncio.run_coroutine_threadsafe(sync(database, library, layout=LAYOUT), loop).result(timeout=60)
        return found

    monkeypatch.setattr("resolvers.directories.sync.read_library", read_and_wait)
    site = await done(asking_with_roots, roots)
    assert (site["fate"], site["counts"]) == ("unchanged", {"unchanged": 2})


async def test_a_synchronization_can_be_canceled_and_leaves_nothing_half_done(
    asking_with_roots: Asking, database: Database, roots: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly(*given: Any, progress: Callable[[int], None], **named: Any) -> Any:
        progress(1)
        begun.set()
        assert go_on.wait(60)
        with pytest.raises(Stopped):
            progress(1)

    monkeypatch.setattr("resolvers.directories.sync.read_library", slowly)
    answer = (await asking_with_roots.data(DO, {"input": {}}, viewer=ADMIN))["syncDirectories"]
    cancel = "mutation ($id: ID!) { cancelJob(input: {job: $id}) { userErrors { code } } }"
    async with Embedded(Runner(database, {SYNC: synchronizing(roots)}, FAST)).running(), asyncio.timeout(60):
        await asyncio.to_thread(begun.wait, 60)
        await asking_with_roots.data(cancel, {"id": answer["job"]["id"]}, viewer=ADMIN)
        job = await over(asking_with_roots, answer["job"]["id"])
        go_on.set()
    assert (job["state"], job["result"], await run_keys(database)) == ("CANCELED", None, [])


@pytest.mark.parametrize("root", ["/etc", "/", "", ".."])
async def test_only_libraries_of_the_installation_are_read(asking_with_roots: Asking, root: str) -> None:
    answer = await asking_with_roots.data(DO, {"input": {"roots": [root]}}, viewer=ADMIN)
    [error] = answer["syncDirectories"]["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", ["roots", "0"])


async def test_an_installation_without_libraries_says_so(catalog: Asking) -> None:
    answer = await catalog.data(PLAN, {"input": {}}, viewer=ADMIN)
    assert answer["planDirectorySync"]["userErrors"][0]["field"] == ["roots"]


@pytest.mark.parametrize("viewer", [LEARNER, AUTHOR, HARP])
async def test_only_admins_synchronize(asking_with_roots: Asking, viewer: Viewer) -> None:
    error = await asking_with_roots.error(DO, {"input": {}}, viewer=viewer)
    assert error["extensions"]["code"] == "FORBIDDEN"


ENROLL = """mutation ($key: String!, $username: String) {
  enrollInDirectoryRun(input: { key: $key, username: $username }) {
  userErrors { code } courseRun { key } } }"""
DROP = ENROLL.replace("enrollIn", "drop")


async def test_who_is_enrolled_in_a_section_sees_it_and_its_course(catalog: Asking) -> None:
    """spec/course-directories.rst, "course_info.json": visible to those who are enrolled by other means."""
    given = {"key": f"{HIDDEN}_S_01"}
    assert (await catalog.error(ENROLL, given))["extensions"]["code"] == "NOT_FOUND"
    assert (await catalog.error(ENROLL, given | {"username": "ada"}))["extensions"]["code"] == "NOT_FOUND"
    for _ in range(2):
        await catalog.data(ENROLL, given | {"username": LEARNER.username}, viewer=ADMIN)
    assert len((await catalog.data("{ courseRuns { nodes { key } } }"))["courseRuns"]["nodes"]) == 4
    assert (await entry(catalog, HIDDEN, "title vendorInfo")) == {"title": "Hidden", "vendorInfo": None}
    dropped = await catalog.data(DROP, given)
    assert dropped["dropDirectoryRun"] == {"userErrors": [], "courseRun": None}
    again = await catalog.data(DROP, given | {"username": LEARNER.username}, viewer=ADMIN)
    assert again["dropDirectoryRun"]["userErrors"] == []
    async with catalog.database.writing() as session:
        entries = await session.scalars(
            select(AuditEntry.action).where(AuditEntry.subject == f"CourseRun:{HIDDEN}_S_01")
        )
        assert list(entries) == ["enroll", "drop"]
    assert len((await catalog.data("{ courseRuns { nodes { key } } }"))["courseRuns"]["nodes"]) == 2


async def test_anybody_enrolls_in_a_public_run_and_only_admins_enroll_others(catalog: Asking) -> None:
    enrolled = await catalog.data(ENROLL, {"key": KEY})
    assert enrolled["enrollInDirectoryRun"] == {"userErrors": [], "courseRun": {"key": KEY}}
    assert (await catalog.error(ENROLL, {"key": KEY, "username": "ada"}))["extensions"]["code"] == "FORBIDDEN"
    assert (await catalog.error(ENROLL, {"key": "course-v1:A+B+C"}))["extensions"]["code"] == "NOT_FOUND"


async def test_without_the_feature_there_are_no_sites_and_no_mutations(database: Database, library: Path) -> None:
    await sync(database, library, layout=LAYOUT)
    asking = Asking(database)
    asking.executor = Executor(schema(), database, features=set(Feature) - {Feature.DIRECTORIES})
    assert (await asking.data("{ sites { totalCount } }", viewer=ADMIN))["sites"]["totalCount"] == 0
    assert (await asking.error(PLAN, {"input": {}}, viewer=ADMIN))["extensions"]["code"] == "FEATURE_DISABLED"


async def test_the_name_of_a_site_finds_its_organization(catalog: Asking) -> None:
    data = await catalog.data(f'{{ organization(key: "{SITE}") {{ key courses {{ totalCount }} }} }}')
    assert data["organization"] == {"key": "OU", "courses": {"totalCount": 1}}
    async with catalog.database.writing() as session:
        assert [row.key for row in await session.scalars(select(Organization))] == ["OU"]
