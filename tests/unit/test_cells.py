"""Invoices carried from moment to moment by what changes add up to what adding up all of them gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from drawn import T, contexts, rows
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregations.cells import CellTallies, as_changes
from aggregations.question import ALL_WAVES
from aggregations.tally import Tallies, contributions
from hubstat.domain import time as tm
from hubstat.domain.codes import DIRECTIONS, Direction
from hubstat.domain.measures import Context
from hubstat.domain.row import Row

# An invoice: its row, and when it was completed (ms).
Invoice = tuple[Row, int | None]
TIMES = [T + number * 20 * tm.MINUTE for number in range(6)]
invoices = st.tuples(
    st.builds(lambda row, wave: replace(row, wave=wave), rows(), st.sampled_from(["DAY", "DAWN", ALL_WAVES])),
    st.one_of(st.none(), st.sampled_from(TIMES)),
)
later = st.builds(lambda context, by: replace(context, as_of=T + by), contexts, st.sampled_from([-1, 0, 1, tm.HOUR]))
# Some invoices go, some come, and T or the master data may be others.
steps = st.tuples(st.sets(st.integers(0, 11)), st.lists(invoices, max_size=4), st.one_of(st.none(), later))


def fields(invoice: Invoice) -> dict[str, Any]:
    row, completed_at = invoice
    found: dict[str, Any] = {"cell": row.cell()}
    if completed_at is not None:
        found |= {"hour_cell": hour_cell(row, completed_at), "completed_at": str(completed_at)}
    return found


def hour_cell(row: Row, completed_at: int) -> str:
    return orjson.dumps([row.camp, row.direction, row.wave, completed_at // tm.HOUR]).decode()


def count(tallies: CellTallies, present: Iterable[Invoice]) -> None:
    hours: dict[str, list[int]] = {}
    for row, completed_at in present:
        if completed_at is not None:
            hours.setdefault(hour_cell(row, completed_at), []).append(completed_at)
    cells = Counter(row.cell() for row, _ in present)
    tallies.count(cells.items(), ((cell, len(times), max(times)) for cell, times in hours.items()))


def added_up(present: Iterable[Invoice], context: Context) -> dict[Direction, Any]:
    """One by one."""
    found: dict[str, Any] = {direction: {} for direction in DIRECTIONS}
    for row, completed_at in present:
        for wave in {row.wave, ALL_WAVES}:
            counts, hours, times = found[row.direction].setdefault((row.camp, wave), (Counter(), Counter(), []))
            counts.update(contributions(row, context))
            if completed_at is not None:
                hours[completed_at // tm.HOUR] += 1
                times.append(completed_at)
    return {
        direction: {
            key: (dict(counts), dict(hours), {"completed": max(times)} if times else {})
            for key, (counts, hours, times) in found[direction].items()
        }
        for direction in DIRECTIONS
    }


def plain(tallies: Mapping[Direction, Tallies]) -> dict[Direction, Any]:
    return {
        direction: {key: (dict(each.counts), dict(each.hours), dict(each.latest)) for key, each in of.items()}
        for direction, of in tallies.items()
    }


@settings(max_examples=200)
@given(st.lists(invoices, max_size=8), later, st.lists(steps, max_size=6))
def test_what_is_carried_is_what_all_of_it_adds_up_to(
    first: list[Invoice], context: Context, those: Sequence[tuple[set[int], list[Invoice], Context | None]]
) -> None:
    tallies, present = CellTallies(), list(first)
    count(tallies, present)
    given_before: list[tuple[Mapping[Direction, Tallies], Any]] = []
    for gone, come, other in [(set[int](), list[Invoice](), None), *those]:
        left = [each for place, each in enumerate(present) if place not in gone]
        taken = [each for place, each in enumerate(present) if place in gone]
        present, context = [*left, *come], other or context
        moved = as_changes([*((fields(each), -1) for each in taken), *((fields(each), 1) for each in come)])
        if not tallies.move(*moved):
            count(tallies, present)
        found = tallies.at(context)
        assert plain(found) == added_up(present, context)
        assert all(plain(tallies_then) == then for tallies_then, then in given_before)
        given_before.append((found, plain(found)))


def test_only_a_latest_completion_that_goes_away_has_all_counted_anew() -> None:
    row = Row("C1", "DELIVERY", "DAY", True, "done", T, 0, "ok", None, "NO_ATTEMPT", False, ())
    early, late = T + tm.MINUTE, T + 2 * tm.MINUTE
    tallies = CellTallies()
    count(tallies, [(row, early), (row, late), (row, T + tm.HOUR)])
    assert tallies.move(*as_changes([(fields((row, early)), -1)]))
    assert tallies.move(*as_changes([(fields((row, T + tm.HOUR)), -1)])), "nothing is left of its hour"
    assert tallies.move(*as_changes([(fields((row, early)), 1)]))
    assert not tallies.move(*as_changes([(fields((row, late)), -1)])), "which is the latest one now?"
