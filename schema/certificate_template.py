"""Templates of certificates."""

from datetime import datetime
from enum import Enum

import strawberry

from resolvers.learners.designs import Origin
from resolvers.plan.declare import attribute


@strawberry.enum(description="Whose a template of certificates is; the first that there is holds.")
class CertificateTemplateOrigin(Enum):
    """Origins of templates."""

    PROGRAM = strawberry.enum_value(Origin.PROGRAM.value, description="The program's own.")
    CATEGORY = strawberry.enum_value(Origin.CATEGORY.value, description="That of the program's category.")
    BUILT_IN = strawberry.enum_value(Origin.BUILT_IN.value, description="The one that comes with the server.")


@strawberry.type(description="A template that the certificates of programs are made with: HTML with parts of Jinja2.")
class CertificateTemplate:
    """A template."""

    source: str = attribute("source", "The template.")
    origin: CertificateTemplateOrigin = attribute("origin", "Whose it is.")
    updated_at: datetime | None = attribute("updated_at", "When it was last changed; null for the built-in one.")
