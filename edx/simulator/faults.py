"""Faults: the ways in which a platform answers late, wrongly or not at all, and the count of what was asked of it.

An ASGI middleware for any application. Which requests a fault strikes is settled by its method, path and count.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

import orjson
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTROL_PREFIX = "/_simulator/"
CONNECTION = "connection"


class Kind(StrEnum):
    """What a fault does. The first group strikes before the platform does the work, the second after it is done."""

    DELAY = "delay"  # waits `seconds`, then all goes its way; delays add up with each other and with another fault
    ERROR = "error"  # an HTML page with `status`: 500, 502, 503 …
    THROTTLE = "throttle"  # 429, with Retry-After if `retry_after` is given
    MISSING = "missing"  # 404, as what has just been made may answer for a while
    PAGE = "page"  # 200 with an HTML page, as a proxy or a login wall gives it
    CUT = "cut"  # the connection is cut, nothing is answered

    LATE = "late"  # the answer waits `seconds`
    NEVER = "never"  # the connection stays open, nothing is answered
    LOST = "lost"  # the connection is cut in place of the answer
    BROKEN = "broken"  # the HTML page of an error with `status`, though the work is done
    TRUNCATED = "truncated"  # half of the body, as if it were the whole
    WRONG_TYPE = "wrong_type"  # valid JSON of another type: a list for an object, an object for anything else


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, and the requests that it strikes: those of `method` under the prefix `path`, empty meaning any.

    `share` is the part of them that is struck (0 to 1), `times` the number of strikes after which it is over.
    `seconds` belongs to DELAY and LATE, `status` to ERROR and BROKEN, `retry_after` (seconds) to THROTTLE.
    """

    kind: Kind
    method: str = ""
    path: str = ""
    times: int | None = None
    share: float = 1.0
    seconds: float = 0.0
    status: int = 500
    retry_after: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError("share: a number from 0 to 1")
        if self.seconds < 0 or (self.times is not None and self.times < 1):
            raise ValueError("seconds: not below 0; times: at least 1")
        if not 500 <= self.status <= 599:  # noqa: PLR2004  # the range is HTTP's
            raise ValueError("status: 500 to 599")

    def meets(self, method: str, path: str) -> bool:
        """Whether a request is among those that this fault may strike."""
        return self.method in {"", method} and path.startswith(self.path)


class Faults:
    """The faults in force, drawn from in the same order for the same seed, and the requests counted so far."""

    def __init__(self, faults: Iterable[Fault] = (), *, seed: int = 0) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()
        self._seed = seed
        self.set(faults)

    @property
    def faults(self) -> list[Fault]:
        """The faults in force, `times` being what is left of each."""
        return list(self._faults)

    def set(self, faults: Iterable[Fault]) -> None:
        """Put these faults in the place of all others, and begin the dice anew."""
        self._faults = list(faults)
        self._random = random.Random(self._seed)  # noqa: S311  # dice, not a secret

    def strike(self, method: str, path: str) -> tuple[float, Fault | None]:
        """The seconds that this request waits, and the first other fault that strikes it."""
        seconds = 0.0
        struck: Fault | None = None
        for fault in self.faults:
            if (fault.kind is Kind.DELAY or not struck) and fault.meets(method, path) and self._falls_on(fault):
                self._spend(fault)
                if fault.kind is Kind.DELAY:
                    seconds += fault.seconds
                else:
                    struck = fault
        return seconds, struck

    def _falls_on(self, fault: Fault) -> bool:
        return fault.share >= 1 or self._random.random() < fault.share

    def _spend(self, fault: Fault) -> None:
        if fault.times is None:
            return
        at = self._faults.index(fault)
        self._faults[at : at + 1] = [] if fault.times == 1 else [replace(fault, times=fault.times - 1)]


