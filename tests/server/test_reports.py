from resolvers.catalog import Report
from server.reports import MOST_REASONS, as_text


def test_the_first_reasons_are_listed_and_the_others_counted() -> None:
    report = Report("course runs")
    for number in range(MOST_REASONS + 2):
        report.skip(f"key {number}", "it is odd")

    lines = as_text(report).splitlines()

    assert lines[1] == "  skipped key 0: it is odd"
    assert lines[-1] == "  … and 2 more; --json lists all."
    assert len(lines) == MOST_REASONS + 2
