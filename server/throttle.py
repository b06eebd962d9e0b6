"""How much one user may ask for through one application: points that come back as time goes by.

An operation takes a point for each hundred of its cost. They are counted in memory, or by `limits` in Redis, in a
window that slides, which lets through as much in the long run as a token bucket, and less at once.
"""

import math
import time
from typing import Any, Protocol, cast

import structlog
from limits.aio.storage import RedisStorage
from limits.errors import StorageError
from redis.asyncio import ConnectionPool

from resolvers.access import Viewer
from resolvers.allowance import POINTS, Allowance
from resolvers.errors import Code
from server.applications.callers import Caller
from server.exchange import current
from server.operations import Refusal, refusal

COST_OF_A_POINT = 100
PERIOD = 60
PATIENCE = 0.25
"""Seconds that Redis may take to answer."""

INEXACT = 0.001
"""Seconds by which what is computed from times of day may be off."""

PREFIX = "collegium:points"

Window = tuple[int, float, int, float]
"""The points of the window before, seconds for which they still count, those of this one, and seconds for these."""

log = structlog.get_logger(__name__)


class Storage(Protocol):
    """Counts points in a window that slides."""

    async def take(self, key: str, limit: int, period: int, points: int) -> tuple[bool, Window]:
        """Take points if there are enough; whether there were, and how many count then."""

    async def window(self, key: str, period: int) -> Window:
        """How many count."""


