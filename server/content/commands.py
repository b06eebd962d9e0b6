"""`collegium import-course`, `collegium export-course` and `collegium content`: content from and to files."""

import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from server.content.corpus import content_report
from server.failures import Failure
from server.instances.commands import WORKS

if TYPE_CHECKING:
    from db.store import Head, Store
    from edx.olx import Report
    from resolvers.content.imports import Imported, Progress
    from resolvers.merging.conflicts import Conflict

STREAM = Path("-")
LONGEST_NAME = 255
RunKey = Annotated[str, typer.Option("--run", help="Course key of the run, such as `course-v1:ANUx+ASTRO2X+2T2026`.")]
Version = Annotated[str | None, typer.Option(help="A version that the run had; what it has now if none is given.")]


def declare(command: Callable[..., Any], application: typer.Typer) -> None:
    """Add the commands to an application; `command` is `server.cli.command`."""
    command(application, "import-course")(import_file)
    command(application, "export-course")(export_file)
    command(application, "push-course")(push_file)
    command(application, "content-report")(content_report)
    group = typer.Typer(help="Look after stored course content.", no_args_is_help=True, rich_markup_mode="markdown")
    works = {"verify": verify_run, "collect": collect_garbage, "statistics": show_statistics}
    for name, work in {**works, **WORKS}.items():
        command(group, name)(work)
    application.add_typer(group, name="content")


async def import_file(
    file: Annotated[Path, typer.Argument(help="A tar.gz, tar or zip archive, or a folder; `-` is standard input.")],
    run: RunKey,
    *,
    create: Annotated[bool, typer.Option("--create", help="Add the run to the catalog if it is not there.")] = False,
    update: Annotated[bool, typer.Option("--update", help="Leave protected settings of the run as they are.")] = False,
    merge: Annotated[bool, typer.Option("--merge", help="Take over only what the source has changed.")] = False,
    ours: Annotated[bool, typer.Option("--ours", help="Where both have changed something, keep the run's.")] = False,
    theirs: Annotated[bool, typer.Option("--theirs", help="Where both have, take the source's.")] = False,
    expected: Annotated[str | None, typer.Option(help="Import only if the run is at this version.")] = None,
    message: Annotated[str, typer.Option(help="What the history of the run says of it.")] = "",
    lock_token: Annotated[str | None, typer.Option(help="Token of the lock of the run, if it is locked.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Store nothing; show what is wrong.")] = False,
    username: Annotated[str, typer.Option(help="Whose name the history shows.")] = "collegium",
) -> None:
    """Make an OLX archive the whole content of a run, as a whole or not at all.

    Example: `collegium import-course demo.tar.gz --run course-v1:ANUx+ASTRO2X+2T2026`
    """
    from db.store import Author
    from edx.olx import ArchiveRefused
    from resolvers.content.imports import Mode, Target, check_course, import_course
    from resolvers.editing.locks import LockRefused
    from resolvers.merging.conflicts import Choice, Resolution, Unresolved
    from resolvers.merging.merge import CannotMerge

    _check_words(message, username)
    if (update and merge) or (ours and theirs):
        raise Failure("only one of --update and --merge, and one of --ours and --theirs, can be given")
    mode = Mode.MERGE if merge else Mode.UPDATE if update else Mode.REPLACE
    choice = Choice.OURS if ours else Choice.THEIRS if theirs else None
    try:
        with _source(file) as source:
            if dry_run and mode is Mode.REPLACE and not (expected or lock_token):
                _tell(await check_course(source), is_dry_run=True)
                return
            async with _opened() as store:
                target = Target(
                    await _run(store, run, create=create and not dry_run),
                    Author(username, "command line"),
                    expected,
                    message,
                    mode,
                    lock_token,
                    Resolution(others=choice),
                )
                with progress_bar() as progress:
                    done = await import_course(store, source, target, progress=progress, is_dry=dry_run)
    except LockRefused as error:
        raise Failure(str(error)) from None
    except ArchiveRefused as refused:
        _list(refused.report)
        raise Failure(f"the archive was refused: {_count(refused.report.errors, 'error')}") from None
    except Unresolved as unresolved:
        _list_conflicts(unresolved.conflicts)
        raise Failure(f"{_count(len(unresolved.conflicts), 'conflict')}; nothing was changed") from None
    except CannotMerge as error:
        raise Failure(str(error)) from None
    _tell(done, is_dry_run=dry_run)


