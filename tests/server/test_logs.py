"""Logs: their two forms, what never gets into them, and the id that all lines of a request share."""

import asyncio
import contextlib
import io
import logging
import re
import warnings
from collections.abc import AsyncIterator, Iterator
from socket import create_server
from typing import Any

import httpx
import orjson
import pytest
import stamina
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from edx import http
from server.kinds import LogFormat, LogLevel
from server.logs import HIDDEN, Routed, configure, operation_lines, usable_id


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Logging as it was before."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def machine(stream: io.StringIO) -> io.StringIO:
    configure("info", "json", stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_for_machines_is_one_json_object(machine: io.StringIO) -> None:
    structlog.get_logger("server.thing").info("synced\nall", organizations=3, names=["É", 'q"'])
    (line,) = lines(machine)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line.pop("timestamp"))
    assert line == {
        "event": "synced\nall",
        "level": "info",
        "logger": "server.thing",
        "organizations": 3,
        "names": ["É", 'q"'],
    }


def test_a_line_for_people_is_readable_and_without_colors_where_it_is_no_terminal(stream: io.StringIO) -> None:
    configure("info", "console", stream)
    structlog.get_logger("server.thing").warning("slow", seconds=3)
    assert re.fullmatch(r"\d\d:\d\d:\d\d \[warning *\] slow +\[server\.thing\] seconds=3\n", stream.getvalue())


@pytest.mark.parametrize("value", ["\x1b[2J", "a\nforged", "\x9b2J", "\u202egro"])
def test_no_value_does_anything_to_a_terminal(stream: io.StringIO, value: str) -> None:
    """The name of an operation, say, is what a client likes it to be."""
    configure("info", "console", stream)
    operation_lines([(0.0, {"operation": value})])
    structlog.get_logger().info("socket_closed", reason=value)

    assert value not in stream.getvalue()
    assert stream.getvalue().count(repr(value)[1:-1]) == 2
    assert stream.getvalue().count("\n") == 2


def test_a_message_of_several_lines_stays_one(stream: io.StringIO) -> None:
    configure("info", "console", stream)
    structlog.get_logger().info("one\ntwo\x1b[2J")

    assert "one\ntwo\\x1b[2J" in stream.getvalue()


def test_lines_go_to_standard_error_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json")
    structlog.get_logger().info("hello")
    out, err = capsys.readouterr()
    assert out == ""
    assert orjson.loads(err)["logger"] == "collegium"


