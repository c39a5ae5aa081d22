"""Refolding stored documents over real Elasticsearch: only what differs is written, and the second time nothing is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from elasticsearch import Elasticsearch
from memory import ZONE, MemoryNetwork, records
from stored import store
from worked_cases import CASES, MASTER

from hubstat.elastic import indices, marks
from hubstat.elastic.client import connect
from hubstat.elastic.store import Store
from hubstat.elastic.writer import Writer
from hubstat.settings import Settings
from ingest.refold import Refolded, Refolder

pytestmark = pytest.mark.engines


@pytest.fixture
def client(settings: Settings) -> Iterator[Elasticsearch]:
    with connect(settings.elasticsearch, str(settings.elasticsearch.url)) as client:
        indices.ensure(client, settings)
        network = MemoryNetwork(MASTER)
        for number, case in enumerate(CASES):
            for raw in records(*({**each, "invoice_no": f"{number}-{each['invoice_no']}"} for each in case.records)):
                network.add_invoice(raw)
            for raw in records(*case.friend_records):
                network.add_friend(raw)
        store(client, settings.namespace, network)
        yield client
        client.indices.delete(index=list(client.indices.get(index=f"{settings.namespace}-*").body))


async def refold(client: Elasticsearch, settings: Settings, day: date | None = None) -> Refolded:
    writer = Writer(settings.elasticsearch, str(settings.elasticsearch.url))
    try:
        return await Refolder(Store(client, settings.namespace), writer, ZONE).run(day)
    finally:
        writer.close()


async def test_only_what_differs_is_written(client: Elasticsearch, settings: Settings) -> None:
    namespace = settings.namespace
    everything = client.count(index=[f"{namespace}-invoices-*", f"{namespace}-friends-*"])["count"]
    assert await refold(client, settings) == Refolded(everything, 0, 0)
    # Fields as another version of the fold would have left them.
    client.indices.refresh(index=f"{namespace}-*")
    index = f"{namespace}-invoices-2026-11-20"
    (one, *_) = client.search(index=index)["hits"]["hits"]
    client.update(index=index, id=one["_id"], doc={"fold_version": 0, "camp": "elsewhere"})
    friend = f"{namespace}-friends-2026-11-20"
    client.update(index=friend, id="F1", doc={"camps": ["elsewhere"]})
    assert await refold(client, settings) == Refolded(everything, 2, 0)
    assert client.get(index=index, id=one["_id"])["_source"] == one["_source"]
    assert "2026-11-20" in {mark.service_date for mark in marks.pending(client, namespace)}
    assert (await refold(client, settings)).changed == 0


async def test_a_date_alone_is_refolded(client: Elasticsearch, settings: Settings) -> None:
    index = f"{settings.namespace}-invoices-2026-11-20"
    (one, *_) = client.search(index=index, query={"term": {"due_dates": "2026-11-20"}})["hits"]["hits"]
    client.update(index=index, id=one["_id"], doc={"fold_version": 0})
    other = await refold(client, settings, date(2026, 10, 1))
    assert (other.read, other.changed) == (0, 0)
    assert (await refold(client, settings, date(2026, 11, 20))).changed == 1
