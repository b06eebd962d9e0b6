"""`collegium apps`, as whoever types it sees it."""

from pathlib import Path
from typing import get_args

import orjson
import pytest
from sqlalchemy import URL

from db.engine import open_database
from db.tables import now
from resolvers.access import Role
from server.applications.commands import RoleName
from server.applications.registry import Scope, find
from tests.commands import collegium, failure
from tests.conftest import DIALECTS


@pytest.fixture
def dialect() -> str:
    """Commands are the same over both databases."""
    return "sqlite"


@pytest.fixture
def setting(database_url: URL) -> dict[str, str]:
    return {"COLLEGIUM_DATABASE_URL": database_url.render_as_string(hide_password=False)}


def test_the_roles_of_applications_are_all_roles() -> None:
    assert get_args(RoleName) == tuple(role.value for role in Role)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_application_is_registered_and_its_secret_shown_once(
    setting: dict[str, str], database_url: URL, tmp_path: Path
) -> None:
    options = ("--username", "report_worker", "--role", "author", "--write", "--points", "500")
    done = collegium("apps", "add", "Report builder", *options, folder=tmp_path, **setting)
    shown = dict(line.split(": ") for line in done.stdout.splitlines())
    listed = collegium("apps", "list", "--json", folder=tmp_path, **setting)

    [entry] = orjson.loads(listed.stdout)
    assert (entry["clientId"], entry["name"], entry["points"]) == (shown["client id"], "Report builder", 500)
    assert (entry["role"], entry["scopes"], entry["disabledAt"]) == ("author", ["read", "write"], None)
    assert shown["secret"] not in listed.stdout
    database = open_database(database_url)
    application = await find(database, shown["client id"])
    await database.close()
    assert application is not None
    assert application.generation_of(shown["secret"], now()) == 1
    assert application.scopes == set(Scope)


def test_an_application_only_reads_unless_told_otherwise_and_can_be_disabled(
    setting: dict[str, str], tmp_path: Path
) -> None:
    done = collegium("apps", "add", "Report", "--username", "ada", folder=tmp_path, **setting)
    name = done.stdout.split()[2]
    lines = []
    for change in ("disable", "enable"):
        assert collegium("apps", change, name, folder=tmp_path, **setting).returncode == 0
        lines.append(collegium("apps", "list", folder=tmp_path, **setting).stdout)

    assert lines == [f"{name}  ada (learner, read)  Report  disabled\n", f"{name}  ada (learner, read)  Report\n"]


async def test_a_new_secret_is_shown(setting: dict[str, str], database_url: URL, tmp_path: Path) -> None:
    done = collegium("apps", "add", "Report", "--username", "ada", folder=tmp_path, **setting)
    name = done.stdout.split()[2]
    secret = collegium("apps", "rotate", name, "--grace", "1", folder=tmp_path, **setting).stdout.split()[1]

    database = open_database(database_url)
    application = await find(database, name)
    await database.close()
    assert application is not None
    assert application.generation_of(secret, now()) == 2
    assert application.honours(1, now())


def test_an_application_that_is_not_there_is_one_clear_line(setting: dict[str, str], tmp_path: Path) -> None:
    line = failure(collegium("apps", "disable", "nobody", folder=tmp_path, **setting))

    assert line == "collegium: there is no application 'nobody'; 'collegium apps list' shows all"
