"""210 random networks side by side in one namespace: Elasticsearch, the facts and the oracle give equal figures."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from agreement import broken_sums, compare, disagreements, shrunk, told
from memory import ZONE, MemoryNetwork
from random_network import DATES, REASONS, WAVES, RandomNetwork, hubs_of
from stored import store

from aggregations.board import board_at
from aggregations.facts.baselines import baselines_of
from aggregations.facts.closing import RollUp, roll_up_all
from aggregations.question import Moment
from aggregations.reader import Reader
from aggregations.viewer import Viewer
from hubstat.audit import baselines_differing
from hubstat.domain import time as tm
from hubstat.domain.codes import DIRECTIONS
from hubstat.elastic import hubs, indices
from hubstat.elastic.client import connect
from hubstat.elastic.store import Store
from hubstat.engines import EngineAddresses
from hubstat.oracle import Network
from hubstat.oracle.compute import Records
from hubstat.settings import Settings

pytestmark = pytest.mark.engines

NETWORKS = 210
EVERYTHING = Viewer.everything("KR", "test")
NOW = tm.parse_instant("2026-12-20T12:00:00+09:00")
PREFIXES = {f"n{seed}-": seed for seed in range(NETWORKS)}
MASTER = {"hubs.csv": hubs_of(PREFIXES), "reasons.csv": REASONS, "waves.csv": WAVES}


class Together(NamedTuple):
    """All networks in one namespace, and the oracle that has read the same records."""

    reader: Reader
    networks: dict[str, RandomNetwork]
    oracle: Records
    master: Network


@pytest.fixture(scope="module")
def together(engines: EngineAddresses) -> Iterator[Together]:
    settings = Settings().model_copy(update={"namespace": f"t{secrets.token_hex(6)}", "state_dir": Path()})
    networks = {prefix: RandomNetwork.of_seed(seed, prefix) for prefix, seed in PREFIXES.items()}
    memory, oracle = MemoryNetwork(MASTER), Records("KR")
    for network in networks.values():
        for raw, _ in network.invoices:
            memory.add_invoice(raw)
        for raw, _ in network.friends:
            memory.add_friend(raw)
        oracle.read_invoices(network.invoices)
        oracle.read_friends(network.friends)
    with connect(settings.elasticsearch, engines.elasticsearch_url) as client:
        indices.ensure(client, settings)
        hubs.install(client, settings.namespace, MASTER, "KR")
        store(client, settings.namespace, memory)
        beat = {"worker": "1", "written_at": NOW, "complete_to": {"t-0": NOW}}
        client.index(index=f"{settings.namespace}-ingest-status", document=beat, refresh=True)
        reader = Reader(Store(client, settings.namespace), "KR", clock=lambda: NOW)
        rolling = RollUp(reader)
        dates = [day for day in rolling.known() if day.isoformat() <= DATES[-1]]
        roll_up_all(rolling, dates, lambda _: None)
        yield Together(reader, networks, oracle, Network(MASTER, "KR"))
        client.indices.delete(index=list(client.indices.get(index=f"{settings.namespace}-*").body))
        for kind in indices.KINDS:
            client.indices.delete_index_template(name=f"{settings.namespace}-{kind}")


def moments(day: date) -> list[tuple[int, int]]:
    """Running and known then, running and known later, closing as then known (facts) and as known now (facts)."""
    closing = tm.closing(day, ZONE)
    running, later = tm.parse_instant(f"{day}T14:30:00+09:00"), tm.parse_instant(f"{day}T21:10:00+09:00")
    return [(running, running), (running, later), (later, NOW), (closing, closing), (closing, NOW)]


@pytest.mark.parametrize("day", DATES)
def test_baselines(together: Together, day: str) -> None:
    kept = baselines_of(together.reader.store, date.fromisoformat(day))
    cells, differences = baselines_differing(together.oracle.baselines(day, together.master), kept)
    assert differences == []
    assert cells > 1_000


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("day", DATES)
def test_equal_figures(together: Together, day: str, number: int) -> None:
    service_date = date.fromisoformat(day)
    as_of, known_at = moments(service_date)[number]
    board = board_at(together.reader, service_date, Moment(as_of, known_at))
    expected = together.oracle.figures(together.master, day, as_of, known_at)
    compared, found = disagreements(
        lambda question: board.answer(EVERYTHING, question), expected, service_date, as_of, known_at
    )
    if found:
        pytest.fail("\n".join([*found[:20], *smallest(together, found, as_of, known_at)]))
    assert compared > 300_000
    for direction in DIRECTIONS:
        sums, broken = broken_sums(
            lambda question: board.answer(EVERYTHING, question), service_date, as_of, known_at, direction
        )
        assert broken == []
        assert sums > 20_000


def smallest(together: Together, found: list[str], as_of: int, known_at: int) -> list[str]:
    """The fewest records of a network on which the two Python programs differ too; else, that they agree."""
    prefix = next((each for each in together.networks if any(f":{each}" in line for line in found)), None)
    if prefix is None:
        return ["no network of its own stands behind the first differences"]
    network = together.networks[prefix]
    master = {**MASTER, "hubs.csv": hubs_of([prefix])}
    if not compare(network.invoices, network.friends, as_of, known_at, master)[1]:
        return [f"{prefix}: the two Python programs agree, so Elasticsearch's interpreter differs from both"]
    least = shrunk(network.invoices, network.friends, lambda i, f: bool(compare(i, f, as_of, known_at, master)[1]))
    return [f"{prefix}:", told(*least)]
