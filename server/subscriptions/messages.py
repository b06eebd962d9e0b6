"""The messages of graphql-transport-ws, and the codes that its connections are closed with.

Protocol: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import BaseModel, Field, TypeAdapter, ValidationError, model_validator

from server.execution import Operation

PROTOCOL = "graphql-transport-ws"
LONGEST_REASON = 123  # bytes that a closing frame has room for


class Close(Exception):
    """A connection that is closed with a code and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:LONGEST_REASON].decode(errors="ignore")


def invalid(reason: str) -> Close:
    """For what is no message of the protocol."""
    return Close(4400, f"Invalid message: {reason}")


def forbidden(reason: str) -> Close:
    """For a token that is no good, or not anymore: clients get a new one and connect again."""
    return Close(4403, f"Forbidden: {reason}")


def not_initialised() -> Close:
    """For an operation before the connection was acknowledged."""
    return Close(4401, "Unauthorized")


def strange_protocol() -> Close:
    """For clients that speak something else, such as the older `graphql-ws`."""
    return Close(4406, "Subprotocol not acceptable")


def initialised_late() -> Close:
    """For a client that keeps silent at first."""
    return Close(4408, "Connection initialisation timeout")


def already_exists(name: str) -> Close:
    """For an operation under an id that another one has."""
    return Close(4409, f"Subscriber for {name} already exists")


def initialised_twice() -> Close:
    """For a second introduction."""
    return Close(4429, "Too many initialisation requests")


class ConnectionInit(BaseModel):
    """The first message. Its payload may carry the token: see `authorization`."""

    type: Literal["connection_init"]
    payload: dict[str, Any] | None = None

    def authorization(self) -> Any:
        """What stands under `Authorization`, in any case, in the payload or its `headers`; None without it."""
        payload = self.payload or {}
        headers = payload.get("headers")
        for members in (payload, headers if isinstance(headers, dict) else {}):
            for name, value in members.items():
                if name.lower() == "authorization":
                    return value
        return None


class Ping(BaseModel):
    """A question whether the other side is there."""

    type: Literal["ping"]
    payload: dict[str, Any] | None = None


class Pong(BaseModel):
    """The answer to a ping, or a sign of life."""

    type: Literal["pong"]
    payload: dict[str, Any] | None = None


class Asked(BaseModel):
    """An operation as it stands in a message."""

    query: str = ""
    documentId: str | None = None  # noqa: N815 -- as above
    operationName: str | None = None  # noqa: N815 -- the protocol's name
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _names_a_document(self) -> Self:
        if not self.query and self.documentId is None and "persistedQuery" not in (self.extensions or {}):
            raise ValueError("neither 'query' nor 'documentId' is given")
        return self

    def operation(self) -> Operation:
        """The same for the executor."""
        return Operation(self.query, self.operationName, self.variables, self.extensions, document_id=self.documentId)


class Subscribe(BaseModel):
    """The beginning of an operation of any kind, under an id that the client chose."""

    type: Literal["subscribe"]
    id: Annotated[str, Field(min_length=1, max_length=255)]
    payload: Asked


class Complete(BaseModel):
    """The end of an operation that the client does not want to go on."""

    type: Literal["complete"]
    id: str


Message = ConnectionInit | Ping | Pong | Subscribe | Complete
_messages: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])


def read(text: str) -> Message:
    """The message in a text frame. Raises Close."""
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise invalid("it is not JSON") from None
    try:
        return _messages.validate_python(given, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise invalid(f"{place}: {first['msg']}" if place else first["msg"]) from None


def acknowledged() -> str:
    """The connection is ready for operations."""
    return _text({"type": "connection_ack"})


def pong(payload: Mapping[str, Any] | None) -> str:
    """The answer to a ping with `payload`."""
    return _text({"type": "pong"} if payload is None else {"type": "pong", "payload": payload})


def following(name: str, body: Mapping[str, Any]) -> str:
    """An answer to the operation `name`."""
    return _text({"id": name, "type": "next", "payload": body})


def refused(name: str, errors: Sequence[Mapping[str, Any]]) -> str:
    """The errors that end the operation `name`."""
    return _text({"id": name, "type": "error", "payload": list(errors)})


def completed(name: str) -> str:
    """The end of the operation `name`."""
    return _text({"id": name, "type": "complete"})


def _text(message: Mapping[str, Any]) -> str:
    """JSON as text: clients take no binary frames."""
    return orjson.dumps(message, option=orjson.OPT_UTC_Z).decode()
