"""Dead letters chosen, and mended into records that ingest takes."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest
import typer
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError
from typer.testing import CliRunner

from hubstat.commands import dead_letters as commands
from hubstat.commands.dead_letters import _line, _lines, _readable
from hubstat.domain import time as tm
from hubstat.elastic.dead_letters import DeadLetter, Filter, Resent, note_resent
from hubstat.elastic.retry import NotNow
from hubstat.errors import EngineError, HubstatError
from hubstat.settings import Settings
from ingest.resend import BATCH, _send_all, mended, unchanged, with_fields

RECEIVED = tm.parse_instant("2026-11-20T09:00:00+09:00")
SENT: dict[str, Any] = {
    "v": 1,
    "invoice_no": "KR 1",
    "direction": "DELIVERY",
    "code": "ARRIVED_CAMP",
    "event_time": "2026-11-20T08:59:00+09:00",
    "camp_id": "C1",
}
LETTER = DeadLetter(
    "bad_invoice_no",
    "invoice_no",
    "must be",
    "hubstat-invoice-events",
    3,
    42,
    RECEIVED,
    b"KR 1",
    orjson.dumps(SENT),
    (("trace", b"x"),),
)
SETTINGS = Settings()


def header(record: Any, name: str) -> bytes | None:
    return dict(record.headers).get(name)


@pytest.mark.parametrize(
    ("text", "holds"),
    [(None, True), ("kr 1", True), ("MUST BE", True), ("invoice_no", True), ("trace: X", True), ("other", False)],
)
def test_a_text_is_looked_for_in_all_that_is_shown(text: str | None, holds: bool) -> None:
    assert Filter(text=text).holds(LETTER) is holds


def test_bytes_that_are_no_text_are_looked_through_too() -> None:
    assert Filter(text="tail").holds(replace(LETTER, raw=b"\xff\xfetail", key=None))
    assert not Filter(text="tail").holds(replace(LETTER, raw=None, key=None))


def test_open_letters_are_those_never_sent_again() -> None:
    sent = {"exists": {"field": "resent_at"}}
    assert Filter().query() == {"bool": {"filter": [], "must_not": [sent]}}
    assert Filter(state="resent").query() == {"bool": {"filter": [sent], "must_not": []}}
    assert Filter("late", "t", 5, None, state="all").query() == {
        "bool": {
            "filter": [{"term": {"reason": "late"}}, {"term": {"topic": "t"}}, {"range": {"received": {"gte": 5}}}],
            "must_not": [],
        }
    }


def test_a_mended_record_has_the_key_of_its_value_and_the_time_it_was_first_received() -> None:
    value = with_fields(LETTER, {"invoice_no": "KR-1", "carrier": "X"}, ["nothing"])
    record = mended(SETTINGS, LETTER, value, {}, trusted=True)
    assert orjson.loads(record.value or b"") == SENT | {"invoice_no": "KR-1", "carrier": "X"}
    assert (record.key, record.topic, record.mended) == (b"KR-1", LETTER.topic, True)
    assert header(record, "received-at") == str(RECEIVED).encode()
    assert header(record, "trace") == b"x"


def test_where_headers_are_not_trusted_none_is_made_up() -> None:
    recent = with_fields(LETTER, {"invoice_no": "KR-1", "event_time": "2026-11-20T08:59:00+09:00"}, [])
    assert header(mended(SETTINGS, LETTER, recent, {}, trusted=False), "received-at") is None
    assert unchanged(LETTER, trusted=False).headers == LETTER.headers
    assert header(unchanged(LETTER, trusted=True), "received-at") == str(RECEIVED).encode()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "bad_invoice_no"),
        ({"invoice_no": "KR-1", "code": "SUPERSEDED"}, "reserved_code"),
        ({"invoice_no": "KR-1", "source": "hubstat"}, "reserved_source"),
    ],
)
def test_what_would_be_refused_again_is_not_sent(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(HubstatError, match=f"it would be refused again: {reason}"):
        mended(SETTINGS, LETTER, with_fields(LETTER, fields, []), {}, trusted=True)


def test_a_wrong_header_is_mended_and_not_stated_again() -> None:
    good = orjson.dumps(SENT | {"invoice_no": "KR-1"})
    letter = replace(LETTER, reason="bad_header", raw=good, headers=(("received-at", b"yesterday"),))
    with pytest.raises(HubstatError, match="bad_header"):
        mended(SETTINGS, letter, good, {}, trusted=True)
    assert mended(SETTINGS, letter, good, {"received-at": b"1795000000000"}, trusted=True).headers == (
        ("received-at", b"1795000000000"),
    )
    assert header(mended(SETTINGS, letter, good, {"received-at": None}, trusted=True), "received-at") == (
        str(RECEIVED).encode()
    )
    assert unchanged(letter, trusted=True).headers == letter.headers


def test_friend_events_are_mended_and_derived_records_are_not() -> None:
    friend = replace(LETTER, topic="hubstat-friend-events", raw=b"{}")
    sent = {"v": 1, "friend_id": "F1", "code": "ROUTE_STARTED", "event_time": "2026-11-20T08:59:00+09:00"}
    with pytest.raises(HubstatError, match="refused again"):
        mended(SETTINGS, friend, b"{}", {}, trusted=True)
    assert mended(SETTINGS, friend, orjson.dumps(sent), {}, trusted=True).key == b"F1"
    with pytest.raises(HubstatError, match="holds what hubstat derives"):
        mended(SETTINGS, replace(LETTER, topic="hubstat-friend-activity"), b"{}", {}, trusted=True)


def test_fields_need_an_object() -> None:
    for raw in (None, b"", b"[1]", b"{"):
        with pytest.raises(HubstatError, match="give a whole one with --value"):
            with_fields(replace(LETTER, raw=raw), {"v": 1}, [])


@pytest.mark.parametrize("evil", ["\x1b]0;owned\x07", "\x9b2J", "a\nb", "\u202etxt", "\u2028"])
def test_what_a_record_holds_does_not_command_a_terminal(evil: str) -> None:
    for shown in (_readable(evil.encode()), _line(evil, 200), *_lines(None, orjson.dumps({"v": evil}), ())):
        assert shown.isprintable()
    assert _readable("쿠팡 KR-1 é".encode()) == "쿠팡 KR-1 é"


class Client:
    """Answers bulk requests with these statuses."""

    def __init__(self, *statuses: int, kind: str = "any") -> None:
        self.items = [
            {"update": {"_id": str(place), "status": status, "error": {"type": kind, "reason": "no"}}}
            for place, status in enumerate(statuses)
        ]

    def bulk(self, **_: Any) -> dict[str, Any]:
        return {"errors": True, "items": self.items}


SENT_AGAIN = [(LETTER, Resent(1, "me", LETTER.topic, 0, 7, False))]


@pytest.mark.parametrize(
    ("client", "error"),
    [
        (Client(200, 429), NotNow),
        (Client(503), NotNow),
        (Client(403, kind="cluster_block_exception"), NotNow),
        (Client(429, 404), EngineError),
    ],
)
def test_a_note_that_is_refused_is_an_error(client: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        note_resent(client, "hubstat", SENT_AGAIN)
    note_resent(cast(Any, Client(200, 201)), "hubstat", SENT_AGAIN)


class Producer:
    """Takes all but records of these offsets; notes what it took."""

    def __init__(self, errors: dict[bytes, Exception]) -> None:
        self.errors = errors
        self.took: list[bytes] = []

    async def send_and_wait(self, topic: str, value: bytes, key: bytes, headers: Any) -> Any:
        if value in self.errors:
            raise self.errors[value]
        self.took.append(value)
        return SimpleNamespace(topic=topic, partition=0, offset=len(self.took))


async def send(producer: Any, count: int) -> list[DeadLetter]:
    noted: list[DeadLetter] = []
    letters = [replace(LETTER, offset=place, raw=str(place).encode()) for place in range(count)]
    records = (unchanged(letter, trusted=False) for letter in letters)
    try:
        await _send_all(producer, "kafka:9092", records, lambda sent: noted.extend(letter for letter, _ in sent))
    finally:
        assert [letter.raw for letter in noted] == producer.took
    return noted


async def test_a_letter_that_kafka_refuses_for_good_holds_up_no_other() -> None:
    producer = Producer({b"3": MessageSizeTooLargeError("too large")})
    with pytest.raises(EngineError, match=r"refuses 1 records for good, 501 others were sent: .*-3 "):
        await send(producer, BATCH + 2)
    assert len(producer.took) == BATCH + 1


async def test_a_kafka_that_goes_away_ends_the_sending_and_what_it_took_is_noted() -> None:
    producer = Producer({b"3": KafkaConnectionError("gone")})
    with pytest.raises(EngineError, match="499 were sent and noted"):
        await send(producer, BATCH + 2)


def test_a_letter_named_twice_goes_once_and_one_sent_again_only_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    done = replace(LETTER, offset=43, resent=(SENT_AGAIN[0][1],))
    known = {letter.id: letter for letter in (LETTER, done)}
    sent: list[str] = []

    def send(_: Any, records: Any) -> int:
        sent.extend(record.letter.id for record in records)
        return len(sent)

    monkeypatch.setattr(commands._Desk, "get", lambda _, letter_id: known[letter_id])
    monkeypatch.setattr(commands._Desk, "open", lambda _: nullcontext())
    monkeypatch.setattr(commands._Desk, "trusted", False)
    monkeypatch.setattr(commands._Desk, "send", send)
    app = typer.Typer()
    commands.register(app, lambda: SETTINGS)

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["dead-letters", "resend", *arguments])

    assert run(LETTER.id, LETTER.id).exit_code == 0
    assert sent == [LETTER.id]
    refused = run(LETTER.id, done.id)
    assert f"{done.id}: sent again already" in str(refused.exception)
    assert sent == [LETTER.id]
    assert run(done.id, "--again").exit_code == 0
    assert sent == [LETTER.id, done.id]
