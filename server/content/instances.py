"""The Open edX instances that content goes to and comes from, as the settings have them."""

from resolvers.instances.known import DEFAULT, Instance
from server.instances import InstanceSettings
from server.settings import Settings


def instances(settings: Settings) -> dict[str, InstanceSettings]:
    """How each instance is reached, by name: first the one of the settings of the LMS and Studio, if they are set."""
    client_id, secret = settings.lms_client_id, settings.lms_client_secret
    found = dict(sorted(settings.instances.items()))
    if settings.lms_url is None or settings.studio_url is None or client_id is None or secret is None:
        return found
    default = InstanceSettings(
        lms_url=settings.lms_url,
        studio_url=settings.studio_url,
        client_id=client_id,
        client_secret=secret,
        username=settings.studio_username,
        password=settings.studio_password,
    )
    return {DEFAULT: default, **found}


def known_instances(settings: Settings) -> tuple[Instance, ...]:
    """The same without credentials."""
    return tuple(
        Instance(name, each.lms_url, each.studio_url, each.username is not None)
        for name, each in instances(settings).items()
    )
