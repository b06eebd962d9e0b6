"""Courses written back to the layout: what reading them again gives is what was read.

The same course always gives the same bytes. What files say that has no meaning (unknown keys, comments) is not kept.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from lxml import etree

from ondisk.assets import ASSETS, Assets
from ondisk.assignments import BEGINNING, ENDING, OVERRIDES, AssignmentDates
from ondisk.bundle import BUNDLE, BUNDLE_METADATA
from ondisk.course_info import INFO, KEYS
from ondisk.courses import SECTIONS, Course, Instance, Section
from ondisk.dublin_core import METADATA, DublinCore
from ondisk.entry import Credit, Entry, Instructor, Prerequisite
from ondisk.files import MAX_IMAGE, Stamp, digest_of, read_whole
from ondisk.outline import OUTLINE, Lesson, Outline, Unit
from ondisk.roles import ROLES, Access, Grant
from ondisk.vendor import VENDOR

__all__ = ["AssetChanged", "course_files", "write_course"]

DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
Files = dict[PurePosixPath, bytes]
"""Contents by path, relative to the course's directory."""


class AssetChanged(Exception):
    """An image is not there any more as it was read: `path` is its path in the library."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"{path} has changed since it was read, or is gone")


def write_course(course: Course, target: Path, library: Path) -> list[PurePosixPath]:
    """Write a course and its sections into a new or empty directory, and tell the files in order.

    Images are copied from the directory of the library that it was read from. Raises AssetChanged, FileExistsError for
    a target that has something in it, and OSError.
    """
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise FileExistsError(f"{target} is not empty")
    files = course_files(course) | dict(images(course, library))
    for path, content in sorted(files.items()):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(content)
    return sorted(files)


def course_files(course: Course) -> Files:
    """The files of a course and its sections, without images."""
    files: Files = {
        PurePosixPath(BUNDLE): as_json(
            {
                "ntiid": course.bundle_ntiid,
                "ContentPackages": course.bundle.packages,
                **present(title=course.bundle.title),
            }
        ),
        **metadata_file(BUNDLE_METADATA, course.bundle.metadata),
        **instance_files(course),
    }
    for section in course.sections:
        at = PurePosixPath(SECTIONS) / section.name
        files |= {at / path: content for path, content in section_files(section).items()}
    return files


def section_files(section: Section) -> Files:
    """The files of a section. One that says nothing has an empty file of roles, without which it would be none."""
    files = instance_files(section)
    if section.assignment_dates:
        dates = {ntiid: dates_of(each) for ntiid, each in section.assignment_dates.items()}
        files[PurePosixPath(OVERRIDES)] = as_json(dates)
    return files or {PurePosixPath(ROLES): as_json({})}


def instance_files(instance: Instance) -> Files:
    """The files that courses and sections have in common."""
    files = metadata_file(METADATA, instance.metadata)
    if info := info_of(instance.entry, instance.metadata):
        files[PurePosixPath(INFO)] = as_json(info)
    if instance.outline is not None:
        files[PurePosixPath(OUTLINE)] = as_xml(outline_element(instance.outline))
    if instance.roles:
        files[PurePosixPath(ROLES)] = as_json(roles_of(instance.roles))
    if instance.vendor:
        files[PurePosixPath(VENDOR)] = as_json(instance.vendor)
    return files


def as_json(value: Mapping[str, Any]) -> bytes:
    """A JSON file."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def as_xml(root: etree._Element) -> bytes:
    """An XML file."""
    content: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)
    return content


def present(**values: Any) -> dict[str, Any]:
    """The values that are there."""
    return {name: value for name, value in values.items() if value is not None}


def info_of(entry: Entry, metadata: DublinCore) -> dict[str, Any]:
    """`course_info.json`: what the entry says, without what the Dublin Core file says in its place."""
    keys = {name: key for key, (name, _) in KEYS.items() if key != "Preview"}  # another word for isPreview
    said = {key: getattr(entry, name) for name, key in keys.items() if getattr(metadata, name, None) is None}
    return {key: plain(value) for key, value in present(**said).items()}


def plain(value: Any) -> Any:
    """A value as `course_info.json` has it."""
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    write = PLAIN.get(type(value))
    return value if write is None else write(value)


def duration(value: timedelta) -> str:
    """A length of time in ISO 8601."""
    return f"P{value.days}DT{value.seconds}S" if value.seconds else f"P{value.days}D"


