"""The documents in files: one in a `.graphql` file as it stands, many in a JSON manifest that a build tool wrote."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from server.documents.trusted import ALGORITHM, digest_of
from server.failures import Failure

APOLLO = "apollo-persisted-query-manifest"


@dataclass(frozen=True, slots=True)
class Found:
    """A document in a file, and the hash that the file has for it, if any."""

    text: str
    digest: str | None = None


def documents_in(path: Path) -> list[Found]:
    """The documents in a file. Raises Failure, which names the file."""
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Failure(f"{path} cannot be read: {reason}") from error
    found = list(_in_manifest(path, content)) if path.suffix == ".json" else [Found(content)]
    for each in found:
        if each.digest is not None and each.digest != digest_of(each.text):
            raise Failure(f"{path}: {each.digest[:80]} is not the SHA-256 of its document; have the tool use sha256")
    return found


def _in_manifest(path: Path, content: str) -> Iterator[Found]:
    """The documents of a manifest: an object of hashes and texts, or Apollo's list of operations."""
    try:
        manifest = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Failure(f"{path} is not JSON: {error}") from error
    for digest, text in _entries(manifest):
        if not isinstance(digest, str) or not isinstance(text, str):
            raise Failure(f"{path}: a manifest has hashes and documents, both texts")
        yield Found(text, digest.removeprefix(ALGORITHM).lower())


def _entries(manifest: Any) -> list[tuple[Any, Any]]:
    if not isinstance(manifest, dict):
        return [(None, None)]
    if manifest.get("format") != APOLLO:
        return list(manifest.items())
    operations = manifest.get("operations")
    if not isinstance(operations, list):
        return [(None, None)]
    return [(each.get("id"), each.get("body")) if isinstance(each, dict) else (None, None) for each in operations]