async def export_file(
    file: Annotated[
        Path,
        typer.Argument(help="The archive to write: zip where its name ends so, else tar.gz; `-` is standard output."),
    ],
    run: RunKey,
    *,
    block: Annotated[str | None, typer.Option(help="Only this block and all below it: `type/url_name`.")] = None,
    version: Version = None,
) -> None:
    """Write the content of a run as an OLX archive: the very files that came in.

    Example: `collegium export-course demo.tar.gz --run course-v1:ANUx+ASTRO2X+2T2026 --block vertical/intro`
    """
    from functools import partial
    from tempfile import NamedTemporaryFile

    from db.store import Author
    from edx.olx import write, write_zip
    from resolvers.content.exports import NoSuchBlock, export_course, find_block
    from resolvers.content.load import Courses

    author = Author("collegium", "command line")
    export = partial(export_course, writer=write_zip if file.suffix.lower() == ".zip" else write, author=author)
    async with _opened() as store:
        loaded = await Courses(store).load(await _head(store, run, version))
        try:
            key = find_block(loaded.course, block, run).key if block else None
        except NoSuchBlock as error:
            raise Failure(str(error)) from None
        if file == STREAM:
            await export(store.database, loaded, sys.stdout.buffer, key)
            return
        with NamedTemporaryFile(dir=file.absolute().parent, prefix=f".{file.name}-", delete=False) as target:
            written = Path(target.name)
            try:
                count = await export(store.database, loaded, target, key)
                target.close()
                written.replace(file)
            finally:
                written.unlink(missing_ok=True)
    typer.echo(f"Exported {_count(count, 'file')} of version {loaded.version}.")


async def push_file(
    file: Annotated[Path, typer.Argument(help="A tar.gz, tar or zip archive, or a folder; `-` is standard input.")],
    run: RunKey,
    *,
    server: Annotated[str, typer.Option(help="Address of the server, such as `https://collegium.example.org`.")],
    token: Annotated[str, typer.Option(help="Token to sign in with, or `@` and the path of a file that has it.")],
    expected: Annotated[str | None, typer.Option(help="Only if the run is at this version.")] = None,
    lock_token: Annotated[str | None, typer.Option(help="Token of the lock of the run, if it is locked.")] = None,
    message: Annotated[str, typer.Option(help="What the history of the run says of it.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; show what is wrong.")] = False,
) -> None:
    """Make a course the content of a run on another server, to which only what it lacks is sent.

    Example: `collegium push-course demo/ --run course-v1:ANUx+ASTRO2X+2T2026 --server https://collegium.example.org
    --token @token`
    """
    import asyncio

    from edx.olx import ArchiveRefused
    from resolvers.content.imports import DEFAULT_RULES, prepare, silent
    from resolvers.content.spool import spool
    from server.content.pushing import PushRefused, connected

    given = {"expectedVersion": expected, "lockToken": lock_token, "message": message, "validateOnly": dry_run}
    bearer = Path(token[1:]).read_text().strip() if token.startswith("@") else token
    with spool() as keep, _source(file) as source:
        try:
            prepared = await asyncio.to_thread(prepare, source, keep, DEFAULT_RULES, silent)
            async with connected(server, bearer, run) as remote:
                pushed = await remote.push(prepared.written, **given)
        except ArchiveRefused as refused:
            _list(refused.report)
            raise Failure(f"the archive was refused: {_count(refused.report.errors, 'error')}") from None
        except PushRefused as refused:
            for problem in refused.problems:
                told = problem["severity"].lower(), problem["file"], problem["message"]
                typer.echo(": ".join(filter(None, told)), err=True)
            raise Failure(str(refused)) from None
    begin = "It would be" if dry_run else "The run is at"
    before = "" if dry_run or pushed.answer["changed"] else ", as before"
    sent = f"{_count(pushed.nodes, 'node')} and {_count(pushed.blobs, 'file')}, {pushed.bytes} bytes, were sent"
    typer.echo(f"{begin} version {pushed.answer['version']}{before}; {sent}.")


async def verify_run(run: RunKey, *, version: Version = None) -> None:
    """Hash everything that a run's content consists of again; fails when something is damaged.

    Example: `collegium content verify --run course-v1:ANUx+ASTRO2X+2T2026`
    """
    from db.store import verify
    from resolvers.content.nodes import named_links

    async with _opened() as store:
        head = await _head(store, run, version)
        faults = [str(fault) async for fault in verify(store, [head.root, head.frame], named_links)]
    for fault in faults:
        typer.echo(fault)
    if faults:
        raise Failure(f"{_count(len(faults), 'part')} of version {head.root} cannot be read")
    typer.echo(f"Version {head.root} is whole.")


async def collect_garbage(
    *,
    days: Annotated[int, typer.Option(help="How long versions are kept after they were last used.", min=1)] = 365,
    newest: Annotated[int, typer.Option(help="How many versions of each run are kept at least.", min=1)] = 10,
) -> None:
    """Give up old versions that are not pinned, and remove what only they had.

    Example: `collegium content collect --days 90`
    """
    from db.store import Retention, collect

    async with _opened() as store:
        done = await collect(store, Retention(timedelta(days=days), newest))
    typer.echo(
        f"Gave up {_count(done.versions, 'version')}; removed {_count(done.nodes, 'node')} and "
        f"{_count(done.blobs, 'blob')} ({done.bytes} bytes); {_count(done.tombstones, 'blob')} to be removed next time."
    )


