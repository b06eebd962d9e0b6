"""What can go wrong with Open edX: its keys, and the calls to the LMS and to Studio.

InvalidCourseKey            a text that is not the key of a course run, or not the id of a course
OpenEdxError                a call that failed
├── Unreachable             no connection, a time-out, or 502, 503, 504; the same call may succeed later
│   └── NotSent             nothing reached the platform: no connection could be made, or none was tried
├── Throttled               429 for longer than we wait; `retry_after` says how long
├── Rejected                the platform understood and refused: 400, 401, 403 and other 4xx
│   ├── NotFound            404
│   ├── SourceMissing       a clone of a run that there is not
│   └── DestinationExists   a clone to a key that a run has already
├── Failed                  500 and other 5xx: the platform broke down over this call
└── UnexpectedAnswer        garbage: not JSON, wrong types, fields missing, too large, a redirect
"""

from collections.abc import Sequence
from typing import ClassVar

SHOWN = 80


class InvalidCourseKey(ValueError):
    """A text that is not the key of a course run, or not the id of a course.

    `reason` says what is wrong; `position` is the first wrong character, counted from 1, where there is one.
    """

    def __init__(self, text: str, reason: str, *, kind: str = "course key", position: int | None = None) -> None:
        self.text = text
        self.reason = reason
        self.position = position
        shown = text if len(text) <= SHOWN else text[:SHOWN] + "…"
        super().__init__(f"{shown!r} is no {kind}: {reason}")


class OpenEdxError(Exception):
    """A call to the LMS or to Studio that failed.

    For an operator there are `method` and `path` (no host and no query, so neither secrets nor the usernames asked
    for), the `status` of the answer if there was one, and `excerpt`, a short text of its body.
    `messages` are the platform's own words, each led by the field it is about if there is one (`username: Too many …`).
    `retry_after` is the wait in seconds that the platform asked for, None if it asked for none.
    `code` is stable and meant for clients.
    """

    code: ClassVar[str] = "UPSTREAM_UNAVAILABLE"

    def __init__(
        self,
        reason: str,
        *,
        method: str = "",
        path: str = "",
        status: int | None = None,
        messages: Sequence[str] = (),
        retry_after: float | None = None,
        excerpt: str = "",
    ) -> None:
        self.reason = reason
        self.method = method
        self.path = path
        self.status = status
        self.messages = tuple(messages)
        self.retry_after = retry_after
        self.excerpt = excerpt
        super().__init__(reason)

    def __str__(self) -> str:
        call = f"{self.method} {self.path}: " if self.path else ""
        answer = " ".join(part for part in (str(self.status or ""), self.excerpt) if part)
        return f"{call}{self.reason}" + (f" ({answer})" if answer else "")


class Unreachable(OpenEdxError):
    """No connection, a time-out, or 502, 503 or 504, also after all retries; the same call may succeed later.

    Whether the platform has done what was asked for is not known, but for `NotSent`.
    """


class NotSent(Unreachable):
    """Nothing reached the platform: no connection could be made, or none was tried as long as it is held to be down."""


class Throttled(OpenEdxError):
    """429 for longer than a call may wait; the same call may succeed after `retry_after` seconds."""

    code = "UPSTREAM_THROTTLED"


class Rejected(OpenEdxError):
    """The platform understood the call and refused it: 400, 401, 403 and other 4xx; `messages` say why."""

    code = "UPSTREAM_REJECTED"


class NotFound(Rejected):
    """404: there is no such thing, or the caller may not know of it."""


class SourceMissing(Rejected):
    """There is no run of the key that was to be cloned."""


class DestinationExists(Rejected):
    """There is a run of the key already that a clone was to get, be it by an earlier call of ours."""


class Failed(OpenEdxError):
    """500 or another 5xx that a retry does not help: the platform broke down over this call."""

    code = "UPSTREAM_FAILED"


class UnexpectedAnswer(OpenEdxError):
    """An answer that Open edX does not give: not JSON, wrong types, fields missing, too large, a redirect."""

    code = "UPSTREAM_INVALID"
