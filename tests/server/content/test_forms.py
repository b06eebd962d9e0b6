"""Forms with files, in whatever pieces they come."""

from collections.abc import AsyncIterator

import pytest

from server.content.forms import BadForm, Form, boundary_of

FORM = (
    b'some words before\r\n--xyz\r\nContent-Disposition: form-data; name="sha256"\r\n\r\nabc\r\n'
    b'--xyz\r\nContent-Type: text/plain\r\ncontent-disposition: form-data; name="file"; filename="a b.gz"\r\n\r\n'
    b"one\r\n--xy\r\ntwo\r\n--xyz--\r\n"
)


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]
    yield b""  # as Starlette ends


async def read(data: bytes, size: int) -> list[tuple[str, str | None, bytes]]:
    form = Form(pieces(data, size), "xyz")
    return [
        (field.name, field.filename, b"".join([part async for part in form.data()])) async for field in form.fields()
    ]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
async def test_a_form_is_read_in_whatever_pieces_it_comes(size: int) -> None:
    assert await read(FORM, size) == [("sha256", None, b"abc"), ("file", "a b.gz", b"one\r\n--xy\r\ntwo")]


async def test_what_is_not_read_of_a_part_is_passed_over() -> None:
    form = Form(pieces(FORM, 7), "xyz")
    assert [field.name async for field in form.fields()] == ["sha256", "file"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (FORM[:-6], "end of multipart stream"),
        (b"", "end of multipart stream"),
        (FORM.replace(b'form-data; name="file";', b"form-data;"), "has no name"),
        (b"--xyz\r\n" + b"a: b\r\n" * 2000, "header count"),
        (b"--xyz\r\na: " + b"b" * 5000, "header length"),
    ],
)
async def test_what_is_no_form_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(BadForm, match=message):
        await read(data, 100)


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=xyz", "xyz"),
        ('Multipart/Form-Data; charset=utf-8; boundary="a b"', "a b"),
        ("multipart/form-data", None),
        ("application/offset+octet-stream", None),
    ],
)
def test_the_boundary_stands_in_the_media_type(content_type: str, boundary: str | None) -> None:
    assert boundary_of(content_type) == boundary
