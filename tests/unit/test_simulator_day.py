"""The simulated day: the same for the same seed, whole by the contract, and its truth agrees with its records."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any

import orjson
import pytest

from hubstat.domain import time as tm
from hubstat.domain.codes import DELIVERY_CODES, FRIEND_CODES, RETURN_CODES
from hubstat.domain.contract import decode_friend_event, decode_invoice_event
from hubstat.simulator import Counts, Options, Record, build_network, simulate_day, time_text
from hubstat.simulator.camp import CampDay
from hubstat.simulator.parcel import Parcel

DAY = date(2026, 11, 20)
ZONE = tm.zone("KR")
MIDNIGHT = tm.day_start(DAY, ZONE)
DISORDER = Options(duplicates=0.1, out_of_order=0.05, corrections=0.02)


@dataclass
class Played:
    records: list[Record]
    counts: Counts = field(default_factory=Counts)
    parcels: list[Parcel] = field(default_factory=list)


def play(invoices: int, seed: int, options: Options, country: str = "KR") -> Played:
    played = Played([])

    def take(camp: CampDay) -> None:
        played.counts.add(camp.recorder.counts)
        played.parcels += camp.parcels

    played.records = list(simulate_day(build_network(invoices, seed, country), DAY, seed, options, take))
    return played


@pytest.fixture(scope="module")
def day() -> Played:
    return play(6_000, 3, DISORDER)


@pytest.fixture(scope="module")
def large() -> Played:
    return play(20_000, 1, Options())


def test_same_seed_same_bytes() -> None:
    first, second = play(600, 5, DISORDER), play(600, 5, DISORDER)
    assert first.records == second.records
    assert first.records != play(600, 6, DISORDER).records


def test_a_seed_keeps_its_bytes_from_version_to_version() -> None:
    digest = sha256()
    for record in play(1_000, 1, DISORDER).records:
        digest.update(b"%s %s %d %s\n" % (record.kind.encode(), record.key, record.received_ms, record.value))
    assert digest.hexdigest() == "2c7dc5382ee3e87b56ca58b96a5871598c02d73f4f928c538380f02836fd013f"


def test_records_come_by_received_time(day: Played) -> None:
    times = [record.received_ms for record in day.records]
    assert times == sorted(times)
    assert times[0] > MIDNIGHT - 16 * tm.HOUR
    assert times[-1] < MIDNIGHT + 3 * tm.DAY


def test_every_record_keeps_the_contract(day: Played) -> None:
    unknown: set[str] = set()
    for record in day.records:
        decode = decode_invoice_event if record.kind == "invoice" else decode_friend_event
        event = decode(record.value, record.received_ms, ZONE)
        unknown |= set(event.unknown)
        sent = event.copy.sent
        assert record.key.decode() == sent["invoice_no" if record.kind == "invoice" else "friend_id"]
    assert unknown == set()


def test_every_code_of_the_contract_happens(day: Played) -> None:
    seen: dict[str, set[str]] = defaultdict(set)
    # The rarest (a lost parcel, an accident) need more than one small day.
    for record in day.records + play(6_000, 4, DISORDER).records + play(6_000, 8, DISORDER).records:
        sent = orjson.loads(record.value)
        seen[sent.get("direction", "FRIEND")].add(sent["code"])
    assert set(DELIVERY_CODES) - seen["DELIVERY"] == {"SUPERSEDED"}  # ingest derives it
    assert set(RETURN_CODES) - seen["RETURN"] == {"CLOSED_ADMIN"}
    assert set(FRIEND_CODES) - seen["FRIEND"] == set()


def test_counts_are_those_of_the_records(day: Played) -> None:
    counts = day.counts
    events = Counter((record.kind, record.value) for record in day.records)
    kinds = Counter(kind for kind, _ in events)
    assert counts.records == len(day.records)
    assert (counts.invoice_events, counts.friend_events) == (kinds["invoice"], kinds["friend"])
    assert counts.duplicates == len(day.records) - len(events)
    assert len(day.parcels) == 6_000
    assert sum(parcel.events for parcel in day.parcels) == counts.invoice_events
    assert sum(parcel.corrections for parcel in day.parcels) == counts.corrections > 50
    assert 0.08 < counts.duplicates / len(events) < 0.14
    assert 0.04 < counts.delayed / len(events) < 0.06


def test_disorder_leaves_the_events_as_they_are(day: Played) -> None:
    calm = play(6_000, 3, Options(corrections=DISORDER.corrections))
    assert {record.value for record in calm.records} == {record.value for record in day.records}
    assert calm.counts.duplicates == calm.counts.delayed == 0


def test_truth_agrees_with_the_records(day: Played) -> None:
    """A fold of its own over the records, everything known, finds what the truth says."""
    events: dict[tuple[str, str], dict[bytes, tuple[int, dict[str, Any]]]] = defaultdict(dict)
    for record in day.records:
        if record.kind == "invoice":
            sent = orjson.loads(record.value)
            events[sent["direction"], sent["invoice_no"]].setdefault(record.value, (record.received_ms, sent))
    assert len(events) == len(day.parcels) == 6_000
    replaced = {
        sent["replaces"]: sent["invoice_no"]
        for copies in events.values()
        for _, sent in copies.values()
        if "replaces" in sent
    }
    for parcel in day.parcels:
        copies = events[parcel.direction, parcel.invoice_no]
        voided = {sent["corrects"] for _, sent in copies.values() if sent["code"] == "CORRECTED"}
        valid = [
            (min(_claimed(sent["event_time"]), received), sent)
            for received, sent in copies.values()
            if sent["code"] != "CORRECTED" and sent["event_id"] not in voided
        ]
        _assert_is_true(parcel, valid, replaced)
        assert parcel.events == len(copies)
        assert parcel.corrections == len(voided)


def _claimed(text: str) -> int:
    return tm.day_end(date.fromisoformat(text), ZONE) if len(text) == 10 else tm.parse_instant(text)


def _assert_is_true(parcel: Parcel, valid: list[tuple[int, dict[str, Any]]], replaced: dict[str, str]) -> None:
    done_by = (
        {"DELIVERED"}
        if parcel.direction == "DELIVERY"
        else {"PICKED_UP", "ARRIVED_CAMP", "RECEIVED_WAREHOUSE", "INSPECTED", "EXCHANGED", "COMPLETED"}
    )
    done = [at for at, sent in valid if sent["code"] in done_by]
    gone = [at for at, sent in valid if sent["code"] in done_by | {"DEPARTED", "ATTEMPT_FAILED"}]
    failed = [sent for _, sent in valid if sent["code"] == "ATTEMPT_FAILED"]
    promises = [(at, s) for at, s in valid if s["code"] in {"REGISTERED", "REQUESTED"} or s.get("by") == "CUSTOMER"]
    promise = [s for at, s in promises if "promised_at" in s and at <= min(gone, default=at)][-1]
    assert parcel.completed_ms == min(done, default=None)
    assert parcel.departed_ms == min(gone, default=None)
    assert parcel.failed_attempts == len(failed)
    assert (parcel.service_date, parcel.wave) == (promise["service_date"], promise["wave"])
    assert parcel.promise_ms == tm.parse_promise(promise["promised_at"], tm.zone("KR"))
    if parcel.direction == "DELIVERY":
        assert parcel.superseded_by == replaced.get(parcel.invoice_no)
    camps = [sent["camp_id"] for at, sent in sorted(valid, key=lambda event: event[0]) if "camp_id" in sent]
    assert parcel.camp_id == (camps[-1] if camps else None)


def test_plain_ways_and_bad_ones(day: Played) -> None:
    due = [p for p in day.parcels if p.due and p.service_date == DAY.isoformat()]
    deliveries = [p for p in due if p.direction == "DELIVERY"]
    returns = [p for p in due if p.direction == "RETURN"]
    assert 0.08 < len(returns) / len(due) < 0.12
    assert 0.01 < sum(p.failed_attempts > 0 for p in deliveries) / len(deliveries) < 0.05
    assert 0.005 < sum(p.late for p in returns) / len(returns) < 0.08
    assert {"X99", None} & {p.camp_id for p in deliveries} == {"X99", None}
    fates = Counter(p.fate for p in day.parcels)
    assert fates["superseded"] > 3
    assert fates["withdrawn_policy"] > 0


def test_short_camps_are_the_worst(large: Played) -> None:
    short = {camp.camp_id for camp in build_network(20_000, 1, "KR").camps if camp.short}
    late: dict[str | None, list[bool]] = defaultdict(list)
    for parcel in large.parcels:
        if parcel.due and parcel.direction == "DELIVERY":
            late[parcel.camp_id].append(parcel.late)
    others = [each for camp, of_camp in late.items() if camp not in short for each in of_camp]
    assert short
    for camp in short:
        assert sum(late[camp]) / len(late[camp]) > 2 * sum(others) / len(others)


def test_deliveries_by_hour_are_like_the_real_ones(large: Played) -> None:
    real = (1.2, 8.3, 14.6, 15.7, 14.1, 11.5, 9.2, 7.6, 5.8, 4.3, 3.4, 2.2, 1.6, 0.5)  # % of 8 h … 21 h
    hours: Counter[int] = Counter()
    for parcel in large.parcels:
        if parcel.wave == "DAY" and parcel.direction == "DELIVERY" and parcel.completed_ms and parcel.fate != "carrier":
            hours[(parcel.completed_ms - MIDNIGHT) // tm.HOUR] += 1
    simulated = [100 * hours[hour] / hours.total() for hour in range(8, 22)]
    assert max(abs(a - b) for a, b in zip(simulated, real, strict=True)) < 4.5
    assert sum(abs(a - b) for a, b in zip(simulated, real, strict=True)) < 24


def _events_of(day: Played, direction: str) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    """Events of each invoice in the order of their times; without corrections and dates alone."""
    events: dict[str, dict[bytes, tuple[int, dict[str, Any]]]] = defaultdict(dict)
    for record in day.records:
        sent = orjson.loads(record.value)
        if sent.get("direction") == direction and sent["code"] != "CORRECTED" and len(sent["event_time"]) > 10:
            events[sent["invoice_no"]][record.value] = (tm.parse_instant(sent["event_time"]), sent)
    return {number: sorted(copies.values(), key=lambda event: event[0]) for number, copies in events.items()}


def test_some_of_what_is_assigned_is_not_loaded_at_the_departure(large: Played) -> None:
    started: dict[str, int] = {}
    for record in large.records:
        sent = orjson.loads(record.value)
        if sent["code"] == "ROUTE_STARTED":
            at = tm.parse_instant(sent["event_time"])
            started[sent["friend_id"]] = min(at, started.get(sent["friend_id"], at))
    held: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    for events in _events_of(large, "DELIVERY").values():
        friend = next((sent["friend_id"] for _, sent in events if "friend_id" in sent), None)
        before = [sent for at, sent in events if at <= started.get(friend or "", 0)]
        if any(sent.get("friend_id") == friend for sent in before):
            wave = events[0][1].get("wave", "DAY")
            held[wave] += 1
            missing[wave] += not any(sent["code"] in {"LOADED", "DEPARTED"} for sent in before)
    for wave in ("DAWN", "DAY", "SAME_DAY"):
        assert held[wave] > 1_000
        assert 0.005 < missing[wave] / held[wave] < 0.025, wave


def test_routes_start_late_now_and_then_under_the_number_of_their_plan(day: Played) -> None:
    planned: dict[str, dict[str, Any]] = {}
    late: list[bool] = []
    for record in sorted(day.records, key=lambda record: b"ROUTE_STARTED" in record.value):
        sent = orjson.loads(record.value)
        if sent["code"] == "ROUTE_PLANNED":
            planned[sent["route_id"]] = sent
        elif sent["code"] == "ROUTE_STARTED":
            plan = planned[sent["route_id"]]
            assert (plan["friend_id"], plan["service_date"]) == (sent["friend_id"], sent["service_date"])
            assert plan["wave"] == sent["wave"]
            behind = tm.parse_instant(sent["event_time"]) - tm.parse_instant(plan["planned_from"])
            late.append(behind > 10 * tm.MINUTE)
    assert 0.02 < sum(late) / len(late) < 0.25


def test_pre_refunds_come_before_the_warehouse_and_others_after(day: Played) -> None:
    early: list[bool] = []
    for events in _events_of(day, "RETURN").values():
        times = {sent["code"]: at for at, sent in events}
        if "REFUNDED" not in times:
            continue
        prerefund = any(sent.get("prerefund") for _, sent in events)
        assert (times["REFUNDED"] < times["INSPECTED"]) == prerefund
        assert times["RECEIVED_WAREHOUSE"] < times["COMPLETED"]
        if prerefund and "PICKED_UP" in times:
            assert 0 < times["REFUNDED"] - times["PICKED_UP"] <= 91 * tm.MINUTE
        early.append(prerefund)
    assert 0.22 < sum(early) / len(early) < 0.42


def test_app_locks_are_followed_by_batch_scans(day: Played) -> None:
    unlocked: dict[str, int] = {}
    scans: dict[str, list[int]] = defaultdict(list)
    for record in day.records:
        sent = orjson.loads(record.value)
        if sent["code"] == "APP_UNLOCKED":
            unlocked[sent["route_id"]] = tm.parse_instant(sent["event_time"])
        elif sent["code"] == "DELIVERED" and "route_id" in sent:
            scans[sent["route_id"]].append(tm.parse_instant(sent["event_time"]))
    batches = sum(sum(0 < at - end < 4 * tm.MINUTE for at in set(scans[route])) >= 3 for route, end in unlocked.items())
    assert len(unlocked) > 10
    assert batches > 0.7 * len(unlocked)


@pytest.mark.parametrize("invoices", [10, 100, 1_000])
def test_small_days_have_all_their_invoices(invoices: int) -> None:
    assert len(play(invoices, 1, Options(), "TW").parcels) == invoices


def test_time_text_has_milliseconds_and_offset() -> None:
    assert time_text(MIDNIGHT + 3_723_045, ZONE) == "2026-11-20T01:02:03.045+09:00"
