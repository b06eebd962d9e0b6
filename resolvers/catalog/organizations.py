"""Adding organizations and keeping them up to date (`spec/programs.md`, "Population of Organizations")."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.tables import Organization, OrganizationAlias
from resolvers.catalog.errors import AnotherName, Refused
from resolvers.catalog.facts import OrganizationFacts
from resolvers.catalog.report import Outcome
from resolvers.catalog.settling import settled

COLUMNS = (
    Organization.id,
    Organization.key,
    Organization.display_name,
    Organization.is_name_customized,
    Organization.description,
    Organization.logo_url,
)


async def upsert_organization(session: AsyncSession, facts: OrganizationFacts) -> Outcome:
    """Add an organization, or bring a known one up to date; a name that the API gave it stays. Raises Refused."""
    [outcome] = await upsert_organizations(session, [facts])
    if isinstance(outcome, Refused):
        raise outcome
    return outcome


async def upsert_organizations(
    session: AsyncSession, many: Sequence[OrganizationFacts], *, dry_run: bool = False
) -> list[Outcome | Refused]:
    """What became of each, in a number of statements that does not grow with them.

    A known organization is found by any spelling of its key, which stays as it was first written. In a dry run, what
    would become of each. No two may have keys that differ by case only.
    """

    async def attempt() -> list[Outcome | Refused]:
        known = await find_organizations(session, (facts.key for facts in many), for_update=not dry_run)
        created: list[OrganizationFacts] = []
        updates: list[dict[str, Any]] = []
        outcomes = [judged(facts, known.get(facts.key.casefold()), created, updates) for facts in many]
        if not dry_run:
            await create_organizations(session, created)
            if updates:
                await session.execute(update(Organization), sorted(updates, key=lambda row: row["id"]))
        return outcomes

    return await settled(session, attempt)


def judged(
    facts: OrganizationFacts,
    known: RowMapping | None,
    created: list[OrganizationFacts],
    updates: list[dict[str, Any]],
) -> Outcome | Refused:
    """Put one organization with those to create or to update, or with neither."""
    try:
        facts.check()
    except Refused as refusal:
        return refusal
    if known is None:
        created.append(facts)
        return Outcome.CREATED
    if known["key"].casefold() != facts.key.casefold():
        return AnotherName(known["key"])
    values = values_of(known["key"], facts)
    if known["is_name_customized"]:
        values |= named(known["key"], known["display_name"])
    if all(known[name] == value for name, value in values.items() if name in known):
        return Outcome.UNCHANGED
    updates.append({"id": known["id"], **values})
    return Outcome.UPDATED


def named(key: str, name: str | None) -> dict[str, Any]:
    """The columns of a name; without one, an organization sorts and is found by its key."""
    return {"display_name": name, "name_folded": (name or key).casefold()}


def values_of(key: str, facts: OrganizationFacts) -> dict[str, Any]:
    """The columns that hold what is known of an organization."""
    return {
        **named(key, facts.display_name or None),
        "description": facts.description,
        "logo_url": facts.logo_url,
    }


async def find_organizations(
    session: AsyncSession, keys: Iterable[str], *, for_update: bool = False
) -> dict[str, RowMapping]:
    """The organizations that have one of these keys, or one as another name, by the case-folded key."""
    query = select(OrganizationAlias.alias, *COLUMNS).join_from(OrganizationAlias, Organization)
    query = query.where(OrganizationAlias.alias.in_({key.casefold() for key in keys})).order_by(Organization.id)
    if for_update:
        query = query.with_for_update(of=Organization, key_share=True)
    return {row["alias"]: row for row in (await session.execute(query)).mappings()}


async def create_organizations(session: AsyncSession, many: Iterable[OrganizationFacts]) -> dict[str, int]:
    """Insert organizations with the alias that finds them; their ids by the case-folded key."""
    rows = [{"key": facts.key, **values_of(facts.key, facts)} for facts in many]
    if not rows:
        return {}
    rows.sort(key=lambda row: str(row["key"]).casefold())  # writers that share an order do not lock each other out
    query = insert(Organization).returning(Organization.key, Organization.id)
    ids = {key.casefold(): id_ for key, id_ in await session.execute(query, rows)}
    await session.execute(
        insert(OrganizationAlias), [{"alias": alias, "organization_id": id_} for alias, id_ in sorted(ids.items())]
    )
    return ids
