"""A report from real Elasticsearch: its file is what ``hubstat query`` prints at its (T, K), also days later."""

from __future__ import annotations

import io
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from mailing import Clock, carrier_to, scheduler_of, store_of, subscription
from memory import ZONE, MemoryNetwork, records
from PIL import Image
from report_days import CLOSED, DAY, SEED, network_of
from report_reading import figures_in, file_rows, seen, sources
from smtp import MailServerUnderTest, serving
from stored import store

from aggregations.facts.closing import RollUp, roll_up_all
from aggregations.question import Question
from aggregations.reader import Reader
from aggregations.viewer import Viewer
from hubstat.domain import time as tm
from hubstat.domain.mailing import Run
from hubstat.elastic import hubs, indices
from hubstat.elastic.client import connect
from hubstat.elastic.store import Store
from hubstat.engines import EngineAddresses
from hubstat.settings import Settings
from hubstat.simulator.network import build_network
from reports.content import ReportContent
from reports.delivery.readiness import Readiness
from reports.model import Mail, Order, Report

pytestmark = pytest.mark.engines

ANNA, BOB = "anna@hubstat.example", "bob@hubstat.example"
INVOICES = 200
WEEK = DAY - timedelta(days=7)
EVERYTHING = Viewer.everything("KR")
FINAL = Order("daily-final", DAY, None, "nationwide", "KR", CLOSED, CLOSED)


