"""The limits of streams: connections that stay open, be they WebSockets or event streams."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StreamLimits:
    """How many there may be and how long they may last. Times are in seconds.

    A WebSocket must introduce itself within `initialization`, and is closed when it was without an operation, and
    silent, for `idle`. Every stream ends after `lifetime`, and within `check` of the end of its token. Event streams
    get a comment after each `heartbeat`, so that nobody on the way takes them for dead. The server waits for `grace`
    when it stops.
    """

    connections: int = 1_000
    operations: int = 100
    initialization: float = 10.0
    idle: float = 300.0
    lifetime: float = 4 * 3600.0
    check: float = 1.0
    heartbeat: float = 15.0
    grace: float = 5.0
