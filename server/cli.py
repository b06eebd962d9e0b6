"""The command line: `collegium COMMAND`.

Every command says what it does and gives an example under `--help`, and ends with a code other than 0 and one line on
standard error when it fails. Modules that take long to load are loaded inside the commands that need them.
"""

import asyncio
import contextlib
import functools
import inspect
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, ParamSpec

import typer

from server.applications import commands as applications
from server.content import commands as content
from server.directories import commands as directories
from server.documents import commands as documents
from server.failures import Failure
from server.garbage import look_seldom
from server.jobs import commands as jobs
from server.programs import commands as programs
from server.users import commands as users
from server.webhooks import commands as webhooks

if TYPE_CHECKING:
    from resolvers.catalog import Report
    from server.settings import Settings

P = ParamSpec("P")
RoleName = Literal["learner", "author", "admin"]
"""The values of `resolvers.access.Role`, which takes long to load."""


app = typer.Typer(
    name="collegium",
    help="One GraphQL server over everything that an institution runs on Open edX.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
sync = typer.Typer(
    help="Fill the catalog from the LMS or from course directories.", no_args_is_help=True, rich_markup_mode="markdown"
)
app.add_typer(sync, name="sync")


def command(application: typer.Typer, name: str | None = None) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Declare a command, whose docstring is its help: a function or a coroutine, whose failures are one line."""

    def declare(work: Callable[P, Any]) -> Callable[P, Any]:
        @functools.wraps(work)
        def run(*given: P.args, **named: P.kwargs) -> None:
            with failing_well():
                result = work(*given, **named)
                if inspect.iscoroutine(result):
                    _run(result)

        application.command(name=name)(run)
        return work

    return declare


app.add_typer(applications.group(command), name="apps")
app.add_typer(documents.group(command), name="documents")
app.add_typer(jobs.group(command), name="jobs")
app.add_typer(directories.group(command), name="directories")
app.add_typer(programs.group(command), name="programs")
app.add_typer(users.group(command), name="users")
app.add_typer(webhooks.group(command), name="webhooks")
content.declare(command, app)


def main() -> None:
    """The entry point of the `collegium` command."""
    look_seldom()
    app()


@command(app)
async def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on, in place of COLLEGIUM_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on, in place of COLLEGIUM_PORT.")] = None,
) -> None:
    """Run the server until Ctrl-C or SIGTERM.

    Example: `collegium serve --port 8080`
    """
    from db.migrate import check as check_database
    from server.app import create_app
    from server.process import listen, url_of
    from server.process import serve as serve_app

    settings = read_settings(**{name: value for name, value in (("host", host), ("port", port)) if value is not None})
    await check_database(settings.database_url)
    listener = listen(settings.host, settings.port)
    served = create_app(settings)
    ready = f"Collegium serves {url_of(listener)}/graphql"
    await serve_app(served, listener, lambda: typer.echo(ready), served.state.streams.close)


@command(app)
async def worker(
    *,
    queue: Annotated[
        list[str] | None, typer.Option(help="A queue to take jobs from; may be repeated. All if not given.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(help="Jobs of one queue at a time, in place of what settings say.", min=1)
    ] = None,
) -> None:
    """Run jobs until Ctrl-C or SIGTERM; any number of workers may, on any number of machines.

    Example: `collegium worker --concurrency 8`
    """
    from server.jobs.running import run_worker

    settings = read_settings()
    await run_worker(
        settings, queues=queue or (), concurrency=concurrency, on_ready=lambda: typer.echo("Collegium runs jobs")
    )


@command(app)
async def migrate() -> None:
    """Bring the database to this version's tables; a new database is made so from nothing.

    Example: `COLLEGIUM_DATABASE_URL=postgresql://collegium@db/collegium collegium migrate`
    """
    from db.migrate import migrate as migrate_database

    before, now = await migrate_database(read_settings().database_url)
    typer.echo(f"The database is at revision {now}{', as before' if before == now else ''}.")


@command(app, "export-schema")
def export_schema() -> None:
    """Print the schema in GraphQL's schema definition language.

    Example: `collegium export-schema > schema.graphql`
    """
    from schema import sdl

    typer.echo(sdl(), nl=False)


@command(app)
def token(
    *,
    role: Annotated[RoleName, typer.Option(help="What the user may do.")],
    username: Annotated[str, typer.Option(help="Whose token it is.")],
    hours: Annotated[float, typer.Option(help="How long it is good.", min=0.01, max=24 * 365)] = 24,
) -> None:
    """Print a token for development, signed with COLLEGIUM_JWT_SECRET.

    Example: `collegium token --role admin --username ada`
    """
    from resolvers.access import Role
    from server.signin import CannotMint, mint

    try:
        typer.echo(mint(read_settings(), username, Role(role), timedelta(hours=hours)))
    except CannotMint as error:
        raise Failure(str(error)) from error


@command(app)
async def check() -> None:
    """Check settings, database, migrations, LMS and Studio, one line each; fails when one of them does.

    Example: `collegium check`
    """
    from server.checks import checks
    from server.settings import SettingsError

    try:
        settings = read_settings()
    except SettingsError as error:
        typer.echo(f"✗ settings: {'; '.join(error.problems)}")
        raise typer.Exit(1) from None
    is_good = True
    async for name, problem in checks(settings):
        typer.echo(f"✗ {name}: {problem}" if problem else f"✓ {name}")
        is_good = is_good and not problem
    if not is_good:
        raise typer.Exit(1)


@command(sync, "organizations")
async def sync_organizations(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; report what would be done.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Copy the LMS's organizations into the catalog: new ones are made, renamed ones renamed, none removed.

    Example: `collegium sync organizations --dry-run`
    """
    from resolvers import catalog

    await _sync("Organizations", catalog.sync_organizations, dry_run=dry_run, as_json=as_json)


@command(sync, "course-runs")
async def sync_course_runs(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; report what would be done.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Copy the LMS's course runs into the catalog, and make their courses and organizations where they are new.

    Example: `collegium sync course-runs --json`
    """
    from resolvers import catalog

    await _sync("Course runs", catalog.sync_course_runs, dry_run=dry_run, as_json=as_json)


command(sync, "directories")(directories.sync_directories)


@command(sync, "run-modes")
async def sync_run_modes(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; report what would be done.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Mark the runs and modes of programs that the LMS does not offer any more, and unmark those that it offers again.

    Example: `collegium sync run-modes --dry-run`
    """
    from resolvers.programs import sync_run_modes as work

    await _sync("Run modes", work, dry_run=dry_run, as_json=as_json)


@command(sync, "teams")
async def sync_teams(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; report what would be done.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Copy the teams of runs from Studio: their members may change the content of their runs, and nobody else any more.

    Example: `collegium sync teams --dry-run`
    """
    from resolvers.catalog.teams import sync_teams as work
    from server.upstream import open_studio

    await _sync("Teams", work, opened=open_studio, dry_run=dry_run, as_json=as_json)


@command(app)
async def simulate(
    *,
    seed: Annotated[int, typer.Option(help="Number that the data are made from.")] = 1,
    latency: Annotated[float, typer.Option(help="Seconds that every answer takes longer.", min=0)] = 0,
    error_rate: Annotated[float, typer.Option(help="Part of the calls that fail, from 0 to 1.", min=0, max=1)] = 0,
    silence_rate: Annotated[
        float, typer.Option(help="Part of the calls that are not answered, though done, from 0 to 1.", min=0, max=1)
    ] = 0,
    throttle: Annotated[bool, typer.Option(help="Whether calls are limited as on the real LMS.")] = True,
    date: Annotated[
        datetime | None,
        typer.Option(help="Day around which the courses run; today if not given.", formats=["%Y-%m-%d"]),
    ] = None,
    until_input_ends: Annotated[bool, typer.Option("--until-input-ends", hidden=True)] = False,
) -> None:
    """Run a simulated Open edX, LMS and Studio, for development and tests.

    Example: `collegium simulate --latency 0.3 --error-rate 0.05`
    """
    from server.simulation import simulate as run_simulation

    await run_simulation(
        read_settings(),
        seed=seed,
        latency=latency,
        error_rate=error_rate,
        silence_rate=silence_rate,
        throttle=throttle,
        now=date and date.replace(tzinfo=UTC),
        until_input_ends=until_input_ends,
    )


@command(app)
async def demo() -> None:
    """Run the server with demo data on a simulated Open edX, in the folder COLLEGIUM_DATA_DIR.

    Example: `COLLEGIUM_PORT=8080 collegium demo`
    """
    from server.demo import run_demo

    _warn_of_unknown_variables()
    await run_demo()


async def _sync(
    kind: str,
    work: "Callable[..., Coroutine[Any, Any, Report]]",
    *,
    opened: "Callable[[Settings], contextlib.AbstractAsyncContextManager[Any]] | None" = None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Run one of the syncs, of the LMS if nothing else is `opened`, with a progress bar, and print its report."""
    from db.engine import open_database
    from db.migrate import check as check_database
    from server.reports import as_text, progress_bar
    from server.upstream import open_lms

    settings = read_settings()
    await check_database(settings.database_url)
    database = open_database(settings.database_url)
    try:
        async with (opened or open_lms)(settings) as platform:
            with progress_bar(kind) as progress:
                report = await work(database, platform, dry_run=dry_run, progress=progress)
    finally:
        await database.close()
    typer.echo(report.json() if as_json else as_text(report))
    if report.failure:
        raise Failure(report.failure)


def read_settings(**given: Any) -> "Settings":
    """The settings, with logs set up as they say, and a warning for each variable that nobody reads."""
    from server.logs import configure
    from server.settings import load

    settings = load(**given)
    configure(settings.log_level, settings.log_format)
    _warn_of_unknown_variables()
    return settings


def _warn_of_unknown_variables() -> None:
    from server.settings import unknown_variables

    for line in unknown_variables():
        typer.echo(f"warning: {line}", err=True)


@contextlib.contextmanager
def failing_well() -> Iterator[None]:
    """Turn whatever goes wrong into one line for each problem and an exit code, never a traceback."""
    try:
        yield
    except (typer.Exit, BrokenPipeError):  # the latter is for typer: whoever read our output had enough
        raise
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except Exception as error:  # noqa: BLE001 -- the last line of defence
        for problem in _problems(error):
            typer.echo(f"collegium: {' '.join(problem.split())}", err=True)
        raise typer.Exit(1) from None


def _problems(error: Exception) -> Iterable[str]:
    """The lines that say what went wrong. What nobody foresaw is a fault of ours: its traceback is in the log."""
    from db.errors import DatabaseError
    from db.store.errors import StoreError
    from edx.errors import OpenEdxError
    from server.settings import SettingsError

    if isinstance(error, SettingsError):
        return error.problems
    if isinstance(error, Failure | DatabaseError | OpenEdxError | StoreError | OSError):
        return [str(error)]

    import structlog

    structlog.get_logger(__name__).debug("the command broke down", exc_info=error)
    return [f"unexpected {type(error).__name__}: {error}; COLLEGIUM_LOG_LEVEL=debug shows where"]


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine on the quickest loop that is installed."""
    if sys.platform == "win32":  # pragma: no cover -- tests run where uvloop does
        asyncio.run(work)
    else:
        import uvloop

        uvloop.run(work)
