"""Replacing and adding subtrees (spec/content-api.md, "Update"; notes on OLX, §2.1 and §2.3)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from edx.olx import Block, Key, Severity
from edx.olx.assets import FOLDER
from edx.olx.documents import MINE, is_same
from edx.olx.kinds import WITH_POLICY
from edx.olx.markup import Attributes
from resolvers.editing import fragments
from resolvers.editing.changes import AddBlock, Orphans, ReplaceBlock
from resolvers.editing.files import put_file
from resolvers.editing.grafts import Graft
from resolvers.editing.problems import EditCode, EditProblem, EditRefused, Named
from resolvers.editing.tree import Tree
from resolvers.editing.work import Work


@dataclass(frozen=True, slots=True)
class Done:
    """What one change did: the block that it is about as it is called now, and what it took out of the course.

    After a move `parent` and `index` are where the block stood, so that the opposite move can be made.
    """

    block: Key | None = None
    removed: tuple[Named, ...] = ()
    parent: Key | None = None
    index: int | None = None


def replace_block(work: Work, change: ReplaceBlock) -> Done:
    """A subtree in place of another; it keeps its place in all parents that it has."""
    tree = work.tree
    key = work.find(change.block)
    if key == tree.root:
        raise work.refuse(EditCode.ROOT_FIXED, "Cannot replace the root of a course", key, hint="import the course")
    parents = tree.parents(key)
    fragment = _read(work, change, parents[0], key)
    sent = fragment.root
    if sent.type != key.type:
        message = f"a <{key.type}> cannot be replaced by a <{sent.type}>"
        raise work.refuse(EditCode.TYPE_MISMATCH, message, key, place=sent.place)
    region = dict.fromkeys(tree.below(key))
    graft = Graft(work, change, parents, region, work.tree.trail(parents[0]))
    root = graft.rooted(sent, tree[key].pointer)
    graft.check(root, is_new=False)
    before = tree.copy() if len(region) > 1 or root.key != key else tree
    edges = {parent: _edge(tree[parent], key) for parent in parents}
    work.note_shared(key)
    graft.put()
    for parent, pointer in edges.items():
        tree.reparent(parent, key, replace(tree[root.key], pointer=None if pointer is None else root.pointer))
        if root.key != key:
            work.changed[parent] = None
    work.check_depth(root.key, sent.place)
    removed = _without_orphans(work, change, key, region, before)
    graft.share(root.key)
    _take_along(work, graft, fragment.fragment)
    return Done(root.key, removed)


def add_block(work: Work, change: AddBlock) -> Done:
    """A new child at an index, by default at the end."""
    parent = work.find(change.parent)
    children = work.tree[parent].children
    index = checked_index(work, change.index, len(children), parent)
    fragment = _read(work, change, parent, None)
    graft = Graft(work, change, (parent,), frozenset(), work.tree.trail(parent))
    root = graft.rooted(fragment.root, ())
    graft.check(root, is_new=True)
    if any(child.key == root.key for child in children):
        graft.problems.append(work.problem(EditCode.ALREADY_THERE, f"{root.key} stands in {parent} already", root.key))
    graft.put()
    children = work.tree[parent].children
    index = min(index, len(children))
    work.put(replace(work.tree[parent], children=(*children[:index], root, *children[index:])))
    work.check_depth(root.key, fragment.root.place)
    graft.share(root.key)
    _take_along(work, graft, fragment.fragment)
    return Done(root.key)


def checked_index(work: Work, index: int | None, count: int, parent: Key) -> int:
    """A place among children, the end if none is given."""
    if index is None:
        return count
    if not 0 <= index <= count:
        message = f"You can not move or add a block at an invalid index: {index} is not from 0 to {count}"
        raise work.refuse(EditCode.INVALID_INDEX, message, parent)
    return index


@dataclass(frozen=True, slots=True)
class _Sent:
    root: Block
    fragment: fragments.Fragment


def _read(work: Work, change: ReplaceBlock | AddBlock, parent: Key, replaced: Key | None) -> _Sent:
    """What was sent. Raises EditRefused with all that is wrong with it; warnings are kept."""
    found = fragments.read(change.olx, work.tree.trail(parent), parent, replaced, work.tree.blocks)
    told = [
        EditProblem(
            EditCode.INVALID_OLX,
            problem.message,
            problem.block or replaced,
            problem.breadcrumb,
            problem.place,
            reason=problem.code.value,
            hint=problem.hint,
            change=work.change,
        )
        for problem in found.problems
        if problem.severity > Severity.INFO
    ]
    if found.errors or found.root is None:
        raise EditRefused(told)
    work.warnings.extend(told)
    return _Sent(found.root, found)


def _edge(parent: Block, key: Key) -> Attributes | None:
    return next(child.pointer for child in parent.children if child.key == key)


def _without_orphans(
    work: Work, change: ReplaceBlock, key: Key, region: Iterable[Key], before: Tree
) -> tuple[Named, ...]:
    """Take out what the new subtree does not lead to any more (U20 to U24).

    Any block of the region may have lost children: what was sent may define it anew.
    """
    lost = work.tree.lost(region)
    orphans = tuple(before.named(each) for each in lost if each != key)
    if orphans and change.orphans is Orphans.DECLINE:
        names = ", ".join(f"{each.key} ({' > '.join(each.breadcrumb)})" for each in orphans)
        raise work.refuse(EditCode.ORPHANS, f"blocks would be left without a parent: {names}", key, blocks=orphans)
    return work.drop(lost, before)


def _take_along(work: Work, graft: Graft, fragment: fragments.Fragment) -> None:
    """What came with the blocks: their policy, and files for learners. An old policy of theirs stays, and wins."""
    for key, block in graft.defined.items():
        sent = fragment.policy.get(str(graft.sent_as[key]))
        if isinstance(sent, dict):
            work.set_policy(key, sent)
        elif key.type in WITH_POLICY:
            for name, value in work.policy_of(key).items():
                text = block.get(name)
                if text is not None and name not in MINE and not is_same(text, value):
                    message = f"{name} is set by the policy, which wins over the OLX"
                    work.warn(EditCode.POLICY_WINS, message, key, setting=name)
    for file in fragment.static:
        put_file(work, file, fragment.entries.get(file.path.removeprefix(FOLDER)))
