"""Any query is answered as graphql-core answers it over naive resolvers of the same rows."""

import asyncio
import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from graphql import GraphQLObjectType, get_named_type, is_leaf_type, parse, print_ast
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from db.engine import Database
from db.tables import (
    CertificateTemplate,
    ContractMember,
    ContractProgram,
    CourseRun,
    Job,
    JobState,
    LearnerCertificate,
    LearnerEnrollment,
    Program,
    ProgramUser,
    ProgramUserStatus,
    RerunAttempt,
    RoleGrant,
)
from resolvers.access import Viewer
from resolvers.directories.layout import Layout
from schema import schema
from tests.asking import ADMIN, LEARNER, Asking
from tests.catalog import MOMENT, uuid
from tests.contracts import READY, SOURCE, add_contracts, enroll
from tests.ondisk.trees import SITE
from tests.oracle import Oracle, everything
from tests.resolvers.directories.libraries import sync
from tests.resolvers.directories.sample import CHILD, PARENTS, write_library

SCHEMA = schema()._schema
DEEPEST = 4
LEFT_OUT = {"cursor", "startCursor", "endCursor", "availableRunModes", "features", "health", "rateLimit"}
LEFT_OUT |= {"previewProgramCertificate", "courseKey", "planCourseware", "proposeRunKey", "contractDateChanges"}
LEFT_OUT |= {"coursewarePath", "coursewarePaths", "openEdxInstances", "contentUsage", "blockTypeUsage"}
"""Fields that are nobody's business but the server's, and those that no plan answers."""

NOUNS = ("Organization", "Course", "CourseRun", "Program", "Site", "Job", "Contract")
EXAMPLES = int(os.environ.get("COLLEGIUM_TEST_EXAMPLES", "60"))
RUN = f"course-v1:{SITE}+CLC_3403+Fall2014"
HIDDEN = f"course-v1:{SITE}+Hidden+Fall2014"
IDS = ["Organization:Org0X", "Course:Org0X+C1.0x", "CourseRun:course-v1:Org1X+C0.0x+R1", "Course:No+Such"]
IDS += ["Contract:1", "Contract:2", "Contract:9", f"CourseRun:{READY}", f"CourseRun:{SOURCE}"]
IDS += [f"Site:{SITE}", f"CourseRun:{HIDDEN}", f"CourseRun:{RUN}"]
IDS += [f"Program:{uuid(number)}" for number in range(4)]
JOBS = [f"Job:{uuid(number)}" for number in range(70, 74)]
IDS += JOBS[1:]
TEXTS: dict[str, list[str]] = {
    "username": ["learner"],
    "search": ["", "org1", "COURSE 2", "r2", "m 5", "nothing"],
    "org": ["Org0X", "ORG1X", "Nobody"],
    "course": ["Org0X+C0.0x", "Org1X+C0.0x", "No+Such"],
    "site": [SITE, CHILD.upper(), "none"],
    "ntiid": ["tag:nextthought.com,2011-10:NTI-CourseInfo-Fall2014_CLC_3403", "none"],
    "run": ["course-v1:Org0X+C0.0x+R0", "course-v1:No+Such+Run"],
    "subject": ["Course:Org0X+C0.0x", "Course:No+Such"],
    "requestedBy": ["learner", "ada"],
    "category": ["xseries", "MicroMasters", "none"],
}
KEYS = {
    "site": [SITE, CHILD, "none.example.edu"],
    "organization": ["Org0X", "Nobody"],
    "course": ["Org0X+C0.0x", "No+Such"],
    "courseRun": [RUN, f"{RUN}_S_01", HIDDEN, "course-v1:Org0X+C0.0x+R0", "course-v1:No+Such+Run"],
}


