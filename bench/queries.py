"""What is asked: four queries, each with bodies whose variables differ, over the catalog of `bench.data`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from bench.data import Sizes, category_slug, organization_key, program_uuid

MOST_BODIES = 50

COURSE = "id key displayName organization { key displayName }"
RUNS = "runs(first: 20) { nodes { key displayName start end pacing } }"
PROGRAM = "id name subtitle status updatedAt organizations { key displayName }"

PROGRAMS = f"""query Programs($category: String!, $first: Int!) {{
  programs(filter: {{ category: $category }}, first: $first) {{
    nodes {{ {PROGRAM} courses {{ {COURSE} {RUNS} }} }}
  }}
}}"""
ONE_PROGRAM = f"""query Program($id: ID!) {{
  program(id: $id) {{ {PROGRAM} courses {{ {COURSE} }} }}
}}"""
COURSES = f"""query Courses($org: String!) {{
  courses(filter: {{ org: $org }}, first: 50) {{ nodes {{ id key displayName {RUNS} }} }}
}}"""


@dataclass(frozen=True)
class Query:
    """One operation under the name that tables give it; requests take the `variables` in turn."""

    name: str
    operation: str
    text: str
    variables: Sequence[Mapping[str, Any]]

    def bodies(self) -> list[bytes]:
        """The bodies of its requests."""
        return [
            orjson.dumps({"query": self.text, "operationName": self.operation, "variables": variables})
            for variables in self.variables
        ]


PAGE = "20 programs"
BIG = "100 programs"
POINT = "one program"
FLAT = "50 courses"
LISTS = (PAGE, BIG, FLAT)


def queries(sizes: Sizes) -> list[Query]:
    """The four queries over a catalog of those `sizes`."""
    visible = [number for number in range(sizes.programs) if sizes.status(number) == "active"]
    points = [{"id": f"Program:{program_uuid(number)}"} for number in visible[:MOST_BODIES]]
    organizations = [{"org": organization_key(i)} for i in range(min(sizes.organizations, MOST_BODIES))]
    return [
        programs(sizes, PAGE, 20),
        programs(sizes, BIG, 100),
        Query(POINT, "Program", ONE_PROGRAM, points),
        Query(FLAT, "Courses", COURSES, organizations),
    ]


def programs(sizes: Sizes, name: str, first: int) -> Query:
    """A page of the `first` programs of each category in turn."""
    pages = [{"category": category_slug(i), "first": first} for i in range(sizes.categories)]
    return Query(name, "Programs", PROGRAMS, pages)
