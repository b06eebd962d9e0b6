"""`vendor_info.json`: what vendors' workflows want to know, by vendor, otherwise uninterpreted.

It is never inherited, and for nobody but the staff (spec/course-directories.rst, "vendor_info.json").
"""

from collections.abc import Mapping
from typing import Any

from ondisk.documents import Rejected, read_json
from ondisk.files import Folder

__all__ = ["VENDOR", "read_vendor"]

VENDOR = "vendor_info.json"


def read_vendor(folder: Folder) -> Mapping[str, Any]:
    """The file's object as it is, keys being vendors (`OU`, `NTI`); empty if there is no file."""
    if (item := read_json(folder, VENDOR)) is None:
        return {}
    try:
        return {vendor: info.value for vendor, info in item.members().items()}
    except Rejected as error:
        item.report(error)
        return {}
