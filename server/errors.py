"""Errors as clients see them: each with `extensions.code`, and faults of ours masked under an id that the log has."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

import structlog
from graphql import GraphQLError, GraphQLSyntaxError
from sqlalchemy.exc import DBAPIError
from strawberry.exceptions import StrawberryInputCoercionError

from db.errors import DatabaseBusy, DatabaseError
from resolvers.errors import Code, RequestError

log = structlog.get_logger(__name__)

NOT_A_CHARACTER = "22021"
"""PostgreSQL's code for a text with a character that it cannot hold, of which UTF-8 has one."""


TOO_MANY_DIGITS = "Exceeds the limit ("
"""How Python begins to say that a number is too long to be read, and how that is changed."""


def described(errors: Iterable[GraphQLError], code: Code = Code.INTERNAL_SERVER_ERROR) -> list[dict[str, Any]]:
    """Errors as they stand in a response; `code` is that of errors which graphql-core found before running anything."""
    return [_described(error, code) for error in errors]


def refused(code: Code, message: str) -> dict[str, Any]:
    """An error about a request as a whole, outside of any document."""
    return {"message": message, "extensions": {"code": code.value}}


def _described(error: GraphQLError, code: Code) -> dict[str, Any]:
    """One error. What neither the client nor the database caused is logged and masked."""
    cause = error.original_error
    entry: dict[str, Any] = {"message": error.message}
    extensions: dict[str, Any] = {}
    if isinstance(cause, RequestError):
        extensions["code"] = cause.code.value
    elif isinstance(cause, StrawberryInputCoercionError):  # a literal that validation does not see through
        extensions["code"] = Code.BAD_USER_INPUT.value
    elif isinstance(cause, DBAPIError) and getattr(cause.orig, "sqlstate", None) == NOT_A_CHARACTER:
        entry["message"] = "a text must not contain the character U+0000"
        extensions["code"] = Code.BAD_USER_INPUT.value
    elif isinstance(cause, DatabaseError):
        entry["message"] = _database_message(cause)
        extensions["code"] = Code.SERVICE_UNAVAILABLE.value
        log.error("database_fault", error=str(cause), path=error.path)
    elif isinstance(error, GraphQLSyntaxError):
        extensions["code"] = Code.GRAPHQL_PARSE_FAILED.value
    elif code is not Code.INTERNAL_SERVER_ERROR:
        extensions["code"] = code.value
        if isinstance(cause, ValueError) and str(cause).startswith(TOO_MANY_DIGITS):
            entry["message"] = "a number has more digits than are read"
    else:
        extensions |= {"code": code.value, "id": _logged(error)}
        entry["message"] = "Something went wrong on our side."
    if error.locations:
        entry["locations"] = [location.formatted for location in error.locations]
    if error.path is not None:
        entry["path"] = list(error.path)
    return entry | {"extensions": extensions}


def _database_message(cause: DatabaseError) -> str:
    if isinstance(cause, DatabaseBusy):
        return "The database is busy; try again."
    return "The database does not answer; try again later."


def _logged(error: GraphQLError) -> str:
    """Log a fault with its traceback and return the id that it is logged under."""
    fault = uuid4().hex
    log.error("fault", id=fault, path=error.path, exc_info=error.original_error or error)
    return fault
