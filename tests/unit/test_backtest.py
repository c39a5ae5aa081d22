"""The back-test sees what the board saw at every full hour, and compares it with what happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import orjson
from memory import ZONE, MemoryNetwork
from random_network import MASTER, RandomNetwork

from aggregations.backtest.cases import Case, ClosedDate
from aggregations.backtest.score import Errors, HourError, Risk, Score, hour_of_day
from aggregations.day import Day
from aggregations.question import Moment
from hubstat.domain import time as tm
from hubstat.domain.projection import Pending, Projection, StopLeft, project

DATE = date(2026, 11, 20)
CLOSING = tm.closing(DATE, ZONE)


def at(clock: str, days: int = 0) -> int:
    return tm.parse_instant(f"2026-11-{20 + days}T{clock}:00+09:00")


def closed_date(network: MemoryNetwork) -> ClosedDate:
    closed = ClosedDate(DATE, ZONE, network.day(DATE, Moment(CLOSING, CLOSING)).area_of)
    for friend, events in network.friends.items():
        closed.add_friend(friend, events)
    for key, events in network.invoices.items():
        closed.add_invoice(key, events)
    return closed


def projection_of(day: Day, case: Case) -> Projection:
    return project(
        case.pending,
        case.day,
        as_of=case.as_of,
        baselines=day.baselines,
        area_of=day.area_of,
        deadline_of=day.context.deadline,
    )


def test_at_every_full_hour_it_sees_what_the_reader_sees() -> None:
    assert sum(compared(MemoryNetwork(MASTER, history=False), seed) for seed in range(40)) > 200


def compared(network: MemoryNetwork, seed: int) -> int:
    """Compare a random network hour by hour with what the reader projects; how many projections there were."""
    random = RandomNetwork.of_seed(seed)
    for raw, _ in random.invoices:
        network.add_invoice(raw)
    for raw, _ in random.friends:
        network.add_friend(raw)
    cases: dict[int, dict[str, Case]] = {}
    for case in closed_date(network).cases():
        cases.setdefault(case.as_of, {})[case.friend] = case
    seen = 0
    for as_of in range(at("00:00", -1), CLOSING, tm.HOUR):
        day = network.day(DATE, Moment(as_of, as_of))
        expected = {friend: each for friend, each in day.outlook().by_friend.items() if each.stops}
        assert {friend: projection_of(day, case) for friend, case in cases.get(as_of, {}).items()} == expected
        seen += len(expected)
    return seen


def with_received(raw: bytes, received: int) -> bytes:
    return orjson.dumps({**orjson.loads(raw), "received_at": tm.iso_local(received, ZONE)})


def invoice(number: int, *events: tuple[str, str, str | None], promise: str = "20:00") -> Iterable[bytes]:
    """Records of a delivery of the date: (code, local time, Friend), after its registration at 06:00."""
    base = {"v": 1, "invoice_no": str(number), "direction": "DELIVERY", "camp_id": "C1", "address_key": f"k{number}"}
    promised = {"promised_at": f"2026-11-20T{promise}:00+09:00", "service_date": "2026-11-20", "wave": "DAY"}
    yield orjson.dumps({**base, **promised, "code": "REGISTERED", "event_time": "2026-11-20T06:00:00+09:00"})
    for code, clock, friend in events:
        who: dict[str, Any] = {} if friend is None else {"friend_id": friend}
        yield orjson.dumps({**base, **who, "code": code, "event_time": tm.iso_local(at(clock), ZONE)})


def network_of(*invoices: Iterable[bytes]) -> MemoryNetwork:
    network = MemoryNetwork(history=False)
    for records in invoices:
        for raw in records:
            network.add_invoice(raw)
    assert not network.refused
    return network


def cases_at(network: MemoryNetwork, clock: str) -> dict[str, Case]:
    return {case.friend: case for case in closed_date(network).cases() if case.as_of == at(clock)}


def test_a_friend_finished_with_the_last_scan_of_what_was_held() -> None:
    network = network_of(
        invoice(1, ("ASSIGNED", "08:00", "F1"), ("DELIVERED", "10:30", "F1")),
        invoice(2, ("ASSIGNED", "08:00", "F1"), ("ATTEMPT_FAILED", "11:10", "F1")),
        # Assigned later: at 10:00 nobody could have counted it.
        invoice(3, ("ASSIGNED", "10:40", "F1"), ("DELIVERED", "11:50", "F1")),
    )
    assert cases_at(network, "10:00")["F1"].finished == at("11:10")
    assert cases_at(network, "11:00")["F1"].finished == at("11:50")
    # From then on only the failed one is left, and it was never done.
    assert cases_at(network, "12:00")["F1"].finished is None


def test_a_friend_whose_invoices_others_did_has_no_finish() -> None:
    network = network_of(
        invoice(1, ("ASSIGNED", "08:00", "F1"), ("ASSIGNED", "09:30", "F2"), ("DELIVERED", "10:30", "F2")),
        invoice(2, ("ASSIGNED", "08:00", "F1")),
    )
    assert cases_at(network, "09:00")["F1"].finished is None
    assert cases_at(network, "10:00")["F2"].finished == at("10:30")


def test_what_was_received_later_is_not_known_yet_but_tells_what_happened() -> None:
    records = list(invoice(1, ("ASSIGNED", "08:00", "F1"), ("DELIVERED", "10:30", "F1")))
    records[-1] = with_received(records[-1], at("12:15"))
    case = cases_at(network_of(records), "12:00")["F1"]
    assert case.finished == at("10:30")
    assert case.day is None
    assert cases_at(network_of(records), "13:00") == {}


def test_late_in_the_end() -> None:
    held = ("ASSIGNED", "08:00", "F1")
    network = network_of(
        invoice(1, held, ("DELIVERED", "12:00", "F1"), promise="12:00"),
        invoice(2, held, ("DELIVERED", "12:01", "F1"), promise="12:00"),
        invoice(3, held),
        invoice(4, held, ("CANCELLED", "11:00", None)),
    )
    assert cases_at(network, "10:00")["F1"].late == {"DELIVERY:2", "DELIVERY:3"}


def test_only_wanted_friends_and_only_the_date() -> None:
    network = network_of(invoice(1, ("ASSIGNED", "08:00", "F1")), invoice(2, ("ASSIGNED", "08:00", "F2")))
    closed = ClosedDate(DATE, ZONE, lambda _: None, {"F2"}.__contains__)
    other = ClosedDate(date(2026, 11, 21), ZONE, lambda _: None)
    for key, events in network.invoices.items():
        closed.add_invoice(key, events)
        other.add_invoice(key, events)
    assert {case.friend for case in closed.cases()} == {"F2"}
    assert list(other.cases()) == []


def pending(number: int, promise: str = "20:00") -> Pending:
    return Pending("C1", "F1", "DELIVERY", str(number), at(promise), "DAY", None)


def projected(case: Case, finish: int | None, camp: str = "C1") -> Projection:
    stops = tuple(StopLeft("DAY", finish, (each,)) for each in case.pending)
    pace = None if finish is None else 1.0
    return Projection(case.as_of, stops, pace, case.as_of, 0, finish, (), None, 0.0, False, camp)


def scored(*judged: tuple[Case, int | None, str]) -> dict[int | None, HourError]:
    score = Score(ZONE)
    for case, finish, camp in judged:
        score.add("2026-11-20", [case], lambda seen, f=finish, c=camp: projected(seen, f, c))  # type: ignore[misc]
    return {each.hour: each for each in score.results()}


CASE = Case(at("18:00"), "F1", (pending(1),), None, at("19:00"), frozenset())


def test_errors_are_projected_less_finish_by_nearest_rank() -> None:
    minutes = [-30, -10, 0, 5, 40, 50]
    found = scored(*((CASE, at("19:00") + each * tm.MINUTE, f"C{each}") for each in minutes))[18]
    assert found.friends == Errors(6, 0.0, 10.0, 50.0)
    assert Errors.of([]) == Errors(0, None, None, None)


def test_a_camp_is_as_late_as_its_latest_friend() -> None:
    other = replace(CASE, friend="F2", finished=at("18:10"))
    found = scored((CASE, at("18:30"), "C1"), (other, at("19:20"), "C1"), (CASE, at("19:00"), "C2"))
    # C1 was projected for 19:20 by one Friend and finished at 19:00 with the other one.
    assert found[18].camps == Errors(2, 0.0, 0.0, 20.0)
    assert found[18].friends.n == 3


def test_those_without_a_pace_or_a_finish_are_counted() -> None:
    found = scored((replace(CASE, finished=None), at("19:00"), "C1"), (CASE, None, "C1"))
    assert (found[18].left_out, found[18].no_pace, found[18].friends.n, found[18].looked_at) == (1, 1, 0, 2)
    assert found[17].looked_at == 0


def test_at_risk_against_late_in_the_end() -> None:
    case = replace(
        CASE,
        pending=(pending(1, "18:30"), pending(2, "18:30"), pending(3, "19:30"), pending(4, "17:30")),
        late=frozenset({"DELIVERY:1", "DELIVERY:3", "DELIVERY:4"}),
    )
    found = scored((case, at("19:00"), "C1"), (replace(case, finished=None), None, "C1"))[None]
    # The fourth was late before T; 1 and 2 are at risk, of these 1 was late, and so was 3.
    assert found.at_risk == Risk(n=3, late=2, said=2, right=1)
    assert (found.at_risk.precision, found.at_risk.recall) == (0.5, 0.5)
    assert (Risk().precision, Risk().recall) == (None, None)


def test_hours_are_local_and_all_is_over_them() -> None:
    night = replace(CASE, as_of=at("22:00", -1), finished=at("23:00", -1))
    found = scored((CASE, at("19:10"), "C1"), (night, at("23:20", -1), "C1"), (night, at("23:40", -1), "C2"))
    assert [found[hour].friends.n for hour in (18, 22, None)] == [1, 2, 3]
    assert found[None].friends.median == 20.0
    assert list(found) == [*range(24), None]
    assert hour_of_day(at("00:00"), ZONE) == 0
