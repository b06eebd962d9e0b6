from pathlib import PurePosixPath

import pytest

from ondisk.diagnostics import Code, Diagnostic, Report, Severity, shown

PATH = PurePosixPath("sites/a/x.json")


def test_a_diagnostic_reads_as_compilers_write_them() -> None:
    found = Diagnostic(Severity.ERROR, Code.NAME_CONFLICT, "a/b", "two names", 3, "a/B")
    assert str(found) == "a/b:3: error: two names (the other is a/B) [name-conflict]"
    assert str(Diagnostic(Severity.ADVICE, Code.MISSING, "a", "no b")) == "a: advice: no b [missing]"


def test_a_file_that_costs_only_itself_warns_in_the_same_report() -> None:
    report = Report()
    report.lenient().error(Code.JSON, PATH, "bad")
    report.lenient().error(Code.UNREADABLE, PATH, "refused")
    assert [found.severity for found in report.found] == [Severity.WARNING, Severity.ERROR]


@pytest.mark.parametrize(("path", "expected"), [("a b/é", "a b/é"), ("a\nb", r"a\nb"), ("\udcff", r"\udcff")])
def test_paths_can_be_shown_and_stored_whatever_is_in_them(path: str, expected: str) -> None:
    assert shown(path) == expected
    assert shown(path).encode()
