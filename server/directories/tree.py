"""The plan of a synchronization as a tree for people: sites, levels, courses, sections."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from ondisk.diagnostics import Diagnostic, Severity
from resolvers.directories.changes import Change, Fate, LibraryPlan, SitePlan

STYLES = {
    Fate.CREATED: "green",
    Fate.CHANGED: "yellow",
    Fate.REMOVED: "red",
    Fate.HELD: "magenta",
    Fate.REFUSED: "magenta",
}
WIDE = 1000
"""Columns where there is no terminal: nothing is broken into lines for programs."""


def show(plans: Iterable[LibraryPlan]) -> None:
    """Print plans as trees."""
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=WIDE)
    for plan in plans:
        console.print(tree_of(plan), markup=False)
    console.file.flush()


def tree_of(plan: LibraryPlan) -> Tree:
    """The plan of a library as a tree: sites, levels, courses, sections; unchanged courses are only counted."""
    tree = Tree(Text(f"{plan.root}{' (dry run)' if plan.is_dry_run else ''}"))
    for found in plan.diagnostics:
        tree.add(Text(str(found)))
    for site in plan.sites:
        branch = tree.add(labelled(site.name, site.fate, site.reason, summary(site)))
        for found in site.diagnostics:
            branch.add(Text(str(found)))
        add_site(branch, site)
    return tree


def add_site(branch: Tree, site: SitePlan) -> None:
    """Put levels and courses of a site into the tree, each where it is on the disk."""
    fates = {level.path: level.fate for level in site.levels}
    branches = {"": branch}

    def at(path: str) -> Tree:
        if path not in branches:
            above, _, name = path.rpartition("/")
            branches[path] = at(above).add(labelled(f"{name}/", fates.get(path)))
        return branches[path]

    for level in fates:
        at(level)
    for course in site.courses:
        if is_worth_showing(course):
            above, _, name = course.path.rpartition("/")
            add_change(at(above), name, course)


def is_worth_showing(course: Change) -> bool:
    """Whether there is anything to say about a course."""
    return any(each.fate is not Fate.UNCHANGED or each.files or each.diagnostics for each in course.all())


def add_change(branch: Tree, name: str, change: Change) -> None:
    """Put a course or section into the tree, with what there is to say about it."""
    inner = branch.add(labelled(name, change.fate, change.reason, ", ".join(change.aspects)))
    for line in (*lines_of(change), *map(str, diagnostics_of(change))):
        inner.add(Text(line))
    for section in change.sections:
        add_change(inner, f"section {section.path.rpartition('/')[2]}", section)


def lines_of(change: Change) -> Iterator[str]:
    """What there is to say about a change beside its fate."""
    if change.renamed:
        yield f"{'from' if change.fate.value == 'created' else 'to'} {change.renamed}"
    yield from (f"warning: {warning}" for warning in change.warnings)
    if change.fate is not Fate.CREATED:
        yield from (f"{file.change} {file.path.rpartition('/')[2]}" for file in change.files)


def diagnostics_of(change: Change) -> Iterable[Diagnostic]:
    """What is wrong with files of a course; advice is only in the JSON."""
    return (found for found in change.diagnostics if found.severity is not Severity.ADVICE)


def labelled(name: str, fate: Fate | None, *notes: str | None) -> Text:
    """A name with its fate, coloured, and notes."""
    text = Text(name)
    if fate is not None and fate is not Fate.UNCHANGED:
        text.append(f" {fate.value}", style=STYLES[fate])
    for note in filter(None, notes):
        text.append(f": {note}" if fate and fate is not Fate.UNCHANGED else f" ({note})", style="dim")
    return text


def summary(site: SitePlan) -> str:
    """How many courses and sections there are of each fate."""
    return ", ".join(f"{count} {fate.value}" for fate, count in sorted(site.counts().items()) if count)
