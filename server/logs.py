"""What the process logs: structlog for our own lines, and the same lines for the libraries that log through `logging`.

Every line of a request has its id. Values under names such as `authorization` or `password` never get out.
"""

import json
import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from secrets import token_hex
from typing import Any, TextIO

import orjson
import stamina
import structlog
from structlog.typing import Processor
from typing_extensions import override

from edx import http
from server.kinds import LogFormat, LogLevel

HIDDEN = "[hidden]"
SECRET = re.compile(
    r"passw|secret|token|authori[sz]ation|cookie|api[_-]?key|jwt|credential|private[_-]?key|dsn", re.IGNORECASE
)
USABLE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
DEPTH = 4
"""How far nested values are looked through for secrets; what is deeper is hidden."""

SERVER = "uvicorn"
ACCESS = "uvicorn.access"
SOCKETS = "uvicorn.error"
SOCKET = '"WebSocket %s"'
ACCESS_FIELDS = ("client", "method", "path", "http", "status")
OPERATIONS = "collegium.operations"


def configure(level: LogLevel, format: LogFormat, stream: TextIO | None = None) -> None:  # noqa: A002  its setting's name
    """Log lines of at least `level` to `stream`, by default standard error, for the whole process.

    Libraries other than uvicorn speak from warnings on only. Run uvicorn with `log_config=None`, or it logs for itself.
    """
    stream = stream or sys.stderr
    severity = getattr(logging, level.upper())
    structlog.configure(
        processors=_processors(format, colors=stream.isatty()),
        wrapper_class=structlog.make_filtering_bound_logger(severity),
        logger_factory=lambda name="collegium": Lines(stream, name),
        cache_logger_on_first_use=False,  # modules keep loggers from before the settings are read
    )
    logging.basicConfig(handlers=[Routed()], level=max(severity, logging.WARNING), force=True)
    logging.captureWarnings(capture=True)
    stamina.instrumentation.set_on_retry_hooks([_say_retry])
    for name in (SERVER, SOCKETS, ACCESS):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(severity)
    _short_cut.is_open = severity <= logging.INFO
    _short_cut.stream = stream if _short_cut.is_open and format == "json" else None


class _ShortCut:
    """Where lines of operations are written without structlog, which would take longer than a small query may cost."""

    stream: TextIO | None = None
    is_open = True


_short_cut = _ShortCut()


def operation_lines(operations: Iterable[tuple[float, Mapping[str, str | float]]]) -> None:
    """Log what became of operations, each with the time of its end. Nothing of it may be a secret."""
    stream = _short_cut.stream
    if stream is not None:
        stream.write("".join(_json(_operation(ended, told)) + "\n" for ended, told in operations))
        stream.flush()
    elif _short_cut.is_open:
        logger = structlog.get_logger(OPERATIONS)
        for _, told in operations:
            logger.info("operation", **told)


def _operation(ended: float, told: Mapping[str, str | float]) -> Mapping[str, Any]:
    time = datetime.fromtimestamp(ended, UTC)
    return {"event": "operation", "level": "info", "logger": OPERATIONS, "timestamp": time, **told}


def _say_retry(details: stamina.instrumentation.RetryDetails) -> None:
    """One line for each call of Open edX that is tried again."""
    logger = structlog.get_logger("collegium.edx")
    logger.warning(
        "open_edx_retry", number=details.retry_num, wait=round(details.wait_for, 2), cause=str(details.caused_by)
    )


def _processors(format: LogFormat, *, colors: bool) -> list[Processor]:  # noqa: A002  its setting's name
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _with_request_id,
        structlog.processors.add_log_level,
        _named,
        without_secrets,
    ]
    if format == "console":
        # the default formatter of tracebacks prints local variables, tokens among them
        plain = structlog.dev.plain_traceback
        renderer = structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)
        return [*shared, _printable, structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False), renderer]
    return [
        *shared,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(serializer=_json),
    ]


