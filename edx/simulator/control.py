"""The endpoints under `/_simulator/`, by which a test or a demo reads and sets at run time what the simulator does."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edx.simulator.faults import Fault, Faults, Kind

NAMES: dict[str, tuple[type, ...]] = {
    "kind": (str,),
    "method": (str,),
    "path": (str,),
    "times": (int, type(None)),
    "share": (int, float),
    "seconds": (int, float),
    "status": (int,),
    "retry_after": (int, type(None)),
}


class Throttling(Protocol):
    """What turns the throttles on, as the options have them, or off."""

    def __call__(self, *, on: bool) -> None:
        """Turn them on or off."""


class Taking(Protocol):
    """What has a user enrolled in a run, in a mode, and gives a certificate to who `has_passed`. Raises KeyError."""

    def __call__(self, *, username: str, course_id: str, mode: str, has_passed: bool = False) -> None:
        """Enroll a known user in a known run."""


class Cloning(Protocol):
    """What is known of clones, by the key of their destination: how often each was asked for, and how often made.

    `unseen` is how often a run that was cloned is answered with 404 before it is found.
    """

    clones: Counter[str]
    copies: Counter[str]
    unseen: int


class Importing(Protocol):
    """What is known of imports, how often one was begun for each course, and what becomes of further ones."""

    imported: Counter[str]

    def expect(self, states: Sequence[str] = (), stage: str | None = None, message: str = "") -> None:
        """Have imports go through these states and, given a stage, fail in it. Raises ValueError for no stage."""


def control_app(
    faults: Faults,
    *,
    cloning: Cloning,
    importing: Importing,
    reset: Callable[[], None],
    throttle: Throttling,
    take: Taking,
) -> Starlette:
    """The endpoints: `faults`, `throttles`, `unseen`, `requests`, `clones`, `copies`, `imports`, `learners`, `reset`.

    `faults` is read (GET), set (PUT with a list) and emptied (DELETE); `throttles` is set (PUT with true or false), as
    is `unseen` (PUT with a number). `requests`, `clones` and `copies` are counts (GET), the last two of how often each
    key was asked for as the destination of a clone, and how often a clone made it. `imports` is a count as well, of
    imports by course; it is set (PUT with an object) to the `states` that further ones go through and the `stage` that
    they fail in, with a `message`. `learners` (PUT with a list of objects with `username`, `course_id`, `mode` and, if
    wanted, `has_passed`) enrolls users. `reset` (POST) brings the world back to its beginning, ends the faults and
    forgets the counts.
    """

    def begin_anew(_: Request) -> Response:
        reset()
        faults.set([])
        faults.requests.clear()
        return Response(status_code=204)

    return Starlette(
        routes=[
            *_faults(faults),
            Route("/_simulator/throttles", _throttling(throttle), methods=["PUT"]),
            *_clones(cloning),
            *_imports(importing),
            Route("/_simulator/learners", _enrolling(take), methods=["PUT"]),
            Route("/_simulator/reset", begin_anew, methods=["POST"]),
        ]
    )


def _faults(faults: Faults) -> list[Route]:
    """The endpoints about faults, and about the requests that they may strike."""

    async def set_faults(request: Request) -> Response:
        try:
            wanted = [fault_of(item) for item in _list_of(orjson.loads(await request.body()))]
        except (TypeError, ValueError) as error:
            return JSONResponse({"detail": str(error)}, 400)
        faults.set(wanted)
        return _faults_in_force(faults)

    def read_faults(_: Request) -> Response:
        return _faults_in_force(faults)

    def end_faults(_: Request) -> Response:
        faults.set([])
        return Response(status_code=204)

    def read_requests(_: Request) -> Response:
        return JSONResponse({f"{method} {path}": count for (method, path), count in sorted(faults.requests.items())})

    return [
        Route("/_simulator/faults", read_faults, methods=["GET"]),
        Route("/_simulator/faults", set_faults, methods=["PUT"]),
        Route("/_simulator/faults", end_faults, methods=["DELETE"]),
        Route("/_simulator/requests", read_requests, methods=["GET"]),
    ]


def _throttling(throttle: Throttling) -> Callable[[Request], Awaitable[Response]]:
    async def set_throttles(request: Request) -> Response:
        on = (await request.body()).strip()
        if on not in {b"true", b"false"}:
            return JSONResponse({"detail": "throttles: true or false"}, 400)
        throttle(on=on == b"true")
        return Response(status_code=204)

    return set_throttles


def _enrolling(take: Taking) -> Callable[[Request], Awaitable[Response]]:
    async def enroll(request: Request) -> Response:
        try:
            for item in _list_of(orjson.loads(await request.body())):
                take(**item)
        except (KeyError, TypeError, ValueError) as error:
            return JSONResponse({"detail": str(error)}, 400)
        return Response(status_code=204)

    return enroll


def _clones(cloning: Cloning) -> list[Route]:
    """The endpoints about clones."""

    async def set_unseen(request: Request) -> Response:
        number = (await request.body()).strip()
        if not number.isdigit():
            return JSONResponse({"detail": "unseen: a number"}, 400)
        cloning.unseen = int(number)
        return Response(status_code=204)

    def read_clones(_: Request) -> Response:
        return JSONResponse(cloning.clones)

    def read_copies(_: Request) -> Response:
        return JSONResponse(cloning.copies)

    return [
        Route("/_simulator/unseen", set_unseen, methods=["PUT"]),
        Route("/_simulator/clones", read_clones, methods=["GET"]),
        Route("/_simulator/copies", read_copies, methods=["GET"]),
    ]


def _imports(importing: Importing) -> list[Route]:
    """The endpoint about imports."""

    async def set_imports(request: Request) -> Response:
        try:
            importing.expect(**orjson.loads(await request.body()))
        except (TypeError, ValueError) as error:
            return JSONResponse({"detail": str(error)}, 400)
        return Response(status_code=204)

    def read_imports(_: Request) -> Response:
        return JSONResponse(importing.imported)

    return [
        Route("/_simulator/imports", read_imports, methods=["GET"]),
        Route("/_simulator/imports", set_imports, methods=["PUT"]),
    ]


def fault_of(item: Any) -> Fault:
    """A fault as JSON: `{"kind": "error", "path": "/api/courses/", "times": 3}`.

    TypeError or ValueError tells what is wrong.
    """
    if not isinstance(item, dict) or "kind" not in item:
        raise TypeError("a fault is an object with a kind")
    for name, value in item.items():
        if name not in NAMES:
            raise ValueError(f"{name}: not known; known are {', '.join(NAMES)}")
        if isinstance(value, bool) or not isinstance(value, NAMES[name]):
            raise TypeError(f"{name}: of the wrong type")
    return Fault(**{**item, "kind": Kind(item["kind"])})


def _list_of(body: Any) -> list[Any]:
    if not isinstance(body, list):
        raise TypeError("a list is wanted")
    return body


def _faults_in_force(faults: Faults) -> Response:
    return Response(orjson.dumps(faults.faults), media_type="application/json")
