"""What lists are sorted by. Every order ends with the key, so that each row has one place."""

from enum import Enum

import strawberry


@strawberry.enum(description="Which way a list is sorted.")
class OrderDirection(Enum):
    """The direction of an order."""

    ASC = strawberry.enum_value("asc", description="From the least to the greatest.")
    DESC = strawberry.enum_value("desc", description="From the greatest to the least.")


@strawberry.enum(description="What organizations are sorted by.")
class OrganizationOrderField(Enum):
    """Orders of organizations."""

    NAME = strawberry.enum_value("name", description="Display name, without regard to case.")
    KEY = strawberry.enum_value("key", description="Key.")


@strawberry.enum(description="What courses are sorted by.")
class CourseOrderField(Enum):
    """Orders of courses."""

    KEY = strawberry.enum_value("key", description="Readable id: organization, then number.")
    NAME = strawberry.enum_value("name", description="Display name, without regard to case.")


@strawberry.enum(description="What course runs are sorted by.")
class CourseRunOrderField(Enum):
    """Orders of course runs."""

    KEY = strawberry.enum_value("key", description="Course key.")
    NAME = strawberry.enum_value("name", description="Display name, without regard to case.")
    START = strawberry.enum_value("start", description="Start; runs without one count as later than all others.")


@strawberry.enum(description="What contracts are sorted by.")
class ContractOrderField(Enum):
    """Orders of contracts."""

    NAME = strawberry.enum_value("name", description="Name, without regard to case.")
    NUMBER = strawberry.enum_value("number", description="Number: the first that was made is the first.")
    START = strawberry.enum_value("start", description="First day; contracts without one come before all others.")
    END = strawberry.enum_value("end", description="Last day; contracts without one come after all others.")


@strawberry.enum(description="What programs are sorted by.")
class ProgramOrderField(Enum):
    """Orders of programs."""

    NAME = strawberry.enum_value("name", description="Name, without regard to case.")
    CREATED = strawberry.enum_value("created", description="When the program was created.")
    UPDATED = strawberry.enum_value("updated", description="When the program was last changed.")


@strawberry.enum(description="What associations with programs can be sorted by.")
class ProgramUserOrderField(Enum):
    """Sort keys of associations."""

    USERNAME = strawberry.enum_value("username", description="Username of the learner.")
    CREATED = strawberry.enum_value("created", description="When the association came about.")


def _direction() -> OrderDirection | None:
    """The member that all orders share."""
    direction: OrderDirection | None = strawberry.field(default=strawberry.UNSET, description="`ASC` by default.")
    return direction


@strawberry.input(description="The order of organizations; by name if not given.")
class OrganizationOrder:
    """An order of organizations."""

    field: OrganizationOrderField = strawberry.field(description="What to sort by.")
    direction: OrderDirection | None = _direction()


@strawberry.input(description="The order of courses; by key if not given.")
class CourseOrder:
    """An order of courses."""

    field: CourseOrderField = strawberry.field(description="What to sort by.")
    direction: OrderDirection | None = _direction()


@strawberry.input(description="The order of course runs; by key if not given.")
class CourseRunOrder:
    """An order of course runs."""

    field: CourseRunOrderField = strawberry.field(description="What to sort by.")
    direction: OrderDirection | None = _direction()


@strawberry.input(description="The order of contracts; by name if not given.")
class ContractOrder:
    """An order of contracts."""

    field: ContractOrderField = strawberry.field(description="What to sort by.")
    direction: OrderDirection | None = _direction()


@strawberry.input(description="The order of programs; by name if not given.")
class ProgramOrder:
    """An order of programs."""

    field: ProgramOrderField = strawberry.field(description="What to sort by.")
    direction: OrderDirection | None = _direction()


@strawberry.input(description="The order of associations with programs; by username if not given.")
class ProgramUserOrder:
    """An order of associations."""

    field: ProgramUserOrderField = strawberry.field(description="What to sort by.")
    direction: OrderDirection | None = _direction()
