"""Templates of certificates: a part of Jinja2 in which nothing can run away, and what is said of one that is wrong.

A template has text, values, conditions and loops over what it is given; it calls nothing, assigns nothing and includes
nothing. So what it may cost is bounded by its length, but for loops within loops, which are given up after a time.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment
from typing_extensions import override

LONGEST = 64_000
"""Characters of a template."""

LONGEST_PAGE = 1_000_000
"""Characters of what a template makes."""

DEEPEST = 40
"""Parts of a template within each other."""

SECONDS = 1.0
"""How long a page may take to be made."""

NAME = "<template>"
KEPT = 64

ALLOWED: Final = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.Name, nodes.Getattr, nodes.Getitem,
    nodes.For, nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Add,
    nodes.Sub, nodes.Concat, nodes.Filter, nodes.Test,
)  # fmt: skip
TESTS: Final = frozenset({"defined", "undefined", "none", "even", "odd"})
DIRECTIVES: Final[Mapping[str, Callable[[datetime], str]]] = {
    "%Y": lambda at: f"{at.year:04d}",
    "%m": lambda at: f"{at.month:02d}",
    "%d": lambda at: f"{at.day:02d}",
    "%-d": lambda at: str(at.day),
    "%B": lambda at: at.strftime("%B"),
    "%b": lambda at: at.strftime("%b"),
    "%H": lambda at: f"{at.hour:02d}",
    "%M": lambda at: f"{at.minute:02d}",
    "%%": lambda _: "%",
}


@dataclass(frozen=True)
class Flaw:
    """What is wrong with a template, and in which line of it, counted from 1."""

    message: str
    line: int


class BadTemplate(Exception):
    """A template that cannot be used, or that no page can be made of."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.flaw = Flaw(message, line)


def render(source: str, values: Mapping[str, Any]) -> str:
    """The page that a template makes of values: texts, times, dataclasses of such, and lists of those.

    Raises BadTemplate, as for a value that there is not, a page that is too long, and one that takes too long.
    """
    template = _compiled(source, frozenset(values))
    allowance = _Allowance()
    given = {name: _guarded(value, allowance) for name, value in values.items()}
    made = []
    try:
        for part in template.generate(given):
            allowance.spend(len(part))
            made.append(part)
    except BadTemplate as error:
        raise BadTemplate(str(error), _line(error)) from None
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise BadTemplate(str(error), _line(error)) from None
    return "".join(made)


def _line(error: BaseException) -> int:
    """The line of the template in which an error arose: Jinja puts it into the traceback."""
    found, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == NAME:
            found = trace.tb_lineno
        trace = trace.tb_next
    return found


@lru_cache(maxsize=KEPT)
def _compiled(source: str, names: frozenset[str]) -> Template:
    """A template in which nothing but these names is used. Raises BadTemplate."""
    if len(source) > LONGEST:
        raise BadTemplate(f"the template has {len(source)} characters, more than {LONGEST}")
    if "\0" in source:
        raise BadTemplate("it contains the character NUL", source[: source.index("\0")].count("\n") + 1)
    try:
        tree = ENVIRONMENT.parse(source, filename=NAME)
        _check(tree, names)
        code = ENVIRONMENT.compile(tree, filename=NAME)
    except TemplateSyntaxError as error:
        raise BadTemplate(error.message or "this is no template", error.lineno) from None
    except (RecursionError, MemoryError, SyntaxError):
        raise BadTemplate("too many parts of the template are within each other") from None
    except ValueError:
        raise BadTemplate("a number has too many digits") from None
    return Template.from_code(ENVIRONMENT, code, ENVIRONMENT.make_globals(None))


def _check(tree: nodes.Template, names: frozenset[str]) -> None:
    """Raise BadTemplate for the first thing that a template may not have."""
    pending: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while pending:
        node, depth = pending.pop()
        if depth > DEEPEST:
            raise BadTemplate(f"more than {DEEPEST} parts are within each other", node.lineno)
        _check_node(node)
        pending.extend((child, depth + 1) for child in reversed(list(node.iter_child_nodes())))
    if unknown := sorted(find_undeclared_variables(tree) - names):
        line = next(node.lineno for node in tree.find_all(nodes.Name) if node.name == unknown[0])
        raise BadTemplate(f"there is no '{unknown[0]}'; there are {', '.join(sorted(names))}", line)