@dataclass
class Network:
    """A simulated network in a namespace. now: what its reader takes for the present, ms."""

    settings: Settings
    reader: Reader
    memory: MemoryNetwork
    now: int

    def write(self) -> None:
        """Store everything, and say that ingest is up to the present."""
        store(self.reader.store.client, self.settings.namespace, self.memory)
        status = {"worker": "1", "written_at": self.now, "complete_to": {"0": self.now}}
        index = f"{self.settings.namespace}-ingest-status"
        self.reader.store.client.index(index=index, id="1", document=status, refresh=True)

    def add(self, event: dict[str, Any]) -> None:
        """Take an event of an invoice of its own."""
        own = {"invoice_no": "LATE-1", "direction": "DELIVERY", "camp_id": self.camp}
        for raw in records({**own, **event}):
            self.memory.add_invoice(raw)

    @property
    def camp(self) -> str:
        """The network's first camp."""
        return self.memory.master.hierarchy.on(DAY).hubs("camp")[0].id

    def roll_up(self, *days: date) -> None:
        """Roll up service dates."""
        roll_up_all(RollUp(self.reader), list(days), lambda said: None)

    def query(self, *arguments: str) -> list[dict[str, Any]]:
        """Rows that the command prints."""
        environment = os.environ | {
            "HUBSTAT_NAMESPACE": self.settings.namespace,
            "HUBSTAT_ELASTICSEARCH__URL": str(self.settings.elasticsearch.url),
            "HUBSTAT_KAFKA__BOOTSTRAP_SERVERS": str(self.settings.kafka.bootstrap_servers),
        }
        command = [sys.executable, "-m", "hubstat", "query", "--format", "json", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
        rows: list[dict[str, Any]] = json.loads(done.stdout)["rows"]
        return rows


@pytest.fixture(scope="module")
def network(engines: EngineAddresses) -> Iterator[Network]:
    base = Settings()
    address = base.elasticsearch.model_copy(update={"url": engines.elasticsearch_url})
    kafka = base.kafka.model_copy(update={"bootstrap_servers": engines.kafka_bootstrap})
    made = {"namespace": f"t{secrets.token_hex(6)}", "state_dir": Path(), "elasticsearch": address, "kafka": kafka}
    settings = base.model_copy(update=made)
    with connect(settings.elasticsearch, engines.elasticsearch_url) as client:
        indices.ensure(client, settings)
        hubs.install(client, settings.namespace, build_network(INVOICES, SEED, "KR").master_data(), "KR")
        reader = Reader(Store(client, settings.namespace), "KR")
        found = Network(settings, reader, network_of(INVOICES, WEEK, DAY), CLOSED + tm.MINUTE)
        reader.clock = lambda: found.now
        promise = {"service_date": DAY.isoformat(), "wave": "DAY", "promised_at": "2026-11-20T20:00:00+09:00"}
        found.add({"code": "REGISTERED", "event_time": "2026-11-19T09:00:00+09:00", **promise})
        found.write()
        found.roll_up(WEEK, DAY)
        yield found
        client.indices.delete(index=list(client.indices.get(index=f"{settings.namespace}-*").body))
        for kind in indices.KINDS:
            client.indices.delete_index_template(name=f"{settings.namespace}-{kind}")


def content_of(network: Network) -> ReportContent:
    return ReportContent(network.reader, most_attached=5_000_000)


def mail_of(network: Network, order: Order, last: Order | None = None) -> Mail:
    content = content_of(network)
    part = content.part(EVERYTHING, order, last)
    return content.mail(part, "ko", names=False, board_url="http://localhost", unsubscribe_url=None, late=False)


def assert_is_the_query(network: Network, file: bytes, order: Order | Run, *asked: tuple[str, str]) -> None:
    """asked: levels and directions."""
    moment = ("--as-of", tm.iso_local(order.as_of, ZONE), "--known-at", tm.iso_local(order.known_at, ZONE))
    found = file_rows(file)
    for level, direction in asked:
        printed = network.query("--level", level, "--date", DAY.isoformat(), "--direction", direction, *moment)
        assert {key[2] for key in found if key[:2] == (level, direction)} == {row["hub"] for row in printed}
        for row in printed:
            line = found[level, direction, row["hub"]]
            for name, value in row["figures"].items():
                parts = (
                    {f"{name}.{key}": part for key, part in value.items()} if isinstance(value, dict) else {name: value}
                )
                for key, part in parts.items():
                    assert line[key] == ("" if part is None else str(part)), (level, row["hub"], key)


def test_a_mail_read_back_is_whole_and_its_file_is_the_query_also_days_later(network: Network) -> None:
    book, clock = store_of(network.settings), Clock(CLOSED + 31 * tm.MINUTE)
    book.subscribe([subscription(ANNA), subscription(BOB, lang="en")])
    book.reach("daily-final", CLOSED)
    network.now = clock.now
    network.write()
    with serving(MailServerUnderTest()) as server:
        carrier = carrier_to(server.port)
        judge: Any = Readiness(network.reader, tm.MINUTE)
        crons: dict[Report, str] = {"daily-final": "30 12 * * *"}
        scheduler_of(book, carrier, clock, crons, content=content_of(network), judge=judge).look()  # type: ignore[arg-type]
        carrier.close()
    assert server.counts == {ANNA: 1, BOB: 1}
    files = [read_back(server.mails(who)[0]) for who in (ANNA, BOB)]
    (run,) = book.runs(10, recipient=ANNA)
    assert (run.as_of, run.known_at) == (CLOSED, CLOSED)
    asked = [(level, direction) for level in ("nationwide", "camp") for direction in ("DELIVERY", "RETURN")]
    assert_is_the_query(network, files[0], run, *asked)
    assert_is_the_query(network, files[1], run, ("area", "DELIVERY"))

    # Three days on, with an invoice that nobody had heard of.
    network.now = CLOSED + 3 * tm.DAY
    received = CLOSED + 2 * tm.DAY
    promise = {"service_date": DAY.isoformat(), "wave": "DAY", "promised_at": "2026-11-20T20:00:00+09:00"}
    registered = {"invoice_no": "LATE-2", "code": "REGISTERED", "event_time": "2026-11-19T09:00:00+09:00"}
    network.add({**registered, "received_at": tm.iso_local(received, ZONE), **promise})
    network.write()
    network.roll_up(DAY)
    (now,) = network.reader.query(EVERYTHING, Question("nationwide", DAY, as_of=CLOSED, known_at=received)).rows
    assert now.figures["due"] == int(file_rows(files[0])["nationwide", "DELIVERY", "KR"]["due"]) + 1
    assert_is_the_query(network, files[0], run, ("nationwide", "DELIVERY"))


def read_back(mail: EmailMessage) -> bytes:
    """The file of a mail, all of whose parts are as they should be."""
    assert mail.get_content_type() == "multipart/mixed"
    alternative, attached = mail.iter_parts()
    text, related = alternative.iter_parts()
    html, *pictures = related.iter_parts()
    assert [part.get_content_type() for part in (text, html, attached)] == ["text/plain", "text/html", "text/csv"]
    page = html.get_content()
    assert len(page.encode()) < 100_000
    assert sources(page) == [f"cid:{picture['Content-ID'].strip('<>')}" for picture in pictures] != []
    for picture in pictures:
        assert Image.open(io.BytesIO(picture.get_content())).format == "PNG"
    shown = figures_in(seen(page))
    assert len(shown) > 60
    assert not shown - figures_in(text.get_content())
    data = attached.get_payload(decode=True)
    assert isinstance(data, bytes)
    return data


def test_the_file_is_what_the_command_prints_also_days_later(network: Network) -> None:
    early = replace(FINAL, report="daily-provisional", as_of=CLOSED - 11 * tm.HOUR, known_at=CLOSED - 11 * tm.HOUR)
    final = mail_of(network, FINAL, early)
    assert final.incomplete == ()
    assert_is_the_query(network, final.files[0].data, FINAL, ("nationwide", "RETURN"), ("camp", "DELIVERY"))
    assert_is_the_query(network, mail_of(network, early).files[0].data, early, ("region", "DELIVERY"))

    # Two days on, a scan of the date is received that nobody had: the date is restated.
    network.now = CLOSED + 2 * tm.DAY
    done = {
        "code": "DELIVERED",
        "event_time": "2026-11-20T18:00:00+09:00",
        "received_at": tm.iso_local(CLOSED + tm.DAY, ZONE),
    }
    network.add(done)
    network.write()
    network.roll_up(DAY)
    again = mail_of(network, FINAL, early)
    assert (again.files, again.text) == (final.files, final.text)

    later = replace(FINAL, service_date=DAY + timedelta(days=1), as_of=CLOSED + tm.DAY, known_at=network.now)
    told = mail_of(network, later)
    assert "- 11. 20. 전국: 지표 완료, 전 " in told.text


def test_a_lag_is_read_from_ingest(network: Network) -> None:
    index = f"{network.settings.namespace}-ingest-status"
    status = {"worker": "1", "written_at": network.now, "complete_to": {"0": CLOSED - tm.HOUR}}
    network.reader.store.client.index(index=index, id="1", document=status, refresh=True)
    mail = mail_of(network, FINAL)
    assert mail.subject.startswith("[자료 미완]")
    assert "11:00:00" in mail.incomplete[0]
