"""Keys of contracts' runs (spec/b2b-courseware.md, "Background" and "Source Course Run")."""

import pytest

from edx.contract_keys import ContractTag, Prefix, contract_run_key, prefix_of
from edx.keys import CourseId, CourseKey, InvalidCourseKey

SOURCE = CourseKey.parse("course-v1:UAI_SOURCE+12.345x+SOURCE")


@pytest.mark.parametrize(
    ("contract", "year", "key"),
    [
        (102, 2025, "course-v1:UAI_MIT+12.345x+C102_2025"),
        (99, 2023, "course-v1:UAI_MIT+12.345x+C99_2023"),
        (12, 2026, "course-v1:UAI_MIT+12.345x+C12_2026"),
    ],
)
def test_a_contracts_run_has_the_organization_and_the_tag_of_the_contract(contract: int, year: int, key: str) -> None:
    """Both examples of spec/b2b-courseware.md: `C102_2025`, and the source that becomes `C99_2023` for MIT."""
    assert str(contract_run_key(SOURCE, Prefix.UAI, "MIT", ContractTag(contract, year))) == key


@pytest.mark.parametrize(("prefix", "org"), [(Prefix.UAI, "UAI_MIT"), (Prefix.B2B, "B2B_MIT"), (Prefix.NONE, "MIT")])
def test_the_prefix_is_the_organizations(prefix: Prefix, org: str) -> None:
    """spec/b2b-courseware.md: `UAI_` always for UAI; "for B2B courses, it's prefixed with B2B_ or may not be"."""
    key = contract_run_key(SOURCE, prefix, "MIT", ContractTag(1, 2026))
    assert key.org == org
    assert prefix_of(key.org) is prefix


def test_the_number_is_that_of_the_sources_key() -> None:
    """The number is copied unchanged, whatever course the source run is filed under."""
    source = CourseKey.parse("course-v1:B2B_X+6.002x.Ünï~1+SOURCE")
    assert contract_run_key(source, Prefix.B2B, "Acme", ContractTag(3, 2026)).course == "6.002x.Ünï~1"


@pytest.mark.parametrize(
    ("run", "tag"),
    [
        ("C102_2025", ContractTag(102, 2025)),
        ("C1_2026", ContractTag(1, 2026)),
        ("C0_2025", None),
        ("C01_2025", None),
        ("C1_25", None),
        ("C1_20255", None),
        ("c1_2025", None),
        ("C_2025", None),
        ("C1_2025 ", None),
        ("C1_2025\n", None),
        ("C\u0661_2025", None),
        ("1T102C2025", None),
        ("2025_C102", None),
        ("SOURCE", None),
    ],
)
def test_a_tag_is_read_back_and_nothing_else_is_one(run: str, tag: ContractTag | None) -> None:
    assert ContractTag.parse(run) == tag
    assert tag is None or str(tag) == run


@pytest.mark.parametrize(
    ("organization", "source", "may"),
    [
        (Prefix.UAI, Prefix.UAI, True),
        (Prefix.UAI, Prefix.B2B, False),
        (Prefix.UAI, Prefix.NONE, True),
        (Prefix.B2B, Prefix.UAI, False),
        (Prefix.B2B, Prefix.B2B, True),
        (Prefix.B2B, Prefix.NONE, True),
        (Prefix.NONE, Prefix.UAI, False),
        (Prefix.NONE, Prefix.B2B, True),
        (Prefix.NONE, Prefix.NONE, True),
    ],
)
def test_families_of_prefixes_do_not_mix(organization: Prefix, source: Prefix, may: bool) -> None:
    """A `B2B_SOURCE` source is none for a UAI organization, nor one of UAI for any other."""
    assert organization.takes(source) is may


def test_an_organization_that_is_too_long_for_a_key_is_refused() -> None:
    """64 characters are the width of the column in which Open edX keeps the roles of course teams."""
    tag = ContractTag(1, 2026)
    assert contract_run_key(SOURCE, Prefix.UAI, "M" * 60, tag).org == "UAI_" + "M" * 60
    with pytest.raises(InvalidCourseKey, match="the organization has 65 characters, 64 are allowed"):
        contract_run_key(SOURCE, Prefix.UAI, "M" * 61, tag)


def test_a_key_of_255_characters_is_the_longest() -> None:
    tag = ContractTag(1, 2026)
    spare = 255 - len("course-v1:UAI_M++C1_2026")
    assert len(str(contract_run_key(CourseKey("o", "x" * spare, "r"), Prefix.UAI, "M", tag))) == 255
    with pytest.raises(InvalidCourseKey, match="256 characters, 255 are allowed"):
        contract_run_key(CourseKey("o", "x" * (spare + 1), "r"), Prefix.UAI, "M", tag)


def test_the_course_of_a_contracts_run_cannot_be_told_from_its_key() -> None:
    """spec/b2b-courseware.md: "the course still belongs to the same MITx Online course"."""
    key = contract_run_key(SOURCE, Prefix.UAI, "MIT", ContractTag(99, 2023))
    assert key.course_id == CourseId("UAI_MIT", "12.345x") != SOURCE.course_id
