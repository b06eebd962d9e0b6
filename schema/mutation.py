"""Root fields of mutations."""

from collections.abc import Callable
from typing import Any

import strawberry

from resolvers.features import Feature
from schema import catalog_mutations as catalog
from schema import certificate_mutations as certificates
from schema import content_drafts as drafts
from schema import content_edits as edits
from schema import content_locks as locks
from schema import content_merge as merge
from schema import content_mutations as content
from schema import content_operations as operations
from schema import content_transfers as transfers
from schema import content_updates as updates
from schema import contract_mutations as contracts
from schema import courseware_mutations as courseware
from schema import courseware_path as paths
from schema import directory_mutations as directories
from schema import instance_mutations as instances
from schema import job, program_import, role
from schema import learner_mutations as learners
from schema import program_mutations as programs
from schema.features import Needs


def _mutation(work: Callable[..., Any], description: str, feature: Feature | None = None) -> Any:
    made = strawberry.mutation(
        resolver=work, description=description, extensions=[] if feature is None else [Needs(feature)]
    )
    for argument in made.arguments:
        argument.description = "What to do, and to what."
    return made


def _of_programs(work: Callable[..., Any], description: str) -> Any:
    return _mutation(work, description, Feature.PROGRAMS)


def _of_contracts(work: Callable[..., Any], description: str) -> Any:
    return _mutation(work, description, Feature.CONTRACTS)


def _of_directories(work: Callable[..., Any], description: str) -> Any:
    return _mutation(work, description, Feature.DIRECTORIES)


def _of_content(work: Callable[..., Any], description: str) -> Any:
    return _mutation(work, description, Feature.CONTENT)


