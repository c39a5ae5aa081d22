"""A table of figures as a file for a spreadsheet: CSV (UTF-8 with BOM) and XLSX. One place for screens and mails.

Both begin with what the figures are of (scope, as-of, known-at, zone, definition version), then an empty line, the
labels of the columns, the rows. Numbers are unrounded; nothing that somebody wrote into a name can run as a formula.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from math import isfinite
from typing import Any, Final, Literal

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

# share: a part of 1, shown as per cent. time: a local time as figures carry it, RFC 3339 with offset.
Kind = Literal["text", "count", "number", "share", "time"]
CSV_MIME: Final = "text/csv"
XLSX_MIME: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_NUMBER_FORMATS: Final[Mapping[Kind, str]] = {
    "count": "#,##0",
    "number": "#,##0.0",
    "share": "0.0%",
    "time": "yyyy-mm-dd hh:mm:ss",
}
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_SHEET_NAME: Final = 31
_SHEET_FORBIDDEN: Final = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
_WIDTHS: Final = (9, 32)
# Rows of a CSV that are written together.
_BLOCK: Final = 1_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column. key: of the rows' values. label: its heading."""

    key: str
    label: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows and what they are of. header: (name, value) lines above them. A value that a row has not, or None: empty."""

    title: str
    header: Sequence[tuple[str, str]]
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]


def csv_bytes(table: Table) -> bytes:
    """The table as CSV with BOM, so that spreadsheets read Korean; times keep their offset."""
    return b"".join(csv_blocks(table, table.rows))


def csv_blocks(table: Table, rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """The table as CSV with these rows, however many, block by block as they come; its own rows are not looked at."""
    head = [[table.title], *table.header, [], [column.label for column in table.columns]]
    yield codecs.BOM_UTF8 + _lines(head)
    keys = [column.key for column in table.columns]
    left = iter(rows)
    while block := [[row.get(key) for key in keys] for row in islice(left, _BLOCK)]:
        yield _lines(block)


def _lines(cells: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([_safe(cell) for cell in line] for line in cells)
    return text.getvalue().encode()


def _safe(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; None is an empty one."""
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def xlsx_bytes(table: Table) -> bytes:
    """The table as one sheet with numbers and times as such; times are local ones, the zone is in the header."""
    target = io.BytesIO()
    # No option here turns what is written as text into a formula, a link or a number.
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet(_sheet_name(table.title))
    bold = book.add_format({"bold": True})
    heading = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    formats = {kind: book.add_format({"num_format": form}) for kind, form in _NUMBER_FORMATS.items()}
    sheet.write_string(0, 0, table.title, bold)
    for line, (name, value) in enumerate(table.header, 1):
        sheet.write_string(line, 0, name)
        sheet.write_string(line, 1, value)
    top = len(table.header) + 2
    for place, column in enumerate(table.columns):
        sheet.write_string(top, place, column.label, heading)
        sheet.set_column(place, place, min(max(len(column.label), _WIDTHS[0]), _WIDTHS[1]))
        for line, row in enumerate(table.rows, top + 1):
            _cell(sheet, line, place, row.get(column.key), formats.get(column.kind))
    sheet.freeze_panes(top + 1, 0)
    if table.rows and table.columns:
        sheet.autofilter(top, 0, top + len(table.rows), len(table.columns) - 1)
    book.close()
    return target.getvalue()


def _sheet_name(title: str) -> str:
    """A name that a sheet may have."""
    return title.translate(_SHEET_FORBIDDEN)[:_SHEET_NAME].strip() or "hubstat"


def _cell(sheet: Worksheet, line: int, place: int, value: Any, form: Format | None) -> None:
    match value:
        case None:
            return
        case bool():
            sheet.write_boolean(line, place, value)
        case int() | float() if isfinite(value):
            sheet.write_number(line, place, value, form)
        case str() if form is not None and form.num_format == _NUMBER_FORMATS["time"]:
            sheet.write_datetime(line, place, datetime.fromisoformat(value).replace(tzinfo=None), form)
        case _:
            sheet.write_string(line, place, str(value))
