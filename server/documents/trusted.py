"""The text of an operation that names its document by a hash.

`documentId: "sha256:…"` names a trusted document, which somebody added to the database. The extension `persistedQuery`
names one by the hash that its client computed, and is how clients have a document remembered (automatic persisted
queries).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from db.engine import Snapshot
from resolvers.errors import Code
from resolvers.plan.cache import Cache
from server.applications.fresh import Kept
from server.operations import Refusal, refusal

ALGORITHM = "sha256:"
DIGITS = 64
ROOM = 16 * 1024 * 1024
"""Bytes for the documents that clients had remembered; the least recently used ones go."""

WEIGHT = 512  # bytes that a remembered document takes besides its text


@dataclass(frozen=True)
class Trusted:
    """The trusted documents by the digits of their hashes."""

    by_digest: Mapping[str, str]
    texts: frozenset[str]


async def load_documents(snapshot: Snapshot) -> Trusted:
    """All trusted documents."""
    rows = await snapshot.fetch("SELECT digest, source FROM trusted_document")
    return Trusted({row[0]: row[1] for row in rows}, frozenset(row[1] for row in rows))


class KnownDocuments:
    """Finds documents by their hashes: those in `trusted`, and, where it `remembers`, what clients sent before.

    What is remembered is so in this process only; clients send it again to another one.
    """

    def __init__(self, trusted: Kept[Trusted], *, remembers: bool = True) -> None:
        self._trusted = trusted
        self._remembered: Cache[str] | None = Cache(ROOM) if remembers else None

    def knows(self, text: str) -> bool:
        """Whether a document is trusted: what a locked server asks of every one. Raises ServiceUnavailable."""
        return text in self._trusted.get().texts

    def text(self, query: str, document_id: str | None, extensions: Mapping[str, Any] | None = None) -> str:
        """The document of a request with these members. Raises Refusal and ServiceUnavailable."""
        persisted = (extensions or {}).get("persistedQuery")
        if document_id is not None:
            if query or persisted is not None:
                raise refusal(Code.BAD_REQUEST, "'documentId' stands in place of 'query' and 'persistedQuery'")
            return self._named(document_id)
        if persisted is not None:
            return self._persisted(query, _digest(persisted))
        if not query:
            raise refusal(Code.BAD_REQUEST, "'query' must be a text: the GraphQL document; or send 'documentId'")
        return query

    def _named(self, document_id: str) -> str:
        text = self._trusted.get().by_digest.get(document_id.removeprefix(ALGORITHM))
        if text is None or not document_id.startswith(ALGORITHM):
            raise refusal(Code.PERSISTED_QUERY_NOT_FOUND, "no trusted document has this documentId")
        return text

    def _persisted(self, query: str | None, digest: str) -> str:
        """Apollo's protocol: a hash alone for what is known, hash and query for what is to be remembered."""
        if not query:
            known = self._trusted.get().by_digest.get(digest)
            if known is None and self._remembered is None:
                raise _unsupported("PersistedQueryNotSupported")
            known = known or (self._remembered and self._remembered.get(digest)) or None
            if known is None:
                raise refusal(Code.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")
            return known
        if digest_of(query) != digest:
            raise refusal(Code.BAD_REQUEST, "provided sha does not match query")
        if self._remembered is not None:
            self._remembered.put(digest, query, 4 * len(query) + WEIGHT)
        return query


def digest_of(text: str) -> str:
    """The SHA-256 of a document as hexadecimal digits."""
    return sha256(text.encode(errors="replace")).hexdigest()


def _digest(persisted: Any) -> str:
    """The hash in the extension `persistedQuery`. Raises Refusal."""
    if not isinstance(persisted, dict) or persisted.get("version") != 1:
        raise _unsupported("only version 1 of 'persistedQuery' is known here")
    digest = persisted.get("sha256Hash")
    if not isinstance(digest, str) or len(digest) != DIGITS:
        raise _unsupported("'sha256Hash' must have 64 digits")
    return digest.lower()


def _unsupported(problem: str) -> Refusal:
    return refusal(Code.PERSISTED_QUERY_NOT_SUPPORTED, problem)
