"""What a program cannot be made of.

DraftError
├── BadDraft            something is missing, too long, or contradicts itself
├── UnknownReferences   it names organizations, courses, runs or programs that there are not
└── NameTaken           another program has that name
"""

from collections.abc import Iterable


class DraftError(Exception):
    """A draft that no program can be made of; the message names the program and says why."""

    def __init__(self, program: str, reason: str) -> None:
        self.program = program
        self.reason = reason
        super().__init__(f"program {program!r}: {reason}")


class BadDraft(DraftError):
    """Something is missing, too long, or contradicts itself."""


class UnknownReferences(DraftError):
    """It names things that there are not, each kind in the order of their keys."""

    def __init__(
        self,
        program: str,
        *,
        organizations: Iterable[str] = (),
        courses: Iterable[str] = (),
        runs: Iterable[str] = (),
        programs: Iterable[str] = (),
    ) -> None:
        self.organizations = sorted(organizations)
        self.courses = sorted(courses)
        self.runs = sorted(runs)
        self.programs = sorted(programs)
        kinds = {
            "organizations": self.organizations,
            "courses": self.courses,
            "runs": self.runs,
            "programs": self.programs,
        }
        listed = "; ".join(f"{kind} {', '.join(keys)}" for kind, keys in kinds.items() if keys)
        super().__init__(program, f"unknown {listed}")


class NameTaken(DraftError):
    """Another program, be it a deleted one, has that name; case does not tell names apart."""

    def __init__(self, program: str) -> None:
        super().__init__(program, "another program has this name")
