"""How long Open edX is waited for: time-outs, tries and the waits between them."""

import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from edx.answers import Call
from edx.errors import Throttled, Unreachable

LONGEST_BACKOFF = 5.0


@dataclass(frozen=True, slots=True)
class Try:
    """One exchange on the wire, for metrics. `seconds` is its time; `outcome` is `OK` or the code of an error."""

    operation: str
    method: str
    status: int | None
    seconds: float
    outcome: str


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How patient a client is; times are in seconds. Who serves people waits little, a job may wait a minute and more.

    `connect` and `read` bound one connection attempt and one silence, `whole` one answer from first byte to last.
    A call is tried at most `attempts` times and for at most `budget` including its waits: a wait that would exceed it
    is not begun. `backoff` is the first wait where the platform names none; it doubles. `on_try` sees every exchange.
    `admit` is told the operation before every exchange that the client's own authority signs in; it may wait, or raise
    Throttled.
    """

    connect: float = 3.0
    read: float = 5.0
    whole: float = 30.0
    attempts: int = 4
    budget: float = 20.0
    backoff: float = 0.25
    max_body: int = 16 * 1024 * 1024
    max_pages: int = 1000
    clock: Callable[[], float] = time.monotonic
    on_try: Callable[[Try], None] | None = None
    admit: Callable[[str], Awaitable[None]] | None = None


class Tries:
    """The tries of one call: whether there is another, and how long to wait for it."""

    def __init__(self, call: Call, settings: HttpSettings, *, attempts: int) -> None:
        self.attempts = attempts
        self._call = call
        self._settings = settings
        self._ends = settings.clock() + settings.budget
        self._waits = 0

    def wait_after(self, error: Exception) -> float | bool:
        """The seconds to wait before the next try, with some jitter; False if there must be none.

        Lost connections, time-outs, 502, 503, 504 and 429 are tried again, unless the budget would be exceeded.
        """
        if not isinstance(error, Unreachable | Throttled) or error.path != self._call.path:
            return False  # what the token's own calls raised was retried there
        wait = error.retry_after
        if wait is None:
            wait = min(self._settings.backoff * 2**self._waits, LONGEST_BACKOFF)
        self._waits += 1
        wait += random.uniform(0, self._settings.backoff)  # noqa: S311  spreads calls, guards nothing
        return wait if self._settings.clock() + wait <= self._ends else False
