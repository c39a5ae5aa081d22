"""The example day through the whole path: its files replayed, written by a worker, rolled up, and asked for."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from example_day import DAY, ExampleNetwork, agrees, figure_of
from ingestion import Ingestion
from installation import EVERYTHING
from memory import ZONE

from aggregations.facts.baselines import refresh_baselines
from aggregations.facts.closing import RollUp
from aggregations.reader import Reader
from hubstat import docs
from hubstat.commands.replay import master_data_texts
from hubstat.elastic import facts, hubs
from hubstat.elastic.store import Store
from hubstat.engines import EngineAddresses
from hubstat.examples import EXAMPLES, SERVICE_DATE, Example, event_records
from hubstat.settings import Settings
from ingest.sources.files import read_contract
from ingest.sources.sender import Sender

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def reader(engines: EngineAddresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A reader of a namespace that has taken in the files of docs/example, with the baselines they give."""
    folder = tmp_path_factory.mktemp("example")
    docs.main([], folder)
    ingestion = Ingestion(_settings(engines, folder / "state"), engines.elasticsearch_url)
    namespace, country = ingestion.settings.namespace, ingestion.settings.country
    try:
        asyncio.run(ingestion.prepare())
        hubs.install(ingestion.client, namespace, master_data_texts(folder / "example" / "hubs"), country)
        ingestion.start()
        _wait_for_worker(ingestion)
        asyncio.run(_replay(ingestion, folder / "example" / "events.ndjson"))
        assert ingestion.letters() == []
        _roll_up(Reader(Store(ingestion.client, namespace), country))
        yield Reader(Store(ingestion.client, namespace), country)
    finally:
        asyncio.run(ingestion.close())


def _wait_for_worker(ingestion: Ingestion) -> None:
    end = time.monotonic() + 90
    while not ingestion.reporting():
        assert time.monotonic() < end, "the worker has not reported in time"
        time.sleep(0.2)


async def _replay(ingestion: Ingestion, file: Path) -> None:
    async with Sender(ingestion.settings, ingestion.bootstrap) as sender:
        sent = await sender.send_all(read_contract(file, None, ZONE))
    assert sent.total == len(event_records())
    await ingestion.settled()


def _settings(engines: EngineAddresses, state: Path) -> Settings:
    base = Settings()
    elasticsearch = base.elasticsearch.model_copy(update={"url": engines.elasticsearch_url})
    kafka = base.kafka.model_copy(update={"bootstrap_servers": engines.kafka_bootstrap, "partitions": 4})
    own = {"namespace": f"t{secrets.token_hex(6)}", "state_dir": state}
    return base.model_copy(update={**own, "elasticsearch": elasticsearch, "kafka": kafka})


def _roll_up(reader: Reader) -> None:
    """The history of the example's baselines; not left to the service, which goes by the clock of this machine."""
    rolling = RollUp(reader)
    for weeks in (4, 2, 1):
        assert rolling.roll_up(DAY - timedelta(weeks=weeks)).documents
    store = reader.store
    store.refresh()
    assert refresh_baselines(store, DAY, facts.records(store.client, store.namespace), (0, "")) == 1


def test_the_baselines_are_those_of_the_fold(reader: Reader) -> None:
    assert reader.store.baselines(SERVICE_DATE) == ExampleNetwork().baselines(DAY)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_reader_finds_it(reader: Reader, example: Example) -> None:
    found = figure_of(lambda question: reader.query(EVERYTHING, question), example)
    assert agrees(found, example.expected), (found, example.expected)
