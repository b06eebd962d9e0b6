from pathlib import Path

from ondisk.diagnostics import Code, Severity
from ondisk.dublin_core import DublinCore
from tests.ondisk.trees import codes, errors, read_course, write_course

METADATA = """<?xml version='1.0' encoding='utf-8'?>
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:x="urn:x">
<dc:title> From <!-- not this --><b>Dublin</b> </dc:title>
<dc:title>Second</dc:title>
<dc:description></dc:description>
<dc:creator>
	Jason
</dc:creator><dc:creator>Steve</dc:creator>
<dc:subject>Law</dc:subject><dc:contributor>Ann</dc:contributor>
<dc:publisher>OU</dc:publisher><dc:date>2014</dc:date>
<title>not this</title><x:creator>nor this</x:creator>
</metadata>"""


def test_the_bundles_metadata_is_read_without_effect_on_the_catalog(tmp_path: Path) -> None:
    """spec/course-directories.rst, "bundle_dc_metadata.xml"."""
    write_course(tmp_path, {"bundle_dc_metadata.xml": METADATA})

    course = read_course(tmp_path)

    assert course.entry.title is None
    assert course.bundle.metadata == DublinCore(
        title="From Dublin",
        creators=("Jason", "Steve"),
        subjects=("Law",),
        contributors=("Ann",),
        others={"publisher": ("OU",), "date": ("2014",)},
    )


def test_what_is_said_in_dublin_core_overrides_course_info(tmp_path: Path) -> None:
    """spec/course-directories.rst, "dc_metadata.xml"."""
    info = {"id": "CLC 3403", "title": "JSON", "description": "Stays", "creators": ["Nobody"]}
    write_course(tmp_path, {"course_info.json": info, "dc_metadata.xml": METADATA})

    entry = read_course(tmp_path).entry

    assert (entry.title, entry.description, entry.creators) == ("From Dublin", "Stays", ("Jason", "Steve"))
    assert entry.provider_unique_id == "CLC 3403"
    assert entry.sources["title"].endswith("dc_metadata.xml")
    assert entry.sources["description"].endswith("course_info.json")


def test_bad_metadata_costs_the_course_but_that_of_the_bundle_only_itself(tmp_path: Path) -> None:
    write_course(tmp_path, {"dc_metadata.xml": "<metadata>"})
    assert errors(read_course(tmp_path).diagnostics) == [(Code.XML, 1)]

    write_course(tmp_path, {"dc_metadata.xml": METADATA, "bundle_dc_metadata.xml": "<!DOCTYPE x><x/>"})
    course = read_course(tmp_path)
    assert course.usable
    assert Code.DOCTYPE in codes(course.diagnostics, Severity.WARNING)
