"""The history of programs."""

from datetime import datetime

import strawberry

from db import tables
from resolvers.access import visible_history
from resolvers.plan.declare import batched, column, noun, told
from resolvers.programs.history import load_applications, load_changes


@strawberry.type(description="What a field was and became.")
class FieldChange:
    """A change of one field."""

    field: str = told("field", "Name of the field in the input of mutations.")
    before: str | None = told("before", "Value before, as JSON; null where there was none.")
    after: str | None = told("after", "Value after, as JSON; null where there is none.")


@noun(
    tables.AuditEntry,
    key=tables.AuditEntry.id,
    visible=visible_history,
    description="One change of a program.",
)
class ProgramChange:
    """An entry of the audit log."""

    at: datetime = column(tables.AuditEntry.at, "When it was made.")
    username: str = column(tables.AuditEntry.username, "Who made it, by LMS username.")
    application: str | None = batched(
        tables.AuditEntry.application,
        load_applications,
        "Through which application: the name of a registered one, or `lms:` and the user whom the LMS's token was for.",
    )
    action: str = column(tables.AuditEntry.action, "What was done, such as `create`, `update`, `active` or `delete`.")
    changes: list[FieldChange] = batched(tables.AuditEntry.changes, load_changes, "What changed, field by field.")
