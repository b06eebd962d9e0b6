"""`collegium apps`: the applications that may call the server, registered by whoever runs it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from db.tables import ClientApplication
    from server.settings import Settings

RoleName = Literal["learner", "author", "admin"]
ClientId = Annotated[str, typer.Argument(help="Client id, as `collegium apps list` shows it.")]
T = TypeVar("T")


def group(command: Callable[..., Any]) -> typer.Typer:
    """The commands, declared by `command` (`server.cli.command`)."""
    apps = typer.Typer(
        help="Register the applications that call the server.", no_args_is_help=True, rich_markup_mode="markdown"
    )
    command(apps)(add)
    command(apps, "list")(list_all)
    command(apps)(rotate)
    command(apps)(disable)
    command(apps)(enable)
    return apps


async def add(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    *,
    username: Annotated[str, typer.Option(help="LMS username of the user that it acts as.")],
    role: Annotated[RoleName, typer.Option(help="Highest role of that user.")] = "learner",
    write: Annotated[bool, typer.Option("--write", help="Whether it may run mutations, and not only read.")] = False,
    points: Annotated[
        int | None, typer.Option(help="Points of its own, in place of everybody's share of the rate limit.", min=1)
    ] = None,
) -> None:
    """Register an application and print its client id and its secret, which is shown this once.

    Example: `collegium apps add "Report builder" --username report_worker`
    """
    from resolvers.access import Role
    from server.applications.registry import ALL_SCOPES, Registration, Scope, register

    wanted = Registration(name, username, Role(role), ALL_SCOPES if write else frozenset({Scope.READ}), points)
    client_id, secret = await changing(_settings(), lambda session: register(session, wanted))
    typer.echo(f"client id: {client_id}\nsecret: {secret}")


async def list_all(*, as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False) -> None:
    """List the applications, without their secrets.

    Example: `collegium apps list --json`
    """
    import orjson

    from server.applications.registry import all_of

    entries = [_entry(each) for each in await changing(_settings(), all_of)]
    if as_json:
        typer.echo(orjson.dumps(entries, option=orjson.OPT_INDENT_2).decode())
    else:
        for entry in entries:
            state = "" if entry["disabledAt"] is None else "  disabled"
            scopes = "+".join(entry["scopes"])
            typer.echo(f"{entry['clientId']}  {entry['username']} ({entry['role']}, {scopes})  {entry['name']}{state}")


async def rotate(
    client_id: ClientId,
    *,
    grace: Annotated[float, typer.Option(help="Hours for which the old secret stays good.", min=0, max=24 * 30)] = 0,
) -> None:
    """Give an application a new secret and print it; without a grace the old one and its tokens are good no longer.

    Example: `collegium apps rotate 0123456789abcdef0123456789abcdef --grace 24`
    """
    from server.applications import registry

    secret = await changing(_settings(), lambda session: registry.rotate(session, client_id, timedelta(hours=grace)))
    typer.echo(f"secret: {secret}")


async def disable(client_id: ClientId) -> None:
    """Let an application in no longer; its tokens end within five seconds.

    Example: `collegium apps disable 0123456789abcdef0123456789abcdef`
    """
    from server.applications import registry

    await changing(_settings(), lambda session: registry.disable(session, client_id))


async def enable(client_id: ClientId) -> None:
    """Let a disabled application in again.

    Example: `collegium apps enable 0123456789abcdef0123456789abcdef`
    """
    from server.applications import registry

    await changing(_settings(), lambda session: registry.enable(session, client_id))


def _settings() -> "Settings":
    from server.cli import read_settings

    return read_settings()


async def changing(settings: "Settings", work: "Callable[[AsyncSession], Awaitable[T]]") -> T:
    """The result of `work` in a transaction on the database that the settings name."""
    from db.engine import open_database
    from db.migrate import check

    await check(settings.database_url)
    database = open_database(settings.database_url)
    try:
        async with database.writing() as session:
            return await work(session)
    finally:
        await database.close()


def _entry(application: "ClientApplication") -> dict[str, Any]:
    return {
        "clientId": application.client_id,
        "name": application.name,
        "username": application.username,
        "role": application.role,
        "scopes": application.scopes.split(),
        "points": application.points,
        "createdAt": application.created_at,
        "disabledAt": application.disabled_at,
    }
