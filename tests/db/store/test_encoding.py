from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from db.store import BlobLink, Corrupted, NodeLink, decode, digest_of, encode, links_of
from db.store.encoding import decoded

digests = some.binary(min_size=32, max_size=32).map(bytes.hex)
leaves = (
    some.none()
    | some.integers()
    | some.text()
    | some.binary()
    | digests.map(NodeLink)
    | some.builds(BlobLink, digests, some.integers(0, 2**60))
)
values = some.recursive(leaves, lambda inner: some.lists(inner, max_size=4).map(tuple), max_leaves=20)


@given(values)
def test_what_is_written_reads_back(value: Any) -> None:
    again = decode(encode(value))

    assert again == value
    assert encode(again) == encode(value)
    assert [type(link) for link in links_of(again)] == [type(link) for link in links_of(value)]


@given(values, values)
def test_different_values_have_different_bytes(one: Any, other: Any) -> None:
    """V7: length-prefixed, type-tagged: no ambiguity between attributes and children."""
    assert (encode(one) == encode(other)) == (repr(one) == repr(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a", "b c"), ("a", "b", "c")),
        (("ab", "c"), ("a", "bc")),
        (("1",), (1,)),
        (("a",), (b"a",)),
        ((None,), ("",)),
        (((),), ()),
        ((("a",), "b"), ("a", ("b",))),
        ((NodeLink("00" * 32),), (bytes(32),)),
    ],
)
def test_values_that_look_alike_are_told_apart(one: Any, other: Any) -> None:
    """V7: `a="b c"` is not two children."""
    assert digest_of(encode(one)) != digest_of(encode(other))


@given(values, some.data())
def test_bytes_that_are_cut_off_or_changed_never_read_as_the_node(value: Any, data: some.DataObject) -> None:
    written = bytearray(encode(value))
    place = data.draw(some.integers(0, len(written) - 1))
    written[place] ^= data.draw(some.integers(1, 255))
    digest = digest_of(encode(value))

    for broken in (bytes(written), encode(value)[:place], encode(value) + b"N"):
        with pytest.raises(Corrupted, match=digest):
            decoded(digest, broken)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is cut off"),
        (encode("text")[:-1], "is cut off"),
        (encode("a") + encode("b"), "bytes are left over"),
        (b"?" + encode("a")[1:], "no value of the type '\\?' with 1 bytes"),
        (encode(None)[:1] + encode("a")[1:], "no value of the type '.' with 1 bytes"),
    ],
)
def test_bytes_that_are_no_value_are_refused_though_they_have_the_digest(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decode(data)
    with pytest.raises(Corrupted, match=f"cannot be read: .*{reason}"):
        decoded(digest_of(data), data)


def test_a_digest_does_not_depend_on_the_process() -> None:
    """C2: the same content has the same hash on any instance, at any time. This one is on disks."""
    value = ("block", "html", (("a", "b"),), b"<p/>", None, -1, 300, BlobLink("ab" * 32, 7), NodeLink("cd" * 32))

    assert digest_of(encode(value)) == "cfd2ddff9586a2b4d87726706e316cb5a2f66a70ee6cf36e31dc0525afbf9ff8"
