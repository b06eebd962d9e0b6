"""Files beside the blocks: assets, the grading policy and tabs, all of them part of the version (U12)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from edx.olx import Asset, Assets, Course, File
from edx.olx.assets import FOLDER, is_media_type, key_of
from edx.olx.documents import check_formats, grading_faults
from edx.olx.paths import danger_of, folded, is_junk, parts_of
from edx.olx.problems import Findings
from resolvers.editing.changes import DeleteAsset, PutAsset, SetGradingPolicy, SetTabs
from resolvers.editing.problems import EditCode, EditRefused
from resolvers.editing.work import Work, document, with_file

LISTED = "policies/assets.json"
Entry = tuple[str, Mapping[str, Any]]


def put_asset(work: Work, change: PutAsset) -> None:
    """A file for learners, new or in place of the one at its path."""
    path = change.path.removeprefix(FOLDER)
    if reason := _fault_of(path):
        raise work.refuse(EditCode.INVALID_PATH, f"{change.path!r} cannot be the path of a file: {reason}")
    if change.content_type is not None and not is_media_type(change.content_type):
        raise work.refuse(EditCode.INVALID_SETTING, f"{change.content_type!r} is no media type", setting="contentType")
    old = next((asset for asset in work.course.assets if asset.file.path == FOLDER + path), None)
    told = {"contentType": change.content_type, "locked": change.locked}
    told = {name: value for name, value in told.items() if value is not None}
    entry: Entry | None = None
    if old is not None and old.entry is not None:
        entry = old.key, {**old.entry, **told}
    elif told:
        inside, _, name = path.rpartition("/")
        known = {"displayname": name, "import_path": path if inside else None, "locked": False}
        entry = old.key if old else key_of(path), {**known, **told}
    put_file(work, File(FOLDER + path, change.blob), entry)


def put_file(work: Work, file: File, entry: Entry | None) -> None:
    """A file below `static/` with what is known of it."""
    course = work.course
    old = next((asset for asset in course.assets if asset.file.path == file.path), None)
    key = entry[0] if entry else old.key if old else key_of(file.path.removeprefix(FOLDER))
    clash = next((asset for asset in course.assets if asset.key == key and asset.file.path != file.path), None)
    if clash is not None:
        raise work.refuse(EditCode.FILE_CLASH, f"links to {key!r} mean {clash.file.path} already, not {file.path}")
    if old is None:
        _check_clash(work, file.path, [asset.file.path for asset in course.assets])
    known = dict(entry[1]) if entry else old.entry if old else None
    asset = Asset(key, file.path.rpartition("/")[2], file, known)
    if old is not None:
        assets = tuple(asset if each is old else each for each in course.assets)
    else:
        index = next((n for n, each in enumerate(course.assets) if each.file.path > file.path), len(course.assets))
        assets = (*course.assets[:index], asset, *course.assets[index:])
    work.course = _listed(replace(course, assets=assets), key, known)


def _fault_of(path: str) -> str:
    """Why a file cannot have a path; nothing if it can."""
    if reason := danger_of(path):
        return reason
    if not path or path.endswith("/"):
        return "it names no file"
    if path != "/".join(parts_of(path)):
        return "one of its parts is empty"
    return "it is left out of courses" if is_junk(path) else ""


def _check_clash(work: Work, path: str, others: Iterable[str]) -> None:
    """Refuse a new path that is one with another where case does not count, or that has a file where others go on."""
    mine = folded(path)
    for other in others:
        theirs = folded(other)
        if other != path and (theirs == mine or theirs.startswith(f"{mine}/") or mine.startswith(f"{theirs}/")):
            raise work.refuse(EditCode.FILE_CLASH, f"{path} and {other} cannot both be there, as not all systems can")


def delete_asset(work: Work, change: DeleteAsset) -> None:
    """A file for learners less. What links to it is named."""
    assets = Assets(work.course.assets)
    asset = assets.find(change.name.removeprefix(FOLDER))
    if asset is None:
        raise work.refuse(EditCode.ASSET_UNKNOWN, f"there is no asset {change.name!r}")
    policies = work.policies()
    linking = work.references.to_asset(work.tree, policies, assets, asset.key)
    problems = [
        work.problem(EditCode.BROKEN_REFERENCE, f"{key} links to the asset {asset.key!r}", key) for key in linking
    ]
    if problems and change.strict:
        raise EditRefused(problems)
    work.warnings.extend(problems)
    left = tuple(each for each in work.course.assets if each is not asset)
    work.course = _listed(replace(work.course, assets=left), asset.key, None)


def _listed(course: Course, key: str, entry: Mapping[str, Any] | None) -> Course:
    """The course with what `assets.json` says of an asset, which may be nothing."""
    value = dict(course.assets_policy.value) if course.assets_policy else {}
    if entry is None:
        value.pop(key, None)
    else:
        value[key] = dict(entry)
    if course.assets_policy is None and not value:
        return course
    return replace(course, assets_policy=document(course.assets_policy, LISTED, value))


def set_grading_policy(work: Work, change: SetGradingPolicy) -> None:
    """Another grading policy, which must add up."""
    value = dict(change.policy)
    if faults := list(grading_faults(value)):
        raise EditRefused(work.problem(EditCode.INVALID_GRADING, fault) for fault in faults)
    path = f"policies/{work.course.run}/grading_policy.json"
    work.course = replace(work.course, grading=document(work.course.grading, path, value))
    findings = Findings()
    assert work.course.grading is not None  # noqa: S101 -- it was just set
    check_formats(work.course.grading, work.tree.whole(work.tree.root), findings)
    for found in findings.found:
        work.warn(EditCode.INVALID_GRADING, found.message, found.block)


def set_tabs(work: Work, change: SetTabs) -> None:
    """Other tabs, and pages for those that have some."""
    for slug, blob in change.pages.items():
        path = f"tabs/{slug}.html"
        if reason := _fault_of(path) if slug else "it is empty":
            raise work.refuse(EditCode.INVALID_PATH, f"{slug!r} cannot be the name of a page: {reason}")
        _check_clash(work, path, [file.path for file in work.course.tabs])
        work.course = replace(work.course, tabs=with_file(work.course.tabs, File(path, blob)))
    if problems := [work.problem(EditCode.INVALID_TABS, fault) for fault in _tab_faults(work.course, change)]:
        raise EditRefused(problems)
    root = work.tree.root
    tabs = [dict(tab) for tab in change.tabs]
    work.set_policy(root, {**work.policy_of(root), "tabs": tabs})


def _tab_faults(course: Course, change: SetTabs) -> list[str]:
    pages = course.pages("tabs")
    faults, slugs = [], list[str]()
    for number, tab in enumerate(change.tabs, start=1):
        if not (isinstance(tab.get("type"), str) and tab["type"]):
            faults.append(f"tab {number} has no type")
        elif tab["type"] == "static_tab":
            slug = str(tab.get("url_slug") or "")
            if not slug:
                faults.append(f"tab {number} has no url_slug")
            elif f"{slug}.html" not in pages:
                faults.append(f"tab {number} has no page: there is no tabs/{slug}.html")
            elif slug in slugs:
                faults.append(f"tab {number} has the url_slug of another one: {slug!r}")
            slugs.append(slug)
    return faults
