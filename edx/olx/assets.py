"""The files for learners below `static/`, under all the names that content knows them by."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from edx.olx.blobs import Blob, File
from edx.olx.model import Asset, Document
from edx.olx.names import clean_asset
from edx.olx.problems import Code, Findings

FOLDER = "static/"
MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+( *; *[\w!#$&^.+-]+=[\w!#$&^.+\"-]+)*", re.ASCII)


def assets_of(files: Mapping[str, Blob], listed: Document | None, folder: str, findings: Findings) -> tuple[Asset, ...]:
    """All files below `static/`, each with its entry in `policies/assets.json` where it has one."""
    entries = entries_by_path(listed)
    assets = []
    for path in files:
        if path.startswith(FOLDER):
            key, entry = entries.pop(path.removeprefix(FOLDER), (key_of(path.removeprefix(FOLDER)), None))
            assets.append(Asset(key, path.rpartition("/")[2], File(path, files[path]), entry))
    for path, (key, _) in entries.items():
        message = f"the asset {key!r} is listed, but there is no {folder}{FOLDER}{path}"
        findings.info(Code.MISSING_FILE, message, folder + (listed.path if listed else ""))
    return tuple(assets)


def entries_by_path(listed: Document | None) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Key and entry of each listed asset by the path of its file below `static/`.

    The file is called by its display name; `import_path` is where it once stood, its folder is where it stands now.
    """
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for key, entry in (listed.value if listed else {}).items():
        if isinstance(entry, dict):
            name = str(entry.get("displayname") or key)
            inside = str(entry.get("import_path") or "").rpartition("/")[0]
            found[f"{inside}/{name}" if inside else name] = key, entry
    return found


def key_of(path: str) -> str:
    """The key that Open edX gives a file without an entry on import."""
    return clean_asset(path.replace("/", "_"))


def is_media_type(text: str) -> bool:
    """Whether a text is a media type as a header can have it (RFC 9110, 8.3.1)."""
    return MEDIA_TYPE.fullmatch(text) is not None


class Assets:
    """Finds the asset that a `/static/…` link means."""

    def __init__(self, assets: Sequence[Asset]) -> None:
        self.by_path = {asset.file.path.removeprefix(FOLDER): asset for asset in assets}
        self.by_key = {asset.key: asset for asset in assets}

    def find(self, link: str) -> Asset | None:
        """The asset of what follows `/static/`: a path, a key, or either still unclean or percent-encoded."""
        return self._find(link) or self._find(unquote(link))

    def _find(self, link: str) -> Asset | None:
        return self.by_path.get(link) or self.by_key.get(link) or self.by_key.get(key_of(link))
