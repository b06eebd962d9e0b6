"""Programs: what they are made of, and how they are loaded."""

from resolvers.programs.drafts import CategoryDraft, CourseLeaf, Group, ProgramDraft, ProgramLeaf, RunModeDraft
from resolvers.programs.errors import BadDraft, DraftError, NameTaken, UnknownReferences
from resolvers.programs.load import load_programs

__all__ = [
    "BadDraft",
    "CategoryDraft",
    "CourseLeaf",
    "DraftError",
    "Group",
    "NameTaken",
    "ProgramDraft",
    "ProgramLeaf",
    "RunModeDraft",
    "UnknownReferences",
    "load_programs",
]
