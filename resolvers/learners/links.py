"""Where learners are sent to do what the LMS or the shop does, not this server."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from resolvers.learners.rules import Action

CERTIFICATES: Final = "/certificates/"
"""Where the pages of certificates are, by their UUIDs."""


@dataclass(frozen=True, slots=True)
class Links:
    """Where learners enroll, the shop's basket for what has a SKU, if there is one, else the LMS; and this `site`."""

    lms: str | None = None
    ecommerce: str | None = None
    site: str | None = None

    def of(self, action: Action) -> str | None:
        """The page on which the action is done (`spec/programs.md`, "Enrollment Integration")."""
        if self.ecommerce and action.sku:
            return f"{self.ecommerce}/basket/add/?sku={quote(action.sku, safe='')}"
        if self.lms:
            return f"{self.lms}/course_modes/choose/{quote(action.course_key, safe='/:+')}/"
        return None

    def of_certificate(self, uuid: str) -> str:
        """The page of a certificate; relative to this site where its address is not known."""
        return f"{self.site or ''}{CERTIFICATES}{uuid}"
