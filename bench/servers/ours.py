"""Our server as it is run: sign-in, request ids, the explorer, and logs from info on."""

from datetime import timedelta
from functools import cache

from starlette.types import ASGIApp

from resolvers.access import Role
from server.app import create_app
from server.settings import Settings, load
from server.signin import mint

SECRET = "not-a-secret: for measuring only"  # noqa: S105 -- nothing of value is behind it


def settings(url: str) -> Settings:
    return load(
        database_url=url,
        jwt_secret=SECRET,
        jwt_audience=("bench",),
        jwt_issuers=("https://lms.example.org/oauth2",),
        max_organizations_per_program=0,
        rate_limit=10**9,  # counted as always, but never reached
    )


def application(url: str) -> ASGIApp:
    return create_app(settings(url))


@cache
def authorization() -> str:
    """The header by which a learner is signed in; the token is good for a day."""
    return f"JWT {mint(settings('sqlite:///none'), 'learner', Role.LEARNER, timedelta(days=1))}"
