"""Cells carried from look to look by what has changed are those that counting all of them anew gives."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from random import Random
from typing import Any

import pytest
from memory import ZONE
from random_network import MASTER, RandomNetwork

from aggregations import changes, compiler
from aggregations.changes import CellCounts, Stamp
from aggregations.day import context_of
from aggregations.question import Moment
from aggregations.tally import Tallies
from hubstat.domain import time as tm
from hubstat.domain.codes import Direction
from hubstat.domain.contract import Event, Refusal, decode_invoice_event
from hubstat.domain.document import home_date, invoice_document
from hubstat.domain.log import EventLog
from hubstat.domain.masterdata import parse
from hubstat.domain.measures import Context
from hubstat.elastic import indices
from hubstat.elastic.client import connect
from hubstat.elastic.names import Names
from hubstat.elastic.search import PointInTime
from hubstat.settings import Settings

pytestmark = pytest.mark.engines

DATE = "2026-11-20"
MORNING = tm.parse_instant("2026-11-20T06:00:00+09:00")


class Watched(CellCounts):
    """Says how often the counts were carried."""

    def __init__(self) -> None:
        super().__init__(DATE)
        self.carried = 0

    def _carried(self, *arguments: Any) -> bool:
        found = super()._carried(*arguments)
        self.carried += found
        return found


class Blind(Watched):
    """Finds nothing that was written since."""

    def _maybe_changed(self, last: Stamp, then: Moment) -> compiler.Query:
        return compiler.unsettled(then.as_of, then.known_at)


class Network:
    """Invoices that receive the records of random networks, written as ingest does."""

    def __init__(self, settings: Settings, stack: ExitStack, random: Random) -> None:
        self.client = stack.enter_context(connect(settings.elasticsearch, str(settings.elasticsearch.url)))
        indices.ensure(self.client, settings)
        self.names = Names(settings.namespace)
        self.stack = stack
        self.random = random
        self.records = [each for seed in range(60) for each in RandomNetwork.of_seed(seed, f"n{seed}").invoices]
        random.shuffle(self.records)
        self.logs: dict[str, EventLog] = {}
        self.homes: dict[str, str] = {}

    def receive(self, most: int) -> None:
        """Some of the records that are left, then what they changed can be seen."""
        changed: set[str] = set()
        for _ in range(min(len(self.records), self.random.randrange(most))):
            if (event := _decoded(*self.records.pop())) is not None:
                self.homes.setdefault(event.key, home_date(event, ZONE))
                self.logs.setdefault(event.key, EventLog()).add(event)
                changed.add(event.key)
        for key in changed:
            document = invoice_document(key, self.logs[key], ZONE)
            self.client.index(index=self.names.invoices(self.homes[key]), id=key, document=document)
        self.client.indices.refresh(index=self.names.all_invoices)

    def look(self) -> PointInTime:
        return self.stack.enter_context(PointInTime(self.client, self.names.all_invoices))


def _decoded(raw: bytes, received: int) -> Event | None:
    try:
        return decode_invoice_event(raw, received, ZONE)
    except Refusal:
        return None


def context(moment: Moment) -> Context:
    return context_of(parse(MASTER, "KR"), "KR", tm.parse_date(DATE), moment, ZONE)


def plain(tallies: Mapping[Direction, Tallies]) -> dict[Direction, Any]:
    return {
        direction: {key: tally.to_document() for key, tally in sorted(each.items(), key=str)}
        for direction, each in tallies.items()
    }


@pytest.mark.parametrize("seed", range(3))
def test_carried_counts_are_those_of_counting_all_anew(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(changes, "_MOST_CHANGED", 1_000_000)
    monkeypatch.setattr(changes, "_CARRIED_WITHIN", tm.DAY)
    random = Random(seed)
    with ExitStack() as stack:
        network = Network(settings, stack, random)
        counts, blind = Watched(), Blind()
        at = MORNING
        seen: set[int] = set()
        given: list[Mapping[Direction, Tallies]] = []
        looks = 16
        for _ in range(looks):
            network.receive(40)
            # Much of what is known lies after T, and is counted once T has reached it.
            at += random.randrange(4 * tm.HOUR)
            look, moment = network.look(), Moment(at, at + 8 * tm.HOUR)
            whole = CellCounts(DATE).at(look, moment, context(moment))
            before = [(tallies, plain(tallies)) for tallies in given]
            for each in (counts, blind):
                found = each.at(look, moment, context(moment))
                assert (plain(found[0]), found[1]) == (plain(whole[0]), whole[1])
                given.append(found[0])
            assert all(plain(tallies) == texts for tallies, texts in before), "what was given stays as it was"
            seen.add(sum(each.counts.total() for of in whole[0].values() for each in of.values()))
        assert len(seen) > 6
        assert counts.carried > looks / 2
        assert blind.carried < counts.carried


def test_after_many_changes_and_after_long_all_is_counted_anew(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "_MOST_CHANGED", 10)
    with ExitStack() as stack:
        network = Network(settings, stack, Random(1))
        counts = Watched()

        def look(at: int) -> int:
            counts.at(network.look(), Moment(at, at), context(Moment(at, at)))
            return counts.carried

        start = MORNING + 3 * tm.DAY
        for most in (400, 400):
            network.receive(most)
            assert look(start) == 0
        assert look(start + 2 * tm.MINUTE) == 1
        assert look(start + 4 * tm.MINUTE + 1) == 1
