"""`collegium demo`: the server on its embedded default, filled over real HTTP from a simulated Open edX.

Everything lives in the data folder, the development secrets too, so that a second start is warm and tokens stay good.
"""

import asyncio
import contextlib
import hmac
import ipaddress
import os
import secrets
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
from sqlalchemy import URL

from db.engine import Database, open_database
from db.migrate import migrate
from resolvers import catalog, programs
from resolvers.access import Role
from resolvers.catalog.report import Report
from resolvers.contracts import sample as contracts
from server.app import create_app
from server.examples import CATALOG, PROGRAMS
from server.explorer import Session
from server.failures import Failure
from server.logs import configure
from server.process import listen, serve, url_of
from server.reports import as_text
from server.settings import PREFIX, Settings, load, variable
from server.signin import mint
from server.studies import study
from server.upstream import open_lms

AUDIENCE = "collegium-demo"
ISSUER = "collegium-demo"
CLIENT_ID = "collegium-demo"
TOKEN_LIFETIME = timedelta(days=30)
WAIT_SECONDS = 30
USERS = (("learner", Role.LEARNER), ("author", Role.AUTHOR), ("admin", Role.ADMIN))


@dataclass(frozen=True)
class Kept:
    """What is kept between starts: the demo's own secrets, and the day around which the simulated courses run."""

    jwt_secret: str
    lms_client_secret: str
    date: str


class DemoFailed(Failure):
    """The simulated Open edX did not start, or failed while the catalog was filled."""


