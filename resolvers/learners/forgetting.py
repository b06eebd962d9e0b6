"""Forgetting a learner: what the LMS has of them is erased here, and what must stay bears a name that says nothing.

Whatever table has a username in one of the columns of `NAMES` is seen to, those that are added later included.
"""

from secrets import token_hex
from typing import Any

import orjson
from sqlalchemy import Table, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import (
    AuditEntry,
    Base,
    ClientApplication,
    ContractMember,
    DirectoryMember,
    IdempotencyKey,
    Learner,
    LearnerCertificate,
    LearnerEnrollment,
    LearnerEvent,
    OrganizationManager,
    OutgoingEvent,
    ProgramCertificate,
    RoleGrant,
    StudioMember,
    now,
)
from resolvers.access import Permission, Viewer
from resolvers.audit import record
from resolvers.errors import Forbidden
from resolvers.refusals import Problem, Reason, Refusal

NAMES = frozenset({"username", "granted_by", "created_by", "requested_by", "added_by", "pushed_by", "pulled_by"})
ERASED = (
    Learner, LearnerEnrollment, LearnerCertificate, LearnerEvent, ProgramCertificate, OutgoingEvent, IdempotencyKey,
    RoleGrant, ContractMember, OrganizationManager, DirectoryMember,
    StudioMember,
)  # fmt: skip
"""Tables whose rows of the learner go; in others the name is replaced, since counts and histories rest on them."""

LONGEST = 255


async def retire(session: AsyncSession, viewer: Viewer, username: str) -> str:
    """Forget a learner, as an administrator; returns the name that stands for them from now on.

    Raises Forbidden, and Refusal for what can be nobody's name or is the viewer's own.
    """
    if not viewer.may(Permission.MANAGE_LEARNERS):
        raise Forbidden("you may not manage the learners of programs")
    if username == viewer.username:
        raise Refusal([Problem(Reason.INVALID, "this is your own name; have somebody else do it", ("username",))])
    pseudonym = await forget(session, username)
    record(session, viewer, "retire", f"User:{pseudonym}", {})
    return pseudonym


async def forget(session: AsyncSession, username: str) -> str:
    """Erase a learner everywhere, or put a random name in place of theirs, which is returned. Raises Refusal.

    Forgetting somebody who is not known here is no error: it is what those want who have to be sure.
    """
    if not username.strip() or len(username) > LONGEST or "\0" in username:
        raise Refusal([Problem(Reason.INVALID, f"a username has 1 to {LONGEST} characters", ("username",))])
    pseudonym = f"retired-{token_hex(8)}"
    for erased in ERASED:
        await session.execute(delete(erased).where(erased.__table__.c.username == username))
    acting = update(ClientApplication).where(ClientApplication.username == username)
    await session.execute(acting.where(ClientApplication.disabled_at.is_(None)).values(disabled_at=now()))
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if column.name in NAMES:
                await session.execute(update(table).where(column == username).values({column.name: pseudonym}))
    await _rename_in_history(session, username, pseudonym)
    session.expire_all()
    return pseudonym


async def _rename_in_history(session: AsyncSession, username: str, pseudonym: str) -> None:
    """Rename the learner in what the audit log says was changed: as a field's name, or in its values."""
    table: Any = AuditEntry.__table__
    assert isinstance(table, Table)  # noqa: S101 -- as all of ours
    needle = orjson.dumps(username).decode()
    escaped = needle.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    query = select(table.c.id, table.c.changes).where(table.c.changes.like(f"%{escaped}%", escape="\\"))
    for id_, changes in (await session.execute(query)).all():
        renamed = orjson.dumps(_renamed(orjson.loads(changes), username, pseudonym)).decode()
        await session.execute(update(table).where(table.c.id == id_).values(changes=renamed))


def _renamed(value: Any, username: str, pseudonym: str) -> Any:
    if isinstance(value, list):
        return [_renamed(item, username, pseudonym) for item in value]
    if isinstance(value, dict):
        return {name: _renamed(item, username, pseudonym) for name, item in value.items()}
    return pseudonym if value == username else value
