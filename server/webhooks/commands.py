"""`collegium webhooks`: what an operator does about events that did not arrive."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from server.applications.commands import changing


def group(command: Callable[..., Any]) -> typer.Typer:
    """The commands, declared by `command` (`server.cli.command`)."""
    webhooks = typer.Typer(
        help="Look after the events that are sent to others.", no_args_is_help=True, rich_markup_mode="markdown"
    )
    command(webhooks, "list")(list_all)
    command(webhooks)(retry)
    return webhooks


async def list_all(*, as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False) -> None:
    """List the events that did not arrive yet, or were given up, and why.

    Example: `collegium webhooks list --json`
    """
    import orjson

    from resolvers.learners.outbox import undelivered
    from server.cli import read_settings

    entries = [
        {
            "id": event.uuid, "type": event.kind, "certificate": event.certificate, "time": event.at,
            "state": event.state.value, "attempts": event.attempts, "dueAt": event.due_at, "problem": event.problem,
        }
        for event in await changing(read_settings(), undelivered)
    ]  # fmt: skip
    if as_json:
        typer.echo(orjson.dumps(entries, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode())
        return
    for entry in entries:
        problem = f"  {entry['problem']}" if entry["problem"] else ""
        typer.echo(f"{entry['id']}  {entry['type']}  {entry['state']}, {entry['attempts']} attempts{problem}")


async def retry() -> None:
    """Have the events that were given up sent again, by the server.

    Example: `collegium webhooks retry`
    """
    from resolvers.learners.outbox import retry as retry_events
    from server.cli import read_settings

    typer.echo(f"{await changing(read_settings(), retry_events)} events will be sent again.")
