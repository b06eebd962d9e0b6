"""Changes of content and locks as users ask for them: who may, which run, and what to answer where it cannot be."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database
from db.store import Author
from db.tables import CourseRun
from edx.errors import InvalidCourseKey
from edx.keys import CourseKey
from resolvers.access import Permission, Viewer
from resolvers.audit import record
from resolvers.content.spool import spool
from resolvers.content.uploads import Uploads
from resolvers.editing import changes as kinds
from resolvers.editing import locks
from resolvers.editing.changes import Change
from resolvers.editing.locks import Lock, LockRefused
from resolvers.editing.problems import EditCode, EditProblem, EditRefused
from resolvers.editing.rights import require_to_edit, require_to_edit_some
from resolvers.editing.sent import taken, takes_upload
from resolvers.editing.writing import Edited, Editor, Expected, Request
from resolvers.errors import BadUserInput, FeatureDisabled, Forbidden, NotFound, Unauthenticated
from resolvers.refusals import Problem, Reason, Refusal
from resolvers.usage import operation, uses_of
from resolvers.usage.operations import VALIDATED, Operation

T = TypeVar("T")
MOST = 1000
"""Characters of a message."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for something about the content of a run."""

    database: Database
    viewer: Viewer
    key: str

    @property
    def author(self) -> Author:
        """The viewer as histories and locks have them. Raises Unauthenticated."""
        if self.viewer.username is None:
            raise Unauthenticated("sign in to change content")
        return Author(self.viewer.username, self.viewer.application)

    def operation(self, name: str) -> Operation:
        """A block in which the viewer does something that is counted."""
        return operation(self.database, name, Author(self.viewer.username or "", self.viewer.application))

    async def run(self, session: AsyncSession) -> int:
        """The run, if the viewer may change its content. Raises Unauthenticated, Forbidden, NotFound and Refusal."""
        return (await self.named(session))[0]

    async def named(self, session: AsyncSession) -> tuple[int, str]:
        """The same with its course key as the catalog writes it."""
        _ = self.author
        await require_to_edit_some(session, self.viewer)
        try:
            key = CourseKey.parse(self.key)
        except InvalidCourseKey as error:
            raise Refusal([Problem(Reason.BAD_COURSE_KEY, str(error), ("courseRun",))]) from error
        run = (
            await session.execute(select(CourseRun.id, CourseRun.key).where(CourseRun.key_folded == key.folded))
        ).first()
        if run is None:
            raise NotFound(f"there is no course run '{key}'")
        await require_to_edit(session, self.viewer, run.id)
        return run.id, run.key

    async def found(self) -> tuple[int, str]:
        """The run with its course key, if the viewer may change its content. Raises as `run` does, and BadUserInput."""
        try:
            async with self.database.writing() as session:
                return await self.named(session)
        except Refusal as refusal:
            raise BadUserInput("; ".join(problem.message for problem in refusal.problems)) from refusal

    async def locking(self, work: Callable[..., Awaitable[T]], *given: Any) -> T:
        """What a function of `locks` gives for the run, which is counted. Raises Refusal as `doing` does."""
        with self.operation(f"{work.__name__.partition('_')[0]}Lock") as seen:
            return await self._of_run(seen, work, *given)

    async def beginning(self, name: str, work: Callable[..., Awaitable[T]], *given: Any) -> T:
        """What a function gives that asks for an operation, which is counted when it is done, or now if it is refused.

        Raises what `locking` does.
        """
        with self.operation(name) as seen:
            found = await self._of_run(seen, work, *given)
            seen.is_over = False
            return found

    async def _of_run(self, seen: Operation, work: Callable[..., Awaitable[T]], *given: Any) -> T:
        try:
            async with self.database.writing() as session:
                seen.run_id = await self.run(session)
                return await work(session, seen.run_id, *given)
        except LockRefused as refused:
            raise Refusal([locked(refused)]) from refused

    async def break_lock(self) -> Lock | None:
        """Take the lock away from whoever has it, which is put down. Raises Forbidden."""
        if not self.viewer.may(Permission.BREAK_LOCKS):
            raise Forbidden("you lack the permission to break locks")
        with self.operation("breakLock") as seen:
            return await self._broken(seen)

    async def _broken(self, seen: Operation) -> Lock | None:
        async with self.database.writing() as session:
            seen.run_id, key = await self.named(session)
            broken = await locks.break_lock(session, seen.run_id)
            if broken is not None:
                changes = {"lock": (broken.holder.username, None)}
                record(session, self.viewer, "break lock", f"CourseRun:{key}", changes)
        return broken