class Faulty:
    """The middleware: counts a request, lets the faults strike it, and hands it to the application `app` or not.

    What lies under `/_simulator/` goes to `control`, uncounted and unstruck.
    """

    def __init__(self, app: Starlette, faults: Faults, *, control: ASGIApp) -> None:
        self.app = app
        self._faults = faults
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or let a fault do it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"].startswith(CONTROL_PREFIX):
            await self._control(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._faults.requests[scope["method"], route_path(self.app.routes, scope)] += 1
        seconds, fault = self._faults.strike(scope["method"], scope["path"])
        if seconds:
            receive = await _with_body_read(receive)
            await asyncio.sleep(seconds)
        if fault is None:
            await self.app(scope, receive, send)
        elif instead := _in_place_of_work(fault):
            await instead(scope, receive, send)
        elif fault.kind is Kind.CUT:
            await _cut(scope, receive)
        else:
            await self._spoil(fault, scope, receive, send)

    async def _spoil(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the work be done, then spoil its answer."""
        answer = _Answer()
        await self.app(scope, receive, answer.take)
        match fault.kind:
            case Kind.LOST:
                return await _cut(scope, receive)
            case Kind.NEVER:
                return await _until_gone(receive)
            case Kind.BROKEN:
                return await _error(fault.status)(scope, receive, send)
            case Kind.LATE:
                await asyncio.sleep(fault.seconds)
            case Kind.TRUNCATED:
                answer.body = answer.body[: len(answer.body) // 2]
            case _:
                answer.body = _of_another_type(answer.body)
        await answer.give(send)
        return None


def route_path(routes: Sequence[BaseRoute], scope: Scope) -> str:
    """The path of the route that a request falls under (`/api/courses/v1/courses/`), or its own where none does."""
    for route in routes:
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
            return route.path
    return str(scope["path"])


def _in_place_of_work(fault: Fault) -> Response | None:
    """The answer to a request that never reaches the platform."""
    if fault.kind is Kind.ERROR:
        return _error(fault.status)
    if fault.kind is Kind.MISSING:
        return JSONResponse({"detail": "Not found."}, 404)
    if fault.kind is Kind.PAGE:
        return HTMLResponse("<!DOCTYPE html><html><body><h1>We will be right back</h1></body></html>")
    if fault.kind is not Kind.THROTTLE:
        return None
    if fault.retry_after is None:
        return JSONResponse({"detail": "Request was throttled."}, 429)
    unit = "second" if fault.retry_after == 1 else "seconds"
    detail = f"Request was throttled. Expected available in {fault.retry_after} {unit}."
    return JSONResponse({"detail": detail}, 429, headers={"Retry-After": str(fault.retry_after)})


def _error(status: int) -> Response:
    return HTMLResponse(f"<!DOCTYPE html><html><body><h1>{status}</h1></body></html>", status)


async def _with_body_read(receive: Receive) -> Receive:
    """A `receive` whose body is here already: a server gives none once its client has gone."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())

    async def again() -> Message:
        return messages.pop(0) if messages else await receive()

    return again


class _Answer:
    """One answer of the application, kept back."""

    def __init__(self) -> None:
        self.start: Message = {}
        self.body = b""

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.body += message.get("body", b"")

    async def give(self, send: Send) -> None:
        length = (b"content-length", b"%d" % len(self.body))
        headers = [header for header in self.start["headers"] if header[0].lower() != b"content-length"]
        await send({**self.start, "headers": [*headers, length]})
        await send({"type": "http.response.body", "body": self.body})


def _of_another_type(body: bytes) -> bytes:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None
    return b"[]" if isinstance(value, dict) else b"{}"


class Connection(Protocol):
    """What a server puts into a scope's state under `CONNECTION`, so that a fault can cut it (asyncio's)."""

    def abort(self) -> None:
        """Close the connection at once, what is not yet sent being lost."""


async def _cut(scope: Scope, receive: Receive) -> None:
    connection: Connection = scope["state"][CONNECTION]
    connection.abort()
    await _until_gone(receive)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
