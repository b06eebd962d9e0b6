"""The tables, one module for each domain.

Integer keys hold rows together inside; `key`, `readable_id` and `uuid` are the immutable keys that the outside knows.
A `…_folded` column is the case-folded twin that makes names unique and sorts and searches without regard to case.
"""

from db.tables.access import CacheVersion, ClientApplication, TrustedDocument
from db.tables.audit import AuditEntry, IdempotencyKey
from db.tables.base import Base, folded, now
from db.tables.catalog import Course, CourseKeyPrefix, CourseRun, Organization, OrganizationAlias, Pacing, RunOrigin
from db.tables.certificates import CertificateTemplate, Delivery, OutgoingEvent
from db.tables.content import (
    DRAFT,
    PUBLISHED,
    SOURCE,
    ContentBlob,
    ContentDraft,
    ContentHead,
    ContentNode,
    ContentPin,
    ContentProtection,
    ContentSource,
    ContentVersion,
)
from db.tables.contracts import (
    Contract,
    ContractCourse,
    ContractMember,
    ContractMembership,
    ContractProgram,
    OrganizationManager,
    Rerun,
    RerunAttempt,
    RerunState,
)
from db.tables.directories import (
    LEARNER,
    DirectoryLevel,
    DirectoryMember,
    DirectoryRun,
    DirectorySite,
    DirectorySiteRun,
)
from db.tables.instances import InstanceContent, PushState
from db.tables.jobs import Job, JobState
from db.tables.learners import Learner, LearnerCertificate, LearnerEnrollment, LearnerEvent, ProgramCertificate
from db.tables.locks import ContentLock, ContentLockWait
from db.tables.parcels import Parcel, ParcelKind, ParcelPart
from db.tables.programs import (
    Program,
    ProgramCategory,
    ProgramCategoryMode,
    ProgramCourseRunMode,
    ProgramOrganization,
    ProgramRequirement,
    ProgramStatus,
    ProgramUser,
    ProgramUserSource,
    ProgramUserStatus,
    RequirementKind,
)
from db.tables.roles import RoleGrant
from db.tables.slugs import BlockSlug
from db.tables.teams import StudioMember, TeamRole
from db.tables.usage import BlockTypeUse, ContentTotal, ContentUsage

__all__ = [
    "DRAFT",
    "LEARNER",
    "PUBLISHED",
    "SOURCE",
    "AuditEntry",
    "Base",
    "BlockSlug",
    "BlockTypeUse",
    "CacheVersion",
    "CertificateTemplate",
    "ClientApplication",
    "ContentBlob",
    "ContentDraft",
    "ContentHead",
    "ContentLock",
    "ContentLockWait",
    "ContentNode",
    "ContentPin",
    "ContentProtection",
    "ContentSource",
    "ContentTotal",
    "ContentUsage",
    "ContentVersion",
    "Contract",
    "ContractCourse",
    "ContractMember",
    "ContractMembership",
    "ContractProgram",
    "Course",
    "CourseKeyPrefix",
    "CourseRun",
    "Delivery",
    "DirectoryLevel",
    "DirectoryMember",
    "DirectoryRun",
    "DirectorySite",
    "DirectorySiteRun",
    "IdempotencyKey",
    "InstanceContent",
    "Job",
    "JobState",
    "Learner",
    "LearnerCertificate",
    "LearnerEnrollment",
    "LearnerEvent",
    "Organization",
    "OrganizationAlias",
    "OrganizationManager",
    "OutgoingEvent",
    "Pacing",
    "Parcel",
    "ParcelKind",
    "ParcelPart",
    "Program",
    "ProgramCategory",
    "ProgramCategoryMode",
    "ProgramCertificate",
    "ProgramCourseRunMode",
    "ProgramOrganization",
    "ProgramRequirement",
    "ProgramStatus",
    "ProgramUser",
    "ProgramUserSource",
    "ProgramUserStatus",
    "PushState",
    "RequirementKind",
    "Rerun",
    "RerunAttempt",
    "RerunState",
    "RoleGrant",
    "RunOrigin",
    "StudioMember",
    "TeamRole",
    "TrustedDocument",
    "folded",
    "now",
]
