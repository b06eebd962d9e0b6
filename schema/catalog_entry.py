"""Catalog entries: what a course directory says of a course or section (`spec/course-directories.rst`)."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db import tables
from resolvers.plan.declare import attribute, linked

if TYPE_CHECKING:
    from schema.site import AdministrativeLevel, Site


@strawberry.type(description="Somebody named as an instructor, for display only: nothing is permitted by it.")
class Instructor:
    """An instructor."""

    name: str = attribute("name", "Name.")
    job_title: str | None = attribute("job_title", "Job title.")
    username: str | None = attribute("username", "Username.")
    email: str | None = attribute("email", "Email address.")
    suffix: str | None = attribute("suffix", "What stands behind the name.")
    biography: str | None = attribute("biography", "About the person.")
    photo: str | None = attribute("photo", "Path of a photo in the library, such as `/images/Harper.png`.")


@strawberry.type(description="Credit hours that can be earned.")
class Credit:
    """Credit."""

    hours: int = attribute("hours", "How many hours.")
    label: str | None = attribute("label", "What enrolling for them is called.")
    url: str | None = attribute("url", "Where to enroll for them.")


@strawberry.type(description="A course to have taken before.")
class Prerequisite:
    """A prerequisite."""

    number: str | None = attribute("id", "What the provider calls it, such as `CLC 3403`.")
    title: str | None = attribute("title", "Its title.")


@strawberry.type(description="Where a value of a catalog entry comes from.")
class ValueSource:
    """A source."""

    field: str = attribute("field", "Field of the catalog entry, such as `title`.")
    path: str = attribute("path", "Path of the file in the library.")
    is_inherited: bool = attribute("is_inherited", "Whether a section has it from its course.")


@strawberry.type(description="A unit or lesson of a course outline.")
class OutlineNode:
    """A node."""

    ntiid: str = attribute("ntiid", "Identifier, made of its place in the outline.")
    title: str | None = attribute("title", "Title.")
    description: str | None = attribute("description", "Description, of lessons.")
    topic: str | None = attribute("topic", "NTIID of its content; null for units and for what is only announced.")
    source: str | None = attribute("source", "File that describes the lesson; null for what is only announced.")
    beginning: datetime | None = attribute("beginning", "From when it and its lessons are available.")
    ending: datetime | None = attribute("ending", "Until when it and its lessons are available.")
    is_stub: bool = attribute("is_stub", "Whether it is only announced.")
    lessons: list[Annotated["OutlineNode", strawberry.lazy("schema.catalog_entry")]] = attribute(
        "lessons", "Lessons in it, in order."
    )


@strawberry.type(description="The outline, or syllabus, of a course.")
class CourseOutline:
    """An outline."""

    path: str = attribute("path", "Path of the file in the library that it comes from.")
    is_inherited: bool = attribute("is_inherited", "Whether a section has it from its course.")
    units: list[OutlineNode] = attribute("units", "Units in order.")


@strawberry.type(description="A role that is given or denied to a user.")
class DirectoryRole:
    """A grant of `role_info.json`."""

    role: str = attribute("role", "The role, such as `nti.roles.course_instructor`.")
    username: str = attribute("username", "Whose it is; there need not be such a user yet.")
    is_allowed: bool = attribute("is_allowed", "Whether it is given, or denied.")
    is_inherited: bool = attribute("is_inherited", "Whether a section has it from its course.")


@strawberry.type(description="Dates of an assignment in a section that replace its own.")
class AssignmentDates:
    """An override."""

    assignment: str = attribute("assignment", "NTIID of the assignment.")
    beginning: datetime | None = attribute("beginning", "From when it can be submitted; null where its own date holds.")
    ending: datetime | None = attribute("ending", "Until when it can be submitted; null where its own date holds.")


@strawberry.type(description="Images for a platform of clients.")
class PresentationAssets:
    """Presentation assets."""

    platform: str = attribute("platform", "The platform, such as `webapp` or `shared`.")
    version: int = attribute("version", "Their version; the highest is to be used.")
    path: str = attribute("path", "Path of their directory in the library.")
    inherits: str | None = attribute("inherits", "Platform that has what is not here.")
    is_inherited: bool = attribute("is_inherited", "Whether a section has them from its course.")
    files: list[str] = attribute("files", "Paths of the images in their directory.")


@strawberry.type(description="What somebody is allowed or denied in a package of content.")
class PackageRule:
    """A line of a package's `.nti_acl`."""

    principal: str = attribute("principal", "User, or whatever else the provider names.")
    is_allowed: bool = attribute("is_allowed", "Whether it is allowed, or denied.")
    permissions: list[str] = attribute("permissions", "What it is; `All` is everything.")


@strawberry.type(description="A package of content that a course uses.")
class ContentPackage:
    """A package."""

    ntiid: str = attribute("ntiid", "Its NTIID.")
    is_resolved: bool = attribute("is_resolved", "Whether it was there when the course was last read.")
    is_restricted: bool = attribute("is_restricted", "Whether not everybody may read it who has signed in.")
    is_readable: bool = attribute(
        "is_readable",
        "Whether the viewer may read it: it is there and not restricted, or they are members of the course or named.",
    )
    rules: list[PackageRule] = attribute("rules", "Who else may read it; earlier ones win; empty for all but staff.")


