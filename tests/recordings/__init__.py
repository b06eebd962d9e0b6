"""Recordings of the real Open edX HTTP API, see README.md here: what it answered, request by request."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked. `query` is a query string or its parameters; `body` is text, or the values of JSON or a form."""

    method: str
    path: str
    query: str | Mapping[str, Any] | None
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Response:
    """What was answered. `body` is parsed if it was JSON; `empty` means that there were no bytes at all."""

    status: int
    headers: Mapping[str, str]
    body: Any
    empty: bool


@dataclass(frozen=True, slots=True)
class Recording:
    """One pair; `jwt` holds the header and the claims of a token that the answer carries."""

    name: str
    request: Request
    response: Response
    note: str
    jwt: Mapping[str, Any] | None


@cache
def recordings(file: str) -> list[Recording]:
    """The pairs of `file` (a name without `.json`: `oauth`) in the order in which they were taken."""
    return [_recording(pair) for pair in json.loads((HERE / f"{file}.json").read_text(encoding="utf-8"))]


def recording(file: str, name: str) -> Recording:
    """The one pair of `file` with this name. KeyError if there is none."""
    return {each.name: each for each in recordings(file)}[name]


def _recording(pair: Mapping[str, Any]) -> Recording:
    request, response = pair["request"], pair["response"]
    return Recording(
        name=pair["name"],
        request=Request(
            method=request["method"],
            path=request["path"],
            query=request["query"],
            headers=request["headers"],
            body=request["body"],
        ),
        response=Response(
            status=response["status"],
            headers=response["headers"],
            body=response["body"],
            empty=response.get("body_empty", False),
        ),
        note=pair.get("note", ""),
        jwt=pair.get("jwt_decoded"),
    )