async def edit(
    asked: Asked,
    editor: Editor | None,
    changes: Callable[[], Sequence[Change]],
    expected: Expected,
    *,
    uploads: Uploads | None,
    token: str | None = None,
    message: str = "",
    is_dry: bool = False,
    is_list: bool = True,
) -> tuple[str, Edited]:
    """Make changes to the content of a run, which is told with its key; they are read only for who may.

    Problems lead to the change of a list that they are about, if `is_list`. Raises Refusal with all that is wrong,
    FeatureDisabled where there is no content, and what `Asked.run` does.
    """
    with asked.operation(SEVERAL) as seen:
        async with asked.database.writing() as session:
            seen.run_id, key = await asked.named(session)
        check_message(message)
        if editor is None or uploads is None:
            raise FeatureDisabled("this installation does without content")
        listed = changes()
        seen.name = _name(listed)
        try:
            with ExitStack() as stack:
                if any(map(takes_upload, listed)):
                    keep = stack.enter_context(spool())
                    listed = await taken(listed, uploads, asked.author, keep, is_list=is_list)
                request = Request(seen.run_id, listed, asked.author, expected, token, message, is_dry, key)
                edited = await editor.apply(request)
        except EditRefused as refused:
            raise Refusal([_problem(problem, is_list=is_list) for problem in refused.problems]) from refused
        except LockRefused as refused:
            raise Refusal([locked(refused)]) from refused
        _tell(seen, edited, is_dry=is_dry)
        return key, edited


def check_message(message: str) -> None:
    """Refuse what the history cannot take as the reason of a change."""
    if len(message) > MOST or "\x00" in message:
        reason = f"the message may have {MOST} characters at most, and none of them U+0000"
        raise Refusal([Problem(Reason.INVALID, reason, ("message",))])


def _tell(seen: Operation, edited: Edited, *, is_dry: bool) -> None:
    """Fill in what an edit turned out to be."""
    applied = edited.applied
    seen.touched(key.type for key in (*applied.changed, *(named.key for named in applied.removed)))
    seen.told(applied.warnings)
    if is_dry:
        seen.outcome = VALIDATED
    elif edited.is_new:
        seen.made(edited.version, uses_of(applied.course, [applied.index.blocks[key] for key in applied.changed]))


def _name(changes: Sequence[Change]) -> str:
    """What an edit is counted as: the only kind of its changes, or several."""
    found = {NAMES[type(change)] for change in changes}
    return found.pop() if len(found) == 1 else SEVERAL


def _problem(problem: EditProblem, *place: str, is_list: bool = False) -> Problem:
    """A problem as mutations answer it. One about a list of changes leads to the change that it is about."""
    if is_list and problem.code not in OF_THE_WHOLE:
        place = ("changes", str(problem.change))
    return Problem(Reason.CONTENT_REFUSED, str(problem), place, {"problem": problem})


def locked(refused: LockRefused) -> Problem:
    """What to answer where somebody else has the lock, or the caller's own has ended."""
    return _problem(EditProblem(refused.code, str(refused)), "lockToken")


SEVERAL = "applyContentChanges"
NAMES: Mapping[type[Change], str] = {
    kinds.ReplaceBlock: "replaceBlock",
    kinds.AddBlock: "addBlock",
    kinds.SetBlockSettings: "updateBlockSettings",
    kinds.SetCourseSettings: "updateCourseSettings",
    kinds.MoveBlock: "moveBlock",
    kinds.DeleteBlock: "deleteBlock",
    kinds.PutAsset: "putAsset",
    kinds.DeleteAsset: "deleteAsset",
    kinds.SetGradingPolicy: "updateGradingPolicy",
    kinds.SetTabs: "updateTabs",
}
"""What changes are counted as: the mutations that make one of them."""

OF_THE_WHOLE = frozenset(
    {EditCode.NO_CHANGES, EditCode.NO_CONTENT, EditCode.VERSION_CONFLICT, EditCode.VERSION_REQUIRED}
)
