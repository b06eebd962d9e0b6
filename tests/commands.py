"""Commands of `collegium` as a shell runs them: each in a process of its own, with its own environment.

The processes are forked from one that has loaded all modules, since most commands take longer to load than to run.
Where loading is what a test is about, or input comes from a pipe, `python -m server` is started.
"""

import multiprocessing
import os
import pkgutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import TemporaryDirectory

import db
import edx
import ondisk
import resolvers
import schema
import server
from server.cli import main

ROOT = Path(__file__).parents[1]
PATIENCE = 60


def environment(given: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment of a command whose data folder is `folder`: of our variables it has only those given."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("COLLEGIUM_")}
    return mine | {"COLLEGIUM_DATA_DIR": str(folder), "TERM": "dumb", "COLUMNS": "120"} | dict(given)


def collegium(*arguments: str, folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, and keep what it says."""
    with TemporaryDirectory() as kept:
        output, errors = Path(kept, "output"), Path(kept, "errors")
        process = _nursery().Process(
            target=_command, args=(arguments, environment(given, folder), str(output), str(errors))
        )
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(arguments, PATIENCE, output.read_text(), errors.read_text())
        return subprocess.CompletedProcess(arguments, process.exitcode, output.read_text(), errors.read_text())


def failure(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on standard error of a command that failed."""
    assert done.returncode != 0, done.stdout
    [line] = done.stderr.strip().split("\n")
    return line


def started(*arguments: str, folder: Path, **given: str) -> subprocess.Popen[str]:
    """A command that goes on until it is stopped."""
    return subprocess.Popen(
        [sys.executable, "-m", "server", *arguments],
        env=environment(given, folder),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@cache
def _nursery() -> ForkServerContext:
    """What forks processes from one in which everything is loaded."""
    packages = (db, edx, ondisk, resolvers, schema, server)
    modules = [module.name for of in packages for module in pkgutil.walk_packages(of.__path__, f"{of.__name__}.")]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [name for name in modules if not name.startswith("db.migrations.") and not name.endswith(".__main__")]
    )
    return context


def _command(arguments: tuple[str, ...], environ: dict[str, str], output: str, errors: str) -> None:
    """What the process does: the command, with files in place of the streams that it inherited."""
    for number, path in enumerate((output, errors), start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(ROOT)
    sys.argv = ["collegium", *arguments]
    main()
