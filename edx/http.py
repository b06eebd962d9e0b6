"""How Open edX is called: time-outs, retries, tokens, paging and limits, for the LMS and Studio alike.

No other module imports httpx, and no exception of httpx leaves this one (`edx.errors` has what does).
"""

import asyncio
import io
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import version
from typing import IO, Any, Protocol, Self
from urllib.parse import quote, urlsplit

import httpx
import orjson
import stamina

from edx.answers import REDIRECTION, Answer, Call
from edx.errors import NotFound, NotSent, OpenEdxError, UnexpectedAnswer, Unreachable
from edx.keys import CourseKey
from edx.patience import HttpSettings, Tries, Try

IDEMPOTENT = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}
END_OF_PAGES = "Invalid page"

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request being served: set, it goes along as `X-Request-ID` with every call made for it."""


class Authority(Protocol):
    """Whoever signs calls in; `edx.tokens.Tokens` does it with an application's credentials."""

    async def authorization(self) -> str:
        """The value of the header Authorization."""

    def refused(self, authorization: str) -> None:
        """Learn that this value was answered with 401; the next one must be another."""

    async def username(self) -> str:
        """The user whom the calls are made as."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is sent as the field `field` of a form; it is read from its beginning, a part at a time."""

    field: str
    filename: str
    content_type: str
    file: IO[bytes]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is sent with a call: a query, raw or to be encoded, a body with its content type, and who signs it in.

    `patience` is how many seconds the answer is waited for, where that is other than usual. What a successful answer
    has as its body is written to `into`, if that is given, `most` bytes of it at most.
    """

    query: Mapping[str, str | int] | str = ""
    body: bytes | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    content_type: str = "application/json"
    authorization: str | None = field(default=None, repr=False)
    patience: float | None = None
    upload: Upload | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    into: IO[bytes] | None = field(default=None, repr=False)
    most: int | None = None


class OpenEdxHttp:
    """A client of one service, the LMS or Studio, at `base_url`; to be shared and closed at the end.

    Cookies are forgotten unless it `keeps_cookies`, as the client of somebody's session does.
    """

    def __init__(
        self,
        base_url: str,
        *,
        authority: Authority | None = None,
        settings: HttpSettings | None = None,
        keeps_cookies: bool = False,
    ) -> None:
        self.base_url = checked(base_url)
        self.settings = settings or HttpSettings()
        self._authority = authority
        self._client = httpx.AsyncClient(
            headers={
                "User-Agent": f"Collegium/{version('collegium')}",
                "Accept": "application/json",
                # waits and ends of pages are told in words, and the platform would translate them
                "Accept-Language": "en",
            },
            # a session that the platform opened on the way must not sign later calls in
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=None if keeps_cookies else ())),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def username(self) -> str | None:
        """The user whom calls are made as; None if they are not signed in."""
        return await self._authority.username() if self._authority else None

    async def get(self, path: str, *, operation: str, query: Mapping[str, str | int] | str = "") -> Any:
        """The JSON at a path."""
        answer = await self.call("GET", path, operation=operation, query=query)
        return answer.json()

    async def call(
        self,
        method: str,
        path: str,
        *,
        operation: str,
        query: Mapping[str, str | int] | str = "",
        form: Mapping[str, str] | None = None,
        json: Any = None,
        content_type: str = "application/json",
        idempotent: bool | None = None,
        private: bool = False,
        attempts: int | None = None,
        authorization: str | None = None,
        patience: float | None = None,
    ) -> Answer:
        """Make a call and return its answer, which is 2xx; anything else raises an `OpenEdxError`.

        `path` is percent-encoded (`quoted`) and has no query. A call is retried only if it is idempotent, which GET,
        PUT and DELETE are unless told otherwise. `private` keeps the bodies out of errors. `authorization` signs this
        call in instead of the client's authority. `patience` is how many seconds its answer may take, in place of the
        settings' `read` and `whole`.
        """
        call = Call(method, path, operation, private=private)
        body = None if json is None else orjson.dumps(json)
        outgoing = Outgoing(query, body, form, content_type, authorization, patience)
        retried = method in IDEMPOTENT if idempotent is None else idempotent
        tries = Tries(call, self.settings, attempts=(attempts or self.settings.attempts) if retried else 1)
        retrying = stamina.AsyncRetryingCaller(attempts=tries.attempts, timeout=None)
        return await retrying(tries.wait_after, self._signed_in, call, outgoing)

    async def send_file(self, path: str, upload: Upload, *, operation: str, patience: float | None = None) -> Answer:
        """POST a file as a form, signed in and once; the answer, which is 2xx. Raises an `OpenEdxError`."""
        return await self._signed_in(Call("POST", path, operation), Outgoing(upload=upload, patience=patience))

    async def visit(
        self,
        method: str,
        path: str,
        *,
        operation: str,
        query: str = "",
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        into: IO[bytes] | None = None,
        most: int | None = None,
        patience: float | None = None,
    ) -> Answer:
        """What a page answers, once and not signed in but by cookies: 2xx, or a redirect, which is not followed.

        Nothing of the bodies gets into errors. With `into` the body of a 2xx goes there, `most` bytes at most, and is
        not in the answer.
        """
        outgoing = Outgoing(query, form=form, headers=headers or {}, into=into, most=most, patience=patience)
        answer = await self._send(Call(method, path, operation, private=True), outgoing)
        return answer if answer.status // 100 == REDIRECTION else accepted(answer)

    def cookie(self, name: str) -> str | None:
        """The value of a cookie that the service gave."""
        return next((each.value for each in self._client.cookies.jar if each.name == name), None)

    async def pages(
        self, path: str, *, operation: str, query: Mapping[str, str | int] | str = ""
    ) -> AsyncIterator[list[Any]]:
        """The `results` of all pages of a list, one page at a time.

        The platform's `next` names the next page, on whatever host: its query is sent to our own base URL, so that no
        token goes elsewhere. A page past the end, which the platform's estimates lead to, is the end.
        """
        seen = set()
        for number in range(self.settings.max_pages):
            try:
                answer = await self.call("GET", path, operation=operation, query=query)
            except NotFound as error:
                if number and any(message.startswith(END_OF_PAGES) for message in error.messages):
                    return
                raise
            results, following = self._page(answer)
            yield results
            if following is None:
                return
            if following in seen:
                raise answer.unexpected("the next page is one that was there before")
            seen.add(following)
            query = following
        raise Call("GET", path, operation).failed(UnexpectedAnswer, f"more than {self.settings.max_pages} pages")

    def _page(self, answer: Answer) -> tuple[list[Any], str | None]:
        """The results of a page and the query of the next one."""
        match answer.json():
            case {"results": list(results), "pagination": {"next": str() | None as following}}:
                pass
            case {"results": list(results), "next": str() | None as following}:
                pass
            case _:
                raise answer.unexpected("no page of a list: 'results' or 'next' is missing")
        if not following:
            return results, None
        try:
            url = urlsplit(following)
        except ValueError:
            raise answer.unexpected("the address of the next page is none") from None
        if url.path not in {answer.call.path, urlsplit(self.base_url).path + answer.call.path} or not url.query:
            raise answer.unexpected(f"the next page has another path: {url.path}")
        return results, url.query

    async def _signed_in(self, call: Call, outgoing: Outgoing) -> Answer:
        """Send a call signed in; after a 401 once more with a new token."""
        if self._authority is None or outgoing.authorization:
            return accepted(await self._send(call, outgoing, outgoing.authorization))
        authorization = await self._authority.authorization()
        answer = await self._send(call, outgoing, authorization)
        if answer.status == httpx.codes.UNAUTHORIZED:
            self._authority.refused(authorization)
            answer = await self._send(call, outgoing, await self._authority.authorization())
        return accepted(answer)

    async def _send(self, call: Call, outgoing: Outgoing, authorization: str | None = None) -> Answer:
        """One exchange on the wire, reported to `on_try`."""
        if self.settings.admit and not outgoing.authorization:
            await self.settings.admit(call.operation)
        started = self.settings.clock()
        try:
            with translated(call):
                async with asyncio.timeout(outgoing.patience or self.settings.whole):
                    answer = await self._exchange(call, self._request(call, outgoing, authorization), outgoing)
        except OpenEdxError as error:
            self._report(call, started, error.status, error.code)
            raise
        self._report(call, started, answer.status, "OK" if answer.is_success else answer.error().code)
        return answer

    def _report(self, call: Call, started: float, status: int | None, outcome: str) -> None:
        if self.settings.on_try:
            seconds = self.settings.clock() - started
            self.settings.on_try(Try(call.operation, call.method, status, seconds, outcome))

    async def _exchange(self, call: Call, request: httpx.Request, outgoing: Outgoing) -> Answer:
        response = await self._client.send(request, stream=True)
        body = io.BytesIO()
        is_kept = outgoing.into is None or not response.is_success
        target, most = (body, None) if is_kept else (outgoing.into, outgoing.most)
        try:
            await self._receive(call, response, target or body, most or self.settings.max_body)
        finally:
            await response.aclose()
        return Answer(call, response.status_code, dict(response.headers), body.getvalue())

    @staticmethod
    async def _receive(call: Call, response: httpx.Response, target: IO[bytes], most: int) -> None:
        size = 0
        async for chunk in response.aiter_bytes():
            size += len(chunk)
            if size > most:
                raise call.failed(UnexpectedAnswer, f"more than {most} bytes", response.status_code)
            target.write(chunk)

    def _request(self, call: Call, outgoing: Outgoing, authorization: str | None) -> httpx.Request:
        headers = dict(outgoing.headers)
        if authorization:
            headers["Authorization"] = authorization
        if outgoing.body is not None:
            headers["Content-Type"] = outgoing.content_type
        caller = request_id.get()
        if caller and caller.isascii() and caller.isprintable():
            headers["X-Request-ID"] = caller[:128]
        raw = outgoing.query if isinstance(outgoing.query, str) else ""
        return self._client.build_request(
            call.method,
            f"{self.base_url}{call.path}" + (f"?{raw}" if raw else ""),
            params=None if isinstance(outgoing.query, str) else outgoing.query,
            content=outgoing.body,
            data=outgoing.form,
            files=files_of(outgoing.upload),
            headers=headers,
            timeout=httpx.Timeout(
                outgoing.patience or self.settings.read, connect=self.settings.connect, pool=self.settings.whole
            ),
        )


def files_of(upload: Upload | None) -> Any:
    """A file as httpx takes one, which measures it on the disk."""
    if upload is None:
        return None
    upload.file.flush()
    return {upload.field: (upload.filename, upload.file, upload.content_type)}


@contextmanager
def translated(call: Call) -> Iterator[None]:
    """Turn what httpx raises into our errors."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        reason = f"no connection to {error.request.url.host} ({type(error).__name__})"
        raise call.failed(NotSent, reason) from error
    except (TimeoutError, httpx.TimeoutException) as error:
        raise call.failed(Unreachable, f"no answer in time ({type(error).__name__})") from error
    except httpx.DecodingError as error:
        raise call.failed(UnexpectedAnswer, "the encoding of the body is broken") from error
    except httpx.InvalidURL as error:
        raise call.failed(UnexpectedAnswer, "the platform named an address that cannot be called") from error
    except httpx.TransportError as error:
        reason = f"no connection to {error.request.url.host} ({type(error).__name__})"
        raise call.failed(Unreachable, reason) from error


def accepted(answer: Answer) -> Answer:
    """The answer itself if it is 2xx, else its error."""
    if not answer.is_success:
        raise answer.error()
    return answer


def quoted(key: CourseKey) -> str:
    """A key as it stands in a path: as the platform writes it, with everything beyond ASCII percent-encoded."""
    return quote(str(key), safe="/:+")


def checked(base_url: str) -> str:
    """A base URL without its last slash; raises ValueError, in which the URL is not repeated, if it is none."""
    url = urlsplit(base_url)
    if url.scheme not in {"http", "https"} or not url.hostname or url.query or url.fragment:
        raise ValueError("the base URL of Open edX must be http(s)://host[/path]")
    if url.username or url.password:
        raise ValueError("the base URL of Open edX must not hold a user or a password")
    return base_url.rstrip("/")