@strawberry.type(description="The content of a course, the same in all its sections.")
class ContentBundle:
    """A bundle (`spec/course-directories.rst`, "bundle_meta_info.json")."""

    ntiid: str = attribute("ntiid", "Identifier, made of the course's path.")
    title: str | None = attribute("title", "Title of the bundle, not of the course.")
    content_packages: list[ContentPackage] = attribute("content_packages", "Packages in order.")
    metadata_title: str | None = attribute("metadata_title", "Title in the bundle's Dublin Core.")
    metadata_description: str | None = attribute("metadata_description", "Description in the bundle's Dublin Core.")
    creators: list[str] = attribute("creators", "Creators in the bundle's Dublin Core.")
    subjects: list[str] = attribute("subjects", "Subjects in the bundle's Dublin Core.")
    contributors: list[str] = attribute("contributors", "Contributors in the bundle's Dublin Core.")
    other_metadata: JSON = attribute("other_metadata", "Other elements of its Dublin Core, each with its values.")


@strawberry.type(description="What a course directory says of a course or section, with what a section inherits.")
class CatalogEntry:
    """A catalog entry; the values are those that hold."""

    ntiid: str = attribute("ntiid", "Identifier, made of the directory's path.")
    path: str = attribute("path", "Path in the site's directory of courses, such as `Fall2014/CLC 3403`.")
    site: Annotated["Site", strawberry.lazy("schema.site")] | None = linked(
        "site_id", tables.DirectorySite.id, "Site whose directory it is."
    )
    administrative_level: Annotated["AdministrativeLevel", strawberry.lazy("schema.site")] | None = linked(
        "level_id", tables.DirectoryLevel.id, "Administrative level that the course is in."
    )
    provider_unique_id: str | None = attribute("provider_unique_id", "What the provider calls it, such as `CLC 3403`.")
    title: str | None = attribute("title", "Title.")
    description: str = attribute("description", "Description; may be empty.")
    rich_description: str = attribute("rich_description", "Description in HTML, not made safe; may be empty.")
    school: str | None = attribute("school", "Department, as it is written in emails.")
    term: str | None = attribute("term", "Term.")
    sign_off: str = attribute("sign_off", "Sign-off of emails: as given, or made of the instructors; may be empty.")
    start: datetime | None = attribute("start", "When it starts; null means that it has.")
    ends: datetime | None = attribute("ends", "When it ends: as given, or so long after its start as it takes.")
    is_preview: bool = attribute("is_preview", "Whether it is a preview: as said, or because it has not started.")
    is_current: bool = attribute("is_current", "Whether it is neither a preview nor over.")
    is_non_public: bool | None = attribute("non_public", "Whether only members see it; null where nothing is said.")
    is_anonymously_accessible: bool | None = attribute("anonymously_accessible", "Whether nobody need sign in for it.")
    is_calendar_hidden: bool | None = attribute("calendar_hidden", "Whether the overview of its calendar is off.")
    instructors: list[Instructor] = attribute("instructors", "People who are named as instructors, in order.")
    video: str | None = attribute("video", "URI of a video, perhaps of a private scheme such as `kaltura:`.")
    credit: list[Credit] = attribute("credit", "Credit hours that can be earned.")
    schedule: JSON | None = attribute("schedule", "When it meets, as the file has it.")
    prerequisites: list[Prerequisite] = attribute("prerequisites", "Courses to have taken before.")
    additional_properties: JSON | None = attribute("additional", "Whatever else the file has under that name.")
    tags: list[str] = attribute("shown_tags", "Tags in lower case; hidden ones are left out.")
    creators: list[str] = attribute("creators", "Creators, in Dublin Core's sense.")
    subjects: list[str] = attribute("subjects", "Subjects, in Dublin Core's sense.")
    contributors: list[str] = attribute("contributors", "Contributors, in Dublin Core's sense.")
    sources: list[ValueSource] = attribute("sources", "Where the values come from.")
    outline: CourseOutline | None = attribute("outline", "Its outline, or its course's.")
    roles: list[DirectoryRole] = attribute("roles", "Who has which role; empty for all but its staff.")
    vendor_info: JSON | None = attribute("vendor", "What vendors want to know; null for all but its staff.")
    assignment_dates: list[AssignmentDates] = attribute("assignment_dates", "Dates of assignments that differ here.")
    presentation_assets: list[PresentationAssets] = attribute("presentation_assets", "Images for clients.")
    bundle: ContentBundle = attribute("bundle", "The content that it uses.")
    is_editable: bool = attribute(
        "is_editable", "Whether the viewer may change its content: authors, admins, and those whom its roles allow to."
    )
    problems: list[str] = attribute("problems", "Problems with its files; empty for all but its staff.")
