"""A small library for tests that ask for everything."""

from pathlib import Path

from tests.ondisk.trees import PACKAGE, QUIZ, SITE, TOPIC, write_package
from tests.resolvers.directories.libraries import course

CHILD = "child.example.edu"


def write_library(root: Path) -> None:
    """A site with a full course, a restricted one and a bare one, and a child site with a course of its own."""
    write_package(root, {".nti_acl": "Allow:nextthought.com:All"})
    course(
        "Fall2014/CLC 3403",
        root=root,
        bundle_meta_info={"ContentPackages": [PACKAGE, PACKAGE + "2"], "title": "A Title"},
        course_info={
            "id": "CLC 3403",
            "title": "Law",
            "startDate": "2014-08-13T06:00:00Z",
            "endDate": "2014-12-03T06:00:00Z",
            "InstructorsSignature": "Kyle",
            "tags": ["law"],
            "schedule": {"days": ["MWF"]},
            "instructors": [{"name": "Kyle", "title": "Provost"}],
            "credit": [{"hours": 3, "enrollment": {"label": "L"}}],
            "prerequisites": [{"id": "CLC 1"}],
            "creators": ["Jason"],
        },
        course_outline=f"""<course><unit label="One">
          <lesson title="A" topic-ntiid="{TOPIC}"><lesson title="B"/></lesson>
          <lesson isOutlineStubOnly="true" topic-ntiid="{TOPIC}" date=",2014-01-01T05:59:59Z"/></unit></course>""",
        role_info={"nti.roles.course_instructor": {"allow": ["harp"]}, "nti.roles.course_ta": {"allow": ["ta"]}},
        vendor_info={"OU": {"n": 1}},
        Sections__01__course_info={"id": "CLC 3403-01", "title": "Law in section 1"},
        Sections__01__role_info={"nti.roles.course_ta": {"deny": ["ta"]}},
        Sections__02__assignment_date_overrides={QUIZ: {"available_for_submission_beginning": "2014-01-22T06:00:00Z"}},
        **{"presentation-assets__shared__v1__a.png": "1"},
    )
    course("PHIL/Fall2014/Bare", root=root)
    info = {"id": "Hidden", "is_non_public": True}
    course("Fall2014/Hidden", root=root, course_info=info, Sections__01__role_info={}, Sections__02__course_info={
        "is_non_public": False,
    })  # fmt: skip
    course("Fall2014/CLC 3403", root=root, site=CHILD)


PARENTS = {CHILD: SITE}
