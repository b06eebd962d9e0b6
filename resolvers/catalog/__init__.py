"""The catalog: organizations, courses and course runs, as the LMS and the API tell of them."""

from resolvers.catalog.course_runs import Upserts, upsert_course_run, upsert_course_runs
from resolvers.catalog.errors import AnotherName, BadFact, CaseTwin, Refused
from resolvers.catalog.facts import OrganizationFacts, RunDetails, RunFacts
from resolvers.catalog.organizations import upsert_organization, upsert_organizations
from resolvers.catalog.report import Outcome, Report, Skipped
from resolvers.catalog.sync import Progress, sync_course_runs, sync_organizations

__all__ = [
    "AnotherName",
    "BadFact",
    "CaseTwin",
    "OrganizationFacts",
    "Outcome",
    "Progress",
    "Refused",
    "Report",
    "RunDetails",
    "RunFacts",
    "Skipped",
    "Upserts",
    "sync_course_runs",
    "sync_organizations",
    "upsert_course_run",
    "upsert_course_runs",
    "upsert_organization",
    "upsert_organizations",
]
