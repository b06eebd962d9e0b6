"""Registered applications and their secrets (`spec/content-api.md`, "Security")."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from db.engine import Database
from db.tables import ClientApplication, now
from resolvers.access import Role
from server.applications.registry import (
    ALL_SCOPES,
    Registration,
    all_of,
    disable,
    enable,
    find,
    register,
    rotate,
)
from server.failures import Failure
from tests.server.applications.conftest import Registered

HOUR = timedelta(hours=1)


async def test_an_application_is_found_as_it_was_registered(registered: Registered) -> None:
    found = await registered.now()

    assert (found.name, found.username, found.role) == ("Report builder", "report_worker", Role.AUTHOR)
    assert (found.scopes, found.points, found.is_disabled) == (ALL_SCOPES, None, False)


async def test_an_unknown_application_is_none(database: Database) -> None:
    assert await find(database, "nobody") is None


async def test_a_secret_is_not_in_the_database(registered: Registered) -> None:
    async with registered.database.writing() as session:
        [row] = (await session.execute(select(ClientApplication.__table__))).all()

    assert len(registered.secret) >= 43  # 256 bits
    assert registered.secret not in repr(row)


async def test_two_applications_have_nothing_in_common(database: Database) -> None:
    wanted = Registration("Same", "ada", points=7)
    async with database.writing() as session:
        pairs = [await register(session, wanted) for _ in range(2)]
        listed = await all_of(session)

    assert len({value for pair in pairs for value in pair}) == 4
    assert [(each.name, each.scopes, each.points) for each in listed] == [("Same", "read", 7)] * 2


@pytest.mark.parametrize("wanted", [Registration(" ", "ada"), Registration("Report", "")])
async def test_an_application_needs_a_name_and_a_user(database: Database, wanted: Registration) -> None:
    with pytest.raises(Failure, match="needs a name and a username"):
        async with database.writing() as session:
            await register(session, wanted)


async def test_only_its_own_secret_is_accepted(registered: Registered) -> None:
    application = await registered.now()

    assert application.generation_of(registered.secret, now()) == 1
    assert application.generation_of(registered.secret + "x", now()) is None
    assert application.generation_of("", now()) is None
    assert application.generation_of("\ud800", now()) is None


async def test_a_new_secret_ends_the_old_one_and_its_tokens(registered: Registered) -> None:
    async with registered.database.writing() as session:
        secret = await rotate(session, registered.client_id, timedelta(0))
    application = await registered.now()

    assert application.generation_of(secret, now()) == 2
    assert application.generation_of(registered.secret, now()) is None
    assert (application.honours(2, now()), application.honours(1, now())) == (True, False)


async def test_in_the_time_of_grace_both_secrets_are_good(registered: Registered) -> None:
    async with registered.database.writing() as session:
        secret = await rotate(session, registered.client_id, HOUR)
    application, soon, late = await registered.now(), now() + HOUR * 0.9, now() + HOUR * 1.1

    assert [application.generation_of(each, soon) for each in (secret, registered.secret)] == [2, 1]
    assert [application.generation_of(each, late) for each in (secret, registered.secret)] == [2, None]
    assert [application.honours(1, at) for at in (soon, late)] == [True, False]


async def test_the_secret_before_the_last_is_never_good(registered: Registered) -> None:
    async with registered.database.writing() as session:
        for _ in range(2):
            await rotate(session, registered.client_id, HOUR)
    application = await registered.now()

    assert application.generation_of(registered.secret, now()) is None
    assert not application.honours(1, now())


async def test_a_disabled_application_is_let_in_again_once_enabled(registered: Registered) -> None:
    async with registered.database.writing() as session:
        await disable(session, registered.client_id)
    disabled = await registered.now()
    async with registered.database.writing() as session:
        await enable(session, registered.client_id)
    enabled = await registered.now()

    assert (disabled.is_disabled, disabled.honours(1, now())) == (True, False)
    assert (enabled.is_disabled, enabled.honours(1, now())) == (False, True)


@pytest.mark.parametrize("change", [disable, enable, lambda session, name: rotate(session, name, HOUR)])
async def test_an_application_that_is_not_there_cannot_be_changed(database: Database, change: object) -> None:
    assert callable(change)
    with pytest.raises(Failure, match="there is no application 'nobody'"):
        async with database.writing() as session:
            await change(session, "nobody")
