"""Where exports can be had: addresses that are good for a time, for whoever has them."""

from collections.abc import Mapping
from typing import Any

import orjson

from db.tables import now
from resolvers.content.load import Courses
from resolvers.content.signing import ARCHIVES, File, Signer
from resolvers.plan.sources import Batch


async def load_downloads(batch: Batch) -> Mapping[str, str | None]:
    """The addresses of the archives that results of jobs tell of: a batch source."""
    courses: Courses | None = batch.context.courses
    if courses is None:
        return {}
    return {result: _address(courses.signer, orjson.loads(result)) for result in batch.keys if result is not None}


def _address(signer: Signer, result: Any) -> str | None:
    if not isinstance(result, dict) or "contentType" not in result:
        return None
    return signer.url(File(result["archive"], result["name"], result["contentType"]), now(), ARCHIVES)
