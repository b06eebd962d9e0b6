"""Changes of content and locks as users ask for them: who may, which run, and what to answer where it cannot be."""

from collections.abc import Awaitable, Callable, Sequence
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
from resolvers.editing import locks
from resolvers.editing.changes import Change
from resolvers.editing.locks import Lock, LockRefused
from resolvers.editing.problems import EditCode, EditProblem, EditRefused
from resolvers.editing.rights import require_to_edit, require_to_edit_some
from resolvers.editing.writing import Edited, Editor, Expected, Request
from resolvers.errors import FeatureDisabled, Forbidden, NotFound, Unauthenticated
from resolvers.refusals import Problem, Reason, Refusal

T = TypeVar("T")


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

    async def run(self, session: AsyncSession) -> int:
        """The run, if the viewer may change its content. Raises Unauthenticated, Forbidden, NotFound and Refusal."""
        _ = self.author
        await require_to_edit_some(session, self.viewer)
        try:
            key = CourseKey.parse(self.key)
        except InvalidCourseKey as error:
            raise Refusal([Problem(Reason.BAD_COURSE_KEY, str(error), ("courseRun",))]) from error
        run = await session.scalar(select(CourseRun.id).where(CourseRun.key_folded == key.folded))
        if run is None:
            raise NotFound(f"there is no course run '{key}'")
        await require_to_edit(session, self.viewer, run)
        return run

    async def locking(self, work: Callable[..., Awaitable[T]], *given: Any) -> T:
        """What a function of `locks` gives for the run. Raises Refusal where somebody else has the lock."""
        try:
            async with self.database.writing() as session:
                return await work(session, await self.run(session), *given)
        except LockRefused as refused:
            raise Refusal([_locked(refused)]) from refused

    async def break_lock(self) -> Lock | None:
        """Take the lock away from whoever has it, which is put down. Raises Forbidden."""
        if not self.viewer.may(Permission.BREAK_LOCKS):
            raise Forbidden("you lack the permission to break locks")
        async with self.database.writing() as session:
            broken = await locks.break_lock(session, await self.run(session))
            if broken is not None:
                changes = {"lock": (broken.holder.username, None)}
                record(session, self.viewer, "break lock", f"CourseRun:{self.key}", changes)
        return broken


async def edit(
    asked: Asked,
    editor: Editor | None,
    changes: Callable[[], Sequence[Change]],
    expected: Expected,
    *,
    token: str | None = None,
    message: str = "",
    is_dry: bool = False,
    is_list: bool = True,
) -> Edited:
    """Make changes to the content of a run; they are read only for who may.

    Problems lead to the change of a list that they are about, if `is_list`. Raises Refusal with all that is wrong,
    FeatureDisabled where there is no editor, and what `Asked.run` does.
    """
    async with asked.database.writing() as session:
        run = await asked.run(session)
    if editor is None:
        raise FeatureDisabled("this installation does without content")
    listed = changes()
    try:
        return await editor.apply(Request(run, listed, asked.author, expected, token, message, is_dry))
    except EditRefused as refused:
        raise Refusal([_problem(problem, is_list=is_list) for problem in refused.problems]) from refused
    except LockRefused as refused:
        raise Refusal([_locked(refused)]) from refused


def _problem(problem: EditProblem, *place: str, is_list: bool = False) -> Problem:
    """A problem as mutations answer it. One about a list of changes leads to the change that it is about."""
    if is_list and problem.code not in OF_THE_WHOLE:
        place = ("changes", str(problem.change))
    return Problem(Reason.CONTENT_REFUSED, str(problem), place, {"problem": problem})


def _locked(refused: LockRefused) -> Problem:
    return _problem(EditProblem(refused.code, str(refused)), "lockToken")


OF_THE_WHOLE = frozenset(
    {EditCode.NO_CHANGES, EditCode.NO_CONTENT, EditCode.VERSION_CONFLICT, EditCode.VERSION_REQUIRED}
)
