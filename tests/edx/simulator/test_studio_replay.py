"""Every recording of the real Studio, asked again of the simulated one over real HTTP: same status, headers and body.

Each file is replayed in its order against one world. The files are samples: `BETWEEN` holds the requests that were
taken but are not in them, known by what later recordings show.
"""

import io
import re
import tarfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.applications import Starlette

from edx.simulator import Options
from edx.simulator.faults import Fault, Faults, Faulty, Kind
from edx.simulator.studio import Jobs, studio_app
from edx.simulator.tokens import issue_jwt, issue_opaque
from edx.simulator.wire import listening, served, url_of
from edx.simulator.world import Application, CourseRun, Key, User, World
from tests.recordings import Recording, recordings

FILES = ("course_runs", "rerun", "clone", "import", "general_errors_studio")
HEADERS = ("content-type", "www-authenticate", "retry-after", "allow", "location")
RUNS = "/api/v1/course_runs/"
CS101 = f"{RUNS}course-v1:ExampleX+CS101+2026_T1/"
TEAM = [{"user": "alice", "role": "instructor"}]
DATES = {
    "start": "2026-01-06T00:00:00Z",
    "end": "2026-06-30T00:00:00Z",
    "enrollment_start": "2025-11-01T00:00:00Z",
    "enrollment_end": "2026-05-31T00:00:00Z",
}
COURSE = {"title": "Introduction to Examples", "org": "ExampleX", "number": "CS101", "team": TEAM}
RENAMED = {"title": "Renamed", "pacing_type": "self_paced", "schedule": {**DATES, "end": "2026-07-31T00:00:00Z"}}
BACKWARDS = {"start": "2026-06-30T00:00:00Z", "end": "2026-01-06T00:00:00Z"}
MANY = [{"title": f"Many {n:02}", "org": "ManyX", "number": f"M{n:02}", "run": "2026"} for n in range(1, 12)]

BETWEEN: dict[tuple[str, str], list[tuple[str, str, dict[str, Any]]]] = {
    ("course_runs", "POST, bad date"): [("POST", RUNS, {**COURSE, "run": "e3", "schedule": BACKWARDS})],
    ("course_runs", "POST, blank title"): [
        ("POST", RUNS, {**COURSE, "run": "e7", "schedule": DATES, "pacing_type": "other"})
    ],
    ("course_runs", "list, page 1"): [("POST", RUNS, body) for body in MANY],
    ("course_runs", "detail after the PUT with team"): [
        ("PUT", CS101, {**RENAMED, "team": [*TEAM, {"user": "bob", "role": "staff"}]})
    ],
    ("course_runs", "PATCH team: []"): [("PATCH", CS101, {"team": [{"user": "bob", "role": "staff"}]})],
    ("course_runs", "PATCH schedule, end only"): [("PATCH", CS101, {"title": "Patched"})],
    ("course_runs", "PATCH, unknown pacing_type"): [
        ("PATCH", CS101, {"schedule": {"enrollment_start": None, "enrollment_end": None}})
    ],
    ("course_runs", "PATCH of org, number, run and id is ignored"): [("PATCH", CS101, {"pacing_type": "self_paced"})],
}
FAILS = "the copy itself fails (fault injected)"


@dataclass
class Situation:
    """A Studio that is served, and what was answered so far; `tasks` maps the recorded tasks of imports to ours."""

    world: World = field(default_factory=World)
    options: Options = field(default_factory=Options)
    faults: Faults = field(default_factory=Faults)
    jobs: Jobs = field(default_factory=Jobs)
    tasks: dict[str, str] = field(default_factory=dict)

    @property
    def app(self) -> Faulty:
        return Faulty(studio_app(self.world, self.options, self.jobs), self.faults, control=Starlette())

    def credentials(self, shown: str) -> str:
        """The header for the words by which a recording shows whose token it was."""
        if shown == "JWT <not a JWT>":
            return "JWT nonsense"
        if shown.startswith("Bearer"):
            return f"Bearer {issue_opaque(self.world, self.options, self.application('report_worker'), ['read'])}"
        if shown == "JWT <JWT of the restricted client>":
            return self.jwt("restricted")
        found = re.search("report_worker|plain_worker|alice", shown)
        header = self.jwt(found.group() if found else "report_worker")
        return f"{header[:-8]}AAAAAAAA" if "broken" in shown else header

    def application(self, name: str) -> Application:
        return self.world.applications[name]

    def jwt(self, name: str, *, hours_ago: int = 0) -> str:
        options = Options(clock=lambda: self.options.clock() - hours_ago * 3600)
        return f"JWT {issue_jwt(self.world, options, self.application(name), ['read', 'profile'])}"

    def headers(self, recording: Recording) -> dict[str, str]:
        headers = {**recording.request.headers, "X-Forwarded-Proto": "https"}
        shown = headers.pop("Authorization", "")
        if shown:
            headers["Authorization"] = self.jwt("report_worker", hours_ago=2) if "expired" in shown else ""
            headers["Authorization"] = headers["Authorization"] or self.credentials(shown)
        if headers.get("Content-Type") == "multipart/form-data":
            del headers["Content-Type"]  # httpx gives it, with the boundary
        return headers


