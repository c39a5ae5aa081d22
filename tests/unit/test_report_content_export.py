"""Tables as CSV and XLSX: read back they hold what was put in, and nothing in them runs."""

from __future__ import annotations

import csv
import io
from datetime import datetime

import openpyxl
import pytest

from hubstat.figures.export import Column, Table, csv_bytes, xlsx_bytes

TABLE = Table(
    "서울: 배송/회수 [1]",
    [("기준", "2026-11-20 15:04:30 KST"), ("이름", "=1+1")],
    [
        Column("hub", "허브"),
        Column("due", "대상", "count"),
        Column("rate", "지연율", "share"),
        Column("idle", "유휴", "number"),
        Column("last", "최종", "time"),
    ],
    [
        {"hub": "강남", "due": 1234, "rate": 1 / 3, "idle": -0.5, "last": "2026-11-20T15:04:30.123+09:00"},
        {"hub": "=HYPERLINK(1)", "due": 0, "rate": None},
    ],
)


def test_csv_reads_back_with_bom_and_unrounded() -> None:
    raw = csv_bytes(TABLE)
    assert raw.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert lines[0] == ["서울: 배송/회수 [1]"]
    assert lines[1] == ["기준", "2026-11-20 15:04:30 KST"]
    assert lines[3] == []
    assert lines[4] == ["허브", "대상", "지연율", "유휴", "최종"]
    assert lines[5] == ["강남", "1234", repr(1 / 3), "-0.5", "2026-11-20T15:04:30.123+09:00"]
    assert lines[6] == ["'=HYPERLINK(1)", "0", "", "", ""]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_csv_text_that_a_spreadsheet_would_run_is_quoted(start: str) -> None:
    table = Table(start + "t", [(start + "n", start + "v")], [Column("x", start + "l")], [{"x": start + "SUM(A1)"}])
    cells = [cell for line in csv.reader(io.StringIO(csv_bytes(table).decode("utf-8-sig"))) for cell in line]
    assert len(cells) == 5
    assert all(cell.startswith("'" + start) for cell in cells)


def test_xlsx_holds_numbers_times_and_no_formula() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(TABLE))).active
    assert sheet is not None
    assert sheet.title == "서울  배송 회수  1"
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][0] == "서울: 배송/회수 [1]"
    assert rows[2][:2] == ["이름", "=1+1"]
    assert rows[4] == ["허브", "대상", "지연율", "유휴", "최종"]
    assert rows[5] == ["강남", 1234, pytest.approx(1 / 3), -0.5, datetime.fromisoformat("2026-11-20T15:04:30.123")]
    assert rows[6] == ["=HYPERLINK(1)", 0, None, None, None]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert sheet["C6"].number_format == "0.0%"
    assert sheet.freeze_panes == "A6"


def test_an_empty_table_is_a_file_with_its_header() -> None:
    table = Table("", [], [Column("x", "X")], [])
    assert list(csv.reader(io.StringIO(csv_bytes(table).decode("utf-8-sig")))) == [[""], [], ["X"]]
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(table))).active
    assert sheet is not None
    assert sheet.title == "hubstat"
