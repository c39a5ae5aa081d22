"""Benchmarks: how results are held against targets and shown, what is dealt out, and what the stub answers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import orjson
import pytest
import typer.testing
from pydantic import SecretStr

from hubstat import cli, docs, engines
from hubstat.bench import suite, write
from hubstat.bench.load import groups, invoices_only, rounds
from hubstat.bench.machine import Watch
from hubstat.bench.place import site
from hubstat.bench.results import TARGETS, NotRun, Report
from hubstat.bench.stub import Stub
from hubstat.documentation.performance import performance_page
from hubstat.domain.contract import decode_invoice_event
from hubstat.domain.time import zone
from hubstat.engines import EngineAddresses
from hubstat.errors import HubstatError
from hubstat.settings import ElasticsearchSettings, KafkaSettings, Settings


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


def test_the_group_that_warms_up_is_a_quarter_of_the_others() -> None:
    small, *others = rounds(2, 800)
    assert len(others) == 2
    for group in others:
        assert 600 < group.events < 1000
        assert group.events / 5 < small.events < group.events / 3


def test_everybody_comes_first_once_and_the_ceiling_finds_documents() -> None:
    assert write.turns(["a", "b", "c"], 0) == ["a", "b", "c"]
    assert write.turns(["a", "b", "c"], 1) == ["c", "b", "a"]
    assert write.turns(["a", "b", "c"], 2) == ["b", "c", "a"]
    assert write.turns([], 3) == []
    found = [write.order(number) for number in range(1, 6)]
    for each in found:
        assert sorted(each) == sorted(found[0])
        ceiling = each.index("raw re-index")
        assert ceiling > min(each.index("whole worker"), each.index("invoice documents only"))
    assert len({each[0] for each in found}) == 3
    before = {name: {each[place - 1] for each in found if (place := each.index(name))} for name in found[0]}
    assert all(len(names) > 1 for names in before.values()), before


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


def test_a_watch_bears_that_a_process_ends_and_hides_no_error() -> None:
    def end() -> None:
        child.terminate()
        child.wait()
        time.sleep(0.3)

    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    with Watch({"child": child.pid}, dict) as watch:
        end()
    assert watch.samples[0].rss["child"] > 0
    assert watch.samples[-1].rss["child"] == 0
    assert watch.samples[-1].cpu["child"] >= watch.samples[0].cpu["child"]
    with Watch({"child": child.pid}, dict) as watch:
        assert watch.samples[0].cpu["child"] == 0
    failures = iter([{"documents": 0}])

    def fail() -> None:
        with Watch({}, lambda: next(failures)):
            time.sleep(0.3)
            raise HubstatError("worker ended")

    with pytest.raises(HubstatError, match="worker ended"):
        fail()


def test_what_was_measured_is_kept_when_a_benchmark_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def good(place: Any, sizes: Any, report: Report) -> None:
        report.add("good", "ours [/b]", "events/s", 1.0)

    def bad(place: Any, sizes: Any, report: Report) -> None:
        report.add("bad", "before it failed", "events/s", 2.0)
        raise ConnectionResetError("[/b] gone")

    def interrupted(place: Any, sizes: Any, report: Report) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(suite, "site", lambda *_: nullcontext())
    monkeypatch.setattr(suite, "_engines", lambda place: {"Elasticsearch": "[/b]"})
    monkeypatch.setattr(suite, "BENCHES", {"good": good, "bad": bad, "interrupted": interrupted})
    out = tmp_path / "results.json"
    found = typer.testing.CliRunner().invoke(cli.app, ["bench", "good", "bad", "--out", str(out)])
    assert found.exit_code == 1, found.output
    assert "not run: bad: ConnectionResetError: [/b] gone" in found.output
    assert "good: ours [/b]" in found.output
    typer.testing.CliRunner().invoke(cli.app, ["bench", "good", "interrupted", "--out", str(out)])
    kept = Report.of_json(orjson.loads(out.read_bytes()))
    assert [series.name for series in kept.series] == ["ours [/b]"]


def test_the_engines_of_a_benchmark_take_no_access_from_those_of_the_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[Settings] = []

    def ensure(settings: Settings, progress: Any) -> EngineAddresses:
        started.append(settings)
        return EngineAddresses("http://127.0.0.1:1", "127.0.0.1:2", "embedded")

    monkeypatch.setattr(engines, "ensure", ensure)
    monkeypatch.setattr(engines, "status", lambda settings: [])
    monkeypatch.setattr(engines, "stop", lambda settings, progress: None)
    user = Settings(
        elasticsearch=ElasticsearchSettings(url="https://es:9200", api_key=SecretStr("key"), refresh_seconds=5.0),
        kafka=KafkaSettings(
            bootstrap_servers="kafka:9092",
            security_protocol="SASL_SSL",
            sasl_password=SecretStr("secret"),
            partitions=3,
        ),
    )
    with site(user, lambda said: None) as place:
        for settings in (started[0], place.settings):
            assert settings.elasticsearch.api_key is None
            assert settings.kafka.security_protocol == "PLAINTEXT"
            assert settings.kafka.sasl_password is None
        assert place.settings.elasticsearch.refresh_seconds == 5.0
        assert place.settings.kafka.partitions == 3
        assert place.settings.kafka.bootstrap_servers == "127.0.0.1:2"


def test_an_unknown_benchmark_is_refused_before_anything_starts() -> None:
    with pytest.raises(HubstatError, match="no benchmark is called speed"):
        suite.run(Settings(), ["speed"], suite.QUICK, lambda said: None)
    found = typer.testing.CliRunner().invoke(cli.app, ["bench", "speed"])
    assert isinstance(found.exception, HubstatError)
