"""The benchmark of ingest runs through on real engines, small, and every program writes what it was given."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import orjson
import pytest

from hubstat.bench import write
from hubstat.bench.place import Site
from hubstat.bench.raw import Connection
from hubstat.bench.results import Report
from hubstat.settings import Settings

pytestmark = pytest.mark.engines

PEERS = Path(__file__).parents[1] / "benchmarks" / "peers"


def test_every_program_is_measured_and_writes_what_it_was_given(settings: Settings, tmp_path: Path) -> None:
    url, bootstrap = str(settings.elasticsearch.url), str(settings.kafka.bootstrap_servers)
    said: list[str] = []
    report = Report()
    write.run(Site(settings, url, bootstrap, tmp_path, {}, said.append, PEERS), write.Size(500, 1, 2_000, 0.0), report)
    targets = {(finding.target, finding.variant) for finding in report.findings}
    for variant in ("whole worker", "invoice documents only"):
        assert targets >= {(target, variant) for target in ("I1", "I2", "I3", "I5")}
    assert targets >= {("I1m", "invoice documents only"), ("I7", "whole worker")}
    for series in report.series:
        assert len(series.values) == 1, series.name
        assert series.values[0] > 0 or "CPU" in series.name, series.name
    connection = Connection(url)
    try:
        peers = connection.ask("GET", "/peer-*/_count")["count"]
        found = connection.ask("GET", "/peer-*/_settings?filter_path=*.settings.index.uuid")
        for index in found:
            connection.send("DELETE", f"/{index}")
        left = connection.ask("GET", "/b*-invoices-*/_settings?filter_path=*.settings.index.uuid")
    finally:
        connection.close()
    assert len(found) == 4  # two programs, two rounds
    assert peers > 900
    assert not left
    assert Counter(line.partition(":")[0] for line in said).keys() == {"write"}
    assert orjson.loads(orjson.dumps(report.to_json()))["notes"]["write"]
