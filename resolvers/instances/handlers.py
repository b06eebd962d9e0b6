"""What does the work of all jobs about instances."""

from resolvers.content.load import Courses
from resolvers.instances.hosts import Hosts
from resolvers.instances.machine import Rules
from resolvers.instances.pulling import CHECK, PULL, checking, pulling
from resolvers.instances.pushing import PUSH, pushing
from resolvers.jobs import Handlers


def instance_handlers(hosts: Hosts, courses: Courses, rules: Rules | None = None) -> Handlers:
    """The handlers by kind."""
    return {
        PUSH: pushing(hosts, courses, rules),
        PULL: pulling(hosts, courses, rules),
        CHECK: checking(hosts, courses, rules),
    }
