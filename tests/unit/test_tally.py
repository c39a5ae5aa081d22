"""Tallies and roll-up: children sum to their parent, ratios and percentiles are of sums, a kept tally comes back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise
from math import ceil
from typing import Any

import pytest
from drawn import FRIENDS, HOURS, MINUTES, T, contexts, friend_days, pending, rows, waiting
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from memory import ZONE, flat
from worked_cases import MASTER

from aggregations.counting import add_tallies
from aggregations.day import plan_tally
from aggregations.question import ALL_WAVES, Question, Scope
from aggregations.rollup import Ground, friend_rows, hub_rows, resolve
from aggregations.tally import (
    AT_RISK,
    COMPLETED_MINUTES,
    LOADS,
    Contributions,
    Tally,
    backlog_contributions,
    contributions,
    figures,
)
from aggregations.work import friend_tallies, outlook
from hubstat.domain import time as tm
from hubstat.domain.baselines import Baselines
from hubstat.domain.codes import DIRECTIONS, Direction
from hubstat.domain.hierarchy import LEVELS, UNMAPPED
from hubstat.domain.invoice import STAGES
from hubstat.domain.masterdata import parse
from hubstat.domain.measures import WAVE_CLOSES_AFTER, Context
from hubstat.domain.metric import (
    FriendLatest,
    FriendRatio,
    Plan,
    Ratio,
    Shares,
)
from hubstat.domain.metrics import METRICS, metrics_for
from hubstat.domain.row import Row
from hubstat.errors import QueryError

DAY = date(2026, 11, 21)
MASTER_DATA = parse(MASTER, "KR")
TREE = MASTER_DATA.hierarchy.on(DAY)
GROUND = Ground(TREE, TREE)
MIDNIGHT = tm.day_start(DAY, ZONE)
BASELINES = Baselines(DAY.isoformat(), 1, {("A", "DAY"): 20 * tm.MINUTE}, {("A", "DAY"): 90_000.0}, {})
Place = tuple[str | None, str | None]
# A plan is of a camp: a Friend has none.
# Minutes at which a bucket of lateness ends.
EDGES = (0, 30, 60, 120, 360, 1440, 2880)
OF_CAMPS = {metric.id for metric in METRICS if isinstance(metric.measure, Plan)}


def area_of(camp: str | None) -> str | None:
    return TREE.path(camp).area if TREE.knows(camp) else None


def deadline_of(wave: str) -> int:
    return T + {"DAY": 2, "DAWN": -2}.get(wave, 4) * tm.HOUR


def completed(tally: Tally, minute: int) -> None:
    """Count one completion."""
    tally.hours[minute // 60] += 1
    tally.minutes[COMPLETED_MINUTES, minute] += 1
    tally.reach("completed", minute * tm.MINUTE)


@st.composite
def networks(
    draw: st.DrawFn, direction: Direction
) -> tuple[dict[Place, Tally], dict[Place, Tally], dict[tuple[str | None, ...], Tally]]:
    """What is counted by (camp, Friend), what waits by (camp, Friend), and the plans by camp."""
    found: dict[Place, Tally] = {}
    context = draw(contexts)
    for row in draw(st.lists(rows(direction), max_size=8)):
        tally = found.setdefault((row.camp, draw(st.sampled_from([None, *FRIENDS]))), Tally())
        tally.counts.update(contributions(row, context))
        tally.counts.update(draw(st.lists(st.sampled_from([(LOADS["gap"], ""), (LOADS["assigned"], "")]), max_size=2)))
        if draw(st.booleans()):
            completed(tally, draw(MINUTES))
        if direction == "RETURN":
            tally.minutes[draw(st.sampled_from(STAGES)), draw(st.integers(0, 99))] += 1
    days = draw(st.lists(friend_days, max_size=3, unique_by=lambda day: day.friend_id))
    works = [friend_tallies(day, BASELINES, area_of) for day in days]
    left = draw(st.lists(pending, max_size=8, unique_by=lambda each: (each.direction, each.invoice_no)))
    projected = outlook(
        left,
        {day.friend_id: day for day in days},
        as_of=T,
        baselines=BASELINES,
        area_of=area_of,
        deadline_of=deadline_of,
    )
    for work in [*works, {place: left.tally() for place, left in projected.work.items()}]:
        for place, tally in work.items():
            found.setdefault(place, Tally()).add(tally)
    for each in projected.at_risk:
        if each.direction == direction:
            found.setdefault((each.camp, each.friend), Tally()).counts[AT_RISK[direction], ""] += 1
    waits: dict[Place, Tally] = {}
    for item in draw(st.lists(waiting, max_size=5)):
        place = (item.camp, draw(st.sampled_from([None, *FRIENDS])))
        waits.setdefault(place, Tally()).counts.update(backlog_contributions(item, T))
    plans: dict[tuple[str | None, ...], Tally] = {}
    for camp in draw(st.sets(st.sampled_from(["C1", "C2", "C9"]))):
        shares = draw(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=4, max_size=4).map(sorted))
        at_hours = [0.0] * 40 + shares + [shares[-1]] * 28
        plans[camp,] = plan_tally(draw(st.integers(1, 9)), at_hours, MIDNIGHT, T)
    return found, waits, plans


def by_camp(tallies: Mapping[Place, Tally]) -> dict[tuple[str | None, ...], Tally]:
    found: dict[tuple[str | None, ...], Tally] = {}
    for (camp, _), tally in tallies.items():
        found.setdefault((camp,), Tally()).add(tally)
    return found


def summed(values: Iterable[Any]) -> Any:
    """The sum of numbers and of the parts of split figures; null where none of them has a value."""
    known = [value for value in values if value is not None]
    if known and isinstance(known[0], dict):
        keys = {key for value in known for key in value}
        return {key: sum(value.get(key, 0) for value in known) for key in keys}
    return sum(known) if known else None


def nonzero(value: Any) -> Any:
    """A split figure without its parts that are 0: a part that is not there is 0."""
    return {key: part for key, part in value.items() if part} if isinstance(value, dict) else value


def carried(curve: dict[str, float] | None, hours: Iterable[str]) -> dict[str, float]:
    """A cumulative curve at all these hours: 0 before it begins, its last value after it ends."""
    found, last = {}, 0.0
    for hour in hours:
        found[hour] = last = (curve or {}).get(hour, last)
    return found


def adding(direction: Direction) -> list[str]:
    return [metric.id for metric in metrics_for(direction).values() if metric.additive]


@settings(max_examples=80, deadline=None)
@given(direction=st.sampled_from(DIRECTIONS), drawn=st.data())
def test_children_with_unassigned_and_unmapped_sum_to_their_parent(direction: Direction, drawn: st.DataObject) -> None:
    friends, waits, plans = drawn.draw(networks(direction))
    camps, waiting_camps = by_camp(friends), by_camp(waits)
    add_tallies(camps, plans)
    whole = Scope("nationwide", "KR")
    levels = {
        level: hub_rows(GROUND, MASTER_DATA, camps, waiting_camps, _question(level, direction), whole)
        for level in LEVELS
    }
    asked = _question("friend", direction)
    levels["friend"] = friend_rows(GROUND, MASTER_DATA, friends, waits, asked, whole)
    for upper, lower in pairwise([*LEVELS, "friend"]):
        for parent in levels[upper]:
            children = [row.figures for row in levels[lower] if row.parent == parent.hub]
            for name in adding(direction):
                if lower == "friend" and (name in OF_CAMPS or not children):
                    continue
                if name == "plan_by_hour":
                    hours = list(parent.figures[name] or ())
                    children = [{**child, name: carried(child[name], hours)} for child in children]
                found = nonzero(summed(child[name] for child in children))
                assert (found or None) == pytest.approx(nonzero(parent.figures[name]) or None), (
                    upper,
                    parent.hub,
                    name,
                )
    assert [list(row.figures) for row in levels["nationwide"]] == [list(metrics_for(direction))]
    assert {row.hub for row in levels["camp"]} >= {"C1", "C2"}


def _question(level: str, direction: Direction) -> Question:
    return Question(level, DAY, None, T, T, ALL_WAVES, direction)


@settings(max_examples=80, deadline=None)
@given(direction=st.sampled_from(DIRECTIONS), drawn=st.data())
def test_a_sum_has_the_sum_of_figures_the_ratio_of_sums_and_the_latest(
    direction: Direction, drawn: st.DataObject
) -> None:
    parts = [tally for tallies in drawn.draw(networks(direction)) for tally in tallies.values()]
    whole = Tally()
    for part in parts:
        whole.add(part)
    each = [figures(part, direction, ZONE) for part in parts] or [figures(Tally(), direction, ZONE)]
    found = figures(whole, direction, ZONE)
    for metric in metrics_for(direction).values():
        value = found[metric.id]
        match metric.measure:
            case Ratio(numerator, denominator):
                assert value == (found[numerator] / found[denominator] if found[denominator] else None)
            case Shares(shares, total):
                assert value == {key: n / found[total] for key, n in found[shares].items()}
                assert sum(value.values()) == pytest.approx(1 if found[total] else 0)
            case FriendRatio():
                top, bottom = {
                    "efficiency": ("standard_minutes", "efficiency_net_minutes"),
                    "departure_on_time_rate": ("routes_on_time", "routes_departed"),
                }[metric.id]
                assert value == pytest.approx(found[top] / found[bottom] if found[bottom] else None)
            case FriendLatest():
                assert value == max((one[metric.id] for one in each if one[metric.id] is not None), default=None)
            case Plan("hours"):
                hours = list(value or ())
                found_hours = summed(carried(one[metric.id], hours) for one in each)
                assert (value or None) == pytest.approx(found_hours or None)
            case _ if metric.additive:
                assert nonzero(value) == pytest.approx(nonzero(summed(one[metric.id] for one in each))), metric.id


@settings(max_examples=60, deadline=None)
@given(direction=st.sampled_from(DIRECTIONS), drawn=st.data())
def test_a_kept_tally_comes_back(direction: Direction, drawn: st.DataObject) -> None:
    """As JSON and back it gives the same figures, and is kept alike whatever it was added up from in which order."""
    friends, waits, plans = drawn.draw(networks(direction))
    parts = [*friends.values(), *waits.values(), *plans.values()]
    forth, back = Tally(), Tally()
    for part in parts:
        forth.add(part)
    for part in reversed(parts):
        back.add(part)
    kept = json.loads(json.dumps(forth.to_document()))
    again = Tally.of_document(kept)
    assert figures(again, direction, ZONE) == figures(forth, direction, ZONE)
    assert json.loads(json.dumps(again.to_document())) == kept
    other = json.loads(json.dumps(back.to_document()))
    for inexact in ("sums", "plan"):
        assert flat(dict(other.pop(inexact))) == pytest.approx(flat(dict(kept.pop(inexact))))
    assert other == kept


@given(left=st.lists(MINUTES, max_size=30), right=st.lists(MINUTES, min_size=1, max_size=30))
def test_a_percentile_is_the_nearest_rank_of_all_of_them(left: list[int], right: list[int]) -> None:
    """Counts by minute add; the percentile of a sum is that of both together, never of the two percentiles."""
    tallies = []
    for minutes in (left, right):
        tally = Tally()
        for minute in minutes:
            completed(tally, minute)
            tally.minutes["refund_latency", minute % 100] += 1
        tallies.append(tally)
    tallies[0].add(tallies[1])
    found = figures(tallies[0], "RETURN", ZONE)
    ordered = sorted([*left, *right])
    stage = sorted(minute % 100 for minute in ordered)
    rank = [ceil(len(ordered) * percent / 100) - 1 for percent in (50, 90, 95)]
    assert found["completion_p95"] == tm.iso_local(ordered[rank[2]] * tm.MINUTE, ZONE)
    assert found["last_completed_at"] == tm.iso_local(ordered[-1] * tm.MINUTE, ZONE)
    assert found["return_refund_latency"] == {"median": stage[rank[0]], "p90": stage[rank[1]], "n": len(stage)}


@given(drawn=st.lists(rows(), min_size=1, max_size=6), those=st.lists(contexts, min_size=1, max_size=3), data=st.data())
def test_what_was_known_of_a_row_holds_until_its_promise_a_bucket_or_its_wave_passes(
    drawn: list[Row], those: list[Context], data: st.DataObject
) -> None:
    known = Contributions()
    edges = [row.promise for row in drawn] + [row.promise + minutes * tm.MINUTE for row in drawn for minutes in EDGES]
    closings = [context.deadline(row.wave) + WAVE_CLOSES_AFTER for context in those for row in drawn]
    times = st.sampled_from([at + beside for at in (*edges, *closings) for beside in (-1, 0, 1)])
    for context in those:
        for as_of in data.draw(st.lists(times, min_size=1, max_size=6)):
            now = replace(context, as_of=as_of)
            known.begin(now)
            for row in drawn:
                found, kind = known.row(row.cell())
                assert (found, known.of(kind, now)) == (row, contributions(row, now))


@given(row=rows(), context=contexts)
def test_split_figures_sum_to_what_they_split(row: Row, context: Context) -> None:
    """Every row has one state in M3; the buckets hold the late ones; due is done, open or closed; M5 by its groups."""
    assume(row.settled is not None or row.state != "done")
    tally = Tally()
    tally.counts.update(contributions(row, context))
    direction: Direction = "RETURN" if row.direction == "RETURN" else "DELIVERY"
    found = figures(tally, direction, ZONE)
    prefix = "m1" if direction == "DELIVERY" else "m2"
    assert sum(found["m3"].values()) == 1
    assert sum(found[f"{prefix}_buckets"].values()) == found[f"{prefix}_late"]
    assert found["completed"] + found["open"] + found["closed"] == found["due"]
    assert sum(found["m5"].values()) == sum(found["m5_groups"].values()) == found["undelivered"]
    assert found["undelivered"] <= found["due"]
    assert found["carried_over"] <= found["open"]


@given(
    worked=st.dictionaries(HOURS, st.integers(1, 9)),
    stops=st.dictionaries(HOURS, st.integers(1, 9)),
    net=st.dictionaries(HOURS, st.integers(1, tm.HOUR)),
)
def test_rates_are_per_net_hour_and_null_under_ten_minutes(
    worked: dict[int, int], stops: dict[int, int], net: dict[int, int]
) -> None:
    whole = sum(net.values())
    tally = Tally(worked=Counter(worked), stops=Counter(stops), net=Counter(net), friends=Counter(net_on_road=whole))
    found = figures(tally, "DELIVERY", ZONE)

    def rate(done: int, length: int) -> float | None:
        return None if length < 10 * tm.MINUTE else pytest.approx(done * tm.HOUR / length)

    for done, by_hour, over_all in (
        (worked, "invoices_per_hour", "hourly_deliveries"),
        (stops, "stops_per_hour", "hourly_stops"),
    ):
        assert found[over_all] == rate(sum(done.values()), whole)
        assert found[by_hour] == {
            tm.hour_label(hour, ZONE): rate(done.get(hour, 0), net.get(hour, 0)) for hour in sorted({*done, *net})
        }


@pytest.mark.parametrize(
    ("as_of", "planned"),
    [(-24 * 60, 0.0), (9 * 60, 0.0), (10 * 60 + 30, 1.0), (11 * 60, 2.0), (12 * 60, 4.0), (4000, 4.0)],
)
def test_a_plan_is_linear_within_the_hour(as_of: int, planned: float) -> None:
    """4 due: a half by 11:00, all by 12:00 (minutes from midnight)."""
    shares = [0.0] * 34 + [0.5] + [1.0] * 37
    tally = plan_tally(4, shares, MIDNIGHT, MIDNIGHT + as_of * tm.MINUTE)
    found = figures(tally, "DELIVERY", ZONE)
    assert found["plan"] == planned
    assert found["plan_due"] == 4
    assert found["plan_by_hour"] == {"2026-11-21T10": 2.0, "2026-11-21T11": 4.0}


def test_a_hub_without_history_has_no_plan() -> None:
    found = figures(Tally(), "DELIVERY", ZONE)
    assert (found["plan"], found["plan_by_hour"], found["plan_due"]) == (None, None, 0)


def test_ratios_are_of_sums_and_null_over_nothing() -> None:
    for metric in METRICS:
        if isinstance(metric.measure, Ratio):
            direction = metric.directions[0]
            assert {metric.measure.numerator, metric.measure.denominator} <= metrics_for(direction).keys()
            tally = Tally()
            assert figures(tally, direction, ZONE)[metric.id] is None
            tally.counts[metric.measure.denominator, ""], tally.counts[metric.measure.numerator, ""] = 4, 1
            assert figures(tally, direction, ZONE)[metric.id] == 0.25


def test_only_the_figures_that_are_asked_for() -> None:
    assert list(figures(Tally(), "RETURN", ZONE, ["open", "m2_rate"])) == ["open", "m2_rate"]
    assert list(figures(Tally(), "RETURN", ZONE)) == list(metrics_for("RETURN"))


@pytest.mark.parametrize(
    ("level", "hub", "found"),
    [
        ("camp", None, Scope("nationwide", "KR")),
        ("camp", "A", Scope("area", "A")),
        ("friend", "C9", Scope("camp", "C9")),
        ("camp", "camp:C9", Scope("camp", "C9")),
        ("camp", "area:unmapped", Scope("area", UNMAPPED)),
        ("area", "region:R1", Scope("region", "R1")),
    ],
)
def test_a_hub_is_named_by_its_id_or_by_its_level_too(level: str, hub: str | None, found: Scope) -> None:
    assert resolve(TREE, level, hub) == found


@pytest.mark.parametrize(
    ("level", "hub"),
    [("area", "C1"), ("area", "camp:C1"), ("camp", "area:nowhere"), ("camp", "region:A"), ("region", "nowhere")],
)
def test_a_hub_that_does_not_exist_there_is_refused(level: str, hub: str) -> None:
    with pytest.raises(QueryError):
        resolve(TREE, level, hub)
