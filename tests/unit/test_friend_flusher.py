"""The Friend flusher over fakes: where documents are, merging, corrections, dead letters."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import orjson
import pytest
from fakes import FakeRecord, FakeWriter

from hubstat.domain import time as tm
from hubstat.domain.activity import Activity
from hubstat.domain.document import restore_friend
from hubstat.errors import EngineError
from hubstat.settings import Settings
from ingest.friends import FriendFlusher, document_id
from ingest.transport.packed import PackedRecords

NOON = tm.parse_instant("2026-11-20T12:00:00+09:00")
STARTED = {
    "v": 1,
    "friend_id": "F1",
    "code": "ROUTE_STARTED",
    "event_time": "2026-11-20T09:00:00+09:00",
    "event_id": "s",
    "camp_id": "C1",
}
ACTIVITY = Activity(
    friend_id="F1",
    invoice="DELIVERY:1",
    event_id="d",
    code="DELIVERED",
    time=NOON - 60_000,
    received=NOON,
    camp_id="C2",
    route_id=None,
    address_key="door",
    promised_from=None,
    service_date="2026-11-20",
    wave="DAY",
    voided_at=None,
    counts=True,
    rev=1,
    latest=NOON - 60_000,
    known_at=NOON,
    dates=("2026-11-20",),
    other_camps=(),
)


WORK = "F1#0"
"""Id of the document of the work from 9:00 to 12:00 in Korea, the first three hours of UTC's day."""


def flusher(writer: FakeWriter) -> FriendFlusher:
    return FriendFlusher(Settings(namespace="t"), writer, trusted=True, clock=lambda: 5)


def event(**changes: Any) -> FakeRecord:
    return FakeRecord(json.dumps({**STARTED, **changes}).encode(), topic="t-friend-events", timestamp=NOON)


def activity(each: Activity) -> FakeRecord:
    return FakeRecord(each.encode(), topic="t-friend-activity", timestamp=NOON)


def source(writer: FakeWriter, index: str, doc_id: str = "F1") -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(writer.documents[index, doc_id][1])
    return found


async def test_events_of_a_date_and_activities_of_each_part_of_it_have_documents() -> None:
    writer = FakeWriter()
    night = replace(ACTIVITY, event_id="n", time=NOON - 9 * 3_600_000)
    await flusher(writer).flush([event(), activity(ACTIVITY), activity(night)])
    assert set(writer.documents) == {("t-friends-2026-11-20", doc_id) for doc_id in ("F1", WORK, "F1#6")}
    events, work = source(writer, "t-friends-2026-11-20"), source(writer, "t-friends-2026-11-20", WORK)
    assert (events["friend_id"], events["camps"], events["written_at"]) == ("F1", ["C1"], 5)
    assert (work["friend_id"], work["part"], work["camps"], work["written_at"]) == ("F1", 0, ["C2"], 5)
    assert "part" not in events
    log = restore_friend("F1", [events, work, source(writer, "t-friends-2026-11-20", "F1#6")])
    assert list(log.events.copies) == ["s"]
    assert list(log.activities.values()) == [ACTIVITY, night]


async def test_an_activity_whose_time_moves_to_another_part_counts_there() -> None:
    writer = FakeWriter()
    moved = replace(ACTIVITY, time=NOON + 6 * 3_600_000, rev=2)
    for each in (ACTIVITY, moved):
        await flusher(writer).flush([activity(each)])
    documents = [orjson.loads(body) for body in writer.sources("t-friends-*").values()]
    assert len(documents) == 2
    for order in (documents, documents[::-1]):
        assert list(restore_friend("F1", order).activities.values()) == [moved]


async def test_a_plan_lives_where_it_is_looked_for_and_a_correction_apart() -> None:
    """A plan: at the dates its span touches and around its service date, so that two plans of a shift meet."""
    writer = FakeWriter()
    plan = event(
        code="SHIFT_PLANNED",
        event_id="p",
        planned_from="2026-11-21T21:30:00+09:00",
        planned_to="2026-11-22T07:30:00+09:00",
        service_date="2026-11-22",
        wave="DAWN",
    )
    await flusher(writer).flush([plan, event(code="CORRECTED", event_id="c", corrects="p")])
    kept_at = ("t-friends-2026-11-21", "t-friends-2026-11-22", "t-friends-2026-11-23", "t-friend-corrections")
    assert set(writer.documents) == {(index, "F1") for index in kept_at}


async def test_the_newest_derivation_counts_whatever_comes_last() -> None:
    newer = replace(ACTIVITY, rev=2, counts=False)
    for order in ([ACTIVITY, newer], [newer, ACTIVITY]):
        writer = FakeWriter()
        for each in order:
            await flusher(writer).flush([activity(each)])  # each by a worker that knows nothing
        log = restore_friend("F1", [source(writer, "t-friends-2026-11-20", WORK)])
        assert [a.counts for a in log.activities.values()] == [False]


