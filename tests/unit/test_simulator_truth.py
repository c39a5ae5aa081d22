"""The ground truth file."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import orjson
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from hubstat.simulator import Options, TruthWriter, build_network, simulate_day
from hubstat.simulator.truth import COUNTS_KEY, SCHEMA


def test_truth_has_a_row_for_each_invoice_and_the_totals(tmp_path: Path) -> None:
    path = tmp_path / "made" / "truth.parquet"
    spec = build_network(1_000, 1, "KR")
    with TruthWriter(path) as writer:
        records = list(simulate_day(spec, date(2026, 11, 20), 1, Options(duplicates=0.1), writer.add))
    table = pq.read_table(path)
    assert table.schema.equals(SCHEMA)
    assert table.num_rows == 1_000
    counts = orjson.loads(pq.read_metadata(path).metadata[COUNTS_KEY])
    assert counts["invoices"] == 1_000
    assert counts["records"] == len(records)
    assert pc.sum(table["distinct_events"]).as_py() == counts["invoice_events"]
    done = table.filter(pc.is_valid(table["completed_at"]))
    assert pc.all(pc.greater(done["completed_at"], done["promised_at"])).as_py() is False
    plain = done.filter(done["due"])
    late = pc.greater(plain["completed_at"], plain["promised_at"])
    assert plain["late"].to_pylist() == late.to_pylist()


def test_half_a_truth_never_appears(tmp_path: Path) -> None:
    path = tmp_path / "truth.parquet"
    with pytest.raises(RuntimeError), TruthWriter(path):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