class Memory:
    """The storage of one process. That of `limits` starts a task for every point, and took as long as a small query.

    Of callers who were not heard of for two windows nothing is kept.
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._before: dict[str, int] = {}
        self._window = 0

    async def take(self, key: str, limit: int, period: int, points: int) -> tuple[bool, Window]:
        """Take points if there are enough; whether there were, and how many count then."""
        window = previous, fading, current, lasting = self._now(key, period)
        if _used(window, period) + points > limit:
            return False, window
        self._counts[key] = current = current + points
        return True, (previous, fading, current, lasting)

    async def window(self, key: str, period: int) -> Window:
        """How many count."""
        return self._now(key, period)

    def _now(self, key: str, period: int) -> Window:
        number, part = divmod(time.time() / period, 1)
        if number != self._window:
            self._before = self._counts if number == self._window + 1 else {}
            self._counts, self._window = {}, int(number)
        left = (1 - part) * period
        before = self._before.get(key, 0)
        return before, left if before else 0.0, self._counts.get(key, 0), left + period


class Shared:
    """The storage of several processes, which is in Redis."""

    def __init__(self, redis: RedisStorage) -> None:
        self._redis = redis

    async def take(self, key: str, limit: int, period: int, points: int) -> tuple[bool, Window]:
        """Take points if there are enough; whether there were, and how many count then."""
        is_taken = await self._redis.acquire_sliding_window_entry(key, limit, period, points)
        return is_taken, await self.window(key, period)

    async def window(self, key: str, period: int) -> Window:
        """How many count."""
        return await self._redis.get_sliding_window(key, period)


class Throttle:
    """Counts the points of callers: `points` in `period` seconds for each, unless their application has its own.

    Where Redis does not answer, everybody is let through: it holds back whoever asks too much, and guards nothing.
    """

    def __init__(
        self,
        points: int = POINTS,
        period: int = PERIOD,
        storage: Storage | None = None,
        pool: ConnectionPool | None = None,
    ) -> None:
        self._points = points
        self._period = period
        self._storage = storage or Memory()
        self._pool = pool
        self._is_lost = False

    async def aclose(self) -> None:
        """Close the connections to Redis, if there are any."""
        if self._pool is not None:
            await self._pool.aclose()

    async def take(self, viewer: Viewer, cost: int) -> Allowance:
        """Take the points of an operation with this cost; the headers of the response will tell.

        Raises Refusal: RATE_LIMITED when there are too few, COST_LIMIT_EXCEEDED when there never will be enough.
        """
        limit, wanted, key = self._limit(viewer), points_of(cost), _key(viewer)
        if wanted > limit:
            problem = f"the operation takes {wanted:,} points; there are no more than {limit:,}"
            raise refusal(Code.COST_LIMIT_EXCEEDED, problem)
        try:
            is_taken, window = await self._storage.take(key, limit, self._period, wanted)
        except StorageError as error:
            self._lost(error)
            return Allowance(limit, limit, 0, wanted)
        self._is_lost = False
        allowance = _allowance(window, limit, self._period, wanted if is_taken else 0)
        seconds = None if is_taken else math.floor(wait(window, limit - wanted, self._period) + INEXACT) + 1
        _tell(allowance, seconds)
        if seconds is not None:
            raise _limited(allowance, self._period, seconds)
        return allowance

    async def standing(self, viewer: Viewer) -> Allowance:
        """What a caller has; nothing is taken."""
        limit = self._limit(viewer)
        try:
            return _allowance(await self._storage.window(_key(viewer), self._period), limit, self._period, 0)
        except StorageError as error:
            self._lost(error)
            return Allowance(limit, limit, 0)

    def _limit(self, viewer: Viewer) -> int:
        own = viewer.points if isinstance(viewer, Caller) else None
        return self._points if own is None else own

    def _lost(self, error: StorageError) -> None:
        if not self._is_lost:
            log.error("nobody_is_throttled", detail=str(error))
        self._is_lost = True


def open_throttle(points: int = POINTS, period: int = PERIOD, redis_url: str | None = None) -> Throttle:
    """A throttle that counts in Redis, `redis://…`, for all processes, or in memory for this one only."""
    if redis_url is None:
        return Throttle(points, period)
    pool = ConnectionPool.from_url(redis_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
    storage = RedisStorage(
        f"async+{redis_url}",
        wrap_exceptions=True,
        implementation="redispy",
        key_prefix=PREFIX,
        connection_pool=cast("Any", pool),  # whatever is given there goes on to Redis's client
    )
    return Throttle(points, period, Shared(storage), pool)


def points_of(cost: int) -> int:
    """The points of an operation: one for each hundred of its cost, begun ones included, and one at least."""
    return max(1, -(-cost // COST_OF_A_POINT))


def wait(window: Window, room: int, period: int) -> float:
    """Seconds after which no more than `room` points count, parts of one left out, if none are taken meanwhile."""
    previous, fading, current, lasting = window
    if _used(window, period) <= room:
        return 0
    if current <= room:
        return fading - (room + 1 - current) * period / previous
    return lasting - period + period * (1 - (room + 1) / current)  # they begin to fade when the next window begins


def _used(window: Window, period: int) -> int:
    """How many points count, as `limits` reckons."""
    previous, fading, current, _ = window
    return math.floor(previous * fading / period) + current if previous else current


def _allowance(window: Window, limit: int, period: int, cost: int) -> Allowance:
    _, fading, current, lasting = window
    return Allowance(limit, max(0, limit - _used(window, period)), lasting if current else fading, cost)


def _limited(allowance: Allowance, period: int, seconds: int) -> Refusal:
    problem = (
        f"{allowance.remaining:,} of {allowance.limit:,} points in {period} seconds are left, and the operation takes"
        f" more; try again in {seconds} seconds"
    )
    extensions = {"code": Code.RATE_LIMITED.value, "retryAfter": seconds}
    return Refusal(Code.RATE_LIMITED, [{"message": problem, "extensions": extensions}])


def _key(viewer: Viewer) -> str:
    """Whose points are counted together: one user's through one application, or one address's without sign-in."""
    if viewer.username is None:
        exchange = current.get()
        return f"address {exchange.address if exchange else ''}"
    application = viewer.application if isinstance(viewer, Caller) else None
    return f"application {application or ''} user {viewer.username}"


def _tell(allowance: Allowance, retry_after: int | None) -> None:
    exchange = current.get()
    if exchange is None:
        return
    exchange.told = [
        (b"ratelimit-limit", b"%d" % allowance.limit),
        (b"ratelimit-remaining", b"%d" % allowance.remaining),
        (b"ratelimit-reset", b"%d" % math.ceil(allowance.reset)),
    ]
    if retry_after is not None:
        exchange.told.append((b"retry-after", b"%d" % retry_after))
