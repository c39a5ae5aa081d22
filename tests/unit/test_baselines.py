"""Allowance, standard and plan share from small histories."""

from collections import Counter
from datetime import date
from math import ceil

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubstat.domain import time as tm
from hubstat.domain.baselines import (
    NO_BASELINES,
    Baselines,
    DayShare,
    allowances_of,
    minutes,
    nearest_rank,
    percentile_of_counts,
    plan_of,
    standards_of,
)

A_DAY = ("A", "DAY")


def test_nearest_rank_is_a_value_and_never_an_average() -> None:
    assert nearest_rank([10, 20], 0.5) == 10  # place ⌈0.5 × 2⌉ = 1
    assert nearest_rank([10, 20, 30], 0.5) == 20  # place ⌈1.5⌉ = 2
    assert nearest_rank(list(range(1, 21)), 0.95) == 19  # place ⌈19.0⌉ = 19
    assert nearest_rank(list(range(1, 22)), 0.95) == 20  # place ⌈19.95⌉ = 20
    assert nearest_rank([7], 0.95) == 7


@given(st.lists(st.integers(0, 50), min_size=1, max_size=80), st.sampled_from([0.5, 0.9, 0.95]))
def test_counts_and_values_have_the_same_percentile(values: list[int], p: float) -> None:
    assert percentile_of_counts(Counter(values), p) == nearest_rank(sorted(values), p)
    assert nearest_rank(sorted(values), p) == sorted(values)[ceil(p * len(values)) - 1]


def test_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="nothing is counted"):
        percentile_of_counts(Counter(), 0.5)


def test_minutes_are_rounded_up() -> None:
    assert [minutes(ms) for ms in (0, 1, 60_000, 60_001)] == [0, 1, 1, 2]


def test_allowance_is_p95_of_the_remainders_but_never_under_15_minutes() -> None:
    # 20 gaps: 18 of 2 min, one of 22, one of 90. Place ⌈0.95 × 20⌉ = 19: the one of 22 min.
    # 10 gaps of 3 min: p95 = 3 min, so the 15 min stay.
    found = allowances_of(
        {A_DAY: Counter({2: 18, 22: 1, 90: 1}), ("A", "DAWN"): Counter({3: 10}), ("B", "DAY"): Counter()}
    )
    assert found == {A_DAY: 22 * tm.MINUTE, ("A", "DAWN"): 15 * tm.MINUTE}


def test_standard_is_the_median_over_friend_days() -> None:
    # Four Friend-days of 3, 9, 4 and 5 min a stop; in order 3 4 5 9; place ⌈0.5 × 4⌉ = 2: 4 min, not 4.5.
    found = standards_of({A_DAY: [180_000.0, 540_000.0, 240_000.0, 300_000.0], ("B", "DAY"): [], ("C", "DAY"): [0.0]})
    assert found == {A_DAY: 240_000.0}  # nothing known of B; a stop in no time is no standard


def test_share_is_cumulative_by_hour_offset() -> None:
    # Due 10: one the evening before at 23:xx, four at 09:xx, two at 10:xx, one on the day after next, 2 never.
    share = DayShare(10, {-1: 1, 9: 4, 10: 2, 48: 1}).shares()
    assert len(share) == 72
    assert [share[24 + offset] for offset in (-2, -1, 8, 9, 10, 47)] == [0.0, 0.1, 0.1, 0.5, 0.7, 0.7]


def test_offsets_count_from_local_midnight() -> None:
    zone, day = tm.zone("KR"), date(2026, 11, 20)
    nine = tm.parse_instant("2026-11-20T09:30:00+09:00") // tm.HOUR
    late = tm.parse_instant("2026-11-19T23:40:00+09:00") // tm.HOUR
    assert DayShare.of_hours(4, {nine: 3, late: 1}, day, zone) == DayShare(4, {9: 3, -1: 1})


def test_plan_share_is_the_median_of_the_same_weekdays_place_by_place() -> None:
    # Shares at the end of 09:xx: 0.2, 0.5, 0.4, and one date without anything due that does not count.
    # Of three values place 2: 0.4. At the end of 10:xx: 1.0, 0.6, 0.8 -> 0.8.
    key = ("C1", "DELIVERY", "DAY")
    days = [DayShare(10, {9: 2, 10: 8}), DayShare(10, {9: 5, 10: 1}), DayShare(5, {9: 2, 10: 2}), DayShare(0, {})]
    plan = plan_of([{key: share} for share in days])
    assert [plan[key][24 + offset] for offset in (8, 9, 10, 47)] == [0.0, 0.4, 0.8, 0.8]
    assert plan_of([{key: DayShare(0, {})}]) == {}


def test_nothing_known_gives_15_minutes_and_no_standard() -> None:
    assert (NO_BASELINES.allowance("A", "DAY"), NO_BASELINES.standard("A", "DAY")) == (15 * tm.MINUTE, None)
    known = Baselines("2026-11-20", 1, {A_DAY: 1_200_000}, {A_DAY: 240_000.0}, {})
    assert (known.allowance("A", "DAY"), known.standard("A", "DAY")) == (1_200_000, 240_000.0)
    for area, wave in ((None, "DAY"), ("A", None), ("A", "DAWN")):
        assert (known.allowance(area, wave), known.standard(area, wave)) == (15 * tm.MINUTE, None)


def test_baselines_come_back_from_json() -> None:
    share = DayShare(7, {9: 3, 12: 2}).shares()
    plan = {("C1", "RETURN", "DAY"): share, ("C1", "DELIVERY", "DAY"): share}
    known = Baselines("2026-11-20", 3, {A_DAY: 1_200_000}, {A_DAY: 1 / 3}, plan)
    assert Baselines.of_document(orjson.loads(orjson.dumps(known.to_document()))) == known
    turned = Baselines("2026-11-20", 3, {A_DAY: 1_200_000}, {A_DAY: 1 / 3}, dict(reversed(plan.items())))
    assert orjson.dumps(turned.to_document()) == orjson.dumps(known.to_document())
