"""What ingest tells of itself on real engines, and letters mended: metrics, health, status, how far the data reach."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from click.testing import Result
from gate import Gate
from ingestion import Ingestion, expected, network_day
from typer.testing import CliRunner

from aggregations.reader import Reader
from hubstat import cli
from hubstat.domain.document import restore_invoice
from hubstat.elastic.store import Store
from hubstat.runfile import ingest_address
from hubstat.settings import Settings

pytestmark = pytest.mark.engines

# 5 events each. More of them show a stop under a greater load.
INVOICES = int(os.environ.get("HUBSTAT_TEST_OPERATIONS_INVOICES", "600"))
STOP_SECONDS = 10.0
"""With the end of the interpreter, on busy cores."""
LATE_SECONDS = 8.0
"""Well over what a worker that keeps up may seem to lag: a look's second, another of slack, and a late look."""


@pytest.fixture
async def gate(settings: Settings) -> AsyncIterator[Gate]:
    async with Gate(settings.elasticsearch.url or "") as gate:
        yield gate


@pytest.fixture
async def ingestion(settings: Settings, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ingestion]:
    kafka = settings.kafka.model_copy(update={"partitions": 2})
    ingestion = Ingestion(settings.model_copy(update={"kafka": kafka}), gate.url)
    for name, value in {
        "NAMESPACE": settings.namespace,
        "STATE_DIR": settings.state_dir,
        "ELASTICSEARCH__URL": settings.elasticsearch.url,
        "KAFKA__BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
        "KAFKA__PARTITIONS": 2,
        "INGEST__TRUST_RECEIVED_AT": "true",
    }.items():
        monkeypatch.setenv(f"HUBSTAT_{name}", str(value))
    await ingestion.prepare()
    yield ingestion
    await ingestion.close()


async def hubstat(*arguments: str, answer: str | None = None) -> Result:
    """A command of the command line, in a thread, as it runs an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, cli.app, list(arguments), answer)


async def status() -> tuple[int, dict[str, Any]]:
    result = await hubstat("ingest-status", "--format", "json")
    return result.exit_code, json.loads(result.stdout)


def asked(ingestion: Ingestion, path: str, worker: str = "1") -> tuple[int, str]:
    address = json.loads(ingest_address(ingestion.settings, worker).read_text())["address"]
    try:
        with urllib.request.urlopen(f"{address}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def metric(ingestion: Ingestion, name: str) -> float:
    """Sum of a metric's samples."""
    lines = asked(ingestion, "/metrics")[1].splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"hubstat_ingest_{name}"))


