"""Files of the event contract: NDJSON, CSV and Parquet. What cannot be read as a record is passed on as it is."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from hubstat.errors import SourceError
from ingest.sources.record import Kind, Outgoing, encoded, opened, outgoing, require_columns, unreadable

PARQUET: Final = (".parquet", ".pq")
SUFFIXES: Final = (".ndjson", ".jsonl", ".json", ".csv", *PARQUET)
_BATCH_ROWS: Final = 4_096
_WHOLE_NUMBERS: Final = frozenset({"v"})
_NUMBERS: Final = frozenset({"amount_krw"})
_FLAGS: Final = {"prerefund": {"true": True, "false": False}}


def check(path: Path) -> None:
    """Find out before anything is sent whether a file can be read at all. Raises SourceError."""
    if path.suffix.lower() not in SUFFIXES:
        raise SourceError(f"{path}: unknown kind of file; its name must end with {', '.join(SUFFIXES)}")
    opened(path)
    if path.suffix.lower() in PARQUET:
        open_parquet(path).close()


def read_contract(path: Path, kind: Kind | None, zone: ZoneInfo) -> Iterator[Outgoing]:
    """Records of one file in the contract's form, in file order; the form is told by the suffix.

    kind: what all its records are; None: each is judged by its fields. Raises SourceError, also while reading on,
    where the file as a whole cannot be read; a single bad record never raises.
    """
    check(path)
    reader = {".csv": _csv, ".parquet": _parquet, ".pq": _parquet}.get(path.suffix.lower(), _ndjson)
    count = 0
    for count, record in enumerate(reader(path, kind, zone), 1):  # noqa: B007
        yield record
    if not count:
        raise SourceError(f"{path}: the file has no records; nothing to send")


def _ndjson(path: Path, kind: Kind | None, zone: ZoneInfo) -> Iterator[Outgoing]:
    last = kind
    with path.open("rb") as lines:
        for raw in lines:
            line = raw.strip()
            if not line:
                continue
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError:
                record = None
            if isinstance(record, dict):
                sent = outgoing(record, line, kind, zone)
                last = sent.kind
                yield sent
            else:
                yield unreadable(line, last)


def _csv(path: Path, kind: Kind | None, zone: ZoneInfo) -> Iterator[Outgoing]:
    # Bytes that are no UTF-8 come through as lone surrogates, so that such a row can be passed on as it is.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        rows = csv.reader(text)
        try:
            columns = [name.strip() for name in next(rows, [])]
            require_columns(path, columns, kind)
            for row in rows:
                if row:
                    yield _csv_record(columns, row, kind, zone)
        except csv.Error as error:
            raise SourceError(f"{path}: line {rows.line_num} is no CSV: {error}; export the file again") from error


def _csv_record(columns: list[str], row: list[str], kind: Kind | None, zone: ZoneInfo) -> Outgoing:
    if len(row) == len(columns):
        try:
            return encoded({name: _typed(name, value) for name, value in zip(columns, row, strict=True)}, kind, zone)
        except orjson.JSONEncodeError:
            pass
    return unreadable(",".join(row).encode(errors="surrogateescape"), kind)


def _typed(name: str, value: str) -> Any:
    """A CSV value in the contract's type; what does not fit stays text, for the decoder to refuse."""
    try:
        if name in _WHOLE_NUMBERS:
            return int(value)
        if name in _NUMBERS and value:
            return int(value) if value.lstrip("-").isdigit() else float(value)
    except ValueError:
        return value
    if name in _FLAGS:
        return _FLAGS[name].get(value.lower(), value)
    return value


def open_parquet(path: Path) -> pq.ParquetFile:
    """A Parquet file that is whole. Raises SourceError."""
    try:
        return pq.ParquetFile(opened(path))
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{path}: no whole Parquet file ({_first_line(error)}); copy it here again") from error


def parquet_rows(path: Path, table: pq.ParquetFile, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """Rows of a Parquet file as Python values. Raises SourceError where the file is damaged further in."""
    try:
        for batch in table.iter_batches(batch_size=_BATCH_ROWS, columns=columns):
            yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{path}: damaged ({_first_line(error)}); copy it here again") from error


def _parquet(path: Path, kind: Kind | None, zone: ZoneInfo) -> Iterator[Outgoing]:
    with open_parquet(path) as table:
        schema: pa.Schema = table.schema_arrow
        require_columns(path, list(schema.names), kind)
        for column in schema:
            if pa.types.is_timestamp(column.type) and column.type.tz is None:
                raise SourceError(
                    f"{path}: column {column.name} has times without a zone; write them as UTC or as text with offset"
                )
        for row in parquet_rows(path, table):
            yield encoded({name: _plain(value) for name, value in row.items()}, kind, zone)


def _plain(value: Any) -> Any:
    """A Parquet value as it is written in JSON."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
