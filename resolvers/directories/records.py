"""Parts of catalog entries as the planner takes them: records that are told apart by identity."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from ondisk.acl import ALL, Rule
from ondisk.assets import Assets
from ondisk.courses import Course, Instance
from ondisk.outline import Lesson, Outline, Unit

LARGEST = 2**63
"""Whole numbers from here on are no numbers of GraphQL's JSON, in which they would not fit."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever reads an entry: a member has a role in its course or a section, and staff sees what others do not."""

    username: str | None
    is_member: bool = False
    is_staff: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class SourceRecord:
    """Where the value of a field comes from."""

    field: str
    path: str
    is_inherited: bool


@dataclass(frozen=True, eq=False, slots=True)
class NodeRecord:
    """A unit or lesson of an outline."""

    ntiid: str
    title: str | None
    description: str | None
    topic: str | None
    source: str | None
    beginning: datetime | None
    ending: datetime | None
    is_stub: bool
    lessons: tuple["NodeRecord", ...]


@dataclass(frozen=True, eq=False, slots=True)
class OutlineRecord:
    """An outline."""

    path: str
    is_inherited: bool
    units: tuple[NodeRecord, ...]


@dataclass(frozen=True, eq=False, slots=True)
class RoleRecord:
    """A role that is given or denied."""

    role: str
    username: str
    is_allowed: bool
    is_inherited: bool


@dataclass(frozen=True, eq=False, slots=True)
class DatesRecord:
    """Other dates of an assignment."""

    assignment: str
    beginning: datetime | None
    ending: datetime | None


@dataclass(frozen=True, eq=False, slots=True)
class AssetsRecord:
    """Images for a platform."""

    platform: str
    version: int
    path: str
    inherits: str | None
    is_inherited: bool
    files: list[str]


@dataclass(frozen=True, eq=False, slots=True)
class PackageRecord:
    """A package of content."""

    ntiid: str
    is_resolved: bool
    is_restricted: bool
    is_readable: bool
    rules: tuple["RuleRecord", ...]


@dataclass(frozen=True, eq=False, slots=True)
class RuleRecord:
    """Who is allowed or denied something in a package."""

    principal: str
    is_allowed: bool
    permissions: list[str]


@dataclass(frozen=True, eq=False, slots=True)
class BundleRecord:
    """The content of a course."""

    ntiid: str
    title: str | None
    content_packages: tuple[PackageRecord, ...]
    metadata_title: str | None
    metadata_description: str | None
    creators: list[str]
    subjects: list[str]
    contributors: list[str]
    other_metadata: Mapping[str, Any]


def nodes_of(outline: Outline, of: Instance) -> Iterator[NodeRecord]:
    """The units of an outline with their lessons, which are identified by their positions in it."""

    def record(node: Unit | Lesson, position: tuple[int, ...]) -> NodeRecord:
        lesson = node if isinstance(node, Lesson) else Lesson()
        return NodeRecord(
            ntiid=of.node_ntiid(position),
            title=node.title,
            description=lesson.description,
            topic=None if lesson.stub else lesson.topic,
            source=None if lesson.stub else node.source,
            beginning=lesson.beginning,
            ending=lesson.ending,
            is_stub=lesson.stub,
            lessons=tuple(record(each, (*position, index)) for index, each in enumerate(node.lessons)),
        )

    return (record(unit, (index,)) for index, unit in enumerate(outline.units))


def assets_of(assets: Assets, own: Instance) -> AssetsRecord:
    """Images as clients see them: files are relative to their directory."""
    files = [str(PurePosixPath(stamp.path).relative_to(assets.path)) for stamp in assets.files]
    inherits = assets not in own.assets
    return AssetsRecord(assets.platform, assets.version, assets.path, assets.inherits, inherits, files)


def package_of(ntiid: str, course: Course, reader: Reader) -> PackageRecord:
    """A package of a course as clients see it."""
    rules = course.acls.get(ntiid)
    return PackageRecord(
        ntiid=ntiid,
        is_resolved=ntiid in course.packages,
        is_restricted=rules is not None,
        is_readable=ntiid in course.packages and (rules is None or reader.is_member or named(rules, reader.username)),
        rules=tuple(RuleRecord(rule.principal, rule.is_allowed, list(rule.permissions)) for rule in rules or ())
        if reader.is_staff
        else (),
    )


def named(rules: Iterable[Rule], username: str | None) -> bool:
    """Whether the first rule that names a user allows them everything."""
    own = (rule for rule in rules if rule.principal == username and ALL in rule.permissions)
    first = next(own, None)
    return first is not None and first.is_allowed


def bundle_of(course: Course, reader: Reader) -> BundleRecord:
    """The bundle of a course as clients see it."""
    bundle = course.bundle
    metadata = bundle.metadata
    return BundleRecord(
        ntiid=course.bundle_ntiid,
        title=bundle.title,
        content_packages=tuple(package_of(each, course, reader) for each in bundle.packages),
        metadata_title=metadata.title,
        metadata_description=metadata.description,
        creators=list(metadata.creators or ()),
        subjects=list(metadata.subjects or ()),
        contributors=list(metadata.contributors or ()),
        other_metadata={name: list(values) for name, values in metadata.others.items()},
    )


def fitting(value: Any) -> Any:
    """A JSON value in which whole numbers that do not fit are floating."""
    if isinstance(value, dict):
        return {key: fitting(each) for key, each in value.items()}
    if isinstance(value, list):
        return [fitting(each) for each in value]
    return float(value) if isinstance(value, int) and not -LARGEST <= value < LARGEST else value
