"""Trees that come piece by piece (notes on OLX, §6, "incremental transfer"): nothing said of them is believed."""

from collections.abc import Mapping
from typing import Any

import pytest

from db.store import BlobLink, Head, NodeLink, VersionConflict, decode, digest_of, encode, head_of, statistics
from db.tables import ContentBlob
from edx.olx import ArchiveRefused
from resolvers.content.exports import files_of
from resolvers.content.imports import Target
from resolvers.content.nodes import BLOCK, FILES, FRAME, Written, write
from resolvers.content.nodes import COURSE as COURSE_NODE
from resolvers.editing import locks
from resolvers.transfer import trees
from resolvers.transfer.trees import BadTree, Incomplete, Tree, Trees
from tests.edx.olx.twins import COURSE, parsed
from tests.resolvers.content.conftest import ADA, loaded
from tests.resolvers.transfer.conftest import Desk

CHANGED = {**COURSE, "problem/sum.xml": b"<problem>2</problem>"}
ON_SQLITE = pytest.mark.parametrize("dialect", ["sqlite"])


def tree(files: Mapping[str, bytes]) -> Written:
    return write(parsed(files).course)


async def send(desk: Desk, course: Written) -> None:
    """All of a tree: blobs, then nodes until each has come after those below it."""
    there = Trees(desk.store)
    await there.take([], [blob.read() for blob in course.blobs.values()])
    left = dict(course.nodes)
    while left:
        for digest in list(left):
            try:
                await there.take([left[digest]], [])
            except Incomplete:
                continue
            del left[digest]


async def commit(desk: Desk, course: Written, run: int = 1, **given: Any) -> Any:
    target = Target(desk.runs[run], ADA, **given)
    return await Trees(desk.store).commit(Tree(course.root, course.frame), target)


async def head(desk: Desk, run: int = 1) -> Head | None:
    return await head_of(desk.store, desk.runs[run])


async def test_a_tree_of_which_only_what_was_lacking_came_is_the_course_of_its_files(desk: Desk) -> None:
    course, known = tree(CHANGED), tree(COURSE)
    there = Trees(desk.store)
    nodes, blobs = await there.lacking(sorted(course.nodes), sorted(course.blobs))
    assert set(nodes) == course.nodes.keys() - known.nodes.keys()
    assert set(blobs) == course.blobs.keys() - known.blobs.keys()
    assert (len(nodes), len(blobs)) == (6, 1)
    with pytest.raises(Incomplete) as caught:
        await commit(desk, course, 0)
    assert caught.value.nodes == [course.root]
    await send(desk, course)
    done = await commit(desk, course, 0, expected=desk.version, message="by pieces")

    assert (done.version, done.is_new, done.counts["problem"]) == (course.root, True, 1)
    assert {file.path: file.blob.read() for file in files_of(await loaded(desk.store, desk.runs[0]))} == CHANGED
    assert await commit(desk, course, 0) is None
    with pytest.raises(VersionConflict):
        await commit(desk, course, 0, expected=desk.version)


@ON_SQLITE
async def test_what_has_come_belongs_to_no_run_until_all_of_it_has(desk: Desk) -> None:
    course = tree(CHANGED)
    blobs = [blob.read() for blob in course.blobs.values()]
    there = Trees(desk.store)
    with pytest.raises(Incomplete) as caught:
        await Trees(desk.store).take([encode((FILES, (("a", BlobLink("0" * 64, 1)),)))], [])
    assert (caught.value.nodes, caught.value.blobs) == ([], ["0" * 64])
    with pytest.raises(Incomplete):
        await there.take([encode((BLOCK, NodeLink("1" * 64)))], blobs)
    assert await head(desk) is None
    with pytest.raises(BadTree, match="is no node"):
        await there.take([b"nonsense"], [])
    assert digest_of(b"nonsense") not in course.nodes


@ON_SQLITE
async def test_a_blob_that_is_gone_is_asked_for_though_its_node_is_here(desk: Desk) -> None:
    course = tree(CHANGED)
    await send(desk, course)
    lost = min(course.blobs)
    async with desk.database.writing() as session:
        await session.delete(await session.get(ContentBlob, lost))
    with pytest.raises(Incomplete) as caught:
        await commit(desk, course)
    assert (caught.value.nodes, caught.value.blobs) == ([], [lost])
    await Trees(desk.store).take([], [course.blobs[lost].read()])
    assert (await commit(desk, course)).is_new


