"""Learners: what the LMS has of them, the programs that they are associated with, and how far they are."""

from resolvers.learners.associations import associate, leave, register, remove, restore
from resolvers.learners.forgetting import forget, retire
from resolvers.learners.links import Links
from resolvers.learners.mirror import Kind, Mirror, MirrorRules, Standing
from resolvers.learners.service import Learners

__all__ = [
    "Kind",
    "Learners",
    "Links",
    "Mirror",
    "MirrorRules",
    "Standing",
    "associate",
    "forget",
    "leave",
    "register",
    "remove",
    "restore",
    "retire",
]
