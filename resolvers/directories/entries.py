"""Catalog entries: what course directories say, with what holds in sections and where each value comes from."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, exists, func, select
from sqlalchemy.orm import aliased

from db.tables import DirectoryMember, DirectoryRun
from db.types import any_of
from ondisk.courses import Course, Section, inherit
from ondisk.entry import Entry
from resolvers.access import Permission, Viewer, teaches
from resolvers.directories.contents import course_of, section_of, told
from resolvers.directories.records import (
    AssetsRecord,
    BundleRecord,
    DatesRecord,
    OutlineRecord,
    Reader,
    RoleRecord,
    SourceRecord,
    assets_of,
    bundle_of,
    fitting,
    nodes_of,
)
from resolvers.plan.sources import Batch
from resolvers.plan.statements import keys_parameter, rows_for


class EntryRecord:
    """A catalog entry, for a reader."""

    def __init__(
        self, site_id: int, level_id: int | None, course: Course, section: Section | None, reader: Reader
    ) -> None:
        self.reader = reader
        self.site_id = site_id
        self.level_id = level_id
        self._course = course
        self._own: Course | Section = section or course
        self._effective: Course | Section = course if section is None else inherit(course, section)
        self.stored_diagnostics = "[]"

    @property
    def entry(self) -> Entry:
        """What holds in it."""
        return self._effective.entry

    def __getattr__(self, name: str) -> Any:
        """A value of the entry; lists that nobody gives are empty."""
        value = getattr(self.entry, name)
        if name in TEXTS:
            return list(value or ())
        return value or () if name in RECORDS else value

    @property
    def ntiid(self) -> str:
        """Its identifier."""
        return self._own.ntiid

    @property
    def path(self) -> str:
        """Its path in the site's directory of courses."""
        return str(self._own.path)

    @property
    def description(self) -> str:
        """Its description, empty where there is none."""
        return self.entry.description or ""

    @property
    def rich_description(self) -> str:
        """Its description in HTML."""
        return self.entry.rich_description or ""

    @property
    def is_preview(self) -> bool:
        """Whether it is a preview now."""
        return self.entry.is_preview(datetime.now(UTC))

    @property
    def is_current(self) -> bool:
        """Whether it is neither a preview nor over now."""
        return self.entry.is_current(datetime.now(UTC))

    @property
    def shown_tags(self) -> list[str]:
        """Tags that are shown."""
        return [tag for tag in self.entry.tags or () if not tag.startswith(".")]

    @property
    def schedule(self) -> Any:
        """When it meets."""
        return fitting(self.entry.schedule)

    @property
    def additional(self) -> Any:
        """Whatever else it says."""
        return fitting(self.entry.additional)

    @property
    def sources(self) -> tuple[SourceRecord, ...]:
        """Where the values come from."""
        own = self._own.entry.sources
        return tuple(
            SourceRecord(FIELDS.get(name) or camel(name), path, name not in own)
            for name, path in sorted(self.entry.sources.items())
        )

    @property
    def outline(self) -> OutlineRecord | None:
        """The outline that holds."""
        found = self._effective.outline
        if found is None:
            return None
        inherits = self._own.outline is None
        of = self._course if inherits else self._own
        return OutlineRecord(found.path, inherits, tuple(nodes_of(found, of)))

    @property
    def roles(self) -> tuple[RoleRecord, ...]:
        """The roles that hold."""
        own = set(self._own.roles)
        records = (
            RoleRecord(str(g.role), g.user, g.access.value == "allow", g not in own) for g in self._effective.roles
        )
        return tuple(records) if self.reader.is_staff else ()

    @property
    def vendor(self) -> Any:
        """What vendors want to know."""
        return fitting(dict(self._own.vendor)) if self.reader.is_staff else None

    @property
    def assignment_dates(self) -> tuple[DatesRecord, ...]:
        """Other dates of assignments."""
        dates = self._own.assignment_dates if isinstance(self._own, Section) else {}
        return tuple(DatesRecord(ntiid, each.beginning, each.ending) for ntiid, each in dates.items())

    @property
    def presentation_assets(self) -> tuple[AssetsRecord, ...]:
        """Images that hold."""
        return tuple(assets_of(each, self._own) for each in self._effective.assets)

    @property
    def bundle(self) -> BundleRecord:
        """The content, which is always that of the course."""
        return bundle_of(self._course, self.reader)

    @property
    def is_editable(self) -> bool:
        """Whether the reader may change its content."""
        return self.reader.is_staff

    @property
    def problems(self) -> list[str]:
        """What was found about its files."""
        return [str(found) for found in told(self.stored_diagnostics)] if self.reader.is_staff else []


TEXTS = {"creators", "subjects", "contributors"}
RECORDS = {"instructors", "credit", "prerequisites"}
FIELDS = {
    "signature": "signOff",
    "preview": "isPreview",
    "non_public": "isNonPublic",
    "anonymously_accessible": "isAnonymouslyAccessible",
    "calendar_hidden": "isCalendarHidden",
    "additional": "additionalProperties",
    "end": "ends",
}
"""Fields of entries that have another name in the schema."""


def camel(name: str) -> str:
    """A field's name as GraphQL has it."""
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


async def load_entries(batch: Batch) -> dict[int, EntryRecord]:
    """The catalog entries of runs by their ids, in one statement: a batch source."""
    viewer: Viewer = batch.context.viewer
    own, course, member, of = DirectoryRun, aliased(DirectoryRun), aliased(DirectoryMember), aliased(DirectoryRun)
    in_tree = select(member.role).join(of, of.course_run_id == member.course_run_id)
    top = func.coalesce(own.parent_run_id, own.course_run_id)
    is_member = exists(
        in_tree.where(member.username == viewer.username, func.coalesce(of.parent_run_id, of.course_run_id) == top)
    )
    columns = (own.course_run_id, own.site_id, own.level_id, own.path, own.content, own.diagnostics)
    query = select(*columns, course.path, course.content, teaches(own.course_run_id, viewer.username), is_member)
    query = query.outerjoin(course, course.course_run_id == own.parent_run_id)
    query = query.where(any_of(own.course_run_id, keys_parameter(BigInteger())))
    sees_all = viewer.may(Permission.SEE_RESTRICTED_RUNS)
    found: dict[int, EntryRecord] = {}
    for run, site, level, path, content, diagnostics, above, inherited, staff, enrolled in await rows_for(
        batch.context.snapshot, batch.context.database.dialect, query, batch.keys
    ):
        reader = Reader(viewer.username, sees_all or bool(enrolled), sees_all or bool(staff))
        if above is None:
            record = EntryRecord(site, level, course_of(content, path), None, reader)
        else:
            record = EntryRecord(site, level, course_of(inherited, above), section_of(content, path), reader)
        record.stored_diagnostics = diagnostics
        found[run] = record
    return found
