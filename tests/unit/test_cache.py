"""The document cache: bounded, least recently used first, but never what a search may not see yet."""

from __future__ import annotations

import random
import time

from hubstat.elastic.writer import Version
from ingest.cache import DocumentCache

VERSION = Version("t-invoices-2026-11-20", 7, 2)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_was_put_comes_back() -> None:
    cache = DocumentCache(10_000, held=False)
    cache.put("k", VERSION, b'[["e",1,2,{}]]')
    assert cache.read("k") == (VERSION, b'[["e",1,2,{}]]')
    cache.drop("k")
    assert cache.read("k") is None
    assert cache.size == 0


def test_the_least_recently_used_goes_first_and_the_bound_holds() -> None:
    cache = DocumentCache(3_000, held=False, clock=Clock())
    for number in range(5):
        cache.put(str(number), VERSION, b"[]")
        cache.read("0")
    for number in range(5, 40):
        cache.put(str(number), VERSION, b"[]")
        cache.read("0")
        assert cache.size <= 3_000
    assert cache.read("0") is not None
    assert cache.read("5") is None


def test_what_a_search_may_not_see_yet_stays_beyond_the_bound() -> None:
    clock = Clock()
    cache = DocumentCache(1_000, held=True, clock=clock)
    for number in range(20):
        cache.put(str(number), VERSION, b"[]")
    clock.now = 11
    cache.put("last", VERSION, b"[]")
    assert (len(cache), cache.full) == (21, True)
    cache.seen(11)
    assert (cache.size <= 1_000, cache.full) == (True, False)
    assert cache.read("last") is not None, "put when the refresh began: it may not be in it"
    cache.seen(5)
    cache.put("next", VERSION, b"[]")
    assert cache.read("next") is not None, "an older refresh takes nothing back, nor gives more"


def test_the_least_recently_used_of_what_is_seen_goes() -> None:
    clock = Clock()
    cache = DocumentCache(1_000, held=True, clock=clock)
    cache.put("old", VERSION, b"[]")
    clock.now = 1
    cache.seen(1)
    for number in range(20):
        cache.put(str(number), VERSION, b"[]")
    assert cache.read("old") is None
    assert len(cache) == 20


def test_a_burst_passes_the_bound_so_far_and_no_further() -> None:
    cache = DocumentCache(1_000, held=True)
    body = random.Random(1).randbytes(1024 * 1024)  # which does not compress
    for number in range(64):
        assert not cache.overfull
        cache.put(str(number), VERSION, body)
    assert cache.overfull
    cache.seen(time.monotonic())
    assert not cache.overfull
