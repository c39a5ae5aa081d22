"""The compiled core gives, byte for byte, what the definition in Python gives, or hands the case back."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from bad_input import BAD
from compiled_day import rows_text
from hypothesis import given, settings
from hypothesis import strategies as st
from random_network import RandomNetwork

from aggregations.productivity import work_in
from aggregations.schedules import compiled as compiled_schedule
from hubstat import compiled
from hubstat.compiled import compiled_core
from hubstat.domain import time as tm
from hubstat.domain.activity import Activity, activity_text, counted_activities
from hubstat.domain.codes import DELIVERY_CODES, DIRECTIONS, RANK, RETURN_CODES
from hubstat.domain.contract import Event, Refusal
from hubstat.domain.document import FriendLog, friend_document, part_of
from hubstat.domain.friendday import Work, schedule_of
from hubstat.errors import SettingsError
from hubstat.simulator import Options, build_network, simulate_day
from ingest.merge import Decoded, Merged, Merger

KR, TW = tm.zone("KR"), tm.zone("TW")
CORE = compiled_core(KR)
if CORE is None and "CI" not in os.environ:
    pytest.skip("the compiled core was not built: there is no Cargo here", allow_module_level=True)

PYTHON = Merger(KR, None)
COMPILED = Merger(KR, CORE)


def decoded(merger: Merger, raw: bytes | None, received: int) -> Decoded | tuple[str, str, str]:
    """The record, or why it is refused."""
    try:
        return merger.decode(raw, received)
    except Refusal as refusal:
        return (refusal.reason, refusal.field, refusal.detail)


class Compared:
    """Runs records through both, and says how many cases the core took."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}
        self.seen: Counter[str] = Counter()

    def decode(self, raw: bytes, received: int) -> tuple[Decoded, Decoded] | None:
        slow, fast = decoded(PYTHON, raw, received), decoded(COMPILED, raw, received)
        if isinstance(slow, tuple) or isinstance(fast, tuple):
            assert slow == fast
            return None
        assert isinstance(slow.event, Event)
        assert fast.event.key == slow.event.key
        assert COMPILED.home(fast) == PYTHON.home(slow)
        if not isinstance(fast.event, Event):
            assert fast.event.unknown == len(slow.event.unknown)
            self.seen["decoded"] += 1
        return slow, fast

    def batch(self, records: list[tuple[bytes, int]]) -> None:
        """One flush: records of an invoice are merged together."""
        groups: dict[str, list[tuple[Decoded, Decoded]]] = {}
        for raw, received in records:
            both = self.decode(raw, received)
            if both is not None:
                groups.setdefault(both[0].event.key, []).append(both)
        for key, pairs in groups.items():
            stored = self.stored.get(key)
            slow = PYTHON.merge(key, stored, [one for one, _ in pairs])
            self.seen["merged"] += 1
            self.seen["plain"] += self._is_plain(key, stored, [other for _, other in pairs], slow)
            self.stored[key] = slow.stored

    def _is_plain(self, key: str, stored: bytes | None, records: list[Decoded], expected: Merged) -> bool:
        events = [record.event for record in records if not isinstance(record.event, Event)]
        if CORE is None or len(events) < len(records):
            return False
        folded = CORE.fold(key, stored, events)
        if folded is None:
            return False
        changed, body, log, activities, dates, since = folded
        assert (changed, json.loads(body)) == (expected.changed, json.loads(expected.body))
        assert Merged(changed, body, log, activities, [], dates, since) == expected
        return True


def test_it_is_built() -> None:
    assert CORE is not None


@pytest.mark.parametrize("first", range(0, 200, 25))
@pytest.mark.parametrize("plain", [True, False])
def test_random_networks(first: int, plain: bool) -> None:
    """Late, duplicated, rescheduled (and corrected, superseded) records of both directions, in random batches."""
    compared = Compared()
    for seed in range(first, first + 25):
        network = RandomNetwork.of_seed(seed, f"N{seed}-")
        records = [(each[0], each[1]) for each in network.invoices]
        if plain:
            records = [(raw, at) for raw, at in records if b'"corrects"' not in raw and b'"replaces"' not in raw]
        chance = random.Random(seed)
        chance.shuffle(records)
        while records:
            size = chance.randint(1, 40)
            compared.batch(records[:size])
            records = records[size:]
    assert compared.seen["plain"] > (200 if plain else 50), compared.seen


