"""Replay of recordings: asks a service what was asked of the platform, and tells how its answer differs."""

import re
from base64 import b64encode
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson
from joserfc import jws, jwt
from joserfc.jwk import OctKey

from edx.simulator.options import RATES, Options, Throttle
from edx.simulator.tokens import claims_of, issue_jwt, issue_opaque
from edx.simulator.world import Application, User, World
from tests.recordings import Recording

RECORDED_AT = 1795233392.026224
"""When the recordings were taken (2026-11-21T03:56:32Z), in seconds since the epoch."""

HEADERS = ("content-type", "www-authenticate", "retry-after", "allow", "location")
"""The response headers that a reader of the API relies on."""

OF_THE_RUN = frozenset({"exp", "iat", "sub", "access_token"})
"""What is of the run and not of the situation: the times of a token and the token itself."""

SECRET = "plainly-a-fake-secret"


@dataclass
class Clock:
    """A clock that stands until it is set forward."""

    now: float = RECORDED_AT

    def __call__(self) -> float:
        return self.now


@dataclass
class Situation:
    """A world as it was for the recordings: its clock stands, and nothing is throttled until `rates` says so."""

    world: World = field(default_factory=World)
    clock: Clock = field(default_factory=Clock)
    rates: dict[Throttle, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.options = Options(jwt_secret=SECRET * 2, clock=self.clock, rates=self.rates)


def people() -> Situation:
    """The users and OAuth applications of the recordings, and nothing else."""
    situation = Situation()
    world = situation.world
    world.add_user(User("report_worker", "report_worker@example.org", "Report Worker", staff=True))
    world.add_user(User("plain_worker", "plain_worker@example.org", "Robot1 Test"))
    for name in ("alice", "bob", "carol", *(f"learner{number:03}" for number in range(1, 106))):
        world.add_user(User(name, f"{name}@example.org", f"{name.title()} Test"))
    world.add_application(Application("report-client", SECRET, "report_worker"))
    world.add_application(Application("plain-client", SECRET, "plain_worker"))
    restricted = Application("restricted-client", SECRET, "report_worker", restricted=True)
    restricted.on_request = ("certificates:read",)
    world.add_application(restricted)
    return situation


def authorization(situation: Situation, described: str) -> str:
    """The header that a recording describes (`JWT <JWT of alice, not staff>`)."""
    scheme, _, rest = described.partition(" ")
    return f"{scheme} {_token(situation, rest.strip('<>'))}"


def _token(situation: Situation, described: str) -> str:
    world, options = situation.world, situation.options
    worker, restricted = (world.applications[name] for name in ("report-client", "restricted-client"))
    default = worker.scopes
    known: dict[str, Callable[[], str]] = {
        "not a JWT": lambda: "not-a-jwt",
        "JWT with a broken signature": lambda: jwt_of(situation, "report_worker")[:-6] + "AAAAAA",
        "expired JWT of report_worker": lambda: jwt_of(situation, "report_worker", seconds=-1),
        "JWT of the restricted client": lambda: issue_jwt(world, options, restricted, default),
        "JWT of the restricted client, scope certificates:read": lambda: issue_jwt(
            world, options, restricted, restricted.on_request
        ),
        "opaque token of report_worker": lambda: issue_opaque(world, options, worker, default),
        "unknown opaque token": lambda: "unknown",
        "JWT sent under the Bearer scheme": lambda: jwt_of(situation, "report_worker"),
        "base64 of report-client:secret": lambda: b64encode(f"report-client:{SECRET}".encode()).decode(),
    }
    if described in known:
        return known[described]()
    owner = re.match(r"JWT of (\w+),", described)
    assert owner, described
    return jwt_of(situation, owner[1])


def jwt_of(situation: Situation, username: str, seconds: int = 3600) -> str:
    """An HS256 token of a user, as the platform itself would make it."""
    options = situation.options
    claims = claims_of(situation.world.users[username], options, Application("", "", "").scopes, seconds=seconds)
    return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.import_key(options.jwt_secret))


