"""Example operations: what the explorer offers at first and the demo prints. A test executes each."""

from collections.abc import Sequence

from resolvers.contracts.sample import program_uuid
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
CONTRACTS = Operation(
    name="Contracts 1: what there is",
    description="Contracts that you may see: administrators all, managers and members their own.",
    query="""query Contracts {
  contracts(first: 10) {
    nodes {
      id
      name
      status
      seatsUsed
      maxLearners
      organization { key prefix }
      programs { name }
      courseRuns { totalCount }
    }
  }
}
""",
)
SAMPLE = {"contract": "Contract:1", "program": f"Program:{program_uuid()}"}
PLAN_COURSEWARE = Operation(
    name="Contracts 2: what a program would add",
    description="For each course of a program the run that a contract would get, and why not; for administrators.",
    query="""query PlanCourseware($contract: ID!, $program: ID!) {
  planCourseware(contract: $contract, program: $program) {
    course { key displayName }
    outcome
    key
    start
    end
    source { key }
    message
  }
}
""",
    variables=SAMPLE,
)
ADD_PROGRAM = Operation(
    name="Contracts 3: add it",
    description="The same, done: a job for each run copies its source in Studio. For administrators.",
    query="""mutation AddProgram($contract: ID!, $program: ID!) {
  addProgramToContract(input: { contract: $contract, program: $program }) {
    results { outcome key courseRun { rerun { state } } message }
    userErrors { code field message }
  }
}
""",
    variables=SAMPLE,
)
WATCH_RERUNS = Operation(
    name="Contracts 4: watch",
    description="How far the runs of a contract are, and what was tried in Open edX. Members see those that are ready.",
    query="""query Reruns($contract: ID!) {
  contract(id: $contract) {
    status
    courseRuns(first: 50) {
      nodes {
        key
        canBeJoined
        clonedFrom { key }
        rerun { state attempts failure log(first: 10) { nodes { step outcome at } } }
      }
    }
    drift { program { name } course { key } change }
  }
}
""",
    variables={"contract": SAMPLE["contract"]},
)
STORY: Sequence[Operation] = (CONTRACTS, PLAN_COURSEWARE, ADD_PROGRAM, WATCH_RERUNS)
"""What an administrator does with a contract, in order; over the demo's sample contracts."""

OPERATIONS: Sequence[Operation] = (CATALOG, PROGRAMS, PAGES, SEARCH, HEALTH)
