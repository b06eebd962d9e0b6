"""`.nti_acl` of a content package: who may read it beside those who are enrolled in its courses.

Without the file everybody may who has signed in; with it nobody but those whom it names, the enrolled and the staff
(spec/course-directories.rst, "bundle_meta_info.json").
"""

import re
from dataclasses import dataclass

from ondisk.diagnostics import Code
from ondisk.documents import decoded
from ondisk.files import Folder, Stamp

__all__ = ["ACL", "Acl", "Rule", "read_acl"]

ACL = ".nti_acl"
ALL = "All"
EVERYBODY = {"everyone", "system.everyone", "authenticated", "system.authenticated"}
LINE = re.compile(r"(Allow|Deny)\s*:\s*(\S.*?)\s*:\s*(All|\[[^\[\]]*\])")


@dataclass(frozen=True, slots=True)
class Rule:
    """A line: permissions that somebody is allowed or denied, of which `All` is every one; an earlier rule wins."""

    is_allowed: bool
    principal: str
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Acl:
    """The rules of a file. Where none can be had, nobody is named."""

    rules: tuple[Rule, ...]
    stamp: Stamp


def read_acl(folder: Folder) -> Acl | None:
    """The rules of a package; None if it has no such file. What is wrong leaves no rule, so that nothing is opened."""
    if ACL not in folder.entries():
        return None
    if (file := folder.read(ACL)) is None:
        return Acl((), Stamp(str(folder.path / ACL), 0, ""))
    text = decoded(file, folder.report, "utf-8") or ""
    rules: list[Rule] = []
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.partition("#")[0].strip()
        if said and (rule := rule_of(said)) is None:
            message = "this is no 'Allow' or 'Deny', a name and permissions with colons between them: nobody is let in"
            folder.report.warning(Code.BAD_VALUE, file.path, message, line=number)
            return Acl((), folder.stamps[-1])
        if said and rule:
            rules.append(rule)
            check_default(folder, rule, number)
    return Acl(tuple(rules), folder.stamps[-1])


def rule_of(line: str) -> Rule | None:
    """What a line says; None if it is none."""
    if (match := LINE.fullmatch(line)) is None:
        return None
    access, principal, permissions = match.groups()
    named = tuple(name for each in permissions.strip("[]").split(",") if (name := each.strip()))
    return Rule(access == "Allow", principal, named) if named else None


def check_default(folder: Folder, rule: Rule, line: int) -> None:
    """Tell of a rule that denies everybody everything, which is so without it."""
    if not rule.is_allowed and ALL in rule.permissions and rule.principal.casefold() in EVERYBODY:
        message = "denying everybody must not be said here: it goes without saying, but for those who are enrolled"
        folder.report.warning(Code.NO_EFFECT, folder.path / ACL, message, line=line)
