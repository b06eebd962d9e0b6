"""Designing certificates: `spec/programs.md`, "Progress, Completion, and Certification": "administrators will need to
be able to create and customize certificate templates for Programs"."""

from typing import Any

import pytest
from sqlalchemy import func, select

from db.engine import Database
from db.tables import CertificateTemplate, Program, RoleGrant
from resolvers.access import Viewer
from schema import schema
from server.execution import Executor
from tests.asking import ADMIN, AUTHOR, LEARNER, Asking
from tests.catalog import uuid

PROGRAM = f"Program:{uuid(1)}"
UPDATE = """mutation ($input: UpdateProgramCertificateTemplateInput!) {
  updateProgramCertificateTemplate(input: $input) {
    program { certificateTemplate { source origin } }
    category { slug certificateTemplate { source origin } }
    userErrors { __typename code message field ... on TemplateInvalid { line } }
  }
}"""
SHOWN = "query ($id: ID!) { program(id: $id) { certificateTemplate { source origin updatedAt } } }"
PREVIEW = """query ($program: ID!, $source: String) {
  previewProgramCertificate(program: $program, source: $source) { html flaw { line message } }
}"""


async def update(asking: Asking, *, viewer: Viewer = ADMIN, **given: Any) -> dict[str, Any]:
    data = await asking.data(UPDATE, {"input": given}, viewer=viewer)
    payload: dict[str, Any] = data["updateProgramCertificateTemplate"]
    return payload


async def shown(asking: Asking, id_: str = PROGRAM) -> tuple[str, str]:
    found = (await asking.data(SHOWN, {"id": id_}, viewer=ADMIN))["program"]["certificateTemplate"]
    return found["origin"], found["source"]


async def stored(database: Database) -> int:
    async with database.writing() as session:
        return await session.scalar(select(func.count()).select_from(CertificateTemplate)) or 0


async def test_the_nearest_template_holds_until_it_is_taken_away(asking: Asking) -> None:
    origin, source = await shown(asking)
    assert (origin, "{{ learner.username }}" in source) == ("BUILT_IN", True)

    made = await update(asking, category="MicroMasters", source="of the category")
    assert made["category"] == {
        "slug": "micromasters", "certificateTemplate": {"source": "of the category", "origin": "CATEGORY"},
    }  # fmt: skip
    assert await shown(asking) == ("CATEGORY", "of the category")

    made = await update(asking, program=PROGRAM, source="first")
    assert made["program"] == {"certificateTemplate": {"source": "first", "origin": "PROGRAM"}}
    await update(asking, program=PROGRAM, source="second")
    assert await shown(asking) == ("PROGRAM", "second")

    await update(asking, program=PROGRAM, source=None)
    assert await shown(asking) == ("CATEGORY", "of the category")
    await update(asking, category="micromasters", source=None)
    assert (await shown(asking))[0] == "BUILT_IN"
    assert await stored(asking.database) == 0


async def test_a_change_is_in_the_history_of_the_program(asking: Asking) -> None:
    await update(asking, program=PROGRAM, source="first")
    await update(asking, program=PROGRAM, source="first")
    query = (
        "query ($id: ID!) { program(id: $id) { history { nodes { action username changes { field before after } } } } }"
    )
    [entry] = (await asking.data(query, {"id": PROGRAM}, viewer=ADMIN))["program"]["history"]["nodes"]

    assert (entry["action"], entry["username"]) == ("designCertificate", "admin")
    [change] = entry["changes"]
    assert (change["field"], change["before"]) == ("certificateTemplate", None)
    assert change["after"].startswith('"sha256:')


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"program": PROGRAM}, "REQUIRED", ["source"]),
        ({"source": "x"}, "INVALID", ["program"]),
        ({"program": PROGRAM, "category": "xseries", "source": "x"}, "INVALID", ["program"]),
        ({"category": "nanodegree", "source": "x"}, "CATEGORY_UNKNOWN", ["category"]),
        ({"program": PROGRAM, "source": "a\n{{ nme }}"}, "TEMPLATE_INVALID", ["source"]),
        (
            {"program": PROGRAM, "source": "{% for c in courses %}{{ c.nme }}{% endfor %}"},
            "TEMPLATE_INVALID",
            ["source"],
        ),
        ({"program": PROGRAM, "source": "x" * 64_001}, "TEMPLATE_INVALID", ["source"]),
    ],
)
async def test_what_cannot_be_a_template_is_refused_and_nothing_stored(
    asking: Asking, given: dict[str, Any], code: str, field: list[str]
) -> None:
    payload = await update(asking, **given)

    [error] = payload["userErrors"]
    assert (error["code"], error["field"], payload["program"]) == (code, field, None)
    assert await stored(asking.database) == 0
    if code == "TEMPLATE_INVALID":
        assert (error["__typename"], error["line"]) == ("TemplateInvalid", given["source"].count("\n") + 1)


