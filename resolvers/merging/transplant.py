"""One block with all below it as another version of the course has it: units are published and discarded one by one."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from edx.olx import Assets, Block, Course, Key
from resolvers.content.links import Kind, links_of
from resolvers.editing.files import put_file
from resolvers.editing.references import References
from resolvers.editing.tree import Index
from resolvers.editing.work import Work

ABOUT_PLACES = frozenset({"parent_url", "parent_sequential_url", "index_in_children_list"})
"""Settings of drafts in archives that say where they belong."""


class NoPlace(Exception):
    """A block that cannot be there yet: what it stands in is not."""


def transplant(source: Course, target: Course, keys: Sequence[Key]) -> Course:
    """The target with some blocks as the source has them: new, changed, moved, or not there any more.

    With them comes all below them, what the policy says of it, and the files for learners that it refers to. Raises
    NoPlace. Reads pages.
    """
    theirs = Index.of(source.root)
    work = Work.on(target, Index.of(target.root), References())
    for key in keys:
        region = _below(theirs, key)
        candidates = {*region, *(work.tree.below(key) if key in work.tree else ())}
        for each in region:
            for parent in work.tree.parents(each):
                if parent not in region and parent not in theirs.parents.get(each, ()):
                    _take_out(work, parent, each)
        for each in reversed(region):
            work.put(theirs.blocks[each])
        _place(work, theirs, key)
        for parent in work.tree.parents(key) if key not in theirs.blocks else ():
            _take_out(work, parent, key)
        work.drop(work.tree.lost(each for each in candidates if each in work.tree), work.tree.copy())
        for each in region:
            work.set_policy(each, source.policy_of(each))
        _take_files(work, source, [theirs.blocks[each] for each in region])
    return work.finished()[0]


def _below(index: Index, key: Key) -> list[Key]:
    """A block and all below it, each after what it stands in; none where it is not there."""
    found: dict[Key, None] = {}
    left = [key] if key in index.blocks else []
    while left:
        each = left.pop()
        if each not in found:
            found[each] = None
            left.extend(child.key for child in reversed(index.blocks[each].children))
    return list(found)


def _take_out(work: Work, parent: Key, key: Key) -> None:
    block = work.tree[parent]
    work.put(replace(block, children=tuple(child for child in block.children if child.key != key)))


def _place(work: Work, theirs: Index, key: Key) -> None:
    """Put a block where the source has it, behind the nearest one before it there that is there."""
    for parent in theirs.parents.get(key, ()):
        if parent not in work.tree:
            raise NoPlace(f"{key} stands in {parent}, which is not there yet")
        children = list(work.tree[parent].children)
        if any(child.key == key for child in children):
            continue
        siblings = [child.key for child in theirs.blocks[parent].children]
        edge = next(child for child in theirs.blocks[parent].children if child.key == key)
        present = [child.key for child in children]
        before = [each for each in siblings[: siblings.index(key)] if each in present]
        children.insert(present.index(before[-1]) + 1 if before else 0, edge)
        work.put(replace(work.tree[parent], children=tuple(children)))


def _take_files(work: Work, source: Course, blocks: Iterable[Block]) -> None:
    """The files for learners that blocks refer to and that are other ones, or not there."""
    assets = Assets(source.assets)
    known = {asset.file.path: asset.file.blob.digest for asset in work.course.assets}
    for block in blocks:
        for link in links_of(block, block.body.blob.read() if block.body else None):
            asset = assets.find(link.name) if link.kind is Kind.ASSET else None
            if asset is not None and known.get(asset.file.path) != asset.file.blob.digest:
                entry = None if asset.entry is None else (asset.key, asset.entry)
                put_file(work, asset.file, entry)
                known[asset.file.path] = asset.file.blob.digest


def drafted(course: Course) -> Course:
    """A course with the drafts that came along in its archive in their places (notes on OLX, F50 to F52).

    Those of blocks that are not there are left out, as Open edX does.
    """
    work = Work.on(course, Index.of(course.root), References())
    for draft in sorted(course.drafts, key=lambda each: (each.index, str(each.block.key))):
        parent = _named(draft.parent)
        _put_draft(work, draft.block)
        if parent is None or parent not in work.tree or work.tree.parents(draft.block.key):
            continue
        children = list(work.tree[parent].children)
        children.insert(draft.index, work.tree[draft.block.key])
        work.put(replace(work.tree[parent], children=tuple(children)))
    work.drop(work.tree.lost(list(work.tree.blocks)), work.tree.copy())
    return replace(work.finished()[0], drafts=())


def _put_draft(work: Work, block: Block) -> None:
    if block.is_missing:
        return
    for child in block.children:
        _put_draft(work, child)
    children = tuple(
        replace(work.tree[child.key], pointer=child.pointer) if child.is_missing else child
        for child in block.children
        if not child.is_missing or child.key in work.tree
    )
    settings = tuple((name, value) for name, value in block.settings if name not in ABOUT_PLACES)
    source = block.source if settings == block.settings and children == block.children else None
    work.put(replace(block, settings=settings, children=children, source=source))


def _named(text: str) -> Key | None:
    """The block that a full key means, of 2012 or of now."""
    if text.startswith("i4x://"):
        kind, _, name = text.removeprefix("i4x://").split("/", 2)[-1].partition("/")
        return Key(kind, name.partition("@")[0])
    kind, mark, name = text.rpartition("+type@")[2].partition("+block@")
    return Key(kind, name) if mark else None
