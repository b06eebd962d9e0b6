"""Mutations about updates of a run from its source (spec/content-api.md, "Problem statement")."""

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from resolvers.content.updates import set_protected
from resolvers.context import Context
from resolvers.editing.requests import Asked
from resolvers.merging.protection import Rule
from schema.catalog_mutations import CourseRunPayload
from schema.payload import changing

Info = strawberry.Info[Context, None]


@strawberry.input(description="A setting that updates from the source are to leave as it is.")
class ProtectedSettingInput:
    """A protected setting."""

    name: str = strawberry.field(description="Name, such as `due`.")
    type: str | None = strawberry.field(default=None, description="Only of blocks of this type, such as `problem`.")
    block: str | None = strawberry.field(
        default=None,
        description="Only of this block, by type and name, such as `vertical/intro`; `course` is the course.",
    )

    @property
    def rule(self) -> Rule:
        """As updates take it."""
        return Rule(self.name, self.type or "", self.block or "")


@strawberry.input(description="What updates of a run from its source are to leave as it is.")
class SetProtectedSettingsInput:
    """The input of `setProtectedSettings`."""

    course_run: str = strawberry.field(description="Course key of the run.")
    settings: list[ProtectedSettingInput] | None = strawberry.field(
        default=None, description="All protected settings; null for the usual ones."
    )


@strawberry.type(description="What became of `setProtectedSettings`.")
class SetProtectedSettingsPayload(CourseRunPayload):
    """The payload of `setProtectedSettings`."""


async def set_protected_settings(info: Info, input: SetProtectedSettingsInput) -> SetProtectedSettingsPayload | None:
    """Say what updates leave as it is."""
    asked = Asked(info.context.database, info.context.viewer, input.course_run)
    rules = None if input.settings is None else [each.rule for each in input.settings]

    async def work(session: AsyncSession) -> str:
        return await set_protected(asked, session, rules)

    return await changing(info, lambda errors, key: SetProtectedSettingsPayload(user_errors=errors, key=key), work)
