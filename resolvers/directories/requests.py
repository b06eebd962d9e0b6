"""Synchronizations that are asked for by requests: of the installation's own libraries only."""

from collections.abc import Collection, Sequence
from pathlib import Path

from resolvers.access import Permission
from resolvers.context import Context
from resolvers.directories.changes import LibraryPlan
from resolvers.directories.layout import Layout, Policy
from resolvers.directories.sync import sync_directories
from resolvers.errors import Forbidden
from resolvers.refusals import Problem, Reason, Refusal


async def synchronize(
    context: Context,
    roots: Sequence[str] | None,
    sites: Collection[str] | None,
    policy: Policy,
    *,
    dry_run: bool,
) -> list[LibraryPlan]:
    """Synchronize libraries, by default all of the installation. Raises Forbidden and Refusal.

    It ends with the mutation's time: sites that are done by then stay so, and the next time goes on from there.
    """
    if not context.viewer.may(Permission.SYNC_DIRECTORIES):
        raise Forbidden("you may not synchronize course directories")
    plans = await sync_directories(
        context.database,
        chosen(context.layout, roots),
        context.layout,
        policy,
        sites=sites,
        dry_run=dry_run,
        viewer=context.viewer,
    )
    await context.snapshot.release()
    return plans


def chosen(layout: Layout, roots: Sequence[str] | None) -> list[Path]:
    """The libraries that a request names, which must be the installation's. Raises Refusal."""
    if not layout.roots:
        raise Refusal([Problem(Reason.INVALID, "this installation has no course directories", ("roots",))])
    known = {str(root): root for root in layout.roots}
    if strange := [
        Problem(Reason.INVALID, "this is none of the installation's libraries", ("roots", str(index)))
        for index, root in enumerate(roots or ())
        if root not in known
    ]:
        raise Refusal(strange)
    return [known[root] for root in dict.fromkeys(roots or known)]
