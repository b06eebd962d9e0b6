"""Root fields of mutations."""

from collections.abc import Callable
from typing import Any

import strawberry

from resolvers.features import Feature
from schema import catalog_mutations as catalog
from schema import content_edits as contents
from schema import directory_mutations as directories
from schema import learner_mutations as learners
from schema import program_import, role
from schema import program_mutations as programs
from schema.catalog_mutations import (
    DeleteCourseRunPayload,
    SyncCatalogPayload,
    UpdateCoursePayload,
    UpdateCourseRunPayload,
    UpdateOrganizationPayload,
    UpsertCourseRunPayload,
    UpsertOrganizationPayload,
)
from schema.content_edits import (
    AcquireLockPayload,
    ApplyContentChangesPayload,
    BreakLockPayload,
    ReleaseLockPayload,
    RenewLockPayload,
)
from schema.directory_mutations import (
    DropDirectoryRunPayload,
    EnrollInDirectoryRunPayload,
    PlanDirectorySyncPayload,
    SyncDirectoriesPayload,
)
from schema.features import Needs
from schema.learner_mutations import (
    LeaveProgramPayload,
    RefreshEnrollmentsPayload,
    RegisterProgramUsersPayload,
    RemoveProgramUserPayload,
    RestoreProgramUserPayload,
    RetireUserPayload,
)
from schema.program_import import ImportProgramsPayload
from schema.program_mutations import (
    AddCourseToProgramPayload,
    CreateProgramPayload,
    DeleteProgramPayload,
    MoveProgramCoursePayload,
    PublishProgramPayload,
    RemoveCourseFromProgramPayload,
    RetireProgramPayload,
    RevertProgramPayload,
    SetProgramRequirementsPayload,
    UpdateProgramPayload,
)
from schema.role import GrantRolePayload, RevokeRolePayload


def _mutation(work: Callable[..., Any], description: str, feature: Feature | None = None) -> Any:
    made = strawberry.mutation(
        resolver=work, description=description, extensions=[] if feature is None else [Needs(feature)]
    )
    for argument in made.arguments:
        argument.description = "What to do, and to what."
    return made


def _of_programs(work: Callable[..., Any], description: str) -> Any:
    return _mutation(work, description, Feature.PROGRAMS)


def _of_directories(work: Callable[..., Any], description: str) -> Any:
    return _mutation(work, description, Feature.DIRECTORIES)


def _of_content(work: Callable[..., Any], description: str) -> Any:
    return _mutation(work, description, Feature.CONTENT)


