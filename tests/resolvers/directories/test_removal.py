from types import SimpleNamespace

import pytest

from db.tables import Course, RunOrigin
from resolvers.directories.removal import settle_course

RUN = SimpleNamespace(is_restricted=True, origin=RunOrigin.DIRECTORY, parent_id=None, display_name="Law")


@pytest.mark.parametrize(
    ("is_customized", "origin", "name"),
    [(False, RunOrigin.DIRECTORY, "Law"), (True, RunOrigin.DIRECTORY, "Ours"), (False, RunOrigin.RERUN, "Ours")],
)
def test_a_course_has_the_name_of_its_first_run_where_all_are_of_directories(
    is_customized: bool, origin: RunOrigin, name: str
) -> None:
    """Sections are named by their courses, and not the other way round."""
    course = Course(display_name="Ours", name_folded="ours", is_name_customized=is_customized)
    other = SimpleNamespace(
        **vars(RUN) | {"is_restricted": False, "origin": origin, "parent_id": 1, "display_name": "Section"}
    )

    settle_course(course, [other, RUN])

    assert (course.display_name, course.name_folded) == (name, name.casefold())
    assert not course.is_restricted
