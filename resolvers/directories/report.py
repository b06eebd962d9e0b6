"""Plans of synchronizations as JSON, for programs."""

from collections.abc import Sequence
from typing import Any

import orjson

from ondisk.diagnostics import Diagnostic
from resolvers.directories.changes import Change, LibraryPlan, SitePlan


def as_json(plans: Sequence[LibraryPlan]) -> str:
    """The plans as one JSON object, keys in this order."""
    return orjson.dumps(as_data(plans), option=orjson.OPT_INDENT_2).decode()


def as_data(plans: Sequence[LibraryPlan], *, most: int | None = None) -> dict[str, Any]:
    """The plans as JSON has them; of each site at most so many courses, of which `omitted` counts the others."""
    return {"libraries": [_library(plan, most) for plan in plans]}


def _library(plan: LibraryPlan, most: int | None) -> dict[str, Any]:
    return {
        "root": plan.root,
        "dryRun": plan.is_dry_run,
        "found": plan.found,
        "sites": [_site(site, most) for site in plan.sites],
        "diagnostics": [_diagnostic(each) for each in plan.diagnostics],
    }


def _site(plan: SitePlan, most: int | None) -> dict[str, Any]:
    return {
        "name": plan.name,
        "fate": plan.fate,
        "reason": plan.reason,
        "counts": {fate.value: count for fate, count in plan.counts().items()},
        "levels": [{"path": level.path, "fate": level.fate} for level in plan.levels],
        "courses": [_course(change) for change in plan.courses[:most]],
        "omitted": len(plan.courses[most:]) if most is not None else 0,
        "diagnostics": [_diagnostic(each) for each in plan.diagnostics],
    }


def _course(change: Change) -> dict[str, Any]:
    return _change(change) | {"sections": [_change(each) for each in change.sections]}


def _change(change: Change) -> dict[str, Any]:
    return {
        "path": change.path,
        "key": change.key,
        "fate": change.fate,
        "reason": change.reason,
        "aspects": change.aspects,
        "files": [{"path": file.path, "change": file.change} for file in change.files],
        "renamed": change.renamed,
        "warnings": change.warnings,
        "enrollments": change.enrollments,
        "programs": change.programs,
        "diagnostics": [_diagnostic(each) for each in change.diagnostics],
    }


def _diagnostic(found: Diagnostic) -> dict[str, Any]:
    return {
        "severity": found.severity,
        "code": found.code,
        "path": found.path,
        "line": found.line,
        "message": found.message,
        "related": found.related,
    }
