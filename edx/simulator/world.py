"""The world: all that the simulated LMS and Studio know, in memory. Both services share one."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple, Self

NO_START = datetime(2030, 1, 1, tzinfo=UTC)
"""The start of a run to which nobody gave one; the platform shows it as no start."""


class Key(NamedTuple):
    """The parts of a course key: `course-v1:Org+Course+Run`, or the deprecated `Org/Course/Run`."""

    org: str
    course: str
    run: str
    deprecated: bool = False

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The key that `text` is, or None if it is none."""
        prefix, _, rest = text.partition(":")
        if prefix == "course-v1":
            return cls._of(rest.split("+"), deprecated=False)
        return cls._of(text.split("/"), deprecated=True)

    @classmethod
    def _of(cls, parts: list[str], *, deprecated: bool) -> Self | None:
        allowed = all(part and all(c.isalnum() or c in "-_.~:" for c in part) for part in parts)
        return cls(parts[0], parts[1], parts[2], deprecated) if len(parts) == len("ocr") and allowed else None

    def __str__(self) -> str:
        if self.deprecated:
            return f"{self.org}/{self.course}/{self.run}"
        return f"course-v1:{self.org}+{self.course}+{self.run}"


@dataclass(slots=True)
class User:
    """A user; `staff` is the global flag. Without a password nobody signs in as one."""

    username: str
    email: str
    name: str = ""
    staff: bool = False
    superuser: bool = False
    password: str = ""


@dataclass(slots=True)
class Application:
    """An OAuth client and the user that it acts for. `on_request` are scopes that it gets only if it asks for them."""

    client_id: str
    client_secret: str
    username: str
    restricted: bool = False
    scopes: tuple[str, ...] = ("read", "write", "email", "profile")
    on_request: tuple[str, ...] = ()


@dataclass(slots=True)
class Grant:
    """What an opaque token stands for; `expires` in seconds since the epoch."""

    username: str
    scopes: tuple[str, ...]
    restricted: bool
    expires: float


@dataclass(slots=True)
class Organization:
    """An organization; `logo` is a path or an address."""

    id: int
    short_name: str
    name: str
    created: datetime
    modified: datetime
    description: str | None = None
    logo: str | None = None
    active: bool = True


@dataclass(slots=True)
class Mode:
    """A way to take a course run and its price, in whole units of `currency`."""

    slug: str
    name: str
    price: int = 0
    currency: str = "usd"
    expires: datetime | None = None
    expires_explicitly: bool = False
    description: str | None = None
    sku: str | None = None
    bulk_sku: str | None = None


class Member(NamedTuple):
    """Somebody on a course team; `role` is `instructor` or `staff`."""

    username: str
    role: str


@dataclass(slots=True)
class CourseRun:
    """A course run. `org` and `number` are what is shown, which may differ from the key's.

    `modes` are by slug. `hidden` is out of the catalog, but found; `staff_only` is seen by staff alone.
    """

    key: Key
    title: str
    start: datetime = NO_START
    end: datetime | None = None
    enrollment_start: datetime | None = None
    enrollment_end: datetime | None = None
    self_paced: bool = False
    invitation_only: bool = False
    hidden: bool = False
    staff_only: bool = False
    display_org: str | None = None
    display_number: str | None = None
    short_description: str | None = None
    effort: str | None = None
    mobile: bool = False
    modes: dict[str, Mode] = field(default_factory=dict)
    team: list[Member] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The key as text."""
        return str(self.key)

    @property
    def org(self) -> str:
        """The organization that is shown."""
        return self.display_org or self.key.org

    @property
    def number(self) -> str:
        """The course number that is shown."""
        return self.display_number or self.key.course


@dataclass(slots=True)
class Enrollment:
    """A user in a course run; `number` is that of the row: later rows have higher ones."""

    number: int
    username: str
    course_id: str
    mode: str
    created: datetime
    active: bool = True


@dataclass(slots=True)
class Certificate:
    """A certificate. Without `download_url` there is nothing to look at; not every one is passing."""

    username: str
    course_id: str
    mode: str
    created: datetime
    modified: datetime
    uuid: str
    grade: str = "1.0"
    status: str = "downloadable"
    download_url: str | None = None

    @property
    def passing(self) -> bool:
        """Whether the learner has passed."""
        return self.status == "downloadable"


@dataclass(slots=True)
class Sequence:
    """A sequence of courseware, `id` its block key, `units` the ids and titles of its units.

    `prerequisite` is the id and the title of the sequence that has to be passed before.
    """

    id: str
    course_id: str
    title: str
    units: list[tuple[str, str]] = field(default_factory=list)
    format: str | None = None
    hidden_after_due: bool = False
    prerequisite: tuple[str, str] | None = None


class LastBlock(NamedTuple):
    """The block that a learner completed last, with its sequence and unit, by their ids."""

    block: str
    sequence: str
    unit: str


@dataclass
class World:
    """Everything, by key: users by name, applications by client id, runs by the text of their key.

    Enrollments, certificates, the block completed last and why somebody has no access to a course's content are by
    (user name, course id); `positions` of learners, counted from 1, by (user name, id of the sequence); `grants` by
    opaque token. `sessions` are the names of users by the session's cookie, `codes` by what the LMS lets Studio sign
    them in with.
    """

    users: dict[str, User] = field(default_factory=dict)
    applications: dict[str, Application] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    organizations: dict[str, Organization] = field(default_factory=dict)
    runs: dict[str, CourseRun] = field(default_factory=dict)
    enrollments: dict[tuple[str, str], Enrollment] = field(default_factory=dict)
    certificates: dict[tuple[str, str], Certificate] = field(default_factory=dict)
    sequences: dict[str, Sequence] = field(default_factory=dict)
    positions: dict[tuple[str, str], int] = field(default_factory=dict)
    last_blocks: dict[tuple[str, str], LastBlock] = field(default_factory=dict)
    denials: dict[tuple[str, str], str] = field(default_factory=dict)

    def add_user(self, user: User) -> User:
        """Add a user, or replace the one of this name."""
        self.users[user.username] = user
        return user

    def add_application(self, application: Application) -> Application:
        """Add an application, or replace the one with this client id."""
        self.applications[application.client_id] = application
        return application

    def add_run(self, run: CourseRun) -> CourseRun:
        """Add a course run, or replace the one with this key."""
        self.runs[run.id] = run
        return run

    def add_sequence(self, sequence: Sequence) -> Sequence:
        """Add a sequence, or replace the one with this id."""
        self.sequences[sequence.id] = sequence
        return sequence

    def enroll(
        self, username: str, course_id: str, created: datetime, *, mode: str = "audit", active: bool = True
    ) -> Enrollment:
        """Enroll a user, once per course run."""
        number = len(self.enrollments) + 1
        row = Enrollment(number, username, course_id, mode, created, active)
        self.enrollments[username, course_id] = row
        return row

    def certify(self, certificate: Certificate) -> Certificate:
        """Add a certificate, or replace that of the same user and run."""
        self.certificates[certificate.username, certificate.course_id] = certificate
        return certificate

    def run_of_any_case(self, course_id: str) -> CourseRun | None:
        """The run with this key in any case: the platform lets two keys not differ by case alone."""
        folded = course_id.casefold()
        return next((run for run in self.runs.values() if run.id.casefold() == folded), None)
