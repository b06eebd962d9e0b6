"""Programs: what they are made of, how they are loaded, and samples of them."""

from resolvers.programs.availability import sync_run_modes
from resolvers.programs.drafts import CategoryDraft, CourseLeaf, Group, ProgramDraft, ProgramLeaf, RunModeDraft
from resolvers.programs.errors import BadDraft, DraftError, NameTaken, UnknownReferences
from resolvers.programs.load import load_programs
from resolvers.programs.sample import load_samples, sample_programs

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
    "load_samples",
    "sample_programs",
    "sync_run_modes",
]
