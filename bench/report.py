"""The results as lines of text, in Markdown: a table for each query, the targets, and the cost of a row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.queries import LISTS, POINT
from bench.results import OURS, Case, Results

CONNECTIONS = (1, 8)
HEAD = "| server | database | req/s, 1 | req/s, 8 | p50 / p99 ms, 1 | p50 / p99 ms, 8 | RSS MB | our lead, 1 | 8 |"
STEADY = 1.3
"""A run is noisy when its rounds differ by more than this factor."""

PAGE_SIZE = 20
LINEAR = 1.2
"""A row of the largest page may cost this many times as much as one of a page of 20."""


@dataclass(frozen=True)
class Target:
    """That on PostgreSQL we answer at least `factor` times as many of the `queries` as another server."""

    queries: Sequence[str]
    server: str
    connections: Sequence[int]
    factor: float


TARGETS = (
    Target(LISTS, "naive", CONNECTIONS, 10),
    Target(LISTS, "handwritten", CONNECTIONS, 0.7),
    Target([POINT], "naive", CONNECTIONS, 6),
    Target([*LISTS, POINT], "bare", CONNECTIONS, 0.9),
    Target(LISTS, "postgraphile", [1], 2),
    Target(LISTS, "postgraphile", [8], 3),
    Target([POINT], "postgraphile", CONNECTIONS, 1),
)


def lines(results: Results, database: str, pages: Mapping[str, int]) -> Iterator[str]:
    """All that there is to say; `pages` are pages of programs of several sizes, measured on `database`."""
    yield from tables(results)
    yield from targets(results)
    yield from growth(results, database, pages)
    yield noise(results)


def tables(results: Results) -> Iterator[str]:
    """A table for each query, with a line for each server and database."""
    cases = results.cases()
    for query in dict.fromkeys(case.query for case in cases if case.connections == CONNECTIONS[-1]):
        yield f"### {query}\n"
        yield HEAD
        yield "|---|---|---:|---:|---:|---:|---:|---:|---:|"
        for database, server in sorted({(case.database, case.server) for case in cases if case.query == query}):
            yield _line(results, *(Case(query, server, database, count) for count in CONNECTIONS))
        yield ""


def targets(results: Results) -> Iterator[str]:
    """A line for each query and number of connections of each target that was measured."""
    for target in TARGETS:
        for query in target.queries:
            for connections in target.connections:
                case = Case(query, OURS, "postgresql", connections)
                lead = results.lead(case, target.server)
                if lead is not None:
                    found = f"{lead:.2f} times {target.server}, wanted {target.factor}"
                    yield f"{_mark(is_good=lead >= target.factor)} {query}, {connections} at once: {found}"


def growth(results: Results, database: str, pages: Mapping[str, int]) -> Iterator[str]:
    """What one program costs us on `pages`, sizes by query, and whether that is linear."""
    costs = {size: results.row(Case(query, OURS, database, 1)).p50_ms / size for query, size in pages.items()}
    yield "ms for each program: " + ", ".join(f"{cost:.3f} of {size}" for size, cost in costs.items())
    most = max(costs)
    ratio = costs[most] / costs[PAGE_SIZE]
    yield f"{_mark(is_good=ratio <= LINEAR)} linear in rows: one of {most} costs {ratio:.2f} times one of {PAGE_SIZE}"


def noise(results: Results) -> str:
    """How much the rounds differ."""
    spread = results.spread()
    verdict = "" if spread <= STEADY else "; that is too much: measure again on a quiet machine"
    return f"the rounds of a measurement differ by a factor of {spread:.2f} (median){verdict}"


def _line(results: Results, *cases: Case) -> str:
    rows = [results.row(case) for case in cases]
    memory = rows[-1].rss_mb
    cells = [
        rows[0].server,
        rows[0].database,
        *(f"{row.requests_per_second:,.1f}" for row in rows),
        *(f"{row.p50_ms:.2f} / {row.p99_ms:.2f}" for row in rows),
        f"{memory:.0f}" if memory else "",
        *(f"{results.lead(case, case.server):.2f}" for case in cases),
    ]
    return f"| {' | '.join(cells)} |"


def _mark(*, is_good: bool) -> str:
    return "✓" if is_good else "✗"
