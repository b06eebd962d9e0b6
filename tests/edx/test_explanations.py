"""What texts are as keys (spec/b2b-courseware.md, "Background")."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edx.contract_keys import ContractTag, Prefix
from edx.explanations import KeyKind, explain


@pytest.mark.parametrize(
    ("text", "kind", "parts", "prefix"),
    [
        ("course-v1:MITxT+18.01.3x+2T2025", KeyKind.COURSE_RUN, ("MITxT", "18.01.3x", "2T2025"), Prefix.NONE),
        ("course-v1:UAI_SOURCE+12.345x+SOURCE", KeyKind.SOURCE_RUN, ("UAI_SOURCE", "12.345x", "SOURCE"), Prefix.UAI),
        ("course-v1:B2B_Acme+1x+C7_2026", KeyKind.CONTRACT_RUN, ("B2B_Acme", "1x", "C7_2026"), Prefix.B2B),
        ("ANUx/ASTRO/2B3T2015", KeyKind.COURSE_RUN, ("ANUx", "ASTRO", "2B3T2015"), Prefix.NONE),
        ("course-v1:UAI_SOURCE+12.345x", KeyKind.COURSE, ("UAI_SOURCE", "12.345x", None), Prefix.UAI),
        ("MITx+6.002x", KeyKind.COURSE, ("MITx", "6.002x", None), Prefix.NONE),
    ],
)
def test_a_key_is_explained_by_its_parts(
    text: str, kind: KeyKind, parts: tuple[str, str, str | None], prefix: Prefix
) -> None:
    """The examples of spec/b2b-courseware.md: a course's own id is one without a run."""
    found = explain(text)
    assert (found.kind, (found.org, found.number, found.run), found.prefix) == (kind, parts, prefix)
    assert found.problems == ()
    assert found.is_deprecated is ("/" in text)


def test_a_contracts_run_tells_the_contract_and_the_year() -> None:
    assert explain("course-v1:UAI_MIT+12.345x+C102_2025").tag == ContractTag(102, 2025)
    assert explain("course-v1:UAI_MIT+12.345x+SOURCE").tag is None


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("course-v1:A B+C+D", "there is a space at character 12", 12),
        ("library-v1:A+B", "it names a library", 1),
        ("course-v1:A+B+C+D", "it has 4 parts in place of three, organization+course+run", None),
        ("", "it is empty", None),
        (f"course-v1:{'o' * 65}+b+c", "the organization has 65 characters, 64 are allowed", None),
    ],
)
def test_what_is_no_key_says_why(text: str, message: str, position: int | None) -> None:
    found = explain(text)
    [problem] = found.problems
    assert (found.kind, found.org, found.run) == (KeyKind.NOTHING, None, None)
    assert (problem.message, problem.position, problem.is_error) == (message, position, True)


@pytest.mark.parametrize(
    ("org", "number", "run", "fit"),
    [(64, 0, 1, (True, True, True)), (64, 1, 1, (True, True, False)), (65, 1, 1, (True, False, False))],
)
def test_lengths_are_told_against_255_64_and_65(org: int, number: int, run: int, fit: tuple[bool, ...]) -> None:
    """255 is what columns hold, 64 what the roles of course teams do, 65 what Studio's own pages allow of the parts."""
    found = explain(f"course-v1:{'o' * org}+{'n' * number}+{'r' * run}")
    assert [length.allowed for length in found.lengths] == [255, 64, 65]
    assert tuple(length.fits for length in found.lengths) == fit


def test_a_key_beyond_what_studios_pages_allow_is_a_key_still() -> None:
    found = explain(f"course-v1:{'o' * 50}+{'n' * 10}+{'r' * 6}")
    [problem] = found.problems
    assert found.kind is KeyKind.COURSE_RUN
    assert not problem.is_error
    assert "66 characters; Studio's pages allow 65" in problem.message


@given(st.text(alphabet="course-v1:/+@%ab. \nC_0123", max_size=40))
def test_any_text_is_explained(text: str) -> None:
    found = explain(text)
    assert (found.kind is KeyKind.NOTHING) == any(problem.is_error for problem in found.problems)
