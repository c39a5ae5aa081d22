"""The ground truth of a simulated day as Parquet: what really happened to each invoice."""

from __future__ import annotations

import os
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


def _row(parcel: Parcel) -> dict[str, object]:
    done = parcel.completed_ms
    return {
        "direction": parcel.direction,
        "invoice_no": parcel.invoice_no,
        "service_date": parcel.service_date,
        "wave": parcel.wave,
        "promised_from": parcel.promised_from,
        "promised_at": parcel.promise_ms,
        "camp_id": parcel.camp_id,
        "friend_id": parcel.completed_by or parcel.holder,
        "departed_at": parcel.departed_ms,
        "completed_at": done,
        "ended_at": None if done is not None else parcel.ended_ms,
        "ended_by": None if done is not None else parcel.ended_by,
        "closed_admin_at": None if done is not None else parcel.admin_ms,
        "superseded_by": parcel.superseded_by,
        "due": parcel.due,
        "late": parcel.late,
        "failed_attempts": parcel.failed_attempts,
        "last_reason": parcel.last_reason,
        "distinct_events": parcel.events,
        "duplicates": parcel.duplicates,
        "corrections": parcel.corrections,
    }


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
        self._writer.write_table(pa.Table.from_pylist([_row(parcel) for parcel in played.parcels], schema=SCHEMA))

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
