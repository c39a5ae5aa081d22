"""What the simulate and replay commands decide by themselves."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from hubstat.commands import replay, simulate
from hubstat.commands.replay import master_data_texts
from hubstat.commands.simulate import accelerated, beside, last_past_day
from hubstat.commands.streams import Target
from hubstat.domain import time as tm
from hubstat.domain.contract import decode_friend_event, decode_invoice_event
from hubstat.errors import HubstatError, MasterDataError, SourceError
from hubstat.settings import Settings
from hubstat.simulator import Record
from ingest.sources.files import read_contract

ZONE = tm.zone("KR")


def installation(folder: Path, elasticsearch: str | None, kafka: str | None) -> Settings:
    return Settings.model_validate(
        {
            "state_dir": folder / "state",
            "engines": {"data_dir": folder / "engines"},
            "elasticsearch": {"url": elasticsearch},
            "kafka": {"bootstrap_servers": kafka},
        }
    )


@pytest.fixture
def app(tmp_path: Path) -> typer.Typer:
    settings = installation(tmp_path, None, None)
    result = typer.Typer()
    for command in (simulate, replay):
        command.register(result, lambda: settings)
    return result


def run(app: typer.Typer, *arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_day_as_files_can_be_read_back(app: typer.Typer, tmp_path: Path) -> None:
    to = tmp_path / "out" / "day.ndjson"
    arguments = ["--invoices", "300", "--date", "2026-11-20", "--duplicates", "0.1", "--to", str(to)]
    output = run(app, "simulate", *arguments)
    assert "service date 2026-11-20, seed 1: 300 invoices" in output
    scans = list(read_contract(to, None, ZONE))
    activity = list(read_contract(to.with_name("day.friend-events.ndjson"), None, ZONE))
    assert {record.kind for record in scans} == {"invoice"}
    assert {record.kind for record in activity} == {"friend"}
    for record in scans:
        decode_invoice_event(record.value, record.received_ms or 0, ZONE)
    for record in activity:
        decode_friend_event(record.value, record.received_ms or 0, ZONE)
    assert [r.received_ms for r in scans] == sorted(r.received_ms or 0 for r in scans)
    assert len({orjson.loads(record.value)["invoice_no"] for record in scans}) <= 300
    assert pq.read_metadata(to.with_name("day.truth.parquet")).num_rows == 300
    assert set(master_data_texts(to.with_name("day.hubs"))) == {
        *("hubs.csv", "hub_owners.csv", "friends.csv", "reasons.csv", "waves.csv")
    }
    first = to.read_bytes()
    run(app, "simulate", *arguments)
    assert to.read_bytes() == first


def test_a_day_with_history_as_files(app: typer.Typer, tmp_path: Path) -> None:
    to = tmp_path / "day.ndjson"
    arguments = ["--invoices", "100", "--date", "2026-11-20", "--to", str(to)]
    run(app, "simulate", *arguments)
    alone = to.read_bytes().splitlines()
    output = run(app, "simulate", *arguments, "--history-days", "7")
    lines = to.read_bytes().splitlines()
    assert lines[-len(alone) :] == alone
    dates = [orjson.loads(line).get("service_date") for line in lines[: -len(alone)]]
    assert dates[0] == "2026-11-13"
    assert {f"2026-11-{day}" for day in range(12, 20)} <= set(dates)
    assert "service date 2026-11-20, seed 1: 100 invoices" in output
    assert pq.read_metadata(to.with_name("day.truth.parquet")).num_rows == 100


def test_sending_needs_a_running_installation(app: typer.Typer, tmp_path: Path) -> None:
    events = tmp_path / "a.ndjson"
    events.write_text('{"v":1}\n')
    for arguments in (["simulate", "--invoices", "100"], ["replay", str(events)]):
        with pytest.raises(HubstatError, match="run `hubstat up`"):
            run(app, *arguments)


def test_engines_named_by_settings_serve_an_installation_elsewhere(tmp_path: Path) -> None:
    target = Target.find(installation(tmp_path, "http://search:9200", "kafka:9092"))
    assert target.addresses.kafka_bootstrap == "kafka:9092"
    with pytest.raises(HubstatError, match="no engines are running"):
        Target.find(installation(tmp_path, None, "kafka:9092"))


def test_bad_sources_are_told_before_anything_is_looked_for(app: typer.Typer, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        run(app, "replay", str(tmp_path / "absent.csv"))
    events = tmp_path / "a.ndjson"
    events.write_text('{"v":1}\n')
    with pytest.raises(SourceError, match="--order sideways: unknown"):
        run(app, "replay", str(events), "--order", "sideways")
    with pytest.raises(SourceError, match="needs --year"):
        run(app, "replay", str(events), "--format", "lade")


def test_accelerated_time() -> None:
    now = [100.0]
    wait = accelerated(60.0, lambda: now[0])
    record = Record("invoice", b"A", b"{}", 1_000_000)
    assert wait(record) == 0
    later = record._replace(received_ms=1_000_000 + 120_000)
    assert wait(later) == 2.0
    now[0] = 101.5
    assert wait(later) == 0.5
    now[0] = 103.0
    assert wait(later) < 0


def test_default_day_is_wholly_past() -> None:
    now = tm.day_start(date(2026, 11, 20), ZONE)
    assert last_past_day(now, "KR") == date(2026, 11, 17)
    assert last_past_day(now - 1, "KR") == date(2026, 11, 16)


def test_names_beside_a_file() -> None:
    assert beside(Path("a/day.ndjson"), "truth.parquet") == Path("a/day.truth.parquet")


def test_master_data_of_a_file_or_a_folder(tmp_path: Path) -> None:
    (tmp_path / "hubs.csv").write_text("\ufeffcamp_id\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("x")
    assert master_data_texts(tmp_path) == {"hubs.csv": "camp_id\n"}
    assert master_data_texts(tmp_path / "notes.txt") == {"hubs.csv": "x"}
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "absent.csv"):
        with pytest.raises(MasterDataError, match="no master data here"):
            master_data_texts(path)
