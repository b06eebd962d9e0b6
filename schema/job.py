"""Jobs: work that outlives the request that asked for it."""

from datetime import datetime

import strawberry

from db import tables
from resolvers import reads
from resolvers.access import visible_jobs
from resolvers.context import Context
from resolvers.jobs import control
from resolvers.plan.declare import batched, column, noun
from resolvers.programs.history import load_applications
from resolvers.transfer.fetching import load_downloads
from schema.enums import JobState
from schema.node import Node
from schema.payload import Payload, changed, changing

Info = strawberry.Info[Context, None]


@noun(
    tables.Job,
    key=tables.Job.uuid,
    parse=reads.job_uuid,
    visible=visible_jobs,
    description="Work that outlives the request that asked for it. Whoever asked for it sees it, and administrators.",
)
class Job(Node):
    """A job (design §6)."""

    kind: str = column(tables.Job.kind, "What is to be done.")
    subject: str = column(tables.Job.subject, "Global id of what it is about.")
    state: JobState = column(tables.Job.state, "Where it is.")
    stage: str | None = column(tables.Job.stage, "Part of the work that it is at, or ended at.")
    progress_done: int = column(tables.Job.done, "How much of the stage is done.")
    progress_total: int | None = column(tables.Job.total, "How much there is to do; null where nobody knows.")
    progress_item: str | None = column(tables.Job.item, "What is being done, for people.")
    attempts: int = column(tables.Job.attempts, "Attempts since it was asked for, the present one included.")
    max_attempts: int = column(tables.Job.max_attempts, "Attempts that it has.")
    input: str = column(tables.Job.input, "What was asked for, as JSON.")
    result: str | None = column(
        tables.Job.result,
        "What came of it, as JSON; null until it is over. One that failed has it only if there is more to say than the "
        "message does.",
    )
    download_url: str | None = batched(
        tables.Job.result,
        load_downloads,
        "Path on this server where the archive of an export can be had, without signing in, for an hour at least.",
    )
    error_code: str | None = column(
        tables.Job.error_code, "Why it failed, or the last attempt did, for programs; null where none did."
    )
    error_message: str | None = column(tables.Job.error_message, "The same for people.")
    requested_by: str | None = column(tables.Job.requested_by, "LMS username of who asked for it; null for nobody.")
    application: str | None = batched(
        tables.Job.application,
        load_applications,
        "Through which application: the name of a registered one, or `lms:` and the user whom the LMS's token was for.",
    )
    created_at: datetime = column(tables.Job.created_at, "When it was asked for.")
    not_before: datetime | None = column(tables.Job.not_before, "When it may be taken up, if not at once.")
    started_at: datetime | None = column(tables.Job.started_at, "When the first attempt began.")
    finished_at: datetime | None = column(tables.Job.finished_at, "When it ended; null while it is unfinished.")
    cancel_requested_at: datetime | None = column(
        tables.Job.cancel_requested_at, "When somebody canceled it; one that runs may take some time to stop."
    )
    held_until: datetime | None = column(
        tables.Job.lease_until, "Until when it is its worker's; it goes to another one that does not say in time."
    )


@strawberry.type
class JobPayload(Payload):
    """The fields of the payloads of mutations that ask for jobs or change them."""

    uuid: strawberry.Private[str | None] = None
    job: Job | None = changed("uuid", "The job as it is now; null when nothing was changed.")


@strawberry.type(description="What became of `cancelJob`.")
class CancelJobPayload(JobPayload):
    """The payload of `cancelJob`."""


@strawberry.type(description="What became of `retryJob`.")
class RetryJobPayload(JobPayload):
    """The payload of `retryJob`."""


@strawberry.input(description="A job to cancel.")
class CancelJobInput:
    """The input of `cancelJob`."""

    job: strawberry.ID = strawberry.field(description="Global id of the job.")


@strawberry.input(description="A job to try again.")
class RetryJobInput:
    """The input of `retryJob`."""

    job: strawberry.ID = strawberry.field(description="Global id of the job.")


async def cancel_job(info: Info, input: CancelJobInput) -> CancelJobPayload | None:
    """Cancel a job."""
    uuid, viewer = reads.job_key(input.job), info.context.viewer
    return await changing(
        info,
        lambda errors, key: CancelJobPayload(user_errors=errors, uuid=key),
        lambda session: control.cancel(session, uuid, viewer),
    )


async def retry_job(info: Info, input: RetryJobInput) -> RetryJobPayload | None:
    """Try a job again."""
    uuid, viewer = reads.job_key(input.job), info.context.viewer
    return await changing(
        info,
        lambda errors, key: RetryJobPayload(user_errors=errors, uuid=key),
        lambda session: control.retry(session, uuid, viewer),
    )
