"""`bundle_meta_info.json`, which makes a directory a course, and `bundle_dc_metadata.xml` beside it.

They relate the course to the packages of content that it uses (spec/course-directories.rst, "bundle_meta_info.json").
"""

from dataclasses import dataclass

from ondisk.diagnostics import Code
from ondisk.documents import Item, Rejected, read_json
from ondisk.dublin_core import NOTHING, DublinCore, read_dublin_core
from ondisk.files import Folder
from ondisk.values import check_keys, identifier, optional, text

__all__ = ["BUNDLE", "Bundle", "read_bundle"]

BUNDLE = "bundle_meta_info.json"
BUNDLE_METADATA = "bundle_dc_metadata.xml"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A course's content: NTIIDs of packages in order, each once, and the title of the bundle (not of the course).

    The `ntiid` in the file is ignored. `metadata` has no effect on the catalog entry.
    """

    packages: tuple[str, ...] = ()
    title: str | None = None
    metadata: DublinCore = NOTHING


def read_bundle(folder: Folder) -> Bundle:
    """The bundle of a course directory; an empty one, with errors, if its file is bad."""
    metadata = read_dublin_core(folder, BUNDLE_METADATA, lenient=True)
    if (item := read_json(folder, BUNDLE)) is None:
        return Bundle(metadata=metadata)
    try:
        fields = item.members()
    except Rejected as error:
        item.report(error)
        return Bundle(metadata=metadata)
    check_keys(item, ["ntiid", "ContentPackages", "title", "RestrictedAccess", "MimeType"])
    found = optional(fields, "ContentPackages", packages)
    if "ContentPackages" not in fields:
        item.document.report.warning(Code.MISSING, item.document.path, "'ContentPackages' is missing")
    return Bundle(found or (), optional(fields, "title", text), metadata)


def packages(item: Item) -> tuple[str, ...]:
    """A list of NTIIDs."""
    found = [identifier(element) for element in item.elements()]
    if len(found) > 1:
        item.advise(Code.NO_EFFECT, "more than one package is more than the first clients of this layout can show")
    return tuple(dict.fromkeys(found))
