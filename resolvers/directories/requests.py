"""Plans of synchronizations that are asked for by requests: of the installation's own libraries only."""

from resolvers.context import Context
from resolvers.directories.changes import LibraryPlan
from resolvers.directories.jobs import Asked, chosen, permit
from resolvers.directories.sync import sync_directories


async def planned(context: Context, wanted: Asked) -> list[LibraryPlan]:
    """What a synchronization would do, within the time of a request. Raises Forbidden and Refusal."""
    permit(context.viewer)
    roots = chosen(context.layout, wanted.roots)
    plans = await sync_directories(
        context.database, roots, context.layout, wanted.policy, sites=wanted.sites or None, dry_run=True
    )
    await context.snapshot.release()
    return plans
