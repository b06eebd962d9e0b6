"""`apply`: changes and a course give a new course, what changed, and what is worth knowing; nothing is read or written.

Whatever the number of changes the result is one course, so that it becomes one version. A change that cannot be made
ends it all: nothing is half done.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edx.olx import Course, Key
from resolvers.editing.changes import (
    AddBlock,
    Change,
    DeleteAsset,
    DeleteBlock,
    MoveBlock,
    PutAsset,
    ReplaceBlock,
    SetBlockSettings,
    SetCourseSettings,
    SetGradingPolicy,
    SetTabs,
)
from resolvers.editing.files import delete_asset, put_asset, set_grading_policy, set_tabs
from resolvers.editing.moves import delete_block, move_block
from resolvers.editing.problems import EditCode, EditProblem, Named
from resolvers.editing.references import References
from resolvers.editing.settings import set_settings
from resolvers.editing.subtrees import Done, add_block, replace_block
from resolvers.editing.tree import Index
from resolvers.editing.work import Work


@dataclass(frozen=True, slots=True)
class Applied:
    """What changes make of a course.

    `changed` are the blocks that say something else themselves, in the order of the changes; those above them follow.
    `removed` are those that are no part of the course any more. `done` tells of each change. `touched` are all blocks
    that are other objects than before, those above included, and those that are gone.
    """

    course: Course = field(repr=False)
    index: Index = field(repr=False)
    changed: tuple[Key, ...]
    removed: tuple[Named, ...]
    warnings: tuple[EditProblem, ...]
    done: tuple[Done, ...]
    touched: frozenset[Key] = field(repr=False)


def apply(
    course: Course,
    changes: Sequence[Change],
    *,
    index: Index | None = None,
    references: References | None = None,
    run: str | None = None,
) -> Applied:
    """Make changes to a course, one after the other, each to what those before it left.

    `index` is that of the course, if it is known, and `run` its key, of whose blocks full keys must be. Reads blobs of
    pages where something is taken out, and those of what was sent. Raises EditRefused for the first change that cannot
    be made, with all that is wrong with it.
    """
    before = index or Index.of(course.root)
    work = Work.on(course, before, references or References(), run)
    if not changes:
        raise work.refuse(EditCode.NO_CHANGES, "there is nothing to change")
    done = []
    for number, change in enumerate(changes):
        work.change = number
        done.append(MAKERS[type(change)](work, change))
    lost = (named for one in done for named in one.removed if named.key in before.blocks)
    gone = {each.key: each for each in lost if each.key not in work.tree}
    _note_broken(work, {key for key in work.tree.gone if key in before.blocks})
    made, after, touched = work.finished()
    changed = tuple(key for key in work.changed if before.blocks.get(key) != after.blocks[key])
    return Applied(made, after, changed, tuple(gone.values()), tuple(work.warnings), tuple(done), frozenset(touched))


def _note_broken(work: Work, gone: frozenset[Key] | set[Key]) -> None:
    """What refers to blocks that are gone, by whichever change."""
    for source, targets in work.references.to_blocks(work.tree, work.policies(), gone):
        message = f"{source} refers to {', '.join(map(str, targets))}, which is not there any more"
        work.warn(EditCode.BROKEN_REFERENCE, message, source)


def _file(make: Callable[[Work, Any], None]) -> Callable[[Work, Any], Done]:
    def made(work: Work, change: Any) -> Done:
        make(work, change)
        return Done()

    return made


MAKERS: Mapping[type, Callable[[Work, Any], Done]] = {
    ReplaceBlock: replace_block,
    AddBlock: add_block,
    SetBlockSettings: lambda work, change: Done(set_settings(work, change)),
    SetCourseSettings: lambda work, change: Done(set_settings(work, change)),
    MoveBlock: move_block,
    DeleteBlock: delete_block,
    PutAsset: _file(put_asset),
    DeleteAsset: _file(delete_asset),
    SetGradingPolicy: _file(set_grading_policy),
    SetTabs: _file(set_tabs),
}