async def test_activities_that_another_worker_wrote_meanwhile_are_kept() -> None:
    writer = FakeWriter()
    one, other = flusher(writer), flusher(writer)
    for working, event_id in ((one, "a"), (other, "b"), (one, "c")):
        await working.flush([activity(replace(ACTIVITY, event_id=event_id)), event(event_id=event_id)])
    documents = [source(writer, "t-friends-2026-11-20", doc_id) for doc_id in ("F1", WORK)]
    log = restore_friend("F1", json.loads(json.dumps(documents)))
    assert one.counters.conflicts == 2
    assert {each.event_id for each in log.activities.values()} == set(log.events.copies) == {"a", "b", "c"}
    alone = FakeWriter()
    await flusher(alone).flush([r for i in "cba" for r in (event(event_id=i), activity(replace(ACTIVITY, event_id=i)))])
    written = [source(alone, "t-friends-2026-11-20", doc_id) for doc_id in ("F1", WORK)]
    assert written == documents, "equal sets are stored alike"


async def test_what_others_wrote_is_secured_before_it_is_relied_on() -> None:
    writer = FakeWriter()
    await flusher(writer).assigned({("t-friend-activity", 0)})  # type: ignore[arg-type]
    assert writer.secured == ["t-friends-*", "t-friend-corrections", "t-dead-letters"]


async def test_many_documents_of_one_flush_are_all_written() -> None:
    writer = FakeWriter()
    working = flusher(writer)
    records = [activity(replace(ACTIVITY, friend_id=f"F{number}")) for number in range(600)]
    for _ in range(2):
        await working.flush(PackedRecords(records))  # type: ignore[arg-type]
    assert len(writer.sources("t-friends-*")) == 600
    assert (working.counters.written, working.counters.unchanged, working.counters.cache_misses) == (600, 600, 600)


async def test_each_record_of_a_refused_document_is_a_dead_letter() -> None:
    writer = FakeWriter()
    writer.refuse = {"F1", WORK}
    records = [
        activity(ACTIVITY),
        activity(replace(ACTIVITY, friend_id="F2")),
        event(),
        FakeRecord(b"{", "t-friend-activity"),
    ]
    for offset, record in enumerate(records):
        record.offset = offset
    await flusher(writer).flush(PackedRecords(records[:2] + records[3:]))  # type: ignore[arg-type]
    await flusher(writer).flush(records[2:3])
    letters = [orjson.loads(body) for body in writer.sources("t-dead-letters").values()]
    assert sorted((letter["offset"], letter["reason"]) for letter in letters) == [
        (0, "not_storable"),
        (2, "not_storable"),
        (3, "bad_activity"),
    ]
    assert set(writer.sources("t-friends-*")) == {"F2#0"}


async def test_a_repetition_writes_nothing() -> None:
    writer = FakeWriter()
    working = flusher(writer)
    await working.flush([event(), activity(ACTIVITY)])
    await working.flush([event(), activity(ACTIVITY)])
    assert (working.counters.written, working.counters.unchanged) == (2, 2)


async def test_a_letter_or_mark_that_is_refused_ends_the_flush_before_the_commit() -> None:
    writer = FakeWriter()
    writer.refuse = {"t-friend-events-0-7"}
    with pytest.raises(EngineError, match="refuses a dead letter"):
        await flusher(writer).flush([FakeRecord(b"{", topic="t-friend-events", offset=7)])
    writer.refuse = {"2026-11-20"}
    far = tm.parse_instant("2026-11-25T12:00:00+09:00")
    late = FriendFlusher(Settings(namespace="t"), writer, trusted=True, clock=lambda: far)
    with pytest.raises(EngineError, match="refuses a mark"):
        await late.flush([event()])


async def test_bad_records_are_dead_letters_and_the_stream_goes_on() -> None:
    writer = FakeWriter()
    bad = [
        FakeRecord(b"{", topic="t-friend-events", offset=1),
        FakeRecord(b'{"friend_id": "F1"}', topic="t-friend-activity", offset=2),
        FakeRecord(replace(ACTIVITY, dates=("x",)).encode(), topic="t-friend-activity", offset=3),
        FakeRecord(None, topic="t-friend-activity", offset=4),
        FakeRecord(replace(ACTIVITY, other_camps=(["x"],)).encode(), topic="t-friend-activity", offset=5),  # type: ignore[arg-type]
        FakeRecord(replace(ACTIVITY, other_camps=(1, "A")).encode(), topic="t-friend-activity", offset=6),  # type: ignore[arg-type]
        FakeRecord(replace(ACTIVITY, dates=()).encode(), topic="t-friend-activity", offset=7),
    ]
    await flusher(writer).flush([*bad, event()])
    reasons = [orjson.loads(body)["reason"] for body in writer.sources("t-dead-letters").values()]
    assert reasons == ["not_json", *["bad_activity"] * 6]
    assert ("t-friends-2026-11-20", "F1") in writer.documents


def test_no_two_documents_have_one_id_and_elasticsearch_takes_it() -> None:
    friends = ["F1", "F1#0", "F1#0#0", "F1#", "F1#12", "친" * 170, "친" * 170 + "#1", "친" * 300]
    ids = {document_id(friend, part) for friend in friends for part in (None, *range(8))}
    assert len(ids) == len(friends) * 9
    assert max(len(each.encode()) for each in ids) <= 512
    assert (document_id("F1"), document_id("F1", 7)) == ("F1", "F1#7")
