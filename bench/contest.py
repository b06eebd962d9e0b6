"""A contest: servers over the same data that run at once, are seen to answer alike, and are measured in turns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import httpx

from bench.answers import data, values
from bench.load import Order
from bench.processes import Load, Server
from bench.queries import Query
from bench.results import Case, Results
from bench.servers import ours

PATIENCE = 120
"""Seconds that one answer may take."""


class DifferentAnswers(Exception):
    """Two servers do not answer alike, and so cannot be compared."""


@dataclass(frozen=True)
class Contestant:
    """A server that runs: its name, the kind of its database, and what it is asked in place of our texts."""

    name: str
    database: str
    server: Server
    texts: Mapping[str, str] = field(default_factory=dict)

    def bodies(self, query: Query) -> list[bytes]:
        """The requests for a query."""
        return replace(query, text=self.texts.get(query.operation, query.text)).bodies()


class Contest:
    """Servers that compete, and what came of it so far."""

    def __init__(self, contestants: Sequence[Contestant], load: Load) -> None:
        self.results = Results()
        self._contestants = contestants
        self._load = load
        self._headers = {"content-type": "application/json", "authorization": ours.authorization()}
        self._lengths: dict[tuple[str, str, str], list[int]] = {}

    def check(self, query: Query) -> float:
        """See that all give equal answers, and return how many values an answer has. Raises DifferentAnswers."""
        expected = self._answers(self._contestants[0], query)
        for other in self._contestants[1:]:
            if self._answers(other, query) != expected:
                raise DifferentAnswers(f"{other.name} on {other.database} answers otherwise: {query.name}")
        return values(expected) / len(expected)

    def measure(self, query: Query, connections: int, seconds: float, *, only: str | None = None) -> None:
        """Measure one after the other with a query that was checked, or `only` those of one name."""
        for contestant in self._contestants:
            if only in (None, contestant.name):
                sample = self._load.measure(self._order(contestant, query, connections, seconds))
                case = Case(query.name, contestant.name, contestant.database, connections)
                self.results.add(case, sample, contestant.server.rss_mb())

    def _order(self, contestant: Contestant, query: Query, connections: int, seconds: float) -> Order:
        bodies = [body.decode() for body in contestant.bodies(query)]
        lengths = self._lengths[query.name, contestant.name, contestant.database]
        return Order(_url(contestant), self._headers, bodies, lengths, connections, seconds)

    def _answers(self, contestant: Contestant, query: Query) -> list[object]:
        """What it answers to each body, in plain form; the lengths are kept for the load to look at."""
        with httpx.Client(headers=self._headers, timeout=PATIENCE) as client:
            url = _url(contestant)
            bodies = [client.post(url, content=body).content for body in contestant.bodies(query)]
        self._lengths[query.name, contestant.name, contestant.database] = [len(body) for body in bodies]
        return [data(body) for body in bodies]


def _url(contestant: Contestant) -> str:
    return f"{contestant.server.url}/graphql"