class Lines:
    """Writes finished lines under the name of a logger, each at once."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self.name = name
        self._stream = stream

    def msg(self, line: str) -> None:
        """Write one line."""
        self._stream.write(f"{line}\n")
        self._stream.flush()

    debug = info = warning = error = critical = exception = log = msg


class Routed(logging.Handler):
    """Takes what libraries log to where our own lines go."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        try:
            event, fields = _access(record) if record.name == ACCESS else (_message(record), {})
            if record.exc_info:
                fields["exc_info"] = record.exc_info
            level = max(logging.DEBUG, min(record.levelno // 10 * 10, logging.CRITICAL))
            structlog.get_logger(record.name).log(level, event, **fields)
        except Exception:  # noqa: BLE001  as every handler does: logging must not break what it logs
            self.handleError(record)


def _message(record: logging.LogRecord) -> str:
    """The text of a record. Of uvicorn's about WebSockets, without the query string: some clients put tokens there."""
    if record.name == SOCKETS and SOCKET in str(record.msg) and isinstance(record.args, tuple):
        return str(record.msg) % tuple(
            given.partition("?")[0] if isinstance(given, str) else given for given in record.args
        )
    return record.getMessage()


def _access(record: logging.LogRecord) -> tuple[str, dict[str, Any]]:
    """A request of uvicorn's access log, without the query string: it may hold what learners are asked about."""
    if not isinstance(record.args, tuple) or len(record.args) != len(ACCESS_FIELDS):
        return record.getMessage(), {}
    fields = dict(zip(ACCESS_FIELDS, record.args, strict=True))
    return "request", fields | {"path": str(fields["path"]).partition("?")[0]}


def without_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The processor that hides values by their names, in nested values too."""
    return {name: value if name == "exc_info" else _shown(name, value, DEPTH) for name, value in event.items()}


def _printable(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The processor that lets no value do anything to a terminal: clients choose some, such as names of operations."""
    return {name: _escaped(value, kept="\n" if name == "event" else "") for name, value in event.items()}


def _escaped(value: Any, kept: str) -> Any:
    """A text without characters that cannot be seen, but for those that are `kept`."""
    if not isinstance(value, str) or value.isprintable():
        return value
    shown = (each if each.isprintable() or each in kept else each.encode("unicode_escape").decode() for each in value)
    return "".join(shown)


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return SECRET.search(name) is not None


def _shown(name: object, value: Any, depth: int) -> Any:
    if _is_secret(str(name)):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: _shown(key, inner, depth - 1) for key, inner in value.items()} if depth else HIDDEN
    if isinstance(value, list | tuple | set | frozenset):
        return [_item(inner, depth - 1) for inner in value] if depth else HIDDEN
    return value


def _item(value: Any, depth: int) -> Any:
    """An item of a list, which may be a header: a pair of name and value."""
    match value:
        case (str() | bytes() as name, inner):
            text = name.decode("latin-1") if isinstance(name, bytes) else name
            return [text, _shown(text, inner, depth)]
    return _shown("", value, depth)


def _with_request_id(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    used = http.request_id.get()
    if used is not None:
        event.setdefault("request_id", used)
    return event


def _named(logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["logger"] = logger.name
    return event


def _json(event: Any, **_options: Any) -> str:
    """An event as JSON; what has no form there stands as its `repr`."""
    try:
        return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z).decode()
    except TypeError:  # integers above 64 bits, halves of surrogates
        text = json.dumps(event, default=repr, skipkeys=True, ensure_ascii=False)
        return text.encode(errors="replace").decode()


_process, _numbers = token_hex(8), count()


def usable_id(given: str | None) -> str:
    """The id under which a request is logged: the one `given` if that can be used, or a new one.

    New ones tell processes apart by chance, and their requests by a number: to ask for chance each time is felt.
    """
    return given if given is not None and USABLE_ID.fullmatch(given) else f"{_process}{next(_numbers):016x}"
