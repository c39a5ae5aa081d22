"""Compiler, tallies and roll-up: the query of a predicate matches what it holds for; children sum to their parent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from memory import ZONE, flat
from worked_cases import MASTER

from aggregations.compiler import Query, all_of, compile_predicate, in_camps
from aggregations.question import Scope
from aggregations.rollup import Ground, friend_rows, hub_rows, resolve
from aggregations.tally import Tally, contributions, figures
from hubstat.domain.codes import DIRECTIONS, Direction
from hubstat.domain.friendday import EXCLUDED_KINDS, FriendDay
from hubstat.domain.hierarchy import LEVELS, UNMAPPED
from hubstat.domain.invoice import STATES
from hubstat.domain.masterdata import parse
from hubstat.domain.measures import (
    AtLeast,
    Context,
    CustomerReason,
    Is,
    Known,
    Not,
    Predicate,
    PromisePassed,
    either,
    every,
    holds,
)
from hubstat.domain.metrics import METRICS, Ratio, metrics_for
from hubstat.domain.row import BUCKETS, NEVER_IN_BASE, Row
from hubstat.errors import QueryError

REASONS = ("고객부재", "시간초과", "UNKNOWN")
T = 1_000_000
MASTER_DATA = parse(MASTER, "KR")
TREE = MASTER_DATA.hierarchy.on(date(2026, 11, 21))
GROUND = Ground(TREE, TREE)


def matches(query: Query, document: dict[str, Any]) -> bool:
    """What Elasticsearch does with the part of its query language that the compiler uses."""
    ((kind, body),) = query.items()
    if kind == "bool":
        assert set(body) <= {"filter", "should", "must_not", "minimum_should_match"}
        should = [matches(part, document) for part in body.get("should", ())]
        return (
            all(matches(part, document) for part in body.get("filter", ()))
            and not any(matches(part, document) for part in body.get("must_not", ()))
            and sum(should) >= body.get("minimum_should_match", 0)
        )
    if kind == "exists":
        return bool(_values(document, body["field"]))
    ((field, wanted),) = body.items()
    values = _values(document, field)
    if kind == "term":
        return wanted in values
    if kind == "terms":
        return any(value in wanted for value in values)
    assert kind == "range"
    compare = {"gte": lambda a, b: a >= b, "lt": lambda a, b: a < b, "lte": lambda a, b: a <= b}
    return any(all(compare[op](value, limit) for op, limit in wanted.items()) for value in values)


def _values(document: dict[str, Any], field: str) -> list[Any]:
    """Doc values of a field: null and an empty list are none."""
    found = document[field]
    return list(found) if isinstance(found, tuple) else [] if found is None else [found]


@st.composite
def rows(draw: st.DrawFn, direction: Direction | None = None) -> Row:
    """Any row, also ones that no fold makes."""
    direction = direction or draw(st.sampled_from(DIRECTIONS))
    return Row(
        camp=draw(st.sampled_from([None, "C1", "C2", "C9", UNMAPPED])),
        direction=direction,
        wave=draw(st.sampled_from(["DAY", "DAWN"])),
        due=draw(st.booleans()),
        state=draw(st.sampled_from(STATES[direction])),
        promise=draw(st.integers(T - 2, T + 2)),
        settled=draw(st.one_of(st.none(), st.integers(NEVER_IN_BASE, len(BUCKETS) - 1))),
        attempt=draw(st.sampled_from([None, "ok", "failed"])),
        reason=draw(st.sampled_from([None, *REASONS])),
        step=draw(st.sampled_from(["NOT_ARRIVED", "NO_ATTEMPT"])),
        valid_reasons=tuple(sorted(draw(st.sets(st.sampled_from(REASONS))))),
    )


def document(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in Row.__slots__}


leaves = st.one_of(
    st.builds(Is, st.just("due"), st.booleans()),
    st.builds(Is, st.just("state"), st.sampled_from(STATES["DELIVERY"])),
    st.builds(Is, st.just("settled"), st.integers(NEVER_IN_BASE, 3)),
    st.builds(Is, st.just("valid_reasons"), st.sampled_from(REASONS)),
    st.builds(Known, st.sampled_from(["settled", "attempt", "reason", "camp", "valid_reasons"])),
    st.builds(AtLeast, st.just("settled"), st.integers(NEVER_IN_BASE, 3)),
    st.just(PromisePassed()),
    st.just(CustomerReason()),
)
predicates: st.SearchStrategy[Predicate] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: every(*parts)),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: either(*parts)),
        inner.map(Not),
    ),
    max_leaves=8,
)
contexts = st.sets(st.sampled_from(REASONS)).map(lambda found: Context(T, frozenset(found)))


@settings(max_examples=500, deadline=None)
@given(predicate=predicates, row=rows(), context=contexts)
def test_the_query_of_a_predicate_matches_what_it_holds_for(predicate: Predicate, row: Row, context: Context) -> None:
    assert matches(compile_predicate(predicate, context), document(row)) == holds(predicate, row, context)


@settings(deadline=None)
@given(row=rows(), context=contexts)
def test_the_query_of_every_registered_metric_matches_what_it_counts(row: Row, context: Context) -> None:
    counted = {name for name, _ in contributions(row, context)}
    for metric in METRICS:
        if metric.counted is not None and row.direction in metric.directions:
            assert matches(compile_predicate(metric.counted, context), document(row)) == (metric.id in counted)


@given(row=rows(), camps=st.lists(st.sampled_from([None, "C1", "C2"]), min_size=1, unique=True))
def test_camps_are_chosen_with_and_without_none(row: Row, camps: Sequence[str | None]) -> None:
    assert matches(in_camps(camps), document(row)) == (row.camp in camps)


def test_what_is_left_out_is_left_out() -> None:
    chosen = all_of([{"term": {"direction": "RETURN"}}], without=[{"exists": {"field": "camp"}}])
    assert matches(chosen, {"direction": "RETURN", "camp": None})
    assert not matches(chosen, {"direction": "RETURN", "camp": "C1"})
    assert not matches(chosen, {"direction": "DELIVERY", "camp": None})


@given(row=rows())
def test_a_row_comes_back_from_its_cell(row: Row) -> None:
    assert Row.of_cell(row.cell()) == row


friend_days = st.builds(
    FriendDay,
    friend_id=st.sampled_from(["F1", "F2"]),
    service_date=st.just("2026-11-21"),
    camp=st.sampled_from([None, "C1", "C2", "C9"]),
    on_road=st.integers(0, 10**7),
    excluded=st.fixed_dictionaries({kind: st.integers(0, 10**6) for kind in EXCLUDED_KINDS}),
    net_on_road=st.integers(0, 10**7),
    idle=st.integers(0, 10**6),
    stops=st.integers(0, 9),
    batch_scans=st.integers(0, 3),
    worked=st.dictionaries(st.integers(490_000, 490_003), st.integers(1, 9)),
    net=st.dictionaries(st.integers(490_000, 490_003), st.integers(1, 3_600_000)),
    out=st.booleans(),
    last_activity=st.integers(0, 10**9),
)


def add_row(tally: Tally, row: Row, completed_at: int | None) -> None:
    tally.counts.update(contributions(row, Context(T, frozenset({REASONS[0]}))))
    if completed_at is not None:
        tally.hours[completed_at] += 1
        tally.completed_at(completed_at)


@settings(max_examples=200, deadline=None)
@given(
    direction=st.sampled_from(DIRECTIONS),
    drawn=st.data(),
    days=st.lists(friend_days, max_size=5),
)
def test_children_with_unassigned_and_unmapped_sum_to_their_parent(
    direction: Direction, drawn: st.DataObject, days: list[FriendDay]
) -> None:
    friends: dict[tuple[str | None, str | None], Tally] = {}
    camps: dict[str | None, Tally] = {}
    for row in drawn.draw(st.lists(rows(direction), max_size=12)):
        friend = drawn.draw(st.sampled_from([None, "F1", "F2"]))
        completed_at = drawn.draw(st.one_of(st.none(), st.integers(490_000, 490_003)))
        add_row(friends.setdefault((row.camp, friend), Tally()), row, completed_at)
        add_row(camps.setdefault(row.camp, Tally()), row, completed_at)
    for day in days:
        friends.setdefault((day.camp, day.friend_id), Tally()).add_friend_day(day)
        camps.setdefault(day.camp, Tally()).add_friend_day(day)
    whole = Scope("nationwide", "KR")
    levels = {level: hub_rows(GROUND, camps, {}, level, whole, direction, None) for level in LEVELS}
    levels["friend"] = friend_rows(GROUND, MASTER_DATA, friends, {}, whole, direction, date(2026, 11, 21), None)
    adding = {metric.id for metric in metrics_for(direction).values() if metric.additive}
    order = [*LEVELS, "friend"]
    for upper, lower in pairwise(order):
        for parent in levels[upper]:
            children = [row.figures for row in levels[lower] if row.parent == parent.hub]
            wanted = {name: value for name, value in flat(parent.figures).items() if name.split(".")[0] in adding}
            for name, value in wanted.items():
                assert sum(flat(child).get(name, 0) for child in children) == pytest.approx(value), (upper, name)
    assert sum(len(row.figures) for row in levels["nationwide"]) == len(metrics_for(direction))


@given(row=rows(), context=contexts)
def test_split_figures_sum_to_what_they_split(row: Row, context: Context) -> None:
    """Every row has one state in M3; the buckets of lateness hold the late ones; due is done, open or closed."""
    assume(row.settled is not None or row.state != "done")
    tally = Tally()
    tally.counts.update(contributions(row, context))
    direction: Direction = "RETURN" if row.direction == "RETURN" else "DELIVERY"
    found = figures(tally, direction, ZONE)
    prefix = "m1" if direction == "DELIVERY" else "m2"
    assert sum(found["m3"].values()) == 1
    assert sum(found[f"{prefix}_buckets"].values()) == found[f"{prefix}_late"]
    assert found["completed"] + found["open"] + found["closed"] == found["due"]


def test_ratios_are_of_sums_and_null_over_nothing() -> None:
    tally = Tally()
    for metric in METRICS:
        if isinstance(metric.measure, Ratio):
            assert metrics_for(metric.directions[0])[metric.measure.numerator].counted is not None
            assert figures(tally, metric.directions[0], ZONE)[metric.id] is None
            tally.counts[metric.measure.denominator, ""], tally.counts[metric.measure.numerator, ""] = 4, 1
            assert figures(tally, metric.directions[0], ZONE)[metric.id] == 0.25


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
