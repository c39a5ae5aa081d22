"""Benchmarks: how results are held against targets and shown, what is dealt out, and what the stub answers."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import orjson
import pytest
import typer.testing

from hubstat import cli, docs
from hubstat.bench import suite
from hubstat.bench.load import groups, invoices_only
from hubstat.bench.machine import Watch
from hubstat.bench.results import TARGETS, NotRun, Report
from hubstat.bench.stub import Stub
from hubstat.documentation.performance import performance_page
from hubstat.domain.contract import decode_invoice_event
from hubstat.domain.time import zone
from hubstat.errors import HubstatError
from hubstat.settings import Settings


def report() -> Report:
    found = Report(conditions={"cores": "2"}, notes={"write": ["what was done"]})
    for ours, theirs in ((50.0, 100.0), (66.0, 100.0), (90.0, 100.0)):
        found.add("write", "ours", "events/s", ours)
        found.add("write", "theirs", "events/s", theirs)
    found.compare("I1", "whole worker", "write", "ours", "theirs")
    found.hold("I5", "whole worker", [31.2])
    found.hold("I9", "whole worker", [])
    found.not_run.append(NotRun("Bento", "it is not here"))
    return found


@pytest.mark.parametrize(
    ("target", "value", "reached"),
    [
        ("I1", 0.85, "aim"),
        ("I1", 0.60, "must"),
        ("I1", 0.59, "missed"),
        ("I5", 15.0, "aim"),
        ("I5", 15.1, "must"),
        ("I5", 30.1, "missed"),
    ],
)
def test_a_target_is_reached_upwards_or_downwards(target: str, value: float, reached: str) -> None:
    assert TARGETS[target].reached(value) == reached


def test_aims_are_no_easier_than_musts() -> None:
    for target in TARGETS.values():
        assert (target.aim > target.must) is target.up


def test_ratios_are_formed_round_by_round() -> None:
    finding, single = report().findings
    assert finding.values == (0.5, 0.66, 0.9)
    assert finding.median == 0.66
    assert single.target == "I5"


def test_results_come_back_from_json_and_another_format_is_refused() -> None:
    written = orjson.loads(orjson.dumps(report().to_json()))
    assert Report.of_json(written) == report()
    with pytest.raises(ValueError, match="format 0"):
        Report.of_json({**written, "format": 0})


def test_the_page_is_made_from_the_results_beside_it(tmp_path: Path) -> None:
    assert "performance.md" not in docs.pages(tmp_path)
    (tmp_path / "performance.json").write_bytes(orjson.dumps(report().to_json()))
    page = docs.pages(tmp_path)["performance.md"]
    assert page == performance_page(report().to_json())
    assert "| I1 | read-merge-write" in page
    assert "| ≥ 0.6 | ≥ 0.85 | 0.66 (0.5–0.9) | must |" in page
    assert "| ≤ 30 µs | ≤ 15 µs | 31.2 | **missed** |" in page
    assert "- Bento: it is not here" in page
    assert "| theirs | events/s | 100 (100–100) | 3 |" in page


def test_groups_share_no_invoice_and_are_alike() -> None:
    dealt = groups(2, 500)
    keys = [{record.key for record in invoices_only([*group.before, *group.after])} for group in dealt]
    assert keys[0].isdisjoint(keys[1])
    for group, own in zip(dealt, keys, strict=True):
        assert abs(len(group.before) - len(group.after)) <= 1
        assert 300 < group.events < 700
        # What is measured is of invoices that were seen before, for the most part.
        seen = {record.key for record in invoices_only(group.before)}
        assert len(seen) > 0.8 * len(own)
        for record in invoices_only(group.after):
            assert decode_invoice_event(record.value, record.received_ms, zone("KR")).key


def test_the_stub_answers_as_a_writer_needs() -> None:
    stub, before = Stub(), Stub.written["invoices"]

    def ask(target: bytes, *lines: Any) -> Any:
        body = b"".join(orjson.dumps(line) + b"\n" for line in lines)
        return orjson.loads(stub._answer(b"POST %b HTTP/1.1\r\nhost: x\r\n\r\n%b" % (target, body)))

    actions = [{"create": {"_index": "n-invoices-2026-11-20", "_id": str(number)}} for number in range(3)]
    written = ask(b"/_bulk?filter_path=errors", *(line for action in actions for line in (action, {"a": "b"})))
    assert [item["index"]["status"] for item in written["items"]] == [200, 200, 200]
    assert written["errors"] is False
    assert ask(b"/n-invoices-*/_stats/indexing")["_all"]["primaries"]["indexing"]["index_total"] == before + 3
    found = ask(b"/_mget", {"docs": [{"_index": "i", "_id": "1"}, {"_index": "i", "_id": "2"}]})
    assert [each["found"] for each in found["docs"]] == [False, False]
    assert ask(b"/n-invoices-*/_search", {})["hits"]["hits"] == []


def test_a_watch_measures_until_the_last_change() -> None:
    counts = {"documents": 0, "others": 0}
    with Watch({"self": os.getpid()}, lambda: dict(counts)) as watch:
        time.sleep(0.25)
        counts["documents"] = 5
        time.sleep(0.25)
        counts["others"] = 1
        time.sleep(0.5)
    one, both = watch.used("documents"), watch.used("documents", "others")
    assert 0.2 < one.seconds < both.seconds < 0.9
    assert one.cpu["self"] <= both.cpu["self"]
    assert watch.peak("self") > 10_000_000


def test_a_watch_says_why_it_could_not_look() -> None:
    failures = iter([{"documents": 0}])
    with pytest.raises(StopIteration), Watch({}, lambda: next(failures)):
        time.sleep(0.3)


def test_an_unknown_benchmark_is_refused_before_anything_starts() -> None:
    with pytest.raises(HubstatError, match="no benchmark is called speed"):
        suite.run(Settings(), ["speed"], suite.QUICK, lambda said: None)
    found = typer.testing.CliRunner().invoke(cli.app, ["bench", "speed"])
    assert isinstance(found.exception, HubstatError)
