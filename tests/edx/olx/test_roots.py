import pytest

from edx.olx import ArchiveRefused, Code, parse, read
from tests.edx.olx.twins import COURSE, INLINE, LIBRARY, exported, parsed, problem_of, tarred


@pytest.mark.parametrize("prefix", ["", "./", "course/", "2015/", "a/b/course/"])
def test_the_root_is_the_shallowest_course_xml(prefix: str) -> None:
    """The notes on OLX, §1.1 F2 and F3: the run's own file may be course/course.xml."""
    found = parsed(COURSE, prefix=prefix)
    folder = prefix.removeprefix("./")
    assert (found.course.folder, found.course.run) == (folder, "course")
    assert exported(found) == {folder + path: data for path, data in COURSE.items()}


def test_files_beside_the_folder_of_a_course_are_kept() -> None:
    """The notes on OLX, §1.1 F5."""
    source = {"README.rst": b"r", **{f"library/{path}": data for path, data in LIBRARY.items()}}
    found = parsed(source)
    assert [file.path for file in found.course.outside] == ["README.rst"]
    assert exported(found) == source


def test_several_courses_in_one_archive_need_a_word_which_is_meant() -> None:
    source = {f"{name}/{path}": data for name in ("one", "two") for path, data in INLINE.items()}
    assert "one/course.xml, two/course.xml" in problem_of(source, Code.SEVERAL_ROOTS).message
    found = parse(read(tarred(source)), folder="two")
    assert found.course.folder == "two/"
    assert exported(found) == source
    with pytest.raises(ArchiveRefused, match=r"three: Could not find the course.xml file in the package\."):
        parse(read(tarred(source)), folder="three")


@pytest.mark.parametrize("source", [{}, {"readme": b""}, {"a/Course.xml": b""}, {"course.xml/a": b""}])
def test_an_archive_without_a_root_is_refused_in_the_words_of_studio(source: dict[str, bytes]) -> None:
    """The notes on OLX, §1.11."""
    problem = problem_of({"x": b"", **source}, Code.NO_ROOT)
    assert problem.message == "Could not find the course.xml file in the package."


@pytest.mark.parametrize("sign", ["moodle_backup.xml", "imsmanifest.xml", "tincan.xml"])
def test_packages_of_other_platforms_are_recognized(sign: str) -> None:
    """The notes on OLX, §1.10: a Moodle backup has a course/course.xml too."""
    assert problem_of({sign: b"", "course/course.xml": b"<course/>"}, Code.NOT_OLX).place.file == sign


def test_a_package_among_the_assets_is_no_matter() -> None:
    assert parsed({**COURSE, "static/scorm/imsmanifest.xml": b""}, prefix="x/").course.run == "course"


def test_a_moodle_course_without_its_manifest_is_recognized() -> None:
    source = {"course/course.xml": b'<course id="5" contextid="88"><shortname>x</shortname></course>'}
    assert "Moodle" in problem_of(source, Code.NOT_OLX).message


def test_a_root_of_another_tag_is_refused() -> None:
    assert problem_of({"course.xml": b"<library/>"}, Code.NOT_OLX).message == "the root is <library> and not <course>"
    assert problem_of({"course.xml": b"<course>"}, Code.SYNTAX).place.file == "course.xml"