def test_a_simulated_day_is_nearly_all_plain() -> None:
    compared = Compared()
    day = simulate_day(build_network(1_500, 4, "KR"), date(2026, 11, 18), 4, Options(0.1, 0.05, 0.01))
    records = [(record.value, record.received_ms) for record in day if record.kind == "invoice"]
    for start in range(0, len(records), 500):
        compared.batch(records[start : start + 500])
    assert compared.seen["plain"] > 0.95 * compared.seen["merged"] > 5_000, compared.seen


@pytest.mark.parametrize("raw", [raw for raw, _ in BAD.values()], ids=BAD)
def test_what_is_refused_is_refused_alike(raw: bytes | None) -> None:
    received = tm.parse_instant("2026-11-20T12:00:00+09:00")
    assert decoded(COMPILED, raw, received) == decoded(PYTHON, raw, received)


TIMES = st.one_of(
    st.integers(tm.parse_instant("2025-06-01T00:00:00Z"), tm.parse_instant("2027-03-01T00:00:00Z")).map(
        lambda at: tm.iso_local(at, KR)
    ),
    st.integers(tm.parse_instant("2026-11-17T00:00:00Z"), tm.parse_instant("2026-11-22T00:00:00Z")).map(
        lambda at: tm.iso_local(at // 1000 * 1000, KR).replace("T", " ").replace(".000", "")
    ),
    st.dates(date(2026, 11, 16), date(2026, 11, 23)).map(str),
    st.sampled_from(
        [
            "2026-11-20T23:59:59+09:00",
            "2026-11-20T23:59:59.0+09:00",
            "2026-11-20T14:59:59z",
            "2026-02-29T10:00:00Z",
            "2026-11-20t10:00:00.123456789-23:59",
            "2026-11-20T24:00:00Z",
            "2026-11-20T10:00:60Z",
            "2026-11-20T10:00Z",
            "2026-11-20T10:00:00",
            "2026-11-20T10:00:00+24:00",
            "2026-11-20T10:00:00.+09:00",
            "1989-12-31T23:00:00Z",
            "2199-12-31T23:59:59Z",
            "９026-11-20",
            "",
        ]
    ),
)
NAMES = st.sampled_from(
    ["A", "B", "가나다", 'quo"te', "back\\slash", "tab\t", "x" * 512, "x" * 513, "가" * 300, "", " "]
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "v": st.sampled_from([1, 1, 1, 1, 1, 1, 1.0, True, 2, "1", None]),
    "event_time": TIMES,
    "promised_at": TIMES,
    "promised_from": TIMES,
    "service_date": st.sampled_from(
        ["2026-11-20", "2026-11-20", "2026-11-21", "2026-2-30", "2024-01-01", "2027-05-05"]
    ),
    "by": st.sampled_from(["CUSTOMER", "POLICY", "SELLER", "CARRIER", "ME"]),
    "amount_krw": st.sampled_from([0, -1, 1000, 1000.0, 1.5, -0.0, 10**18, 10**30, True, "1"]),
    "prerefund": st.sampled_from([True, False, "true", 1, None]),
    "source": st.sampled_from(["own", "lotte", "hubstat"]),
    "invoice_no": st.sampled_from(["1", "A-1", "1\n", "a b", "1" * 41, "１"]),
    "received_at": st.sampled_from(["x", 1, {"a": 1}]),
    "other": st.sampled_from(["x", 1, 1.5, None, [1], {"a": "\ud7ff"}]),
    **dict.fromkeys(
        ["wave", "camp_id", "friend_id", "route_id", "reason", "address_key", "order_no", "event_id", "carrier"], NAMES
    ),
}
CODED = st.sampled_from(
    [(way, code) for way in DIRECTIONS for code in RANK[way]] + [("DELIVERY", "REQUESTED"), ("SIDEWAYS", "DELIVERED")]
)
BASE = {
    "v": 1,
    "invoice_no": "1",
    "event_time": "2026-11-20T10:00:00+09:00",
    "service_date": "2026-11-20",
    "wave": "DAY",
    "promised_at": "2026-11-20T20:00:00+09:00",
    "camp_id": "C",
    "friend_id": "F",
}
RECORDS = st.builds(
    lambda coded, changes, dropped: {
        name: value
        for name, value in (BASE | {"direction": coded[0], "code": coded[1]} | changes).items()
        if name != dropped
    },
    CODED,
    st.fixed_dictionaries({}, optional=VALUES).map(lambda every: dict(list(every.items())[:4])),
    st.sampled_from([None, None, None, *BASE]),
)
RECEIVED = st.sampled_from(["2026-11-20T09:59:00+09:00", "2026-11-20T12:00:00+09:00", "2026-11-21T00:10:00+09:00"]).map(
    tm.parse_instant
)


@settings(max_examples=1_500, deadline=None)
@given(st.lists(st.tuples(RECORDS, RECEIVED), min_size=1, max_size=8), st.booleans())
def test_odd_records(records: list[tuple[dict[str, Any], int]], apart: bool) -> None:
    compared = Compared()
    raw = [(json.dumps(record, ensure_ascii=False).encode(), received) for record, received in records]
    for batch in [[each] for each in raw] if apart else [raw]:
        compared.batch(batch)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"v":1,"invoice_no":"1","direction":"DELIVERY","code":"LOADED","event_time":"2026-11-20T10:00:00Z","wave":"A","wave":""}',
        b'{"v":1,"invoice_no":"1","direction":"DELIVERY","code":"LOADED","event_time":"2026-11-20T10:00:00Z","x":"\\ud800"}',
        b'{"v":1,"invoice_no":"1","direction":"DELIVERY","code":"LOADED","event_time":"2026-11-20T10:00:00Z","x":1,"x":2}',
        b'{"v":1,"invoice_no":"1","direction":"DELIVERY","code":"LOADED","event_time":"2026-11-20T10:00:00Z","x":"\xff"}',
        b'{"v":1,"invoice_no":"1","direction":"DELIVERY","code":"LOADED","event_time":"2026-11-20T10:00:00Z","x":1e999}',
        b'{"v":1,"invoice_no":"1","direction":"DELIVERY","code":"LOADED","event_time":"2026-11-20T10:00:00Z"} ',
        b'{"v":1,"invoice_no":"1","direction":"DELIVERY","code":"LOADED","event_time":"2026-11-20T10:00:00Z"},',
        b'\xef\xbb\xbf{"v":1,"invoice_no":"1","direction":"DELIVERY","code":"LOADED","event_time":"2026-11-20T10:00:00Z"}',
    ],
)
def test_odd_json(raw: bytes) -> None:
    raw = raw.replace(b'"v":1', b'"v":1,"source":"lotte"')
    Compared().batch([(raw, tm.parse_instant("2026-11-20T12:00:00Z"))])


