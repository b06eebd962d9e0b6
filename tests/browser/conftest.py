"""A browser and a site for it: real servers, and a driver that reports what a person would have seen.

The tests of the signed-in page look at a demo of their own, or with COLLEGIUM_EXPLORER_URL at the explorer of that
address; the others look at small sites.
"""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import uvicorn
from starlette.types import ASGIApp

from tests.browser.site import site
from tests.demo import demo, free_ports

HERE = Path(__file__).parent
CHROMIUM = os.environ.get("COLLEGIUM_CHROMIUM", "/usr/bin/chromium")

Driver = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Driver:
    """Runs a visit of drive.mjs and returns what it saw; without Node or Chromium, skips loudly and fails in CI."""
    missing = [
        name
        for name, found in {
            "Node": shutil.which("node"),
            CHROMIUM: Path(CHROMIUM).exists(),
            "playwright-core": (HERE / "node_modules/playwright-core").is_dir(),
        }.items()
        if not found
    ]
    if missing:
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse(f"no browser's tests without {', '.join(missing)}: run tests/browser/setup")

    def run(visit: str, url: str, **options: Any) -> dict[str, Any]:
        profile = tmp_path_factory.mktemp("profile")
        task = {"visit": visit, "url": url, "chromium": CHROMIUM, "profile": str(profile), **options}
        done = subprocess.run(
            ["node", "drive.mjs", json.dumps(task)], cwd=HERE, capture_output=True, text=True, timeout=110, check=False
        )
        assert done.returncode == 0, done.stderr
        seen: dict[str, Any] = json.loads(done.stdout)
        return seen

    return run


@pytest.fixture(scope="session")
def explorer_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the demo's explorer: signed in as the learner, with a collection of operations."""
    if given := os.environ.get("COLLEGIUM_EXPLORER_URL"):
        yield given
        return
    with demo(tmp_path_factory.mktemp("demo"), free_ports(3)) as running:
        yield f"{running.url}/graphiql"


@pytest.fixture(scope="session")
def small_explorer_url() -> Iterator[str]:
    """The address of the small site's explorer, with its sessions and its collection."""
    with served(site()) as origin:
        yield f"{origin}/graphiql"


@pytest.fixture(scope="session")
def bare_explorer_url() -> Iterator[str]:
    """The address of an explorer without sessions or a collection, as in production."""
    with served(site(sessions=(), operations=())) as origin:
        yield f"{origin}/graphiql"


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The origin at which `app` answers, on a port of its own, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="websockets-sansio"))
    thread = Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()  # the socket listens already: a browser waits until the server accepts
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
