"""OLX, the files that Open edX exports and imports courses as: `read` an archive, `parse` it, and `files` back out.

Original bytes are kept, so what goes in comes out byte for byte; only the files of edited blocks are written anew.
"""

from edx.olx.archive import Archive, gather, read
from edx.olx.assets import Assets
from edx.olx.blobs import Blob, File, InMemory, Keep
from edx.olx.canonical import UnwritableBlock, serialize
from edx.olx.course import Parsed, check, parse
from edx.olx.export import files, write, write_zip
from edx.olx.members import Limits
from edx.olx.model import Asset, Block, Course, Document, Draft, Source
from edx.olx.problems import ArchiveRefused, Code, Key, Place, Problem, Report, Severity
from edx.olx.tree import Options

__all__ = [
    "Archive",
    "ArchiveRefused",
    "Asset",
    "Assets",
    "Blob",
    "Block",
    "Code",
    "Course",
    "Document",
    "Draft",
    "File",
    "InMemory",
    "Keep",
    "Key",
    "Limits",
    "Options",
    "Parsed",
    "Place",
    "Problem",
    "Report",
    "Severity",
    "Source",
    "UnwritableBlock",
    "check",
    "files",
    "gather",
    "parse",
    "read",
    "serialize",
    "write",
    "write_zip",
]
