"""Jobs: work that outlives the request that asked for it, and the process that does it.

A kind is declared once and asked for by `enqueue`, in the transaction of the change that it belongs to:

    RERUN = Kind(name="RERUN", queue="studio")
    await enqueue(session, RERUN, "CourseRun:…", input={"source": "…"}, by=viewer, key="…")

What does the work is a function of a `JobContext`, which a process is given for each kind (`server/jobs/running.py`).
"""

from resolvers.jobs.context import JobContext
from resolvers.jobs.embedded import Embedded
from resolvers.jobs.errors import AttemptLost, JobCanceled, JobErrorCode, JobFailed, Postponed, TryAgain
from resolvers.jobs.kinds import CONTENT, Handler, Handlers, Kind, Places
from resolvers.jobs.queue import Order, enqueue, enqueue_all
from resolvers.jobs.running import Pace, Runner

__all__ = [
    "CONTENT",
    "AttemptLost",
    "Embedded",
    "Handler",
    "Handlers",
    "JobCanceled",
    "JobContext",
    "JobErrorCode",
    "JobFailed",
    "Kind",
    "Order",
    "Pace",
    "Places",
    "Postponed",
    "Runner",
    "TryAgain",
    "enqueue",
    "enqueue_all",
]
