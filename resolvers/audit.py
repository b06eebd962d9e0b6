"""The audit log: who changed what, and from what to what."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import AuditEntry
from resolvers.access import Viewer

Changes = Mapping[str, tuple[Any, Any]]
"""What each field was and became, as JSON has it."""


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """The fields that differ."""
    return {name: (before.get(name), value) for name, value in after.items() if before.get(name) != value}


def record(
    session: AsyncSession,
    viewer: Viewer,
    action: str,
    subject: str,
    changes: Changes,
    *,
    program_id: int | None = None,
) -> None:
    """Add an entry to the transaction of the change; `subject` is the global id of what was changed."""
    session.add(
        AuditEntry(
            username=viewer.username or "",
            application=viewer.application,
            action=action,
            subject=subject,
            changes=orjson.dumps(
                [{"field": name, "before": a, "after": b} for name, (a, b) in changes.items()]
            ).decode(),
            program_id=program_id,
        )
    )
