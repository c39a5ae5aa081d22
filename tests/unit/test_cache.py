"""The document cache: bounded, least recently used first, but never what a search may not see yet."""

from __future__ import annotations

from hubstat.elastic.writer import Version
from ingest.cache import DocumentCache

VERSION = Version("t-invoices-2026-11-20", 7, 2)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_was_put_comes_back() -> None:
    cache = DocumentCache(10_000, 0)
    cache.put("k", VERSION, b'[["e",1,2,{}]]')
    assert cache.read("k") == (VERSION, b'[["e",1,2,{}]]')
    cache.drop("k")
    assert cache.read("k") is None
    assert cache.size == 0


def test_the_least_recently_used_goes_first_and_the_bound_holds() -> None:
    cache = DocumentCache(3_000, 0, Clock())
    for number in range(5):
        cache.put(str(number), VERSION, b"[]")
        cache.read("0")
    for number in range(5, 40):
        cache.put(str(number), VERSION, b"[]")
        cache.read("0")
        assert cache.size <= 3_000
    assert cache.read("0") is not None
    assert cache.read("5") is None


def test_young_entries_stay_beyond_the_bound() -> None:
    clock = Clock()
    cache = DocumentCache(1_000, 10, clock)
    for number in range(20):
        cache.put(str(number), VERSION, b"[]")
    assert len(cache) == 20
    clock.now = 11
    cache.put("last", VERSION, b"[]")
    assert cache.size <= 1_000
