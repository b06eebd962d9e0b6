"""Small libraries on disk, made by hand for one test."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ondisk.courses import Course, Section, inherit
from ondisk.diagnostics import Code, Diagnostic, Severity
from ondisk.library import Library, Site, read_library

SITE = "platform.example.edu"
PACKAGE = "tag:nextthought.com,2011-10:OU-HTML-CLC3403.clc_3403"
TOPIC = "tag:nextthought.com,2011-10:OU-HTML-CLC3403.lec:01"
QUIZ = "tag:nextthought.com,2011-10:OU-NAQ-CLC3403.naq.asg:QUIZ1"
COURSE = "Fall2014/CLC 3403"
BUNDLE = {"ContentPackages": [], "title": "Law and Justice"}
CONTENTS = f"""<toc label="Law and Justice" ntiid="{PACKAGE}">
  <course><unit label="From the package"><lesson topic-ntiid="{TOPIC}"/></unit></course>
  <topic label="Law" desc="What law is" ntiid="{TOPIC}"/>
</toc>"""

Files = Mapping[str, Any]
"""Paths to contents: texts and bytes as they are, anything else as JSON."""


def write(root: Path, files: Files) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def write_site(root: Path, files: Files, site: str = SITE) -> None:
    """Paths are relative to the site's `Courses`."""
    write(root / "sites" / site / "Courses", files)


def write_course(root: Path, files: Files, course: str = COURSE, *, packages: list[str] | None = None) -> None:
    """Paths are relative to the course."""
    bundle = {"bundle_meta_info.json": {**BUNDLE, "ContentPackages": packages or []}}
    write_site(root, {f"{course}/{name}": content for name, content in {**bundle, **files}.items()})


def write_package(root: Path, files: Files, *, contents: str = CONTENTS, site: str = SITE, name: str = "clc") -> None:
    """Paths are relative to a package of the site."""
    write(root / "sites" / site / name, {"eclipse-toc.xml": contents, **files})


def site_of(library: Library, name: str = SITE) -> Site:
    return next(site for site in library.sites if site.name == name)


def read_site(root: Path) -> Site:
    return site_of(read_library(root))


def read_course(root: Path) -> Course:
    [course] = read_site(root).courses
    return course


def read_section(root: Path, name: str = "01") -> Section:
    """What holds in a section of the only course."""
    course = read_course(root)
    return inherit(course, next(section for section in course.sections if section.name == name))


def errors(diagnostics: tuple[Diagnostic, ...]) -> list[tuple[Code, int | None]]:
    return [(found.code, found.line) for found in diagnostics if found.severity is Severity.ERROR]


def codes(diagnostics: tuple[Diagnostic, ...], severity: Severity) -> list[Code]:
    return [found.code for found in diagnostics if found.severity is severity]


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Do something as a user to whom files can be refused, which they cannot be to the superuser."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
