"""What is read, written and read again is the same."""

from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ondisk.assets import Assets
from ondisk.courses import Course
from ondisk.library import read_library
from ondisk.writer import AssetChanged, course_files, write_course
from tests.ondisk import trees
from tests.ondisk.test_real_site import ROOT
from tests.ondisk.trees import COURSE, QUIZ, SITE, TOPIC, errors, read_course, read_site, write_site

INFO = {
    "id": "CLC 3403",
    "title": "Law & <Justice>",
    "description": "",
    "richDescription": "<p>A “course”</p>",
    "school": "Classics",
    "term": "Fall",
    "InstructorsSignature": "Dr\n\nProvost",
    "startDate": "2014-08-13T06:00:00+02:00",
    "endDate": "2014-12-03T06:00:00.000001",
    "duration": "16 Weeks",
    "Preview": "yes",
    "is_non_public": False,
    "is_anonymously_but_not_publicly_accessible": True,
    "disable_calendar_overview": True,
    "instructors": [
        {"name": "Kyle", "jobTitle": "Provost", "userid": "k", "email": "k@ou.edu", "bio": "B", "suffix": "PhD",
         "defaultphoto": "images/K.png"},
        {"Name": "Only a name"},
    ],
    "video": "kaltura://1/2",
    "credit": [{"hours": 3, "enrollment": {"label": "L", "url": "https://ou.edu"}}, {"hours": 0}],
    "schedule": {"days": ["MWF"], "times": ["10:30:00-05:00", None, 1.5, {"b": 1, "a": 2}]},
    "prerequisites": [{"id": "CLC 1", "title": "Before"}, {"id": "CLC 2"}],
    "additionalProperties": {"section": "parent"},
    "tags": ["Law", ".hidden"],
    "creators": ["From JSON"],
    "subjects": [],
}  # fmt: skip
METADATA = """<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>Jason &amp; co</dc:creator>
<dc:creator>Steve</dc:creator><dc:publisher>OU</dc:publisher><dc:title>{title}</dc:title></metadata>"""
OUTLINE = f"""<course><unit label="Ünit &quot;1&quot;" ntiid="tag:x"><lesson title="A" description="D" src="a.json"
 date="2013-08-19T05:00:00+00:00,2013-08-22T04:59:59.999999+00:00" topic-ntiid="{TOPIC}">
 <lesson topic-ntiid="{TOPIC}x"/></lesson><lesson isOutlineStubOnly="true" date="2014-01-01T05:59:59Z"/>
 <lesson date="2014-01-01T05:59:59Z,"/></unit><unit/></course>"""
ROLES = {
    "nti.roles.course_ta": {"allow": ["jmadden"], "deny": []},
    "nti.roles.course_instructor": {"allow": ["steve", "harp"], "deny": ["steve", "x"]},
}
TREE = {
    "bundle_meta_info.json": {"ContentPackages": [TOPIC, QUIZ], "title": "A Title", "ntiid": ""},
    "bundle_dc_metadata.xml": METADATA.format(title=""),
    "course_info.json": INFO,
    "dc_metadata.xml": METADATA.format(title="A title " + "that is much longer than the other file could have it " * 3),
    "course_outline.xml": OUTLINE,
    "role_info.json": ROLES,
    "vendor_info.json": {"OU": {"CRN": "A", "n": 10**30}, "NTI": None},
    "presentation-assets/shared/v1/background.png": b"\x89PNG",
    "presentation-assets/webapp/v2/instructor-photos/01.png": b"01",
    "Sections/01/course_info.json": {"id": "CLC 3403-01", "duration": "P1DT2H3S", "isPreview": False},
    "Sections/01/presentation-assets/shared/v1/a.png": b"a",
    "Sections/02-Restricted/role_info.json": {},
    "Sections/03/course_outline.xml": "<course/>",
    "Sections/03/assignment_date_overrides.json": {
        QUIZ: {"available_for_submission_beginning": "2014-01-22T06:00:00Z"},
        QUIZ + "2": {"available_for_submission_ending": "2014-01-22"},
        QUIZ + "3": {},
    },
}


