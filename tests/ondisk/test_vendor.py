from pathlib import Path

import pytest

from ondisk.diagnostics import Code
from tests.ondisk.trees import errors, read_course, read_section, write_course


def test_vendors_find_what_was_written_as_it_was(tmp_path: Path) -> None:
    """spec/course-directories.rst, "vendor_info.json": uninterpreted."""
    vendor = {"OU": {"IMS": {"sourcedid": 12345, "source": "SMS"}, "CRN": "ABCD", "x": [1, 2.5, None, True]}, "NTI": 3}
    write_course(tmp_path, {"vendor_info.json": vendor})
    course = read_course(tmp_path)
    assert course.vendor == vendor
    assert list(course.vendor) == ["OU", "NTI"]


def test_vendor_information_is_never_inherited(tmp_path: Path) -> None:
    """spec/course-directories.rst, "Course Sections"."""
    own = {"OU": {"key2": 72}}
    write_course(tmp_path, {"vendor_info.json": {"OU": {"key": 42}}, "Sections/01/vendor_info.json": own})
    write_course(tmp_path, {"Sections/02/role_info.json": {}})
    assert read_section(tmp_path, "01").vendor == own
    assert read_section(tmp_path, "02").vendor == {}


@pytest.mark.parametrize(("content", "code"), [("[]", Code.WRONG_TYPE), ("", Code.JSON), ("{{}}", Code.JSON)])
def test_bad_vendor_information_costs_the_course(tmp_path: Path, content: str, code: Code) -> None:
    write_course(tmp_path, {"vendor_info.json": content})
    assert errors(read_course(tmp_path).diagnostics) == [(code, 1)]
