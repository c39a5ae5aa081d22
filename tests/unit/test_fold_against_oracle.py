"""Two programs written apart, the fold and the oracle, give the same figures of random networks at random (T, K)."""

from __future__ import annotations

import json
from datetime import date

import pytest
from agreement import compare, shrunk, told
from memory import ZONE, MemoryNetwork
from random_network import DATES, MASTER, MINUTES, START, RandomNetwork, Received

from aggregations.question import Question
from hubstat.domain import time as tm
from hubstat.domain.codes import DIRECTIONS
from hubstat.domain.metrics import metrics_for
from hubstat.oracle import Network
from hubstat.oracle.compute import Records


@pytest.mark.parametrize("seed", range(200))
def test_a_random_network(seed: int) -> None:
    network = RandomNetwork.of_seed(seed)
    moment = network.moment()
    compared, found = compare(network.invoices, network.friends, *moment)
    if found:
        least = shrunk(network.invoices, network.friends, lambda i, f: bool(compare(i, f, *moment)[1]))
        pytest.fail(f"at {moment}:\n{told(*least)}\n" + "\n".join(compare(*least, *moment)[1]))
    assert compared > 1_000


def scan(code: str, time: str, number: str = "1") -> Received:
    at = tm.parse_instant(f"2026-11-20T{time}:00+09:00")
    sent = {"v": 1, "invoice_no": number, "direction": "DELIVERY", "code": code, "service_date": "2026-11-20"}
    sent |= {"event_time": tm.iso_local(at, ZONE), "camp_id": "C1", "friend_id": "F1"}
    return json.dumps(sent).encode(), at


def friend_event(code: str, time: str, **more: str) -> Received:
    at = tm.parse_instant(f"2026-11-20T{time}:00+09:00")
    sent = {"v": 1, "friend_id": "F1", "code": code, "event_time": tm.iso_local(at, ZONE), **more}
    return json.dumps(sent).encode(), at


def friend_day(invoices: list[Received], friends: list[Received]) -> dict[str, object]:
    """The Friend-day of F1 at the end, on which both programs agree."""
    end = START + MINUTES * tm.MINUTE
    assert compare(invoices, friends, end, end)[1] == []
    network = MemoryNetwork(MASTER)
    for raw, _ in invoices:
        network.add_invoice(raw)
    for raw, _ in friends:
        network.add_friend(raw)
    (row,) = network.query(Question("camp", date(2026, 11, 20), "C1", end, end)).rows
    return row.figures


def test_a_route_that_ends_near_a_shift_without_work_ends_the_run_before() -> None:
    """A route's end belongs to its shift's run, else to the last run before: here nobody worked in the shift."""
    plan = {"planned_from": "2026-11-20T14:00:00+09:00", "planned_to": "2026-11-20T18:00:00+09:00"}
    figures = friend_day(
        [scan("DELIVERED", "09:00"), scan("DELIVERED", "11:00", "2")],
        [
            friend_event("SHIFT_PLANNED", "08:00", service_date="2026-11-20", wave="DAY", **plan),
            friend_event("ROUTE_ENDED", "12:30"),
        ],
    )
    assert figures["on_road_minutes"] == 210


def test_a_break_before_the_departure_is_recorded_all_the_same() -> None:
    """A run with a recorded break takes no planned one, also where the break lies before the road."""
    figures = friend_day(
        [scan("ATTEMPT_FAILED", "09:00"), scan("DEPARTED", "11:00"), scan("DELIVERED", "12:00", "2")],
        [friend_event("BREAK_STARTED", "09:30", until="2026-11-20T10:30:00+09:00")],
    )
    assert figures["idle_minutes"] == (120 - 60 - 15) + (60 - 15)


def test_the_oracle_knows_the_whole_registry() -> None:
    """A metric that one of the two programs lacks would be compared by nobody."""
    figures = Records("KR").figures(Network(dict(MASTER), "KR"), DATES[0], START, START)
    for direction in DIRECTIONS:
        known = metrics_for(direction)
        for wave, nodes in figures[direction].items():
            assert nodes
            for node, found in nodes.items():
                working = (direction, wave) == ("DELIVERY", "all")
                assert set(found) == {name for name, m in known.items() if working or not m.of_friends}, node
