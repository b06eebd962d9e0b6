"""Moving and deleting blocks (notes on OLX, §2.3 M1 to M7 and §2.4), refused in the words of Open edX."""

from dataclasses import replace

from edx.olx import Key
from resolvers.content.links import Kind
from resolvers.editing.changes import DeleteBlock, MoveBlock
from resolvers.editing.placement import EXPERIMENT, Verdict, level, verdict
from resolvers.editing.problems import EditCode, EditRefused
from resolvers.editing.subtrees import Done, checked_index
from resolvers.editing.work import Work


def move_block(work: Work, change: MoveBlock) -> Done:
    """Another place for a block, at the same level of the hierarchy."""
    tree = work.tree
    key, parent = work.find(change.block), work.find(change.parent)
    if key == tree.root:
        raise work.refuse(EditCode.ROOT_FIXED, "Cannot move the root of a course", key)
    source = _source(work, key, change.source)
    _check_target(work, key, source, parent)
    before = [child.key for child in tree[source].children]
    block = next(child for child in tree[source].children if child.key == key)
    left = [child for child in tree[parent].children if child.key != key]
    index = checked_index(work, change.index, len(left), parent)
    left.insert(index, block)
    if [child.key for child in left] == [child.key for child in tree[parent].children]:
        raise work.refuse(EditCode.ALREADY_THERE, "Item is already present in target location.", key)
    if source != parent:
        work.put(replace(tree[source], children=tuple(child for child in tree[source].children if child.key != key)))
    work.put(replace(tree[parent], children=tuple(left)))
    work.check_depth(key)
    return Done(key, parent=source, index=before.index(key))


def _source(work: Work, key: Key, text: str | None) -> Key:
    """The parent to take a block from."""
    parents = work.tree.parents(key)
    if text is not None:
        source = work.find(text)
        if source not in parents:
            raise work.refuse(EditCode.BLOCK_UNKNOWN, f"{key} does not stand in {source}", key)
        return source
    if len(parents) > 1:
        message = f"{key} stands in several places; say in which: {', '.join(map(str, parents))}"
        raise work.refuse(EditCode.BLOCK_AMBIGUOUS, message, key, blocks=tuple(map(work.tree.named, parents)))
    return parents[0]


def _check_target(work: Work, key: Key, source: Key, parent: Key) -> None:
    """Whether a block may stand in its new parent. Reordering is always possible."""
    tree = work.tree
    if parent == key:
        raise work.refuse(EditCode.INTO_ITSELF, "You can not move an item into itself.", key)
    if tree.is_below(parent, key):
        raise work.refuse(EditCode.INTO_ITSELF, "You can not move an item into it's child.", key)
    if source == parent:
        return
    if any(child.key == key for child in tree[parent].children):
        raise work.refuse(EditCode.ALREADY_THERE, "Item is already present in target location.", key)
    if parent.type == EXPERIMENT:
        message = "You can not move an item directly into content experiment."
        raise work.refuse(EditCode.INTO_EXPERIMENT, message, key)
    if source.type == EXPERIMENT and _is_group(work, key, source):
        message = f"{key} is a group of the experiment {source}, which would lose it"
        raise work.refuse(EditCode.BROKEN_REFERENCE, message, key, blocks=(tree.named(source),))
    found = verdict(parent.type, key.type, in_experiment=tree.in_experiment(parent), is_module=True)
    if level(source.type, key.type) != level(parent.type, key.type) or found is Verdict.TOLERATED:
        message = f"{key} must remain at the same level of content hierarchy"
        raise work.refuse(EditCode.LEVEL_MISMATCH, message, key)
    if found is Verdict.REFUSED:
        message = f"You can not move {key.type} into {parent.type}."
        raise work.refuse(EditCode.PLACEMENT, message, key, blocks=(tree.named(parent),))


def _is_group(work: Work, key: Key, experiment: Key) -> bool:
    links = work.references.links(work.tree[experiment])
    return any(link.kind is Kind.BLOCK and (link.type, link.name) == key for link in links)


def delete_block(work: Work, change: DeleteBlock) -> Done:
    """Take a block out of the course, wherever it stands, with all below it that stands nowhere else."""
    tree = work.tree
    key = work.find(change.block)
    if key == tree.root:
        raise work.refuse(EditCode.ROOT_FIXED, "Cannot delete the root of a course", key)
    before = tree.copy()
    for parent in tree.parents(key):
        children = tuple(child for child in tree[parent].children if child.key != key)
        work.put(replace(tree[parent], children=children))
    lost = tree.lost([key])
    removed = work.drop(lost, before)
    if change.strict:
        problems = []
        for source, targets in work.references.to_blocks(tree, work.policies(), lost):
            message = f"{source} refers to {', '.join(map(str, targets))}"
            blocks = tuple(each for each in removed if each.key in targets)
            problems.append(work.problem(EditCode.BROKEN_REFERENCE, message, source, blocks=blocks))
        if problems:
            raise EditRefused(problems)
    return Done(key, removed)
