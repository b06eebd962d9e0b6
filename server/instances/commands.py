"""`collegium content push`, `pull`, `drift` and `instances`: content on several Open edX instances."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.failures import Failure

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from db.engine import Database
    from db.tables import Job
    from resolvers.instances.requests import Order
    from server.settings import Settings

RunKey = Annotated[str, typer.Option("--run", help="Course key of the run, such as `course-v1:ANUx+ASTRO2X+2T2026`.")]
InstanceName = Annotated[str, typer.Option("--instance", help="Name of the instance; `instances` lists them.")]
Username = Annotated[str, typer.Option(help="Whose name histories show.")]
Ask = Callable[["Order", "AsyncSession"], Awaitable[str]]
PAUSE = 0.25
"""Seconds between two looks at a job."""


async def show_instances() -> None:
    """Print the Open edX instances that content can be pushed to, and whether it can be pulled from them.

    Example: `collegium content instances`
    """
    from server.cli import read_settings
    from server.instances.hosts import known_instances

    for each in known_instances(read_settings()):
        can = "push and pull" if each.is_readable else "push"
        typer.echo(f"{each.name}: Studio {each.studio_url}, LMS {each.lms_url} ({can})")


async def push_course(
    run: RunKey,
    instance: InstanceName,
    *,
    version: Annotated[str | None, typer.Option(help="A version that the run had; what it has now if none.")] = None,
    expected: Annotated[
        str | None, typer.Option("--expected-remote", help="Push only if the instance is known to have this version.")
    ] = None,
    username: Username = "collegium",
) -> None:
    """Have Studio import the content of a run, in place of what it has.

    Example: `collegium content push --run course-v1:ANUx+ASTRO2X+2T2026 --instance partner`
    """
    told = await _done(run, instance, username, lambda order, session: order.push(session, version, expected))
    typer.echo(f"{instance} has version {told['version']}.")


async def pull_course(
    run: RunKey,
    instance: InstanceName,
    *,
    expected: Annotated[str | None, typer.Option(help="Pull only if the run is at this version here.")] = None,
    username: Username = "collegium",
) -> None:
    """Make what Studio has the content of a run. Experimental.

    Example: `collegium content pull --run course-v1:ANUx+ASTRO2X+2T2026 --instance partner`
    """
    told = await _done(run, instance, username, lambda order, session: order.pull(session, expected))
    typer.echo(f"The run is at version {told['version']}{'' if told['isNew'] else ', as before'}.")


async def check_drift(run: RunKey, instance: InstanceName, *, username: Username = "collegium") -> None:
    """Look whether somebody changed what Studio has since it was pushed; fails if so. Experimental.

    Example: `collegium content drift --run course-v1:ANUx+ASTRO2X+2T2026 --instance partner`
    """
    told = await _done(run, instance, username, lambda order, session: order.check(session))
    for name in ("added", "removed", "changed"):
        for part in told.get("parts", {}).get(name, ()):
            typer.echo(f"{name}: {part}")
    if told["drift"] == "CHANGED":
        raise Failure(f"somebody changed what {instance} has")
    typer.echo(WORDS[told["drift"]])


WORDS = {
    "NONE": "Nobody changed it since it was pushed.",
    "POSSIBLE": "It is not what was pushed, which may be Studio's own doing: nobody looked right after the push.",
    "UNKNOWN": "It was never pushed there.",
}


WORKS: Mapping[str, Callable[..., Any]] = {
    "instances": show_instances,
    "push": push_course,
    "pull": pull_course,
    "drift": check_drift,
}
"""The commands by name."""


async def _done(run: str, instance: str, username: str, ask: Ask) -> Any:
    """What comes of a job that is asked for, done here unless another process takes it up. Raises Failure."""
    import orjson

    from db.engine import open_database
    from db.migrate import check
    from resolvers.access import Role, Viewer
    from resolvers.errors import RequestError
    from resolvers.instances.requests import Order
    from resolvers.refusals import Refusal
    from server.cli import read_settings
    from server.instances.hosts import known_instances

    settings = read_settings()
    await check(settings.database_url)
    database = open_database(settings.database_url)
    viewer = Viewer(username, frozenset({Role.ADMIN}), application="command line")
    try:
        async with database.writing() as session:
            uuid = await ask(Order(database, viewer, known_instances(settings), run, instance), session)
        job = await _over(settings, database, uuid)
    except (Refusal, RequestError) as error:
        raise Failure(str(error)) from error
    finally:
        await database.close()
    if job.result is None:
        raise Failure(job.error_message or "the job was canceled")
    return orjson.loads(job.result)


async def _over(settings: "Settings", database: "Database", uuid: str) -> "Job":
    """A job once it has ended. Tells the stages on the way on standard error."""
    from sqlalchemy import select

    from db.tables import Job
    from resolvers.jobs import Runner
    from server.jobs.running import work

    async with work(settings, database) as handlers:
        runner, stage = Runner(database, handlers), None
        attempt: asyncio.Task[None] | None = None
        while True:
            if (attempt is None or attempt.done()) and (held := await runner.take(uuid=uuid)):
                attempt = asyncio.create_task(runner.run(held))
            async with database.writing() as session:
                job = await session.scalar(select(Job).where(Job.uuid == uuid))
            assert job is not None  # noqa: S101 -- just asked for
            if job.stage != stage and job.stage is not None:
                typer.echo(f"{job.stage.capitalize().replace('_', ' ')} …", err=True)
                stage = job.stage
            if job.finished_at is not None:
                return job
            await asyncio.sleep(PAUSE)
