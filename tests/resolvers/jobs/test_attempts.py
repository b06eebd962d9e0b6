"""Which workers are known to be gone."""

import os
import socket
import subprocess
import sys

import pytest

from resolvers.jobs.attempts import is_gone, worker_name

HERE = socket.gethostname()


def test_a_process_of_this_host_that_ended_is_gone() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert is_gone(f"{HERE}/{ended.pid}/abcd")


def test_an_earlier_process_with_our_number_is_gone() -> None:
    """Who asks holds nothing yet."""
    assert is_gone(worker_name())


def test_of_others_nothing_is_known_or_they_run() -> None:
    for worker in (None, "", HERE, f"{HERE}/x/abcd", f"elsewhere/{os.getpid()}/abcd", f"{HERE}/{os.getppid()}/abcd"):
        assert not is_gone(worker), worker


def test_a_process_of_another_user_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refused)
    assert not is_gone(f"{HERE}/1/abcd")
