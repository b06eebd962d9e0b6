"""How content is used (spec/content-api.md, "Observability"): who does what, how often, how long, and what came of it.

    with operation(database, "importCourse", author, run_id) as seen:
        ...
        seen.touched(block types and numbers)

What is told so is added up in memory and written in the background (`usage_of(database).running()`).
"""

from resolvers.usage.operations import Operation, operation, uses_of
from resolvers.usage.recorder import Usage, usage_of

__all__ = ["Operation", "Usage", "operation", "usage_of", "uses_of"]
