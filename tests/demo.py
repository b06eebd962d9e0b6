"""A demo that runs for a test: started in a folder and on ports of its own, and always stopped."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parent.parent
READY = "Ctrl-C stops everything."


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.socket()) for _ in range(count)]
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in listeners]


def environment(folder: Path, ports: list[int]) -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if not name.startswith("COLLEGIUM_")}
    names = ("COLLEGIUM_PORT", "COLLEGIUM_LMS_PORT", "COLLEGIUM_STUDIO_PORT")
    return mine | {"COLLEGIUM_DATA_DIR": str(folder)} | dict(zip(names, map(str, ports), strict=True))


class Demo:
    """A running demo: its process and its output until it was ready."""

    def __init__(self, folder: Path, ports: list[int], given: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "server", "demo"],
            env=environment(folder, ports) | dict(given),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        lines: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            lines.append(line)
            if READY in line:
                break
        self.output = "".join(lines)
        assert READY in self.output, self.output
        self.url = re.findall(r"GraphQL +(\S+)/graphql", self.output)[0]

    def tokens(self) -> dict[str, str]:
        """The printed tokens by role."""
        return dict(re.findall(r"^  (learner|author|admin):\n  (\S+)$", self.output, flags=re.MULTILINE))

    def ask(self, query: str, role: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The data of an answer without errors."""
        headers = {"authorization": f"JWT {self.tokens()[role]}"}
        answer = httpx.post(
            f"{self.url}/graphql", json={"query": query, "variables": variables}, headers=headers
        ).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def stop(self, number: signal.Signals) -> int:
        """The exit code after a signal."""
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


@contextmanager
def demo(folder: Path, ports: list[int], **given: str) -> Iterator[Demo]:
    running = Demo(folder, ports, given)
    try:
        yield running
    finally:
        running.kill()