@strawberry.type(description="What can be changed.")
class Mutation:
    """The mutations."""

    create_program: CreateProgramPayload | None = _of_programs(
        programs.create_program, "Make a program, unpublished. Needs the permission to change programs."
    )
    update_program: UpdateProgramPayload | None = _of_programs(
        programs.update_program, "Change some fields of a program, all or none of them."
    )
    publish_program: PublishProgramPayload | None = _of_programs(
        programs.publish_program, "Offer a program to learners. Needs the permission to publish programs."
    )
    revert_program: RevertProgramPayload | None = _of_programs(
        programs.revert_program, "Make an active program unpublished again, while no learner is associated with it."
    )
    retire_program: RetireProgramPayload | None = _of_programs(
        programs.retire_program, "Offer an active program to new learners no more; it is still shown."
    )
    delete_program: DeleteProgramPayload | None = _of_programs(
        programs.delete_program, "Hide a program from everybody for good. Its name stays taken."
    )
    set_program_requirements: SetProgramRequirementsPayload | None = _of_programs(
        programs.set_program_requirements, "Replace the whole requirement tree of a program."
    )
    add_course_to_program: AddCourseToProgramPayload | None = _of_programs(
        programs.add_course_to_program, "Add a course to a program, and the runs of it that count."
    )
    remove_course_from_program: RemoveCourseFromProgramPayload | None = _of_programs(
        programs.remove_course_from_program,
        "Take a course out of a program, with its runs; refused once learners see them.",
    )
    move_program_course: MoveProgramCoursePayload | None = _of_programs(
        programs.move_program_course, "Move a course within the list that it stands in."
    )
    leave_program: LeaveProgramPayload | None = _of_programs(
        learners.leave_program, "End the viewer's own association with a program; only an admin can restore it."
    )
    retire_user: RetireUserPayload | None = _mutation(
        learners.retire_user,
        "Erase a user who has to be forgotten: what the LMS told of them goes, and histories keep a random name. Needs "
        "the permission to manage learners.",
    )
    refresh_enrollments: RefreshEnrollmentsPayload | None = _of_programs(
        learners.refresh_enrollments,
        "Ask the LMS now for the enrollments and certificates of learners, however fresh what is known is.",
    )
    register_program_users: RegisterProgramUsersPayload | None = _of_programs(
        learners.register_program_users,
        "Associate learners with an active program, whether they are enrolled or not. Idempotent. Needs the permission "
        "to manage learners.",
    )
    remove_program_user: RemoveProgramUserPayload | None = _of_programs(
        learners.remove_program_user, "End a learner's association. Needs the permission to manage learners."
    )
    restore_program_user: RestoreProgramUserPayload | None = _of_programs(
        learners.restore_program_user,
        "Bring a learner's association back that was ended. Needs the permission to manage learners.",
    )
    import_programs: ImportProgramsPayload | None = _of_programs(
        program_import.import_programs,
        "Make the programs of a file, or bring known ones up to date by their UUIDs, all or none of them. Needs the "
        "permissions to change and to publish programs.",
    )
    apply_content_changes: ApplyContentChangesPayload | None = _of_content(
        contents.apply_content_changes,
        "Change the content of a run: all changes as one version, or none. Needs the permission to change content.",
    )
    acquire_lock: AcquireLockPayload | None = _of_content(
        contents.acquire_lock,
        "Lock the content of a run: until it is released, or not used for too long, nobody else changes it.",
    )
    renew_lock: RenewLockPayload | None = _of_content(
        contents.renew_lock, "Let a lock last longer, as every change that is sent with its token does."
    )
    release_lock: ReleaseLockPayload | None = _of_content(contents.release_lock, "Give a lock back; twice is no error.")
    break_lock: BreakLockPayload | None = _of_content(
        contents.break_lock, "Take a lock away from whoever has it. Needs the permission to break locks."
    )
    upsert_course_run: UpsertCourseRunPayload | None = _mutation(
        catalog.upsert_course_run,
        "Add a course run, with its course and organization where they are new, or name a known one.",
    )
    update_course_run: UpdateCourseRunPayload | None = _mutation(catalog.update_course_run, "Name a course run.")
    delete_course_run: DeleteCourseRunPayload | None = _mutation(
        catalog.delete_course_run,
        "Remove a course run; refused where a program that learners see would lose it. Its course stays.",
    )
    update_course: UpdateCoursePayload | None = _mutation(catalog.update_course, "Name a course.")
    update_organization: UpdateOrganizationPayload | None = _mutation(
        catalog.update_organization, "Name an organization."
    )
    upsert_organization: UpsertOrganizationPayload | None = _mutation(
        catalog.upsert_organization, "Add an organization, or bring a known one up to date."
    )
    sync_catalog: SyncCatalogPayload | None = _mutation(
        catalog.sync_catalog, "Take course runs that a platform pushes, as a synchronization does."
    )
    plan_directory_sync: PlanDirectorySyncPayload | None = _of_directories(
        directories.plan_directory_sync,
        "Tell what `syncDirectories` would do. Needs the permission to synchronize directories.",
    )
    sync_directories: SyncDirectoriesPayload | None = _of_directories(
        directories.sync_directories,
        "Take courses that are kept as directories over into the catalog, site by site. When the time of a mutation is "
        "over, the sites that are done stay so; libraries that take longer are synchronized on the command line.",
    )
    enroll_in_directory_run: EnrollInDirectoryRunPayload | None = _of_directories(
        directories.enroll_in_directory_run, "Enroll in a run that is kept as a directory; only admins enroll others."
    )
    drop_directory_run: DropDirectoryRunPayload | None = _of_directories(
        directories.drop_directory_run, "End an enrollment in a run that is kept as a directory."
    )
    grant_role: GrantRolePayload | None = _mutation(
        role.grant_role, "Give a user a role for one organization or program. Needs the permission to grant roles."
    )
    revoke_role: RevokeRolePayload | None = _mutation(
        role.revoke_role, "Take a role for one organization or program from a user."
    )
