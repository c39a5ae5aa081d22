"""Any order, repetition, division and crash of a stream ends in the same documents, byte for byte."""

from __future__ import annotations

import json
from itertools import pairwise
from random import Random
from typing import Any

from fakes import FakePublisher, FakeRecord, FakeWriter
from hypothesis import given, settings
from hypothesis import strategies as st

from hubstat.domain import time as tm
from hubstat.domain.activity import Activity
from hubstat.domain.codes import DERIVED_SOURCE, RANK
from hubstat.domain.contract import decode_invoice_event
from hubstat.domain.document import FriendLog, invoice_document, restore_invoice
from hubstat.domain.log import EventLog
from hubstat.settings import Settings
from ingest.derive import friend_activities, revision
from ingest.invoices import InvoiceFlusher

SETTINGS = Settings(namespace="t")
ZONE = tm.zone("KR")
BASE = tm.parse_instant("2026-11-20T00:00:00+09:00")

_hour = st.integers(0, 60)
_maybe = st.one_of(st.none(), st.sampled_from(["A", "B"]))


def _time(hours: int) -> str:
    return tm.iso_local(BASE + hours * tm.HOUR, ZONE)


@st.composite
def events(draw: st.DrawFn, numbers: tuple[str, ...] = ("1", "2", "3")) -> tuple[bytes, int]:
    """A record and its received time: every code, few ids, so that copies, corrections and supersessions meet."""
    number = draw(st.sampled_from(numbers))
    direction = draw(st.sampled_from(["DELIVERY", "DELIVERY", "RETURN"]))
    code = draw(st.sampled_from(sorted(RANK[direction])))
    sent: dict[str, Any] = {
        "v": 1,
        "invoice_no": number,
        "direction": direction,
        "code": code,
        "event_time": draw(st.one_of(_hour.map(_time), st.sampled_from(["2026-11-20", "2026-11-21"]))),
        "event_id": f"e{draw(st.integers(0, 7))}",
        "camp_id": draw(st.sampled_from(["C1", "C2"])),
        "friend_id": draw(st.sampled_from(["F1", "F2"])),
        "address_key": draw(_maybe),
    }
    if code in {"DELIVERED", "PICKED_UP"} and draw(st.booleans()):
        del sent["friend_id"]
    if code in {"REGISTERED", "REQUESTED", "RESCHEDULED"}:
        sent |= {
            "service_date": draw(st.sampled_from(["2026-11-20", "2026-11-21"])),
            "wave": draw(st.sampled_from(["DAWN", "DAY"])),
            "promised_at": draw(_hour.map(_time)),
            "by": draw(st.sampled_from(["CUSTOMER", "CARRIER"])),
            "amount_krw": draw(st.sampled_from([1000, 1000.0])),
        }
    if code == "REGISTERED":
        sent["replaces"] = draw(st.one_of(st.none(), st.sampled_from(numbers)))
    if code == "SUPERSEDED":
        sent["source"] = DERIVED_SOURCE
    if code == "CORRECTED":
        sent["corrects"] = f"e{draw(st.integers(0, 7))}"
    return json.dumps(sent).encode(), BASE + draw(_hour) * tm.HOUR


async def ingest(stream: list[tuple[bytes, int]], random: Random) -> FakeWriter:
    """Documents of a stream taken in chunks of any size by workers that crash and are replaced; derived records too."""
    writer, publisher = FakeWriter(), FakePublisher()
    flusher = InvoiceFlusher(SETTINGS, writer, publisher, trusted=True)
    waiting = [FakeRecord(value, headers=[("received-at", b"%d" % received)]) for value, received in stream]
    while waiting:
        chunk = waiting[: random.randint(1, 5)]
        if random.random() < 0.3:
            # The worker dies between the write and the commit; the next one knows nothing and reads the chunk again.
            publisher.fail = 1
            flusher = InvoiceFlusher(SETTINGS, writer, publisher, trusted=True)
            await flusher.assigned({("t-invoice-events", 0)})
            try:
                await flusher.flush(chunk)
            except RuntimeError:
                continue
            publisher.fail = 0
        else:
            await flusher.flush(chunk)
        waiting = waiting[len(chunk) :]
        for key, value, headers in publisher.take("t-invoice-events"):
            waiting.insert(random.randint(0, len(waiting)), FakeRecord(value, key=key, headers=headers))
    return writer


@settings(max_examples=150, deadline=None)
@given(st.lists(events(), min_size=1, max_size=14), st.randoms(use_true_random=False))
async def test_any_order_repetition_and_division_gives_the_same_documents(
    stream: list[tuple[bytes, int]], random: Random
) -> None:
    expected = (await ingest(stream, Random(0))).sources("t-invoices-*")
    shuffled = stream + random.choices(stream, k=random.randint(0, len(stream)))
    random.shuffle(shuffled)
    assert (await ingest(shuffled, random)).sources("t-invoices-*") == expected


@settings(max_examples=150, deadline=None)
@given(st.lists(events(numbers=("1",)), min_size=1, max_size=14), st.randoms(use_true_random=False))
def test_the_last_activities_do_not_depend_on_the_order(stream: list[tuple[bytes, int]], random: Random) -> None:
    """However events come, the activities that count for each Friend in the end are those of the whole set."""

    def told(order: list[tuple[bytes, int]]) -> dict[tuple[str, str, str], tuple[Any, ...]]:
        logs: dict[str, Any] = {}
        friends: dict[str, FriendLog] = {}
        for value, received in order:
            event = decode_invoice_event(value, received, ZONE)
            if event.key in logs:
                logs[event.key] = restore_invoice(event.key, invoice_document(event.key, logs[event.key], ZONE))
            log = logs.setdefault(event.key, EventLog())
            log.add(decode_invoice_event(value, received, ZONE))
            for activity in friend_activities(event.key, log, [event], ZONE):
                friends.setdefault(activity.friend_id, FriendLog()).add_activity(Activity.decode(activity.encode()))
        return {
            (friend, activity.invoice, activity.event_id): _meaning(activity)
            for friend, log in friends.items()
            for activity in log.activities.values()
            if activity.counts and activity.voided_at is None
        }

    shuffled = stream + random.choices(stream, k=random.randint(0, 4))
    random.shuffle(shuffled)
    assert told(shuffled) == told(stream)


def _meaning(activity: Activity) -> tuple[Any, ...]:
    hidden = {"rev", "latest", "known_at", "dates"}
    return tuple(getattr(activity, name) for name in Activity.__slots__ if name not in hidden)


@given(st.lists(events(numbers=("1",)), min_size=2, max_size=10))
def test_revision_grows_with_every_change(stream: list[tuple[bytes, int]]) -> None:
    log = EventLog()
    revisions = []
    for value, received in stream:
        if log.add(decode_invoice_event(value, received, ZONE)):
            revisions.append(revision(log))
    assert all(earlier < later for earlier, later in pairwise(revisions))