@pytest.mark.parametrize("zone", [KR, TW])
def test_the_offset_is_the_zones_in_every_year_it_is_used_for(zone: Any) -> None:
    offsets = set()
    at = datetime(1990, 1, 1, tzinfo=UTC)
    while at.year < 2199:
        offsets.add(at.astimezone(zone).utcoffset())
        at += timedelta(days=5)
    assert len(offsets) == 1


def test_ranks_are_the_contracts() -> None:
    """Two events of one time and reversed ids come in the order of their ranks, for every pair of codes."""
    for way, codes in (("DELIVERY", DELIVERY_CODES), ("RETURN", RETURN_CODES)):
        plain = [code for code in codes if code not in {"SUPERSEDED", "CORRECTED"}]
        for one in plain:
            for other in plain:
                records = [
                    (BASE | {"direction": way, "code": code, "event_id": name, "friend_id": f"F-{name}"}, 0)
                    for code, name in ((one, "b"), (other, "a"))
                ]
                compared = Compared()
                received = tm.parse_instant("2026-11-20T12:00:00+09:00")
                compared.batch([(json.dumps(record).encode(), received) for record, _ in records])
                assert compared.seen["plain"] == 1


def test_a_core_of_another_fold_version_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "FOLD_VERSION", 999_999)
    compiled_core.cache_clear()
    with pytest.raises(SettingsError, match="make setup"):
        compiled_core(KR)


