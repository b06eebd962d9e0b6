"""What a request can be told when it does not get what it asked for.

RequestError
├── BadUserInput         an argument is not what the field takes
├── FeatureDisabled      the installation does without this part
├── Forbidden            the viewer lacks a permission
├── NotFound             what is to be changed is not there for the viewer
├── TooManyRows          the operation reads more rows than one may
├── VersionNotFound      the run never had the version of its content, or it was not kept
├── Unauthenticated      nobody is signed in, or the token is no good
└── ServiceUnavailable   the database or Open edX does not answer; the same request may succeed later

Every error in a response carries `extensions.code`, one of `Code`; anything that is none of these errors is a fault of
ours: it is logged under an id and answered as INTERNAL_SERVER_ERROR with nothing but that id.
"""

from enum import StrEnum
from typing import ClassVar


class Code(StrEnum):
    """The value of `extensions.code` of an error. Each is described in `docs/errors.md`."""

    ALIAS_LIMIT_EXCEEDED = "ALIAS_LIMIT_EXCEEDED"
    BAD_REQUEST = "BAD_REQUEST"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    CHECKSUM_MISMATCH = "CHECKSUM_MISMATCH"
    COST_LIMIT_EXCEEDED = "COST_LIMIT_EXCEEDED"
    DEPTH_LIMIT_EXCEEDED = "DEPTH_LIMIT_EXCEEDED"
    DIRECTIVE_LIMIT_EXCEEDED = "DIRECTIVE_LIMIT_EXCEEDED"
    FEATURE_DISABLED = "FEATURE_DISABLED"
    FIELD_LIMIT_EXCEEDED = "FIELD_LIMIT_EXCEEDED"
    FORBIDDEN = "FORBIDDEN"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    INCOMPLETE_TREE = "INCOMPLETE_TREE"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"
    INTROSPECTION_DISABLED = "INTROSPECTION_DISABLED"
    INTROSPECTION_LIMIT_EXCEEDED = "INTROSPECTION_LIMIT_EXCEEDED"
    LIST_DEPTH_LIMIT_EXCEEDED = "LIST_DEPTH_LIMIT_EXCEEDED"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    NOT_FOUND = "NOT_FOUND"
    OFFSET_CONFLICT = "OFFSET_CONFLICT"
    OPERATION_RESOLUTION_FAILURE = "OPERATION_RESOLUTION_FAILURE"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    RATE_LIMITED = "RATE_LIMITED"
    ROOT_FIELD_LIMIT_EXCEEDED = "ROOT_FIELD_LIMIT_EXCEEDED"
    ROW_LIMIT_EXCEEDED = "ROW_LIMIT_EXCEEDED"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    TIME_LIMIT_EXCEEDED = "TIME_LIMIT_EXCEEDED"
    TOKEN_LIMIT_EXCEEDED = "TOKEN_LIMIT_EXCEEDED"  # noqa: S105 -- tokens of a document
    UNAUTHENTICATED = "UNAUTHENTICATED"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    VERSION_NOT_FOUND = "VERSION_NOT_FOUND"


class RequestError(Exception):
    """An error whose message is for whoever sent the request."""

    code: ClassVar[Code]


class BadUserInput(RequestError):
    """An argument is not what the field takes."""

    code = Code.BAD_USER_INPUT


class FeatureDisabled(RequestError):
    """The installation does without the part that the mutation is of."""

    code = Code.FEATURE_DISABLED


class Forbidden(RequestError):
    """The viewer lacks a permission; the answer is the same whether or not there is such an object."""

    code = Code.FORBIDDEN


class NotFound(RequestError):
    """What is to be changed is not there for the viewer."""

    code = Code.NOT_FOUND


class TooManyRows(RequestError):
    """The operation reads more rows than one may."""

    code = Code.ROW_LIMIT_EXCEEDED


class Unauthenticated(RequestError):
    """Nobody is signed in, or the token is no good."""

    code = Code.UNAUTHENTICATED


class VersionNotFound(RequestError):
    """The run never had the version of its content that is asked for, or it was not kept."""

    code = Code.VERSION_NOT_FOUND


class ServiceUnavailable(RequestError):
    """The database or Open edX does not answer; the same request may succeed later."""

    code = Code.SERVICE_UNAVAILABLE
