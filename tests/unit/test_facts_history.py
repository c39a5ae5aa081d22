"""What a closed day gives to baselines, and the baselines of a date from the days before it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import orjson
from closed_days import DAY, TREE, contents

from aggregations.facts.history import History, baselines_from, hash_of, history_of, window
from aggregations.tally import Tally
from hubstat.domain import time as tm
from hubstat.domain.baselines import FIRST_OFFSET
from hubstat.domain.friendday import Effort

ZONE = tm.zone("KR")
D = date(2026, 11, 20)
MIDNIGHT = tm.day_start(D, ZONE) // tm.HOUR


def history(*efforts: Effort, due: int = 4, done: int = 2) -> History:
    final = contents(
        {
            ("C1", "DAY"): Tally(counts=Counter({("due", ""): due}), hours=Counter({MIDNIGHT + 9: done})),
            ("C1", "all"): Tally(counts=Counter({("due", ""): due}), hours=Counter({MIDNIGHT + 9: done})),
        },
        replace(DAY, efforts=efforts or (Effort("DAY", 600_000, 2), Effort(None, 7, 1), Effort("DAWN", 5, 0))),
        replace(DAY, friend_id="F2", camp="nowhere", efforts=(Effort("DAY", 1, 1),)),
    )
    final.gaps = {"F1": {"DAY": {3: 19, 40: 2}, None: {99: 5}}, "F2": {"DAY": {50: 100}}}
    found: History = orjson.loads(orjson.dumps(history_of(final, TREE, D, ZONE)))
    return found


def test_a_day_gives_its_mapped_runs_that_have_a_wave() -> None:
    found = history()
    assert found["gaps"] == [["A", "DAY", [[3, 19], [40, 2]]]]
    assert found["paces"] == [["A", "DAY", [300_000.0]]]
    assert found["shares"] == [
        ["C1", "DELIVERY", "DAY", 4, [[9, 2]]],
        ["C1", "RETURN", "DAY", 4, [[9, 2]]],
    ]
    assert hash_of(found) == hash_of(history())
    assert hash_of(found) != hash_of(history(done=3))


def test_baselines_are_of_the_days_29_to_2_before() -> None:
    target = date(2026, 12, 10)
    days = {(target - timedelta(days=back)).isoformat(): history(Effort("DAY", back * 1_000, 1)) for back in range(40)}
    made, samples = baselines_from(target, 3, days)
    assert (made.service_date, made.version) == ("2026-12-10", 3)
    # The 14th of the 28 values 2,000 … 29,000 ms.
    assert made.standard("A", "DAY") == 15_000
    assert made.allowance("A", "DAY") == 40 * tm.MINUTE
    assert made.plan["C1", "DELIVERY", "DAY"][9 - FIRST_OFFSET] == 0.5
    assert made.plan["C1", "DELIVERY", "DAY"][8 - FIRST_OFFSET] == 0.0
    assert samples["gaps"] == [["A", "DAY", 28 * 21]]
    assert samples["friend_days"] == [["A", "DAY", 28]]
    assert samples["dates"] == [["C1", "DELIVERY", "DAY", 4], ["C1", "RETURN", "DAY", 4]]


def test_a_window_is_four_weeks_that_end_two_days_before() -> None:
    assert (window(D)[0], window(D)[-1], len(window(D))) == ("2026-10-22", "2026-11-18", 28)
