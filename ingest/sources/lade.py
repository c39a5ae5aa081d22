"""LaDe-D, real last-mile deliveries (Wu et al., arXiv 2306.10675), as events of the contract."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from hubstat.errors import SourceError
from ingest.sources.files import open_parquet, parquet_rows
from ingest.sources.record import Outgoing, encoded, unreadable

COLUMNS: Final = ("order_id", "region_id", "courier_id", "lng", "lat", "accept_time", "delivery_time", "ds")
WAVE: Final = "DAY"
_HALF_YEAR: Final = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class LadeOptions:
    """How to read the file, which has no years and no promises.

    year: of all its times; promise: local time of day on the service date; service_date: only the parcels of that date.
    """

    year: int
    promise: time
    service_date: date | None = None


def parse_promise(text: str) -> time:
    """A time of day ``HH:MM`` or ``HH:MM:SS``. Raises SourceError."""
    try:
        if re.fullmatch(r"\d\d:\d\d(:\d\d)?", text, re.ASCII):
            return time.fromisoformat(text)
    except ValueError:
        pass
    raise SourceError(f"--promise {text}: not a time of day; write it as 20:00")


def read_lade(path: Path, options: LadeOptions, zone: ZoneInfo) -> Iterator[Outgoing]:
    """Three events for each parcel: REGISTERED and ASSIGNED when it was accepted, DELIVERED when it was delivered.

    Courier → Friend, region → camp, position rounded to 4 digits → address_key; a record is received when it happened.
    A row that cannot be read is passed on as it is. Raises SourceError where the file or a needed column is missing,
    or no parcel has the service date.
    """
    with open_parquet(path) as table:
        missing = [name for name in COLUMNS if name not in table.schema_arrow.names]
        if missing:
            raise SourceError(
                f"{path}: no column {', '.join(missing)}: not a LaDe-D file; needed are {', '.join(COLUMNS)}"
            )
        found = False
        for row in parquet_rows(path, table, list(COLUMNS)):
            try:
                day = _service_date(row["ds"], options.year)
                if options.service_date is not None and day != options.service_date:
                    continue
                events = list(_events(row, day, options, zone))
            except (TypeError, ValueError):
                found = True
                yield unreadable(orjson.dumps(row, default=str), "invoice")
                continue
            found = True
            for event in events:
                yield encoded(event, "invoice", zone)
    if not found:
        wanted = f" of service date {options.service_date}" if options.service_date else ""
        raise SourceError(f"{path}: no parcels{wanted}; check --service-date and --year")


def _events(row: dict[str, Any], day: date, options: LadeOptions, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    accepted = _moment(row["accept_time"], options.year)
    delivered = _moment(row["delivery_time"], options.year)
    if accepted - delivered > _HALF_YEAR:  # over New Year's Eve
        delivered = delivered.replace(year=options.year + 1)
    base = {
        "v": 1,
        "invoice_no": str(row["order_id"]),
        "direction": "DELIVERY",
        "service_date": day.isoformat(),
        "wave": WAVE,
        "camp_id": str(row["region_id"]),
        "address_key": f"{row['lng']:.4f},{row['lat']:.4f}",
    }
    friend = {"friend_id": str(row["courier_id"])}
    promised = datetime.combine(day, options.promise, zone).isoformat()
    at = accepted.replace(tzinfo=zone).isoformat()
    yield {**base, "code": "REGISTERED", "event_time": at, "promised_at": promised}
    yield {**base, **friend, "code": "ASSIGNED", "event_time": at}
    yield {**base, **friend, "code": "DELIVERED", "event_time": delivered.replace(tzinfo=zone).isoformat()}


def _service_date(ds: int, year: int) -> date:
    month, day = divmod(int(ds), 100)
    return date(year, month, day)


def _moment(text: str, year: int) -> datetime:
    """A local time ``MM-DD HH:MM:SS``."""
    return datetime.fromisoformat(f"{year}-{text}")
