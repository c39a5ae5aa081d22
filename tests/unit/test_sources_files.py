"""Files of the contract: what is read, what is passed on as it is, and which files are refused with one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hubstat.domain import time as tm
from hubstat.domain.contract import decode_friend_event, decode_invoice_event
from hubstat.errors import SourceError
from ingest.sources.files import check, read_contract
from ingest.sources.record import Outgoing

ZONE = tm.zone("KR")
SCAN: dict[str, Any] = {
    "v": 1,
    "invoice_no": "A1",
    "direction": "RETURN",
    "code": "REQUESTED",
    "event_time": "2026-11-18T09:00:00+09:00",
    "service_date": "2026-11-18",
    "wave": "DAY",
    "promised_at": "2026-11-18T13:00:00+09:00",
    "amount_krw": 12000,
    "prerefund": True,
    "received_at": "2026-11-18T09:00:05+09:00",
}
BREAK = {
    "v": 1,
    "friend_id": "F1",
    "code": "BREAK_STARTED",
    "event_time": "2026-11-18T12:00:00+09:00",
}


def read(path: Path, kind: Any = None) -> list[Outgoing]:
    return list(read_contract(path, kind, ZONE))


def ndjson(path: Path, *lines: bytes | dict[str, Any]) -> Path:
    path.write_bytes(b"\n".join(orjson.dumps(line) if isinstance(line, dict) else line for line in lines))
    return path


def test_ndjson_keeps_bytes_and_tells_kind_key_and_received_time(tmp_path: Path) -> None:
    line = b'{"v": 1, "invoice_no":"A1","direction":"DELIVERY","event_time":"2026-11-18","extra": [1]}'
    scan, rest, friend = read(ndjson(tmp_path / "a.ndjson", SCAN, line + b"\r", b"", BREAK))
    assert scan == Outgoing("invoice", b"A1", orjson.dumps(SCAN), tm.parse_instant("2026-11-18T09:00:05+09:00"))
    assert rest.value == line
    assert rest.received_ms == tm.parse_instant("2026-11-18T23:59:59.999+09:00")
    assert (friend.kind, friend.key) == ("friend", b"F1")
    assert friend.received_ms == tm.parse_instant("2026-11-18T12:00:00+09:00")


@pytest.mark.parametrize("line", [b"{not json", b"[1]", b"7", b'"text"', b"\xff\xfe", b'{"a":1}{'])
def test_a_line_that_is_no_record_is_passed_on(tmp_path: Path, line: bytes) -> None:
    records = read(ndjson(tmp_path / "a.jsonl", BREAK, line, SCAN))
    assert [record.readable for record in records] == [True, False, True]
    assert records[1] == Outgoing("friend", None, line, None, readable=False)  # goes where the record before it went
    assert read(ndjson(tmp_path / "b.jsonl", line), "invoice")[0].kind == "invoice"


@pytest.mark.parametrize(
    ("record", "key", "received"),
    [
        ({"code": "DELIVERED"}, None, None),
        ({"invoice_no": 7, "event_time": 12}, b"7", None),
        ({"invoice_no": "", "event_time": "yesterday"}, None, None),
        ({"invoice_no": "A", "event_time": "2026-13-45"}, b"A", None),
        ({"invoice_no": "A", "event_time": "2026-11-18T09:00:00"}, b"A", None),
    ],
)
def test_wrong_fields_are_left_to_the_decoder(
    tmp_path: Path, record: dict[str, Any], key: bytes | None, received: int | None
) -> None:
    (sent,) = read(ndjson(tmp_path / "a.json", record))
    assert (sent.kind, sent.key, sent.received_ms, sent.readable) == ("invoice", key, received, True)


def test_kind_can_be_given(tmp_path: Path) -> None:
    path = ndjson(tmp_path / "a.ndjson", {"friend_id": "F1", "direction": "DELIVERY"}, {"friend_id": "F1"})
    assert [record.kind for record in read(path)] == ["invoice", "friend"]
    assert [(r.kind, r.key) for r in read(path, "friend")] == [("friend", b"F1"), ("friend", b"F1")]


def test_csv_has_types_and_no_empty_fields(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    header = [*SCAN, "friend_id"]
    row = [str(SCAN[name]).lower() if name == "prerefund" else str(SCAN[name]) for name in SCAN]
    path.write_text(f"\ufeff{','.join(header)}\r\n{','.join(row)},\r\n", encoding="utf-8")
    (sent,) = read(path)
    assert orjson.loads(sent.value) == SCAN
    assert decode_invoice_event(sent.value, sent.received_ms or 0, ZONE).key == "RETURN:A1"


def test_a_bad_csv_row_is_passed_on(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(
        b"v,friend_id,code,event_time\n"
        b"1,F1,BREAK_STARTED,2026-11-18T12:00:00+09:00\n"
        b"1,F1,BREAK_STARTED\n"
        b"1,F\xff,BREAK_STARTED,2026-11-18T12:00:00+09:00\n"
        b"one,F2,BREAK_ENDED,2026-11-18T13:00:00+09:00\n"
    )
    good, short, bytes_, typed = read(path)
    assert decode_friend_event(good.value, good.received_ms or 0, ZONE).key == "F1"
    assert (short.value, short.readable) == (b"1,F1,BREAK_STARTED", False)
    assert bytes_.value == b"1,F\xff,BREAK_STARTED,2026-11-18T12:00:00+09:00"
    assert orjson.loads(typed.value)["v"] == "one"


def test_parquet_with_texts_and_times(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    moment = tm.parse_instant(SCAN["event_time"])
    utc = pa.timestamp("ms", tz="UTC")
    rows = {
        **{name: [value] for name, value in SCAN.items()},
        "event_time": pa.array([moment], utc),
        "service_date": pa.array([20_775], pa.date32()),
        "camp_id": pa.array([None], pa.string()),
    }
    pq.write_table(pa.table(rows), path)
    (sent,) = read(path)
    event = decode_invoice_event(sent.value, sent.received_ms or 0, ZONE)
    assert event.copy.time == moment
    assert event.copy.sent["service_date"] == "2026-11-18"
    assert "camp_id" not in event.copy.sent


def bad_files(folder: Path) -> dict[str, Path]:
    """Files that cannot be read as a whole, by what the message must say."""
    whole = folder / "whole.parquet"
    pq.write_table(pa.table({"v": [1], "friend_id": ["F1"], "code": ["ABSENT"], "event_time": ["2026-11-18"]}), whole)
    contents: dict[str, tuple[str, bytes]] = {
        "the file is empty": ("empty.ndjson", b""),
        "has no records": ("blank.ndjson", b"\n\n"),
        "has no records; nothing": ("header.csv", b"v,friend_id,code,event_time\n"),
        "no column v, event_time": ("columns.csv", b"friend_id,code\nF1,ABSENT\n"),
        "needed are v, invoice_no": ("columns2.csv", b"v,invoice_no,direction\n1,A,RETURN\n"),
        "no whole Parquet file": ("half.parquet", whole.read_bytes()[: whole.stat().st_size // 2]),
        "no whole Parquet file (": ("text.pq", b"v,friend_id\n"),
        "its name must end with": ("events.xlsx", b"PK"),
    }
    found: dict[str, Path] = {"no such file": folder / "absent.ndjson", "no such file; give": folder / "folder.ndjson"}
    (folder / "folder.ndjson").mkdir()
    for message, (name, content) in contents.items():
        found[message] = folder / name
        found[message].write_bytes(content)
    return found


def test_a_bad_file_is_refused_with_one_line(tmp_path: Path) -> None:
    files = bad_files(tmp_path)
    assert len(files) == 10
    for message, path in files.items():
        with pytest.raises(SourceError) as caught:
            read(path)
        text = str(caught.value)
        assert message in text
        assert text.startswith(str(path))
        assert "\n" not in text


def test_times_without_zone_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    naive = pa.array([0], pa.timestamp("ms"))
    pq.write_table(pa.table({"v": [1], "friend_id": ["F"], "code": ["ABSENT"], "event_time": naive}), path)
    with pytest.raises(SourceError, match="column event_time has times without a zone"):
        read(path)


def test_check_finds_a_bad_file_before_anything_is_sent(tmp_path: Path) -> None:
    files = bad_files(tmp_path)
    for message in ("no such file", "the file is empty", "no whole Parquet file", "its name must end with"):
        with pytest.raises(SourceError, match=message):
            check(files[message])


def test_a_lade_file_without_its_format_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"order_id": [1], "accept_time": ["05-29 08:00:00"]}), path)
    with pytest.raises(SourceError, match="say --format lade"):
        read(path)
