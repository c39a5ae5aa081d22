"""The invoice flusher over fakes: dead letters, trust, guards, look-ups and what it publishes."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import orjson
import pytest
from bad_input import BAD, GOOD, REGISTERED
from fakes import FakePublisher, FakeRecord, FakeWriter
from hypothesis import given
from hypothesis import strategies as st

from hubstat.domain import time as tm
from hubstat.domain.activity import Activity
from hubstat.domain.contract import Refusal, decode_friend_event, decode_invoice_event
from hubstat.settings import Settings
from ingest.invoices import InvoiceFlusher

NOON = tm.parse_instant("2026-11-20T12:00:00+09:00")
ZONE = tm.zone("KR")


class Bench:
    """A flusher with its fakes."""

    def __init__(self, *, trusted: bool = True) -> None:
        self.writer, self.publisher, self.trusted = FakeWriter(), FakePublisher(), trusted
        self.offset = 0
        self.restart()

    def restart(self) -> None:
        """A new worker that knows nothing."""
        self.flusher = InvoiceFlusher(
            Settings(namespace="t"), self.writer, self.publisher, trusted=self.trusted, clock=lambda: NOON
        )

    async def flush(self, *values: bytes | None, headers: tuple[tuple[str, bytes], ...] = ()) -> None:
        records = []
        for value in values:
            records.append(FakeRecord(value, offset=self.offset, timestamp=NOON, headers=headers))
            self.offset += 1
        await self.flusher.flush(records)

    def document(self, key: str = "DELIVERY:BAD1") -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.writer.sources("t-invoices-*")[key])
        return found

    def letters(self) -> list[dict[str, Any]]:
        return [orjson.loads(body) for body in self.writer.sources("t-dead-letters").values()]

    def activities(self) -> list[Activity]:
        return [Activity.decode(value) for _, value, _ in self.publisher.take("t-friend-activity")]


def event(base: dict[str, Any] = GOOD, **changes: Any) -> bytes:
    return json.dumps({**base, **changes}).encode()


@pytest.mark.parametrize("kind", BAD)
async def test_bad_input_becomes_a_dead_letter_and_the_stream_goes_on(kind: str) -> None:
    bench = Bench()
    value, reason = BAD[kind]
    await bench.flush(event(event_id="before"), value, event(event_id="after"))
    (letter,) = bench.letters()
    assert (letter["reason"], letter["topic"], letter["partition"], letter["offset"]) == (
        reason,
        "t-invoice-events",
        0,
        1,
    )
    assert letter["detail"]
    assert [row[0] for row in bench.document()["events"]["log"]] == ["after", "before"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(), lambda c: st.lists(c), max_leaves=3
    )
)
def test_a_field_of_any_content_is_decoded_or_refused(content: Any) -> None:
    for base in (GOOD, REGISTERED):
        for field in (*REGISTERED, "corrects", "by", "amount_krw", "origin", "planned_from"):
            raw = json.dumps({**base, field: content}).encode()
            for decode in (decode_invoice_event, decode_friend_event):
                with suppress(Refusal):
                    decode(raw, NOON, ZONE)


@given(
    st.from_regex(r"\d{4}-[01]\d-[0-3]\d(T[0-2]\d:[0-5]\d:[0-6]\d(\.\d{1,3})?(Z|[+-][0-2]\d:[0-5]\d))?", fullmatch=True)
)
def test_any_time_is_taken_or_refused(time: str) -> None:
    for field in ("event_time", "promised_at", "service_date"):
        with suppress(Refusal):
            decode_invoice_event(event(REGISTERED, **{field: time}), NOON, ZONE)


async def test_unknown_hubs_and_fields_are_accepted() -> None:
    bench = Bench()
    await bench.flush(event(camp_id="NOWHERE", friend_id="NOBODY", colour="red"))
    assert bench.document()["camp"] == "NOWHERE"
    assert bench.flusher.counters.unknown_fields == 1


async def test_received_at_is_honoured_only_where_trusted() -> None:
    header = (("received-at", str(NOON - 60_000).encode()),)
    for trusted, received, ignored in ((True, NOON - 60_000, 0), (False, NOON, 1)):
        bench = Bench(trusted=trusted)
        await bench.flush(event(), headers=header)
        assert bench.document()["max_received_at"] == received
        assert bench.flusher.counters.ignored_received_at == ignored


async def test_a_received_at_that_is_no_number_is_a_dead_letter() -> None:
    bench = Bench()
    await bench.flush(event(), headers=(("received-at", b"yesterday"),))
    assert [letter["reason"] for letter in bench.letters()] == ["bad_header"]


async def test_only_derived_records_carry_their_sources_received_time() -> None:
    bench = Bench(trusted=False)
    header = (("source-received-at", str(NOON - 3_600_000).encode()),)
    await bench.flush(event(invoice_no="1"), headers=header)
    await bench.flush(event(invoice_no="2", source="hubstat", code="SUPERSEDED"), headers=header)
    assert bench.document("DELIVERY:1")["max_received_at"] == NOON
    assert bench.document("DELIVERY:2")["max_received_at"] == NOON - 3_600_000


async def test_a_repeated_event_is_not_written_again_but_published_again() -> None:
    bench = Bench()
    await bench.flush(event())
    assert len(bench.activities()) == 1
    await bench.flush(event())
    assert (bench.flusher.counters.written, bench.flusher.counters.unchanged) == (1, 1)
    assert len(bench.activities()) == 1


async def test_what_others_wrote_is_secured_before_it_is_relied_on() -> None:
    bench = Bench()
    await bench.flusher.assigned(set())
    assert bench.writer.secured == []
    await bench.flusher.assigned({("t-invoice-events", 0)})
    assert bench.writer.secured == ["t-invoices-*", "t-dead-letters", "refreshed t-invoices-*"]


async def test_a_document_kept_under_another_date_is_found_after_a_restart() -> None:
    bench = Bench()
    await bench.flush(event(event_time="2026-11-19T10:00:00+09:00"))
    bench.restart()
    await bench.flusher.assigned({("t-invoice-events", 0)})
    await bench.flush(event(REGISTERED))
    assert len(bench.document()["events"]["log"]) == 2
    assert [index for index, _ in bench.writer.documents if "marks" not in index] == ["t-invoices-2026-11-19"]


async def test_what_another_worker_wrote_meanwhile_is_merged() -> None:
    bench = Bench()
    await bench.flush(event(event_id="a"))
    other = InvoiceFlusher(Settings(namespace="t"), bench.writer, bench.publisher, trusted=True)
    await other.flush([FakeRecord(event(event_id="b"), timestamp=NOON)])
    await bench.flush(event(event_id="c"))
    assert bench.flusher.counters.conflicts == 1
    assert [row[0] for row in bench.document()["events"]["log"]] == ["a", "b", "c"]


async def test_a_document_that_cannot_be_stored_makes_its_records_letters_and_keeps_the_others() -> None:
    bench = Bench()
    bench.writer.refuse.add("DELIVERY:X")
    await bench.flush(event(invoice_no="X", event_id="1"), event(), event(invoice_no="X", event_id="2"))
    assert [letter["reason"] for letter in bench.letters()] == ["not_storable", "not_storable"]
    assert [activity.invoice for activity in bench.activities()] == ["DELIVERY:BAD1"]


async def test_replacing_supersedes_and_correcting_undoes_it() -> None:
    bench = Bench()
    await bench.flush(event(REGISTERED, invoice_no="NEW", event_id="r", replaces="OLD"))
    (superseded,) = bench.publisher.take("t-invoice-events")
    assert superseded[0] == b"OLD"
    assert orjson.loads(superseded[1])["event_id"] == "superseded:NEW:r"
    await bench.flush(superseded[1], headers=tuple(superseded[2]))
    assert bench.document("DELIVERY:OLD")["superseded_by"] == "NEW"
    await bench.flush(event(invoice_no="NEW", code="CORRECTED", event_id="c", corrects="r"))
    for _, value, headers in bench.publisher.take("t-invoice-events"):
        await bench.flush(value, headers=tuple(headers))
    assert bench.document("DELIVERY:OLD")["superseded_by"] is None


async def test_replacing_itself_is_ignored() -> None:
    bench = Bench()
    await bench.flush(event(REGISTERED, replaces="BAD1"))
    assert bench.publisher.take("t-invoice-events") == []


async def test_activities_follow_a_promise_that_comes_later_and_a_correction() -> None:
    bench = Bench()
    await bench.flush(event(event_id="d"))
    assert [(a.service_date, a.counts) for a in bench.activities()] == [(None, True)]
    await bench.flush(event(REGISTERED, event_id="r"))
    assert [(a.service_date, a.wave) for a in bench.activities()] == [("2026-11-20", "DAY")]
    await bench.flush(event(code="CORRECTED", event_id="c", corrects="d"))
    assert [(a.voided_at, a.counts) for a in bench.activities()] == [(NOON, False)]


async def test_a_completion_without_friend_goes_to_the_holder_and_the_others_hear_of_it() -> None:
    bench = Bench()
    await bench.flush(event(event_id="d", friend_id=None))
    assert bench.activities() == []
    await bench.flush(event(event_id="a1", code="ASSIGNED", friend_id="F1", event_time="2026-11-20T08:00:00+09:00"))
    assert [(a.friend_id, a.counts) for a in bench.activities()] == [("F1", True)]
    await bench.flush(event(event_id="a2", code="ASSIGNED", friend_id="F2", event_time="2026-11-20T09:00:00+09:00"))
    assert [(a.friend_id, a.counts) for a in bench.activities()] == [("F1", False), ("F2", True)]


async def test_a_scan_without_time_of_day_does_not_count_as_activity() -> None:
    bench = Bench()
    await bench.flush(event(event_time="2026-11-20"))
    assert [activity.counts for activity in bench.activities()] == [False]
