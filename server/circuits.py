"""The circuits to the services that this process authors in: one to each, which all clients of it share."""

from collections.abc import Iterator, Mapping

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from edx.breaker import Breaker, Circuit

log = structlog.get_logger(__name__)

_circuits: dict[tuple[str, str], Breaker] = {}


def circuit(name: str, url: str) -> Breaker:
    """The circuit to the service of this name (`Studio`) at an address."""
    return _circuits.setdefault((name, url), Breaker(name, on_change=_tell))


def states(urls: Mapping[str, str | None]) -> dict[str, Circuit]:
    """The states by name in lower case of the services at these addresses, as far as they have been called."""
    found = {name: _circuits.get((name, url)) for name, url in urls.items() if url is not None}
    return {name.lower(): breaker.state for name, breaker in found.items() if breaker is not None}


def _tell(name: str, is_open: bool) -> None:  # noqa: FBT001 -- as a breaker tells it
    if is_open:
        log.warning("circuit_opened", service=name.lower())
    else:
        log.info("circuit_closed", service=name.lower())


class Circuits(Collector):
    """Which services are left alone, for Prometheus."""

    def collect(self) -> Iterator[Metric]:
        """The states as they are now."""
        family = GaugeMetricFamily(
            "collegium_circuit_open", "Whether a service is left alone because it is down.", labels=["service"]
        )
        for (name, _), breaker in _circuits.items():
            family.add_metric([name.lower()], float(breaker.state is not Circuit.CLOSED))
        yield family
