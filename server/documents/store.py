"""The trusted documents in the database: added once they fit the schema and its limits, listed and removed."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import TrustedDocument
from server.applications.fresh import CacheName, changed
from server.documents.trusted import ALGORITHM, digest_of
from server.failures import Failure
from server.operations import Documents, Refusal

LONGEST_NAME = 255


def checked(texts: Iterable[str], documents: Documents) -> Mapping[str, str]:
    """The names of the operations in each document, by its text; `documents` reads them. Raises Failure."""
    return {text: _name(text, documents) for text in texts}


def _name(text: str, documents: Documents) -> str:
    try:
        document = documents.read(text)
    except Refusal as refusal:
        raise Failure(f"{ALGORITHM}{digest_of(text)}: {refusal.errors[0]['message']}") from refusal
    return ", ".join(name or "(without a name)" for name in document.operations)[:LONGEST_NAME]


async def add(session: AsyncSession, documents: Mapping[str, str]) -> int:
    """Add documents, given as texts with their names; returns how many were not there before."""
    known = set(await session.scalars(select(TrustedDocument.digest)))
    new = {digest: text for text in documents if (digest := digest_of(text)) not in known}
    session.add_all(TrustedDocument(digest=digest, source=text, name=documents[text]) for digest, text in new.items())
    await changed(session, CacheName.DOCUMENTS)
    return len(new)


async def remove(session: AsyncSession, ids: Sequence[str]) -> None:
    """Remove documents by their ids, all or none. Raises Failure for one that is not there."""
    for each in ids:
        digest = each.removeprefix(ALGORITHM).lower()
        query = delete(TrustedDocument).where(TrustedDocument.digest == digest).returning(TrustedDocument.digest)
        if await session.scalar(query) is None:
            raise Failure(f"there is no document {each[:100]}; 'collegium documents list' shows all")
    await changed(session, CacheName.DOCUMENTS)


async def all_of(session: AsyncSession) -> Sequence[TrustedDocument]:
    """All trusted documents, by name."""
    query = select(TrustedDocument).order_by(TrustedDocument.name, TrustedDocument.digest)
    return (await session.scalars(query)).all()
