"""Example operations: what the explorer offers at first and the demo prints. A test executes each."""

from collections.abc import Sequence

from server.explorer import Operation

CATALOG = Operation(
    name="Organizations and their courses",
    description="The first organizations, with two courses each and the next runs of those.",
    query="""query Catalog {
  organizations(first: 5) {
    totalCount
    nodes {
      key
      displayName
      courses(first: 2) {
        totalCount
        nodes {
          key
          displayName
          runs(first: 3, orderBy: { field: START, direction: DESC }) {
            nodes { key start end pacing }
          }
        }
      }
    }
  }
}
""",
)
PROGRAMS = Operation(
    name="Programs",
    description="The programs that you may see, with what they ask for. Switch the role: authors see more of them.",
    query="""query Programs($filter: ProgramFilter) {
  programs(first: 10, filter: $filter) {
    totalCount
    nodes {
      id
      name
      status
      category { displayName }
      organizations { displayName }
      courses { key displayName }
      requirements { depth kind title minimum course { displayName } requiredProgram { name } }
    }
  }
}
""",
    variables={"filter": {"status": ["ACTIVE", "RETIRED", "UNPUBLISHED"]}},
)
PAGES = Operation(
    name="Page by page",
    description="Course runs in pages of five: put “endCursor” into the variable “after” for the next page.",
    query="""query CourseRuns($after: String) {
  courseRuns(first: 5, after: $after) {
    nodes { key displayName course { key } }
    pageInfo { hasNextPage endCursor }
  }
}
""",
    variables={"after": None},
)
SEARCH = Operation(
    name="Search",
    description="Courses and course runs whose name contains a text.",
    query="""query Search($text: String!) {
  courses(filter: { search: $text }, first: 5) { totalCount nodes { key displayName } }
  courseRuns(filter: { search: $text }, first: 5) { totalCount nodes { key displayName start } }
}
""",
    variables={"text": "introduction"},
)
HEALTH = Operation(
    name="Health",
    description="Whether the server works. The one query that needs no sign-in.",
    query="query Health { health { status database version } }\n",
)
OPERATIONS: Sequence[Operation] = (CATALOG, PROGRAMS, PAGES, SEARCH, HEALTH)
