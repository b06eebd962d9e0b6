"""A budget of calls: never more of them in a minute than the platform allows, however many want to make one."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection

from edx.errors import Throttled


class CallBudget:
    """At most `most` calls of some operations in any `period` seconds.

    Who would have to wait longer than `patience` seconds is refused.
    The platform counts an account's calls wherever they come from: of several processes each gets its part.
    """

    def __init__(
        self,
        most: int,
        *,
        operations: Collection[str],
        period: float = 60.0,
        patience: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._operations = frozenset(operations)
        self._period = period
        self._patience = patience
        self._clock = clock
        self._begun: deque[float] = deque(maxlen=most)

    async def admit(self, operation: str) -> None:
        """Wait for the turn to make one call. Raises Throttled at once where that would take too long."""
        if operation not in self._operations:
            return
        now = self._clock()
        is_full = len(self._begun) == self._begun.maxlen
        turn = max(now, self._begun[0] + self._period) if is_full else now
        if turn - now > self._patience:
            raise Throttled("the budget of calls is spent", retry_after=turn - now)
        self._begun.append(turn)  # the place is taken before the wait, so that nobody else takes it
        if turn > now:
            await asyncio.sleep(turn - now)