async def until(holds: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if await asyncio.to_thread(holds):
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


def data_to(ingestion: Ingestion) -> int:
    """How far the figures reach by the reports of now."""
    ingestion.client.indices.refresh(index=ingestion.names.ingest_status)
    return Reader(Store(ingestion.client, ingestion.settings.namespace), "KR").data_to(now()) or 0


def now() -> int:
    return time.time_ns() // 1_000_000


async def stamped(ingestion: Ingestion, records: list[bytes]) -> list[int]:
    """Send records; the received time that the broker gave each."""
    async with AIOKafkaProducer(bootstrap_servers=ingestion.bootstrap, acks="all") as producer:
        waiting = [
            await producer.send(ingestion.topics.invoice_events, value, key=json.loads(value)["invoice_no"].encode())
            for value in records
        ]
        return [each.timestamp for each in await asyncio.gather(*waiting)]


async def test_what_a_worker_tells_while_it_works_waits_and_is_down(ingestion: Ingestion, gate: Gate) -> None:
    first, second, third = (network_day(INVOICES, prefix) for prefix in "PQR")
    worker = ingestion.start(unhealthy_lag_seconds=LATE_SECONDS)

    # It works.
    await ingestion.send(first)
    await ingestion.settled()
    sent_at = now()
    await until(lambda: data_to(ingestion) > sent_at, "the data reach beyond what was sent")
    code, shown = await status()
    assert (code, shown["reasons"], shown["lag"]) == (0, [], 0)
    assert {each["worker"] for each in shown["partitions"]} == {"1"}
    assert len(shown["partitions"]) == 6
    assert metric(ingestion, 'records_total{kind="invoice"}') == len(first)
    assert metric(ingestion, 'received_to_written_seconds_count{kind="invoice"}') == len(first)
    assert metric(ingestion, 'documents_total{kind="invoice",outcome="written"}') >= INVOICES
    assert metric(ingestion, "partitions ") == 6
    health, said = asked(ingestion, "/health")
    assert (health, json.loads(said)["lag_records"]) == (200, 0)
    assert asked(ingestion, "/other")[0] == 404

    # Elasticsearch is away.
    gate.set("refuse")
    times = await stamped(ingestion, second)
    await until(lambda: asked(ingestion, "/health")[0] == 503, "it says that it is behind")
    assert "behind" in json.loads(asked(ingestion, "/health")[1])["reasons"][0]
    assert metric(ingestion, "retries_total") > 0
    assert metric(ingestion, 'lag_records{partition="0"') + metric(ingestion, 'lag_records{partition="1"') > 0
    assert data_to(ingestion) <= min(times)
    gate.set("pass")
    await ingestion.settled()
    await until(lambda: asked(ingestion, "/health")[0] == 200, "it has caught up")

    # It is down.
    worker.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(worker.wait, STOP_SECONDS) == 0
    assert not ingest_address(ingestion.settings, "1").exists()
    times = await stamped(ingestion, third)
    assert data_to(ingestion) <= min(times)
    await asyncio.sleep(10)  # until its last report is old
    code, shown = await status()
    assert (code, shown["lag"], shown["workers"][0]["silent"]) == (1, len(third), True)
    assert shown["reasons"] == ["no worker reports: what comes stays in Kafka until one runs"]
    table = await hubstat("ingest-status")
    assert table.exit_code == 1
    assert "silent for" in table.stdout

    # It catches up: never do the data reach beyond a record that is not stored.
    ingestion.start(chunk_records=50)
    before = INVOICES * 10
    reached = 0
    deadline = time.monotonic() + 60
    while reached <= max(times):
        assert time.monotonic() < deadline
        reached = await asyncio.to_thread(data_to, ingestion)
        await asyncio.to_thread(Store(ingestion.client, ingestion.settings.namespace).refresh)
        stored = sum((await asyncio.to_thread(ingestion.stored_events)).values())
        assert stored >= before + sum(each < reached for each in times)
        await asyncio.sleep(0.1)


async def test_a_stop_under_load_is_quick_and_loses_nothing(ingestion: Ingestion) -> None:
    records = network_day(4 * INVOICES)
    worker = ingestion.start(chunk_records=2000)
    await until(lambda: ingest_address(ingestion.settings, "1").exists(), "it answers", 60)
    await ingestion.send(records)
    await until(lambda: metric(ingestion, 'records_total{kind="invoice"}') > 0, "it works")
    began = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(worker.wait, 30) == 0
    took = time.monotonic() - began
    assert took < STOP_SECONDS
    ingestion.start()
    await ingestion.settled()
    assert await asyncio.to_thread(ingestion.stored_events) == expected(records)[0]


async def test_two_workers_of_a_machine_answer_at_two_addresses(ingestion: Ingestion) -> None:
    ingestion.start("1")
    await until(lambda: ingest_address(ingestion.settings, "1").exists(), "the first answers", 60)
    port = json.loads(ingest_address(ingestion.settings, "1").read_text())["address"].rpartition(":")[2]
    taken = ingestion.start("2", metrics_port=port)
    assert await asyncio.to_thread(taken.wait, 60) == 2
    said = (ingestion.settings.state_dir / "worker-2.log").read_text()
    assert f"metrics cannot be served at 127.0.0.1:{port}" in said
    assert "Traceback" not in said
    assert not ingest_address(ingestion.settings, "2").exists()
    ingestion.start("2")
    await until(lambda: ingest_address(ingestion.settings, "2").exists(), "the second answers", 60)
    assert asked(ingestion, "/metrics", "2")[0] == 200
    await until(lambda: metric(ingestion, "partitions ") == 3, "they share the partitions")


async def test_letters_are_found_mended_and_sent_again(ingestion: Ingestion) -> None:
    good = network_day(1)
    wrong = [json.dumps(json.loads(value) | {"direction": "SIDEWAYS"}).encode() for value in good[:2]]
    ingestion.start()
    await ingestion.send([*good[2:], *wrong, b"{"], received=now() - 3_600_000)
    await ingestion.settled()
    listed = await hubstat("dead-letters", "list", "--reason", "unknown_value", "--text", "sideways", "--limit", "1")
    (letter, *_) = listed.stdout.split("  ")
    assert f"more: add --after {letter}" in listed.stdout
    assert "         2  unknown_value\n3 dead letters" in listed.stdout
    rest = await hubstat("dead-letters", "list", "--reason", "unknown_value", "--after", letter)
    (other, *_) = rest.stdout.split("  ")
    assert other != letter
    assert "SIDEWAYS" in (await hubstat("dead-letters", "show", letter)).stdout

    refused = await hubstat("dead-letters", "mend", letter, "--set", "direction=UP", "--yes")
    assert "it would be refused again: unknown_value" in str(refused.exception)
    unsure = await hubstat("dead-letters", "mend", letter, "--set", "direction=DELIVERY", answer="n\n")
    assert '-  "direction": "SIDEWAYS"' in unsure.stdout
    assert "sent" not in unsure.stdout.splitlines()[-1].replace("send it?", "")
    for each in (letter, other):
        sent = await hubstat("dead-letters", "mend", each, "--set", "direction=DELIVERY", "--yes")
        assert sent.exit_code == 0, sent.output
    await ingestion.settled()
    assert ingestion.stored_events() == expected(good)[0]
    received = [copy.received for key in ("DELIVERY:P000000",) for copy in _copies(ingestion, key)]
    assert max(received) < now() - 3_000_000, "mended ones count as received when they first came"
    shown = (await hubstat("dead-letters", "show", letter)).stdout
    assert f"mended and sent again: {time.strftime('%Y')}" in shown
    assert f"as {ingestion.topics.invoice_events}-" in shown

    dry = await hubstat("dead-letters", "resend", "--all", "--dry-run")
    assert "would send 1 records again" in dry.stdout
    assert "sent 1 records again" in (await hubstat("dead-letters", "resend", "--topic", "invoice-events")).stdout
    await ingestion.settled()
    again = await hubstat("dead-letters", "list")
    assert "         1  not_json\n4 dead letters" in again.stdout, "what is refused again comes back"


def _copies(ingestion: Ingestion, key: str) -> list[Any]:
    log = restore_invoice(key, ingestion.sources("invoices-*")[key])
    return [copy for copies in log.copies.values() for copy in copies]
