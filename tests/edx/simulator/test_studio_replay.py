"""Every recording of the real Studio, asked again of the simulated one over real HTTP: same status, headers and body.

Each file is replayed in its order against one world. The files are samples: `BETWEEN` holds the requests that were
taken but are not in them, known by what later recordings show.
"""

import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from starlette.applications import Starlette

from edx.simulator import Fault, Faults, Jobs, Kind, studio_app
from edx.simulator.faults import Faulty
from edx.simulator.wire import listening, served, url_of
from edx.simulator.world import CourseRun, Key
from tests.edx.simulator.replay import Situation, ask, authorization, differences, jwt_of, people
from tests.recordings import Recording, recordings

FILES = ("course_runs", "rerun", "clone", "import", "general_errors_studio")
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
class Studio:
    """A Studio that is served, and what was answered so far; `tasks` maps the recorded tasks of imports to ours."""

    situation: Situation
    faults: Faults = field(default_factory=Faults)
    jobs: Jobs = field(default_factory=Jobs)
    tasks: dict[str, str] = field(default_factory=dict)

    @property
    def app(self) -> Faulty:
        app = studio_app(self.situation.world, self.situation.options, self.jobs)
        return Faulty(app, self.faults, control=Starlette())


def studio_of(file: str) -> Studio:
    studio = Studio(people())
    world = studio.situation.world
    if file in {"rerun", "clone"}:
        run = CourseRun(
            key=Key("ExampleX", "CS101", "2026_T1"),
            title="Renamed",
            start=datetime(2026, 1, 6, tzinfo=UTC),
            end=datetime(2026, 7, 31, tzinfo=UTC),
            enrollment_start=datetime(2025, 11, 1, tzinfo=UTC),
            self_paced=True,
        )
        world.add_run(run)
        studio.jobs.images[run.id] = "course_image.png"
    if file == "import":
        world.add_run(CourseRun(key=Key("ExampleX", "IMP", "1"), title="Imported"))
    return studio


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


async def asked(client: httpx.AsyncClient, studio: Studio, recording: Recording) -> httpx.Response:
    """Ask as recorded, but with files of our own and with the tasks that our Studio has given."""
    request = recording.request
    if isinstance(request.query, Mapping):
        query = {name: studio.tasks.get(value, value) for name, value in request.query.items()}
        recording = replace(recording, request=replace(request, query=urlencode(query)))
    if request.headers.get("Content-Type") != "multipart/form-data":
        return await ask(client, studio.situation, recording)
    headers = {name: value for name, value in request.headers.items() if name != "Content-Type"}
    if "Authorization" in headers:
        headers["Authorization"] = authorization(studio.situation, headers["Authorization"])
    files = {name: upload(shown) for name, shown in request.body.items()}
    return await client.request(request.method, request.path, files=files, headers=headers)


async def replay(file: str) -> dict[str, httpx.Response]:
    """The answers to all requests of a file, by name."""
    studio = studio_of(file)
    worker = {"Authorization": f"JWT {jwt_of(studio.situation, 'report_worker')}"}
    answers = {}
    with listening("127.0.0.1", 0) as sock:
        async with served((studio.app, sock)), httpx.AsyncClient(base_url=url_of(sock)) as client:
            for recording in recordings(file):
                for method, path, body in BETWEEN.get((file, recording.name), ()):
                    (await client.request(method, path, json=body, headers=worker)).raise_for_status()
                if recording.name == FAILS:
                    studio.faults.set([Fault(Kind.ERROR, method="POST", times=1)])
                answer = answers[recording.name] = await asked(client, studio, recording)
                if isinstance(recording.response.body, dict) and "task_id" in recording.response.body:
                    studio.tasks[recording.response.body["task_id"]] = answer.json()["task_id"]
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
    assert differences(recording, answers[file][recording.name], varying={"task_id"}) == []
