"""`collegium demo`: the server on its embedded default, filled over real HTTP from a simulated Open edX.

Everything lives in the data folder, the development secrets too, so that a second start is warm and tokens stay good.
"""

import asyncio
import contextlib
import os
import secrets
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import orjson
import structlog

from db.engine import Database, open_database
from db.migrate import migrate
from resolvers import catalog, programs
from resolvers.access import Role
from server.app import create_app
from server.explorer import Session
from server.logs import configure
from server.operations import CATALOG, PROGRAMS
from server.process import listen, serve
from server.settings import Settings, load, variable
from server.signin import mint
from server.upstream import open_lms

AUDIENCE = "collegium-demo"
CLIENT_ID = "collegium-demo"
TOKEN_LIFETIME = timedelta(days=30)
WAIT_SECONDS = 30
USERS = (("learner", Role.LEARNER), ("author", Role.AUTHOR), ("admin", Role.ADMIN))

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Secrets:
    """The demo's own secrets, made at its first start."""

    jwt_secret: str
    lms_client_secret: str


class SimulatorFailed(Exception):
    """The simulated Open edX did not start, or failed while the catalog was filled."""


async def run_demo() -> None:
    """Run the demo until the process is told to stop. Raises PortTaken and SimulatorFailed."""
    settings = _settings()
    configure("warning", settings.log_format)
    listener = listen(settings.host, settings.port)
    for port in (settings.lms_port, settings.studio_port):
        listen(settings.host, port).close()
    await migrate(settings.database_url)
    async with _simulator(settings):
        await _fill(settings)
        sessions = _sessions(settings)
        app = create_app(settings, sessions=sessions)
        address = f"http://{settings.host}:{listener.getsockname()[1]}"
        await serve(app, listener, lambda: _say(_welcome(settings, address, sessions)))


def _settings() -> Settings:
    """The settings of the environment, with what makes a demo of them."""
    chosen = load()
    kept = _secrets(chosen.data_dir)
    lms, studio = (f"http://{chosen.host}:{port}" for port in (chosen.lms_port, chosen.studio_port))
    return load(
        lms_url=lms,
        studio_url=studio,
        lms_client_id=CLIENT_ID,
        lms_client_secret=kept.lms_client_secret,
        jwt_secret=kept.jwt_secret,
        jwt_audience=AUDIENCE,
        jwt_issuers=f"{lms}/oauth2",
        authors=[username for username, role in USERS if role is Role.AUTHOR],
    )


def _secrets(folder: Path) -> Secrets:
    """The secrets in the data folder, made if there are none."""
    path = folder / "demo-secrets.json"
    with contextlib.suppress(FileNotFoundError):
        return Secrets(**orjson.loads(path.read_bytes()))
    made = Secrets(secrets.token_urlsafe(48), secrets.token_urlsafe(32))
    folder.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 -- for the mode
        file.write(orjson.dumps(made))
    return made


@contextlib.asynccontextmanager
async def _simulator(settings: Settings) -> AsyncIterator[None]:
    """The simulated Open edX in a process of its own, which ends when this one does, however that ends."""
    environment = os.environ | {
        variable("lms_client_id"): CLIENT_ID,
        variable("lms_client_secret"): _secrets(settings.data_dir).lms_client_secret,
        variable("jwt_secret"): _secrets(settings.data_dir).jwt_secret,
        variable("jwt_audience"): AUDIENCE,
        variable("jwt_issuers"): f"{settings.lms_url}/oauth2",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "simulate", "--no-throttle", "--until-input-ends"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environment,
        start_new_session=True,  # Ctrl-C is for us; the simulator is stopped after the server
    )
    try:
        await _answers(process)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _answers(process: Process) -> None:
    """Wait for the line that the simulator prints once it answers."""
    assert process.stdout is not None  # noqa: S101 -- it is piped
    try:
        line = await asyncio.wait_for(process.stdout.readline(), WAIT_SECONDS)
    except TimeoutError:
        line = b""
    if not line:
        raise SimulatorFailed("the simulated Open edX did not start; see above")


async def _fill(settings: Settings) -> None:
    """Fill the catalog from the simulator and load the sample programs, unless that was done before."""
    database = open_database(settings.database_url)
    try:
        if await _is_filled(database):
            return
        _say("Filling the catalog from the simulated Open edX …")
        async with open_lms(settings) as lms:
            for work in (catalog.sync_organizations, catalog.sync_course_runs):
                report = await work(database, lms)
                if report.failure:
                    raise SimulatorFailed(report.failure)
        await programs.load_samples(database)
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
