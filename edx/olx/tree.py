"""The tree of blocks: follows pointers from file to file, and reports what is wrong on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from edx.olx.blobs import Blob, File
from edx.olx.canonical import digest_of, render
from edx.olx.checks import check_block, check_child
from edx.olx.kinds import CONTAINERS, FILED, KNOWN, STATEFUL, is_block, is_pointer
from edx.olx.markup import Attributes, Element, MarkupError, parse_markup
from edx.olx.model import Block, Source
from edx.olx.names import file_of, foreign_in, hash_of, name_of, unusable
from edx.olx.problems import Code, Findings, Key, Place, Severity

MAX_LEVELS = 64


@dataclass(frozen=True, slots=True)
class Options:
    """How to read. `containers` are further types whose children are blocks.

    With `allow_missing`, pointers to files that are not there are kept as they are, with a warning each.
    """

    containers: frozenset[str] = frozenset()
    allow_missing: bool = False


@dataclass(slots=True)
class Tree:
    """Reads blocks out of the files of a course, whose paths are relative to `folder`."""

    files: Mapping[str, Blob]
    folder: str
    findings: Findings
    options: Options
    blocks: dict[Key, Block] = field(default_factory=dict)
    open: list[Key] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    broken: set[Key] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)

    def markup(self, path: str) -> tuple[Element, bytes] | None:
        """The root element and the bytes of a file; None, and noted, if it cannot be read."""
        self.used.add(path)
        data = self.files[path].read()
        try:
            return parse_markup(data, self.folder + path), data
        except MarkupError as error:
            block = self.open[-1] if self.open else None
            self.findings.error(error.code, error.message, error.place, block=block, hint=error.hint)
            return None

    def child(self, element: Element, data: bytes) -> Block | None:
        """The block that an element inside a container stands for."""
        if element.get("filename") and element.tag in FILED - {"html"} and not element.children:
            key = Key(element.tag, name_of(element, data)[0])
            pointer = tuple(pair for pair in element.attributes if pair[0] != "url_name")
        elif self.is_pointer(element):
            key, pointer = Key(element.tag, element.get("url_name") or ""), ()
        else:
            return self.inline(element, data)
        return self.pointed(key, pointer, element.place) if self.admits(key, element.place) else None

    def is_pointer(self, element: Element) -> bool:
        """Whether a tag points to a file; of types that need none it does so only if the file is there."""
        if not is_pointer(element):
            return False
        return element.tag in FILED or file_of(Key(element.tag, element.get("url_name") or ""), ()) in self.files

    def admits(self, key: Key, place: Place) -> bool:
        """Whether a block of this name may stand here."""
        if reason := unusable(key.name):
            self.findings.error(Code.INVALID_NAME, f"{key.name!r} cannot be the name of a block: {reason}", place)
        elif key in self.open:
            path = " > ".join(str(step) for step in (*self.open[self.open.index(key) :], key))
            self.findings.error(Code.CYCLE, f"the block contains itself: {path}", place, block=key)
        elif len(self.open) >= MAX_LEVELS:
            self.findings.error(Code.TOO_DEEP, f"blocks are nested deeper than {MAX_LEVELS} levels", place, block=key)
        else:
            if letter := foreign_in(key.name):
                message = f"the name {key.name!r} contains {letter!r}, which Open edX does not accept in a key"
                self.findings.warn(Code.INVALID_NAME, message, place, block=key)
            return True
        return False

    def pointed(self, key: Key, pointer: Attributes, place: Place) -> Block | None:
        """The block that a tag points to; several tags may point to one."""
        if key in self.broken:
            return None
        earlier = self.blocks.get(key)
        if earlier is None:
            return self.defined(key, pointer, place)
        if earlier.pointer is None or file_of(key, pointer) != file_of(key, earlier.pointer):
            self.duplicate(key, place, earlier)
            return None
        return earlier if earlier.pointer == pointer else replace(earlier, pointer=pointer)

    def defined(self, key: Key, pointer: Attributes, place: Place) -> Block | None:
        """The block that is defined in a file of its own."""
        path = file_of(key, pointer)
        if path not in self.files:
            return self.absent(key, pointer, path, place)
        self.open.append(key)
        with self.findings.within(key.name):
            found = self.markup(path)
        self.open.pop()
        if found is None:
            self.broken.add(key)
            return None
        element, data = found
        self.check_definition(key, element)
        block = self.build(key, element, data, Block(*key, pointer=pointer, place=element.place))
        source = Source(self.files[path], digest_of(render(block)))
        return self.register(replace(block, source=source))

    def check_definition(self, key: Key, element: Element) -> None:
        """Note where a definition file contradicts what points to it; Open edX takes the pointer's word."""
        if element.tag != key.type:
            message = f"the file has the tag <{element.tag}> but is read as <{key.type}>"
            self.findings.warn(Code.TAG_MISMATCH, message, element.place, block=key)
        elif is_pointer(element) and (element.get("url_name") != key.name or key.type in CONTAINERS):
            message = "the file only points to a block again, which is not followed"
            self.findings.warn(Code.POINTER_TO_POINTER, message, element.place, block=key)
        elif element.get("url_name") not in {None, key.name}:
            message = f"the file calls itself {element.get('url_name')!r}, which is ignored"
            self.findings.warn(Code.NAME_MISMATCH, message, element.place, block=key)

    def absent(self, key: Key, pointer: Attributes, path: str, place: Place) -> Block:
        """What to make of a tag that points to no file."""
        severity = Severity.WARNING if self.options.allow_missing else Severity.ERROR
        message = f"<{key.type} url_name={key.name!r}/> points to {self.folder}{path}, which is not in the archive"
        self.findings.add(Code.MISSING_FILE, severity, message, place, block=key)
        return self.register(Block(*key, pointer=pointer, is_missing=True, place=place))

    def inline(self, element: Element, data: bytes) -> Block | None:
        """The block that is defined where it stands."""
        name, is_synthetic = name_of(element, data)
        if is_synthetic and file_of(Key(element.tag, name), ()) in self.files:
            name = f"{name}_{hash_of(element, data)}"  # the name as it is belongs to the block in that file
        key = Key(element.tag, name)
        if not self.admits(key, element.place):
            return None
        self.check_inline(key, element, is_synthetic=is_synthetic)
        empty = Block(*key, pointer=None, name_is_synthetic=is_synthetic, place=element.place)
        block = self.build(key, element, data, empty)
        earlier = self.blocks.get(key)
        if earlier == block or earlier is None:
            return earlier or self.register(block)
        if is_synthetic:
            return self.register(replace(block, url_name=f"{name}_{hash_of(element, data)}"))
        self.duplicate(key, element.place, earlier)
        return None

    def check_inline(self, key: Key, element: Element, *, is_synthetic: bool) -> None:
        """Note what would surprise the author of an inline definition."""
        path = file_of(key, ())
        if is_pointer(element) and key.type not in KNOWN:
            message = f"there is no {self.folder}{path}: the block is kept without settings"
            self.findings.warn(Code.MISSING_FILE, message, element.place, block=key)
        is_empty = not (element.children or element.has_text)
        if is_empty and path in self.files:
            message = (
                f"attributes beside url_name make this tag the whole block, so {self.folder}{path} would be ignored"
            )
            hint = "move the attributes into the file"
            self.findings.error(Code.INVALID_POINTER, message, element.place, block=key, hint=hint)
        if is_synthetic and key.type in STATEFUL and not (element.get("name") or element.get("display_name")):
            message = "the block has no name of any kind: learners' answers are lost when its text changes"
            self.findings.warn(Code.UNNAMED, message, element.place, block=key, hint="give it a url_name")

    def duplicate(self, key: Key, place: Place, earlier: Block) -> None:
        """Note two different definitions of one key."""
        message = f"another <{key.type}> is called {key.name!r}, at {earlier.place}"
        self.findings.error(Code.DUPLICATE_NAME, message, place, block=key)

    def register(self, block: Block) -> Block:
        """Keep a block for further tags that stand for it."""
        if block.type not in KNOWN and block.type not in self.unknown:
            self.unknown.add(block.type)
            message = f"blocks of the type {block.type!r} are kept as they are: nothing is known of it"
            self.findings.info(Code.UNKNOWN_TYPE, message, block.place, block=block.key)
        self.blocks[block.key] = block
        return block

    def build(
        self, key: Key, element: Element, data: bytes, empty: Block, *, hidden: frozenset[str] = frozenset()
    ) -> Block:
        """The block that an element defines, on the basis of one that knows how it is pointed to."""
        name = "url_name" if element.get("url_name") else "slug"
        settings = tuple(pair for pair in element.attributes if pair[0] not in hidden | {"url_name", name})
        block = replace(empty, settings=settings)
        self.open.append(key)
        with self.findings.within(block.display_name):
            if key.type in CONTAINERS | self.options.containers:
                block = self.fill(block, element, data)
            else:
                body = self.body(block, element) if key.type == "html" else None
                block = replace(block, markup=data[element.inside : element.outside], body=body)
            check_block(block, element, self.findings)
        self.open.pop()
        return block

    def fill(self, block: Block, element: Element, data: bytes) -> Block:
        """A container with its children; what is no block is its markup."""
        children, rest = [], []
        if element.has_text:
            message = f"text that stands directly in <{element.tag}> is shown by nothing"
            self.findings.warn(Code.UNEXPECTED_TEXT, message, element.place, block=block.key)
        for inner in element.children:
            if not is_block(inner):
                rest.append(data[inner.start : inner.end])
            elif child := self.child(inner, data):
                check_child(block, child, inner.place, self.findings)
                children.append(child)
        return replace(block, children=tuple(children), markup=b"\n".join(rest))

    def body(self, block: Block, element: Element) -> File | None:
        """The page of an html block, which stands in a file beside its definition."""
        filename = element.get("filename")
        if not filename:
            return None
        folder = file_of(block.key, ()).rpartition("/")[0]
        path = f"{folder}/{filename}.html"
        candidates = [path, path.removesuffix(".html")] if filename.endswith(".html") else [path]
        found = next((candidate for candidate in candidates if candidate in self.files), None)
        if found is None:
            severity = Severity.WARNING if self.options.allow_missing else Severity.ERROR
            message = f"the page {self.folder}{candidates[-1]} is not in the archive"
            self.findings.add(Code.MISSING_FILE, severity, message, element.place, block=block.key)
            return None
        self.used.add(found)
        try:
            self.files[found].read().decode()
        except UnicodeDecodeError as error:
            message = f"byte {error.start + 1} of the page is not UTF-8"
            self.findings.warn(Code.ENCODING, message, self.folder + found, block=block.key)
        return File(found, self.files[found])
