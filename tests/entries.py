"""Catalog entries worked out once more for the oracle, from the stored JSON alone.

As far as the sample library goes: its courses have started, end when they say, and have no Dublin Core of their own.
"""

import json
from typing import Any

from db.tables import DirectoryRun

NAMES = {
    "preview": "isPreview",
    "non_public": "isNonPublic",
    "anonymously_accessible": "isAnonymouslyAccessible",
    "calendar_hidden": "isCalendarHidden",
    "signature": "signOff",
    "additional": "additionalProperties",
    "end": "ends",
}


def camel(name: str) -> str:
    first, *others = name.split("_")
    return NAMES.get(name) or first + "".join(part.capitalize() for part in others)


def named(values: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {camel(name): value for name, value in values.items()} | others


def entry_of(own: DirectoryRun, above: DirectoryRun | None, *, is_staff: bool) -> dict[str, Any]:
    """What holds in a course, or in a section of the course `above`."""
    said = json.loads(own.content)
    course = said if above is None else json.loads(above.content)
    entry = {name: value if value is not None else course["entry"][name] for name, value in said["entry"].items()}
    sources = course["entry"]["sources"] | said["entry"]["sources"]
    parts = {
        **{
            name: entry[name]
            for name in ("title", "school", "term", "start", "video", "schedule", "provider_unique_id")
        },
        **{
            name: entry[name]
            for name in ("non_public", "anonymously_accessible", "calendar_hidden", "additional", "end")
        },
        **{name: entry[name] or [] for name in ("creators", "subjects", "contributors")},
        **{name: entry[name] or "" for name in ("description", "rich_description")},
    }
    return named(
        parts,
        ntiid=own.ntiid,
        path=own.path,
        signOff=entry["signature"] or "",
        isPreview=False,
        isCurrent=entry["end"] is None or entry["end"] > "2026",
        instructors=[named(person) for person in entry["instructors"] or []],
        credit=entry["credit"] or [],
        prerequisites=[{"number": each["id"], "title": each["title"]} for each in entry["prerequisites"] or []],
        tags=entry["tags"] or [],
        sources=[
            {"field": camel(name), "path": path, "isInherited": name not in said["entry"]["sources"]}
            for name, path in sorted(sources.items())
        ],
        outline=outline(said["outline"] or course["outline"], own if said["outline"] else above or own, said),
        roles=roles(said, course) if is_staff else [],
        vendorInfo=said["vendor"] if is_staff else None,
        isEditable=is_staff,
        assignmentDates=[{"assignment": ntiid, **dates} for ntiid, dates in said.get("assignment_dates", {}).items()],
        presentationAssets=assets(said, course),
        bundle=bundle(course, above or own, is_staff=is_staff),
        problems=[problem(each) for each in json.loads(own.diagnostics)] if is_staff else [],
    )


def outline(found: Any, of: DirectoryRun, said: Any) -> Any:
    prefix = of.ntiid.replace("NTI-CourseInfo", "NTI-NTICourseOutlineNode")

    def node(each: Any, place: str) -> dict[str, Any]:
        hidden = each.get("stub", False)
        return {
            "ntiid": place,
            "title": each["title"],
            "description": each.get("description"),
            "topic": None if hidden else each.get("topic"),
            "source": None if hidden else each["source"],
            "beginning": each.get("beginning"),
            "ending": each.get("ending"),
            "isStub": hidden,
            "lessons": [node(lesson, f"{place}.{index}") for index, lesson in enumerate(each["lessons"])],
        }

    units = [node(unit, f"{prefix}.{index}") for index, unit in enumerate(found["units"])] if found else []
    return found and {"path": found["path"], "isInherited": said["outline"] is None, "units": units}


def roles(said: Any, course: Any) -> list[dict[str, Any]]:
    found = {(each["role"], each["user"]): each["access"] for content in (course, said) for each in content["roles"]}
    own = {(each["role"], each["user"], each["access"]) for each in said["roles"]}
    return [
        {"role": role, "username": user, "isAllowed": access == "allow", "isInherited": (role, user, access) not in own}
        for (role, user), access in found.items()
    ]


def assets(said: Any, course: Any) -> list[dict[str, Any]]:
    return [
        {
            **{name: each[name] for name in ("platform", "version", "path", "inherits")},
            "isInherited": not said["assets"],
            "files": [file["path"].removeprefix(each["path"] + "/") for file in each["files"]],
        }
        for each in said["assets"] or course["assets"]
    ]


def bundle(course: Any, of: DirectoryRun, *, is_staff: bool) -> dict[str, Any]:
    said = course["bundle"]
    return {
        "ntiid": of.ntiid.replace("NTI-CourseInfo", "NTI-Bundle:CourseBundle"),
        "title": said["title"],
        "contentPackages": [package(course, each, is_staff=is_staff) for each in said["packages"]],
        "metadataTitle": said["metadata"]["title"],
        "metadataDescription": said["metadata"]["description"],
        **{name: said["metadata"][name] or [] for name in ("creators", "subjects", "contributors")},
        "otherMetadata": said["metadata"]["others"],
    }


def package(course: Any, ntiid: str, *, is_staff: bool) -> dict[str, Any]:
    rules, is_there = course["acls"].get(ntiid), ntiid in course["packages"]
    return {
        "ntiid": ntiid,
        "isResolved": is_there,
        "isRestricted": rules is not None,
        "isReadable": is_there and (rules is None or is_staff),
        "rules": [named(rule) for rule in rules or []] if is_staff else [],
    }


def problem(found: Any) -> str:
    place = found["path"] if found["line"] is None else f"{found['path']}:{found['line']}"
    other = f" (the other is {found['related']})" if found["related"] else ""
    return f"{place}: {found['severity']}: {found['message']}{other} [{found['code']}]"