def test_odd_received_times_are_pythons() -> None:
    raw = json.dumps(BASE | {"direction": "DELIVERY", "code": "LOADED"}).encode()
    for received in (0, -1, 631_151_999_999, 7_258_118_400_000, 2**62):
        assert CORE is not None
        assert CORE.decode(raw, received) is None


def test_stored_events_of_years_with_other_offsets_are_pythons() -> None:
    assert CORE is not None
    received = tm.parse_instant("2026-11-20T12:00:00+09:00")
    event = CORE.decode(json.dumps(BASE | {"direction": "DELIVERY", "code": "LOADED"}).encode(), received)
    assert event is not None
    old = b'[["e",550000000000,550000000000,{"camp_id":"C","code":"LOADED","event_time":"1987-06-06T00:00:00Z"}]]'
    assert CORE.fold("DELIVERY:1", old, [event]) is None


@pytest.mark.parametrize("newer", [{"counts": False}, {"voided_at": 5_000}, {"camp_id": "C2"}], ids=str)
def test_an_activity_that_moved_to_another_part_counts_as_it_is_there(newer: dict[str, Any]) -> None:
    """The part it was in still keeps what was derived before; whichever document is read first."""
    at = tm.parse_instant("2026-11-20T11:59:59+09:00")
    said: dict[str, Any] = {
        "friend_id": "F1",
        "invoice": "DELIVERY:1",
        "event_id": "e1",
        "code": "DELIVERED",
        "time": at,
        "received": at,
        "camp_id": "C1",
        "route_id": None,
        "address_key": None,
        "promised_from": None,
        "service_date": None,
        "wave": None,
        "voided_at": None,
        "counts": True,
        "rev": 1,
        "latest": at,
        "known_at": at,
        "dates": ("2026-11-20",),
        "other_camps": (),
    }
    moved = Activity(**{**said, "time": at + 2_000, "rev": 2, **newer})
    documents = []
    for activity in (Activity(**said), moved):
        log = FriendLog()
        log.add_activity(activity)
        documents.append(friend_document("F1", "2026-11-20", part_of(activity.time), log))
    assert documents[0]["part"] != documents[1]["part"]
    schedule = compiled_schedule(schedule_of([], "2026-11-20", KR))
    for order in (documents, documents[::-1]):
        kept = [document["log"]["activities"] for document in order]
        assert counted_activities(kept) is None
        assert CORE.friend_runs([activity_text(each) for each in kept], schedule, lambda camp, wave: 0) is None
        assert [work.camp for work in work_in("F1", order)] == (["C2"] if "camp_id" in newer else [])


def test_an_activity_that_two_documents_keep_is_handed_back() -> None:
    at = tm.parse_instant("2026-11-20T15:00:00+09:00")
    works = [
        Work(at + n, RANK["DELIVERY"]["DELIVERED"], f"e{n}", "DELIVERED", f"DELIVERY:{n}", "C1", None, None, None, None)
        for n in range(3)
    ]
    schedule = compiled_schedule(schedule_of([], "2026-11-20", KR))

    def runs(*parts: list[Work]) -> Any:
        return CORE.friend_runs([rows_text("F1", part, KR) for part in parts], schedule, lambda camp, wave: 0)

    assert sum(runs(works).worked.values()) == 3
    assert runs(works[:1], works[1:]).worked == runs(works).worked
    assert runs(works[:2], works[1:]) is None
