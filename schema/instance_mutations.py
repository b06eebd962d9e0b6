"""Mutations of what Open edX instances have of the content of runs (spec/content-api.md, "Problem statement")."""

import strawberry

from resolvers.context import Context
from resolvers.instances.requests import Order
from schema.job import JobPayload
from schema.payload import changing

Info = strawberry.Info[Context, None]


@strawberry.input
class OnInstanceInput:
    """What the inputs of all these mutations share."""

    course_run: str = strawberry.field(description="Course key of the run.")
    instance: str = strawberry.field(description="Name of the instance, one of `openEdxInstances`.")

    def order(self, info: Info) -> Order:
        """What is asked for."""
        context = info.context
        return Order(context.database, context.viewer, context.instances, self.course_run, self.instance)


@strawberry.input(description="Content that an instance is to have.")
class PushCourseInput(OnInstanceInput):
    """The input of `pushCourse`."""

    version: str | None = strawberry.field(
        default=None, description="A version that the run had; what it has now if none is given."
    )
    expected_remote: str | None = strawberry.field(
        default=None,
        description="Version that the instance must be known to have (`remoteVersion`); if not, nothing is pushed.",
    )


@strawberry.type(description="What became of `pushCourse`.")
class PushCoursePayload(JobPayload):
    """The payload of `pushCourse`."""


async def push_course(info: Info, input: PushCourseInput) -> PushCoursePayload | None:
    """Ask for a push."""
    return await changing(
        info,
        lambda errors, key: PushCoursePayload(user_errors=errors, uuid=key),
        lambda session: input.order(info).push(session, input.version, input.expected_remote),
    )


@strawberry.input(description="An instance whose content a run is to have.")
class PullCourseInput(OnInstanceInput):
    """The input of `pullCourse`."""

    expected_version: str | None = strawberry.field(
        default=None, description="Version that the run must be at here; where it is not, nothing is changed."
    )


@strawberry.input(description="An instance that is to be looked at.")
class CheckInstanceDriftInput(OnInstanceInput):
    """The input of `checkInstanceDrift`."""


@strawberry.type(description="What became of `pullCourse`.")
class PullCoursePayload(JobPayload):
    """The payload of `pullCourse`."""


@strawberry.type(description="What became of `checkInstanceDrift`.")
class CheckInstanceDriftPayload(JobPayload):
    """The payload of `checkInstanceDrift`."""


async def pull_course(info: Info, input: PullCourseInput) -> PullCoursePayload | None:
    """Ask for a pull."""
    return await changing(
        info,
        lambda errors, key: PullCoursePayload(user_errors=errors, uuid=key),
        lambda session: input.order(info).pull(session, input.expected_version),
    )


async def check_instance_drift(info: Info, input: CheckInstanceDriftInput) -> CheckInstanceDriftPayload | None:
    """Ask for a look."""
    return await changing(
        info,
        lambda errors, key: CheckInstanceDriftPayload(user_errors=errors, uuid=key),
        lambda session: input.order(info).check(session),
    )
