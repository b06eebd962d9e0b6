"""The commands that talk to Open edX, against a simulated one that `collegium simulate` runs."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import URL

from tests.commands import ROOT, collegium, environment, failure, started
from tests.conftest import DIALECTS

SECRET = "collegium-development"


@dataclass(frozen=True)
class Simulator:
    """A running `collegium simulate`."""

    lms: str
    studio: str
    process: subprocess.Popen[str]

    def set_faults(self, *faults: dict[str, Any]) -> None:
        httpx.put(f"{self.lms}/_simulator/faults", json=faults).raise_for_status()


@contextmanager
def simulating(folder: Path, *options: str, **given: str) -> Iterator[Simulator]:
    """`collegium simulate` on free ports, stopped at the end."""
    ports = {"COLLEGIUM_LMS_PORT": "0", "COLLEGIUM_STUDIO_PORT": "0", "COLLEGIUM_LOG_LEVEL": "warning"}
    with started("simulate", *options, folder=folder, **ports | given) as process:
        try:
            assert process.stdout is not None
            addresses = dict(process.stdout.readline().split() for _ in range(2))
            yield Simulator(addresses["LMS"], addresses["Studio"], process)
        finally:
            process.kill()


@pytest.fixture
def dialect() -> str:
    """Commands are the same over both databases."""
    return "sqlite"


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with simulating(tmp_path_factory.mktemp("simulator"), "--no-throttle") as running:
        yield running


@pytest.fixture
def open_edx(simulator: Simulator, database_url: URL) -> Iterator[dict[str, str]]:
    """The settings for a database without rows and the simulated Open edX without faults."""
    yield {
        "COLLEGIUM_DATABASE_URL": database_url.render_as_string(hide_password=False),
        "COLLEGIUM_LMS_URL": simulator.lms,
        "COLLEGIUM_STUDIO_URL": simulator.studio,
        "COLLEGIUM_LMS_CLIENT_ID": "collegium",
        "COLLEGIUM_LMS_CLIENT_SECRET": SECRET,
    }
    simulator.set_faults()


def test_check_finds_nothing_wrong_where_nothing_is(open_edx: dict[str, str], tmp_path: Path) -> None:
    done = collegium("check", folder=tmp_path, **open_edx)

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) >= 4
    assert all(line.startswith("✓ ") for line in lines)


def test_check_says_that_the_lms_refuses_the_application(open_edx: dict[str, str], tmp_path: Path) -> None:
    wrong = {"COLLEGIUM_LMS_CLIENT_SECRET": "another secret"}

    done = collegium("check", folder=tmp_path, **open_edx | wrong)

    assert done.returncode == 1
    [line] = [line for line in done.stdout.splitlines() if line.startswith("✗")]
    assert line.startswith("✗ LMS: ")
    assert "401" in line
    assert "another secret" not in done.stdout + done.stderr


@pytest.mark.parametrize("dialect", DIALECTS)
def test_syncs_report_what_they_did_and_do_nothing_the_second_time(open_edx: dict[str, str], tmp_path: Path) -> None:
    """spec/programs.md, "Population of Organizations": the command is idempotent."""
    for command, line in {
        "organizations": r"Organizations: (?P<n>\d+) created, 0 updated, 0 unchanged, \d+ skipped\.",
        "course-runs": r"Course runs: (?P<n>\d+) created, 0 updated, 0 unchanged, \d+ skipped\.",
    }.items():
        first = collegium("sync", command, folder=tmp_path, **open_edx)
        second = collegium("sync", command, folder=tmp_path, **open_edx)

        assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
        found = re.match(line, first.stdout)
        assert found, first.stdout
        assert f" 0 created, 0 updated, {found['n']} unchanged" in second.stdout
        assert first.stderr == second.stderr == ""  # no bar where nobody looks at a terminal


def test_modes_that_the_lms_does_not_offer_are_marked(
    simulator: Simulator, open_edx: dict[str, str], tmp_path: Path
) -> None:
    for command in ("organizations", "course-runs"):
        assert collegium("sync", command, folder=tmp_path, **open_edx).returncode == 0
    run = httpx.get(f"{simulator.lms}/api/courses/v1/courses/?org=AthenaX&page_size=1").json()["results"][0]["id"]
    offered = httpx.get(f"{simulator.lms}/api/enrollment/v1/course/{run}?include_expired=1").json()["course_modes"]
    _, org, number, _ = re.split(r"[:+]", run)
    program = {
        "uuid": "6d1f8f9e-5f0b-4a55-8f0a-6f1c7f525d4b", "name": "Circuits", "category": "xseries",
        "status": "unpublished", "organizations": [org], "requirements": [{"course": f"{org}+{number}"}],
        "runModes": [{"run": run, "mode": mode} for mode in (offered[0]["slug"], "no-such-mode")],
    }  # fmt: skip
    path = tmp_path / "programs.json"
    path.write_bytes(orjson.dumps({"format": "collegium-programs", "version": 1, "programs": [program]}))
    assert collegium("programs", "import", str(path), folder=tmp_path, **open_edx).returncode == 0

    first, second = (collegium("sync", "run-modes", folder=tmp_path, **open_edx) for _ in range(2))
    assert first.stdout == "Run modes: 0 created, 1 updated, 1 unchanged, 0 skipped.\n"
    assert second.stdout == "Run modes: 0 created, 0 updated, 2 unchanged, 0 skipped.\n"
    simulator.set_faults({"kind": "error", "path": "/api/course_modes/"})
    assert "500" in failure(collegium("sync", "run-modes", folder=tmp_path, **open_edx))


def test_a_dry_run_reports_the_same_as_json_and_writes_nothing(open_edx: dict[str, str], tmp_path: Path) -> None:
    arguments = ("sync", "course-runs", "--json")
    dry, again, real = (
        orjson.loads(collegium(*arguments, *more, folder=tmp_path, **open_edx).stdout)
        for more in (["--dry-run"], ["--dry-run"], [])
    )

    assert dry["dryRun"] is True
    assert dry["created"] > 1000
    assert dry["newOrganizations"]
    assert dry["newCourses"]
    assert again == dry
    assert real == dry | {"dryRun": False}


def test_an_lms_that_fails_midway_leaves_what_was_done_and_is_reported(
    simulator: Simulator, open_edx: dict[str, str], tmp_path: Path
) -> None:
    simulator.set_faults({"kind": "error", "path": "/api/courses/", "share": 0.1})  # strikes at the ninth page

    done = collegium("sync", "course-runs", folder=tmp_path, **open_edx)

    assert done.stdout.startswith("Course runs: 800 created,")
    line = failure(done)
    assert line.startswith("collegium: ")
    assert "500" in line
    simulator.set_faults()
    resumed = collegium("sync", "course-runs", folder=tmp_path, **open_edx)
    assert " 800 unchanged" in resumed.stdout


def test_an_lms_that_sends_garbage_is_one_clear_line(
    simulator: Simulator, open_edx: dict[str, str], tmp_path: Path
) -> None:
    simulator.set_faults({"kind": "page", "path": "/api/organizations/"})

    done = collegium("sync", "organizations", folder=tmp_path, **open_edx)

    assert "JSON" in failure(done)
    assert "Traceback" not in done.stderr


def test_a_bar_moves_on_a_terminal_and_the_report_stays_clean(open_edx: dict[str, str], tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "server", "sync", "organizations", "--json"],
        env=environment(open_edx, tmp_path) | {"TERM": "xterm"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as process:
        output, _ = process.communicate(timeout=60)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)

    assert "Organizations" in shown
    assert orjson.loads(output)["created"] > 30


def test_the_simulators_knobs_slow_it_down_and_make_it_fail(tmp_path: Path) -> None:
    with simulating(tmp_path, "--latency", "0.3") as slow:
        begun = time.monotonic()
        assert httpx.get(f"{slow.lms}/api/courses/v1/courses/").status_code == 200
        assert time.monotonic() - begun >= 0.3
    with simulating(tmp_path, "--error-rate", "1") as broken:
        assert httpx.get(f"{broken.lms}/api/courses/v1/courses/").status_code == 503
        assert httpx.get(f"{broken.studio}/api/v1/course_runs/").status_code == 503
    with simulating(tmp_path, "--silence-rate", "1") as silent, pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{silent.lms}/api/courses/v1/courses/", timeout=0.5)


@pytest.mark.parametrize(("option", "last"), [("--throttle", 429), ("--no-throttle", 200)])
def test_the_simulator_throttles_as_the_platform_does_unless_told_not_to(
    option: str, last: int, tmp_path: Path
) -> None:
    """Recordings: the courses API takes 20 calls a minute of somebody who is not signed in."""
    with simulating(tmp_path, option) as running, httpx.Client(base_url=running.lms) as client:
        statuses = [client.get("/api/courses/v1/courses/?page_size=1").status_code for _ in range(21)]

    assert statuses == [200] * 20 + [last]


def test_the_simulators_data_depend_on_the_seed_alone(simulator: Simulator, tmp_path: Path) -> None:
    def first_names(of: Simulator) -> list[str]:
        runs = httpx.get(f"{of.lms}/api/courses/v1/courses/?page_size=50").json()["results"]
        return [run["name"] for run in runs]

    with simulating(tmp_path, "--seed", "1") as same, simulating(tmp_path, "--seed", "2") as other:
        assert first_names(same) == first_names(simulator)
        assert first_names(other) != first_names(simulator)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_simulator_stops_when_told(stop: signal.Signals, tmp_path: Path) -> None:
    with simulating(tmp_path) as running:
        running.process.send_signal(stop)
        output, errors = running.process.communicate(timeout=20)

    assert (running.process.returncode, output, errors) == (0, "", "")


@pytest.mark.parametrize("name", ["COLLEGIUM_LMS_PORT", "COLLEGIUM_STUDIO_PORT"])
def test_a_port_of_the_simulator_that_is_taken_is_one_clear_line(
    name: str, simulator: Simulator, tmp_path: Path
) -> None:
    port = httpx.URL(simulator.lms).port
    others = {"COLLEGIUM_LMS_PORT": "0", "COLLEGIUM_STUDIO_PORT": "0"}

    line = failure(collegium("simulate", folder=tmp_path, **others | {name: str(port)}))

    assert line == f"collegium: port {port} on 127.0.0.1 is taken; choose another one"
