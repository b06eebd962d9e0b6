"""`collegium users`: what an operator does about single users."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from server.applications.commands import changing
from server.failures import Failure


def group(command: Callable[..., Any]) -> typer.Typer:
    """The commands, declared by `command` (`server.cli.command`)."""
    users = typer.Typer(help="Deal with single users.", no_args_is_help=True, rich_markup_mode="markdown")
    command(users)(forget)
    return users


async def forget(
    username: Annotated[str, typer.Argument(help="LMS username, compared with case.")],
) -> None:
    """Erase a learner, as their right to be forgotten asks for; histories keep a random name in place of theirs.

    Retire the user in the LMS first: what it still has comes back when it is asked again.

    Example: `collegium users forget ada`
    """
    from resolvers.learners.forgetting import forget as forget_learner
    from resolvers.refusals import Refusal
    from server.cli import read_settings

    try:
        pseudonym = await changing(read_settings(), lambda session: forget_learner(session, username))
    except Refusal as refusal:
        raise Failure(str(refusal)) from None
    typer.echo(f"Forgotten. Histories show {pseudonym} from now on.")
