"""What a source yields, and the parts all sources share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

import orjson

from hubstat.domain import time as tm
from hubstat.errors import SourceError

Kind = Literal["invoice", "friend"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

REQUIRED: Final[dict[Kind, tuple[str, ...]]] = {
    "invoice": ("v", "invoice_no", "direction", "code", "event_time"),
    "friend": ("v", "friend_id", "code", "event_time"),
}


class Outgoing(NamedTuple):
    """One record to send.

    ``kind`` decides the topic. ``key``: invoice number or friend id; None where the record has none. ``received_ms``:
    when it was received; None where the record does not tell: then the broker's time counts. ``readable``: whether it
    is a JSON object.
    """

    kind: Kind
    key: bytes | None
    value: bytes
    received_ms: int | None
    readable: bool = True


def opened(path: Path) -> Path:
    """The path, if it is a file with something in it. Raises SourceError."""
    try:
        if not path.is_file():
            raise SourceError(f"{path}: no such file; give the path of an NDJSON, CSV or Parquet file")
        if path.stat().st_size == 0:
            raise SourceError(f"{path}: the file is empty; nothing to send")
        with path.open("rb"):
            return path
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror or error}; check its permissions") from error


def outgoing(record: Mapping[str, Any], value: bytes, kind: Kind | None, zone: ZoneInfo) -> Outgoing:
    """One decoded record with its bytes. Without ``kind`` one of a Friend that names no invoice is a friend-event."""
    if kind is None:
        of_friend = "friend_id" in record and "invoice_no" not in record and "direction" not in record
        kind = "friend" if of_friend else "invoice"
    key = record.get("friend_id" if kind == "friend" else "invoice_no")
    return Outgoing(kind, str(key).encode() if key not in (None, "") else None, value, received(record, zone))


def received(record: Mapping[str, Any], zone: ZoneInfo) -> int | None:
    """When a record was received, ms: its ``received_at``, else its event time (a date alone: the end of that day)."""
    told = record.get("received_at") or record.get("event_time")
    if not isinstance(told, str):
        return None
    try:
        return tm.day_end(date.fromisoformat(told), zone) if tm.is_date(told) else tm.parse_instant(told)
    except (ValueError, OverflowError):
        return None


def unreadable(value: bytes, kind: Kind | None) -> Outgoing:
    """Bytes that are no record, to be sent as they are: they become a dead letter that shows them."""
    return Outgoing(kind or "invoice", None, value, None, readable=False)


def encoded(record: dict[str, Any], kind: Kind | None, zone: ZoneInfo) -> Outgoing:
    """A record made here, as JSON without its empty fields."""
    fields = {name: value for name, value in record.items() if value is not None and value != ""}
    return outgoing(fields, orjson.dumps(fields), kind, zone)


def require_columns(path: Path, columns: list[str], kind: Kind | None) -> None:
    """Check that a table can hold the contract's events. Raises SourceError."""
    kinds: tuple[Kind, ...] = (kind,) if kind else KINDS
    missing = {k: [name for name in REQUIRED[k] if name not in columns] for k in kinds}
    if all(missing.values()):
        nearest = min(missing, key=lambda k: len(missing[k]))
        hint = "; for LaDe files say --format lade" if "accept_time" in columns else ""
        raise SourceError(
            f"{path}: no column {', '.join(missing[nearest])}: not {nearest}-events of the contract{hint}; "
            f"needed are {', '.join(REQUIRED[nearest])}"
        )
