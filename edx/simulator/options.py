"""Options of the simulated Open edX: what a site sets, and what a test turns off."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from joserfc.jwk import RSAKey


class Throttle(StrEnum):
    """The throttles that the platform was seen to have; each counts by caller, or by address if there is none."""

    TOKENS = "tokens"  # /oauth2/access_token, by address
    ENROLLMENTS_STAFF = "enrollments_staff"  # the bulk list and the enrollments of a user together
    ENROLLMENTS = "enrollments"
    COURSES_STAFF = "courses_staff"
    COURSES = "courses"


RATES: Mapping[Throttle, int] = MappingProxyType(
    {
        Throttle.TOKENS: 120,
        Throttle.ENROLLMENTS_STAFF: 120,
        Throttle.ENROLLMENTS: 40,
        Throttle.COURSES_STAFF: 40,
        Throttle.COURSES: 20,
    }
)
"""Requests a minute, as recorded."""

UNTHROTTLED: Mapping[Throttle, int] = MappingProxyType({})


def _recorded_rates() -> Mapping[Throttle, int]:
    return RATES


@dataclass(frozen=True, slots=True)
class Options:
    """How the two services are set up. `rates` are requests a minute; a throttle that it does not name is off.

    `issuer` is the `iss` of tokens. `signing_key` (private) signs the RS512 tokens; without it the process makes one.
    `clock` gives seconds since the epoch. `escape_titles` makes the course list HTML-escape, as older releases do.
    """

    jwt_secret: str = "simulator-jwt-secret-of-no-value"  # noqa: S105 - a development value that protects nothing
    audience: str = "change-me"
    issuer: str = "https://lms.example.org/oauth2"
    signing_key: RSAKey | None = field(default=None, repr=False)
    rates: Mapping[Throttle, int] = field(default_factory=_recorded_rates)
    clock: Callable[[], float] = time.time
    escape_titles: bool = False
