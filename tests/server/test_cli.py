"""The command line, as whoever types it sees it."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import httpx
import pytest
import typer
from sqlalchemy import URL
from typer.testing import CliRunner

from resolvers.access import HELD, Role
from schema import sdl
from server import cli
from server.cli import RoleName, app, failing_well
from server.settings import Settings, load
from server.signin import SignIn
from tests.commands import ROOT, collegium, failure, started

COMMANDS = [
    ["serve"],
    ["migrate"],
    ["sync", "organizations"],
    ["sync", "course-runs"],
    ["sync", "run-modes"],
    ["sync", "teams"],
    ["sync", "directories"],
    ["apps", "add"],
    ["apps", "list"],
    ["apps", "rotate"],
    ["apps", "disable"],
    ["apps", "enable"],
    ["documents", "add"],
    ["documents", "list"],
    ["documents", "remove"],
    ["directories", "export"],
    ["programs", "export"],
    ["programs", "import"],
    ["users", "forget"],
    ["webhooks", "list"],
    ["webhooks", "retry"],
    ["worker"],
    ["jobs", "list"],
    ["jobs", "show"],
    ["jobs", "cancel"],
    ["jobs", "retry"],
    ["import-course"],
    ["export-course"],
    ["push-course"],
    ["content-report"],
    ["content", "verify"],
    ["content", "collect"],
    ["content", "statistics"],
    ["content", "instances"],
    ["content", "push"],
    ["content", "pull"],
    ["content", "drift"],
    ["simulate"],
    ["demo"],
    ["check"],
    ["token"],
    ["export-schema"],
]
SIGNING = {
    "COLLEGIUM_JWT_SECRET": "a secret that is long enough for tests, and no other use",
    "COLLEGIUM_JWT_AUDIENCE": "tests",
    "COLLEGIUM_JWT_ISSUERS": "https://lms.example.org/oauth2",
}


def explained(command: list[str]) -> str:
    """What a command says of itself; in this process, since there are many."""
    done = CliRunner().invoke(app, [*command, "--help"], prog_name="collegium")
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_an_example(command: list[str]) -> None:
    shown = explained(command)

    assert re.search(rf"Example: .*collegium {' '.join(command)}", " ".join(shown.split())), shown


def test_the_page_on_the_command_line_has_every_command_with_its_options() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text()

    assert re.findall(r"^## `collegium ([a-z -]+)`$", page, flags=re.MULTILINE) == [" ".join(c) for c in COMMANDS]


def test_the_documented_options_are_those_that_exist() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text()
    sections = re.split(r"^## `collegium ", page, flags=re.MULTILINE)[1:]

    for command, section in zip(COMMANDS, sections, strict=True):
        shown = set(re.findall(r"--[a-z-]+", explained(command))) - {"--help"}
        assert set(re.findall(r"^\| `(--[a-z-]+)", section, flags=re.MULTILINE)) == shown - {"--no-throttle"}, command


def test_an_unknown_command_or_option_is_refused(tmp_path: Path) -> None:
    assert collegium("nonsense", folder=tmp_path).returncode == 2
    assert collegium("serve", "--nonsense", folder=tmp_path).returncode == 2


def test_a_wrong_setting_is_one_clear_line(tmp_path: Path) -> None:
    line = failure(collegium("serve", folder=tmp_path, COLLEGIUM_PORT="many"))

    assert line.startswith("collegium: COLLEGIUM_PORT='many'")
    assert "0 to 65535" in line


def test_an_unknown_setting_is_warned_about(tmp_path: Path) -> None:
    done = collegium("migrate", folder=tmp_path, COLLEGIUM_PROT="8000")

    assert done.returncode == 0
    assert done.stderr.strip() == "warning: COLLEGIUM_PROT is not a setting; did you mean COLLEGIUM_PORT?"


def test_the_exported_schema_is_the_schema_and_nothing_else(tmp_path: Path) -> None:
    done = collegium("export-schema", folder=tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (0, sdl(), "")


@pytest.mark.parametrize("role", ["learner", "author", "admin"])
def test_a_token_is_printed_alone_and_good_for_its_role(role: str, tmp_path: Path) -> None:
    authors = {"COLLEGIUM_AUTHORS": "author"}
    done = collegium("token", "--role", role, "--username", role, folder=tmp_path, **SIGNING, **authors)

    assert done.stderr == ""
    [token] = done.stdout.split("\n")[:-1]
    viewer = SignIn(signing(authors)).viewer({"authorization": f"JWT {token}"})
    assert (viewer.username, viewer.roles) == (role, HELD[Role(role)])


def signing(given: Mapping[str, str]) -> Settings:
    fields = {name.removeprefix("COLLEGIUM_").lower(): value for name, value in (SIGNING | dict(given)).items()}
    return load(**fields)


def test_a_token_cannot_be_made_without_a_secret(tmp_path: Path) -> None:
    line = failure(collegium("token", "--role", "admin", "--username", "ada", folder=tmp_path))

    assert "COLLEGIUM_JWT_SECRET" in line


def test_the_roles_that_a_token_may_have_are_all_roles() -> None:
    assert get_args(RoleName) == tuple(role.value for role in Role)


def test_help_loads_nothing_that_takes_long() -> None:
    """Whatever takes long to load is loaded by the command that needs it."""
    script = (
        "import sys, server.cli; print(*{'sqlalchemy', 'pydantic', 'strawberry', 'uvicorn', 'httpx'} & {*sys.modules})"
    )
    loaded = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert loaded.split() == []


def test_what_nobody_foresaw_is_one_line_and_its_traceback_is_for_those_who_ask(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit) as end, failing_well():
        raise ValueError("over\nthere")

    assert end.value.exit_code == 1
    assert capsys.readouterr().err == (
        "collegium: unexpected ValueError: over there; COLLEGIUM_LOG_LEVEL=debug shows where\n"
    )


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    line = failure(collegium("migrate", folder=tmp_path / "file" / "folder"))

    assert line.startswith("collegium: ")
    assert "file/folder" in line


def test_migrating_says_what_it_did(tmp_path: Path) -> None:
    first = collegium("migrate", folder=tmp_path)
    second = collegium("migrate", folder=tmp_path)

    assert re.fullmatch(r"The database is at revision \d+\.\n", first.stdout)
    assert second.stdout == first.stdout.replace(".\n", ", as before.\n")
    assert (tmp_path / "collegium.db").is_file()


@pytest.mark.parametrize("command", [["serve"], ["sync", "organizations"]], ids=" ".join)
def test_a_database_that_is_missing_or_not_migrated_is_one_clear_line(command: list[str], tmp_path: Path) -> None:
    missing = failure(collegium(*command, folder=tmp_path))
    (tmp_path / "collegium.db").touch()
    empty = failure(collegium(*command, folder=tmp_path))
    down = failure(collegium(*command, folder=tmp_path, COLLEGIUM_DATABASE_URL="postgresql://nobody@127.0.0.1:1/x"))

    assert "there is no database" in missing
    assert "run 'collegium migrate'" in missing
    assert "the database is not migrated" in empty
    assert "127.0.0.1" in down or "refused" in down.lower()


def test_a_sync_without_an_lms_names_the_settings_that_are_missing(tmp_path: Path) -> None:
    collegium("migrate", folder=tmp_path)

    done = collegium("sync", "organizations", folder=tmp_path, COLLEGIUM_LMS_URL="http://127.0.0.1:1")

    assert done.returncode == 1
    assert done.stderr.split("\n")[:2] == [
        "collegium: COLLEGIUM_LMS_CLIENT_ID must be set to reach the LMS",
        "collegium: COLLEGIUM_LMS_CLIENT_SECRET must be set to reach the LMS",
    ]


def test_check_has_a_line_for_everything_and_fails_when_one_thing_does(tmp_path: Path) -> None:
    unreachable = {
        "COLLEGIUM_LMS_URL": "http://127.0.0.1:1",
        "COLLEGIUM_LMS_CLIENT_ID": "id",
        "COLLEGIUM_LMS_CLIENT_SECRET": "never shown",
        "COLLEGIUM_STUDIO_URL": "http://127.0.0.1:1",
    }
    collegium("migrate", folder=tmp_path)

    done = collegium("check", folder=tmp_path, **unreachable)

    assert done.returncode == 1
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "✓ settings",
        "✓ database",
        "✓ migrations",
        "✗ LMS",
        "✗ Studio",
    ]
    assert "never shown" not in done.stdout + done.stderr


def test_check_tells_a_database_that_is_missing_from_one_that_is_not_migrated(tmp_path: Path) -> None:
    missing = collegium("check", folder=tmp_path).stdout.splitlines()
    (tmp_path / "collegium.db").touch()
    empty = collegium("check", folder=tmp_path).stdout.splitlines()

    assert missing[1].startswith("✗ database: there is no database")
    assert missing[2].startswith("✗ migrations: ")
    assert empty[1] == "✓ database"
    assert empty[2].startswith("✗ migrations: the database is not migrated")


def test_check_has_a_line_for_wrong_settings_too(tmp_path: Path) -> None:
    done = collegium("check", folder=tmp_path, COLLEGIUM_PORT="many", COLLEGIUM_LMS_PORT="none")

    assert (done.returncode, done.stderr) == (1, "")
    [line] = done.stdout.splitlines()
    assert line.startswith("✗ settings: COLLEGIUM_PORT='many'")
    assert "; COLLEGIUM_LMS_PORT='none'" in line


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_server_serves_and_stops_when_told(database_url: URL, tmp_path: Path, stop: signal.Signals) -> None:
    url = database_url.render_as_string(hide_password=False)
    given = {"COLLEGIUM_DATABASE_URL": url, "COLLEGIUM_LOG_LEVEL": "warning"}
    with started("serve", "--port", "0", folder=tmp_path, **given) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = line.split()[2]
        answer = httpx.post(address, json={"query": "{ health { status } }"})
        process.send_signal(stop)
        output, errors = process.communicate(timeout=20)

    assert answer.json() == {"data": {"health": {"status": "OK"}}}
    assert (process.returncode, output, errors) == (0, "", "")


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    collegium("migrate", folder=tmp_path)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]

        line = failure(collegium("serve", "--port", str(port), folder=tmp_path))

    assert line == f"collegium: port {port} on 127.0.0.1 is taken; choose another one"


def test_an_interruption_has_the_exit_status_that_shells_know() -> None:
    with pytest.raises(typer.Exit) as end, failing_well():
        raise KeyboardInterrupt

    assert end.value.exit_code == 130


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_worker_says_when_it_runs_jobs_and_ends_when_told(
    database_url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(cli, "read_settings", lambda: load(database_url=database_url))
    monkeypatch.setattr("server.cli.typer.echo", say)
    async with asyncio.timeout(30):
        await cli.worker(queue=["default"], concurrency=1)
    assert said == ["Collegium runs jobs"]
