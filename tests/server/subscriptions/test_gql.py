"""Subscriptions as an independent client of graphql-transport-ws meets them: the package `gql`."""

import pytest
from gql import Client, gql
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError
from gql.transport.websockets import WebsocketsTransport

from tests.server.subscriptions.conftest import Served


def client(url: str, authorization: str = "JWT learner") -> Client:
    address = url.replace("http", "ws", 1)
    transport = WebsocketsTransport(
        url=address,
        init_payload={"Authorization": authorization},
        subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
    )
    return Client(transport=transport)


async def test_events_come_to_their_end_and_errors_to_the_caller(served: Served) -> None:
    async with served() as url, client(url) as session:
        events = [event async for event in session.subscribe(gql("subscription { count(to: 3) }"))]
        assert [event["count"] for event in events] == [0, 1, 2]

        with pytest.raises(TransportQueryError) as refused:
            async for _ in session.subscribe(gql("subscription { nothing }")):
                pass
        assert refused.value.errors is not None
        assert refused.value.errors[0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"

        assert await session.execute(gql("{ __typename }")) == {"__typename": "Query"}


async def test_a_token_that_is_none_is_refused_in_the_beginning(served: Served) -> None:
    async with served() as url:
        with pytest.raises(TransportConnectionFailed):
            async with client(url, "JWT nonsense"):
                pass
