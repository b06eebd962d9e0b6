"""The documentation as pages and as operations of the explorer's collection."""

import pytest
from graphql import parse, validate

from schema import schema
from server.landing import documentation

PAGE = """# Limits

## Cost

What [this](limits.md) `costs`
is told. There is more to say:

```graphql
{ a }
```

## Depth

```graphql
query B { b }
```
"""


def test_an_operation_is_named_by_where_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documentation, "texts", lambda: {"limits.md": PAGE})
    found = list(documentation._operations("limits.md"))
    assert [(each.name, each.description, each.query) for each in found] == [
        ("Limits: Cost", "What this costs is told.", "{ a }\n"),
        ("Limits: Depth", "", "query B { b }\n"),
    ]


def test_every_operation_of_the_documentation_fits_the_schema() -> None:
    assert documentation.operations()
    for operation in documentation.operations():
        assert validate(schema()._schema, parse(operation.query)) == [], operation.name
    names = [operation.name for operation in documentation.operations()]
    assert len(set(names)) == len(names)


def test_html_in_a_page_stays_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documentation, "texts", lambda: {"odd.md": "# Odd\n\n<script>alert(1)</script>\n"})
    documentation.html.cache_clear()
    assert "<script" not in documentation.html("odd.md")
