"""`collegium programs`: programs moved from one installation to another, as files of JSON."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.applications.commands import changing

if TYPE_CHECKING:
    from resolvers.programs.exchange import Imported
    from resolvers.refusals import Problem

STREAM = Path("-")
LONGEST = 60


def group(command: Callable[..., Any]) -> typer.Typer:
    """The commands, declared by `command` (`server.cli.command`)."""
    programs = typer.Typer(
        help="Move programs between installations.", no_args_is_help=True, rich_markup_mode="markdown"
    )
    command(programs, "export")(export_file)
    command(programs, "import")(import_file)
    return programs


async def import_file(
    file: Annotated[Path, typer.Argument(help="File that `collegium programs export` wrote; `-` is standard input.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; show what would change.")] = False,
    username: Annotated[str, typer.Option(help="Whose name the histories of the programs show.")] = "collegium",
) -> None:
    """Make the programs of a file, or bring known ones up to date by their UUIDs, all or none of them.

    Example: `collegium programs import programs.json --dry-run`
    """
    from resolvers.access import Role, Viewer
    from resolvers.programs.exchange import Importer, Rehearsed
    from resolvers.programs.files import read
    from resolvers.refusals import Refusal
    from server.cli import read_settings
    from server.programs.rules import rules

    settings = read_settings()
    operator = Viewer(username, frozenset({Role.ADMIN}), application="command line")
    try:
        document = read(sys.stdin.buffer.read() if file == STREAM else file.read_bytes())
        imported = await changing(
            settings, lambda session: Importer(session, operator, rules(settings)).run(document, dry_run=dry_run)
        )
    except Rehearsed as rehearsed:
        imported = list(rehearsed.imported)
    except Refusal as refusal:
        for problem in refusal.problems:
            typer.echo(f"collegium: {_located(problem)}", err=True)
        raise typer.Exit(1) from None
    for line in _report(imported, is_dry_run=dry_run):
        typer.echo(line)


async def export_file(
    file: Annotated[Path, typer.Argument(help="File to write; standard output if none is given.")] = STREAM,
) -> None:
    """Write all programs but deleted ones, and all categories, as JSON; the same programs give the same bytes.

    Example: `collegium programs export programs.json`
    """
    from resolvers.programs.exchange import export_programs
    from server.cli import read_settings

    content = await changing(read_settings(), export_programs)
    if file == STREAM:
        typer.echo(content, nl=False)
    else:
        file.write_bytes(content)


def _located(problem: "Problem") -> str:
    """A problem with its place: `programs[0].runModes[1].run: …`."""
    place = "".join(f"[{part}]" if part.isdecimal() else f".{part}" for part in problem.place).lstrip(".")
    return f"{place}: {problem.message}" if place else problem.message


def _report(imported: "Sequence[Imported]", *, is_dry_run: bool) -> Iterator[str]:
    """A line for each program that is not as it was, and for each field that changes of a known one."""
    from resolvers.catalog.report import Outcome

    for each in imported:
        if each.outcome is not Outcome.UNCHANGED:
            yield f"{each.outcome.value} {each.name!r} ({each.uuid})"
        if each.outcome is Outcome.UPDATED:
            yield from (f"  {field}: {_short(a)} → {_short(b)}" for field, (a, b) in each.changes.items())
    outcomes = [each.outcome for each in imported]
    counts = ", ".join(
        f"{outcomes.count(outcome)} {outcome.value}" for outcome in Outcome if outcome is not Outcome.SKIPPED
    )
    yield f"Programs{' (dry run)' if is_dry_run else ''}: {counts}."


def _short(value: object) -> str:
    import orjson

    text = orjson.dumps(value).decode()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
