"""Importing programs from a file that another installation wrote."""

from enum import Enum

import orjson
import strawberry

from resolvers.catalog.report import Outcome
from resolvers.context import Context
from resolvers.programs.exchange import Imported, Importer, Rehearsed, require_import
from resolvers.programs.files import read
from schema.payload import Payload, answered
from schema.program_history import FieldChange

Info = strawberry.Info[Context, None]


@strawberry.enum(description="What became of a program of a file.")
class ImportOutcome(Enum):
    """Outcomes of imports."""

    CREATED = strawberry.enum_value(Outcome.CREATED.value, description="There was none of its UUID.")
    UPDATED = strawberry.enum_value(Outcome.UPDATED.value, description="It was another before.")
    UNCHANGED = strawberry.enum_value(Outcome.UNCHANGED.value, description="It was as the file says.")


@strawberry.input(description="A file of programs.")
class ImportProgramsInput:
    """The input of `importPrograms`."""

    document: str = strawberry.field(description="Text of the file: JSON, as `collegium programs export` writes it.")
    dry_run: bool = strawberry.field(default=False, description="Whether only to say what would become of them.")


@strawberry.type(description="A program of a file and what became of it.")
class ImportedProgram:
    """One program of an import."""

    program_id: strawberry.ID = strawberry.field(description="Global id that the program has, or would have.")
    name: str = strawberry.field(description="Its name.")
    outcome: ImportOutcome = strawberry.field(description="What became of it.")
    changes: list[FieldChange] = strawberry.field(description="What changed, field by field.")

    @classmethod
    def of(cls, imported: Imported) -> "ImportedProgram":
        """As GraphQL has it."""
        changes = [
            FieldChange(field=name, before=_json(before), after=_json(after))
            for name, (before, after) in imported.changes.items()
        ]
        outcome = ImportOutcome(imported.outcome.value)
        id_ = strawberry.ID(f"Program:{imported.uuid}")
        return cls(program_id=id_, name=imported.name, outcome=outcome, changes=changes)


@strawberry.type(description="What became of `importPrograms`, or would become of it in a dry run: all or nothing.")
class ImportProgramsPayload(Payload):
    """The payload of `importPrograms`."""

    programs: list[ImportedProgram] = strawberry.field(
        default_factory=list, description="The programs of the file, in its order; none where it is refused."
    )


async def import_programs(info: Info, input: ImportProgramsInput) -> ImportProgramsPayload | None:
    """Import programs."""
    context = info.context

    async def change() -> ImportProgramsPayload:
        require_import(context.viewer)
        document = read(input.document)
        try:
            imported = await context.changing(
                lambda session: Importer(session, context.viewer, context.rules).run(document, dry_run=input.dry_run)
            )
        except Rehearsed as rehearsed:
            imported = list(rehearsed.imported)
        return ImportProgramsPayload(user_errors=[], programs=[ImportedProgram.of(each) for each in imported])

    return await answered(info, change(), lambda errors: ImportProgramsPayload(user_errors=errors))


def _json(value: object) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
