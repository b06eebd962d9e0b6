"""A second opinion: the same schema over the same rows, executed by plain graphql-core with naive resolvers.

It shares nothing with the planner but the schema's text: every field is worked out here again, one object at a time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from graphql import GraphQLResolveInfo, build_schema, execute_sync, parse
from sqlalchemy import select

from db.engine import Database
from db.tables import (
    Base,
    CertificateTemplate,
    Contract,
    ContractMember,
    ContractProgram,
    Course,
    CourseRun,
    DirectoryLevel,
    DirectoryRun,
    DirectorySite,
    DirectorySiteRun,
    Job,
    LearnerCertificate,
    LearnerEnrollment,
    Organization,
    OrganizationManager,
    Program,
    ProgramCategory,
    ProgramCategoryMode,
    ProgramCourseRunMode,
    ProgramOrganization,
    ProgramRequirement,
    ProgramStatus,
    ProgramUser,
    ProgramUserStatus,
    RequirementKind,
    Rerun,
    RerunAttempt,
    RerunState,
    RunOrigin,
)
from resolvers.access import Role, Viewer
from resolvers.learners.designs import BUILT_IN
from schema import sdl
from tests.entries import entry_of

EARLY = datetime.min.replace(tzinfo=UTC)
LATE = datetime.max.replace(tzinfo=UTC)

Rows = Mapping[type[Base], list[Any]]


async def everything(database: Database) -> Rows:
    """All rows of the nouns' tables."""
    tables: tuple[type[Base], ...] = (
        Organization, Course, CourseRun, ProgramCategory, Program, ProgramOrganization, ProgramRequirement,
        ProgramCourseRunMode, DirectorySite, DirectoryLevel, DirectoryRun, DirectorySiteRun,
        ProgramCourseRunMode, ProgramCategoryMode, ProgramUser, LearnerEnrollment, LearnerCertificate,
        CertificateTemplate, Job, Contract, ContractMember, ContractProgram, OrganizationManager, Rerun, RerunAttempt,
    )  # fmt: skip
    async with database.writing() as session:
        return {table: list(await session.scalars(select(table))) for table in tables}


class Me:
    """Whoever asks."""


