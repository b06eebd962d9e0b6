"""spec/content-api.md, "Read (aka, export)"; E1, E2, E7 of the notes."""

import io

import orjson
import pytest

from db.store import Store
from edx.olx import Key
from resolvers.content.exports import NoSuchBlock, export, files_of, find_block
from resolvers.content.load import Courses
from tests.edx.olx.twins import COURSE, INLINE
from tests.resolvers.catalog.conftest import statements
from tests.resolvers.content.conftest import imported, loaded, unpacked

UNIT = Key("vertical", "u1")


@pytest.fixture
def dialect() -> str:
    """What is done here is the same on both."""
    return "sqlite"


async def archive(store: Store, run: int, key: Key | None = None) -> bytes:
    target = io.BytesIO()
    export(await loaded(store, run), target, key)
    return target.getvalue()


async def test_the_export_of_a_whole_run_is_what_came_in(store: Store, runs: list[int]) -> None:
    """E1: byte-identical files, and the same content gives the same archive."""
    await imported(store, runs[0], {f"course/{path}": data for path, data in COURSE.items()})
    first = await archive(store, runs[0])

    assert unpacked(first) == {f"course/{path}": data for path, data in COURSE.items()}
    assert await archive(store, runs[0]) == first


async def test_a_subtree_comes_with_its_assets_policies_and_a_manifest(store: Store, runs: list[int]) -> None:
    """E2."""
    done = await imported(store, runs[0], {**COURSE, "static/unused.png": b"x"})
    found = unpacked(await archive(store, runs[0], UNIT))
    manifest = orjson.loads(found.pop("collegium.json"))

    assert found.keys() == {
        "vertical/u1.xml", "html/page.xml", "html/body.html", "problem/sum.xml", "video/film.xml",
        "static/Green leaf.png", "policies/assets.json",
    }  # fmt: skip
    assert all(found[path] == COURSE[path] for path in found if path != "policies/assets.json")
    assert orjson.loads(found["policies/assets.json"]).keys() == {"Green_leaf.png"}
    assert (manifest["type"], manifest["url_name"], manifest["version"]) == ("vertical", "u1", done.version)
    assert manifest["subtree"] == (await loaded(store, runs[0])).content.digests[UNIT]


async def test_policies_of_other_blocks_stay_behind(store: Store, runs: list[int]) -> None:
    await imported(store, runs[0], COURSE)
    found = unpacked(await archive(store, runs[0], Key("chapter", "one")))

    assert orjson.loads(found["policies/course/policy.json"]) == {"chapter/one": {"start": 1}}


async def test_a_block_that_stands_in_its_parents_file_gets_one_of_its_own(store: Store, runs: list[int]) -> None:
    await imported(store, runs[0], INLINE)
    found = unpacked(await archive(store, runs[0], Key("vertical", "v")))

    assert found.keys() == {"vertical/v.xml", "collegium.json"}
    assert b'<html url_name="h"><p>x &amp; y</p></html>' in found["vertical/v.xml"]


async def test_a_component_can_be_exported_alone(store: Store, runs: list[int]) -> None:
    await imported(store, runs[0], COURSE)
    found = [file.path for file in files_of(await loaded(store, runs[0]), Key("problem", "sum"))]
    assert found == ["collegium.json", "problem/sum.xml"]


async def test_a_script_comes_with_the_library_that_it_may_use(store: Store, runs: list[int]) -> None:
    script = {"problem/sum.xml": b'<problem><script type="loncapa/python">import ours</script></problem>'}
    await imported(store, runs[0], {**COURSE, **script, "static/python_lib.zip": b"zip"})
    found = [file.path for file in files_of(await loaded(store, runs[0]), Key("problem", "sum"))]
    assert found == ["collegium.json", "problem/sum.xml", "static/python_lib.zip"]


async def test_a_block_is_found_by_type_and_name_or_a_name_that_only_one_has(store: Store, runs: list[int]) -> None:
    """E7, F13: a name alone may mean several blocks, and is refused then."""
    twice = {**COURSE, "vertical/u1.xml": b'<vertical><poll url_name="u1"/></vertical>'}
    await imported(store, runs[0], twice)
    course = (await loaded(store, runs[0])).course

    assert find_block(course, "first").key == ("sequential", "first")
    assert find_block(course, "poll/u1").key == ("poll", "u1")
    assert find_block(course, "block-v1:Twin+T1+course+type@poll+block@u1").key == ("poll", "u1")
    with pytest.raises(NoSuchBlock, match="may mean poll/u1 or vertical/u1"):
        find_block(course, "u1")
    with pytest.raises(NoSuchBlock, match="there is no block 'html/first'"):
        find_block(course, "html/first")


async def test_a_course_is_loaded_in_a_statement_a_level_and_then_kept(store: Store, runs: list[int]) -> None:
    await imported(store, runs[0], COURSE)
    head = (await loaded(store, runs[0])).head
    courses = Courses(store)
    async with store.database.reading() as snapshot:
        first = await courses.load(head, snapshot)
        assert snapshot.statements == 7  # the root, five levels of blocks, and where blobs are
        again = await courses.load(head, snapshot)
        assert snapshot.statements == 7
    assert again.course is first.course


async def test_courses_are_kept_within_bounds(store: Store, runs: list[int]) -> None:
    courses = Courses(store, most_blocks=15)
    heads = []
    for number in range(3):
        await imported(store, runs[0], {**COURSE, "README": str(number).encode()})
        heads.append((await loaded(store, runs[0])).head)
    for head in heads:
        await courses.load(head)
    with statements(store.database):
        assert len(courses._kept) == 1
