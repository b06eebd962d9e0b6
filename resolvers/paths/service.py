"""Courseware paths for whoever asks: many in one pass, in a number of statements that does not grow with them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from db.engine import Snapshot
from db.tables import now
from edx.keys import CourseKey
from edx.olx import Key
from resolvers.access import Permission, Viewer
from resolvers.content.visibility import Audience, Role, groups_of_mode
from resolvers.errors import BadUserInput, FeatureDisabled, Forbidden
from resolvers.learners.mirror import Kind, Memory, Mirror
from resolvers.learners.progress import OWN_ENROLLMENTS
from resolvers.learners.service import some_username
from resolvers.paths.answers import Code, Denied, Resolution, Whereabouts
from resolvers.paths.courseware import Courseware
from resolvers.paths.places import Places, Run
from resolvers.paths.reading import MalformedPath, Path, read
from resolvers.paths.refusals import denied, elsewhere, malformed, not_found
from resolvers.paths.resolution import resolve
from resolvers.paths.slugs import NO_SLUGS, Slugs
from resolvers.paths.whereabouts import LearnersPlaces, Told, Wanted
from resolvers.plan.statements import rows_for

MOST_PATHS = 500
ROUNDS = 2
"""How often the LMS is asked: where the learner was may lead to a sequence that was not asked for at first."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever asks, what they may do, and as whom and for when they want to know.

    Without `username` as themselves, without `at` for now, without `version` of the content that runs have now.
    """

    viewer: Viewer
    permissions: frozenset[Permission]
    username: str | None = None
    at: datetime | None = None
    version: str | None = None

    @property
    def is_staff(self) -> bool:
        """Whether they may see what learners do not."""
        return Permission.SEE_CONTENT in self.permissions

    @property
    def learner(self) -> str | None:
        """The learner whom the answers are for, None for staff who ask as themselves."""
        if self.username is not None:
            return self.username
        return None if self.is_staff else self.viewer.username

    def is_staff_of(self, run: Run | None) -> bool:
        """Whether they may see what learners do not in a run, and do not ask as one."""
        return self.username is None and (self.is_staff or (run is not None and run.is_authored))

    def check(self) -> None:
        """Raise Forbidden or BadUserInput unless they may ask so: for other people, times and versions staff alone."""
        if self.username is not None:
            some_username(self.username)
        if self.at is not None and self.at.tzinfo is None:
            raise BadUserInput("at: it needs a time zone, such as the final Z in 2026-01-31T12:00:00Z")
        if self.is_staff:
            return
        if self.username not in {None, self.viewer.username}:
            raise Forbidden("you may not resolve paths for other learners")
        if self.at is not None or self.version is not None:
            raise Forbidden("you may not see content of other times and versions")


@dataclass(frozen=True, slots=True)
class Found:
    """What a path comes to, in which run and version of its content."""

    resolution: Resolution
    run: CourseKey | None = None
    version: str | None = None


@dataclass(slots=True)
class Question:
    """One path on its way to an answer."""

    text: str
    path: Path | None = None
    run: Run | None = None
    course: Courseware | None = None
    version: str | None = None
    answer: Resolution | None = None

    @property
    def pin(self) -> str | None:
        """The version that the path's own query asks for."""
        pairs = (part.partition("=") for part in (self.path.query if self.path else "").split("&"))
        return next((value for name, _, value in pairs if name == "version" and value), None)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What is known of a learner's enrollments: the mode by run, and whether those are all."""

    modes: dict[str, str] = field(default_factory=dict)
    is_known: bool = False

    def groups(self, run: CourseKey) -> dict[int, frozenset[int]]:
        """The groups that an enrollment puts a learner in."""
        return groups_of_mode(self.modes.get(str(run), ""))


