"""A reader over simulated days in memory, for mails without engines: a service date and the one a week before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from memory import ZONE, MemoryNetwork
from proving import MemoryReader

from aggregations.day import View
from hubstat.domain import time as tm
from hubstat.domain.contract import decode_friend_event, decode_invoice_event
from hubstat.domain.log import EventLog
from hubstat.domain.masterdata import MasterData
from hubstat.simulator.day import simulate_day
from hubstat.simulator.network import build_network
from hubstat.simulator.record import Options

DAY = date(2026, 11, 20)
CLOSED = tm.closing(DAY, ZONE)
SEED = 7


class _Store:
    def __init__(self, master: MasterData) -> None:
        self._master = master

    def master_data(self, country: str) -> MasterData:
        return self._master

    def refresh(self) -> None:
        """Everything is visible."""


class DaysReader(MemoryReader):
    """Says how far the data are: ``reached`` (ms, None: unknown), at first everything."""

    def __init__(self, network: MemoryNetwork) -> None:
        super().__init__(network)
        self.store: Any = _Store(network.master)
        self.reached: int | None = self.clock()
        self.looks = 0

    @contextmanager
    def view(self) -> Iterator[View]:
        self.looks += 1
        with super().view() as view:
            yield view

    def data_to(self, now: int) -> int | None:
        return self.reached


def network_of(invoices: int, *days: date) -> MemoryNetwork:
    """Simulated days of one network; at first a service date and the one a week before."""
    spec = build_network(invoices, SEED, "KR")
    network = MemoryNetwork(spec.master_data(), history=False)
    for day in days or (DAY - timedelta(days=7), DAY):
        for record in simulate_day(spec, day, SEED + day.toordinal(), Options()):
            if record.kind == "invoice":
                network.take(decode_invoice_event(record.value, record.received_ms, ZONE))
            else:
                event = decode_friend_event(record.value, record.received_ms, ZONE)
                network.friends.setdefault(event.key, EventLog()).add(event)
    return network


def simulated(invoices: int, *days: date) -> DaysReader:
    """A reader of simulated days of one network."""
    return DaysReader(network_of(invoices, *days))