async def ask(client: httpx.AsyncClient, situation: Situation, recording: Recording) -> httpx.Response:
    """Send the request of a recording, byte by byte as it was, with a token of the one whose token it carried."""
    request = recording.request
    headers = {"X-Forwarded-Proto": "https", "Accept": "*/*", **request.headers}
    if "Authorization" in headers:
        headers["Authorization"] = authorization(situation, headers["Authorization"])
    path = f"{request.path}?{request.query}" if request.query else request.path
    return await client.request(request.method, path, headers=headers, content=_content(recording))


def _content(recording: Recording) -> bytes | None:
    body, kind = recording.request.body, recording.request.headers.get("Content-Type", "")
    if body is None or isinstance(body, str):
        return body.encode() if body else None
    if isinstance(body, Mapping) and body.get("client_secret") == "<redacted>":
        body = {**body, "client_secret": SECRET}
    return urlencode(body).encode() if kind == "application/x-www-form-urlencoded" else orjson.dumps(body)


async def exhaust(client: httpx.AsyncClient, situation: Situation, recording: Recording, seconds: int) -> None:
    """Throttle as recorded, and ask until the request of this recording is refused for `seconds` more."""
    situation.rates.update(RATES)
    for _ in range(max(RATES.values()) + 1):
        if (await ask(client, situation, recording)).status_code == 429:
            break
    situation.clock.now += 60 - seconds


def seconds_told(recording: Recording) -> int:
    """The seconds to wait that a 429 tells in its text; 60 if it tells nothing."""
    told = re.search(r"in (\d+) second", str(recording.response.body))
    return int(told[1]) if told else 60


def differences(recording: Recording, answer: httpx.Response, varying: Collection[str] = ()) -> list[str]:
    """How an answer differs from what was recorded, in status, in headers and in shape and meaning of the body.

    `varying` are the names of fields whose values are of the run: of these the type alone is compared.
    """
    expected = recording.response
    found = [] if answer.status_code == expected.status else [f"status {answer.status_code}, not {expected.status}"]
    for name in HEADERS:
        given, wanted = answer.headers.get(name), expected.headers.get(name)
        if given != wanted:
            found.append(f"{name}: {given}, not {wanted}")
    return [*found, *_bodies(recording, answer, {*OF_THE_RUN, *varying})]


def _bodies(recording: Recording, answer: httpx.Response, varying: Collection[str]) -> Iterator[str]:
    expected = recording.response
    if expected.empty or not answer.content:
        if bool(answer.content) == expected.empty:
            yield f"body: {answer.content!r}, not {expected.body!r}"
        return
    if expected.headers["content-type"].startswith("text/html"):
        if "<!doctype html>" not in answer.text.lower():
            yield f"no page: {answer.text[:80]!r}"
        return
    body = answer.json()
    yield from compared(body, expected.body, varying)
    if recording.jwt:
        yield from compared(_shown(body["access_token"]), dict(recording.jwt), varying, "jwt")


def _shown(token: str) -> dict[str, Any]:
    parts = jws.extract_compact(token.encode())
    claims = orjson.loads(parts.payload)
    assert claims["exp"] - claims["iat"] == 3600
    assert re.fullmatch("[0-9a-f]{32}", claims["sub"])
    return {"header": parts.headers(), "claims": claims}


def compared(given: Any, wanted: Any, varying: Collection[str], at: str = "body") -> Iterator[str]:
    """The places at which two JSON values differ."""
    if type(given) is not type(wanted):
        yield f"{at}: {given!r}, not {wanted!r}"
    elif isinstance(wanted, dict):
        if given.keys() != wanted.keys():
            yield f"{at}: keys {sorted(given.keys() ^ wanted.keys())} differ"
        for name in wanted.keys() & given.keys():
            yield from compared(given[name], wanted[name], varying, f"{at}.{name}")
    elif isinstance(wanted, list):
        if len(given) != len(wanted):
            yield f"{at}: {len(given)} items, not {len(wanted)}"
        for number, (mine, theirs) in enumerate(zip(given, wanted, strict=False)):
            yield from compared(mine, theirs, varying, f"{at}[{number}]")
    elif given != wanted and at.rpartition(".")[2] not in varying:
        yield f"{at}: {given!r}, not {wanted!r}"
