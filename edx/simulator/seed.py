"""The seed: a world of a middle-sized university consortium, the same for the same number and instant."""

import random
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from edx.simulator.catalog import seed_catalog
from edx.simulator.titles import FAMILY_NAMES, GIVEN_NAMES
from edx.simulator.world import Application, Certificate, CourseRun, User, World

LEARNERS = 2000
LEARNER_RUNS = 12
MOST_RUNS = 9
SERVICE_USER = "collegium_worker"
"""The user of the client-credentials application: global staff."""

CLIENT_ID = "collegium"
CLIENT_SECRET = "collegium-development"  # noqa: S105 - a development value that protects nothing


def seed_world(seed: int = 1, *, now: datetime | None = None) -> World:
    """A world of about 40 organizations, 400 courses, 1,200 runs and 2,000 learners, past, current and future at `now`.

    Beside the learners there are `collegium_worker` (staff, of the application), `admin` (staff), `author` (no staff)
    and `learner`, who is enrolled in a dozen runs. `now` is the present unless it is given.
    """
    now = now or datetime.now(UTC)
    world, rng = World(), random.Random(seed)  # noqa: S311 - repeatable is what it has to be
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    seed_catalog(world, rng, midnight)
    people = _People(world, rng, midnight)
    people.add_staff()
    people.add_learners()
    return world


@dataclass(frozen=True, slots=True)
class _People:
    """What of the world is about users."""

    world: World
    rng: random.Random
    now: datetime

    def add_staff(self) -> None:
        add = self.world.add_user
        add(
            User(
                SERVICE_USER,
                f"{SERVICE_USER}@example.org",
                "Collegium Worker",
                staff=True,
                superuser=True,
                password=CLIENT_SECRET,
            )
        )
        add(User("admin", "admin@example.org", "Ada Min", staff=True))
        add(User("author", "author@example.org", "Auður Thor"))
        self.world.add_application(Application(CLIENT_ID, CLIENT_SECRET, SERVICE_USER))

    def add_learners(self) -> None:
        """The one called `learner`, and the others; most have begun some runs and left a few."""
        open_runs = [run for run in self.world.runs.values() if self._can_have_learners(run)]
        learner = self.world.add_user(User("learner", "learner@example.org", "Lea Rner"))
        self._enroll(learner, self.rng.sample(open_runs, LEARNER_RUNS))
        for user in self._others(LEARNERS - 1):
            self.world.add_user(user)
            count = self.rng.randint(0, MOST_RUNS)
            self._enroll(user, self.rng.sample(open_runs, count))

    def _can_have_learners(self, run: CourseRun) -> bool:
        begun = run.start - timedelta(days=30) <= self.now
        return begun and not run.staff_only and run.key.run != "SOURCE"

    def _others(self, count: int) -> Iterator[User]:
        """Users called by name and number (`zoe_abebe_7`) or by number alone (`student0008`)."""
        for number in range(1, count + 1):
            given, family = self.rng.choice(GIVEN_NAMES), self.rng.choice(FAMILY_NAMES)
            named = number % 2 == 1
            username = f"{_ascii(given)}_{_ascii(family)}_{number}" if named else f"student{number:04}"
            yield User(username, f"{username}@example.org", f"{given} {family}")

    def _enroll(self, user: User, runs: Sequence[CourseRun]) -> None:
        for run in runs:
            opened = run.enrollment_start or run.start - timedelta(days=60)
            closed = min(self.now, run.end or self.now)
            created = opened + (max(closed, opened + timedelta(days=1)) - opened) * self.rng.random()
            mode = self.rng.choice(list(run.modes) or ["audit"])
            active = self.rng.random() > 1 / 8
            self.world.enroll(user.username, run.id, min(created, self.now), mode=mode, active=active)
            if active and run.end and run.end < self.now:
                self._finish(user, run, mode)

    def _finish(self, user: User, run: CourseRun, mode: str) -> None:
        """Of those who were there at the end, many have a certificate; it may say that they did not pass."""
        chance = self.rng.random()
        if mode == "audit" or chance < 1 / 4 or run.end is None:
            return
        created = min(run.end + timedelta(hours=self.rng.randint(1, 24 * 14)), self.now)
        uuid = f"{self.rng.getrandbits(128):032x}"
        certificate = Certificate(user.username, run.id, mode, created, created, uuid)
        passed = chance > 1 / 3
        certificate.grade = f"{self.rng.uniform(0.6, 1) if passed else self.rng.uniform(0, 0.59):.2f}"
        certificate.status = "downloadable" if passed else "notpassing"
        certificate.download_url = f"/certificates/{uuid}" if passed else None
        self.world.certify(certificate)


def _ascii(name: str) -> str:
    """A name as it may be within a user name: `Zoë` is `zoe`; letters that have no plain form are left out."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum())
