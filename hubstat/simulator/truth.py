"""The ground truth of a simulated day as Parquet: what really happened to each invoice."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Final

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from hubstat.simulator.camp import CampDay
from hubstat.simulator.parcel import Parcel
from hubstat.simulator.record import Counts

_MOMENT: Final = pa.timestamp("ms", tz="UTC")
SCHEMA: Final = pa.schema(
    [
        pa.field("direction", pa.string(), nullable=False),
        pa.field("invoice_no", pa.string(), nullable=False),
        pa.field("service_date", pa.string(), nullable=False),
        pa.field("wave", pa.string(), nullable=False),
        pa.field("promised_from", _MOMENT),
        pa.field("promised_at", _MOMENT, nullable=False),
        pa.field("camp_id", pa.string()),
        pa.field("friend_id", pa.string()),
        pa.field("departed_at", _MOMENT),
        pa.field("completed_at", _MOMENT),
        pa.field("ended_at", _MOMENT),
        pa.field("ended_by", pa.string()),
        pa.field("closed_admin_at", _MOMENT),
        pa.field("superseded_by", pa.string()),
        pa.field("due", pa.bool_(), nullable=False),
        pa.field("late", pa.bool_(), nullable=False),
        pa.field("failed_attempts", pa.int32(), nullable=False),
        pa.field("last_reason", pa.string()),
        pa.field("distinct_events", pa.int32(), nullable=False),
        pa.field("duplicates", pa.int32(), nullable=False),
        pa.field("corrections", pa.int32(), nullable=False),
    ]
)
COUNTS_KEY: Final = b"hubstat.counts"


def _table(parcels: Sequence[Parcel]) -> pa.Table:
    done = [parcel.completed_ms for parcel in parcels]
    unless_done = [parcel if at is None else None for parcel, at in zip(parcels, done, strict=True)]
    columns: dict[str, list[object]] = {
        "direction": [parcel.direction for parcel in parcels],
        "invoice_no": [parcel.invoice_no for parcel in parcels],
        "service_date": [parcel.service_date for parcel in parcels],
        "wave": [parcel.wave for parcel in parcels],
        "promised_from": [parcel.promised_from for parcel in parcels],
        "promised_at": [parcel.promise_ms for parcel in parcels],
        "camp_id": [parcel.camp_id for parcel in parcels],
        "friend_id": [parcel.completed_by or parcel.holder for parcel in parcels],
        "departed_at": [parcel.departed_ms for parcel in parcels],
        "completed_at": [*done],
        "ended_at": [parcel and parcel.ended_ms for parcel in unless_done],
        "ended_by": [parcel and parcel.ended_by for parcel in unless_done],
        "closed_admin_at": [parcel and parcel.admin_ms for parcel in unless_done],
        "superseded_by": [parcel.superseded_by for parcel in parcels],
        "due": [parcel.due for parcel in parcels],
        "late": [parcel.late for parcel in parcels],
        "failed_attempts": [parcel.failed_attempts for parcel in parcels],
        "last_reason": [parcel.last_reason for parcel in parcels],
        "distinct_events": [parcel.events for parcel in parcels],
        "duplicates": [parcel.duplicates for parcel in parcels],
        "corrections": [parcel.corrections for parcel in parcels],
    }
    return pa.table(columns, schema=SCHEMA)


class TruthWriter:
    """Writes the truth camp by camp: one row an invoice (``SCHEMA``), totals as JSON under the key ``hubstat.counts``.

    The file appears under its name only when it is whole. ``late``: in the base of the delay rate and late, once
    everything is known and its day is over.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._aside = path.with_name(path.name + ".part")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(self._aside, SCHEMA, compression="zstd")
        self.counts = Counts()
        self.invoices = 0

    def add(self, played: CampDay) -> None:
        """Write one camp's invoices as they were when its day had been played."""
        self.counts.add(played.recorder.counts)
        self.invoices += len(played.parcels)
        self._writer.write_table(_table(played.parcels))

    def __enter__(self) -> TruthWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            counts = orjson.dumps({"invoices": self.invoices, **asdict(self.counts)})
            self._writer.add_key_value_metadata({COUNTS_KEY: counts})
        self._writer.close()
        if kind is None:
            os.replace(self._aside, self._path)
        else:
            self._aside.unlink(missing_ok=True)
