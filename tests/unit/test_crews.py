"""Friends' work added up from tick to tick is what adding all of it anew gives, whatever has changed between."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from memory import MemoryNetwork

from aggregations.crews import CrewWork
from aggregations.question import Moment
from aggregations.tally import Tally
from aggregations.work import friend_tallies, work_of_camps
from hubstat.domain import time as tm
from hubstat.domain.baselines import Baselines
from hubstat.domain.excluded import Pauses
from hubstat.domain.friendday import Effort, FriendDay, Route

AREAS = {"C1": "A1", "C2": "A1", "C3": "A2"}
CAMPS = [*AREAS, None]
START = 500_000 * tm.HOUR
BASELINES = Baselines("2026-11-20", 3, {}, {("A1", "DAY"): 143_217.3, ("A2", "DAWN"): 98_765.4}, {})


def friend_day(chance: random.Random, friend: str, at: int) -> FriendDay:
    """Some Friend-day as it may be at a time, ms."""

    def by_hour(most: int) -> dict[int, int]:
        return {START // tm.HOUR + hour: chance.randrange(most) for hour in range(chance.randrange(5))}

    routes = tuple(
        Route(f"R{n}", chance.choice(CAMPS), at, chance.choice([None, at + chance.randrange(-9, 30) * tm.MINUTE]))
        for n in range(chance.choice([0, 0, 1, 2]))
    )
    efforts = tuple(
        Effort(wave, chance.randrange(9 * tm.HOUR), chance.randrange(90))
        for wave in chance.sample(["DAY", "DAWN", None], chance.randrange(3))
    )
    last = None if chance.random() < 0.3 else at - chance.randrange(tm.HOUR)
    pauses = Pauses(last, START, (), (), ((at, at + 10 * tm.MINUTE),), ())
    return FriendDay(
        friend, "2026-11-20", chance.choice(CAMPS), by_hour(40), by_hour(tm.HOUR), by_hour(30),
        chance.randrange(tm.DAY), {"break": chance.randrange(tm.HOUR)} if chance.random() < 0.5 else {},
        chance.randrange(tm.DAY), chance.randrange(tm.HOUR), chance.randrange(90), chance.randrange(3),
        chance.randrange(3), chance.random() < 0.5, chance.choice(["out", "back", "absent", "worked", "none"]), efforts,
        pauses.silence(at), 8 * tm.MINUTE, pauses, None, (), None, 0, 0, None, 0, None, routes, None,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_it_is_what_adding_all_anew_gives(seed: int) -> None:
    chance = random.Random(seed)
    work = CrewWork(BASELINES)
    known: dict[str, FriendDay] = {}
    at = START
    for _ in range(12):
        at += chance.randrange(tm.HOUR)
        for friend in chance.sample(range(200), chance.choice([0, 3, 40])):
            known[f"F{friend:03}"] = friend_day(chance, f"F{friend:03}", at)
        for friend in chance.sample(sorted(known), chance.choice([0, 0, min(5, len(known))])):
            del known[friend]
        days = [known[friend] for friend in sorted(known)]
        anew = {}
        for day in days:
            anew |= friend_tallies(day.at(at), BASELINES, AREAS.get)
        wanted = {(camp,): tally for camp, tally in work_of_camps(anew).items()}
        found = work.at(days, at, AREAS.get)
        assert found == wanted
        for place, tally in found.items():  # also which hours there are: to a Counter one without any is none
            assert [dict(tally.worked), dict(tally.net)] == [dict(wanted[place].worked), dict(wanted[place].net)]
    assert any(tally.sums for tally in wanted.values())


def test_a_day_that_reads_the_same_but_is_another_one_is_taken_anew() -> None:
    chance = random.Random(1)
    day = replace(friend_day(chance, "F1", START), status="out", camp="C1", stops=3, routes=())
    work = CrewWork(BASELINES)
    assert work.at([day], START, AREAS.get)["C1",].friends["stops"] == 3
    assert work.at([replace(day, stops=4)], START, AREAS.get)["C1",].friends["stops"] == 4
    assert work.at([], START, AREAS.get) == {}


def test_what_a_tick_has_added_up_is_not_added_up_again() -> None:
    day = MemoryNetwork().day(date(2026, 11, 20), Moment(START, START))
    given = {("C1",): Tally(friends=Counter({"stops": 7}))}
    day.give_work(given)
    assert day.tallies("camp", "DELIVERY", "all", frozenset({"friends"}))["C1",].friends["stops"] == 7
    assert ("work", False) not in day._kept
    assert ("days",) not in day._kept
