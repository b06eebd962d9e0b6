"""Changing and previewing how certificates look (`spec/programs.md`, "Progress, Completion, and Certification")."""

from typing import Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from resolvers.context import Context
from resolvers.features import Feature
from resolvers.learners import designs, pages
from resolvers.learners.templates import BadTemplate
from resolvers.reads import folded, program_key
from resolvers.refusals import Problem, Reason, Refusal
from schema.features import Needs
from schema.payload import answered, changed
from schema.program import ProgramCategory
from schema.program_inputs import or_none
from schema.program_mutations import ProgramPayload

Info = strawberry.Info[Context, None]


@strawberry.input(description="A template for the certificates of a program, or of the programs of a category.")
class UpdateProgramCertificateTemplateInput:
    """The input of `updateProgramCertificateTemplate`."""

    program: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Global id of the program; this or a category is given."
    )
    category: str | None = strawberry.field(default=strawberry.UNSET, description="Slug of the category, in any case.")
    source: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The template, 64,000 characters at most, or null to take it away, so that the next one holds: "
        "that of the program's category, or the built-in one.",
    )


@strawberry.type(description="What became of `updateProgramCertificateTemplate`.")
class UpdateProgramCertificateTemplatePayload(ProgramPayload):
    """The payload of `updateProgramCertificateTemplate`."""

    slug: strawberry.Private[str | None] = None
    category: ProgramCategory | None = changed(
        "slug", "The category as it is now; null when nothing was changed, or a program."
    )


@strawberry.type(description="What is wrong with a template of certificates.")
class CertificateTemplateFlaw:
    """A flaw."""

    message: str = strawberry.field(description="What it is, for people.")
    line: int = strawberry.field(description="Line of the template, counted from 1.")


@strawberry.type(description="How certificates of a program would look.")
class CertificatePreview:
    """A preview."""

    html: str | None = strawberry.field(
        default=None, description="Page of a learner who is made up; null where none can be made."
    )
    flaw: CertificateTemplateFlaw | None = strawberry.field(
        default=None, description="Why none can be made with the template; null where one can."
    )


async def update_template(
    info: Info, input: UpdateProgramCertificateTemplateInput
) -> UpdateProgramCertificateTemplatePayload | None:
    """Change a template."""
    context = info.context
    program, category = or_none(input.program), or_none(input.category)
    uuid = None if program is None else UUID(program_key(program))
    slug = None if category is None else folded(category)

    async def work(session: AsyncSession) -> None:
        source = or_none(input.source)
        if uuid is not None:
            await designs.design_program(session, context.viewer, uuid, source)
        else:
            assert slug is not None  # noqa: S101 -- as checked before
            await designs.design_category(session, context.viewer, slug, source)

    async def change() -> UpdateProgramCertificateTemplatePayload:
        await context.changing(lambda session: designs.require_designer(session, context.viewer))
        _check(input)
        if (source := or_none(input.source)) is not None:
            await pages.check(source)
        await context.changing(work)
        key = None if uuid is None else str(uuid)
        return UpdateProgramCertificateTemplatePayload(user_errors=[], uuid=key, slug=slug)

    return await answered(info, change(), lambda errors: UpdateProgramCertificateTemplatePayload(user_errors=errors))


def _check(given: UpdateProgramCertificateTemplateInput) -> None:
    """Raise Refusal for an input that does not say what to do."""
    if (or_none(given.program) is None) == (or_none(given.category) is None):
        raise Refusal([Problem(Reason.INVALID, "give a program or a category", ("program",))])
    if given.source is strawberry.UNSET:
        reason = "this field is required; null takes the template away"
        raise Refusal([Problem(Reason.REQUIRED, reason, ("source",))])


def previewing(description: str) -> Any:
    """The field that shows how certificates would look."""
    return strawberry.field(resolver=_preview, description=description, extensions=[Needs(Feature.PROGRAMS)])


async def _preview(
    info: Info,
    program: Annotated[strawberry.ID, strawberry.argument(description="Global id of the program.")],
    template: Annotated[
        str | None,
        strawberry.argument(name="source", description="A template to try; by default the one that holds now."),
    ] = strawberry.UNSET,
) -> CertificatePreview:
    """Make a page and store nothing. Raises Forbidden, NotFound and BadUserInput."""
    context, uuid = info.context, UUID(program_key(program))
    id_ = await context.changing(lambda session: designs.designed(session, context.viewer, uuid))
    try:
        html = await pages.preview(context, id_, or_none(template))
    except BadTemplate as error:
        return CertificatePreview(flaw=CertificateTemplateFlaw(message=error.flaw.message, line=error.flaw.line))
    return CertificatePreview(html=html)
