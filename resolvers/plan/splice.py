"""Passing what a plan made through graphql-core as it is, instead of completing it value by value again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError, GraphQLOutputType, GraphQLResolveInfo, is_non_null_type
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from typing_extensions import override


@dataclass(frozen=True)
class Planned:
    """The finished value of a planned field and its errors, each with its full path."""

    value: Any
    errors: Sequence[GraphQLError] = ()


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
        if not isinstance(result, Planned):
            return super().complete_value(return_type, field_details_list, info, path, result, position_context)
        errors = list(result.errors)
        last = errors.pop() if result.value is None and is_non_null_type(return_type) else None
        for error in errors:
            self.collected_errors.add(error, _below(path, error))
        if last is not None:
            raise last  # the null goes on upwards
        return result.value


def _below(path: Path, error: GraphQLError) -> Path:
    """The place of an error below the field at `path`: under the field's own, all errors but one would be dropped."""
    for key in (error.path or ())[len(path.as_list()) :]:
        path = path.add_key(key, None)
    return path
