"""How the content of a source is taken over, and what is taken where both it and the run have changed something."""

from collections.abc import Sequence
from enum import Enum
from typing import Any

import strawberry

from resolvers.content import imports
from resolvers.merging import conflicts
from resolvers.merging.conflicts import Resolution


@strawberry.enum(description="What becomes of the content that a run has when another one is imported.")
class ContentImportMode(Enum):
    """Modes of imports."""

    REPLACE = strawberry.enum_value(imports.Mode.REPLACE.value, description="The source takes its place, as a whole.")
    UPDATE = strawberry.enum_value(
        imports.Mode.UPDATE.value, description="So it does, but for the values of protected settings, which stay."
    )
    MERGE = strawberry.enum_value(
        imports.Mode.MERGE.value,
        description="What the source has changed since it was taken last is taken over; what was changed in the run "
        "stays, too, and so do the values of protected settings.",
    )


@strawberry.enum(description="Whose value is taken where both a run and its source have changed something.")
class ContentChoice(Enum):
    """Choices."""

    OURS = strawberry.enum_value(conflicts.Choice.OURS.value, description="That of the run.")
    THEIRS = strawberry.enum_value(conflicts.Choice.THEIRS.value, description="That of the source.")


@strawberry.input(description="What is to be taken where both a run and its source have changed something.")
class ConflictResolutionInput:
    """A resolution."""

    conflict: str = strawberry.field(description="Key of the conflict.")
    choice: ContentChoice = strawberry.field(description="Whose value is taken.")


def mode_of(given: Any, usual: imports.Mode) -> imports.Mode:
    """A mode as imports take it."""
    return usual if given is None else imports.Mode(given.value)


def resolution_of(each: Sequence[Any] | None, others: Any) -> Resolution:
    """What is taken for which conflict, as merges take it."""
    chosen = {given.conflict: conflicts.Choice(given.choice.value) for given in each or ()}
    return Resolution(chosen, None if others is None else conflicts.Choice(others.value))
