"""Sample programs for a catalog, whatever it holds: in every status and category, electives and nesting among them.

The same catalog gives the same programs with the same UUIDs, so that loading them again changes nothing.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID, uuid5

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database
from db.tables import Course, CourseRun, Organization, ProgramStatus
from resolvers.catalog.report import Report
from resolvers.programs.drafts import CategoryDraft, CourseLeaf, Group, ProgramDraft, ProgramLeaf, RunModeDraft
from resolvers.programs.load import load

NAMESPACE = UUID("6f1c7f52-5d4b-4f0e-9a3e-1d2b8a4c9e70")
XSERIES = CategoryDraft("xseries", "XSeries")
MICROMASTERS = CategoryDraft("micromasters", "MicroMasters")
PROFESSIONAL = CategoryDraft("professional-certificate", "Professional Certificate")
MODES = {XSERIES: ("verified",), MICROMASTERS: ("verified",), PROFESSIONAL: ("professional", "verified")}
RUNS = 2
"""Runs of each course, the latest, that count for a program."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A program before its courses are chosen: those whose names have the `words`, of about `organizations`."""

    name: str
    subtitle: str
    category: CategoryDraft
    status: ProgramStatus
    words: tuple[str, ...]
    core: int
    electives: int = 0
    minimum: int = 1
    organizations: int = 1
    requires: str | None = None


ACTIVE, UNPUBLISHED, RETIRED, DELETED = (
    ProgramStatus.ACTIVE, ProgramStatus.UNPUBLISHED, ProgramStatus.RETIRED, ProgramStatus.DELETED,
)  # fmt: skip
OUTLINES = (
    Outline(
        "Astrophysics", "From classical mechanics to exploding stars", XSERIES, ACTIVE,
        ("astrophysics", "mechanics", "quantum", "optics"), 4, organizations=2,
    ),
    Outline(
        "Foundations of Computer Science", "How programs, data and networks work", XSERIES, ACTIVE,
        ("algorithm", "network", "database", "operating system", "compiler"), 3, organizations=2,
    ),
    Outline(
        "Statistics and Data Science", "Learn to reason with data", MICROMASTERS, ACTIVE,
        ("statistic", "probability", "causal", "machine learning", "data", "time series"), 3, 3, 2, 3,
        requires="Foundations of Computer Science",
    ),
    Outline(
        "Supply Chain Management", "Design and run what brings goods to people", MICROMASTERS, ACTIVE,
        ("supply chain", "project management", "accounting", "negotiation", "trade"), 3, 2, 1, 2,
    ),
    Outline(
        "Digital Teaching", "Plan, teach and assess online", PROFESSIONAL, ACTIVE,
        ("teaching", "assessment", "instructional", "learning"), 2,
    ),
    Outline(
        "Renewable Energy Systems", "Circuits, control and climate", PROFESSIONAL, ACTIVE,
        ("energy", "circuit", "control", "climate"), 3, organizations=2,
    ),
    Outline(
        "Global Health", "Epidemiology, nutrition and care", XSERIES, UNPUBLISHED,
        ("epidemiology", "health", "nutrition", "nursing"), 3, organizations=2,
    ),
    Outline(
        "Music Production", "Harmony, sound and film", PROFESSIONAL, UNPUBLISHED,
        ("harmony", "jazz", "film music", "sound"), 2, 2, 1,
    ),
    Outline(
        "Law in a Connected World", "Contracts, privacy and property", MICROMASTERS, UNPUBLISHED,
        ("law", "rights", "intellectual property", "privacy"), 3, organizations=3,
    ),
    Outline(
        "Ancient and Modern Worlds", "Cities and empires", XSERIES, RETIRED,
        ("republic", "empire", "silk road", "japan", "medieval"), 3,
    ),
    Outline(
        "Mathematical Methods", "Analysis and algebra for engineers", MICROMASTERS, RETIRED,
        ("algebra", "analysis", "equation", "topology"), 3, organizations=2,
    ),
    Outline(
        "Life Sciences", "Cells, genes and evolution", XSERIES, DELETED,
        ("biology", "genetics", "evolution", "ecology"), 2,
    ),
)  # fmt: skip