class Oracle:
    """Answers operations for one viewer over rows in memory."""

    def __init__(self, rows: Rows, viewer: Viewer) -> None:
        self._rows = rows
        self.viewer = viewer
        self._schema = build_schema(sdl())

    def answer(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The data of an operation that must not fail."""
        result = execute_sync(
            self._schema,
            parse(document),
            variable_values=dict(variables),
            field_resolver=self._resolve,
            type_resolver=lambda value, _info, _kind: (
                "Site" if isinstance(value, DirectorySite) else type(value).__name__
            ),
        )
        assert not result.errors, result.errors
        assert result.data is not None
        return result.data

    def _resolve(self, source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        if isinstance(source, dict):
            return source[info.field_name]
        kind = "Query" if source is None else type(source).__name__
        value = FIELDS[kind].get(info.field_name)
        if value is not None:
            return value(self, source, **arguments)
        name = "".join(f"_{c.lower()}" if c.isupper() else c for c in info.field_name)
        return _shown(getattr(source, name))

    def all(self, table: type[Base]) -> list[Any]:
        return self._rows[table]

    def one(self, table: type[Base], key: int | None) -> Any:
        return next((row for row in self.visible(self.all(table)) if row.id == key), None)

    def visible(self, rows: Iterable[Any]) -> list[Any]:
        hidden = {ProgramStatus.DELETED}
        if not self.viewer.roles & {Role.AUTHOR, Role.ADMIN}:
            hidden.add(ProgramStatus.UNPUBLISHED)
        return [row for row in rows if not self._is_hidden(row, hidden)]

    @property
    def sees_all(self) -> bool:
        """Whether the viewer sees what only members see; the others are members of no run."""
        return bool(self.viewer.roles & {Role.AUTHOR, Role.ADMIN})

    def _is_hidden(self, row: Any, hidden: set[ProgramStatus]) -> bool:
        if isinstance(row, Program):
            return row.status in hidden
        if isinstance(row, ProgramUser):
            return not self._shows(row)
        if isinstance(row, Job):
            return not self._is_mine(row)
        if not self.viewer.roles & {Role.ADMIN} and not self._is_for_learners(row):
            return True
        if isinstance(row, ProgramCourseRunMode):
            row = next(run for run in self.all(CourseRun) if run.id == row.course_run_id)
        return isinstance(row, Course | CourseRun) and row.is_restricted and not self.sees_all

    def _is_mine(self, job: Job) -> bool:
        return job.requested_by == self.viewer.username or Role.ADMIN in self.viewer.roles

    def _is_for_learners(self, row: Any) -> bool:
        """What a learner, who manages nothing, sees of contracts: those that it belongs to, all of them in effect."""
        name = self.viewer.username
        own = [member.contract_id for member in self.all(ContractMember) if member.username == name]
        match row:
            case Contract():
                return row.id in own
            case ContractMember():
                return row.username == name
            case CourseRun(contract_id=None):
                return not row.is_source and row.retired_at is None
            case CourseRun():
                rerun = next((each for each in self.all(Rerun) if each.id == row.id), None)
                return row.contract_id in own and (rerun is None or rerun.state is RerunState.READY)
            case ProgramCourseRunMode():
                return self.one(CourseRun, row.course_run_id) is not None
        return not isinstance(row, Rerun | OrganizationManager)

    def seats_used(self, contract: Contract) -> int:
        keys = {run.key for run in self.all(CourseRun) if run.contract_id == contract.id}
        enrolled = [each for each in self.all(LearnerEnrollment) if each.is_active and each.course_key in keys]
        return len({each.username for each in enrolled})

    def status(self, contract: Contract) -> str:
        """Of contracts that are in effect."""
        members = [member for member in self.all(ContractMember) if member.contract_id == contract.id]
        most = contract.max_learners
        return "FULL" if most and max(len(members), self.seats_used(contract)) >= most else "ACTIVE"

    def can_be_joined(self, run: CourseRun) -> bool:
        moment = datetime.now(UTC)
        contract = next((each for each in self.all(Contract) if each.id == run.contract_id), None)
        rerun = next((each for each in self.all(Rerun) if each.id == run.id), None)
        return (
            (run.enrollment_start is None or run.enrollment_start <= moment)
            and (run.enrollment_end is None or run.enrollment_end > moment)
            and not run.is_source
            and run.retired_at is None
            and (contract is None or self.status(contract) == "ACTIVE")
            and (rerun is None or rerun.state is RerunState.READY)
        )

    def _shows(self, user: ProgramUser) -> bool:
        program = next(each for each in self.all(Program) if each.id == user.program_id)
        is_own = user.username == self.viewer.username or self.viewer.roles & {Role.ADMIN}
        return bool(is_own) and user.status is not ProgramUserStatus.DELETED and program.status not in HIDDEN

    def connection(self, rows: Iterable[Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
        """A page of `rows`. Cursors are left out: they are nobody's business but the server's."""
        found = [row for row in self.visible(rows) if self._matches(row, arguments.get("filter") or {})]
        order = arguments.get("orderBy") or {}
        found.sort(
            key=lambda row: (_sorts(row, order.get("field")), _key(row)), reverse=order.get("direction") == "DESC"
        )
        if arguments.get("last") is not None:
            page = found[max(0, len(found) - arguments["last"]) :]
            info = {"hasNextPage": False, "hasPreviousPage": len(page) < len(found)}
        else:
            size = arguments.get("first")
            page = found[: 20 if size is None else size]
            info = {"hasNextPage": len(page) < len(found), "hasPreviousPage": False}
        return {"nodes": page, "edges": [{"node": row} for row in page], "pageInfo": info, "totalCount": len(found)}

    def _matches(self, row: Any, conditions: Mapping[str, Any]) -> bool:
        return all(
            FILTERS[type(row), name](self, row, value) for name, value in conditions.items() if value is not None
        )

    def organization_of(self, row: Any) -> Any:
        course = row if isinstance(row, Course) else self.one(Course, row.course_id)
        return self.one(Organization, course.organization_id)

    def leaves(self, program: Program) -> list[Any]:
        nodes = sorted(
            (n for n in self.all(ProgramRequirement) if n.program_id == program.id), key=lambda n: n.sequence
        )
        found = [self.one(Course, node.course_id) for node in nodes if node.course_id is not None]
        return [course for course in found if course is not None]

    def linked(self, table: type[Base], parent: str, key: int) -> list[Any]:
        """The runs that rows of a table with `key` as their `parent` lead to."""
        ids = {link.course_run_id for link in self.all(table) if getattr(link, parent) == key}
        return [run for run in self.all(CourseRun) if run.id in ids]

    def directory(self, run: CourseRun) -> Any:
        return next((row for row in self.all(DirectoryRun) if row.course_run_id == run.id), None)

    def publishers(self, program: Program) -> list[Any]:
        links = [link for link in self.all(ProgramOrganization) if link.program_id == program.id]
        return [self.one(Organization, link.organization_id) for link in sorted(links, key=lambda link: link.position)]

    def modes(self, program: Program) -> list[Any]:
        modes = [mode for mode in self.visible(self.all(ProgramCourseRunMode)) if mode.program_id == program.id]
        return sorted(modes, key=lambda mode: mode.id)

    def programs_of(self, contract: Contract) -> list[Any]:
        links = [link for link in self.all(ContractProgram) if link.contract_id == contract.id]
        found = [self.one(Program, link.program_id) for link in sorted(links, key=lambda link: link.position)]
        return [program for program in found if program is not None]

    def drift(self, contract: Contract) -> list[dict[str, Any]]:
        """Of contracts that got no run through a program yet: all that their programs have."""
        links = [link for link in self.all(ContractProgram) if link.contract_id == contract.id]
        if Role.ADMIN not in self.viewer.roles:
            return []
        return [
            {"program": self.one(Program, link.program_id), "course": self.one(Course, course), "change": "ADDED"}
            for link in sorted(links, key=lambda link: link.position)
            for course in dict.fromkeys(self._courses(link.program_id, set()))
        ]

    def _courses(self, program: int, seen: set[int]) -> Iterator[int]:
        """The courses of a program and of those that it requires, depth first."""
        seen.add(program)
        nodes = [node for node in self.all(ProgramRequirement) if node.program_id == program]
        for node in sorted(nodes, key=lambda node: node.sequence):
            if node.course_id is not None:
                yield node.course_id
            required = self.one(Program, node.required_program_id)
            if required is not None and required.id not in seen:
                yield from self._courses(required.id, seen)

    def by_id(self, text: str) -> Any:
        name, _, key = text.partition(":")
        nouns = {
            "Organization": Organization,
            "Course": Course,
            "CourseRun": CourseRun,
            "Program": Program,
            "Contract": Contract,
            "Job": Job,
        }
        table: type[Base] = DirectorySite if name == "Site" else nouns[name]
        return next((row for row in self.visible(self.all(table)) if str(_key(row)) == key), None)


def _shown(value: Any) -> Any:
    """A column's value as it stands in an answer."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.name if hasattr(value, "name") else value


def _key(row: Any) -> Any:
    if isinstance(row, ProgramUser | Contract | RerunAttempt):
        return row.id
    if isinstance(row, ContractMember | OrganizationManager):
        return row.username
    names = {Course: "readable_id", Program: "uuid", ProgramCategory: "slug", DirectorySite: "name", Job: "uuid"}
    key: str = names.get(type(row), "key")
    return str(getattr(row, key))


def _sorts(row: Any, field: str | None) -> Any:
    if isinstance(row, ProgramUser):
        return row.username if field in {None, "USERNAME"} else row.created_at
    if isinstance(row, ProgramCategory):
        return row.display_name
    if isinstance(row, Job):
        return -row.id
    if isinstance(row, Contract) and field in {"START", "END"}:
        return {"START": row.start or EARLY, "END": row.end or LATE}[field]
    if field is None:
        field = "NAME" if isinstance(row, Organization | Program | Contract) else "KEY"
    if isinstance(row, DirectorySite):
        return row.name
    if field in {"KEY", "NUMBER"}:
        return _key(row)
    if field == "START":
        return row.start or LATE
    return {"NAME": row.name_folded, "CREATED": row.created_at, "UPDATED": row.updated_at}[field]


def _state(run: CourseRun) -> str:
    now = datetime.now(UTC)
    if run.end is not None and run.end <= now:
        return "ENDED"
    return "CURRENT" if run.start is not None and run.start <= now else "UPCOMING"


def _contains(*texts: str) -> Callable[[str], bool]:
    return lambda wanted: any(wanted.lower() in text.lower() for text in texts)


FILTERS: Mapping[tuple[type, str], Callable[[Oracle, Any, Any], bool]] = {
    (Organization, "search"): lambda o, row, text: _contains(row.name_folded, row.key)(text),
    (Course, "search"): lambda o, row, text: _contains(row.display_name, row.readable_id)(text),
    (CourseRun, "search"): lambda o, row, text: _contains(row.display_name, row.key)(text),
    (Program, "updatedSince"): lambda o, row, moment: row.updated_at >= datetime.fromisoformat(moment),
    (Program, "search"): lambda o, row, text: _contains(row.name)(text),
    (Course, "org"): lambda o, row, key: o.organization_of(row).key.lower() == key.lower(),
    (CourseRun, "org"): lambda o, row, key: o.organization_of(row).key.lower() == key.lower(),
    (CourseRun, "source"): lambda o, row, source: row.is_source == source,
    (CourseRun, "site"): lambda o, row, name: any(
        row in o.linked(DirectorySiteRun, "site_id", site.id)
        for site in o.all(DirectorySite)
        if site.name_folded == name.casefold()
    ),
    (CourseRun, "ntiid"): lambda o, row, ntiid: getattr(o.directory(row), "ntiid", None) == ntiid,
    (CourseRun, "state"): lambda o, row, states: _state(row) in states,
    (CourseRun, "course"): lambda o, row, key: o.one(Course, row.course_id).readable_id == key,
    (CourseRun, "contract"): lambda o, row, id_: f"Contract:{row.contract_id}" == id_,
    (CourseRun, "rerunState"): lambda o, row, states: any(
        rerun.id == row.id and rerun.state.name in states for rerun in o.all(Rerun)
    ),
    (Contract, "org"): lambda o, row, key: o.one(Organization, row.organization_id).key.lower() == key.lower(),
    (Contract, "status"): lambda o, row, statuses: o.status(row) in statuses,
    (Contract, "membership"): lambda o, row, kinds: row.membership.name in kinds,
    (Contract, "search"): lambda o, row, text: _contains(row.name)(text),
    (Program, "org"): lambda o, row, key: key.lower() in [of.key.lower() for of in o.publishers(row)],
    (Program, "course"): lambda o, row, key: key in [course.readable_id for course in o.leaves(row)],
    (Program, "run"): lambda o, row, key: key in [o.one(CourseRun, m.course_run_id).key for m in o.modes(row)],
    (Program, "username"): lambda o, row, name: any(
        user.program_id == row.id and user.username == name and user.status is not ProgramUserStatus.DELETED
        for user in o.all(ProgramUser)
    ),
    (Job, "kind"): lambda o, row, kinds: row.kind in kinds,
    (Job, "state"): lambda o, row, states: row.state.name in states,
    (Job, "subject"): lambda o, row, subject: row.subject == subject,
    (Job, "requestedBy"): lambda o, row, name: row.requested_by == name,
    (ProgramUser, "status"): lambda o, row, statuses: row.status.name in statuses,
    (Program, "hasUnavailableRuns"): lambda o, row, wanted: any(m.is_unavailable for m in o.modes(row)) == wanted,
    (Program, "category"): lambda o, row, slug: o.one(ProgramCategory, row.category_id).slug == slug.lower(),
    (Program, "status"): lambda o, row, statuses: row.status.name in statuses,
}


def _permissions(viewer: Viewer) -> list[str]:
    if viewer.roles & {Role.ADMIN}:
        return ["CHANGE", "PUBLISH", "SEE", "SEE_UNPUBLISHED"]
    return ["CHANGE", "SEE", "SEE_UNPUBLISHED"] if viewer.roles & {Role.AUTHOR} else ["SEE"]


def _publishability(oracle: "Oracle", program: Program) -> dict[str, Any]:
    """What a program lacks: all of the small catalog have organizations and courses."""
    runs = [oracle.one(CourseRun, mode.course_run_id) for mode in oracle.modes(program)]
    with_runs = {run.course_id for run in runs}
    reasons = [
        ("COURSE_WITHOUT_RUN", f"the course {c.readable_id} has no run in the program", ["courses", c.readable_id])
        for c in oracle.leaves(program)
        if c.id not in with_runs
    ]
    for node in oracle.all(ProgramRequirement):
        required = next((p for p in oracle.all(Program) if p.id == node.required_program_id), None)
        if node.program_id == program.id and required and required.status in HIDDEN:
            message = "learners do not see a program that it requires"
            reasons.append(("REQUIRED_PROGRAM_HIDDEN", message, ["requirements", str(node.sequence)]))
    told = [{"code": code, "message": message, "path": path} for code, message, path in reasons]
    return {"ready": not told, "reasons": told}


def _levels(oracle: "Oracle", column: str, key: int) -> list[Any]:
    return sorted((row for row in oracle.all(DirectoryLevel) if getattr(row, column) == key), key=lambda row: row.path)


def _catalog_entry(oracle: "Oracle", run: CourseRun) -> dict[str, Any] | None:
    own = oracle.directory(run)
    if own is None:
        return None
    above = next((row for row in oracle.all(DirectoryRun) if row.course_run_id == own.parent_run_id), None)
    links = {
        "site": oracle.one(DirectorySite, own.site_id),
        "administrativeLevel": oracle.one(DirectoryLevel, own.level_id),
    }
    return entry_of(own, above, is_staff=oracle.sees_all) | links


HIDDEN = {ProgramStatus.DELETED, ProgramStatus.UNPUBLISHED}


def _progress(oracle: "Oracle", program: Program, username: str) -> dict[str, Any]:
    """Progress by the rules C1 to C6, for trees of the small catalog and runs that are always open."""
    enrolled = {e.course_key: e for e in oracle.all(LearnerEnrollment) if e.username == username and e.is_active}
    certified = {c.course_key: c for c in oracle.all(LearnerCertificate) if c.username == username}
    courses, actions, done_ids = [], [], set()
    for course in oracle.leaves(program):
        modes = [
            (oracle.one(CourseRun, mode.course_run_id), mode)
            for mode in oracle.modes(program)
            if oracle.one(CourseRun, mode.course_run_id).course_id == course.id
        ]
        keys = sorted({run.key for run, _ in modes})
        runs = [_run(oracle, key, [m.mode_slug for r, m in modes if r.key == key], enrolled, certified) for key in keys]
        runs += [
            _run(oracle, key, [], enrolled, certified)
            for key, certificate in sorted(certified.items())
            if key not in keys and certificate.is_passing and oracle.by_id(f"CourseRun:{key}").course_id == course.id
        ]
        standings = [run["standing"] for run in runs]
        state = "NOT_STARTED"
        if "COUNTS" in standings:
            state = "COMPLETED"
            done_ids.add(course.id)
        elif "ENROLLED" in standings or "ENROLLED_IN_OTHER_MODE" in standings:
            state = "IN_PROGRESS"
        elif any(run["enrollmentMode"] for run in runs):
            state = "EXPIRED"
        courses.append({"course": course, "state": state, "runs": runs})
        action = _next_action(oracle, course, runs)
        if action and state != "COMPLETED" and "ENROLLED" not in standings:
            actions.append(action)
    nodes = {node.id: node for node in oracle.all(ProgramRequirement) if node.program_id == program.id}
    requirements = []
    for node in sorted(nodes.values(), key=lambda node: node.sequence):
        met, needed, done = _met(oracle, node, nodes, done_ids)
        requirements.append({"position": node.sequence, "isMet": met, "needed": needed, "done": done})
    root = requirements[0]
    return {
        "isCompleted": root["isMet"] and root["done"] > 0, "needed": root["needed"], "done": root["done"],
        "courses": courses, "requirements": requirements, "nextActions": actions, "enrollmentsAsOf": None,
        "certificatesAsOf": None, "isStale": True,
    }  # fmt: skip


def _run(oracle: "Oracle", key: str, modes: list[str], enrolled: Any, certified: Any) -> dict[str, Any]:
    enrollment, certificate = enrolled.get(key), certified.get(key)
    if certificate and certificate.is_passing:
        standing = (
            "COUNTS" if certificate.mode in modes else "PASSED_IN_OTHER_MODE" if modes else "PASSED_OUTSIDE_PROGRAM"
        )
    elif certificate:
        standing = "FAILED"
    elif enrollment is None:
        standing = "OPEN"
    else:
        standing = "ENROLLED" if enrollment.mode in modes else "ENROLLED_IN_OTHER_MODE"
    return {
        "courseKey": key, "courseRun": oracle.by_id(f"CourseRun:{key}"), "standing": standing, "modes": modes,
        "enrollmentMode": enrollment and enrollment.mode, "certificateMode": certificate and certificate.mode,
        "certificateUrl": certificate and certificate.download_url,
        "grade": (certificate and certificate.grade) or None,
        "awardedAt": _shown(certificate and certificate.awarded_at),
    }  # fmt: skip


def _next_action(oracle: "Oracle", course: Course, runs: list[dict[str, Any]]) -> dict[str, Any] | None:
    for kind, standing in (("UPGRADE", "ENROLLED_IN_OTHER_MODE"), ("ENROLL", "OPEN")):
        for run in runs:
            if run["standing"] == standing:
                return {
                    "kind": kind, "course": course, "courseKey": run["courseKey"], "courseRun": run["courseRun"],
                    "mode": run["modes"][0], "url": None,
                }  # fmt: skip
    return None


def _met(oracle: "Oracle", node: Any, nodes: Any, done: set[int]) -> tuple[bool, int, int]:
    """Whether a node is met, and how many courses of how many; a required program is unpublished and never is."""
    if node.kind is RequirementKind.COURSE:
        return node.course_id in done, 1, int(node.course_id in done)
    if node.kind is RequirementKind.PROGRAM:
        return False, 1, 0
    below = [_met(oracle, child, nodes, done) for child in nodes.values() if child.parent_id == node.id]
    wanted = len(below) if node.minimum is None else node.minimum
    nearest = sorted(below, key=lambda each: (not each[0], each[1] - each[2], each[1]))[:wanted]
    met = bool(below) and sum(each[0] for each in below) >= wanted
    return met, sum(each[1] for each in nearest), sum(each[2] for each in nearest)


def _learner(oracle: "Oracle", program: Program, username: str | None = None) -> dict[str, Any]:
    name = username or oracle.viewer.username or ""
    found = [u for u in oracle.visible(oracle.all(ProgramUser)) if u.program_id == program.id and u.username == name]
    return {"username": name, "association": next(iter(found), None), "progress": _progress(oracle, program, name)}


def _template(oracle: "Oracle", program: Program | None, category: int) -> dict[str, Any] | None:
    """The nearest template, for admins."""
    if not oracle.viewer.roles & {Role.ADMIN}:
        return None
    known = oracle.all(CertificateTemplate)
    own = next((each for each in known if program and each.program_id == program.id), None)
    found = own or next((each for each in known if each.category_id == category), None)
    if found is None:
        return {"source": BUILT_IN, "origin": "BUILT_IN", "updatedAt": None}
    origin = "PROGRAM" if own else "CATEGORY"
    return {"source": found.source, "origin": origin, "updatedAt": _shown(found.updated_at)}


def _own(oracle: "Oracle", arguments: Mapping[str, Any]) -> dict[str, Any]:
    users = [user for user in oracle.all(ProgramUser) if user.username == oracle.viewer.username]
    return oracle.connection(users, arguments)


def _own_enrollment(oracle: "Oracle", run: CourseRun) -> dict[str, Any] | None:
    for each in oracle.all(LearnerEnrollment):
        if each.username == oracle.viewer.username and each.course_key == run.key and each.is_active:
            return {"mode": each.mode, "isActive": True, "enrolledAt": _shown(each.enrolled_at)}
    return None


FIELDS: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "Query": {
        "organizations": lambda o, _, **a: o.connection(o.all(Organization), a),
        "courses": lambda o, _, **a: o.connection(o.all(Course), a),
        "courseRuns": lambda o, _, **a: o.connection(o.all(CourseRun), a),
        "programs": lambda o, _, **a: o.connection(o.all(Program), a),
        "contracts": lambda o, _, **a: o.connection(o.all(Contract), a),
        "contract": lambda o, _, id: o.by_id(id),  # noqa: A006 -- GraphQL's name
        "organization": lambda o, _, key: o.by_id(f"Organization:{key}"),
        "course": lambda o, _, key: o.by_id(f"Course:{key}"),
        "courseRun": lambda o, _, key: o.by_id(f"CourseRun:{key}"),
        "sites": lambda o, _, **a: o.connection(o.all(DirectorySite), a),
        "site": lambda o, _, name: o.by_id(f"Site:{name}"),
        "viewer": lambda o, _: Me(),
        "programCategories": lambda o, _, **a: o.connection(o.all(ProgramCategory), a),
        "roleGrants": lambda o, _, **a: o.connection([], a),
        "jobs": lambda o, _, **a: o.connection(o.all(Job), a),
        "job": lambda o, _, id: o.by_id(id),  # noqa: A006 -- GraphQL's name
        "program": lambda o, _, id: o.by_id(id),  # noqa: A006 -- GraphQL's name
        "node": lambda o, _, id: o.by_id(id),  # noqa: A006 -- GraphQL's name
        "nodes": lambda o, _, ids: [o.by_id(each) for each in ids],
    },
    "Me": {
        "username": lambda o, _: o.viewer.username,
        "enrollmentsAsOf": lambda o, _: None,
        "isStale": lambda o, _: True,
        "programs": lambda o, _, **a: _own(o, a),
    },
    "ProgramUser": {
        "source": lambda o, row: row.source.upper(),
        "certificate": lambda o, row: None,
        "program": lambda o, row: o.one(Program, row.program_id),
        "progress": lambda o, row: _progress(
            o, next(p for p in o.all(Program) if p.id == row.program_id), row.username
        ),
    },
    "Organization": {
        "id": lambda o, row: f"Organization:{row.key}",
        "displayName": lambda o, row: row.display_name or row.key,
        "viewerPermissions": lambda o, row: _permissions(o.viewer),
        "contracts": lambda o, row, **a: o.connection((c for c in o.all(Contract) if c.organization_id == row.id), a),
        "managers": lambda o, row, **a: o.connection(
            (m for m in o.all(OrganizationManager) if m.organization_id == row.id), a
        ),
        "courses": lambda o, row, **a: o.connection((c for c in o.all(Course) if c.organization_id == row.id), a),
        "programs": lambda o, row, **a: o.connection((p for p in o.all(Program) if row in o.publishers(p)), a),
    },
    "Course": {
        "id": lambda o, row: f"Course:{row.readable_id}",
        "key": lambda o, row: row.readable_id,
        "organization": lambda o, row: o.organization_of(row),
        "runs": lambda o, row, **a: o.connection((r for r in o.all(CourseRun) if r.course_id == row.id), a),
        "sourceRuns": lambda o, row, **a: o.connection(
            (r for r in o.all(CourseRun) if r.course_id == row.id and r.is_source), a
        ),
        "programs": lambda o, row, **a: o.connection((p for p in o.all(Program) if row in o.leaves(p)), a),
    },
    "CourseRun": {
        "id": lambda o, row: f"CourseRun:{row.key}",
        "run": lambda o, row: row.key.split("+")[-1],
        "state": lambda o, row: _state(row),
        "isDesignatedSource": lambda o, row: row.is_designated,
        "canBeJoined": lambda o, row: o.can_be_joined(row),
        "clonedFrom": lambda o, row: o.one(CourseRun, row.parent_id if row.origin is RunOrigin.RERUN else None),
        "contract": lambda o, row: o.one(Contract, row.contract_id),
        "rerun": lambda o, row: o.one(Rerun, row.id),
        "course": lambda o, row: o.one(Course, row.course_id),
        "parent": lambda o, row: o.one(CourseRun, row.parent_id),
        "children": lambda o, row, **a: o.connection((r for r in o.all(CourseRun) if r.parent_id == row.id), a),
        "sections": lambda o, row, **a: o.connection(o.linked(DirectoryRun, "parent_run_id", row.id), a),
        "catalogEntry": _catalog_entry,
        "programs": lambda o, row, **a: o.connection(
            (p for p in o.all(Program) if row.id in [mode.course_run_id for mode in o.modes(p)]), a
        ),
        "viewerEnrollment": _own_enrollment,
        "content": lambda o, row, **a: None,  # tests/schema/test_content.py has runs with content
        "contentVersions": lambda o, row, **a: o.connection([], a),
    },
    "Contract": {
        "id": lambda o, row: f"Contract:{row.id}",
        "number": lambda o, row: row.id,
        "organization": lambda o, row: o.one(Organization, row.organization_id),
        "startDate": lambda o, row: row.start and row.start.date().isoformat(),
        "endDate": lambda o, row: row.end and row.end.date().isoformat(),
        "status": lambda o, row: o.status(row),
        "seatsUsed": lambda o, row: o.seats_used(row),
        "price": lambda o, row: f"{row.price_cents / 100:.2f}",
        "courseRuns": lambda o, row, **a: o.connection((r for r in o.all(CourseRun) if r.contract_id == row.id), a),
        "programs": lambda o, row: o.programs_of(row),
        "drift": lambda o, row: o.drift(row),
        "members": lambda o, row, **a: o.connection((m for m in o.all(ContractMember) if m.contract_id == row.id), a),
    },
    "ContractMember": {"contract": lambda o, row: o.one(Contract, row.contract_id)},
    "OrganizationManager": {"organization": lambda o, row: o.one(Organization, row.organization_id)},
    "Rerun": {
        "log": lambda o, row, **a: o.connection((t for t in o.all(RerunAttempt) if t.rerun_id == row.id), a),
    },
    "DirectorySite": {
        "id": lambda o, row: f"Site:{row.name}",
        "organization": lambda o, row: o.one(Organization, row.organization_id),
        "parent": lambda o, row: o.one(DirectorySite, row.parent_id),
        "administrativeLevels": lambda o, row: _levels(o, "site_id", row.id),
        "courseRuns": lambda o, row, **a: o.connection(o.linked(DirectorySiteRun, "site_id", row.id), a),
    },
    "DirectoryLevel": {
        "parent": lambda o, row: o.one(DirectoryLevel, row.parent_id),
        "children": lambda o, row: _levels(o, "parent_id", row.id),
        "courseRuns": lambda o, row, **a: o.connection(o.linked(DirectoryRun, "level_id", row.id), a),
    },
    "Program": {
        "id": lambda o, row: f"Program:{row.uuid}",
        "viewerPermissions": lambda o, row: _permissions(o.viewer),
        "publishability": _publishability,
        "history": lambda o, row, **a: o.connection([], a),
        "certificateTemplate": lambda o, row: _template(o, row, row.category_id),
        "learner": _learner,
        "users": lambda o, row, **a: o.connection((u for u in o.all(ProgramUser) if u.program_id == row.id), a),
        "category": lambda o, row: o.one(ProgramCategory, row.category_id),
        "organizations": lambda o, row: o.publishers(row),
        "courses": lambda o, row: o.leaves(row),
        "runModes": lambda o, row: o.modes(row),
        "requirements": lambda o, row: sorted(
            (node for node in o.all(ProgramRequirement) if node.program_id == row.id), key=lambda node: node.sequence
        ),
    },
    "Job": {
        "id": lambda o, row: f"Job:{row.uuid}",
        "progressDone": lambda o, row: row.done,
        "progressTotal": lambda o, row: row.total,
        "progressItem": lambda o, row: row.item,
        "downloadUrl": lambda o, row: None,  # tests/schema/test_content_transfers.py has exports
        "heldUntil": lambda o, row: _shown(row.lease_until),
    },
    "ProgramCategory": {
        "certificateTemplate": lambda o, row: _template(o, None, row.id),
        "modes": lambda o, row: sorted(
            (mode for mode in o.all(ProgramCategoryMode) if mode.category_id == row.id), key=lambda mode: mode.mode_slug
        ),
    },
    "ProgramCategoryMode": {"slug": lambda o, row: row.mode_slug},
    "ProgramCourseRunMode": {"courseRun": lambda o, row: o.one(CourseRun, row.course_run_id)},
    "ProgramRequirement": {
        "position": lambda o, row: row.sequence,
        "course": lambda o, row: o.one(Course, row.course_id),
        "requiredProgram": lambda o, row: o.one(Program, row.required_program_id),
        "children": lambda o, row: sorted(
            (node for node in o.all(ProgramRequirement) if node.parent_id == row.id), key=lambda node: node.sequence
        ),
    },
}
