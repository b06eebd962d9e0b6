"""The messages of graphql-transport-ws (its PROTOCOL.md, "Message types")."""

import json
from typing import Any

import pytest

from server.execution import Operation
from server.subscriptions import messages
from server.subscriptions.messages import Close, Complete, ConnectionInit, Ping, Pong, Subscribe


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"type": "connection_init"}, ConnectionInit),
        ({"type": "connection_init", "payload": None}, ConnectionInit),
        ({"type": "connection_init", "payload": {"anything": [1]}}, ConnectionInit),
        ({"type": "ping"}, Ping),
        ({"type": "pong", "payload": {"a": 1}}, Pong),
        ({"type": "complete", "id": "1", "of": "a later protocol"}, Complete),
        ({"type": "subscribe", "id": "1", "payload": {"query": "{a}"}}, Subscribe),
    ],
)
def test_messages_of_the_protocol_are_read(given: dict[str, Any], kind: type) -> None:
    assert isinstance(messages.read(json.dumps(given)), kind)


def test_an_operation_has_the_members_of_one_over_http() -> None:
    payload = {"query": "{a}", "operationName": "A", "variables": {"b": 1}, "extensions": {"cost": True}}

    message = messages.read(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))

    assert isinstance(message, Subscribe)
    assert message.payload.operation() == Operation("{a}", "A", {"b": 1}, {"cost": True})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "1",
        "[]",
        "{}",
        "[" * 5000,
        '{"type": 1}',
        '{"type": "start", "id": "1"}',
        '{"type": "connection_ack"}',
        '{"type": "connection_init", "payload": "JWT x"}',
        '{"type": "ping", "payload": []}',
        '{"type": "complete"}',
        '{"type": "complete", "id": 1}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{a}"}}',
        '{"type": "subscribe", "id": 1, "payload": {"query": "{a}"}}',
        '{"type": "subscribe", "id": "1", "payload": {}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": ""}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "variables": []}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "variables": {"a": NaN}}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "\\ud800"}}',
        '{"type": "subscribe", "id": "' + "x" * 256 + '", "payload": {"query": "{a}"}}',
    ],
)
def test_anything_else_closes_the_connection(text: str) -> None:
    with pytest.raises(Close) as close:
        messages.read(text)

    assert close.value.code == 4400
    assert 0 < len(close.value.reason.encode()) <= messages.LONGEST_REASON


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (None, None),
        ({}, None),
        ({"Authorization": "JWT a"}, "JWT a"),
        ({"authorization": "JWT a"}, "JWT a"),
        ({"headers": {"AUTHORIZATION": "JWT a"}}, "JWT a"),
        ({"authorization": "JWT a", "headers": {"authorization": "JWT b"}}, "JWT a"),
        ({"headers": "JWT a"}, None),
        ({"authorization": 1}, 1),
    ],
)
def test_the_token_stands_where_clients_put_it(payload: dict[str, Any] | None, expected: Any) -> None:
    assert ConnectionInit(type="connection_init", payload=payload).authorization() == expected


def test_a_reason_is_cut_between_characters_to_what_a_frame_has_room_for() -> None:
    reason = messages.already_exists("é" * 200).reason

    assert reason.startswith("Subscriber for é")
    assert len(reason.encode()) in (messages.LONGEST_REASON, messages.LONGEST_REASON - 1)
