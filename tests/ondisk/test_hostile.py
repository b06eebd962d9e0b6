"""Whatever is in the files: nothing is raised, other courses are untouched, and two readings are equal."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ondisk.course_info import KEYS
from ondisk.courses import inherit
from ondisk.library import Library, read_library
from ondisk.roles import Role
from tests.ondisk.trees import PACKAGE, QUIZ, SITE, write_course, write_package

NAMES = [
    "bundle_meta_info.json",
    "bundle_dc_metadata.xml",
    "course_info.json",
    "dc_metadata.xml",
    "course_outline.xml",
    "role_info.json",
    "vendor_info.json",
    "Sections/01/assignment_date_overrides.json",
    "Sections/01/course_info.json",
    "../../../clc/eclipse-toc.xml",
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["2014-01-01", "1 Days"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "hours", "allow", "x"]), inner)
    ),
    max_leaves=8,
)
KNOWN = [*KEYS, *Role, "ContentPackages", QUIZ, "nonsense"]
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["title", "label", "date", "topic-ntiid", "isOutlineStubOnly", "src"]),
    st.sampled_from(["", "x", "true", ",", "2014-01-01,", "2014-01-01T00:00:00+23:59", "é" * 301, QUIZ]),
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("library")
    write_package(root, {})
    write_course(root, {"course_info.json": {"id": "Good"}, "role_info.json": {}}, "Fall2014/Good")
    return root


def check(root: Path, name: str, content: bytes) -> None:
    """Read the library with one file of the course `Odd` being something else."""
    write_course(
        root, dict.fromkeys(NAMES[1:-1], "<a/>") | dict.fromkeys(NAMES[5:9], "{}"), "Fall2014/Odd", packages=[PACKAGE]
    )
    write_package(root, {})
    (root / "sites" / SITE / "Courses/Fall2014/Odd" / name).write_bytes(content)
    first, second = read_library(root), read_library(root)
    [one], [other] = first.sites, second.sites
    told, again = (
        ([replace(course, stamp=None) for course in site.courses], site.diagnostics, library.diagnostics)
        for site, library in ((one, first), (other, second))
    )
    assert told == again  # but for stamps, which there are some time after a change only
    everything(first)
    [good] = [course for site in first.sites for course in site.courses if course.name == "Good"]
    assert good.usable


def everything(library: Library) -> None:
    """What is derived can be derived, and what is told can be stored."""
    for found in library.all_diagnostics():
        str(found).encode()
    for course in library.sites[0].courses:
        for one in [course, *course.sections, *(inherit(course, section) for section in course.sections)]:
            assert one.entry.sign_off is not None
            assert one.entry.ends is None or one.entry.ends.tzinfo
            assert one.outline is None or list(one.outline.nodes()) is not None
            assert len(one.digest) == 64


def relaxed(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@relaxed(150)
@given(name=st.sampled_from(NAMES), content=st.binary(max_size=60))
def test_any_bytes_are_read(library: Path, name: str, content: bytes) -> None:
    check(library, name, content)


@relaxed(300)
@given(
    name=st.sampled_from([name for name in NAMES if name.endswith(".json")]),
    value=st.dictionaries(st.sampled_from(KNOWN), JSON, max_size=6) | JSON,
)
def test_any_json_is_read(library: Path, name: str, value: Any) -> None:
    check(library, name, json.dumps(value).encode())


@relaxed(100)
@given(units=st.lists(st.lists(ATTRIBUTES, max_size=3), max_size=3))
def test_any_outline_is_read(library: Path, units: list[list[dict[str, str]]]) -> None:
    def lesson(attributes: dict[str, str]) -> str:
        return f"<lesson {' '.join(f'{key}={json.dumps(value)}' for key, value in attributes.items())}/>"

    body = "".join(f"<unit>{''.join(map(lesson, unit))}</unit>" for unit in units)
    check(library, "course_outline.xml", f"<course>{body}</course>".encode())
