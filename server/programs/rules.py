"""The rules of programs that the settings say."""

from resolvers.programs.lifecycle import Rules
from server.settings import Settings


def rules(settings: Settings) -> Rules:
    """What the installation decides about its programs."""
    return Rules(settings.max_organizations_per_program, settings.one_program_per_course)