async def run_demo() -> None:
    """Run the demo until the process is told to stop. Raises PortTaken, DemoFailed and DatabaseError."""
    chosen = load()
    configure("warning", chosen.log_format)
    if not _is_loopback(chosen.host):
        raise DemoFailed(
            f"the demo signs anybody in as an admin; it listens on this machine only, not on {chosen.host}"
        )
    listener = listen(chosen.host, chosen.port)
    for port in (chosen.lms_port, chosen.studio_port):
        listen(chosen.host, port).close()
    kept = _kept(chosen.data_dir)
    async with _simulator(chosen, kept) as process:
        settings = _settings(chosen, kept)
        await migrate(settings.database_url)  # while the simulator starts
        settings = settings.model_copy(update=await _addresses(process))
        await _fill(settings)
        sessions = _sessions(settings)
        app = create_app(settings, sessions=sessions)
        await serve(
            app, listener, lambda: _say(_welcome(settings, url_of(listener), sessions)), app.state.streams.close
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _settings(chosen: Settings, kept: Kept) -> Settings:
    """The settings of the environment, with what makes a demo of them: nothing of it touches a real installation."""
    return load(
        database_url=URL.create("sqlite+aiosqlite", database=str(chosen.data_dir / "demo.db")),
        explorer=True,
        lms_client_id=CLIENT_ID,
        lms_client_secret=kept.lms_client_secret,
        lms_username=None,
        jwt_secret=kept.jwt_secret,
        jwt_public_keys=None,
        jwt_audience=AUDIENCE,
        jwt_issuers=ISSUER,
        max_organizations_per_program=0,  # as the sample programs have several
        token_secret=_derived(kept.jwt_secret, "tokens"),
        authors=[username for username, role in USERS if role is Role.AUTHOR],
    )


def _derived(secret: str, purpose: str) -> str:
    """Another secret, of which the first one cannot be told."""
    return hmac.new(secret.encode(), purpose.encode(), "sha256").hexdigest()


def _kept(folder: Path) -> Kept:
    """What the data folder keeps, made if there is nothing. Raises DemoFailed if it cannot be read."""
    path = folder / "demo.json"
    try:
        return Kept(**orjson.loads(path.read_bytes()))
    except FileNotFoundError:
        made = Kept(secrets.token_urlsafe(48), secrets.token_urlsafe(32), datetime.now(UTC).date().isoformat())
    except (TypeError, ValueError) as error:
        raise DemoFailed(f"{path} is not what the demo wrote; remove the folder to begin anew") from error
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(orjson.dumps(made))
    unfinished.replace(path)
    return made


@contextlib.asynccontextmanager
async def _simulator(chosen: Settings, kept: Kept) -> AsyncIterator[Process]:
    """The simulated Open edX in a process of its own, which ends when this one does, however that ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "simulate", "--date", kept.date, "--no-throttle", "--until-input-ends"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=_environment(chosen, kept),
        start_new_session=True,  # Ctrl-C is for us; the simulator is stopped after the server
    )
    try:
        yield process
    finally:
        await _end(process)


def _environment(chosen: Settings, kept: Kept) -> dict[str, str]:
    """The environment of the simulator, with just the settings that it needs."""
    settings = {
        "host": chosen.host,
        "lms_port": chosen.lms_port,
        "studio_port": chosen.studio_port,
        "lms_client_id": CLIENT_ID,
        "lms_client_secret": kept.lms_client_secret,
        "jwt_secret": kept.jwt_secret,
        "jwt_audience": AUDIENCE,
        "jwt_issuers": ISSUER,
        "log_level": "warning",
        "log_format": chosen.log_format,
    }
    others = {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}
    return others | {variable(name): str(value) for name, value in settings.items()}


async def _end(process: Process) -> None:
    """End a process, by force if it does not listen."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), WAIT_SECONDS)
        except TimeoutError:
            process.kill()
    await process.wait()


async def _addresses(process: Process) -> dict[str, str]:
    """Where the simulator answers, as settings; it prints two lines once it does."""
    assert process.stdout is not None  # noqa: S101 -- it is piped
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            lines = [(await process.stdout.readline()).decode().split() for _ in range(2)]
    except TimeoutError:
        lines = []
    match lines:
        case [["LMS", lms], ["Studio", studio]]:
            return {"lms_url": lms, "studio_url": studio}
    raise DemoFailed("the simulated Open edX did not start; see above")


def _told(report: Report) -> str:
    """What a synchronization says of itself. Raises DemoFailed where it did not come to its end."""
    if report.failure:
        raise DemoFailed(report.failure)
    return as_text(report)


async def _fill(settings: Settings) -> None:
    """Fill the catalog from the simulator and load sample programs, unless that was done; have the learner study."""
    database = open_database(settings.database_url)
    try:
        if not await _is_filled(database):
            _say("Filling the catalog from the simulated Open edX …")
            async with open_lms(settings) as lms:
                for work in (catalog.sync_organizations, catalog.sync_course_runs):
                    _say(_told(await work(database, lms)))
            _say(as_text(await programs.load_samples(database)))
            _say(as_text(await contracts.load_samples(database)))
        assert settings.lms_url is not None  # noqa: S101 -- it is the simulator's
        await study(database, settings.lms_url)
    finally:
        await database.close()


async def _is_filled(database: Database) -> bool:
    async with database.reading() as snapshot:
        [row] = await snapshot.fetch("SELECT count(*) FROM program")
        return bool(row[0])


def _sessions(settings: Settings) -> Sequence[Session]:
    return [Session(username, role.value, mint(settings, username, role, TOKEN_LIFETIME)) for username, role in USERS]


def _welcome(settings: Settings, address: str, sessions: Sequence[Session]) -> str:
    tokens = "\n\n".join(f"  {session.role}:\n  {session.token}" for session in sessions)
    examples = "\n\n".join(operation.query.strip() for operation in (CATALOG, PROGRAMS))
    return f"""
Collegium is ready.

  explorer        {address}/graphiql
  GraphQL         {address}/graphql
  simulated LMS   {settings.lms_url}
  Studio          {settings.studio_url}

Tokens, for the header 'Authorization: JWT …' (the explorer has them already):

{tokens}

Two queries to start with:

{examples}

Ctrl-C stops everything.
"""


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 -- the demo talks to whoever started it
