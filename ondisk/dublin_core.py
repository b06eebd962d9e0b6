"""`dc_metadata.xml` and `bundle_dc_metadata.xml`: Dublin Core in XML.

What `dc_metadata.xml` gives overrides `course_info.json` (spec/course-directories.rst, "dc_metadata.xml").
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ondisk.documents import read_xml
from ondisk.files import Folder

__all__ = ["METADATA", "NOTHING", "DublinCore", "read_dublin_core"]

METADATA = "dc_metadata.xml"
NAMESPACE = "{http://purl.org/dc/elements/1.1/}"


@dataclass(frozen=True, slots=True)
class DublinCore:
    """What a file says; None is what it does not say. Texts have no white space around them, and none is empty.

    `others` has the elements without a field here, such as `publisher` and `date`, with all their values.
    """

    title: str | None = None
    description: str | None = None
    creators: tuple[str, ...] | None = None
    subjects: tuple[str, ...] | None = None
    contributors: tuple[str, ...] | None = None
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


NOTHING = DublinCore()


def read_dublin_core(folder: Folder, name: str, *, lenient: bool = False) -> DublinCore:
    """The metadata in a file of a directory; `NOTHING` if it is absent, and with an error if it is bad.

    A `lenient` reading warns in place of errors.
    """
    root = read_xml(folder.leniently() if lenient else folder, name)
    if root is None:
        return NOTHING
    found: dict[str, list[str]] = {}
    for element in root.iter(f"{NAMESPACE}*"):
        value = str(element.xpath("string()")).strip()
        if value:
            found.setdefault(str(element.tag).removeprefix(NAMESPACE), []).append(value)
    return DublinCore(
        title=next(iter(found.pop("title", [])), None),
        description=next(iter(found.pop("description", [])), None),
        creators=tuple(found.pop("creator", ())) or None,
        subjects=tuple(found.pop("subject", ())) or None,
        contributors=tuple(found.pop("contributor", ())) or None,
        others={key: tuple(values) for key, values in found.items()},
    )
