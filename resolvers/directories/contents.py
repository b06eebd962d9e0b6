"""What courses and sections say, as the database keeps it: JSON of the reader's own records.

Only own values are kept. What holds in a section is made of them by `ondisk.courses.inherit`.
"""

import json
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import from_json

from ondisk.courses import Course, Instance, Section
from ondisk.diagnostics import Diagnostic

ELSEWHERE = {"path", "files", "diagnostics", "sections", "fingerprint", "stamp"}
UNTIMED = {"assets": {"__all__": {"files": {"__all__": {"modified_ns"}}}}}


@cache
def _adapters() -> dict[type[Instance], TypeAdapter[Any]]:
    return {kind: TypeAdapter(kind) for kind in (Course, Section)}


def content_of(instance: Instance) -> str:
    """What a course or section says, without where it is, its diagnostics and sections."""
    excluded: Any = dict.fromkeys(ELSEWHERE & set(type(instance).__dataclass_fields__), True) | UNTIMED
    return _adapters()[type(instance)].dump_json(instance, exclude=excluded).decode()


def course_of(content: str, path: str) -> Course:
    """The course that says this, without its sections."""
    course: Course = _instance(Course, content, path, sections=())
    return course


def section_of(content: str, path: str) -> Section:
    """The section that says this."""
    section: Section = _instance(Section, content, path)
    return section


def _instance(kind: type[Instance], content: str, path: str, **others: Any) -> Any:
    given = {**from_json(content), "path": PurePosixPath(path), "files": (), "diagnostics": (), **others}
    return _adapters()[kind].validate_python(given)


def digest_of(content: str, base: str) -> str:
    """The hash of a content, which is the same wherever its directory `base`, a path in the library, is moved to."""
    prefix = json.dumps(base, ensure_ascii=False)[1:-1] + "/"
    return sha256(content.replace(prefix, "./").encode()).hexdigest()


def files_of(instance: Instance) -> str:
    """The files that were read for a course or section, with the hashes of their contents."""
    files = {stamp.path: stamp.sha256 for stamp in instance.files}
    return json.dumps(files, sort_keys=True, ensure_ascii=False)


def diagnostics_of(instance: Instance) -> str:
    """What was found about the files of a course or section."""
    return _diagnostics().dump_json(instance.diagnostics).decode()


def told(diagnostics: str) -> tuple[Diagnostic, ...]:
    """The diagnostics that were stored so."""
    return _diagnostics().validate_json(diagnostics)


@cache
def _diagnostics() -> TypeAdapter[tuple[Diagnostic, ...]]:
    return TypeAdapter(tuple[Diagnostic, ...])


def aspects(before: str, after: str) -> tuple[str, ...]:
    """What differs between two contents: fields of the entry, and parts beside it, by name."""
    old, new = (_flat(from_json(content)) for content in (before, after))
    return tuple(sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name)))


def _flat(content: Mapping[str, Any]) -> dict[str, Any]:
    parts = {name: value for name, value in content.items() if name not in {"entry", "metadata"}}
    return parts | {f"entry.{name}": value for name, value in content["entry"].items() if name != "sources"}
