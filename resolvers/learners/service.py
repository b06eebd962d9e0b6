"""What the fields about learners share: the mirror, and what one operation found out about whom it asks for."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from db.engine import Database
from db.tables import ProgramUserSource, now
from edx.learners import MOST_NAMES, LearnerRecords, is_possible
from resolvers.access import Permission
from resolvers.errors import BadUserInput, Forbidden
from resolvers.learners.completion import Completion
from resolvers.learners.copies import outdate
from resolvers.learners.curricula import Curricula
from resolvers.learners.following import Followers
from resolvers.learners.inbox import Inbox
from resolvers.learners.links import Links
from resolvers.learners.mirror import Kind, Mirror, MirrorRules, Standing

STALE = "LEARNER_DATA_STALE"
"""The code of the warning that copies are shown which should have been asked for again."""


class Learners:
    """All that is about learners, over one database; without `records` the LMS is never asked.

    Where somebody `is_told`, what becomes of certificates is put in the outbox.
    """

    def __init__(
        self,
        database: Database,
        records: LearnerRecords | None = None,
        rules: MirrorRules | None = None,
        *,
        links: Links | None = None,
        is_told: bool = False,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.database = database
        self.clock = clock
        self.links = links or Links()
        self.completion = Completion(is_told=is_told)
        self.mirror = Mirror(database, records, rules, settle=self.completion.settle, clock=clock)
        self.inbox = Inbox(self.mirror, self.completion)
        self.followers = Followers(database)
        self.curricula = Curricula()

    async def aclose(self) -> None:
        """Give up what is under way."""
        await self.followers.aclose()
        await self.mirror.aclose()


async def standings(context: Any, usernames: Sequence[str], kinds: Collection[Kind]) -> dict[str, Standing]:
    """How the copies of these learners stand for one operation, which asks the LMS for each of them once at most."""
    viewer = context.viewer
    own = {viewer.username: viewer.authorization} if viewer.username and viewer.authorization else {}
    mirror: Mirror = context.learners.mirror
    found = await mirror.standings(context.snapshot, context.memory, usernames, kinds, own)
    _warn(context, found.values())
    return found


def _warn(context: Any, found: Iterable[Standing]) -> None:
    """Say once in an answer that it shows what is old."""
    stale = sum(standing.is_stale for standing in found)
    if stale and not any(warning["code"] == STALE for warning in context.warnings):
        message = "The LMS does not answer, so what is shown of learners is what it told before."
        context.warnings.append({"code": STALE, "message": message})


async def listed(context: Any, usernames: Sequence[str]) -> None:
    """Bring learners' associations up to date: somebody lists their programs.

    `spec/programs.md`, "ProgramUser": one of the two events that do so.
    """
    if Permission.SEE_PROGRAMS not in context.request.permissions:
        return
    found = await standings(context, usernames, [Kind.ENROLLMENTS])
    new = [name for name, standing in found.items() if standing.freshness.is_unassociated]
    if new:
        completion = context.learners.completion
        await context.changing(lambda session: completion.associate(session, new, ProgramUserSource.LISTING))


async def refresh(context: Any, usernames: Sequence[str]) -> dict[str, Standing]:
    """Have the LMS asked again for everything of these learners' now, and say how their copies stand.

    Raises Forbidden for another user's name to those who may not see what programs others are in, and BadUserInput.
    """
    if not 0 < len(usernames) <= MOST_NAMES:
        raise BadUserInput(f"usernames: {len(usernames)} are not between 1 and {MOST_NAMES}")
    for username in usernames:
        permit_username(some_username(username), context.viewer.username, context.request.permissions)
    moment = context.learners.clock()
    possible = [username for username in usernames if is_possible(username)]
    await context.changing(lambda session: outdate(session, possible, moment))
    return await standings(context, list(dict.fromkeys(usernames)), list(Kind))


def some_username(value: str) -> str:
    """A username to look for. Raises BadUserInput for none, which must never mean all."""
    if not value.strip():
        raise BadUserInput("username: it is empty")
    return value


def permit_username(value: str, viewer: str | None, permissions: frozenset[Permission]) -> None:
    """Raise Forbidden for another user's name, whether or not there is such a user (`spec/programs.md`, "Programs")."""
    if value != viewer and Permission.SEE_PROGRAMS_OF_OTHERS not in permissions:
        raise Forbidden("you may not see which programs other learners are associated with")


async def viewer_username(context: Any) -> str | None:
    """The name of whoever asks."""
    username: str | None = context.viewer.username
    return username


async def viewer_enrollments_at(context: Any) -> datetime | None:
    """As of when the enrollments of whoever asks are."""
    return (await _own(context)).enrollments_at


async def viewer_is_stale(context: Any) -> bool:
    """Whether the enrollments of whoever asks should have been asked for again."""
    return (await _own(context)).is_stale


async def _own(context: Any) -> Standing:
    username = context.viewer.username
    return (await standings(context, [username], [Kind.ENROLLMENTS]))[username]
