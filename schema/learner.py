"""Learners: whoever asks, and the associations of learners with programs."""

from datetime import datetime
from typing import Annotated

import strawberry

from db import tables
from resolvers.access import visible_associations
from resolvers.learners import service
from resolvers.learners.certificates import load_certificates
from resolvers.learners.progress import ASSOCIATION, load_progress, measured
from resolvers.plan.declare import batched, column, noun, of_viewer, one
from schema import lists
from schema.connection import Connection
from schema.enums import ProgramUserSource, ProgramUserStatus
from schema.program import Program
from schema.progress import ProgramCertificate, ProgramProgress


@noun(
    tables.ProgramUser,
    key=tables.ProgramUser.id,
    visible=visible_associations,
    description="A learner's association with a program.",
)
class ProgramUser:
    """An association (`spec/programs.md`, "ProgramUser")."""

    username: str = column(tables.ProgramUser.username, "LMS username of the learner.")
    status: ProgramUserStatus = column(tables.ProgramUser.status, "How the learner stands to the program.")
    source: ProgramUserSource = column(tables.ProgramUser.source, "What brought the association about.")
    created_at: datetime = column(tables.ProgramUser.created_at, "When it came about.")
    updated_at: datetime = column(tables.ProgramUser.updated_at, "When it last changed.")
    completed_at: datetime | None = column(
        tables.ProgramUser.completed_at, "When the learner was first seen to have done all that the program requires."
    )
    program: Annotated["Program", strawberry.lazy("schema.program")] | None = one(
        tables.ProgramUser.program_id, "The program."
    )
    progress: ProgramProgress = batched(
        ASSOCIATION, load_progress, "How far the learner is in the program.", before=measured
    )
    certificate: ProgramCertificate | None = batched(
        ASSOCIATION, load_certificates, "The learner's certificate of the program; null where none was awarded."
    )


@strawberry.type(description="Whoever asks.")
class Viewer:
    """The signed-in user."""

    username: str = of_viewer(service.viewer_username, "LMS username.")
    programs: Connection[ProgramUser] = lists.own_programs(
        "Programs that the viewer is associated with, the first one first. Listing them brings associations about: "
        "with each active program of which a run is among the viewer's active enrollments."
    )
    enrollments_as_of: datetime | None = of_viewer(
        service.viewer_enrollments_at, "When the LMS was last asked for the viewer's enrollments; null for never."
    )
    is_stale: bool = of_viewer(
        service.viewer_is_stale, "Whether the LMS should have been asked again for enrollments but did not answer."
    )
