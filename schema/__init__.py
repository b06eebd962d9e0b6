"""The public contract: Strawberry types, inputs, payloads and enums, one module per noun."""

import functools
from datetime import date, datetime
from decimal import Decimal as DecimalNumber

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from resolvers.plan.splice import SplicingExecutionContext
from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import Date, DateTime, Decimal
from schema.subscription import Subscription
from schema.user_error import (
    ContentRefused,
    InputError,
    NotPublishable,
    OtherRun,
    RevisionConflict,
    SeveralSources,
    TemplateInvalid,
    VersionConflict,
)

ERRORS = (
    ContentRefused,
    InputError,
    NotPublishable,
    OtherRun,
    RevisionConflict,
    SeveralSources,
    TemplateInvalid,
    VersionConflict,
)
"""Types that are reached through an interface only."""


@functools.cache
def schema() -> strawberry.Schema:
    """The schema, built once for a process."""
    return _built(is_sorted=False)


def sdl() -> str:
    """The schema in GraphQL's schema definition language."""
    return _built(is_sorted=True).as_str() + "\n"


def _built(*, is_sorted: bool) -> strawberry.Schema:
    """The schema; a sorted one is for print only, since sorting puts graphql-core's enums in place of Strawberry's."""
    scalars: dict[object, ScalarDefinition] = {datetime: DateTime, date: Date, DecimalNumber: Decimal}
    config = StrawberryConfig(scalar_map=scalars, sort_schema=is_sorted)
    return strawberry.Schema(
        Query, Mutation, Subscription, types=ERRORS, execution_context_class=SplicingExecutionContext, config=config
    )
