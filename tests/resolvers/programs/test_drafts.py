import re
from dataclasses import replace

import pytest

from db.tables import RequirementKind
from resolvers.programs import BadDraft, CategoryDraft, CourseLeaf, Group, ProgramDraft, ProgramLeaf, RunModeDraft
from resolvers.programs.drafts import nodes_of
from tests.resolvers.programs.conftest import draft, uuid


def test_the_tree_is_numbered_depth_first_from_its_root() -> None:
    electives = Group((CourseLeaf("D"), ProgramLeaf(uuid(2))), minimum=1, title="Electives", is_elective=True)
    tree = draft(requirements=(CourseLeaf("A"), Group((CourseLeaf("B"), CourseLeaf("C"))), electives, CourseLeaf("E")))
    nodes = [(node.sequence, node.depth, node.parent, node.kind.value, node.course) for node in nodes_of(tree)]
    assert nodes == [
        (0, 0, None, "all_of", None),
        (1, 1, 0, "course", "A"),
        (2, 1, 0, "all_of", None),
        (3, 2, 2, "course", "B"),
        (4, 2, 2, "course", "C"),
        (5, 1, 0, "min_number_of", None),
        (6, 2, 5, "course", "D"),
        (7, 2, 5, "program", None),
        (8, 1, 0, "course", "E"),
    ]
    assert tree.courses == ["A", "B", "C", "D", "E"]
    assert tree.programs == [uuid(2)]
    elective = nodes_of(tree)[5]
    assert (elective.title, elective.minimum, elective.is_elective) == ("Electives", 1, True)


def test_a_program_without_requirements_has_a_root() -> None:
    [root] = nodes_of(draft(requirements=()))
    assert (root.sequence, root.kind) == (0, RequirementKind.ALL_OF)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (draft(name=" "), "it has no name"),
        (draft(name="N" * 256), "its name has 256 characters, 255 are allowed"),
        (draft(subtitle="N" * 256), "its subtitle has 256 characters, 255 are allowed"),
        (draft(marketing_slug="N" * 256), "its marketing slug has 256"),
        (draft(marketing_slug="a b"), "it is one part of an address"),
        (draft(marketing_slug="xseries/a"), "it is one part of an address"),
        (draft(marketing_slug="a?b#c"), "it is one part of an address"),
        (draft(image_url="javascript:alert(1)"), "it is no http:// or https:// address"),
        (draft(image_url="/banner.png"), "it is no http:// or https:// address"),
        (draft(image_url="https:///banner.png"), "it is no http:// or https:// address"),
        (draft(image_url="https://example.org/a banner.png"), "it is no http:// or https:// address"),
        (draft(image_url="http://[::1/banner.png"), "it is no http:// or https:// address"),
        (draft(category=CategoryDraft("", "None")), "its category has no slug"),
        (draft(category=CategoryDraft("n" * 65, "Long")), "its category's slug has 65 characters, 64 are allowed"),
        (draft(category=CategoryDraft("n", "N" * 256)), "its category's name has 256"),
        (draft(requirements=(CourseLeaf("A"), Group((CourseLeaf("A"),)))), "the course A is in it 2 times"),
        (draft(requirements=(ProgramLeaf(uuid(9)),) * 2), "is in it 2 times"),
        (
            draft(requirements=(Group((CourseLeaf("A"),), title="T" * 256),)),
            "a title has 256 characters, 255 are allowed",
        ),
        (draft(requirements=(Group((CourseLeaf("A"),), title="a\0"),)), "it contains the character NUL"),
        (draft(organizations=("A", "a")), "the organization a is in it 2 times"),
        (draft(run_modes=(RunModeDraft("R", "audit"),) * 2), "the run mode R audit is in it 2 times"),
        (draft(requirements=(Group((CourseLeaf("A"),), minimum=2),)), "2 of 1 requirements cannot be met"),
        (draft(requirements=(Group((Group((), minimum=0),)),)), "0 of 0 requirements cannot be met"),
    ],
)
def test_a_draft_that_contradicts_itself_is_refused(bad: ProgramDraft, reason: str) -> None:
    """spec/programs.md, "Program" and "ProgramCourseRunMode": a course stands in a tree once, a run mode too."""
    with pytest.raises(BadDraft, match=re.escape(reason)) as refused:
        bad.check()
    assert refused.value.program == bad.name


def test_one_run_may_count_in_several_modes_and_under_several_skus() -> None:
    modes = (RunModeDraft("R", "audit"), RunModeDraft("R", "verified"), RunModeDraft("R", "verified", "SKU"))
    replace(draft(), run_modes=modes).check()
