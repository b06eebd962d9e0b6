"""Creates that are done once, however often a client that lost the answer repeats them."""

from collections.abc import Awaitable, Callable
from hashlib import sha256

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import IdempotencyKey
from resolvers.access import Viewer
from resolvers.refusals import Problem, Reason, Refusal

LONGEST_KEY = 255


async def once(
    session: AsyncSession,
    viewer: Viewer,
    operation: str,
    key: str | None,
    *,
    given: object,
    work: Callable[[], Awaitable[str]],
) -> str:
    """The result of `work`, or that of the first time when the viewer did this with `key` before.

    `given` is what the operation was asked for, as JSON: raises Refusal when the same key comes with something else.
    """
    if key is None:
        return await work()
    if not 0 < len(key) <= LONGEST_KEY or "\0" in key:
        raise Refusal([Problem(Reason.INVALID, f"a key has 1 to {LONGEST_KEY} characters", ("idempotencyKey",))])
    fingerprint = sha256(orjson.dumps(given, option=orjson.OPT_SORT_KEYS)).hexdigest()
    row = (viewer.username or "", operation, key)
    known = await session.get(IdempotencyKey, row)
    if known is not None:
        return _same(known, fingerprint)
    try:
        result = await work()
    except Refusal:  # the first time may have ended meanwhile, and be what stands against this one
        known = await session.get(IdempotencyKey, row)
        if known is None:
            raise
        return _same(known, fingerprint)
    session.add(
        IdempotencyKey(
            username=viewer.username or "", operation=operation, key=key, fingerprint=fingerprint, result=result
        )
    )
    await session.flush()
    return result


def _same(known: IdempotencyKey, fingerprint: str) -> str:
    if known.fingerprint != fingerprint:
        reason = "the key was used for another input"
        raise Refusal([Problem(Reason.IDEMPOTENCY_KEY_REUSED, reason, ("idempotencyKey",))])
    return known.result
