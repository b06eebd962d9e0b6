"""`collegium demo`, started and stopped as somebody would who tries Collegium for the first time."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from server.operations import CATALOG, PROGRAMS
from tests.demo import ROOT, demo, environment, free_ports


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
        filled = first.ask(counts, "learner")
        assert filled["organizations"]["totalCount"] >= 35
        assert filled["courses"]["totalCount"] >= 350
        assert filled["courseRuns"]["totalCount"] >= 1000
        statuses = "{ programs(first: 100) { nodes { status organizations { key } courses { key } } } }"
        seen = {role: first.ask(statuses, role)["programs"]["nodes"] for role in first.tokens()}
        assert {node["status"] for node in seen["learner"]} == {"ACTIVE", "RETIRED"}
        assert {node["status"] for node in seen["admin"]} == {"UNPUBLISHED", "ACTIVE", "RETIRED"}
        assert seen["author"] == seen["admin"]
        assert len(seen["admin"]) >= 8
        page = httpx.get(f"{first.url}/graphiql").text
        assert first.tokens()["learner"] in page
        assert first.stop(signal.SIGINT) == 0
    wait_until_closed(ports)

    with demo(folder, ports) as second:
        assert second.ask(counts, "admin") == filled
        assert httpx.post(
            f"{second.url}/graphql",
            json={"query": "{ programs { totalCount } }"},
            headers={"authorization": f"JWT {first.tokens()['learner']}"},
        ).json()["data"], "tokens stay good"
        assert "Filling the catalog" in first.output
        assert "Filling the catalog" not in second.output
        assert second.seconds < first.seconds
        assert second.stop(signal.SIGTERM) == 0
    wait_until_closed(ports)


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


def test_secrets_are_for_the_owner_only(folder: Path) -> None:
    [secrets] = folder.glob("*secrets*")

    assert secrets.stat().st_mode & 0o777 == 0o600
