"""The seeded catalog: organizations, courses with their runs over the years, and the peculiar ones among them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from edx.simulator.titles import INACTIVE, ORGANIZATIONS, PATTERNS, PECULIAR, SUBJECTS
from edx.simulator.world import NO_START, CourseRun, Key, Member, Mode, Organization, World

COURSES = 400
RUN_COUNTS = (1, 2, 3, 3, 4, 5)
"""Runs of a course, drawn from these: three on average."""

TERM = timedelta(days=123)
"""From run to run: as long as the longest of three terms a year, so that no two runs fall into one."""

PRICES = (49, 79, 99, 149, 199, 299)
FLAGS = ("hidden", "staff_only", "invitation_only")
SOURCES = ("UAI_SOURCE", "B2B_SOURCE")


def seed_catalog(world: World, rng: random.Random, now: datetime) -> None:
    """Fill a world with organizations and course runs around `now` (a midnight)."""
    catalog = _Catalog(world, rng, now)
    catalog.add_organizations()
    catalog.add_courses()
    catalog.add_sources()
    catalog.add_peculiar()


@dataclass(frozen=True, slots=True)
class _Catalog:
    """The world, chance and the present."""

    world: World
    rng: random.Random
    now: datetime

    def add_organizations(self) -> None:
        for number, (short_name, name) in enumerate(ORGANIZATIONS, start=1):
            created = self.now - timedelta(days=4000 - 50 * number, microseconds=-number)
            self.world.organizations[short_name] = Organization(
                number,
                short_name,
                name,
                created,
                created + timedelta(days=self.rng.randint(0, 400)),
                description=None if number % 4 == 0 else f"{name} offers courses to learners everywhere.",
                logo=None if number % 3 == 0 else f"/uploads/organization_logos/{short_name.lower()}.png",
                active=short_name not in INACTIVE,
            )

    def add_courses(self) -> None:
        homes = [short_name for short_name, _ in ORGANIZATIONS if short_name not in (*INACTIVE, *SOURCES)]
        for position, (number, title) in enumerate(self._titles()):
            self._add_course(homes[position % len(homes)], number, title)

    def _titles(self) -> Iterator[tuple[str, str]]:
        """Course numbers and titles: the peculiar ones first, then as many as there are to be, all different."""
        for position, title in enumerate(PECULIAR, start=1):
            yield f"X{position:02}.1x", title
        possible = [
            (f"{subject.code}{level}{position}{variant}x", pattern.format(topic=topic))
            for subject in SUBJECTS
            for position, topic in enumerate(subject.topics)
            for variant, (level, pattern) in enumerate(PATTERNS)
        ]
        for number, title in self.rng.sample(possible, COURSES - len(PECULIAR)):
            yield number, title[0].upper() + title[1:]

    def _add_course(self, organization: str, number: str, title: str) -> None:
        """A course and its runs, one a term, of which the last is past, current or to come."""
        count = self.rng.choice(RUN_COUNTS)
        last = self.now + TERM * self.rng.uniform(-2, 2)
        for back in reversed(range(count)):
            start = (last - TERM * back).replace(hour=self.rng.choice((0, 9, 14)), minute=0, second=0, microsecond=0)
            name = f"{(start.month - 1) // 4 + 1}T{start.year}"
            self._add_run(Key(organization, number, name), title, start)

    def _add_run(self, key: Key, title: str, start: datetime) -> CourseRun:
        rng = self.rng
        run = CourseRun(key, title, start=start, self_paced=rng.random() < 1 / 3)
        run.end = start + timedelta(days=rng.choice((42, 56, 84, 112)))
        run.enrollment_start = start - timedelta(days=rng.randint(60, 150))
        run.enrollment_end = None if rng.random() < 1 / 2 else run.end - timedelta(days=14)
        run.short_description = None if rng.random() < 1 / 3 else f"Learn about {title.strip()}."
        run.effort = rng.choice((None, "2 to 4 hours per week", "5-8 hours/week", "06:00"))
        run.mobile = rng.random() < 1 / 2
        run.hidden, run.staff_only, run.invitation_only = (rng.random() < share for share in (0.04, 0.02, 0.03))
        if rng.random() < 1 / 10:
            run.end = run.enrollment_end = None
        run.modes = {mode.slug: mode for mode in self._modes(run)}
        run.team.append(Member("author" if rng.random() < 1 / 20 else "admin", "instructor"))
        return self.world.add_run(run)

    def _modes(self, run: CourseRun) -> Iterator[Mode]:
        """Mostly audit and verified; some runs are for professionals alone, some free, a few have no modes yet."""
        chance = self.rng.random()
        if chance < 1 / 20:
            return
        sku = f"{self.rng.getrandbits(28):07X}"
        if chance < 1 / 8:
            yield Mode("professional", "Professional Certificate", self.rng.choice(PRICES) * 4, sku=sku)
            return
        yield Mode("honor", "Honor") if chance < 1 / 4 else Mode("audit", "Audit")
        if chance > 1 / 5:
            expires = run.end - timedelta(days=10) if run.end else None
            price = self.rng.choice(PRICES)
            yield Mode("verified", "Verified Certificate", price, expires=expires, sku=sku, bulk_sku=f"B{sku}")

    def add_sources(self) -> None:
        """Runs that are there to be copied for contracts."""
        for organization in SOURCES:
            for number, title in (
                ("12.345x", "Responsible AI for Managers"),
                ("12.346x", "Data Literacy at Work"),
                ("15.001x", "Negotiation Basics"),
                ("15.002x", "Leading Remote Teams"),
            ):
                run = self._add_run(Key(organization, number, "SOURCE"), title, self.now - 3 * TERM)
                run.end = run.enrollment_start = run.enrollment_end = None
                run.hidden, run.staff_only, run.invitation_only = True, False, True

    def add_peculiar(self) -> None:
        """What real platforms have: an old key, runs without dates, and keys that differ from what is shown."""
        old = Key("NordheimX", "HIST101", "2013_Fall", deprecated=True)
        self._add_run(old, "The History of Nordheim", self.now - 30 * TERM)
        shown = self._add_run(Key("AthenaX", "CS50-archive", "2T2019"), "Programming, as It Was Taught", self.now)
        shown.display_org, shown.display_number = "Athena", "CS 50"
        for number in ("NEW101x", "NEW102x", "NEW103x"):
            run = self._add_run(Key("LakemontX", number, "draft"), f"Untitled Course {number}", self.now)
            run.start = NO_START
            run.end = run.enrollment_start = run.enrollment_end = None
            run.modes.clear()
        for flag in FLAGS:
            run = self._add_run(Key("LakemontX", "LAB101x", flag), "Laboratory Safety", self.now - TERM / 4)
            run.hidden, run.staff_only, run.invitation_only = (name == flag for name in FLAGS)