CourseRow = Row[int, str, str, str]
"""Id, readable id, folded name, and the organization's key."""


async def load_samples(database: Database) -> Report:
    """Load the sample programs for what the catalog holds, in one transaction. Raises DatabaseError."""
    async with database.writing() as session:
        return await load(session, await sample_programs(session))


async def sample_programs(session: AsyncSession) -> list[ProgramDraft]:
    """Twelve drafts with up to eight courses each, none where there are no courses with a run."""
    query = select(Course.id, Course.readable_id, Course.name_folded, Organization.key).join(Organization)
    has_run = select(CourseRun.id).where(CourseRun.course_id == Course.id, ~CourseRun.is_source).exists()
    courses = (await session.execute(query.where(has_run).order_by(Course.readable_id))).all()
    if not courses:
        return []
    used: set[str] = set()
    chosen = {}
    for outline in OUTLINES:
        chosen[outline.name] = choose(outline, courses, used)
        used.update(course.readable_id for course in chosen[outline.name])
    runs = await latest_runs(session, {course.id for some in chosen.values() for course in some})
    return [draft_of(outline, chosen[outline.name], runs) for outline in OUTLINES]


def choose(outline: Outline, courses: Sequence[CourseRow], used: Collection[str]) -> list[CourseRow]:
    """The courses that suit an outline best: about its subject, in no program yet, of the few organizations that suit.

    Where none is about its subject, any will do.
    """
    suiting = [course for course in courses if any(word in course.name_folded for word in outline.words)]
    candidates = suiting or courses
    counts = Counter(course.key for course in candidates if course.readable_id not in used)
    near = sorted(counts, key=lambda key: (-counts[key], key))[: outline.organizations]

    def rank(course: CourseRow) -> tuple[bool, int, str]:
        place = near.index(course.key) if course.key in near else len(near)
        return (course.readable_id in used, place, course.readable_id)

    return sorted(candidates, key=rank)[: outline.core + outline.electives]


async def latest_runs(session: AsyncSession, course_ids: Collection[int]) -> dict[int, list[str]]:
    """The keys of the latest runs of each course; those without a start come last."""
    query = select(CourseRun.course_id, CourseRun.key).where(CourseRun.course_id.in_(course_ids), ~CourseRun.is_source)
    query = query.order_by(CourseRun.start.is_(None), CourseRun.start.desc(), CourseRun.key)
    runs: dict[int, list[str]] = {}
    for course_id, key in await session.execute(query):
        runs.setdefault(course_id, []).append(key)
    return {course_id: keys[:RUNS] for course_id, keys in runs.items()}


def draft_of(outline: Outline, courses: Sequence[CourseRow], runs: dict[int, list[str]]) -> ProgramDraft:
    """The program that an outline and its courses make."""
    leaves = [CourseLeaf(course.readable_id) for course in courses]
    electives = tuple(leaves[outline.core :])
    requirements: list[CourseLeaf | Group | ProgramLeaf] = [*leaves[: outline.core]]
    if electives:
        requirements.append(Group(electives, min(outline.minimum, len(electives)), "Electives", is_elective=True))
    if outline.requires:
        requirements.append(ProgramLeaf(uuid_of(outline.requires)))
    keys = [key for course in courses for key in runs[course.id]]
    return ProgramDraft(
        uuid=uuid_of(outline.name),
        name=outline.name,
        category=outline.category,
        subtitle=outline.subtitle,
        description=f"{outline.subtitle}: {len(courses)} courses that build on each other.",
        status=outline.status,
        marketing_slug=outline.name.lower().replace(" ", "-"),
        organizations=tuple(dict.fromkeys(course.key for course in courses)),
        requirements=tuple(requirements),
        run_modes=tuple(
            RunModeDraft(key, mode, sku_of(outline.name, key, mode)) for key in keys for mode in MODES[outline.category]
        ),
    )


def uuid_of(name: str) -> UUID:
    """The UUID that a sample program always has."""
    return uuid5(NAMESPACE, name)


def sku_of(*parts: str) -> str:
    """A stock-keeping unit that reads like one of the platform's: seven characters."""
    return sha256(" ".join(parts).encode()).hexdigest()[:7].upper()
