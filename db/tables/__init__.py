"""The tables, one module for each domain.

Integer keys hold rows together inside; `key`, `readable_id` and `uuid` are the immutable keys that the outside knows.
A `…_folded` column is the case-folded twin that makes names unique and sorts and searches without regard to case.
"""

from db.tables.base import Base, folded, now
from db.tables.catalog import Course, CourseKeyPrefix, CourseRun, Organization, OrganizationAlias, Pacing, RunOrigin
from db.tables.programs import (
    Program,
    ProgramCategory,
    ProgramCourseRunMode,
    ProgramOrganization,
    ProgramRequirement,
    ProgramStatus,
    RequirementKind,
)

__all__ = [
    "Base",
    "Course",
    "CourseKeyPrefix",
    "CourseRun",
    "Organization",
    "OrganizationAlias",
    "Pacing",
    "Program",
    "ProgramCategory",
    "ProgramCourseRunMode",
    "ProgramOrganization",
    "ProgramRequirement",
    "ProgramStatus",
    "RequirementKind",
    "RunOrigin",
    "folded",
    "now",
]