async def test_a_preview_shows_the_program_to_a_learner_who_is_made_up_and_stores_nothing(asking: Asking) -> None:
    async def preview(source: str | None = None) -> dict[str, Any]:
        given = {"program": PROGRAM} | ({} if source is None else {"source": source})
        found: dict[str, Any] = (await asking.data(PREVIEW, given, viewer=ADMIN))["previewProgramCertificate"]
        return found

    page = (await preview("<h1>{{ program.name }}</h1>{{ learner.username }} {{ organizations[0].name }}"))["html"]
    assert page.endswith("<h1>Program 1</h1>sample_learner Organization 0")
    assert page.index('http-equiv="Content-Security-Policy" content="default-src \'none\'') < page.index("<h1>")
    assert "/certificates/00000000-0000-0000-0000-000000000000" in (await preview())["html"]
    assert await preview("\n{{ x }}") == {
        "html": None,
        "flaw": {
            "line": 2,
            "message": "there is no 'x'; there are certificate, courses, learner, organizations, program",
        },
    }
    assert await stored(asking.database) == 0

    await update(asking, program=PROGRAM, source="its own")
    assert (await preview())["html"].endswith("its own")


@pytest.mark.parametrize("viewer", [LEARNER, AUTHOR], ids=["learner", "author"])
async def test_only_who_may_publish_a_program_designs_its_certificates(asking: Asking, viewer: Viewer) -> None:
    for given in ({"program": PROGRAM, "source": "x"}, {"category": "xseries", "source": "{{"}):
        error = await asking.error(UPDATE, {"input": given}, viewer=viewer)
        assert error["extensions"]["code"] == "FORBIDDEN"
    error = await asking.error(PREVIEW, {"program": PROGRAM}, viewer=viewer)
    assert error["extensions"]["code"] == "FORBIDDEN"
    template = "certificateTemplate { origin }"
    query = f"query ($id: ID!) {{ program(id: $id) {{ {template} category {{ {template} }} }} }}"
    data = await asking.data(query, {"id": PROGRAM}, viewer=viewer)
    assert data["program"] == {"certificateTemplate": None, "category": {"certificateTemplate": None}}
    assert await stored(asking.database) == 0


async def test_an_admin_of_one_program_designs_the_certificates_of_no_other(asking: Asking) -> None:
    async with asking.database.writing() as session:
        program = await session.scalar(select(Program.id).where(Program.uuid == uuid(1)))
        session.add(RoleGrant(username="learner", program_id=program, role="admin", granted_by="admin"))
    asking.executor.grantees.forget()

    assert (await update(asking, viewer=LEARNER, program=PROGRAM, source="x"))["userErrors"] == []
    for given, code in [
        ({"program": f"Program:{uuid(2)}", "source": "x"}, "FORBIDDEN"),
        ({"program": f"Program:{uuid(0)}", "source": "x"}, "NOT_FOUND"),
        ({"category": "xseries", "source": "x"}, "FORBIDDEN"),
        ({"program": f"Program:{uuid(99)}", "source": "x"}, "NOT_FOUND"),
    ]:
        error = await asking.error(UPDATE, {"input": given}, viewer=LEARNER)
        assert (given, error["extensions"]["code"]) == (given, code)


async def test_where_programs_are_switched_off_there_is_nothing_to_design(asking: Asking) -> None:
    asking.executor = Executor(schema(), asking.database, features=())
    asked: list[tuple[str, dict[str, Any]]] = [
        (UPDATE, {"input": {"program": PROGRAM, "source": "x"}}),
        (PREVIEW, {"program": PROGRAM}),
    ]
    for query, variables in asked:
        error = await asking.error(query, variables, viewer=ADMIN)
        assert error["extensions"]["code"] == "FEATURE_DISABLED"
