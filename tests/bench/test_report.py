"""What samples come to."""

import pytest

from bench.load import Sample
from bench.queries import BIG, PAGE, POINT
from bench.report import lines
from bench.results import OURS, Case, Results, Row

CASE = Case(PAGE, OURS, "postgresql", 1)


def sample(requests_per_second: float, p50_ms: float = 1.0) -> Sample:
    return Sample(100, requests_per_second, p50_ms, 2 * p50_ms)


def test_a_row_has_the_median_of_the_rounds_and_the_most_memory() -> None:
    results = Results()
    for figure, memory in [(100, 50.0), (90, 70.0), (300, 60.0)]:
        results.add(CASE, sample(figure, figure), memory)
    assert results.row(CASE) == Row(PAGE, OURS, "postgresql", 1, 100, 100, 200, 70.0)


def test_a_lead_is_taken_within_each_round() -> None:
    results, naive = Results(), Case(PAGE, "naive", "postgresql", 1)
    for ours, theirs in [(100, 50), (30, 10), (200, 40)]:  # the medians alone would say 2.5
        results.add(CASE, sample(ours), None)
        results.add(naive, sample(theirs), None)
    results.add(Case(POINT, OURS, "postgresql", 1), sample(1), None)
    assert results.lead(CASE, "naive") == 3
    assert results.lead(Case(POINT, OURS, "postgresql", 1), "naive") is None


@pytest.mark.parametrize(("lead", "mark"), [(10.0, "✓"), (9.9, "✗")])
def test_the_report_says_which_targets_are_met(lead: float, mark: str) -> None:
    results = Results()
    for connections in (1, 8):
        for query, milliseconds in ((PAGE, 20.0), (BIG, 130.0)):
            for server, figure in ((OURS, 10 * lead), ("naive", 10.0)):
                results.add(Case(query, server, "postgresql", connections), sample(figure, milliseconds), 40.0)
    said = list(lines(results, "postgresql", {PAGE: 20, BIG: 100}))
    assert f"{mark} {PAGE}, 8 at once: {lead:.2f} times naive, wanted 10" in said
    assert not any("postgraphile" in line for line in said)
    assert "ms for each program: 1.000 of 20, 1.300 of 100" in said
    assert "✗ linear in rows: one of 100 costs 1.30 times one of 20" in said
