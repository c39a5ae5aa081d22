"""The worked cases on Elasticsearch's interpreter, and proofs: every counted figure is as many invoices as it says."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from memory import MemoryNetwork, flat, records
from stored import store
from worked_cases import CASES, MASTER, Case, at, event, registered

from aggregations.board import board_at
from aggregations.proofs.prover import Prover
from aggregations.question import UNASSIGNED, Moment, Question, Scope
from aggregations.reader import Reader
from aggregations.viewer import Viewer
from hubstat.domain import time as tm
from hubstat.domain.codes import DIRECTIONS, Direction
from hubstat.domain.hierarchy import UNMAPPED
from hubstat.domain.metrics import metrics_for
from hubstat.elastic import hubs, indices
from hubstat.elastic.client import connect
from hubstat.elastic.store import Store
from hubstat.engines import EngineAddresses
from hubstat.errors import QueryError
from hubstat.settings import Settings

pytestmark = pytest.mark.engines

EVERYTHING = Viewer.everything("KR", "test")
DAY = date(2026, 11, 20)
# While the day runs, at its closing as then known, and long after as known now: settled and unsettled documents mix.
MOMENTS = (
    (at("20:01"), at("20:30")),
    (at("12:00", "2026-11-21"), at("12:00", "2026-11-21")),
    (at("22:00"), at("12:00", "2026-12-01")),
)


@pytest.fixture(scope="module")
def reader(engines: EngineAddresses) -> Iterator[Reader]:
    """A reader of a namespace of this module's own, with the worked cases' master data."""
    base = Settings()
    settings = base.model_copy(update={"namespace": f"t{secrets.token_hex(6)}", "state_dir": Path()})
    with connect(settings.elasticsearch, engines.elasticsearch_url) as client:
        indices.ensure(client, settings)
        hubs.install(client, settings.namespace, MASTER, "KR")
        yield Reader(Store(client, settings.namespace), "KR")
        client.indices.delete(index=list(client.indices.get(index=f"{settings.namespace}-*").body))
        for kind in indices.KINDS:
            client.indices.delete_index_template(name=f"{settings.namespace}-{kind}")


def network_of(*cases: Case, apart: bool = False) -> MemoryNetwork:
    """The cases' records in one network; ``apart``: each case with invoices of its own."""
    network = MemoryNetwork(MASTER)
    for number, case in enumerate(cases):
        for record in case.records:
            own = {**record, "invoice_no": f"{number}-{record['invoice_no']}"} if apart else record
            for raw in records(own):
                network.add_invoice(raw)
        for raw in records(*case.friend_records):
            network.add_friend(raw)
    assert network.refused == []
    return network


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_worked_case(reader: Reader, case: Case) -> None:
    store(reader.store.client, reader.store.namespace, network_of(case))
    for expect in case.expected:
        rows = [row for row in reader.query(EVERYTHING, expect.question()).rows if row.hub == expect.hub]
        assert len(rows) == 1
        found = {**rows[0].figures, **flat(rows[0].figures)}
        assert {name: found.get(name) for name in expect.figures} == dict(expect.figures)


def test_names_that_mean_something_else_here(reader: Reader) -> None:
    """A wave called ``all``, a camp called ``unmapped`` and a Friend called ``unassigned`` are counted once."""
    odd = Case(
        "odd names",
        (
            registered(invoice_no="1", wave="all"),
            registered(invoice_no="2", camp_id=UNMAPPED),
            event("DELIVERED", at("10:00"), invoice_no="2", camp_id=UNMAPPED, friend_id=UNASSIGNED),
            {name: value for name, value in registered(invoice_no="3").items() if name != "camp_id"},
        ),
        (),
    )
    network = network_of(odd)
    store(reader.store.client, reader.store.namespace, network)
    for level in ("nationwide", "camp"):
        asked = question(level, MOMENTS[0], "DELIVERY")
        rows = reader.query(EVERYTHING, asked).rows
        assert rows == network.query(asked).rows
        assert sum(row.figures["due"] for row in rows) == 3
    proof = Prover(reader).proof(EVERYTHING, question("camp", MOMENTS[0], "DELIVERY", "camp:unmapped"), "due")
    assert [line.invoice_no for line in proof.lines] == ["2", "3"]


