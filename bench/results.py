"""What was measured, and what it comes to: medians over the rounds, and our lead over the others within each round."""

import statistics
from dataclasses import dataclass, replace

from bench.load import Sample

OURS = "ours"


@dataclass(frozen=True)
class Case:
    """A query to a server over a database, with a number of connections."""

    query: str
    server: str
    database: str
    connections: int


@dataclass(frozen=True)
class Row(Case):
    """What came of a case: medians over the rounds; `rss_mb` is the most that was seen, None where it is not known."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    rss_mb: float | None


class Results:
    """The samples of a run by case, one for each round."""

    def __init__(self) -> None:
        self._samples: dict[Case, list[Sample]] = {}
        self._memory: dict[Case, float | None] = {}

    def add(self, case: Case, sample: Sample, rss_mb: float | None) -> None:
        """Take in what a round gave."""
        self._samples.setdefault(case, []).append(sample)
        self._memory[case] = max(filter(None, (rss_mb, self._memory.get(case))), default=None)

    def cases(self) -> list[Case]:
        """What was measured, in order."""
        return list(self._samples)

    def lead(self, case: Case, server: str) -> float | None:
        """How many times as many requests as `server` we answered, within the same round: the median over the rounds.

        None where one of them was not measured.
        """
        ours = self._samples.get(replace(case, server=OURS))
        theirs = self._samples.get(replace(case, server=server))
        if not ours or not theirs:
            return None
        pairs = zip(ours, theirs, strict=True)
        return statistics.median(mine.requests_per_second / other.requests_per_second for mine, other in pairs)

    def spread(self) -> float:
        """By what factor the rounds of a case differ: the median over the cases."""
        figures = [[sample.requests_per_second for sample in samples] for samples in self._samples.values()]
        return statistics.median(max(rounds) / min(rounds) for rounds in figures)

    def row(self, case: Case) -> Row:
        """What came of a case. Raises KeyError."""
        samples = self._samples[case]
        return Row(
            case.query,
            case.server,
            case.database,
            case.connections,
            requests_per_second=round(statistics.median(sample.requests_per_second for sample in samples), 2),
            p50_ms=round(statistics.median(sample.p50_ms for sample in samples), 3),
            p99_ms=round(statistics.median(sample.p99_ms for sample in samples), 3),
            rss_mb=self._memory[case],
        )
