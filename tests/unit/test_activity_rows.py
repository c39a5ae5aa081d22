"""The rows of a Friend's document: any order of any derivations gives the same bytes, and they say what was sent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubstat.domain.activity import Activity, ActivityRows, row_of, stored_activities, stored_rows

NOON = 1_794_884_400_000
TEXTS = st.sampled_from(["", "a", 'quote"', "line\nbreak\n\n", "],[", "친구", "\x00", '\n"'])
TIMES = st.integers(NOON - 100_000_000, NOON + 100_000_000)


@st.composite
def activities(draw: st.DrawFn) -> Activity:
    """Few identities and shapes, so that derivations of one activity meet."""
    return Activity(
        friend_id="F1",
        invoice=draw(st.sampled_from(["DELIVERY:1", "RETURN:1", "DELIVERY:12"])),
        event_id=draw(TEXTS),
        code=draw(st.sampled_from(["DEPARTED", "DELIVERED"])),
        time=draw(TIMES),
        received=draw(TIMES),
        camp_id=draw(st.none() | TEXTS),
        route_id=draw(st.none() | TEXTS),
        address_key=draw(st.none() | TEXTS),
        promised_from=draw(st.none() | TIMES),
        service_date=draw(st.sampled_from([None, "2026-11-17"])),
        wave=draw(st.none() | TEXTS),
        voided_at=draw(st.none() | TIMES),
        counts=draw(st.booleans()),
        rev=draw(st.integers(0, 3)),
        latest=draw(TIMES),
        known_at=draw(TIMES),
        dates=draw(st.sampled_from([("2026-11-17",), ("2026-11-17", "2026-11-18")])),
        other_camps=tuple(draw(st.lists(TEXTS, max_size=2))),
    )


def newest(derived: list[Activity]) -> dict[tuple[str, str], Activity]:
    """What counts, by comparing every derivation with every other one."""
    found: dict[tuple[str, str], Activity] = {}
    for each in sorted(derived, key=lambda activity: activity.newness):
        found[each.invoice, each.event_id] = each
    return found


def gathered(flushes: list[list[Activity]]) -> ActivityRows:
    """As ingest does: each flush merges into what was stored; sums are kept, not made again."""
    rows = ActivityRows()
    for flush in flushes:
        before = rows.packed() if rows else b""
        fresh = [row_of(orjson.loads(each.encode())) for each in flush]
        assert rows.merge(fresh) == ((rows.packed() if rows else b"") != before)
        if rows:
            rows = ActivityRows.restore(rows.packed(), (rows.camps, rows.latest, rows.known))
    return rows


@given(derived=st.lists(activities(), min_size=1, max_size=12), data=st.data())
def test_any_order_and_grouping_of_derivations_gives_the_same_rows(
    derived: list[Activity], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations([*derived, *derived[:3]]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=4)))
    flushes = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]
    rows, expected = gathered(flushes), newest(derived)
    assert rows.packed() == ActivityRows.of(derived).packed()
    stored = list(stored_activities("F1", stored_rows(rows.packed())))
    assert {(each.invoice, each.event_id): each for each in stored} == expected
    assert len(stored) == len(expected)
    assert rows.latest == max(each.latest for each in stored)
    assert rows.known == max(max(each.known_at, each.voided_at or 0) for each in stored)
    assert rows.camps == {camp for each in stored for camp in (each.camp_id, *each.other_camps) if camp}


def sent(**changes: Any) -> dict[str, Any]:
    values = Activity(
        *("F1", "DELIVERY:1", "d", "DELIVERED", NOON, NOON, None, None, None, None, None, None, None),
        *(True, 1, NOON, NOON, ("2026-11-17",), ()),
    )
    return orjson.loads(values.encode()) | changes


@pytest.mark.parametrize(
    "wrong",
    [
        {"time": "x"},
        {"rev": None},
        {"rev": True},
        {"camp_id": 5},
        {"dates": "2026-11-17"},
        {"dates": ["x"]},
        {"dates": [["2026-11-17"]]},
        {"other_camps": None},
        {"more": 1},
        {"latest": 1.5},
    ],
)
def test_what_is_no_activity_is_refused_before_anything_is_kept(wrong: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        row_of(sent(**wrong))


def test_a_day_of_600_activities_takes_less_than_30_kb() -> None:
    day = [
        row_of(
            sent(
                invoice=f"DELIVERY:261117{number * 7919 % 10**8:08d}",
                event_id=f"261117{number * 7919 % 10**8:08d}.D6",
                time=NOON + number * 61_057,
                received=NOON + number * 61_057 + number * 7 % 4000,
                address_key=f"{(number // 2) * 0x9E3779B97F4A7C15 % 2**64:016x}",
                rev=49_230_495_120_493 + number * 7_368_787 % 10**9,
            )
        )
        for number in range(600)
    ]
    rows = ActivityRows()
    rows.merge(day)
    assert len(stored_rows(rows.packed())) < 30_000


def test_threads_that_pack_and_unpack_at_once_disturb_nobody() -> None:
    def packed(first: int) -> tuple[bytes, bytes]:
        rows = ActivityRows()
        rows.merge(row_of(sent(event_id=f"{first}-{number}", time=NOON + number)) for number in range(300))
        once = rows.packed()
        return once, ActivityRows.restore(once).packed()

    expected = [packed(first) for first in range(8)]
    assert all(once == again for once, again in expected)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(packed, list(range(8)) * 10)) == expected * 10
