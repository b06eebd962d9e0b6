"""How an attempt at a job ends other than by its result.

AttemptEnded
├── JobFailed      it is of no use to try again
├── TryAgain       it may go better later: after a pause there is another attempt, if some are left
├── Postponed      what it needs is not there now: it waits, and the attempt does not count
├── JobCanceled    somebody asked for it to be canceled
└── AttemptLost    somebody else has the job, or it is over: this attempt must write nothing any more

Whatever else a handler raises is a fault of ours: it is logged under an id, and the attempt may be made again.
"""

from enum import StrEnum


class JobErrorCode(StrEnum):
    """Why a job failed, where its kind has nothing better to say. Each is described in `docs/errors.md`."""

    DATABASE_UNAVAILABLE = "DATABASE_UNAVAILABLE"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    STORAGE_FULL = "STORAGE_FULL"
    STORAGE_UNAVAILABLE = "STORAGE_UNAVAILABLE"
    TIMED_OUT = "TIMED_OUT"
    WORKER_LOST = "WORKER_LOST"


class AttemptEnded(Exception):
    """An end of an attempt without a result."""


class JobFailed(AttemptEnded):
    """It is of no use to try again. `code` is one of the kind's or of `JobErrorCode`; the message is shown.

    `result` is what there is to say beside the message, as JSON.
    """

    def __init__(self, code: str, message: str, *, result: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.result = result


class TryAgain(JobFailed):
    """It may go better after a pause: the kind's, or `after` seconds."""

    def __init__(self, code: str, message: str, *, after: float | None = None) -> None:
        super().__init__(code, message)
        self.after = after


class Postponed(TryAgain):
    """What it needs is not there now: it waits for `after` seconds, and the attempt does not count."""

    def __init__(self, code: str, message: str, *, after: float) -> None:
        super().__init__(code, message, after=after)


class JobCanceled(AttemptEnded):
    """Somebody asked for it to be canceled."""


class AttemptLost(AttemptEnded):
    """Somebody else has the job, or it is over: this attempt must write nothing any more."""
