"""The instances that the settings name, without what is needed to reach them."""

from dataclasses import dataclass

DEFAULT = "default"
"""The name of the instance that the settings of the LMS and Studio are about."""


@dataclass(frozen=True, slots=True)
class Instance:
    """An Open edX. `is_readable` says whether content can be pulled from it: a user is set who signs in there."""

    name: str
    lms_url: str
    studio_url: str
    is_readable: bool = False
