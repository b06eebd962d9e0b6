"""`collegium demo`, started and stopped as somebody would who tries Collegium for the first time."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import httpx
import orjson
import pytest
from sqlalchemy import URL
from starlette.applications import Starlette

from server.demo import DemoFailed, _addresses, _end, _fill
from server.examples import ADD_PROGRAM, CATALOG, CONTRACTS, PROGRAMS, STORY
from server.settings import load
from server.upstream import open_lms
from tests.demo import ROOT, Demo, demo, environment, free_ports
from tests.serving import serving


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until_closed(ports: list[int]) -> None:
    deadline = time.monotonic() + 10
    while any(is_open(port) for port in ports):
        assert time.monotonic() < deadline, "something still listens"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


def test_the_demo_is_filled_answers_each_role_and_starts_warm_the_second_time(folder: Path) -> None:
    ports = free_ports(3)
    with demo(folder, ports) as first:
        assert set(first.tokens()) == {"learner", "author", "admin"}
        for address in (f"{first.url}/graphiql", f"{first.url}/graphql", *(f"http://127.0.0.1:{p}" for p in ports[1:])):
            assert address in first.output
        for operation in (CATALOG, PROGRAMS):
            assert operation.query.strip() in first.output
            for role in first.tokens():
                assert first.ask(operation.query, role, dict(operation.variables))
        counts = "{ organizations { totalCount } courses { totalCount } courseRuns { totalCount } }"
        filled = first.ask(counts, "admin")
        assert filled["organizations"]["totalCount"] >= 35
        assert filled["courses"]["totalCount"] >= 350
        assert filled["courseRuns"]["totalCount"] >= 1000
        statuses = "{ programs(first: 100) { nodes { status organizations { key } courses { key } } } }"
        seen = {role: first.ask(statuses, role)["programs"]["nodes"] for role in first.tokens()}
        assert {node["status"] for node in seen["learner"]} == {"ACTIVE", "RETIRED"}
        assert {node["status"] for node in seen["admin"]} == {"UNPUBLISHED", "ACTIVE", "RETIRED"}
        assert seen["author"] == seen["admin"]
        assert len(seen["admin"]) >= 8
        dashboard = "{ viewer { programs { nodes { status progress { done needed } certificate { url } } } } }"
        studied = first.ask(dashboard, "learner")["viewer"]["programs"]["nodes"]
        studied.sort(key=lambda node: node["progress"]["done"])
        assert [node["status"] for node in studied[-3:]] == ["ACTIVE", "ACTIVE", "COMPLETED"]
        assert studied[-2]["progress"]["done"] > studied[-3]["progress"]["done"] == 0
        assert httpx.get(f"{first.url}{studied[-1]['certificate']['url']}").status_code == 200
        page = httpx.get(f"{first.url}/graphiql").text
        assert first.tokens()["learner"] in page
        assert first.stop(signal.SIGINT) == 0
        assert not any(is_open(port) for port in ports), "it waits for the simulator's end"

    with demo(folder, ports) as second:
        assert second.ask(counts, "admin") == filled
        assert httpx.post(
            f"{second.url}/graphql",
            json={"query": "{ programs { totalCount } }"},
            headers={"authorization": f"JWT {first.tokens()['learner']}"},
        ).json()["data"], "tokens stay good"
        assert "Filling the catalog" in first.output
        assert "Filling the catalog" not in second.output
        assert states_of_a_contracts_runs(second) == {"READY"}
        assert second.stop(signal.SIGTERM) == 0
    wait_until_closed(ports)


def states_of_a_contracts_runs(running: Demo) -> set[str]:
    """The states of a contract's runs at the end of the explorer's story, which is told in its order."""
    for operation in STORY:
        assert running.ask(operation.query, "admin", dict(operation.variables))
        if operation is ADD_PROGRAM:
            again = running.ask(operation.query, "admin", dict(operation.variables))["addProgramToContract"]
            assert {result["outcome"] for result in again["results"]} == {"EXISTS"}
    assert running.ask(CONTRACTS.query, "learner")["contracts"]["nodes"]
    deadline = time.monotonic() + 120
    while True:
        runs = running.ask(STORY[-1].query, "admin", dict(STORY[-1].variables))["contract"]["courseRuns"]["nodes"]
        states = {run["rerun"]["state"] for run in runs}
        if len(runs) == 4 and states <= {"READY", "FAILED"}:
            return states
        assert time.monotonic() < deadline, runs
        time.sleep(0.2)


def test_the_simulator_ends_with_a_demo_that_is_killed(folder: Path) -> None:
    ports = free_ports(3)
    with demo(folder, ports) as running:
        assert is_open(ports[1])
        running.kill()
    wait_until_closed(ports)


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_a_taken_port_is_one_clear_line(folder: Path, taken: int) -> None:
    ports = free_ports(3)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", ports[taken]))
        listener.listen()
        done = subprocess.run(
            [sys.executable, "-m", "server", "demo"],
            env=environment(folder, ports),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == 1
    assert done.stderr.strip() == f"collegium: port {ports[taken]} on 127.0.0.1 is taken; choose another one"


def test_a_demo_touches_no_real_installation(tmp_path: Path) -> None:
    """Whatever settings a real one left in the environment."""
    ports = free_ports(3)
    real = {
        "COLLEGIUM_DATABASE_URL": f"sqlite:///{tmp_path}/real.db",
        "COLLEGIUM_LMS_URL": "https://lms.example.org",
        "COLLEGIUM_LMS_CLIENT_ID": "real",
        "COLLEGIUM_LMS_USERNAME": "real",
        "COLLEGIUM_JWT_ISSUERS": "https://lms.example.org/oauth2",
        "COLLEGIUM_EXPLORER": "false",
    }
    with demo(tmp_path / "demo", ports, **real) as running:
        assert running.ask("{ programs { totalCount } }", "learner")["programs"]["totalCount"]
        assert httpx.get(f"{running.url}/graphiql").status_code == 200
    assert (tmp_path / "demo" / "demo.json").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "real.db").exists()


def test_any_free_ports_will_do_and_the_simulated_platform_is_that_of_the_first_day(tmp_path: Path) -> None:
    """Runs are named after terms: a world around another day would not be the one that the catalog was filled from."""
    kept = {"jwt_secret": "plainly fake, though long enough", "lms_client_secret": "fake", "date": "2024-05-06"}
    (tmp_path / "demo.json").write_bytes(orjson.dumps(kept))

    with demo(tmp_path, [0, 0, 0]) as running:
        lms = re.findall(r"simulated LMS +(\S+)", running.output)[0]
        runs = httpx.get(f"{lms}/api/courses/v1/courses/?page_size=100").json()["results"]
        assert running.ask("{ programs { totalCount } }", "admin")
        assert min(run["start"] for run in runs) < "2024"
        assert max(run["start"] for run in runs) < "2026"


@pytest.mark.parametrize("content", ["", "[]", '{"jwt_secret": "x"}'])
def test_a_file_of_secrets_that_cannot_be_read_is_one_clear_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "demo.json").write_text(content)

    done = subprocess.run(
        [sys.executable, "-m", "server", "demo"],
        env=environment(tmp_path, free_ports(3)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert (
        done.stderr == f"collegium: {tmp_path}/demo.json is not what the demo wrote; remove the folder to begin anew\n"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM])
def test_nothing_is_left_of_a_demo_that_is_stopped_while_it_fills(tmp_path: Path, number: signal.Signals) -> None:
    ports = free_ports(3)
    process = subprocess.Popen(
        [sys.executable, "-m", "server", "demo"],
        env=environment(tmp_path, ports),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "Filling the catalog" in process.stdout.readline()
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)

    assert process.returncode != 0
    assert errors == ""
    wait_until_closed(ports)
    with demo(tmp_path, ports) as again:
        assert again.ask("{ programs { totalCount } }", "admin")["programs"]["totalCount"] >= 8


@pytest.mark.parametrize("host", ["::", "192.0.2.1", "demo.example.org"])
def test_the_demo_signs_nobody_in_from_another_machine(host: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "server", "demo"],
        env=environment(tmp_path, free_ports(3)) | {"COLLEGIUM_HOST": host},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert "listens on this machine only" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("program", ["print('Traceback')", "import time; time.sleep(60)"], ids=["ends", "is silent"])
async def test_a_simulator_that_does_not_start_is_one_clear_error(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.demo.WAIT_SECONDS", 2)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=subprocess.PIPE)
    with pytest.raises(DemoFailed, match="the simulated Open edX did not start"):
        await _addresses(process)
    await _end(process)


async def test_a_simulator_that_does_not_listen_is_ended_by_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.demo.WAIT_SECONDS", 0.1)
    program = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"deaf\n"
    await _end(process)
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_demo_that_cannot_be_filled_says_why(database_url: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.demo.open_lms", partial(open_lms, attempts=1))
    given = {"database_url": database_url, "lms_client_id": "c", "lms_client_secret": "s"}
    with pytest.raises(DemoFailed, match="127"):
        await _fill(load(**given, lms_url="http://127.0.0.1:1"))
    async with serving(Starlette()) as url:
        with pytest.raises(DemoFailed, match="404"):
            await _fill(load(**given, lms_url=url))
