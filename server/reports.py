"""Reports of syncs as text for people, and the bar that moves while one runs."""

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from resolvers.catalog import Outcome, Report

MOST_REASONS = 20
"""How many skipped items are listed; `--json` lists all."""


def as_text(report: Report) -> str:
    """What a sync did, the skipped items with their reasons."""
    counts = ", ".join(f"{report.counts[outcome]} {outcome.value}" for outcome in Outcome)
    lines = [f"{report.kind.capitalize()}{' (dry run)' if report.is_dry_run else ''}: {counts}."]
    for what, keys in (("organizations", report.new_organizations), ("courses", report.new_courses)):
        if keys:
            lines.append(f"  {len(keys)} {what} made for them.")
    lines += [f"  skipped {item.key or '(no key)'}: {item.reason}" for item in report.skipped[:MOST_REASONS]]
    if len(report.skipped) > MOST_REASONS:
        lines.append(f"  … and {len(report.skipped) - MOST_REASONS} more; --json lists all.")
    return "\n".join(lines)


@contextlib.contextmanager
def progress_bar(kind: str) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how many items are done; elsewhere nothing. The LMS does not say how many there are."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(kind, total=None)
        yield lambda done: progress.advance(task, done)