def meaning(value: Any) -> Any:
    """What was read, without where it stood and what was said about it."""
    if is_dataclass(value) and not isinstance(value, type):
        names = {field.name for field in fields(value)} - {
            "files",
            "diagnostics",
            "sources",
            "path",
            "modified_ns",
            "fingerprint",
            "stamp",
        }
        found = {name: meaning(getattr(value, name)) for name in sorted(names)}
        if isinstance(value, Assets):
            found["images"] = [stamp.sha256 for stamp in value.files]
        return found
    return [meaning(each) for each in value] if isinstance(value, tuple) else value


def written_again(course: Course, library: Path, target: Path) -> Course:
    write_course(course, target / "sites" / SITE / "Courses" / course.path, library)
    return read_course(target)


def test_what_is_written_is_read_as_what_it_was(tmp_path: Path) -> None:
    """spec/course-directories.rst, "Course Directory Contents" and "Course Sections", file by file."""
    write_site(tmp_path / "a", {f"{COURSE}/{name}": content for name, content in TREE.items()})
    course = read_course(tmp_path / "a")
    assert errors(course.diagnostics) == []

    again = written_again(course, tmp_path / "a", tmp_path / "b")

    assert errors(again.diagnostics) == []
    assert meaning(again) == meaning(course)
    assert again.entry.end == datetime(2014, 12, 3, 6, 0, 0, 1, tzinfo=UTC)
    assert [section.name for section in again.sections] == ["01", "02-Restricted", "03"]
    assert again.metadata.others == {"publisher": ("OU",)}


def test_writing_is_deterministic_and_reaches_a_fixed_point(tmp_path: Path) -> None:
    write_site(tmp_path / "a", {f"{COURSE}/{name}": content for name, content in TREE.items()})
    course = read_course(tmp_path / "a")
    again = written_again(course, tmp_path / "a", tmp_path / "b")
    assert list(course_files(course)) == list(course_files(again))
    assert course_files(course) == course_files(again)


def test_a_bare_course_is_one_file(tmp_path: Path) -> None:
    write_site(tmp_path / "a", {f"{COURSE}/bundle_meta_info.json": {"ContentPackages": []}})
    course = read_course(tmp_path / "a")
    assert [str(path) for path in course_files(course)] == ["bundle_meta_info.json"]
    assert meaning(written_again(course, tmp_path / "a", tmp_path / "b")) == meaning(course)


def test_what_a_course_has_from_its_packages_is_written_as_its_own(tmp_path: Path) -> None:
    trees.write_package(tmp_path / "a", {"course_info.json": {"id": "C"}, "presentation-assets/shared/v1/a.png": b"a"})
    trees.write_course(tmp_path / "a", {}, packages=[trees.PACKAGE])
    course = read_course(tmp_path / "a")

    again = written_again(course, tmp_path / "a", tmp_path / "b")

    assert meaning(again) == meaning(replace(course, packages=()))
    assert (again.entry.provider_unique_id, again.assets[0].path.startswith(f"sites/{SITE}/Courses")) == ("C", True)


@pytest.mark.parametrize("change", ["edited", "removed", "linked"])
def test_an_image_that_is_another_one_now_is_refused(tmp_path: Path, change: str) -> None:
    write_site(tmp_path, {f"{COURSE}/{name}": content for name, content in TREE.items()})
    course = read_course(tmp_path)
    image = tmp_path / "sites" / SITE / "Courses" / COURSE / "presentation-assets/shared/v1/background.png"
    if change == "edited":
        image.write_bytes(b"other")
    else:
        image.unlink()
    if change == "linked":
        image.symlink_to("/etc/passwd")
    with pytest.raises(AssetChanged, match=r"background\.png"):
        write_course(course, tmp_path / "b", tmp_path)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    write_site(tmp_path, {f"{COURSE}/bundle_meta_info.json": {"ContentPackages": []}})
    with pytest.raises(FileExistsError):
        write_course(read_course(tmp_path), tmp_path, tmp_path)


def test_the_sample_site_is_written_as_it_was_read(tmp_path: Path) -> None:
    if not ROOT.is_dir():
        pytest.skip(f"the sample site is not at hand ({ROOT})")
    [site] = read_library(ROOT).sites
    [course] = site.courses

    write_course(course, tmp_path / "sites" / SITE / "Courses" / course.path, ROOT)

    [again] = read_site(tmp_path).courses
    assert meaning(again) == meaning(course)
    assert errors(again.diagnostics) == []
