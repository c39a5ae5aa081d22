"""The board is made before anybody looks, and whenever one is due; what fails is said once and tried again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest

from dashboard.warm import kept_warm
from hubstat.errors import QueryError


class Kept:
    """Does something whenever it is kept. pause: s until it is due again."""

    def __init__(self, does: Callable[[], None], pause: float = 60.0) -> None:
        self.does = does
        self.pause = pause
        self.looked_at = threading.Event()

    def keep(self) -> float:
        self.does()
        return self.pause


def test_the_first_board_is_made_before_anybody_is_served() -> None:
    made: list[str] = []
    with kept_warm(Kept(lambda: made.append(threading.current_thread().name))):
        assert made == ["warm"]
    assert made == ["warm"]
    assert "warm" not in {thread.name for thread in threading.enumerate()}


def test_who_comes_to_what_nobody_looked_at_is_not_kept_waiting() -> None:
    enough, made = threading.Event(), []

    def make() -> None:
        made.append(len(made))
        if len(made) == 2:
            enough.set()

    kept = Kept(make)
    with kept_warm(kept):
        assert made == [0]
        kept.looked_at.set()
        assert enough.wait(1.0), "long before the longest pause is over"


def test_it_goes_on_after_what_failed(caplog: pytest.LogCaptureFixture) -> None:
    enough, tried = threading.Event(), []

    def make() -> None:
        tried.append(len(tried))
        if len(tried) == 6:
            enough.set()
        if len(tried) < 4:
            raise QueryError("Elasticsearch does not answer")

    with caplog.at_level(logging.WARNING), kept_warm(Kept(make, 0.0), again_seconds=0.001):
        assert enough.wait(10)
    assert [record.getMessage() for record in caplog.records] == [
        "the board cannot be kept at hand: Elasticsearch does not answer"
    ]
