"""When the roll-up takes up a date, and which dates it audits."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from aggregations.facts.schedule import Schedule, to_audit
from hubstat.elastic.marks import Mark

D = date(2026, 11, 20)
NEXT = D + timedelta(days=1)


def mark(at: int) -> Mark:
    return Mark(D.isoformat(), at, 1, 1)


def test_a_date_that_is_being_written_to_waits_until_it_is_quiet() -> None:
    schedule = Schedule(5_000)
    assert schedule.ready({D: mark(1_000), NEXT: None}, 2_000, 2.0) == [NEXT]
    assert schedule.ready({D: mark(1_000)}, 6_000, 6.0) == [D]


def test_a_date_that_is_never_quiet_is_taken_up_once_in_a_while() -> None:
    schedule = Schedule(5_000)
    taken = []
    for second in range(1, 601):
        due = {D: mark(second * 1_000)}
        if schedule.ready(due, second * 1_000, float(second)):
            taken.append(second)
            schedule.ran(D, float(second), second + 20.0)
    assert taken[0] == 61
    # 20 s of work, then three times that of rest.
    assert all(80 <= later - earlier <= 82 for earlier, later in pairwise(taken))
    assert len(taken) == 7


def test_a_date_rests_after_it_was_computed() -> None:
    schedule = Schedule(1_000)
    schedule.ran(D, 100.0, 110.0)
    due = {D: mark(0)}
    assert schedule.ready(due, 10**6, 139.0) == []
    assert schedule.ready(due, 10**6, 140.0) == [D]


def test_the_last_three_closed_dates_are_audited_once() -> None:
    days = [D - timedelta(days=back) for back in range(5)]
    assert to_audit(days, [], D) == [D - timedelta(days=2), D - timedelta(days=1), D]
    assert to_audit(days, [D, D - timedelta(days=2)], D) == [D - timedelta(days=1)]
    assert to_audit([], [], D) == []