async def show_statistics() -> None:
    """Print what content takes, and what it would take if nothing were shared.

    Example: `collegium content statistics`
    """
    from db.store import statistics

    async with _opened() as store:
        found = await statistics(store)
    typer.echo(f"{_count(found.runs, 'run')} with content: {_count(found.files, 'file')}, {found.logical_bytes} bytes.")
    typer.echo(
        f"Stored: {_count(found.nodes, 'node')} and {_count(found.blobs, 'blob')}, {found.stored_bytes} bytes, "
        "old versions included."
    )


@contextlib.asynccontextmanager
async def _opened() -> "AsyncIterator[Store]":
    """The store of the installation. Errors of the store become failures of the command."""
    from db.engine import open_database
    from db.migrate import check
    from db.store import StoreError
    from resolvers.usage import usage_of
    from server.cli import read_settings
    from server.content.store import open_store

    settings = read_settings()
    await check(settings.database_url)
    database = open_database(settings.database_url)
    try:
        async with usage_of(database).running(database):
            yield open_store(settings, database)
    except StoreError as error:
        raise Failure(str(error)) from error
    finally:
        await database.close()


async def _run(store: "Store", key: str, *, create: bool | None = None) -> int:
    """The id of a run, which is made where `create` is true. Raises Failure."""
    from edx.errors import InvalidCourseKey
    from edx.keys import CourseKey
    from resolvers.catalog.course_runs import upsert_course_run
    from resolvers.catalog.errors import Refused
    from resolvers.catalog.facts import RunFacts
    from resolvers.content.runs import run_id

    try:
        parsed = CourseKey.parse(key)
    except InvalidCourseKey as error:
        raise Failure(str(error)) from None
    if create:
        try:
            async with store.database.writing() as session:
                if await run_id(store, parsed) is None:
                    await upsert_course_run(session, RunFacts(parsed, ""))
        except Refused as error:
            raise Failure(str(error)) from None
    found = await run_id(store, parsed)
    if found is None:
        raise Failure(f"there is no course run {key}{'' if create is None else '; --create adds it'}")
    return found


async def _head(store: "Store", key: str, version: str | None) -> "Head":
    """What a run has as its content, or had. Raises Failure and UnknownVersion."""
    from db.store import head_of

    head = await head_of(store, await _run(store, key), version)
    if head is None:
        raise Failure(f"the run {key} has no content")
    return head


def _check_words(message: str, username: str) -> None:
    """Refuse what histories cannot hold. Raises Failure."""
    from resolvers.editing.requests import MOST

    if len(message) > MOST or "\0" in message:
        raise Failure(f"--message may have {MOST} characters at most")
    if not 0 < len(username) <= LONGEST_NAME:
        raise Failure(f"--username may have 1 to {LONGEST_NAME} characters")


@contextlib.contextmanager
def _source(file: Path) -> "Iterator[Path | BinaryIO]":
    """What to read a course from: standard input is kept in a file, of which any place can be read, as zip needs."""
    import shutil
    from tempfile import TemporaryFile

    if file != STREAM:
        yield file
        return
    with TemporaryFile() as kept:
        shutil.copyfileobj(sys.stdin.buffer, kept)
        kept.seek(0)
        yield kept


@contextlib.contextmanager
def progress_bar() -> "Iterator[Progress]":
    """Show on a terminal which stage an import is in, and how far; elsewhere nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        tasks: dict[str, Any] = {}

        def step(stage: Any, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage.value.capitalize(), total=None)
            progress.update(tasks[stage], completed=done, total=total)

        yield step


def _tell(done: "Imported", *, is_dry_run: bool = False) -> None:
    _list(done.report)
    counts = ", ".join(f"{kind} {count}" for kind, count in done.counts.items())
    typer.echo(f"{_count(sum(done.counts.values()), 'block')}: {counts}.")
    typer.echo(f"{_count(done.files, 'file')}, {done.bytes} bytes.")
    _list_conflicts(done.conflicts)
    for kept in done.kept:
        typer.echo(f"kept: {kept.name} of {kept.block}", err=True)
    if is_dry_run:
        typer.echo(f"It would be version {done.version}; nothing was stored.")
    elif done.is_new:
        typer.echo(f"The run is at version {done.version}; {done.bytes_written} bytes were new.")
    else:
        typer.echo(f"The run is at version {done.version}, as before.")


def _list_conflicts(conflicts: "Iterable[Conflict]") -> None:
    """What both the run and its source have changed, on standard error."""
    for conflict in conflicts:
        where = f" (in {' > '.join(conflict.breadcrumb)})" if conflict.breadcrumb else ""
        typer.echo(f"conflict: {conflict.id}{where}", err=True)
        for side, value in zip(("before", "here", "there"), conflict.values, strict=True):
            typer.echo(f"  {side}: {'none' if value is None else value}", err=True)


def _list(report: "Report") -> None:
    """The problems of an archive, on standard error."""
    for problem in report.problems:
        typer.echo(f"{problem.severity.name.lower()}: {problem}", err=True)
    rest = report.errors + report.warnings + report.infos - len(report.problems)
    if rest:
        typer.echo(f"and {rest} more", err=True)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
