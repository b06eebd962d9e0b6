"""What the catalog can be told of an organization or a course run, by a synchronization or through the API."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db.tables import Pacing
from edx import lms
from edx.errors import InvalidCourseKey
from edx.keys import CourseKey, check_parts
from resolvers.addresses import is_loaded
from resolvers.catalog.errors import BadFact

MAX_NAME = 255
"""Characters in an organization's name, and in a key after case folding."""


@dataclass(frozen=True, slots=True)
class OrganizationFacts:
    """An organization under the key that course keys begin with; an empty name means that it has none."""

    key: str
    display_name: str = ""
    description: str = ""
    logo_url: str | None = None

    def check(self) -> None:
        """Raise BadFact if no row can hold this."""
        try:
            check_parts(self.key, {"organization": self.key}, start=0, kind="organization key")
        except InvalidCourseKey as error:
            raise BadFact(str(error)) from error
        if len(self.display_name) > MAX_NAME:
            raise BadFact(f"its name has {len(self.display_name)} characters, {MAX_NAME} are allowed")
        check_texts(name=self.display_name, description=self.description, logo=self.logo_url)
        check_address(logo=self.logo_url)


@dataclass(frozen=True, slots=True)
class RunDetails:
    """What is known of a run beside its name; times are aware, None where there is none."""

    short_description: str = ""
    image_url: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    enrollment_start: datetime | None = None
    enrollment_end: datetime | None = None
    pacing: Pacing = Pacing.INSTRUCTOR
    is_invitation_only: bool = False
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A course run; without `details` those of a known run stay as they are."""

    key: CourseKey
    display_name: str
    details: RunDetails | None = None

    def check(self) -> None:
        """Raise BadFact if no row can hold this."""
        if len(self.key.folded) > MAX_NAME:
            raise BadFact(f"its key has more than {MAX_NAME} characters when case is folded")
        details = self.details or RunDetails()
        check_texts(name=self.display_name, description=details.short_description, image=details.image_url)
        check_address(image=details.image_url)


def check_texts(**texts: str | None) -> None:
    """Refuse what no database text can hold: the character NUL, and half of a surrogate pair."""
    for name, text in texts.items():
        if text and "\0" in text:
            raise BadFact(f"its {name} contains the character NUL")
        if text and any("\ud800" <= character <= "\udfff" for character in text):
            raise BadFact(f"its {name} contains half of a surrogate pair")


def check_address(**addresses: str | None) -> None:
    """Refuse what no browser loads from a server, such as `javascript:…`: pages will show it."""
    for name, address in addresses.items():
        if address and not is_loaded(address):
            raise BadFact(f"its {name} is no address of a web site: {address!r}")


def organization_facts(organization: lms.Organization) -> OrganizationFacts:
    """What the LMS says of an organization."""
    return OrganizationFacts(organization.key, organization.name, organization.description, organization.logo_url)


def run_facts(run: lms.CourseRun) -> RunFacts:
    """What the LMS says of a course run."""
    names: tuple[str, ...] = RunDetails.__slots__
    details: dict[str, Any] = {name: getattr(run, name) for name in names}
    return RunFacts(run.key, run.name, RunDetails(**details | {"pacing": Pacing(run.pacing)}))
