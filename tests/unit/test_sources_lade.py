"""LaDe-D as events of the contract."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hubstat.domain import time as tm
from hubstat.domain.contract import decode_invoice_event
from hubstat.errors import SourceError
from ingest.sources.lade import LadeOptions, parse_promise, read_lade
from ingest.sources.record import Outgoing

ZONE = tm.zone("KR")
ROW: dict[str, Any] = {
    "order_id": 3322376,
    "region_id": 31,
    "courier_id": 4849,
    "lng": 126.56526,
    "lat": 43.84118,
    "accept_time": "09-25 08:08:00",
    "delivery_time": "09-25 11:32:00",
    "ds": 925,
}


def read(folder: Path, rows: list[dict[str, Any]], service_date: date | None = None) -> list[Outgoing]:
    path = folder / "lade.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return list(read_lade(path, LadeOptions(2022, time(20, 0), service_date), ZONE))


def test_a_parcel_is_three_events(tmp_path: Path) -> None:
    records = read(tmp_path, [ROW])
    base = {
        "v": 1,
        "invoice_no": "3322376",
        "direction": "DELIVERY",
        "service_date": "2022-09-25",
        "wave": "DAY",
        "camp_id": "31",
        "address_key": "126.5653,43.8412",
    }
    accepted = {"event_time": "2022-09-25T08:08:00+09:00"}
    assert [orjson.loads(record.value) for record in records] == [
        {**base, **accepted, "code": "REGISTERED", "promised_at": "2022-09-25T20:00:00+09:00"},
        {**base, **accepted, "code": "ASSIGNED", "friend_id": "4849"},
        {**base, "code": "DELIVERED", "friend_id": "4849", "event_time": "2022-09-25T11:32:00+09:00"},
    ]
    assert {record.key for record in records} == {b"3322376"}
    assert records[2].received_ms == tm.parse_instant("2022-09-25T11:32:00+09:00")
    for record in records:
        decode_invoice_event(record.value, record.received_ms or 0, ZONE)


def test_one_service_date(tmp_path: Path) -> None:
    rows = [ROW, {**ROW, "order_id": 2, "ds": 926}]
    assert {record.key for record in read(tmp_path, rows, date(2022, 9, 26))} == {b"2"}
    with pytest.raises(SourceError, match="no parcels of service date 2022-09-27"):
        read(tmp_path, rows, date(2022, 9, 27))


def test_over_new_year(tmp_path: Path) -> None:
    row = {**ROW, "accept_time": "12-31 22:00:00", "delivery_time": "01-01 03:00:00", "ds": 1231}
    assert orjson.loads(read(tmp_path, [row])[2].value)["event_time"] == "2023-01-01T03:00:00+09:00"


def test_a_bad_row_is_passed_on(tmp_path: Path) -> None:
    rows = [ROW, {**ROW, "accept_time": "soon"}, {**ROW, "ds": 1399}, {**ROW, "delivery_time": None}]
    records = read(tmp_path, rows)
    assert [record.readable for record in records] == [True, True, True, False, False, False]
    assert orjson.loads(records[3].value)["accept_time"] == "soon"


def test_missing_columns(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no column lng, ds: not a LaDe-D file"):
        read(tmp_path, [{name: value for name, value in ROW.items() if name not in {"lng", "ds"}}])


def test_promise_is_a_time_of_day() -> None:
    assert parse_promise("20:00") == time(20, 0)
    for text in ("8pm", "24:00", "7:5", ""):
        with pytest.raises(SourceError, match="not a time of day"):
            parse_promise(text)
