from pathlib import Path

from ondisk.diagnostics import Code, Severity
from tests.ondisk.trees import PACKAGE, SITE, codes, read_course, read_section, write_course, write_package

COURSE = f"sites/{SITE}/Courses/Fall2014/CLC 3403"
ASSETS = f"{COURSE}/presentation-assets"
PNG = b"\x89PNG"


def test_images_are_found_by_platform_and_version(tmp_path: Path) -> None:
    """spec/course-directories.rst, "presentation-assets/"."""
    names = ["shared/v1/a.png", "webapp/v10/a.png", "webapp/v2/instructor-photos/01.png", "webapp/v2/b@2x.png"]
    write_course(tmp_path, {f"presentation-assets/{name}": PNG for name in names})
    write_course(tmp_path, {"presentation-assets/webapp/readme": "", "presentation-assets/iPad/thumbs/x.png": PNG})

    course = read_course(tmp_path)

    assert [(found.platform, found.version, found.path, found.inherits) for found in course.assets] == [
        ("shared", 1, f"{ASSETS}/shared/v1", None),
        ("webapp", 2, f"{ASSETS}/webapp/v2", "shared"),
        ("webapp", 10, f"{ASSETS}/webapp/v10", "shared"),
    ]
    assert [stamp.path for stamp in course.assets[1].files] == [
        f"{ASSETS}/webapp/v2/b@2x.png",
        f"{ASSETS}/webapp/v2/instructor-photos/01.png",
    ]
    assert course.assets[0].files[0].size == 4
    assert {stamp for assets in course.assets for stamp in assets.files} <= set(course.files)


def test_without_shared_images_no_platform_inherits_them(tmp_path: Path) -> None:
    write_course(tmp_path, {"presentation-assets/iPad/v1/a.png": PNG})
    [assets] = read_course(tmp_path).assets
    assert assets.inherits is None


def test_a_bad_file_costs_only_itself(tmp_path: Path) -> None:
    write_course(tmp_path, {"presentation-assets/shared/v1/a.png": PNG, "presentation-assets/shared/vX/a.png": PNG})
    images = tmp_path / ASSETS / "shared/v1"
    (images / "passwd.png").symlink_to("/etc/passwd")
    (images / "loop").symlink_to(".")
    (images / "a\nb.png").write_bytes(PNG)
    (images / ".hidden.png").write_bytes(PNG)
    (tmp_path / ASSETS / "linked").symlink_to("shared")

    course = read_course(tmp_path)

    assert course.usable
    [assets] = course.assets
    assert [stamp.path for stamp in assets.files] == [f"{ASSETS}/shared/v1/a.png"]
    warnings = codes(course.diagnostics, Severity.WARNING)
    assert (warnings.count(Code.SYMLINK), warnings.count(Code.BAD_NAME)) == (2, 2)


def test_a_course_without_images_has_those_of_its_first_package_with_any(tmp_path: Path) -> None:
    """spec/course-directories.rst, "presentation-assets/": searched for within the content packages."""
    second = PACKAGE + "_2"
    write_package(tmp_path, {}, contents=f'<toc ntiid="{PACKAGE}"/>')
    write_package(tmp_path, {"presentation-assets/shared/v1/a.png": PNG}, contents=f'<toc ntiid="{second}"/>', name="b")
    write_course(tmp_path, {"Sections/01/role_info.json": {}}, packages=[PACKAGE, second])

    found = f"sites/{SITE}/b/presentation-assets/shared/v1"
    assert [assets.path for assets in read_course(tmp_path).assets] == [found]
    assert [assets.path for assets in read_section(tmp_path).assets] == [found]

    write_course(tmp_path, {"presentation-assets/webapp/v1/a.png": PNG}, packages=[PACKAGE, second])
    assert [assets.platform for assets in read_course(tmp_path).assets] == ["webapp"]


def test_a_sections_own_images_win_as_a_whole(tmp_path: Path) -> None:
    """spec/course-directories.rst, "Course Sections"."""
    own = {"Sections/01/presentation-assets/iPad/v1/a.png": PNG, "Sections/01/role_info.json": {}}
    write_course(tmp_path, {"presentation-assets/shared/v1/a.png": PNG, **own})
    assert [assets.platform for assets in read_section(tmp_path).assets] == ["iPad"]
    assert [assets.platform for assets in read_course(tmp_path).assets] == ["shared"]


def test_images_are_looked_for_down_to_a_depth(tmp_path: Path) -> None:
    write_course(
        tmp_path, {f"presentation-assets/shared/v1/{'d/' * 20}a.png": PNG, "presentation-assets/shared/v1/b.png": PNG}
    )

    course = read_course(tmp_path)

    assert [stamp.path for stamp in course.assets[0].files] == [f"{ASSETS}/shared/v1/b.png"]
    assert Code.TOO_DEEP in {found.code for found in course.diagnostics}
