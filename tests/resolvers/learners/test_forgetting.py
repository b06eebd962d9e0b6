"""A learner who has to be forgotten is nowhere in the database afterwards."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, select

from db.engine import Database
from db.tables import Base, ClientApplication, IdempotencyKey, OutgoingEvent, ProgramUser, RoleGrant, now
from edx.events import Event, EventKind
from resolvers.learners.forgetting import NAMES
from server.failures import Failure
from server.settings import load
from server.users import commands
from tests.asking import ADMIN, AUTHOR
from tests.catalog import uuid
from tests.commands import collegium
from tests.resolvers.learners.conftest import RUN, Campus

PROGRAM = f"Program:{uuid(1)}"
NAME = "zoe_100"
LIKE_NAMES = ("zoe_1000", "zoex100", "azoe_100")
"""Others whose names hold that name, or are like it for a pattern."""

RETIRE = "mutation ($name: String!) { retireUser(input: {username: $name}) { pseudonym userErrors { code field } } }"


async def everything(database: Database) -> str:
    """All values in all tables."""
    async with database.writing() as session:
        found = [str(row) for table in Base.metadata.sorted_tables for row in await session.execute(select(table))]
    return "\n".join(found)


async def fill(campus: Campus) -> None:
    """Leave traces of the learner, and of others with similar names, in as many tables as there can be."""
    names = [NAME, *LIKE_NAMES]
    for name in names:
        campus.enroll(name, mode="verified")
        campus.certify(name)
        await campus.data("{ viewer { programs { nodes { progress { done } } } } }", campus.viewer(name))
    document = """mutation ($program: ID!, $names: [String!]!) {
        registerProgramUsers(input: {program: $program, usernames: $names}) { registered } }"""
    await campus.data(document, ADMIN, program=f"Program:{uuid(5)}", names=names)
    for name in names:
        given = f'{{program: "{PROGRAM}", username: "{name}"}}'
        await campus.data(f"mutation {{ removeProgramUser(input: {given}) {{ program {{ id }} }} }}", ADMIN)
    await campus.learners.inbox.put(
        [Event(name, EventKind.CERTIFICATE, name, RUN, now(), {"mode": ""}) for name in ("1", "2")]
        + [
            Event(f"e{i}", EventKind.ENROLLMENT, name, RUN, now(), {"mode": "", "is_active": True})
            for i, name in enumerate(names)
        ]
    )
    await campus.learners.inbox.take_up()
    async with campus.database.writing() as session:
        for name in names:
            session.add(RoleGrant(username=name, role="author", program_id=2, granted_by=name))
            session.add(OutgoingEvent(uuid=name, kind="x", username=name, program_id=2, certificate=f"of {name}"))
            session.add(IdempotencyKey(username=name, operation="x", key="k", fingerprint="f", result="r"))
            session.add(
                ClientApplication(
                    client_id=name[::-1], name="App", username=name, role="learner", scopes="read", secret_hash="0"
                )
            )


async def test_nothing_is_left_of_who_is_retired_and_everything_of_others(campus: Campus) -> None:
    await fill(campus)
    before = await everything(campus.database)
    assert before.count(f"'{NAME}'") > 8
    assert f'"{NAME}"' in before

    payload = (await campus.data(RETIRE, ADMIN, name=NAME))["retireUser"]

    after = await everything(campus.database)
    for quote in ("'", '"'):
        assert f"{quote}{NAME}{quote}" not in after
        for name in LIKE_NAMES:
            assert after.count(f"{quote}{name}{quote}") == before.count(f"{quote}{name}{quote}") > 0
    assert payload["pseudonym"].startswith("retired-")
    assert payload["pseudonym"] in after


async def test_associations_keep_counting_under_a_name_that_says_nothing(campus: Campus) -> None:
    await fill(campus)
    payload = (await campus.data(RETIRE, ADMIN, name=NAME))["retireUser"]

    async with campus.database.writing() as session:
        names = list(await session.scalars(select(ProgramUser.username).where(ProgramUser.program_id == 2)))
    assert sorted(names) == sorted([payload["pseudonym"], *LIKE_NAMES])


async def test_an_application_that_acts_as_the_retired_works_no_more(campus: Campus) -> None:
    await fill(campus)
    await campus.data(RETIRE, ADMIN, name=NAME)

    async with campus.database.writing() as session:
        rows = {row.client_id: row.disabled_at for row in await session.scalars(select(ClientApplication))}
    assert [client for client, disabled in rows.items() if disabled] == [NAME[::-1]]


async def test_only_admins_retire_others_and_nobody_retires_oneself(campus: Campus) -> None:
    for viewer in (campus.viewer("ada"), AUTHOR):
        error = await campus.asking.error(RETIRE, {"name": "bob"}, viewer=viewer)
        assert error["extensions"]["code"] == "FORBIDDEN"
    for name in ("admin", " ", "a\u0000b", "x" * 256):
        payload = (await campus.data(RETIRE, ADMIN, name=name))["retireUser"]
        assert payload == {"pseudonym": None, "userErrors": [{"code": "INVALID", "field": ["username"]}]}


async def test_forgetting_somebody_who_is_not_known_is_no_error(campus: Campus) -> None:
    assert (await campus.data(RETIRE, ADMIN, name="nobody"))["retireUser"]["userErrors"] == []


def test_every_column_that_holds_a_username_is_known() -> None:
    """A column whose name ends like one and is not among those that are seen to would be overlooked."""
    columns = {column.name for table in Base.metadata.sorted_tables for column in table.columns}

    assert {name for name in columns if name.endswith(("username", "_by", "_user"))} <= NAMES


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_the_command_forgets_too(campus: Campus, dialect: str, tmp_path: Path) -> None:
    await fill(campus)
    url: Any = campus.database.engine.url
    setting = {"COLLEGIUM_DATABASE_URL": url.render_as_string(hide_password=False)}

    done = collegium("users", "forget", NAME, folder=tmp_path, **setting)

    assert done.stdout.startswith("Forgotten. Histories show retired-")
    assert f"'{NAME}'" not in await everything(campus.database)


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_the_command_refuses_what_is_nobodys_name(database_url: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.cli.read_settings", lambda: load(database_url=database_url))
    with pytest.raises(Failure, match="a username has 1 to 255 characters"):
        await commands.forget("x" * 256)