@strawberry.type(description="What can be changed.")
class Mutation:
    """The mutations."""

    create_program = _of_programs(
        programs.create_program, "Make a program, unpublished. Needs the permission to change programs."
    )
    update_program = _of_programs(programs.update_program, "Change some fields of a program, all or none of them.")
    publish_program = _of_programs(
        programs.publish_program, "Offer a program to learners. Needs the permission to publish programs."
    )
    revert_program = _of_programs(
        programs.revert_program, "Make an active program unpublished again, while no learner is associated with it."
    )
    retire_program = _of_programs(
        programs.retire_program, "Offer an active program to new learners no more; it is still shown."
    )
    delete_program = _of_programs(
        programs.delete_program, "Hide a program from everybody for good. Its name stays taken."
    )
    set_program_requirements = _of_programs(
        programs.set_program_requirements, "Replace the whole requirement tree of a program."
    )
    add_course_to_program = _of_programs(
        programs.add_course_to_program, "Add a course to a program, and the runs of it that count."
    )
    remove_course_from_program = _of_programs(
        programs.remove_course_from_program,
        "Take a course out of a program, with its runs; refused once learners see them.",
    )
    move_program_course = _of_programs(programs.move_program_course, "Move a course within the list that it stands in.")
    leave_program = _of_programs(
        learners.leave_program, "End the viewer's own association with a program; only an admin can restore it."
    )
    retire_user = _mutation(
        learners.retire_user,
        "Erase a user who has to be forgotten: what the LMS told of them goes, and histories keep a random name. Needs "
        "the permission to manage learners.",
    )
    refresh_enrollments = _of_programs(
        learners.refresh_enrollments,
        "Ask the LMS now for the enrollments and certificates of learners, however fresh what is known is.",
    )
    register_program_users = _of_programs(
        learners.register_program_users,
        "Associate learners with an active program, whether they are enrolled or not. Idempotent. Needs the permission "
        "to manage learners.",
    )
    export_learners = _of_programs(
        learners.export_learners,
        "Write programs, associations and progress to a file of JSON lines, as a job. Needs the permission to see what "
        "programs others are in.",
    )
    remove_program_user = _of_programs(
        learners.remove_program_user, "End a learner's association. Needs the permission to manage learners."
    )
    restore_program_user = _of_programs(
        learners.restore_program_user,
        "Bring a learner's association back that was ended. Needs the permission to manage learners.",
    )
    update_program_certificate_template = _of_programs(
        certificates.update_template,
        "Give the certificates of a program, or of the programs of a category, a template of their own, or take it "
        "away. Needs the permission to publish the program, or all programs.",
    )
    import_programs = _of_programs(
        program_import.import_programs,
        "Make the programs of a file, or bring known ones up to date by their UUIDs, all or none of them. Needs the "
        "permissions to change and to publish programs.",
    )
    apply_content_changes = _of_content(
        edits.apply_content_changes,
        "Change the content of a run: all changes as one version, or none. Needs the permission to change content.",
    )
    replace_block = _of_content(
        operations.replace_block,
        "Put a subtree in place of another, or a node in place of one that keeps its children.",
    )
    add_block = _of_content(operations.add_block, "Add a child to a block.")
    update_block_settings = _of_content(operations.update_block_settings, "Set settings of a block, or take them out.")
    update_course_settings = _of_content(
        operations.update_course_settings, "Set settings of the course, or take them out."
    )
    move_block = _of_content(operations.move_block, "Move a block to another place at its level of the hierarchy.")
    delete_block = _of_content(operations.delete_block, "Delete a block with all below it that stands nowhere else.")
    put_asset = _of_content(operations.put_asset, "Put a file for learners, new or in place of the one at its path.")
    delete_asset = _of_content(operations.delete_asset, "Delete a file for learners.")
    update_grading_policy = _of_content(operations.update_grading_policy, "Set the grading policy of a course.")
    update_tabs = _of_content(operations.update_tabs, "Set the tabs of a course, all of them, and pages of theirs.")
    acquire_lock = _of_content(
        locks.acquire_lock,
        "Lock the content of a run: until it is released, or not used for too long, nobody else changes it.",
    )
    renew_lock = _of_content(
        locks.renew_lock, "Let a lock last longer, as every change that is sent with its token does."
    )
    release_lock = _of_content(locks.release_lock, "Give a lock back; twice is no error.")
    break_lock = _of_content(
        locks.break_lock, "Take a lock away from whoever has it. Needs the permission to break locks."
    )
    upsert_course_run = _mutation(
        catalog.upsert_course_run,
        "Add a course run, with its course and organization where they are new, or name a known one.",
    )
    update_course_run = _mutation(catalog.update_course_run, "Name a course run.")
    delete_course_run = _mutation(
        catalog.delete_course_run,
        "Remove a course run; refused where a program that learners see would lose it. Its course stays.",
    )
    update_course = _mutation(catalog.update_course, "Name a course.")
    update_organization = _mutation(catalog.update_organization, "Name an organization.")
    upsert_organization = _mutation(
        catalog.upsert_organization, "Add an organization, or bring a known one up to date."
    )
    sync_studio_teams = _of_content(
        catalog.sync_studio_teams,
        "Have a job read the teams of all runs from Studio, whose members may change the content of their runs. Needs "
        "the permission to change content.",
    )
    sync_catalog = _mutation(
        catalog.sync_catalog, "Take course runs that a platform pushes, as a synchronization does."
    )
    pull_course = _of_content(
        instances.pull_course,
        "Have a job make what an instance of Open edX has the content of the run. Experimental: it goes through "
        "Studio's pages for people. Needs the permission to change the content of the run.",
    )
    check_instance_drift = _of_content(
        instances.check_instance_drift,
        "Have a job look whether somebody changed what an instance has since it was pushed. Experimental as "
        "`pullCourse` is. Needs the permission to change the content of the run.",
    )
    push_course = _of_content(
        instances.push_course,
        "Have a job push content to an instance of Open edX: its Studio imports it in place of what it has. Needs the "
        "permission to change the content of the run.",
    )
    import_course = _of_content(
        transfers.import_course,
        "Make an upload the content of a run, as a job. Needs the permission to change content.",
    )
    export_course = _of_content(
        transfers.export_course,
        "Write the content of a run, or a block of it, into an archive, as a job. Needs the permission to change "
        "content.",
    )
    pin_content_version = _of_content(
        content.pin_content_version,
        "Keep a version of the content of a run for good. Needs the permission to change content.",
    )
    unpin_content_version = _of_content(
        content.unpin_content_version,
        "Keep a version no longer than others are. Needs the permission to change content.",
    )
    restore_content_version = _of_content(
        content.restore_content_version,
        "Make a version that a run had its content again, as a new entry of the history. Needs the permission to "
        "change programs of the organization.",
    )
    merge_content = _of_content(
        merge.merge_content,
        "Take over what another run has, such as the source of a re-run: as it is, or merged with what was changed in "
        "the run. Needs the permission to change the content of both.",
    )
    publish_draft = _of_content(
        drafts.publish_draft,
        "Let a run show its draft, or some blocks of it with all below them. Needs the permission to change content.",
    )
    discard_draft = _of_content(
        drafts.discard_draft,
        "Do away with the draft of a run, or take some blocks of it as the run shows them. Needs the permission to "
        "change content.",
    )
    set_protected_settings = _of_content(
        updates.set_protected_settings,
        "Say which settings of a run its source does not overwrite. Needs the permission to change content.",
    )
    plan_directory_sync = _of_directories(
        directories.plan_directory_sync,
        "Tell what `syncDirectories` would do. Needs the permission to synchronize directories.",
    )
    sync_directories = _of_directories(
        directories.sync_directories,
        "Have courses that are kept as directories taken over into the catalog, site by site, by a job, whose `result` "
        "says what became of each. Needs the permission to synchronize directories.",
    )
    enroll_in_directory_run = _of_directories(
        directories.enroll_in_directory_run, "Enroll in a run that is kept as a directory; only admins enroll others."
    )
    drop_directory_run = _of_directories(
        directories.drop_directory_run, "End an enrollment in a run that is kept as a directory."
    )
    grant_role = _mutation(
        role.grant_role, "Give a user a role for one organization or program. Needs the permission to grant roles."
    )
    revoke_role = _mutation(role.revoke_role, "Take a role for one organization or program from a user.")
    set_block_slug = _mutation(
        paths.set_block_slug,
        "Give a sequence or a unit a readable name in paths, which belongs to the run and to no version of its "
        "content. Needs the permission to change content.",
        Feature.CONTENT,
    )
    cancel_job = _mutation(
        job.cancel_job,
        "Cancel a job: at once where it waits, else when it comes to where it can be stopped. Who asked for it may do "
        "so, and administrators.",
    )
    retry_job = _mutation(job.retry_job, "Have a job tried again that failed or was canceled; it goes on where it was.")

    create_contract = _of_contracts(
        contracts.create_contract, "Make a contract with an organization. Needs the permission to change contracts."
    )
    update_contract = _of_contracts(contracts.update_contract, "Change some terms of a contract, all or none of them.")
    activate_contract = _of_contracts(contracts.activate_contract, "Have a contract in effect while its dates say so.")
    deactivate_contract = _of_contracts(
        contracts.deactivate_contract, "Switch a contract off: its learners see it and its runs no more."
    )
    add_contract_members = _of_contracts(
        contracts.add_contract_members,
        "Have learners belong to a contract, all or none of them; for staff and managers of the organization.",
    )
    remove_contract_members = _of_contracts(
        contracts.remove_contract_members, "Have learners belong to a contract no more; their enrollments stay."
    )
    set_organization_manager = _of_contracts(
        contracts.set_organization_manager, "Have a user look after the contracts of an organization, or end that."
    )
    set_organization_prefix = _of_contracts(
        contracts.set_organization_prefix,
        "Set what stands before an organization's key in the keys of its contracts' runs, and its name in addresses.",
    )
    designate_source_run = _of_contracts(
        courseware.designate_source_run, "Name the one run of a course that its runs for contracts are made from."
    )
    clear_source_run = _of_contracts(
        courseware.clear_source_run, "End the designation of a source run; one whose key calls it so stays a source."
    )
    add_course_to_contract = _of_contracts(
        courseware.add_course_to_contract, "Give a contract a run of a course, copied from its source in Studio."
    )
    add_program_to_contract = _of_contracts(
        courseware.add_program_to_contract,
        "Give a contract runs of all courses of a program, required programs' too, as far as there can be any.",
    )
    rerun_course_for_contract = _of_contracts(
        courseware.rerun_course_for_contract, "Give a contract another run of a course: one in each year."
    )
    apply_contract_dates = _of_contracts(
        courseware.apply_contract_dates, "Give runs of a contract its dates, here and in Studio."
    )
    retry_rerun = _of_contracts(
        courseware.retry_rerun, "Have a run of a contract made whose making failed; it goes on where it was."
    )
    reconcile_contract = _of_contracts(
        courseware.reconcile_contract, "Hold the runs of a contract against Open edX, and repair them if asked to."
    )
    sync_contract_program = _of_contracts(
        courseware.sync_contract_program, "Give a contract runs of the courses that a program of it has gained."
    )
    remove_course_run_from_contract = _of_contracts(
        courseware.remove_course_run_from_contract, "Take a run out of a contract: nobody may join it any more."
    )
    remove_program_from_contract = _of_contracts(
        courseware.remove_program_from_contract, "Take a program out of a contract, and its runs if that is asked for."
    )