class Paths:
    """Resolves paths. Without `places` there is no content here; without `learners_places` the LMS is not asked."""

    def __init__(
        self,
        places: Places | None,
        mirror: Mirror,
        learners_places: LearnersPlaces | None = None,
        *,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.places = places
        self._mirror = mirror
        self._learners_places = learners_places
        self._clock = clock

    async def resolve(
        self, snapshot: Snapshot, asker: Asker, texts: Sequence[str], memory: Memory | None = None
    ) -> list[Found]:
        """What each of some paths comes to, in order.

        Raises BadUserInput, Forbidden, FeatureDisabled and ServiceUnavailable, but nothing for what a path says.
        """
        if len(texts) > MOST_PATHS:
            raise BadUserInput(f"paths: {len(texts)} are more than {MOST_PATHS}")
        asker.check()
        questions = [_question(text) for text in texts]
        if not asker.viewer.is_signed_in:
            return [_found_by_nobody(each) for each in questions]
        if self.places is None:
            raise FeatureDisabled("This installation does without content.")
        await self._place(self.places, snapshot, asker, questions)
        await self._answer(
            self.places, snapshot, asker, [each for each in questions if each.course], memory or Memory()
        )
        return [_found(each) for each in questions]

    async def _place(self, places: Places, snapshot: Snapshot, asker: Asker, questions: Sequence[Question]) -> None:
        """Find the runs of the paths, and the content that they are about."""
        keys = {each.path.course for each in questions if each.path}
        if not keys:
            return
        runs = await places.runs(snapshot, keys, asker.permissions, asker.viewer.username)
        for each in questions:
            each.run = runs.get(each.path.course.folded) if each.path else None
            each.version = asker.version or (each.pin if asker.is_staff or asker.is_staff_of(each.run) else None)
        pins = {each.version for each in questions if each.run and each.version}
        pinned = await places.pinned(snapshot, pins) if pins else {}
        for each in questions:
            if each.run:
                head = pinned.get((each.run.id, each.version)) if each.version else each.run.head
                each.course = await places.courseware(snapshot, head) if head else None
                each.version = head.root if head else each.version

    async def _answer(
        self, places: Places, snapshot: Snapshot, asker: Asker, questions: Sequence[Question], memory: Memory
    ) -> None:
        """Apply the rules, and again with what the LMS tells the learner."""
        if not questions:
            return
        runs = {each.run.id: each.run for each in questions if each.run}
        slugs = await places.slugs(snapshot, runs)
        enrolled = await self._enrolled(snapshot, asker, [str(run.key) for run in runs.values()], memory)
        told = Told()
        self._apply(asker, questions, slugs, enrolled, told)
        authorization = asker.viewer.authorization
        if self._learners_places is None or authorization is None or asker.learner != asker.viewer.username:
            return
        for _ in range(ROUNDS):
            await snapshot.release()  # the LMS may take its time
            if not await self._learners_places.ask(_wanted(questions), authorization, told):
                return
            self._apply(asker, questions, slugs, enrolled, told)

    def _apply(
        self,
        asker: Asker,
        questions: Sequence[Question],
        slugs: Mapping[int, Slugs],
        enrolled: Enrolled,
        told: Told,
    ) -> None:
        at = asker.at or self._clock()
        known: dict[CourseKey, tuple[Audience, Whereabouts]] = {}
        for each in questions:
            assert each.run is not None and each.course is not None  # noqa: S101, PT018 -- they are the placed ones
            key = each.run.key
            if key not in known:
                role = Role.STAFF if asker.is_staff_of(each.run) else Role.LEARNER
                known[key] = Audience(role, at, enrolled.groups(key)), _whereabouts(key, enrolled, told)
            audience, whereabouts = known[key]
            named = slugs.get(each.run.id, NO_SLUGS)
            each.answer = resolve(each.course, key, each.text, audience, whereabouts=whereabouts, slugs=named)

    async def _enrolled(self, snapshot: Snapshot, asker: Asker, keys: Sequence[str], memory: Memory) -> Enrolled:
        """The learner's enrollments in these runs, as of lately."""
        username, viewer = asker.learner, asker.viewer
        if username is None:
            return Enrolled()
        own = {username: viewer.authorization} if username == viewer.username and viewer.authorization else {}
        standings = await self._mirror.standings(snapshot, memory, [username], [Kind.ENROLLMENTS], own)
        rows = await rows_for(snapshot, self._mirror.database.dialect, OWN_ENROLLMENTS, keys, username)
        return Enrolled({row[0]: row[1] for row in rows}, standings[username].enrollments_at is not None)


def _question(text: str) -> Question:
    try:
        return Question(text, read(text))
    except MalformedPath as error:
        return Question(text, answer=malformed(text, error))


def _found_by_nobody(question: Question) -> Found:
    """The answer to whoever has not signed in, which is the same whether or not there is such a course."""
    if question.path is None:
        return _found(question)
    return Found(denied(question.text, question.path, Denied.AUTHENTICATION_REQUIRED))


def _found(question: Question) -> Found:
    text, path, run = question.text, question.path, question.run
    answer = question.answer
    if answer is None:
        assert path is not None  # noqa: S101 -- what is malformed has its answer
        if run is None:
            answer = not_found(text, path)
        elif question.version is not None:
            message = f"the content of {run.key} never had the version {question.version}, or it was not kept"
            answer = elsewhere(text, path, Code.VERSION_NOT_FOUND, message)
        else:
            answer = elsewhere(text, path, Code.NO_CONTENT, f"the content of {run.key} is not here")
    return Found(answer, run.key if run else None, question.version)


def _whereabouts(run: CourseKey, enrolled: Enrolled, told: Told) -> Whereabouts:
    """What is known of a learner in a run. The LMS knows better than the copies whether there is access."""
    found = told.whereabouts(run)
    if told.access.get(run) is None and enrolled.is_known and str(run) not in enrolled.modes:
        return Whereabouts(denied=Denied.ENROLLMENT_REQUIRED)
    return found


def _wanted(questions: Collection[Question]) -> list[Wanted]:
    """What the answers depend on that the LMS may know, by run."""
    places: dict[CourseKey, tuple[bool, frozenset[Key]]] = {}
    for each in questions:
        assert each.run is not None and each.answer is not None  # noqa: S101, PT018 -- the rules were applied to it
        was_asked, sequences = places.get(each.run.key, (False, frozenset[Key]()))
        places[each.run.key] = was_asked or each.answer.asks_resume, sequences | each.answer.asks
    return [Wanted(run, *wanted) for run, wanted in places.items()]