def _check_node(node: nodes.Node) -> None:
    refused = None
    if not isinstance(node, ALLOWED):
        refused = f"'{type(node).__name__}' is not for templates of certificates"
    elif isinstance(node, nodes.Filter):
        refused = _not_among(node.name, FILTERS, "filter") or _misused(node)
    elif isinstance(node, nodes.Test):
        refused = _not_among(node.name, TESTS, "test")
    elif isinstance(node, nodes.For) and (node.recursive or not _is_given(node.iter)):
        refused = "a loop goes over a list that is given, such as 'courses'"
    elif isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
        refused = f"'{node.attr}' is not to be seen"
    if refused is not None:
        raise BadTemplate(refused, node.lineno)


def _not_among(name: str, known: Any, kind: str) -> str | None:
    return None if name in known else f"there is no {kind} '{name}'; there are {', '.join(sorted(known))}"


def _misused(node: nodes.Filter) -> str | None:
    """What is wrong with how a filter is used."""
    if node.node is None or node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
        return "a filter stands after a value and takes its arguments in order"
    most = FILTERS[node.name][1]
    return f"'{node.name}' takes {most} arguments at most" if len(node.args) > most else None


def _is_given(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) or (isinstance(node, nodes.Getattr) and _is_given(node.node))


class _Allowance:
    """How long one page may still take to be made, and how long it may still become."""

    def __init__(self) -> None:
        self._until = time.monotonic() + SECONDS
        self._room = LONGEST_PAGE

    def spend(self, characters: int = 0) -> None:
        """Take some room. Raises BadTemplate when there is none left, or no time."""
        self._room -= characters
        if self._room < 0:
            raise BadTemplate(f"the page has more than {LONGEST_PAGE} characters")
        if time.monotonic() > self._until:
            raise BadTemplate(f"the page takes longer than {SECONDS:g} seconds")


class _Items(tuple[Any, ...]):
    """A list that a template may go through while there is time."""

    __slots__ = ()
    allowance: _Allowance

    @override
    def __iter__(self) -> Iterator[Any]:
        for item in super().__iter__():
            self.allowance.spend()
            yield item


def _guarded(value: Any, allowance: _Allowance) -> Any:
    """A value as templates have it: records as plain mappings, and lists that are gone through while there is time."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _guarded(getattr(value, field.name), allowance) for field in fields(value)}
    if isinstance(value, Sequence) and not isinstance(value, str):
        kind = type("list", (_Items,), {"allowance": allowance, "__slots__": (), "__module__": "builtins"})
        return kind(_guarded(item, allowance) for item in value)
    return value


def _date(value: Any, form: str = "%Y-%m-%d") -> str:
    """A time, in UTC, as `form` has it; English names of months."""
    if not isinstance(value, datetime):
        raise TypeError("'date' is for times")
    return re.sub(r"%-?.?", lambda found: _part(found.group(), value), str(form), flags=re.DOTALL)


def _part(directive: str, value: datetime) -> str:
    if directive not in DIRECTIVES:
        raise ValueError(f"'date' knows no '{directive}'; it knows {' '.join(DIRECTIVES)}")
    return DIRECTIVES[directive](value)


def _text(work: Callable[[str], str]) -> Callable[[Any], str]:
    """A filter of texts. Marked ones come out unmarked, and so escaped where they are put in."""
    return lambda value: work(str(value))


def _join(values: Any, between: Any = "", attribute: Any = None) -> str:
    """The texts of a list, or one of each of its records, with something between them."""
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise TypeError("'join' is for lists")
    found = [each if attribute is None else each[str(attribute)] for each in values]
    if sum(len(str(each)) for each in found) + len(found) * len(str(between)) > LONGEST_PAGE:
        raise ValueError("the texts that are joined are too long")
    return str(between).join(str(each) for each in found)


FILTERS: Final[Mapping[str, tuple[Callable[..., Any], int]]] = {
    "capitalize": (_text(str.capitalize), 0),
    "date": (_date, 1),
    "default": (lambda value, other="": value or other, 1),
    "join": (_join, 2),
    "length": (len, 0),
    "lower": (_text(str.lower), 0),
    "title": (_text(str.title), 0),
    "trim": (_text(str.strip), 0),
    "upper": (_text(str.upper), 0),
}
"""The filters, and how many arguments each takes at most."""


def _environment() -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined, cache_size=0, finalize=_shown)
    made.filters = {name: work for name, (work, _) in FILTERS.items()}
    made.tests = {name: made.tests[name] for name in TESTS}
    made.globals = {}
    return made


def _shown(value: Any) -> Any:
    """A value as it stands in the page."""
    if isinstance(value, str | int | StrictUndefined):
        return value
    if isinstance(value, datetime):
        return _date(value)
    if value is None:
        return ""
    raise TypeError("a list or a record is not shown as it is; name a part of it")


ENVIRONMENT: Final = _environment()
