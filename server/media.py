"""The media types of GraphQL over HTTP, and which of them a request accepts."""

from collections.abc import Mapping, Sequence

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
OFFERED: Mapping[str, str] = {GRAPHQL: GRAPHQL, JSON: JSON, "application/*": JSON, "*/*": JSON}
"""What is answered with for what is accepted: the older type, unless the newer one is asked for by name."""


def accepted(accept: str | None) -> str | None:
    """The media type to answer with under a header `Accept`, or None when none that we have is accepted.

    Of several that are wanted alike the first is taken (spec: GraphQL over HTTP, "Accept").
    """
    if not accept or accept in OFFERED:
        return OFFERED[accept or "*/*"]
    weights = [_weighted(entry) for entry in accept.split(",")]
    refused = {name for name, weight in weights if weight <= 0}
    best, quality = None, 0.0
    for name, weight in weights:
        offered = OFFERED.get(name)
        if offered is not None and offered not in refused and weight > quality:
            best, quality = offered, weight
    return best


def _weighted(entry: str) -> tuple[str, float]:
    """A media range and its quality; one that is no number means that it is not wanted."""
    name, *parameters = (part.strip().lower() for part in entry.split(";"))
    return name, _quality(parameters)


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