@dataclass
class Writing:
    """An operation while it is written: its variables and fragments."""

    draw: Callable[..., Any]
    variables: dict[str, tuple[str, Any]] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def choose(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def value(self, kind: str, literal: str, value: Any) -> str:
        """A value as a literal, or as a variable that holds it."""
        if self.choose(True, False):
            return literal
        name = f"v{len(self.variables)}"
        self.variables[name] = (kind, value)
        return f"${name}"

    def text(self, options: list[str], kind: str = "String") -> str:
        chosen = self.choose(*options)
        return self.value(kind, f'"{chosen}"', chosen)

    def selection(self, kind: GraphQLObjectType, depth: int, *, aliased: bool = False) -> str:
        """A selection on `kind` with aliases, fragments and directives; all `aliased` beside other types' fields."""
        names = [name for name in kind.fields if name not in LEFT_OUT]
        if depth == 0:
            names = [name for name in names if is_leaf_type(get_named_type(kind.fields[name].type))]
        chosen = self.draw(st.lists(st.sampled_from([*names, "__typename"]), min_size=1, max_size=4, unique=True))
        return "{ " + " ".join(self.wrapped(kind, self.field(kind, name, depth, aliased)) for name in chosen) + " }"

    def wrapped(self, kind: GraphQLObjectType, text: str) -> str:
        match self.draw(st.integers(0, 9)):
            case 0:
                return f"... on {kind.name} {self.directive()} {{ {text} }}"
            case 1:
                self.fragments.append(f"fragment F{len(self.fragments)} on {kind.name} {{ {text} }}")
                return f"...F{len(self.fragments) - 1} {self.directive()}"
            case _:
                return text

    def directive(self) -> str:
        name, condition = self.choose("", "include", "skip"), self.choose(True, False)
        return f"@{name}(if: {self.value('Boolean!', str(condition).lower(), condition)})" if name else ""

    def field(self, kind: GraphQLObjectType, name: str, depth: int, aliased: bool) -> str:
        alias = f"a{next(self.numbers)}: " if aliased or self.draw(st.integers(0, 4)) == 0 else ""
        if name == "__typename":
            return alias + name
        definition = kind.fields[name]
        target = get_named_type(definition.type)
        arguments = self.arguments(name, target.name, definition.args) if definition.args else ""
        if is_leaf_type(target):
            return alias + name
        if target.name == "Node":
            inner = " ".join(self.on(each, depth - 1) for each in NOUNS)
            return f"{alias}{name}{arguments} {{ id {inner} }}"
        assert isinstance(target, GraphQLObjectType)
        if name == "content":  # there is none: what is below is tested in tests/schema/test_content.py
            return f"{alias}{name} {self.selection(target, 0)}"
        structural = target.name.endswith(("Connection", "Edge")) or target.name == "PageInfo"
        return f"{alias}{name}{arguments} {self.selection(target, depth if structural else depth - 1)}"

    def on(self, name: str, depth: int) -> str:
        kind = SCHEMA.type_map[name]
        assert isinstance(kind, GraphQLObjectType)
        return f"... on {name} {self.selection(kind, max(0, depth), aliased=True)}"

    def arguments(self, name: str, target: str, known: Mapping[str, Any]) -> str:
        match name:
            case "node" | "program" | "contract" if "id" in known:
                ids = IDS if name == "node" else [each for each in IDS if each.startswith(name.capitalize())]
                return f"(id: {self.text(ids, 'ID!')})"
            case "job":
                return f"(id: {self.text(JOBS, 'ID!')})"
            case "nodes":
                chosen = self.draw(st.lists(st.sampled_from(IDS), max_size=4))
                return f"(ids: {self.value('[ID!]!', str(chosen).replace(chr(39), chr(34)), chosen)})"
            case "site":
                return f"(name: {self.text(KEYS[name], 'String!')})"
            case "learner" | "content":
                return ""
            case "organization" | "course" | "courseRun":
                return f"(key: {self.text(KEYS[name], 'String!')})"
        return self.page(target.removesuffix("Connection"), known)

    def page(self, noun: str, known: Mapping[str, Any]) -> str:
        parts = []
        if size := self.choose(None, "first", "last"):
            number = self.draw(st.integers(0, 4))
            parts.append(f"{size}: {self.value('Int', str(number), number)}")
        if "filter" in known and self.choose(True, False):
            parts.append(f"filter: {{ {self.conditions(noun)} }}")
        if "orderBy" in known and self.choose(True, False):
            parts.append(f"orderBy: {{ {self.order(noun)} }}")
        return f"({', '.join(parts)})" if parts else ""

    def conditions(self, noun: str) -> str:
        kind: Any = SCHEMA.type_map[f"{noun}Filter"]
        chosen = self.draw(st.lists(st.sampled_from(list(kind.fields)), max_size=2, unique=True))
        return ", ".join(f"{name}: {self.condition(name, noun)}" for name in chosen)

    def condition(self, name: str, noun: str) -> str:
        kind = {
            "status": f"[{noun}Status!]",
            "state": "[JobState!]" if noun == "Job" else "[CourseRunState!]",
            "kind": "[String!]",
            "rerunState": "[RerunState!]",
            "membership": "[ContractMembership!]",
            "contract": "ID",
            "source": "Boolean",
            "hasUnavailableRuns": "Boolean",
            "updatedSince": "DateTime",
        }.get(name, "String")
        if self.draw(st.integers(0, 9)) == 0:
            return self.value(kind, "null", None)
        if name == "updatedSince":
            moment = self.choose("2020-01-01T00:00:00Z", "2026-03-01T12:30:00Z", "2999-01-01T00:00:00Z")
            return self.value(kind, f'"{moment}"', moment)
        if kind == "Boolean":
            wanted = self.choose(True, False)
            return self.value(kind, str(wanted).lower(), wanted)
        if name == "contract":
            return self.text(["Contract:1", "Contract:9"], "ID")
        if name != "kind" and kind.startswith("["):
            named: Any = SCHEMA.type_map[kind[1:-2]]
            options = list(named.values)
            chosen = self.draw(st.lists(st.sampled_from(options), max_size=2))
            return self.value(kind, f"[{', '.join(chosen)}]", chosen)
        if name == "kind":
            kinds = self.draw(st.lists(st.sampled_from(["COUNT", "OTHER"]), max_size=2))
            return self.value(kind, str(kinds).replace(chr(39), chr(34)), kinds)
        return self.text(TEXTS[name])

    def order(self, noun: str) -> str:
        kind: Any = SCHEMA.type_map[f"{noun}OrderField"]
        by = self.choose(*kind.values)
        direction = self.choose("ASC", "DESC")
        given = f", direction: {self.value('OrderDirection', direction, direction)}" if self.choose(True, False) else ""
        return f"field: {self.value(f'{noun}OrderField!', by, by)}{given}"


@st.composite
def operations(draw: Callable[..., Any]) -> tuple[str, dict[str, Any]]:
    """A valid query over the whole schema, and its variables."""
    writing = Writing(draw)
    query = SCHEMA.query_type
    assert query is not None
    body = writing.selection(query, DEEPEST)
    declared = ", ".join(f"${name}: {kind}" for name, (kind, _) in writing.variables.items())
    text = f"query Q{f'({declared})' if declared else ''} {body} {' '.join(writing.fragments)}"
    return print_ast(parse(text)), {name: value for name, (_, value) in writing.variables.items()}


async def add_learners(database: Database) -> None:
    """Associations of each status with programs 1, 2, 5 and 6, and enrollments and certificates of some sorts."""
    users = [("learner", 1, "active"), ("learner", 2, "completed"), ("learner", 6, "deleted"), ("ada", 1, "active")]
    runs = {i: f"course-v1:Org0X+C{i}.0x+R0" for i in range(3)}
    async with database.writing() as session:
        category = await session.scalar(select(Program.category_id).where(Program.uuid == uuid(2)))
        session.add(CertificateTemplate(category_id=category, source="of the category", updated_at=MOMENT))
        ids = {int(uuid_[-2:]): id_ for id_, uuid_ in await session.execute(select(Program.id, Program.uuid))}
        session.add_all(
            ProgramUser(
                username=name,
                program_id=ids[number],
                status=ProgramUserStatus(status),
                source="listing",
                created_at=MOMENT,
                updated_at=MOMENT,
            )
            for name, number, status in [*users, ("learner", 5, "completed"), ("admin", 1, "active")]
        )
        session.add(CertificateTemplate(program_id=ids[1], source="of the program", updated_at=MOMENT))
        session.add_all(
            LearnerEnrollment(username=name, course_key=key, mode=mode, is_active=active, known_at=MOMENT)
            for name, key, mode, active in [
                ("learner", runs[0], "honor", True),
                ("learner", runs[1], "audit", True),
                ("learner", runs[2], "audit", False),
                ("ada", runs[0], "verified", True),
            ]
        )
        session.add_all(
            LearnerCertificate(
                username="learner", course_key=key, mode=mode, is_passing=passing, grade=grade, awarded_at=MOMENT,
                known_at=MOMENT,
            )
            for key, mode, passing, grade in [
                ("course-v1:Org0X+C0.0x+R1", "verified", True, "0.9"), (runs[1], "verified", True, ""),
                (runs[2], "honor", False, ""),
            ]
        )  # fmt: skip


async def add_jobs(database: Database) -> None:
    """Jobs of each state, of the learner and of others."""
    given: list[tuple[int, str, JobState, str | None]] = [
        (70, "COUNT", JobState.QUEUED, "learner"), (71, "COUNT", JobState.RUNNING, "learner"),
        (72, "OTHER", JobState.FAILED, "ada"), (73, "OTHER", JobState.SUCCEEDED, None),
    ]  # fmt: skip
    async with database.writing() as session:
        session.add_all(
            Job(
                uuid=uuid(number), kind=kind, queue="default", subject="Course:Org0X+C0.0x", state=state,
                requested_by=name, application="lms:ada" if number == 72 else None, max_attempts=3, attempts=1, done=2,
                total=5 if number == 71 else None, item="a course", input='{"a":1}', created_at=MOMENT,
                lease_until=MOMENT if number == 71 else None, finished_at=MOMENT if number > 71 else None,
            )
            for number, kind, state, name in given
        )  # fmt: skip


async def add_to_contracts(database: Database) -> None:
    """The learner is a member of contract 1 and enrolled in its run; contract 2 has two programs, one unpublished."""
    await enroll(database, READY, "learner")
    async with database.writing() as session:
        await session.execute(delete(RoleGrant))  # the second opinion knows of none
        session.add(ContractMember(contract_id=1, username="learner", added_by="admin"))
        session.add(ContractMember(contract_id=2, username="learner", added_by="admin"))
        ids = {int(uuid_[-2:]): id_ for id_, uuid_ in await session.execute(select(Program.id, Program.uuid))}
        for position, number in enumerate((2, 0, 1)):
            session.add(ContractProgram(contract_id=2, program_id=ids[number], position=position, added_by="admin"))
        run = await session.scalar(select(CourseRun.id).where(CourseRun.key == READY))
        for number in (1, 2):
            session.add(RerunAttempt(rerun_id=run, attempt=number, step="clone", outcome="ok"))
            await session.flush()


async def test_every_query_is_answered_as_by_naive_resolvers(asking: Asking, tmp_path: Path) -> None:
    write_library(tmp_path / "library")
    await sync(asking.database, tmp_path / "library", layout=Layout(parents=PARENTS))
    await add_learners(asking.database)
    await add_jobs(asking.database)
    await add_contracts(asking.database)
    await add_to_contracts(asking.database)
    rows = await everything(asking.database)
    oracles = {LEARNER: Oracle(rows, LEARNER), ADMIN: Oracle(rows, ADMIN)}
    loop = asyncio.get_running_loop()

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(operations(), st.sampled_from([LEARNER, ADMIN]))
    def agree(operation: tuple[str, dict[str, Any]], viewer: Viewer) -> None:
        document, variables = operation
        asked = asking.response(document, variables, viewer=viewer)
        response = asyncio.run_coroutine_threadsafe(asked, loop).result(timeout=30)
        assert "errors" not in response, (document, variables, response["errors"])
        expected = oracles[viewer].answer(document, variables)
        assert orjson.dumps(response["data"]) == orjson.dumps(expected), (document, variables)

    await asyncio.to_thread(agree)
