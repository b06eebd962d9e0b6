"""Templates of certificates: what they can do, what they cannot, and what is said of those that are wrong."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from resolvers.learners import templates
from resolvers.learners.designs import BUILT_IN
from resolvers.learners.pages import SAMPLE
from resolvers.learners.templates import DEEPEST, LONGEST, BadTemplate, render


@dataclass(frozen=True)
class Course:
    name: str
    key: str = "k"


VALUES: dict[str, Any] = {
    "name": "<b>Ada</b>",
    "empty": "",
    "nothing": None,
    "at": datetime(2026, 5, 1, 9, 5, tzinfo=UTC),
    "courses": [Course("One"), Course("Two & a half")],
    "many": [Course(str(number)) for number in range(300)],
}


@pytest.mark.parametrize(
    ("source", "page"),
    [
        ("<p>{{ name }}</p>", "<p>&lt;b&gt;Ada&lt;/b&gt;</p>"),
        ("{{ '<i>' }}{{ name|upper }}", "&lt;i&gt;&lt;B&gt;ADA&lt;/B&gt;"),
        ("{{ at }} {{ at|date('%-d %B %Y, %H:%M, %d.%m. %b %%') }}", "2026-05-01 1 May 2026, 09:05, 01.05. May %"),
        ("{{ nothing }}{{ empty|default('none') }}", "none"),
        ("{{ courses|join(', ', 'name') }} {{ courses|length }}", "One, Two &amp; a half 2"),
        ("{% for c in courses %}{{ loop.index }}. {{ c.name }}{% if not loop.last %}; {% endif %}{% endfor %}",
         "1. One; 2. Two &amp; a half"),
        ("{% for c in courses if c.name == 'One' %}{{ c.key ~ '-' ~ c.name }}{% else %}none{% endfor %}", "k-One"),
        ("{% if empty or nothing is none %}a{% else %}b{% endif %}{# c #}{% raw %}{{ d }}{% endraw %}", "a{{ d }}"),
        ("{{ courses[0].name }} {{ 'x' if courses|length > 1 else 'y' }}", "One x"),
    ],
)  # fmt: skip
def test_a_template_makes_a_page_of_what_it_is_given(source: str, page: str) -> None:
    assert render(source, VALUES) == page


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        ("a\n{{ nme }}", 2, "there is no 'nme'; there are at, courses, empty, many, name, nothing"),
        ("a\n\n{{ courses[0].nme }}", 3, "has no attribute 'nme'"),
        ("{% for c in courses %}\n{{ c.nme }}\n{% endfor %}", 2, "has no attribute 'nme'"),
        ("\n{{ courses[7].name }}", 2, "has no element 7"),
        ("\n{{ name", 2, "unexpected end of template"),
        ("{% if name %}\n", 1, "end"),
        ("\n{% trans %}", 2, "unknown tag"),
        ("\n{{ courses }}", 2, "a list or a record is not shown as it is"),
        ("\n{{ 1 + name }}", 2, "unsupported operand"),
        ("\n{{ name|date }}", 2, "'date' is for times"),
        ("\n{{ at|date('%Q') }}", 2, "knows no '%Q'"),
        ("\n{{ name|join }}", 2, "'join' is for lists"),
        ("a\n\0", 2, "NUL"),
    ],
)
def test_a_flaw_is_told_with_its_line(source: str, line: int, message: str) -> None:
    with pytest.raises(BadTemplate, match=None) as caught:
        render(source, VALUES)
    assert message in caught.value.flaw.message
    assert caught.value.flaw.line == line


@pytest.mark.parametrize(
    "source",
    [
        "{{ name.__class__ }}", "{{ name['__class__'] }}", "{{ name.upper() }}", "{{ name.upper }}", "{{ name|safe }}",
        "{{ name|attr('x') }}", "{{ name|upper(1) }}", "{{ name * 9 }}", "{{ 2 ** 9 }}", "{{ '%9d' % 1 }}",
        "{% set x = 1 %}", "{% with x = 1 %}{% endwith %}", "{% include 'x' %}", "{% import 'x' as x %}",
        "{% extends 'x' %}", "{% block x %}{% endblock %}", "{% macro x() %}{% endmacro %}",
        "{% filter upper %}{% endfilter %}", "{% autoescape false %}{{ name }}{% endautoescape %}",
        "{% for i in [1, 2] %}{% endfor %}", "{{ range(9) }}", "{% for c in courses recursive %}{% endfor %}",
        "{{ [name] }}", "{{ {'a': name} }}", "{{ (1, 2) }}", "{{ cycler }}", "{{ namespace }}", "{{ self }}",
        "{{ name|default(boolean=true) }}", "{{ name[0:2] }}",
    ],
)  # fmt: skip
def test_nothing_is_called_assigned_or_included(source: str) -> None:
    with pytest.raises(BadTemplate):
        render(source, VALUES)


@pytest.mark.parametrize(
    "source",
    [
        "x" * (LONGEST + 1),
        "{% for a in many %}" * 18 + "{% endfor %}" * 18,
        "{% for a in many %}{% for b in many %}" + "x" * 9000 + "{% endfor %}{% endfor %}",
        "{% if name %}" * 3000,
        "{% if name %}" * (DEEPEST + 1) + "{% endif %}" * (DEEPEST + 1),
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{{ " + "9" * 9000 + " }}",
        "{{ " + " and ".join(["name"] * 5000) + " }}",
        "{{ name" + "|upper" * 5000 + " }}",
        "{{" * 20000,
        "{#" * 20000,
    ],
    ids=range(11),
)
def test_no_template_runs_away(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in time nor in room, whatever it is made of."""
    monkeypatch.setattr(templates, "SECONDS", 0.1)
    began = time.process_time()
    with pytest.raises(BadTemplate):
        render(source, VALUES)
    assert time.process_time() - began < 5


def test_the_built_in_template_is_one_that_could_be_stored() -> None:
    page = render(BUILT_IN, SAMPLE.values())

    assert "sample_learner" in page
    assert "completed the program <strong>Astrophysics</strong> of Australian National University on 2026-05-01" in page
    assert "<li>Astrophysics, part 4</li>" in page


def test_what_is_joined_is_no_longer_than_a_page() -> None:
    with pytest.raises(ValueError, match="too long"):
        templates._join(["a"] * 3, "-" * 400_000)