def instructor(person: Instructor) -> dict[str, Any]:
    """An instructor as `course_info.json` has them; the photo is relative to the library."""
    return present(
        name=person.name,
        title=person.job_title,
        username=person.username,
        email=person.email,
        suffix=person.suffix,
        biography=person.biography,
        defaultphoto=person.photo and person.photo.removeprefix("/"),
    )


def moment(value: datetime) -> str:
    """A moment in ISO 8601."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def credit(value: Credit) -> dict[str, Any]:
    """Credit hours and where to enroll."""
    return {"hours": value.hours, "enrollment": present(label=value.label, url=value.url)}


def prerequisite(value: Prerequisite) -> dict[str, Any]:
    """A course to have taken before."""
    return present(id=value.id, title=value.title)


PLAIN: Mapping[type, Callable[[Any], Any]] = {
    datetime: moment,
    timedelta: duration,
    Instructor: instructor,
    Credit: credit,
    Prerequisite: prerequisite,
}


def dates_of(dates: AssignmentDates) -> dict[str, str]:
    """The dates of an assignment that are overridden."""
    given = present(**{BEGINNING: dates.beginning, ENDING: dates.ending})
    return {key: moment(value) for key, value in given.items()}


def roles_of(grants: tuple[Grant, ...]) -> dict[str, dict[str, list[str]]]:
    """`role_info.json`: roles, then `allow` and `deny`, then users, in the order of the grants."""
    roles: dict[str, dict[str, list[str]]] = {}
    for grant in grants:
        of = roles.setdefault(grant.role, {})
        of.setdefault(Access(grant.access).value, []).append(grant.user)
    return roles


def metadata_file(name: str, metadata: DublinCore) -> Files:
    """A Dublin Core file, or none where there is nothing to say."""
    said = {
        "title": (metadata.title,) if metadata.title is not None else (),
        "description": (metadata.description,) if metadata.description is not None else (),
        "creator": metadata.creators or (),
        "subject": metadata.subjects or (),
        "contributor": metadata.contributors or (),
        **metadata.others,
    }
    if not any(said.values()):
        return {}
    root = etree.Element("metadata", nsmap={"dc": DUBLIN_CORE})
    for element, values in said.items():
        for value in values:
            etree.SubElement(root, f"{{{DUBLIN_CORE}}}{element}").text = value
    return {PurePosixPath(name): as_xml(root)}


def outline_element(outline: Outline) -> etree._Element:
    """The root element of `course_outline.xml`."""
    root = etree.Element("course")
    for unit in outline.units:
        element = etree.SubElement(root, "unit", present(label=unit.title, src=unit.source, ntiid=unit.ntiid))
        add_lessons(element, unit)
    return root


def add_lessons(element: etree._Element, node: Unit | Lesson) -> None:
    """Put the lessons of a unit or lesson, at any depth, into its element."""
    for lesson in node.lessons:
        attributes = present(title=lesson.title, description=lesson.description, src=lesson.source)
        attributes |= present(**{"topic-ntiid": lesson.topic, "date": lesson_dates(lesson)})
        attributes |= {"isOutlineStubOnly": "true"} if lesson.stub else {}
        add_lessons(etree.SubElement(element, "lesson", attributes), lesson)


def lesson_dates(lesson: Lesson) -> str | None:
    """The `date` of a lesson: the ending, or beginning and ending with a comma between them."""
    ending = moment(lesson.ending) if lesson.ending else None
    return f"{moment(lesson.beginning)},{ending or ''}" if lesson.beginning else ending


def images(course: Course, library: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    """The images of a course and its sections, as they were read."""
    for at, instance in [
        (PurePosixPath(), course),
        *((PurePosixPath(SECTIONS) / section.name, section) for section in course.sections),
    ]:
        for assets in instance.assets:
            for stamp in assets.files:
                yield at / image_path(assets, stamp), image(library / stamp.path, stamp)


def image_path(assets: Assets, stamp: Stamp) -> PurePosixPath:
    """Where an image belongs in the directory of a course or section."""
    inner = PurePosixPath(stamp.path).relative_to(assets.path)
    return PurePosixPath(ASSETS) / assets.platform / f"v{assets.version}" / inner


def image(path: Path, stamp: Stamp) -> bytes:
    """The bytes of an image. Raises AssetChanged if they are others than those that were read."""
    try:
        found = read_whole(path, MAX_IMAGE)
    except (OSError, OverflowError) as error:
        raise AssetChanged(stamp.path) from error
    if found is None or digest_of(found[0]) != stamp.sha256:
        raise AssetChanged(stamp.path)
    return found[0]
