"""The board is looked at before anybody does, and from time to time; what fails is said once and tried again."""

from __future__ import annotations

import logging
import threading

import pytest

from dashboard.warm import kept_warm
from hubstat.errors import QueryError


def test_the_first_look_is_over_before_anybody_is_served() -> None:
    looks: list[str] = []

    def look() -> None:
        looks.append(threading.current_thread().name)

    with kept_warm(look, 60.0):
        assert looks == ["warm"]
    assert looks == ["warm"]
    assert "warm" not in {thread.name for thread in threading.enumerate()}


def test_looks_go_on_after_one_that_failed(caplog: pytest.LogCaptureFixture) -> None:
    enough = threading.Event()
    looks: list[int] = []

    def look() -> None:
        looks.append(len(looks))
        if len(looks) == 6:
            enough.set()
        if len(looks) < 4:
            raise QueryError("Elasticsearch does not answer")

    with caplog.at_level(logging.WARNING), kept_warm(look, 0.001):
        assert enough.wait(10)
    assert [record.getMessage() for record in caplog.records] == [
        "the board cannot be kept at hand: Elasticsearch does not answer"
    ]
