"""The applications that are registered: found, made, given new secrets, disabled and enabled.

A secret is 256 random bits, so that its SHA-256 tells nothing of it; it is shown once, to whoever has it made.
"""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import Database, Row, Snapshot
from db.tables import ClientApplication, now
from db.types import instant
from resolvers.access import Role
from server.applications.fresh import CacheName, changed
from server.failures import Failure

COLUMNS = (
    "client_id, name, username, role, scopes, points, generation, secret_hash, previous_hash, previous_until,"
    " disabled_at"
)
SECRET_BYTES = 32
NOTHING = "0" * 64
"""A hash that is compared with where there is none, so that it takes as long."""


class Scope(StrEnum):
    """What an application may do at most, as in the LMS's tokens."""

    READ = "read"
    WRITE = "write"


ALL_SCOPES = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Application:
    """A registered application: it acts as the user `username`, whose highest role is `role`, within `scopes`.

    `points` is its share of the rate limit if it has one of its own.
    """

    client_id: str
    name: str
    username: str
    role: Role
    scopes: frozenset[Scope]
    points: int | None
    generation: int
    secret_hash: str
    previous_hash: str | None
    previous_until: datetime | None
    is_disabled: bool

    def generation_of(self, secret: str, at: datetime) -> int | None:
        """Which of the secrets that are good this is, by its generation; None if it is none of them."""
        given = _hash(secret)
        is_current = hmac.compare_digest(given, self.secret_hash)
        is_previous = hmac.compare_digest(given, self.previous_hash or NOTHING)
        if is_current:
            return self.generation
        return self.generation - 1 if is_previous and self.honours(self.generation - 1, at) else None

    def honours(self, generation: int, at: datetime) -> bool:
        """Whether tokens got by the secret of this generation are good."""
        if self.is_disabled:
            return False
        if generation == self.generation - 1:
            return self.previous_until is not None and at < self.previous_until
        return generation == self.generation


async def load_applications(snapshot: Snapshot, dialect: str) -> Mapping[str, Application]:
    """All applications by client id."""
    rows = await snapshot.fetch(f"SELECT {COLUMNS} FROM client_application")  # noqa: S608 -- a constant
    return {row[0]: _application(row, dialect) for row in rows}


async def find(database: Database, client_id: str) -> Application | None:
    """The application with a client id as it is now."""
    dialect = database.dialect.name
    place = "?" if dialect == "sqlite" else "$1"
    async with database.reading() as snapshot:
        snapshot.is_single = True
        query = f"SELECT {COLUMNS} FROM client_application WHERE client_id = {place}"  # noqa: S608 -- constants
        rows = await snapshot.fetch(query, client_id)
    return _application(rows[0], dialect) if rows else None


@dataclass(frozen=True, slots=True)
class Registration:
    """What an application is to be."""

    name: str
    username: str
    role: Role = Role.LEARNER
    scopes: frozenset[Scope] = frozenset({Scope.READ})
    points: int | None = None


async def register(session: AsyncSession, wanted: Registration) -> tuple[str, str]:
    """Make an application; returns its client id and its secret. Raises Failure."""
    if not wanted.name.strip() or not wanted.username.strip():
        raise Failure("an application needs a name and a username")
    client_id, secret = secrets.token_hex(16), secrets.token_urlsafe(SECRET_BYTES)
    session.add(
        ClientApplication(
            client_id=client_id, name=wanted.name, username=wanted.username, role=wanted.role.value,
            scopes=" ".join(sorted(wanted.scopes)), points=wanted.points, secret_hash=_hash(secret),
        )
    )  # fmt: skip
    await changed(session, CacheName.APPLICATIONS)
    return client_id, secret


async def rotate(session: AsyncSession, client_id: str, grace: timedelta) -> str:
    """A new secret; the old one, and tokens got by it, are good for as long as the `grace`. Raises Failure."""
    application = await _existing(session, client_id)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    application.previous_hash, application.previous_until = application.secret_hash, now() + grace
    application.secret_hash = _hash(secret)
    application.generation += 1
    await changed(session, CacheName.APPLICATIONS)
    return secret


async def disable(session: AsyncSession, client_id: str) -> None:
    """Let an application in no longer, nor its tokens. Raises Failure."""
    application = await _existing(session, client_id)
    application.disabled_at = application.disabled_at or now()
    await changed(session, CacheName.APPLICATIONS)


async def enable(session: AsyncSession, client_id: str) -> None:
    """Let an application in again. Raises Failure."""
    (await _existing(session, client_id)).disabled_at = None
    await changed(session, CacheName.APPLICATIONS)


async def all_of(session: AsyncSession) -> Sequence[ClientApplication]:
    """All applications, by name."""
    query = select(ClientApplication).order_by(ClientApplication.name, ClientApplication.id)
    return (await session.scalars(query)).all()


async def _existing(session: AsyncSession, client_id: str) -> ClientApplication:
    query = select(ClientApplication).where(ClientApplication.client_id == client_id).with_for_update()
    application = await session.scalar(query)
    if application is None:
        raise Failure(f"there is no application '{client_id}'; 'collegium apps list' shows all")
    return application


def _hash(secret: str) -> str:
    return sha256(secret.encode(errors="replace")).hexdigest()


def _application(row: Row, dialect: str) -> Application:
    client_id, name, username, role, scopes, points, generation, secret, previous, until, disabled = row
    return Application(
        client_id,
        name,
        username,
        Role(role),
        frozenset(map(Scope, scopes.split())),
        points,
        generation,
        secret,
        previous,
        None if until is None else instant(until, dialect),
        disabled is not None,
    )
