"""`collegium sync directories`: course directories into the catalog."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.failures import Failure

if TYPE_CHECKING:
    from resolvers.directories.changes import LibraryPlan
    from resolvers.directories.layout import Layout
    from server.settings import Settings

Roots = Annotated[
    list[Path], typer.Argument(help="Folders, each with a library's `sites`.", exists=True, file_okay=False)
]


async def sync_directories(
    roots: Roots,
    *,
    site: Annotated[list[str] | None, typer.Option(help="Look at this site only; may be given several times.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; show what would be done.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
    allow_removals: Annotated[
        bool, typer.Option("--allow-removals", help="Remove what is not on the disk any more.")
    ] = False,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Remove even the last course of a site, or the site.")
    ] = False,
    confirm: Annotated[
        list[str] | None,
        typer.Option(help="Key of a run that may be removed although learners are enrolled or see it in a program."),
    ] = None,
    read_again: Annotated[
        bool, typer.Option("--read-again", help="Read files too that the file system calls untouched.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--watch", help="Go on until stopped: synchronize again whenever something has changed.")
    ] = False,
) -> None:
    """Take courses that are kept as directories over into the catalog.

    Prints what is created, changed and removed as a tree. Fails when something is wrong with a course, or it would have
    to be removed without leave; everything else is done all the same.

    Example: `collegium sync directories /srv/library --dry-run`
    """
    from db.engine import open_database
    from db.migrate import check as check_database
    from resolvers.directories.layout import Policy
    from resolvers.directories.report import as_json as json_of
    from resolvers.directories.sync import sync_directories as run_sync
    from server.cli import read_settings
    from server.directories.tree import show

    settings = read_settings()
    await check_database(settings.database_url)
    database = open_database(settings.database_url)
    policy = Policy(allow_removals, allow_empty, frozenset(confirm or ()), read_again)
    synchronize = partial(run_sync, database, roots, layout_of(settings), policy, sites=site, dry_run=dry_run)
    try:
        await (_repeat if again else _once)(
            synchronize, (lambda plans: typer.echo(json_of(plans))) if as_json else show
        )
    finally:
        await database.close()


Synchronize = Callable[..., "Awaitable[list[LibraryPlan]]"]
Show = Callable[[Sequence["LibraryPlan"]], None]


async def _once(synchronize: Synchronize, show: Show) -> None:
    from server.reports import progress_bar

    with progress_bar("Courses") as progress:
        plans = await synchronize(progress=progress)
    show(plans)
    if problem := problem_of(plans):
        raise Failure(problem)


async def _repeat(synchronize: Synchronize, show: Show) -> None:
    from server.directories.watching import watch

    await watch(synchronize, show, lambda text: typer.echo(f"warning: {text}", err=True))


def group(command: Callable[..., Any]) -> typer.Typer:
    """The commands besides `sync directories`, declared by `command` (`server.cli.command`)."""
    directories = typer.Typer(
        help="Course directories.",
        no_args_is_help=True,
        rich_markup_mode="markdown",
    )
    directories.callback()(lambda: None)  # or a group of one command would be that command
    command(directories, "export")(export)
    return directories


async def export(
    key: Annotated[str, typer.Argument(help="Key of the course's run.")],
    target: Annotated[Path, typer.Argument(help="New or empty folder.", file_okay=False)],
) -> None:
    """Write a course with its sections as a directory again, as it was synchronized last.

    Images are copied from the library. Comments and the like, which have no meaning, are not kept.

    Example: `collegium directories export course-v1:platform.ou.edu+CLC_3403+Fall2014 /tmp/clc`
    """
    from db.engine import open_database
    from db.migrate import check as check_database
    from ondisk.writer import AssetChanged, write_course
    from resolvers.directories.export import stored_course
    from resolvers.errors import RequestError
    from server.cli import read_settings

    settings = read_settings()
    await check_database(settings.database_url)
    database = open_database(settings.database_url)
    try:
        async with database.writing() as session:
            course, library = await stored_course(session, key)
        files = write_course(course, target, library)
    except (RequestError, AssetChanged) as error:
        raise Failure(str(error)) from error
    finally:
        await database.close()
    typer.echo(f"{len(files)} files are in {target}.")


def layout_of(settings: "Settings") -> "Layout":
    """What the settings say about directories."""
    from resolvers.directories.layout import Layout

    return Layout(
        tuple(root.resolve() for root in settings.directory_roots),
        settings.site_organizations,
        settings.site_parents,
        frozenset(settings.directory_roles),
    )


def problem_of(plans: Sequence["LibraryPlan"]) -> str | None:
    """Why a synchronization is no success, in a few words."""
    from resolvers.directories.changes import Fate

    if missing := [plan.root for plan in plans if not plan.found]:
        return f"there is no library with sites in {', '.join(missing)}"
    sites = [site for plan in plans for site in plan.sites]
    bad = [fate for site in sites for fate in (Fate.HELD, Fate.REFUSED) for _ in range(site.counts()[fate])]
    bad += [site.fate for site in sites if site.fate in {Fate.HELD, Fate.REFUSED} and not site.courses]
    if not bad:
        return None
    return f"{bad.count(Fate.HELD)} courses, sections or sites are held, {bad.count(Fate.REFUSED)} are not removed"