@pytest.fixture(scope="module")
def network(reader: Reader) -> MemoryNetwork:
    """All worked cases side by side, stored."""
    together = network_of(*CASES, apart=True)
    store(reader.store.client, reader.store.namespace, together)
    return together


def question(
    level: str, moment: tuple[str, str], direction: Direction, hub: str | None = None, wave: str = "all"
) -> Question:
    as_of, known_at = (tm.parse_instant(text) for text in moment)
    return Question(level, DAY, hub, as_of, known_at, wave, direction)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("moment", MOMENTS, ids=["running", "closing", "long after"])
def test_both_interpreters_and_the_board_agree(
    reader: Reader, network: MemoryNetwork, moment: tuple[str, str], direction: Direction
) -> None:
    compared = 0
    board = board_at(reader, DAY, Moment(*(tm.parse_instant(text) for text in moment)))
    for level in ("nationwide", "area", "camp", "friend"):
        for wave in ("all", "DAY", "DAWN"):
            asked = question(level, moment, direction, wave=wave)
            expected = network.query(asked).rows
            assert reader.query(EVERYTHING, asked).rows == expected
            assert board.answer(EVERYTHING, asked).rows == expected
            compared += sum(len(flat(row.figures)) for row in expected)
    assert compared > 500


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("moment", MOMENTS, ids=["running", "closing", "long after"])
def test_every_counted_figure_has_as_many_invoices_behind_it(
    reader: Reader, network: MemoryNetwork, moment: tuple[str, str], direction: Direction
) -> None:
    prover = Prover(reader)
    friends = [row for row in network.query(question("friend", moment, direction)).rows if row.parent == "C1"]
    places = [("nationwide", None, network.query(question("nationwide", moment, direction)).rows[0].figures)]
    places += [("camp", None, row.figures) for row in network.query(question("camp", moment, direction, "C1")).rows]
    places += [("friend", Scope("friend", row.hub, "C1"), row.figures) for row in friends]
    assert {UNASSIGNED, "F1"} <= {row.hub for row in friends} or direction == "RETURN"
    proved = 0
    for level, scope, figures in places:
        hub = "C1" if level == "camp" else None
        for metric in metrics_for(direction).values():
            if metric.counted is None:
                continue
            value = figures[metric.id]
            total = sum(value.values()) if isinstance(value, dict) else value
            parts = value if isinstance(value, dict) else {}
            for name, figure in [(metric.id, total), *((f"{metric.id}.{part}", n) for part, n in parts.items() if n)]:
                found = prover.proof(EVERYTHING, question(level, moment, direction, hub), name, scope)
                assert (name, len(found.lines)) == (name, figure)
                assert len({line.invoice_no for line in found.lines}) == figure
                proved += figure
    assert proved > (50 if direction == "DELIVERY" else 3)


@pytest.mark.parametrize("metric", ["due.x", "m3.nowhere", "m1_rate.x", "m9"])
def test_a_figure_that_does_not_exist_has_no_proof(reader: Reader, metric: str) -> None:
    with pytest.raises(QueryError):
        Prover(reader).proof(EVERYTHING, question("nationwide", MOMENTS[0], "DELIVERY"), metric)


@pytest.mark.parametrize("hub", ["area:nowhere", "region:A", "nationwide:TW"])
def test_a_hub_that_does_not_exist_is_no_empty_answer(reader: Reader, hub: str) -> None:
    with pytest.raises(QueryError):
        reader.query(EVERYTHING, question("camp", MOMENTS[0], "DELIVERY", hub))
