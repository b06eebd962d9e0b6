"""What a job about an instance was asked for with, and what it needs first: its right, its instance, its version."""

from dataclasses import dataclass
from typing import Any, Self

from db.store import Author
from resolvers.access import Role, Viewer
from resolvers.content.load import Courses, Loaded
from resolvers.instances.hosts import Host, Hosts
from resolvers.jobs import JobContext, JobFailed
from resolvers.refusals import Reason
from resolvers.transfer.importing import failing


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done about the content of a run on an instance, and by whom."""

    run_id: int
    instance: str
    viewer: Viewer
    version: str | None = None
    expected: str | None = None

    @property
    def author(self) -> Author:
        """The viewer as histories have them."""
        return Author(self.viewer.username or "", self.viewer.application)

    def as_input(self) -> dict[str, Any]:
        """What a job is asked for with; the roles are those that the viewer had when it was."""
        roles = sorted(role.value for role in self.viewer.roles)
        return {
            "run": self.run_id, "instance": self.instance, "version": self.version, "expected": self.expected,
            "roles": roles,
        }  # fmt: skip

    @classmethod
    def of(cls, job: JobContext) -> Self:
        """What a job was asked for with."""
        given = job.input
        roles = frozenset(Role(role) for role in given["roles"])
        viewer = Viewer(job.requested_by, roles, application=job.application)
        return cls(given["run"], given["instance"], viewer, given["version"], given["expected"])


def host_of(hosts: Hosts, name: str) -> Host:
    """The instance with a name. Raises JobFailed."""
    if name not in hosts:
        raise JobFailed(Reason.INSTANCE_UNKNOWN, f"no setting names an instance {name!r}")
    return hosts[name]


async def loaded_version(courses: Courses, wanted: Wanted) -> Loaded:
    """The version that is wanted, which is to be named. Raises JobFailed and TryAgain."""
    with failing():
        loaded = await courses.of_run(wanted.run_id, wanted.version)
    assert loaded is not None  # noqa: S101 -- of a version that is named there is one, or UnknownVersion
    return loaded


def conflict_of(instance: str, remote: str | None) -> str:
    """What is said where an instance is not known to have what was expected."""
    return f"{instance} is {f'at version {remote}, as far as is known' if remote else 'not known to have any version'}"
