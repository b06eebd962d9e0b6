"""Courses made up by hypothesis: any mixture of pointers and inline blocks, in any way of writing XML."""

from dataclasses import dataclass, field
from itertools import count

from hypothesis import strategies as st

BELOW = {
    "course": ["chapter"],
    "chapter": ["sequential"],
    "sequential": ["vertical"],
    "vertical": ["html", "problem", "video", "poll", "odd-one", "o\u0301", "wrapper"],
    "wrapper": ["html", "problem"],
}
LETTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
VALUES = st.text(LETTERS | st.sampled_from("\n\t\r"), max_size=20)
SETTINGS = st.dictionaries(
    st.sampled_from(["display_name", "start", "x", "Weird-name.1", "réglage", "e\u0301t\u00b7e"]), VALUES, max_size=3
)
MARKUP = st.sampled_from(
    [
        "text",
        "<p>1 &lt; 2</p>",
        "<![CDATA[<a>]]>",
        "<!-- note -->x",
        "<a\n x='1'\t/>",
        "<html url_name='inner'/>",
        "\r\n<b></b>",
    ]
)
BETWEEN = st.sampled_from(["", " ", "\n  ", "\r\n", "<!-- between -->", "<?note x?>", "<wiki slug='w'/>"])
PROLOGS = st.sampled_from(
    ["", "\ufeff", "<?xml version='1.0'?>\n", '<?xml version="1.0" encoding="utf-8"?>', "<!-- top -->\r\n"]
)
EPILOGS = st.sampled_from(["", "\n", "\r\n", "\n<!-- end -->\n"])
ASSETS = st.dictionaries(
    st.from_regex(r"static/[a-z]{1,8}\.(png|srt)", fullmatch=True), st.binary(max_size=50), max_size=3
)


@dataclass
class Made:
    """A course: its files, and of each block in order its key and its settings."""

    files: dict[str, bytes] = field(default_factory=dict)
    blocks: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@st.composite
def courses(draw: st.DrawFn) -> Made:
    """Any course."""
    made, numbers = Made(), count()
    made.files.update(draw(ASSETS))
    root = element(draw, made, "course", f"n{next(numbers)}", numbers, lead={"org": "O", "course": "C"})
    made.files["course.xml"] = (draw(PROLOGS) + root + draw(EPILOGS)).encode()
    return made


def element(
    draw: st.DrawFn, made: Made, kind: str, name: str, numbers: "count[int]", *, lead: dict[str, str] | None = None
) -> str:
    """The tag of a block in its parent's file; the block and all below it are added to what is made."""
    settings = draw(SETTINGS)
    made.blocks.append((f"{kind}/{name}", settings))
    inner = content(draw, made, kind, numbers)
    key = {"url_name": name, **(lead or {})}
    if draw(st.booleans()) or not (settings or inner.strip()):
        if kind == "html" and draw(st.booleans()):
            settings["filename"] = f"{name}-page"
            made.files[f"html/{name}-page.html"] = draw(st.binary(max_size=30))
        made.files[f"{kind}/{name}.xml"] = (draw(PROLOGS) + tag(draw, kind, settings, inner) + draw(EPILOGS)).encode()
        return tag(draw, kind, key, draw(st.sampled_from(["", " "])))
    return tag(draw, kind, {**key, **settings}, inner)


def content(draw: st.DrawFn, made: Made, kind: str, numbers: "count[int]") -> str:
    """What stands inside a block."""
    if kind not in BELOW:
        return "".join(draw(st.lists(MARKUP, max_size=3)))
    parts = [draw(BETWEEN)]
    for below in draw(st.lists(st.sampled_from(BELOW[kind]), max_size=3)):
        parts += [element(draw, made, below, f"n{next(numbers)}", numbers), draw(BETWEEN)]
    return "".join(parts)


def tag(draw: st.DrawFn, kind: str, attributes: dict[str, str], inner: str) -> str:
    """An element, in one of the many ways of writing it."""
    blank = draw(st.sampled_from([" ", "\n  ", "\t"]))
    shown = "".join(f"{blank}{name}{quoted(value, draw(st.booleans()))}" for name, value in attributes.items())
    if not inner and draw(st.booleans()):
        return f"<{kind}{shown}{draw(st.sampled_from(['', ' ']))}/>"
    return f"<{kind}{shown}>{inner}</{kind}{draw(st.sampled_from(['', ' ']))}>"


def quoted(value: str, is_double: bool) -> str:
    """An attribute's value with its quotes."""
    for letter in "&<\n\t\r" + ('"' if is_double else "'"):
        value = value.replace(letter, f"&#{ord(letter)};")
    return f'="{value}"' if is_double else f" = '{value}'"
