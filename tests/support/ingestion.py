"""A namespace on real engines with real workers: sends records, ends workers the hard way, compares what is stored."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from hubstat.domain import time as tm
from hubstat.domain.document import restore_friend, restore_invoice
from hubstat.elastic import indices
from hubstat.elastic.client import connect
from hubstat.elastic.dead_letters import DeadLetter, scan
from hubstat.elastic.names import Names
from hubstat.elastic.store import Store
from hubstat.settings import Settings
from ingest.progress import group_id, wait_until_ingested
from ingest.topics import Topics, ensure_topics

BASE = tm.parse_instant("2026-11-20T06:00:00+09:00")
ZONE = tm.zone("KR")


@dataclass
class Ingestion:
    """One namespace. ``url``: Elasticsearch as the workers see it, such as through a gate."""

    settings: Settings
    url: str
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = connect(self.settings.elasticsearch, self.settings.elasticsearch.url or "")
        self.names = Names(self.settings.namespace)
        self.topics = Topics.of(self.settings.namespace)
        self.bootstrap = self.settings.kafka.bootstrap_servers or ""

    async def prepare(self) -> None:
        """Templates and topics of a fresh namespace."""
        await asyncio.to_thread(indices.ensure, self.client, self.settings)
        await ensure_topics(self.settings, self.bootstrap)

    def start(self, worker_id: str = "1", **ingest: Any) -> subprocess.Popen[bytes]:
        """Start ``hubstat ingest``; more settings of ingest by name."""
        options = {"chunk_records": 200, "friend_write_seconds": 0.2, "session_timeout_seconds": 6, **ingest}
        environment = os.environ | {
            "HUBSTAT_NAMESPACE": self.settings.namespace,
            "HUBSTAT_STATE_DIR": str(self.settings.state_dir),
            "HUBSTAT_ELASTICSEARCH__URL": self.url,
            "HUBSTAT_ELASTICSEARCH__REQUEST_TIMEOUT_SECONDS": "3",
            "HUBSTAT_KAFKA__BOOTSTRAP_SERVERS": self.bootstrap,
            "HUBSTAT_KAFKA__PARTITIONS": str(self.settings.kafka.partitions),
            "HUBSTAT_INGEST__TRUST_RECEIVED_AT": "true",
            "HUBSTAT_INGEST__WORKER_ID": worker_id,
            **{f"HUBSTAT_INGEST__{name.upper()}": str(value) for name, value in options.items()},
        }
        self.settings.state_dir.mkdir(parents=True, exist_ok=True)
        with (self.settings.state_dir / f"worker-{worker_id}.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "hubstat", "ingest"], env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        self.workers.append(worker)
        return worker

    async def close(self) -> None:
        """End every worker and remove the namespace's indices."""
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGKILL)
            await asyncio.to_thread(worker.wait)
        found = await asyncio.to_thread(lambda: list(self.client.indices.get(index=self.names.everything).body))
        if found:
            await asyncio.to_thread(lambda: self.client.indices.delete(index=found))
        self.client.close()

    async def send(self, records: Iterable[bytes], received: int | None = None) -> None:
        """Send records to invoice-events, keyed by invoice number; ``received``: ms, else a minute after each event."""
        async with AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all") as producer:
            waiting = []
            for value in records:
                sent: Any = None
                with suppress(ValueError):
                    sent = json.loads(value)
                key = str(sent.get("invoice_no", "?")) if isinstance(sent, dict) else "?"
                at = tm.parse_instant(sent["event_time"]) + 60_000 if received is None else received
                headers = [("received-at", str(at).encode())]
                waiting.append(
                    await producer.send(
                        self.topics.invoice_events, value, key=key.encode(errors="replace"), headers=headers
                    )
                )
            await asyncio.gather(*waiting)

    async def settled(self) -> None:
        """Return once everything sent is written and visible."""
        await wait_until_ingested(self.settings, self.bootstrap, stall_seconds=60)
        await asyncio.to_thread(Store(self.client, self.settings.namespace).refresh)

    async def committed(self) -> int:
        """Records of the namespace that its group has committed."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(group_id(self.settings.namespace))
        finally:
            await admin.close()
        return sum(max(0, each.offset) for each in offsets.values())

    def reporting(self) -> set[str]:
        """Ids of the workers that have reported."""
        self.client.indices.refresh(index=self.names.ingest_status)
        return {beat.worker for beat in Store(self.client, self.settings.namespace).heartbeats()}

    def sources(self, pattern: str) -> dict[str, dict[str, Any]]:
        """Sources of all documents of a pattern by id; a twin fails."""
        found: dict[str, dict[str, Any]] = {}
        with Store(self.client, self.settings.namespace).point_in_time(pattern) as view:
            for doc_id, source in view.documents({"match_all": {}}, ["*"]):
                key = doc_id if pattern.startswith("invoices") else f"{source['date']}/{doc_id}"
                assert key not in found, f"twin of {key}"
                found[key] = source
        return found

    def stored_events(self) -> Counter[tuple[str, str]]:
        """How often each (invoice, event id) is stored."""
        return Counter(
            (key, event_id)
            for key, source in self.sources("invoices-*").items()
            for event_id, copies in restore_invoice(key, source).copies.items()
            for _ in copies
        )

    def counted_activities(self) -> Counter[tuple[str, str, str]]:
        """How often each (Friend, invoice, event id) counts in Friend documents."""
        dates: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for source in self.sources("friends-*").values():
            dates.setdefault((source["friend_id"], source["date"]), []).append(source)
        return Counter(
            (friend, activity.invoice, activity.event_id)
            for (friend, _), documents in dates.items()
            for activity in restore_friend(friend, documents).activities.values()
            if activity.counts and activity.voided_at is None
        )

    def letters(self) -> list[DeadLetter]:
        """All dead letters."""
        return list(scan(self.client, self.settings.namespace))


def network_day(invoices: int, prefix: str = "P") -> list[bytes]:
    """Five events for each of so many invoices, in time order: registered, assigned, arrived, departed, delivered."""
    codes = ("REGISTERED", "ASSIGNED", "ARRIVED_CAMP", "DEPARTED", "DELIVERED")
    timed: list[tuple[int, bytes]] = []
    for number in range(invoices):
        for step, code in enumerate(codes):
            at = BASE + step * tm.HOUR + number * 1_000
            sent: dict[str, Any] = {
                "v": 1,
                "invoice_no": f"{prefix}{number:06d}",
                "direction": "DELIVERY",
                "code": code,
                "event_time": tm.iso_local(at, ZONE),
                "event_id": f"{prefix}{number}-{step}",
                "camp_id": f"C{number % 7}",
            }
            if code == "REGISTERED":
                sent |= {"service_date": "2026-11-20", "wave": "DAY", "promised_at": "2026-11-20T23:59:59+09:00"}
            else:
                sent["friend_id"] = f"F{number % 40}"
            timed.append((at, json.dumps(sent).encode()))
    return [value for _, value in sorted(timed)]


def expected(records: Sequence[bytes]) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str, str]]]:
    """What must be stored of records, each once: events, and activities that count."""
    events: Counter[tuple[str, str]] = Counter()
    activities: Counter[tuple[str, str, str]] = Counter()
    for value in records:
        sent = json.loads(value)
        key = f"{sent['direction']}:{sent['invoice_no']}"
        events[key, sent["event_id"]] = 1
        if sent["code"] in {"DEPARTED", "DELIVERED"}:
            activities[sent["friend_id"], key, sent["event_id"]] = 1
    return events, activities
