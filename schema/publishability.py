"""Whether programs could be published."""

from dataclasses import dataclass

import strawberry

from resolvers.plan.declare import attribute
from resolvers.plan.sources import Batch
from resolvers.programs.lifecycle import Shortcoming, load_shortcomings
from schema.user_error import PublishReason


@strawberry.type(description="What stands between a program and its publication: a dry run of `publishProgram`.")
class Publishability:
    """The result of the publish checks."""

    ready: bool = attribute("ready", "Whether nothing is lacking.")
    reasons: list[PublishReason] = attribute("reasons", "All that is lacking.")


@dataclass(frozen=True)
class Checked:
    """The record behind `Publishability`."""

    reasons: tuple[Shortcoming, ...]

    @property
    def ready(self) -> bool:
        """Whether nothing is lacking."""
        return not self.reasons


async def load_publishability(batch: Batch) -> dict[int, Checked]:
    """The publish checks of each of the programs with these ids: a batch source."""
    return {key: Checked(tuple(lacking)) for key, lacking in (await load_shortcomings(batch)).items()}
