from resolvers.plan.cache import Cache


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
