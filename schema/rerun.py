"""The making of course runs from other ones."""

from datetime import datetime

from db import tables
from resolvers.access import visible_reruns
from resolvers.plan.declare import column, noun
from schema import lists
from schema.connection import Connection
from schema.enums import RerunState


@noun(
    tables.RerunAttempt,
    key=tables.RerunAttempt.id,
    description="One thing that was tried in Open edX to make a course run.",
)
class RerunAttempt:
    """A line of a re-run's log."""

    attempt: int = column(tables.RerunAttempt.attempt, "Number of the attempt that it was part of, counted from 1.")
    step: str = column(tables.RerunAttempt.step, "What was tried, such as `clone`.")
    outcome: str = column(tables.RerunAttempt.outcome, "What came of it, such as `ok`.")
    detail: str = column(tables.RerunAttempt.detail, "What Open edX said; may be empty.")
    at: datetime = column(tables.RerunAttempt.at, "When it was.")


@noun(
    tables.Rerun,
    key=tables.Rerun.id,
    visible=visible_reruns,
    description="The making of a course run from another one; for staff and managers.",
)
class Rerun:
    """A re-run (`spec/b2b-courseware.md`, "Source Course Run")."""

    state: RerunState = column(tables.Rerun.state, "Where it is.")
    attempts: int = column(tables.Rerun.attempts, "How often it was tried.")
    failure_code: str | None = column(tables.Rerun.failure_code, "Why it failed, for programs.")
    failure: str | None = column(tables.Rerun.failure, "Why it failed, for people.")
    source_version: str | None = column(
        tables.Rerun.source_version, "Version of the source's content that it was made from; null where none is kept."
    )
    requested_by: str = column(tables.Rerun.requested_by, "Who asked for it, by LMS username.")
    created_at: datetime = column(tables.Rerun.created_at, "When it was asked for.")
    updated_at: datetime = column(tables.Rerun.updated_at, "When it last went on.")
    ready_at: datetime | None = column(tables.Rerun.ready_at, "When it was done.")
    log: Connection[RerunAttempt] = lists.rerun_attempts("What was tried in Open edX, in order.")
