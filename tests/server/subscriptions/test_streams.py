"""How many streams there are, and when they end."""

import asyncio

import pytest

from server.subscriptions.limits import StreamLimits
from server.subscriptions.streams import End, Ended, Streams, TooManyStreams


def test_a_stream_counts_until_it_is_over() -> None:
    streams = Streams(StreamLimits(connections=1))

    with streams.opened():
        assert streams.open == 1
        with pytest.raises(TooManyStreams), streams.opened():
            pass
    with streams.opened():
        pass
    assert streams.open == 0


async def test_a_stream_ends_after_its_lifetime_and_is_checked_until_then() -> None:
    checks: list[int] = []

    with pytest.raises(Ended) as ended:
        await Streams(StreamLimits(check=0.01, lifetime=0.1)).watch(lambda: checks.append(1))

    assert ended.value.end is End.LIFETIME
    assert 3 < len(checks) < 12


async def test_what_a_check_raises_ends_a_stream() -> None:
    def check() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await Streams().watch(check)


async def test_closing_ends_all_streams_opens_no_more_and_waits_for_them() -> None:
    streams = Streams()

    async def stream() -> str:
        with streams.opened():
            try:
                await streams.watch(lambda: None)
            except Ended as error:
                await asyncio.sleep(0.05)
                return error.end.name

    running = [asyncio.create_task(stream()) for _ in range(3)]
    await asyncio.sleep(0.01)
    await streams.close()

    assert [task.result() for task in running] == ["STOPPING"] * 3
    with pytest.raises(TooManyStreams), streams.opened():
        pass


async def test_closing_waits_no_longer_than_the_grace() -> None:
    streams = Streams(StreamLimits(grace=0.05))

    with streams.opened():
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await asyncio.wait_for(streams.close(), 5)

        assert loop.time() - begun < 1
        assert streams.open == 1
