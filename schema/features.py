"""Which parts of the product an installation has."""

from collections.abc import Awaitable, Callable
from typing import Any

import strawberry
from strawberry.extensions import FieldExtension
from typing_extensions import override

from resolvers.context import Context
from resolvers.errors import FeatureDisabled
from resolvers.features import Feature


@strawberry.type(
    description="Which parts of the product are on. Of one that is off nothing is found, and its mutations are refused."
)
class Features:
    """The parts of the product."""

    has_programs: bool = strawberry.field(description="Programs, their requirements and their learners.")
    has_contracts: bool = strawberry.field(description="Contracts with organizations, and re-runs of courses for them.")
    has_content: bool = strawberry.field(description="The content of course runs.")
    has_directories: bool = strawberry.field(description="Course directories on disk.")


def features(info: strawberry.Info[Context, None]) -> Features:
    """The parts of this installation."""
    return Features(**{f"has_{feature.value}": feature in info.context.features for feature in Feature})


class Needs(FieldExtension):
    """Refuses a field, such as a mutation, where the part of the product that it is of is off."""

    def __init__(self, feature: Feature) -> None:
        self.feature = feature

    @override
    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: strawberry.Info[Context, None], **given: Any
    ) -> Any:
        """The field's value. Raises FeatureDisabled."""
        if self.feature not in info.context.features:
            raise FeatureDisabled(f"This installation does without {self.feature.value}.")
        return await next_(source, info, **given)