def people(world: World) -> None:
    for name, staff in {"report_worker": True, "plain_worker": False, "alice": False, "bob": False}.items():
        world.add_user(User(username=name, email=f"{name}@example.org", staff=staff))
        world.add_application(Application(client_id=name, client_secret="fake", username=name))
    restricted = Application(client_id="restricted", client_secret="fake", username="report_worker", restricted=True)
    world.add_application(restricted)


def situation_of(file: str) -> Situation:
    situation = Situation()
    people(situation.world)
    if file in {"rerun", "clone"}:
        run = CourseRun(
            key=Key("ExampleX", "CS101", "2026_T1"),
            title="Renamed",
            start=datetime(2026, 1, 6, tzinfo=UTC),
            end=datetime(2026, 7, 31, tzinfo=UTC),
            enrollment_start=datetime(2025, 11, 1, tzinfo=UTC),
            self_paced=True,
        )
        situation.world.add_run(run)
        situation.jobs.images[run.id] = "course_image.png"
    if file == "import":
        situation.world.add_run(CourseRun(key=Key("ExampleX", "IMP", "1"), title="Imported"))
    return situation


def archive() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        text = b'<course url_name="1" org="ExampleX" course="IMP"/>'
        entry = tarfile.TarInfo("course/course.xml")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    return content.getvalue()


def upload(shown: str) -> tuple[str, bytes, str]:
    """A file out of how a recording shows it: `<file card.gif, image/gif, 42 bytes>`."""
    name, kind, size = shown.removeprefix("<file ").removesuffix(" bytes>").split(", ")
    return name, archive() if name == "course.tar.gz" else b"x" * int(size), kind


async def ask(client: httpx.AsyncClient, situation: Situation, recording: Recording) -> httpx.Response:
    request, headers = recording.request, situation.headers(recording)
    query = dict(request.query) if isinstance(request.query, dict) else request.query
    if isinstance(query, dict):
        query["task_id"] = situation.tasks.get(query.get("task_id", ""), query.get("task_id"))
        query = {name: value for name, value in query.items() if value is not None}
    form: dict[str, Any] = {}
    match recording.request.headers.get("Content-Type"):
        case "application/json":
            form = {"content": request.body} if isinstance(request.body, str) else {"json": request.body}
        case "multipart/form-data":
            form = {"files": {name: upload(shown) for name, shown in request.body.items()}}
        case "application/x-www-form-urlencoded":
            form = {"data": request.body}
    path = f"{request.path}?{query}" if isinstance(query, str) else request.path
    return await client.request(
        request.method, path, params=query if isinstance(query, dict) else None, headers=headers, **form
    )


async def replay(file: str) -> dict[str, httpx.Response]:
    """The answers to all requests of a file, by name."""
    situation = situation_of(file)
    answers = {}
    with listening("127.0.0.1", 0) as sock:
        async with served((situation.app, sock)), httpx.AsyncClient(base_url=url_of(sock)) as client:
            for recording in recordings(file):
                for method, path, body in BETWEEN.get((file, recording.name), ()):
                    step = await client.request(
                        method, path, json=body, headers={"Authorization": situation.jwt("report_worker")}
                    )
                    step.raise_for_status()
                if recording.name == FAILS:
                    situation.faults.set([Fault(Kind.ERROR, method="POST", times=1)])
                answer = answers[recording.name] = await ask(client, situation, recording)
                if isinstance(recording.response.body, dict) and "task_id" in recording.response.body:
                    situation.tasks[recording.response.body["task_id"]] = answer.json()["task_id"]
    return answers


@pytest.fixture(scope="module", name="answers")
async def all_answers() -> dict[str, dict[str, httpx.Response]]:
    return {file: await replay(file) for file in FILES}


@pytest.mark.parametrize(
    ("file", "recording"),
    [pytest.param(file, each, id=f"{file}: {each.name}") for file in FILES for each in recordings(file)],
)
def test_studio_answers_as_recorded(
    answers: dict[str, dict[str, httpx.Response]], file: str, recording: Recording
) -> None:
    answer, recorded = answers[file][recording.name], recording.response
    assert answer.status_code == recorded.status
    given = {name: answer.headers[name] for name in HEADERS if name in answer.headers}
    assert given == {name.lower(): value for name, value in recorded.headers.items() if name.lower() in HEADERS}
    if recorded.empty:
        assert answer.content == b""
    elif recorded.headers["content-type"].startswith("text/html"):
        assert answer.text.lstrip().lower().startswith(("<!doctype html", "<html"))
    elif "task_id" in recorded.body:
        assert list(answer.json()) == ["task_id"]
        assert str(UUID(answer.json()["task_id"])) == answer.json()["task_id"]
    else:
        assert answer.json() == recorded.body
