"""`collegium jobs`: what an operator sees of jobs, and does about them."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.applications.commands import changing
from server.failures import Failure

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from db.tables import Job

JobUuid = Annotated[str, typer.Argument(help="UUID of the job, or its global id.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def group(command: Callable[..., Any]) -> typer.Typer:
    """The commands, declared by `command` (`server.cli.command`)."""
    jobs = typer.Typer(help="Look after jobs.", no_args_is_help=True, rich_markup_mode="markdown")
    command(jobs, "list")(list_some)
    command(jobs)(show)
    command(jobs)(cancel)
    command(jobs)(retry)
    return jobs


async def list_some(
    *,
    state: Annotated[
        list[str] | None,
        typer.Option(help="Only queued, running, succeeded, failed or canceled ones; may come often."),
    ] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only those of a kind; may be repeated.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most, the last first.", min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List jobs, the last first.

    Example: `collegium jobs list --state failed`
    """
    from sqlalchemy import select

    from db.tables import Job, JobState

    if unknown := sorted(set(state or ()) - {each.value for each in JobState}):
        raise Failure(f"'{unknown[0]}' is no state; there are {', '.join(JobState)}")
    query = select(Job).order_by(Job.id.desc()).limit(limit)
    query = query.where(Job.state.in_([JobState(each) for each in state])) if state else query
    query = query.where(Job.kind.in_(kind)) if kind else query

    async def work(session: "AsyncSession") -> "list[Job]":
        return list(await session.scalars(query))

    jobs = await _changing(work)
    if as_json:
        _print([_entry(job) for job in jobs])
    for job in () if as_json else jobs:
        error = f"  {job.error_code}: {job.error_message}" if job.error_code else ""
        typer.echo(f"{job.uuid}  {job.state.value:<9}  {_progress(job):>7}  {job.kind}  {job.subject}{error}")


async def show(uuid: JobUuid) -> None:
    """Print all that is known of a job, as JSON.

    Example: `collegium jobs show 0b5e1f4e-8a43-4a8c-9f0e-0c2f6f4f3a11`
    """
    from sqlalchemy import select

    from db.tables import Job

    job = await _changing(lambda session: session.scalar(select(Job).where(Job.uuid == _uuid(uuid))))
    if job is None:
        raise Failure(f"there is no job {uuid}")
    _print(_entry(job))


async def cancel(uuid: JobUuid) -> None:
    """Cancel a job: at once where it waits, else when it comes to where it can be stopped.

    Example: `collegium jobs cancel 0b5e1f4e-8a43-4a8c-9f0e-0c2f6f4f3a11`
    """
    from resolvers.jobs import control

    await _changing(lambda session: control.cancel(session, _uuid(uuid)))


async def retry(uuid: JobUuid) -> None:
    """Have a job tried again that failed or was canceled; it goes on where it was.

    Example: `collegium jobs retry 0b5e1f4e-8a43-4a8c-9f0e-0c2f6f4f3a11`
    """
    from resolvers.jobs import control

    await _changing(lambda session: control.retry(session, _uuid(uuid)))


def _uuid(text: str) -> str:
    return text.removeprefix("Job:").lower()


async def _changing(work: "Callable[[AsyncSession], Awaitable[Any]]") -> Any:
    """The result of `work` in a transaction; what stands against it is the command's failure."""
    from resolvers.errors import NotFound
    from resolvers.refusals import Refusal
    from server.cli import read_settings

    try:
        return await changing(read_settings(), work)
    except (NotFound, Refusal) as error:
        raise Failure(str(error)) from None


def _progress(job: "Job") -> str:
    return f"{job.done}/{job.total}" if job.total is not None else "-"


def _print(value: Any) -> None:
    import orjson

    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def _entry(job: "Job") -> dict[str, Any]:
    """A job as JSON has it, under the names of its columns."""
    import orjson

    columns = {column.name: getattr(job, column.name) for column in job.__table__.columns if column.name != "id"}
    decoded = {name: orjson.loads(columns[name]) for name in ("input", "memory", "result") if columns[name] is not None}
    return {**columns, **decoded}
