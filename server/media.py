"""The media types of GraphQL over HTTP, and which of them a request accepts."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
EVENTS = "text/event-stream"
PAGE = "text/html"
OFFERED: Mapping[str, Sequence[str]] = {
    GRAPHQL: (GRAPHQL,),
    JSON: (JSON,),
    "application/*": (JSON, GRAPHQL),
    "*/*": (JSON, GRAPHQL),
}
"""What is answered with for what is accepted: the older type, unless the newer one is asked for by name."""


def accepted(accept: str | None) -> str | None:
    """The media type to answer with under a header `Accept`, or None when none that we have is accepted.

    Of several that are wanted alike the first is taken (spec: GraphQL over HTTP, "Accept"). What is named is wanted as
    much as is said there, and not as a wildcard beside it says (RFC 9110, §12.5.1).
    """
    if not accept or accept in OFFERED:
        return OFFERED[accept or "*/*"][0]
    weights = [_weighted(entry) for entry in accept.split(",")]
    named = {name for name, _ in weights if name in (JSON, GRAPHQL)}
    best, quality = None, 0.0
    for name, weight in weights:
        offered = next((each for each in OFFERED.get(name, ()) if each == name or each not in named), None)
        if offered is not None and weight > quality:
            best, quality = offered, weight
    return best


@lru_cache(256)
def prefers(accept: str | None, wanted: str) -> bool:
    """Whether a header `Accept` names `wanted` before all others that are answered here, wildcards aside.

    Of two that are wanted alike, the first is preferred.
    """
    best, quality = "", 0.0
    for name, weight in map(_weighted, (accept or "").split(",")):
        if name in (wanted, GRAPHQL, JSON, EVENTS) and weight > quality:
            best, quality = name, weight
    return best == wanted


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
