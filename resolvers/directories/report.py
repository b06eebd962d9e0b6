"""Plans of synchronizations as JSON, for programs."""

from collections.abc import Sequence
from typing import Any

import orjson

from ondisk.diagnostics import Diagnostic
from resolvers.directories.changes import Change, LibraryPlan, SitePlan


def as_json(plans: Sequence[LibraryPlan]) -> str:
    """The plans as one JSON object, keys in this order."""
    return orjson.dumps({"libraries": [_library(plan) for plan in plans]}, option=orjson.OPT_INDENT_2).decode()


def _library(plan: LibraryPlan) -> dict[str, Any]:
    return {
        "root": plan.root,
        "dryRun": plan.is_dry_run,
        "found": plan.found,
        "sites": [_site(site) for site in plan.sites],
        "diagnostics": [_diagnostic(each) for each in plan.diagnostics],
    }


def _site(plan: SitePlan) -> dict[str, Any]:
    return {
        "name": plan.name,
        "fate": plan.fate,
        "reason": plan.reason,
        "counts": {fate.value: count for fate, count in plan.counts().items()},
        "levels": [{"path": level.path, "fate": level.fate} for level in plan.levels],
        "courses": [
            _change(change) | {"sections": [_change(each) for each in change.sections]} for change in plan.courses
        ],
        "diagnostics": [_diagnostic(each) for each in plan.diagnostics],
    }


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
