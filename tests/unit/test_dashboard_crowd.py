"""How many pages ask: those of the last seconds."""

from __future__ import annotations

from dashboard.crowd import Crowd


def test_those_who_asked_lately_are_counted() -> None:
    now = [0.0]
    crowd = Crowd(2.0, lambda: now[0])
    assert [crowd.asked() for _ in range(3)] == [1, 2, 3]
    now[0] = 1.9
    assert crowd.asked() == 4
    now[0] = 2.0
    assert crowd.asked() == 2, "the first three are too long ago"
    now[0] = 60.0
    assert crowd.asked() == 1
