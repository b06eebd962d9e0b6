"""What Open edX answered: its body read as JSON, and a refusal told in the platform's own words.

The platform has several shapes of errors, HTML pages among them; all become one of `edx.errors`.
"""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import orjson

from edx.errors import Failed, NotFound, OpenEdxError, Rejected, Throttled, UnexpectedAnswer, Unreachable

EXCERPT = 200
MAX_MESSAGES = 20
MAX_DEPTH = 6
LONGEST_WAIT = 86_400.0
WRAPPERS = {"developer_message", "detail", "error", "error_code", "field_errors", "message", "non_field_errors"}
"""Keys that wrap messages and are no names of fields."""
SUCCESS, REDIRECTION = 2, 3

TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
WAIT = re.compile(r"available in (\d+) second")


@dataclass(frozen=True, slots=True)
class Call:
    """A call as errors and metrics name it: `operation` is one of few words, `path` has no host and no query.

    Bodies of a `private` call hold secrets: nothing of them is shown but a refusal's error code.
    """

    method: str
    path: str
    operation: str
    private: bool = False

    def failed(self, kind: type[OpenEdxError], reason: str, status: int | None = None) -> OpenEdxError:
        """The error of this kind about this call."""
        return kind(reason, method=self.method, path=self.path, status=status)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its whole body. Header names are in lower case."""

    call: Call
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return self.status // 100 == SUCCESS

    def json(self) -> Any:
        """The body's JSON; raises `UnexpectedAnswer` if it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            with contextlib.suppress(ValueError):
                return json.loads(self.body)  # the platform's own reader takes more, such as half of a surrogate pair
            what = "an HTML page" if self._is_html() else "something else" if self.body else "nothing"
            raise self.unexpected(f"{what} in place of JSON") from None

    def unexpected(self, reason: str) -> UnexpectedAnswer:
        """The error to raise when this answer is not what Open edX gives."""
        call = self.call
        return UnexpectedAnswer(reason, method=call.method, path=call.path, status=self.status, excerpt=self.excerpt())

    def error(self) -> OpenEdxError:
        """What an answer other than 2xx means, as an error to raise."""
        if self.status // 100 == REDIRECTION:
            target = urlsplit(self.headers.get("location", "")).path
            return self.unexpected(f"a redirect to {target or 'nowhere'}")
        messages = self.messages()
        kind, reason = kind_of(self.status)
        return kind(
            f"{reason}: {shortened('; '.join(messages))}" if messages else reason,
            method=self.call.method,
            path=self.call.path,
            status=self.status,
            messages=messages,
            retry_after=self.retry_after(),
            excerpt="" if messages else self.excerpt(),
        )

    def messages(self) -> list[str]:
        """The platform's own words in a refusal, `field: message` where they are about a field."""
        try:
            told = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return []
        if self.call.private:
            told = told.get("error") if isinstance(told, dict) else None
            return [told] if isinstance(told, str) and re.fullmatch(r"[a-z_]{1,40}", told) else []
        return list(islice(messages_in(told), MAX_MESSAGES))

    def excerpt(self) -> str:
        """A short text of the body: of a page its title, of anything else the beginning."""
        if self.call.private or not self.body:
            return ""
        text = self.body[: 64 * EXCERPT].decode(errors="replace")
        if self._is_html():
            title = TITLE.search(text)
            text = f"HTML page: {title[1]}" if title else "HTML page"
        return shortened(" ".join(text.split()))

    def retry_after(self) -> float | None:
        """The wait asked for, in seconds: from the header Retry-After or, as some lists give none, from the text."""
        if header := self.headers.get("retry-after"):
            return seconds_of(header)
        told = WAIT.search(self.body[: 64 * EXCERPT].decode(errors="replace"))
        return min(float(told[1]), LONGEST_WAIT) if told else None

    def _is_html(self) -> bool:
        return "html" in self.headers.get("content-type", "") or self.body.lstrip()[:1] == b"<"


def kind_of(status: int) -> tuple[type[OpenEdxError], str]:
    """The error that a status of 400 or more means, and how to call it."""
    match status:
        case 404:
            return NotFound, "not found"
        case 429:
            return Throttled, "too many requests"
        case 502 | 503 | 504:
            return Unreachable, "not available"
        case _ if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return Rejected, "refused"
        case _:
            return Failed, "the platform failed"


def messages_in(told: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    """All texts in an error's body, each led by the path of the field it is about."""
    if isinstance(told, str) and told:
        yield shortened(f"{name}: {told}" if name else told)
    elif depth < MAX_DEPTH and isinstance(told, list):
        for item in told:
            yield from messages_in(item, name, depth + 1)
    elif depth < MAX_DEPTH and isinstance(told, dict):
        for key, item in told.items():
            yield from messages_in(item, name if key in WRAPPERS else f"{name}.{key}".lstrip("."), depth + 1)


def shortened(text: str) -> str:
    """A text that is no longer than people read."""
    return text if len(text) <= EXCERPT else text[:EXCERPT] + "…"


def seconds_of(header: str) -> float | None:
    """Retry-After in seconds, which may be written as a date, between nothing and a day; None if it is neither."""
    if header.strip().isdecimal():
        return min(float(header), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - datetime.now(UTC)).total_seconds()), LONGEST_WAIT)
