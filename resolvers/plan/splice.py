"""Passing what a plan made through graphql-core as it is, instead of completing it value by value again."""

from dataclasses import dataclass
from typing import Any

from graphql import GraphQLOutputType, GraphQLResolveInfo
from graphql.pyutils import AwaitableOrValue
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from typing_extensions import override


@dataclass(frozen=True)
class Planned:
    """The finished value of a planned field."""

    value: Any


class SplicingExecutionContext(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor, which takes a `Planned` value as complete."""

    @override
    def complete_value(
        self,
        return_type: GraphQLOutputType,
        field_details_list: Any,
        info: GraphQLResolveInfo[Any],
        path: Any,
        result: Any,
        position_context: Any,
    ) -> AwaitableOrValue[Any]:
        if isinstance(result, Planned):
            return result.value
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)
