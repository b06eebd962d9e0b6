import gc
from collections.abc import Iterator

import pytest
from sqlalchemy import Alias

from resolvers.plan.cache import Cache
from resolvers.plan.connections import PageArguments
from tests.asking import ADMIN, AUTHOR, Asking

QUERY = "{ organizations { nodes { key courses(first: 2) { totalCount pageInfo { endCursor } nodes { key } } } } }"


def test_values_are_kept_until_they_weigh_too_much_and_the_least_used_go_first() -> None:
    cache: Cache[str] = Cache(room=30)
    for key in "abc":
        cache.put(key, key.upper(), 10)
    assert cache.get("a") == "A"

    cache.put("d", "D", 10)

    assert [cache.get(key) for key in "abcd"] == ["A", None, "C", "D"]
    assert (cache.hits, cache.misses) == (4, 1)


def test_a_value_that_is_put_again_weighs_once() -> None:
    cache: Cache[int] = Cache(room=30)
    for number in range(100):
        cache.put("same", number, 20)
    cache.put("other", 0, 10)

    assert len(cache) == 2
    assert cache.get("same") == 99


def test_a_value_that_is_too_large_for_the_room_is_still_usable_until_the_next() -> None:
    cache: Cache[int] = Cache(room=30)
    cache.put("large", 1, 1000)
    assert cache.get("large") == 1

    cache.put("small", 2, 1)

    assert (cache.get("large"), cache.get("small")) == (None, 2)


@pytest.fixture
def undisturbed() -> Iterator[None]:
    """The collector rests for the time of a test, so that only what nobody refers to goes."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def number(kind: type) -> int:
    return sum(type(each) is kind for each in gc.get_objects())


async def test_a_plan_keeps_nothing_of_how_its_statements_were_made(asking: Asking) -> None:
    """Their tables and columns weigh several times as much as all else of a plan."""
    gc.collect()
    before = number(Alias)
    await asking.data(QUERY)
    gc.collect()

    assert len(asking.executor.planner.plans) == 1
    assert number(Alias) == before


async def test_what_leaves_the_cache_is_gone_without_a_collector(asking: Asking, undisturbed: None) -> None:
    """The collector seldom looks at what is old, and what is kept gets old."""
    before = number(PageArguments)
    await asking.data(QUERY)
    assert number(PageArguments) == before + 2

    plans = asking.executor.planner.plans
    plans.put("another", {}, 10**9)
    plans.put("one more", {}, 10**9)

    assert number(PageArguments) == before


CHANGE = """mutation ($name: String) { updateOrganization(input: {key: "Org0X", displayName: $name}) {
    organization { displayName %s } } }"""


async def test_what_a_mutation_changed_is_looked_up_by_what_was_made_once(asking: Asking) -> None:
    """As plans are: by document, place, permissions and the shape of variables, and never by their values."""
    lookups = asking.executor.planner.lookups
    for name in ("One", "Two", "Three"):
        data = await asking.data(CHANGE % "", {"name": name}, viewer=ADMIN)
        assert data["updateOrganization"]["organization"] == {"displayName": name}
    assert (lookups.hits, lookups.misses, len(lookups)) == (2, 1, 1)

    other = await asking.data(CHANGE % "key", {"name": None}, viewer=AUTHOR)
    assert other["updateOrganization"]["organization"] == {"displayName": "Org0X", "key": "Org0X"}
    assert len(lookups) == 2
