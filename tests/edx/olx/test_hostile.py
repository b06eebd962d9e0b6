"""Whatever is thrown at `check`, it answers with a report and raises nothing."""

import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edx.olx import check
from tests.edx.olx.twins import COURSE, INLINE, tarred, unit, zipped

ARCHIVES = {
    "tar.gz": tarred(INLINE).read(),
    "tar": tarred(COURSE, packed=False).read(),
    "zip": zipped(COURSE).read(),
}
PATIENT = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("kind", ARCHIVES)
@PATIENT
@given(data=st.data())
def test_damaged_archives(kind: str, data: st.DataObject) -> None:
    archive = bytearray(ARCHIVES[kind])
    for at in data.draw(st.lists(st.integers(0, len(archive) - 1), max_size=4), label="at"):
        archive[at] = data.draw(st.integers(0, 255), label="byte")
    end = data.draw(st.integers(0, len(archive)) | st.just(len(archive)), label="end")
    check(io.BytesIO(bytes(archive[:end])))


@PATIENT
@given(data=st.data())
def test_damaged_files(data: st.DataObject) -> None:
    source = dict(COURSE)
    path = data.draw(st.sampled_from(sorted(source)), label="path")
    text = bytearray(source[path] or b"\n")
    for at in data.draw(st.lists(st.integers(0, len(text) - 1), min_size=1, max_size=6), label="at"):
        text[at] = data.draw(st.sampled_from(b"<>/\"'= &!-[]?\0\xff{}:,"), label="byte")
    check(tarred({**source, path: bytes(text)}))


@PATIENT
@given(
    st.binary(max_size=200) | st.text().map(str.encode), st.sampled_from(["vertical/v.xml", "policies/R/policy.json"])
)
def test_anything_in_place_of_a_file(content: bytes, path: str) -> None:
    check(tarred(unit(b"<vertical/>") | {path: content}))


@PATIENT
@given(st.text(min_size=1, max_size=30).filter(lambda path: "\0" not in path))
def test_any_path(path: str) -> None:
    check(zipped({**INLINE, path: b"x"}))
