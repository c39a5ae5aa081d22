"""Many dates at once say what a question for each of them says, whatever answers: facts, or counting."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from memory import MemoryNetwork, records
from stored import store
from worked_cases import CASES, MASTER, at

from aggregations.facts.closing import RollUp, roll_up_all
from aggregations.history import Span, history, metrics_of
from aggregations.question import Question
from aggregations.reader import Reader
from aggregations.viewer import Grant, Viewer
from hubstat.domain import time as tm
from hubstat.domain.codes import DIRECTIONS
from hubstat.elastic import facts, hubs, indices, marks
from hubstat.elastic.client import connect
from hubstat.elastic.store import Store
from hubstat.engines import EngineAddresses
from hubstat.errors import AccessError
from hubstat.settings import Settings

pytestmark = pytest.mark.engines

EVERYTHING = Viewer.everything("KR", "test")
DAY = date(2026, 11, 20)
FIRST, LAST = DAY - timedelta(days=2), DAY + timedelta(days=1)
NOW = tm.parse_instant(at("10:00", "2026-12-01"))
NODES = (("nationwide", None), ("area", "A"), ("region", "R1"), ("camp", "C1"), ("camp", "unmapped"))


@pytest.fixture(scope="module")
def reader(engines: EngineAddresses) -> Iterator[Reader]:
    """The worked cases in a namespace, their date and those before it rolled up."""
    base = Settings()
    settings = base.model_copy(update={"namespace": f"t{secrets.token_hex(6)}", "state_dir": Path()})
    with connect(settings.elasticsearch, engines.elasticsearch_url) as client:
        indices.ensure(client, settings)
        hubs.install(client, settings.namespace, MASTER, "KR")
        network = MemoryNetwork(MASTER)
        for number, case in enumerate(CASES):
            for record in case.records:
                for raw in records({**record, "invoice_no": f"{number}-{record['invoice_no']}"}):
                    network.add_invoice(raw)
        store(client, settings.namespace, network)
        status = {"worker": "1", "written_at": NOW, "oldest_unwritten_at": None}
        client.index(index=f"{settings.namespace}-ingest-status", id="1", document=status, refresh=True)
        found = Reader(Store(client, settings.namespace), "KR", lambda: NOW)
        # The last date is not: it is counted.
        roll_up_all(RollUp(found), Span(FIRST, DAY).dates, lambda said: None)
        yield found
        client.indices.delete(index=list(client.indices.get(index=f"{settings.namespace}-*").body))
        for kind in indices.KINDS:
            client.indices.delete_index_template(name=f"{settings.namespace}-{kind}")


def one_by_one(reader: Reader, span: Span, level: str, hub: str | None) -> list[dict[str, Any]]:
    """Each date's figures as ``query`` gives them; none for a node that a date does not have."""
    found = []
    for day in span.dates:
        known_at = tm.closing(day, reader.zone) if span.known == "final" else None
        named = None if hub is None else f"{level}:{hub}"
        question = Question(level, day, named, None, known_at, span.wave, span.direction, metrics_of(span.direction))
        rows = {row.hub: row.figures for row in reader.query(EVERYTHING, question).rows}
        found.append(rows.get(hub or "KR"))
    return found


@pytest.mark.parametrize("known", ["current", "final"])
@pytest.mark.parametrize(("level", "hub"), NODES)
def test_each_date_has_the_figures_of_a_question_for_it(
    reader: Reader, level: str, hub: str | None, known: Any
) -> None:
    named = None if hub is None else f"{level}:{hub}"
    for wave, direction in product(("all", "DAY"), DIRECTIONS):
        span = Span(FIRST, LAST, level, named, wave, direction, known)
        found = history(reader, EVERYTHING, span)
        for row, expected in zip(found.rows, one_by_one(reader, span, level, hub), strict=True):
            if expected is None:
                assert not any(row.figures.values())
            else:
                assert row.figures == expected
        assert found.total["due"] == sum(row.figures["due"] for row in found.rows)
    (row,) = (row for row in history(reader, EVERYTHING, Span(FIRST, LAST)).rows if row.service_date == DAY)
    assert row.from_facts
    assert row.figures["due"] > 10


def test_a_camp_that_keeps_a_figure_of_all_waves_counts_by_it(reader: Reader) -> None:
    """Where the waves do not add up, their sum is not the camp's figure."""
    client, index = reader.store.client, f"{reader.store.namespace}-facts-camp-day"
    span = Span(DAY, DAY)
    before = history(reader, EVERYTHING, span).rows[0].figures["due"]
    documents = [each for _, each in facts.of_date(client, index, DAY.isoformat()) if each["of"] == "invoices"]
    model = next(each for each in documents if each["direction"] == "DELIVERY" and "current" in each["known"])
    of_camp = [
        each["due"]
        for each in documents
        if (each["direction"], each.get("camp")) == ("DELIVERY", model.get("camp"))
        and "current" in each["known"]
        and each["wave"] != "all"
        and "due" in each
    ]
    client.index(index=index, id="all", document={**model, "wave": "all", "due": 1_000}, refresh=True)
    try:
        assert history(reader, EVERYTHING, span).rows[0].figures["due"] == before - sum(of_camp) + 1_000
    finally:
        client.delete(index=index, id="all", refresh=True)


def test_a_marked_date_is_counted(reader: Reader) -> None:
    client, namespace = reader.store.client, reader.store.namespace
    kept = history(reader, EVERYTHING, Span(DAY, DAY)).rows[0]
    marks.put(client, namespace, [DAY.isoformat()])
    mark = marks.get(client, namespace, DAY.isoformat())
    assert mark is not None
    try:
        counted = history(reader, EVERYTHING, Span(DAY, DAY)).rows[0]
    finally:
        marks.clear(client, namespace, mark)
    assert (kept.from_facts, counted.from_facts) == (True, False)
    assert kept.figures == counted.figures


def test_a_viewer_needs_a_right_on_every_date(reader: Reader) -> None:
    viewer = Viewer("somebody", (Grant("nationwide", "KR", valid_from=DAY),))
    assert history(reader, viewer, Span(DAY, LAST)).rows
    with pytest.raises(AccessError):
        history(reader, viewer, Span(FIRST, LAST))