@pytest.mark.parametrize(("level", "count"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_lines_below_the_level_are_left_out(stream: io.StringIO, level: LogLevel, count: int) -> None:
    configure(level, "json", stream)
    log = structlog.get_logger()
    for write in (log.debug, log.info, log.warning, log.error):
        write("event")
    assert len(lines(stream)) == count


def test_a_logger_made_before_the_settings_were_read_follows_them(stream: io.StringIO) -> None:
    log = structlog.get_logger("early")
    configure("error", "json", io.StringIO())
    log.error("one")
    configure("info", "json", stream)
    log.info("two")
    assert [line["event"] for line in lines(stream)] == ["two"]


@pytest.mark.parametrize(
    "value",
    [2**80, "\ud800", {1: 2}, {(1, 2): 3}, object(), ValueError("x"), float("nan"), b"\xff"],
    ids=["huge", "surrogate", "number-key", "tuple-key", "object", "error", "nan", "bytes"],
)
def test_no_value_stops_a_line_from_being_written(machine: io.StringIO, value: object) -> None:
    structlog.get_logger().info("odd", value=value)
    assert lines(machine)[0]["event"] == "odd"


# Secrets


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize(
    "name",
    [
        *("password", "client_secret", "Authorization", "access_token", "JWT", "cookie", "Set-Cookie", "api-key"),
        *("X-Api-Key", "authorisation", "credentials", "private_key", "lms_client_secret", "dsn", "passwd"),
    ],
)
def test_values_under_the_names_of_secrets_are_hidden(stream: io.StringIO, form: LogFormat, name: str) -> None:
    configure("info", form, stream)
    structlog.get_logger().info(
        "call",
        **{name: "hunter2"},
        nested={"deep": [{name: "hunter2"}]},
        headers=[(name, "hunter2"), (name.encode(), b"hunter2")],
        number={name: 7, "inner": {name: {"a": "hunter2"}}},
        shown="visible",
    )
    assert "hunter2" not in stream.getvalue()
    assert stream.getvalue().count(HIDDEN) == 6
    assert "visible" in stream.getvalue()


def test_what_is_nested_too_deep_to_be_looked_through_is_hidden(machine: io.StringIO) -> None:
    structlog.get_logger().info("call", a={"b": {"c": {"d": {"e": {"password": "hunter2"}}}}}, z=[[[[[["hunter2"]]]]]])
    assert "hunter2" not in machine.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_local_variables(stream: io.StringIO, form: LogFormat) -> None:
    configure("info", form, stream)
    token = "".join(["hun", "ter2"])
    try:
        len(token) // 0
    except ZeroDivisionError:
        structlog.get_logger().exception("fault", id="f1")
        logging.getLogger("library").exception("its fault")
    assert stream.getvalue().count("ZeroDivisionError: ") == 2
    assert "test_logs.py" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


# Libraries that log through `logging`


def test_libraries_log_the_same_lines_from_warnings_on(stream: io.StringIO) -> None:
    configure("debug", "json", stream)
    for name in ("sqlalchemy.engine", "httpx", "aiosqlite"):
        logging.getLogger(name).info("SELECT %s", "private")
        logging.getLogger(name).warning("%s is slow", name)
    assert [(line["logger"], line["level"], line["event"]) for line in lines(stream)] == [
        (name, "warning", f"{name} is slow") for name in ("sqlalchemy.engine", "httpx", "aiosqlite")
    ]


def test_odd_records_are_written_all_the_same(machine: io.StringIO) -> None:
    logging.getLogger("library").log(35, "100 % sure")
    logging.getLogger("library").log(99, "loud")
    assert [(line["level"], line["event"]) for line in lines(machine)] == [
        ("warning", "100 % sure"),
        ("critical", "loud"),
    ]


def test_a_record_that_cannot_be_written_does_not_break_its_library(
    machine: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    Routed().handle(logging.LogRecord("library", logging.WARNING, "x.py", 1, "%d", ("no number",), None))
    assert machine.getvalue() == ""
    assert "Logging error" in capsys.readouterr().err


def test_warnings_of_python_become_lines(machine: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        configure("info", "json", machine)
        warnings.warn("old ways", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    assert lines(machine)[0]["logger"] == "py.warnings"
    assert "old ways" in lines(machine)[0]["event"]


async def test_uvicorn_logs_requests_as_fields_and_without_the_query(machine: io.StringIO) -> None:
    async def endpoint(request: Request) -> JSONResponse:
        return JSONResponse({})

    started = asyncio.Event()

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        asyncio.get_running_loop().call_later(0, started.set)
        yield

    listener = create_server(("127.0.0.1", 0))
    app = Starlette(routes=[Route("/graphql", endpoint)], lifespan=lifespan)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await started.wait()
    async with httpx.AsyncClient() as client:
        await client.get(f"http://127.0.0.1:{listener.getsockname()[1]}/graphql?query=private")
    server.should_exit = True
    await serving
    (request,) = (line for line in lines(machine) if line["event"] == "request")
    assert (request["method"], request["path"], request["status"]) == ("GET", "/graphql", 200)
    assert "private" not in machine.getvalue()
    assert any(line["event"] == "Application startup complete." for line in lines(machine))


@pytest.mark.parametrize("status", ["[accepted]", "403"])
def test_uvicorn_tells_of_sockets_without_the_query(machine: io.StringIO, status: str) -> None:
    """As its two protocols for WebSockets do, with the path as the second of their values."""
    form = '%s - "WebSocket %s" ' + status
    logging.getLogger("uvicorn.error").info(form, "127.0.0.1:7", "/graphql?token=private")

    (line,) = lines(machine)
    assert line["event"] == f'127.0.0.1:7 - "WebSocket /graphql" {status}'


# Request ids


def test_a_line_about_a_request_in_another_form_is_written_as_it_is(machine: io.StringIO) -> None:
    logging.getLogger("uvicorn.access").warning("%s went away", "somebody")
    assert orjson.loads(machine.getvalue())["event"] == "somebody went away"


def test_all_lines_of_a_request_carry_its_id(machine: io.StringIO) -> None:
    log = structlog.get_logger()
    before = http.request_id.set("abc-1")
    log.info("inside")
    logging.getLogger("library").warning("inside too")
    http.request_id.reset(before)
    log.info("outside")
    assert [line.get("request_id") for line in lines(machine)] == ["abc-1", "abc-1", None]


def test_an_id_that_can_be_used_is() -> None:
    assert usable_id("from-proxy.7") == "from-proxy.7"


@pytest.mark.parametrize("given", [None, "", "a b", "a\nb", "é", "x" * 129, '"', "abc\n"])
def test_an_id_that_cannot_be_used_is_replaced(given: str | None) -> None:
    assert re.fullmatch("[0-9a-f]{32}", usable_id(given))


# Lines of operations


ENDED = 1_795_233_400.5
TOLD: dict[str, str | float] = {"operation": "Q", "outcome": "ok", "milliseconds": 1.5, "request_id": "abc-1"}


def test_operations_are_lines_like_all_others_with_the_time_of_their_end(machine: io.StringIO) -> None:
    operation_lines([(ENDED, TOLD), (ENDED, TOLD | {"operation": "É\n"})])
    first, second = lines(machine)
    assert first.pop("timestamp") == "2026-11-21T03:56:40.500000Z"
    assert first == {"event": "operation", "level": "info", "logger": "collegium.operations", **TOLD}
    assert second["operation"] == "É\n"


def test_operations_are_lines_for_people_too(stream: io.StringIO) -> None:
    configure("info", "console", stream)
    operation_lines([(ENDED, TOLD)])
    assert "operation=Q outcome=ok" in stream.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
def test_operations_are_left_out_above_their_level(stream: io.StringIO, form: LogFormat) -> None:
    configure("warning", form, stream)
    operation_lines([(ENDED, TOLD)])
    assert stream.getvalue() == ""


def test_a_call_of_open_edx_that_is_tried_again_is_a_line(machine: io.StringIO) -> None:
    left = [ConnectionError("nobody listens")]

    @stamina.retry(on=ConnectionError, attempts=2, wait_initial=0, wait_jitter=0)
    def call() -> None:
        if left:
            raise left.pop()

    call()
    [line] = lines(machine)
    assert (line["event"], line["level"], line["number"], line["wait"]) == ("open_edx_retry", "warning", 1, 0.0)
    assert "nobody listens" in line["cause"]
