"""OLX that is sent with a change, read by the codec: one element, or the files of a folder such as of an export."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from edx.olx import Blob, Block, Code, Document, File, InMemory, Key, Place, Problem, Severity
from edx.olx.archive import printable
from edx.olx.assets import entries_by_path
from edx.olx.documents import load_object
from edx.olx.kinds import FILED, is_block, is_pointer
from edx.olx.markup import MarkupError, parse_markup
from edx.olx.names import file_of, unusable
from edx.olx.paths import Paths, danger_of, is_junk, parts_of
from edx.olx.problems import Findings
from edx.olx.tree import Options
from edx.olx.tree import Tree as Reader
from resolvers.content.exports import MANIFEST
from resolvers.content.secrets import HIDDEN, is_redacted
from resolvers.editing.changes import Olx
from resolvers.editing.names import invented

OPTIONS = Options(allow_missing=True)
OURS = frozenset({Code.MISSING_FILE, Code.UNEXPECTED_CHILD, Code.NAME_MISMATCH})
"""What is said of edits in another way: pointers keep what is there, and placement is strict."""
TEXT = "olx"
"""The file that a text counts as, where its own is not known."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A subtree that was sent. Pointers without a definition are blocks with `is_missing`.

    `static` are the files for learners, `policy` the settings by `type/url_name` that came along.
    """

    root: Block | None
    problems: tuple[Problem, ...] = ()
    static: tuple[File, ...] = ()
    entries: Mapping[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    """The key of each and what is known of it, by path below `static/`."""
    policy: Mapping[str, Any] = field(default_factory=dict)

    @property
    def errors(self) -> list[Problem]:
        """What makes it impossible to take."""
        return [problem for problem in self.problems if problem.severity is Severity.ERROR]


def read(olx: Olx, above: Iterable[str], parent: Key, replaced: Key | None, taken: Mapping[Key, Block]) -> Fragment:
    """The subtree of what was sent, to stand in `parent`, in place of `replaced` if that is given.

    `above` are the display names down to the parent; `taken` are the blocks that there are, whose names are not free.
    """
    findings = Findings(trail=list(above))
    if (olx.text is None) == (not olx.files):
        findings.error(Code.UNKNOWN_FORMAT, "either a text or files are to be given", TEXT)
        return _fragment(None, findings)
    if olx.text is not None:
        _check_passwords(olx.text, TEXT, findings)
        return _fragment(
            _of_text(olx.text.encode("utf-8", "surrogatepass"), findings, parent, replaced, taken), findings
        )
    for path, blob in olx.files.items():
        if path.endswith((".xml", ".json")):
            _check_passwords(blob.read().decode(errors="replace"), path, findings)
    return _of_files(olx, findings, replaced)


def _check_passwords(text: str, path: str, findings: Findings) -> None:
    """Refuse what was read here and comes back, where passwords are not shown: they would be lost."""
    if is_redacted(text):
        hint = "send the password itself, which exports have, or change settings alone"
        findings.error(Code.INVALID_SETTING, f"{HIDDEN} only stands for a password", path, hint=hint)


def _fragment(root: Block | None, findings: Findings, **others: Any) -> Fragment:
    problems = tuple(problem for problem in findings.report().problems if problem.code not in OURS)
    return Fragment(root, problems, **others)


def _of_text(
    data: bytes, findings: Findings, parent: Key, replaced: Key | None, taken: Mapping[Key, Block]
) -> Block | None:
    try:
        element = parse_markup(data, TEXT)
    except MarkupError as error:
        findings.error(error.code, error.message, error.place, block=replaced, hint=error.hint)
        return None
    kind = element.tag
    if not is_block(element):
        findings.error(Code.NOT_OLX, f"<{kind}> is no block", element.place)
        return None
    name = element.get("url_name") or element.get("slug")
    if not name:
        name = replaced.name if replaced and replaced.type == kind else invented(kind, parent, data, taken)
    key = Key(kind, name)
    if is_pointer(element) and kind in FILED:
        message = f"<{kind} url_name={name!r}/> only points to itself: there is nothing that defines the block"
        findings.error(Code.POINTER_TO_POINTER, message, element.place, block=key)
        return None
    if reason := unusable(name):
        findings.error(Code.INVALID_NAME, f"{name!r} cannot be the name of a block: {reason}", element.place)
        return None
    path = file_of(key, ())
    reader = Reader({path: InMemory.of(data)}, "", findings, OPTIONS)
    block = reader.pointed(key, (), element.place)
    return block if block is None or kind in FILED else replace(block, pointer=None, source=None)


def _of_files(olx: Olx, findings: Findings, replaced: Key | None) -> Fragment:
    sent = _admitted(olx, findings)
    key, folder = _root_of(sent, olx.root, replaced)
    if key is None or folder is None:
        message = f"there is no {file_of(key, ())} in what was sent" if key else "nothing says which block is the root"
        hint = "name it as root, such as vertical/intro, and send its file"
        findings.error(Code.NO_ROOT, message, "", block=replaced, hint=hint)
        return _fragment(None, findings)
    files = {path.removeprefix(folder): blob for path, blob in sent.items() if path.startswith(folder)}
    place = Place(folder + file_of(key, ()))
    reader = Reader(files, folder, findings, OPTIONS)
    block = reader.pointed(key, (), place) if reader.admits(key, place) else None
    if block is not None and block.type not in FILED:
        block = replace(block, pointer=None, source=None)
    listed = load_object(files, ("policies/assets.json",), folder, findings, Severity.ERROR)
    static = tuple(File(path, blob) for path, blob in sorted(files.items()) if path.startswith("static/"))
    policy = _policy(files, folder, findings)
    return _fragment(block, findings, static=static, entries=entries_by_path(listed), policy=policy)


def _admitted(olx: Olx, findings: Findings) -> Mapping[str, Blob]:
    """The files, judged as those of an archive are."""
    paths, found = Paths(findings), dict[str, Blob]()
    for name, blob in olx.files.items():
        path = "/".join(parts_of(name))
        if danger := danger_of(name) or ("" if path else "it is empty"):
            findings.error(Code.UNSAFE_PATH, f"the path cannot be used: {danger}", printable(name))
        elif not is_junk(path) and paths.admit(path):
            found[path] = blob
    return found


def _root_of(files: Mapping[str, Blob], root: str | None, replaced: Key | None) -> tuple[Key | None, str | None]:
    """The block at which the subtree begins, and the folder that it is in, with a final `/` or empty."""
    manifest = next((path for path in files if path.rpartition("/")[2] == MANIFEST), None)
    key = replaced
    if root is not None:
        kind, _, name = root.partition("/")
        key = Key(kind, name)
    elif manifest is not None:
        key = _of_manifest(files[manifest].read()) or replaced
    if key is None:
        return None, None
    path = file_of(key, ())
    found = [each for each in files if each == path or each.endswith(f"/{path}")]
    return key, min(found, key=len).removesuffix(path) if found else None


def _of_manifest(data: bytes) -> Key | None:
    try:
        told = orjson.loads(data)
        return Key(str(told["type"]), str(told["url_name"]))
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None


def _policy(files: Mapping[str, Blob], folder: str, findings: Findings) -> Mapping[str, Any]:
    paths = tuple(sorted(path for path in files if path.startswith("policies/") and path.endswith("/policy.json")))
    return _value(load_object(files, paths, folder, findings, Severity.ERROR))


def _value(document: Document | None) -> Mapping[str, Any]:
    return document.value if document else {}
