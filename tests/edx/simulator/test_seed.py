"""The seeded world: the same for the same number, as large and as peculiar as it says."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from edx.simulator.seed import CLIENT_ID, SERVICE_USER, seed_world
from edx.simulator.world import NO_START, CourseRun, Key, World

NOW = datetime(2026, 11, 21, 10, 30, tzinfo=UTC)


@cache
def world() -> World:
    return seed_world(1, now=NOW)


def runs() -> list[CourseRun]:
    return list(world().runs.values())


def test_the_same_seed_and_instant_give_the_same_world() -> None:
    assert seed_world(1, now=NOW) == world()


def test_another_seed_gives_another_world() -> None:
    assert seed_world(2, now=NOW).runs.keys() != world().runs.keys()


def test_a_later_instant_of_the_same_day_gives_the_same_catalog() -> None:
    assert seed_world(1, now=NOW + timedelta(hours=3)).runs == world().runs


@pytest.mark.parametrize("seed", range(5))
def test_the_world_is_as_large_as_it_says(seed: int) -> None:
    seeded = seed_world(seed, now=NOW)
    assert len(seeded.organizations) == 41
    assert len({run.key[:2] for run in seeded.runs.values()}) == 414
    assert 1100 < len(seeded.runs) < 1300
    assert len(seeded.users) == 2003
    assert len(seeded.enrollments) > 8000
    assert len(seeded.certificates) > 1500


def test_every_key_of_a_run_is_read_back_from_its_text() -> None:
    assert all(Key.parse(run.id) == run.key for run in runs())


def test_runs_are_past_current_and_to_come() -> None:
    when = Counter(
        "past" if run.end and run.end < NOW else "current" if run.start < NOW else "future" for run in runs()
    )
    assert min(when.values()) > 100
    assert when.keys() == {"past", "current", "future"}


def test_users_have_the_roles_that_the_demo_relies_on() -> None:
    staff = {name for name, user in world().users.items() if user.staff}
    assert staff == {SERVICE_USER, "admin"}
    assert {"author", "learner"} <= world().users.keys()
    assert world().applications[CLIENT_ID].username == SERVICE_USER


def test_without_an_instant_the_world_is_of_the_present() -> None:
    created = max(row.created for row in seed_world(1).enrollments.values())
    assert timedelta(0) <= datetime.now(UTC) - created < timedelta(days=2)


def test_the_learner_is_enrolled_in_a_dozen_runs() -> None:
    assert sum(username == "learner" for username, _ in world().enrollments) == 12


def test_user_names_are_as_the_bulk_list_takes_them() -> None:
    """The form of user names of domain/programs.md §3.2."""
    assert all(re.fullmatch("[-a-zA-Z0-9_]+", username) for username in world().users)


def test_enrollments_are_active_and_not_in_several_modes_and_never_to_come() -> None:
    rows = world().enrollments.values()
    assert Counter(row.active for row in rows)[False] > 500
    assert {row.mode for row in rows} == {"audit", "verified", "honor", "professional"}
    assert max(row.created for row in rows) <= NOW


def test_certificates_are_of_active_enrollments_in_ended_runs_and_some_did_not_pass() -> None:
    for place, certificate in world().certificates.items():
        assert world().enrollments[place].active
        end = world().runs[certificate.course_id].end
        assert end
        assert end <= certificate.created <= NOW
    assert {each.passing for each in world().certificates.values()} == {True, False}


def test_two_organizations_have_one_name_and_two_are_inactive() -> None:
    organizations = world().organizations.values()
    names = Counter(each.name for each in organizations)
    assert [name for name, count in names.items() if count == 2] == ["Athena Institute of Technology"]
    assert sum(not each.active for each in organizations) == 2


def test_titles_have_ampersands_quotes_and_other_scripts() -> None:
    titles = " ".join(run.title for run in runs())
    assert all(sign in titles for sign in ("&", '"', "'", "<", "é", "д", "日"))


def test_one_key_is_of_the_old_form() -> None:
    assert [run.id for run in runs() if run.key.deprecated] == ["NordheimX/HIST101/2013_Fall"]


def test_one_run_shows_another_organization_and_number_than_its_key() -> None:
    [run] = [run for run in runs() if (run.org, run.number) != run.key[1:3] and run.display_org]
    assert (run.key.org, run.org, run.key.course, run.number) == ("AthenaX", "Athena", "CS50-archive", "CS 50")


def test_some_runs_have_no_dates_and_some_are_hidden() -> None:
    assert sum(run.start == NO_START and run.end is None and not run.modes for run in runs()) == 3
    assert min(sum(run.hidden for run in runs()), sum(run.staff_only for run in runs())) > 5


@pytest.mark.parametrize("organization", ["UAI_SOURCE", "B2B_SOURCE"])
def test_source_runs_are_there_to_be_copied(organization: str) -> None:
    """domain/b2b-contracts.md §3: a contract's runs are copies of a source run."""
    sources = [run for run in runs() if run.key.org == organization]
    assert len(sources) == 4
    assert f"course-v1:{organization}+12.345x+SOURCE" in {run.id for run in sources}
    assert all(run.hidden and run.invitation_only and run.end is None for run in sources)