def hostile(course: Written) -> dict[str, list[Any]]:
    """Nodes that are well-formed and lead to what is here, but are no course, or another one than they say."""
    frame = course.nodes[course.frame]
    blob = next(BlobLink(each.digest, each.size) for each in course.blobs.values())
    root: Any = decode(course.nodes[course.root])
    [block] = [root[2]]
    found: dict[str, list[Any]] = {
        "a number": [encode(7)],
        "an empty list": [encode(())],
        "a frame for a root": [frame],
        "a root that ends too early": [encode((COURSE_NODE, "course", block))],
        "other settings than the files say": [],
        "a path that leads out": [],
    }
    node: Any = decode(course.nodes[block.digest])
    node = list(node)
    node[2] = (("display_name", "Forged"),)
    forged = encode(tuple(node))
    other = list(root)
    other[2] = NodeLink(digest_of(forged))
    found["other settings than the files say"] = [forged, encode(tuple(other))]
    files = encode((FILES, (("../../out", blob),)))
    other = list(root)
    other[7] = (*root[7][:4], NodeLink(digest_of(files)))
    found["a path that leads out"] = [files, encode(tuple(other))]
    return found


@ON_SQLITE
async def test_a_tree_that_is_not_what_it_says_is_refused_and_changes_nothing(desk: Desk) -> None:
    course = tree(COURSE)
    for what, nodes in hostile(course).items():
        for data in nodes:
            await Trees(desk.store).take([data], [])
        bad = Written(root=digest_of(nodes[-1]), frame=course.frame)
        with pytest.raises((BadTree, ArchiveRefused)) as caught:
            await commit(desk, bad)
        assert str(caught.value), what
        assert await head(desk) is None, what
    empty = encode((FILES, ()))
    frame = encode((FRAME, "Other", "C", "R", "", None, (None, None, None), NodeLink(digest_of(empty))))
    for data in (empty, frame):
        await Trees(desk.store).take([data], [])
    with pytest.raises(BadTree):
        await commit(desk, Written(root=course.root, frame=digest_of(frame)))
    assert await head(desk) is None


@ON_SQLITE
async def test_a_tree_that_grows_without_end_is_refused_before_it_is_walked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty nodes, each twice in the next one, are a thousand million blocks; and a chain may be of any length."""
    course = tree(COURSE)
    for width, height, limit in ((2, 30, None), (1, 30, 20)):
        if limit is not None:
            monkeypatch.setattr(trees, "DEEPEST", limit)
        node = encode((BLOCK, "problem", (), "", None, ()))
        for level in range(height):
            link = NodeLink(digest_of(node))
            await Trees(desk.store).take([node], [])
            edge = (f"b{level}", None, 0, None, link)
            node = encode((BLOCK, "vertical", (), "", None, tuple(edge for _ in range(width))))
        await Trees(desk.store).take([node], [])
        with pytest.raises(BadTree, match=r"too large|deep"):
            await commit(desk, Written(root=digest_of(node), frame=course.frame))


@ON_SQLITE
async def test_a_tree_of_too_many_nodes_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "MOST", 8)
    with pytest.raises(BadTree, match="more than 8 nodes"):
        await commit(desk, tree(COURSE))
    assert await head(desk) is None


@ON_SQLITE
async def test_a_rehearsal_refuses_a_tree_that_is_not_what_it_says(desk: Desk) -> None:
    course = tree(COURSE)
    nodes = hostile(course)["other settings than the files say"]
    for data in nodes:
        await Trees(desk.store).take([data], [])
    forged = Tree(digest_of(nodes[-1]), course.frame)
    with pytest.raises(BadTree, match="the files of the tree are those of version"):
        await Trees(desk.store).commit(forged, Target(desk.runs[1], ADA), is_dry=True)


@ON_SQLITE
async def test_a_locked_run_takes_trees_with_its_token_only(desk: Desk) -> None:
    course = tree(CHANGED)
    await send(desk, course)
    before = await statistics(desk.store)
    async with desk.database.writing() as session:
        lock = await locks.acquire(session, desk.runs[1], ADA)
    with pytest.raises(locks.LockRefused):
        await commit(desk, course)
    assert (await commit(desk, course, token=lock.token)).is_new
    assert await statistics(desk.store) != before
