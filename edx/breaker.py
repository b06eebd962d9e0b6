"""A circuit breaker: a service that is down is left alone for a while, so that neither side waits for nothing."""

import time
from collections.abc import Callable
from enum import StrEnum

from edx.errors import NotSent, Unreachable
from edx.patience import Try


class Circuit(StrEnum):
    """Whether calls are let through: all of them, none, or one that tries."""

    CLOSED = "closed"
    OPEN = "open"
    TRYING = "trying"


class Breaker:
    """The circuit to one service, which all its clients share (`admit` and `note` are for `HttpSettings`).

    `failures` calls in a row that do not reach the service open it. Open, it refuses calls with `NotSent` for `rest`
    seconds; then one call is let through, whose outcome closes it or begins another rest. An answer of any kind, also
    a refusal or an error of the service, shows that it is up. `on_change` is told the name and whether it is open.
    """

    def __init__(
        self,
        name: str,
        *,
        failures: int = 5,
        rest: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[str, bool], None] = lambda _name, _is_open: None,
    ) -> None:
        self.name = name
        self._on_change = on_change
        self._limit = failures
        self._rest = rest
        self._clock = clock
        self._in_a_row = 0
        self._rests_until: float | None = None

    @property
    def state(self) -> Circuit:
        """The state as it is now."""
        if self._rests_until is None:
            return Circuit.CLOSED
        return Circuit.OPEN if self._clock() < self._rests_until else Circuit.TRYING

    async def admit(self, _operation: str) -> None:
        """Let a call through, or raise NotSent with the seconds to wait."""
        if self._rests_until is None:
            return
        wait = self._rests_until - self._clock()
        if wait > 0:
            raise NotSent(f"{self.name} is down and left alone for a while", retry_after=wait)
        self._rests_until = self._clock() + self._rest  # whoever comes while this call tries has to wait

    def note(self, tried: Try) -> None:
        """Learn how a call went."""
        was_open = self._rests_until is not None
        if tried.outcome != Unreachable.code:
            self._in_a_row, self._rests_until = 0, None
        else:
            self._in_a_row += 1
            if self._in_a_row >= self._limit:
                self._rests_until = self._clock() + self._rest
        is_open = self._rests_until is not None
        if is_open is not was_open:
            self._on_change(self.name, is_open)
