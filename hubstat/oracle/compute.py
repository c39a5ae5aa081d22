"""From raw records to every figure of one service date at one or several (T, K)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from hubstat.oracle.activities import Activity, activities
from hubstat.oracle.clock import Zone, day_number
from hubstat.oracle.friends import Work, friend_day
from hubstat.oracle.history import known_events
from hubstat.oracle.invoices import standing
from hubstat.oracle.masters import UNMAPPED, Network
from hubstat.oracle.records import FriendEvent, InvoiceEvent, Reject, decode_friend_record, decode_invoice_record
from hubstat.oracle.tallies import Tally, count_backlog, count_day

ALL = "all"
UNASSIGNED = "unassigned"
DIRECTIONS = ("DELIVERY", "RETURN")
PROGRESS_EVERY = 10_000

Figures = dict[str, dict[str, dict[str, dict[str, Any]]]]
Progress = Callable[[str, int], None]
Identity = tuple[str, str]
Leaf = tuple[str, str, str | None, str | None]  # direction, wave, camp, Friend


class Records:
    """All decoded records: events by invoice and by Friend, and the dead letters counted by reason."""

    def __init__(self, country: str = "KR", progress: Progress | None = None) -> None:
        self.zone = Zone(country)
        self.invoices: dict[Identity, list[InvoiceEvent]] = defaultdict(list)
        self.friends: dict[str, list[FriendEvent]] = defaultdict(list)
        self.dead_letters: Counter[str] = Counter()
        self._progress = progress or _silent

    def read_invoices(self, records: Iterable[tuple[bytes, int]]) -> None:
        """Decode (value, received ms) pairs of ``invoice-events``."""
        for number, (raw, received) in enumerate(records, 1):
            event = decode_invoice_record(raw, received, self.zone)
            if isinstance(event, Reject):
                self.dead_letters[event.reason] += 1
            else:
                self.invoices[event.direction, event.invoice_no].append(event)
            if number % PROGRESS_EVERY == 0:
                self._progress("invoice events", number)

    def read_friends(self, records: Iterable[tuple[bytes, int]]) -> None:
        """Decode (value, received ms) pairs of ``friend-events``."""
        for number, (raw, received) in enumerate(records, 1):
            event = decode_friend_record(raw, received, self.zone)
            if isinstance(event, Reject):
                self.dead_letters[event.reason] += 1
            else:
                self.friends[event.friend].append(event)
            if number % PROGRESS_EVERY == 0:
                self._progress("friend events", number)

    def figures(self, network: Network, service_date: str, as_of: int, known_at: int) -> Figures:
        """Every figure of the service date at (T, K) = (``as_of``, ``known_at``), epoch ms."""
        return _Day(self, network, service_date, as_of, known_at, self._progress).figures()


def figures_many(
    invoice_records: Iterable[tuple[bytes, int]],
    friend_records: Iterable[tuple[bytes, int]],
    *,
    master: dict[str, str],
    service_date: str,
    points: Iterable[tuple[int, int]],
    country: str = "KR",
    progress: Progress | None = None,
) -> dict[tuple[int, int], Figures]:
    """Figures at several (T, K), decoding the records once; see ``figures``."""
    records = Records(country, progress)
    records.read_invoices(invoice_records)
    records.read_friends(friend_records)
    network = Network(master, country)
    return {(as_of, known_at): records.figures(network, service_date, as_of, known_at) for as_of, known_at in points}


def figures(
    invoice_records: Iterable[tuple[bytes, int]],
    friend_records: Iterable[tuple[bytes, int]],
    *,
    master: dict[str, str],
    service_date: str,
    as_of_ms: int,
    known_at_ms: int,
    country: str = "KR",
    progress: Progress | None = None,
) -> Figures:
    """Every figure as direction → wave (``all`` and each present) → ``level:hub`` → figures.

    Records are (value, received ms) in any order. Nodes: ``nationwide:KR region:R1 area:A1 camp:C01`` and, in wave
    ``all``, ``friend:C01/F001``; a missing hub is ``unmapped``, a missing Friend ``unassigned``. Productivity stands
    under DELIVERY, wave ``all``, at camps and Friends. Ratios and minutes are unrounded, ``last_completed_at`` is local
    RFC 3339 with milliseconds, hours are local ``YYYY-MM-DDTHH``. ``master``: file name → CSV text, as ``Network``.
    ``progress(what, how many so far)`` is called every 10,000 records.
    """
    point = (as_of_ms, known_at_ms)
    return figures_many(
        invoice_records,
        friend_records,
        master=master,
        service_date=service_date,
        points=[point],
        country=country,
        progress=progress,
    )[point]


class _Day:
    """One service date at one (T, K)."""

    def __init__(
        self, records: Records, network: Network, service_date: str, as_of: int, known_at: int, progress: Progress
    ) -> None:
        self.records = records
        self.network = network
        self.zone = records.zone
        self.service_date = service_date
        self.day = day_number(service_date)
        self.as_of = as_of
        self.known_at = known_at
        self.progress = progress
        self.day_tallies: dict[Leaf, Tally] = defaultdict(Tally)
        self.backlog_tallies: dict[Leaf, Tally] = defaultdict(Tally)
        self.work: dict[tuple[str | None, str], Work] = {}

    def figures(self) -> Figures:
        """Count every invoice and Friend, then add the counts up the hierarchy."""
        self._measure_friends(self._count_invoices())
        waves = sorted({leaf[1] for leaf in (*self.day_tallies, *self.backlog_tallies)})
        result = {direction: {wave: self._table(direction, wave) for wave in (ALL, *waves)} for direction in DIRECTIONS}
        for node in result["DELIVERY"][ALL]:  # a row of deliveries is a row of returns too, be it empty
            result["RETURN"][ALL].setdefault(node, Tally().figures("RETURN", self.zone))
        return result

    def _count_invoices(self) -> dict[str, list[Activity]]:
        """Count every invoice where it belongs; the activities found on the way, by Friend."""
        known: dict[Identity, list[InvoiceEvent]] = {}
        superseded: set[Identity] = set()
        for identity, copies in self.records.invoices.items():
            events = [event for event in known_events(copies, self.known_at) if event.time <= self.as_of]
            events = [event for event in events if event.code != "SUPERSEDED"]  # derived below, from its source
            if events:
                known[identity] = events
            for event in events:
                if event.code == "REGISTERED" and event.replaces not in (None, event.invoice_no):
                    superseded.add(("DELIVERY", event.replaces))
        by_friend: dict[str, list[Activity]] = defaultdict(list)
        for number, (identity, events) in enumerate(known.items(), 1):
            for activity in activities(events):
                by_friend[activity.friend].append(activity)
            if identity not in superseded:
                self._count_invoice(events)
            if number % PROGRESS_EVERY == 0:
                self.progress("invoices", number)
        return by_friend

    def _count_invoice(self, events: list[InvoiceEvent]) -> None:
        invoice = standing(events)
        if invoice is None:
            return
        leaf = (invoice.direction, invoice.wave, invoice.camp, invoice.friend)
        if invoice.service_date == self.service_date and not self.network.is_abroad(invoice.camp, self.day):
            count_day(self.day_tallies[leaf], invoice, self.as_of, self.network.customer_reasons, self.zone)
        waits = invoice.open or invoice.awaits_warehouse
        if waits and not self.network.is_abroad(invoice.camp, self.zone.day(self.as_of)):
            count_backlog(self.backlog_tallies[leaf], invoice, self.as_of)

    def _measure_friends(self, by_friend: dict[str, list[Activity]]) -> None:
        for friend, acts in by_friend.items():
            events = known_events(self.records.friends.get(friend, []), self.known_at)
            events = [event for event in events if event.time <= self.as_of]
            measured = friend_day(acts, events, self.service_date, self.as_of, self.zone)
            if measured is not None and not self.network.is_abroad(measured[1], self.day):
                work, camp = measured
                self.work[camp, friend] = work

    def _table(self, direction: str, wave: str) -> dict[str, dict[str, Any]]:
        """Every node of one direction and wave."""
        tallies: dict[str, Tally] = {node: Tally() for node in self.network.all_nodes(self.day)}
        self._add_up(tallies, self.day_tallies, self.day, direction, wave)
        self._add_up(tallies, self.backlog_tallies, self.zone.day(self.as_of), direction, wave)
        has_work = direction == "DELIVERY" and wave == ALL
        work: dict[str, Work] = {}
        if has_work:
            for (camp, friend), day in self.work.items():
                for node in (f"camp:{camp or UNMAPPED}", friend_node(camp, friend)):
                    work.setdefault(node, Work()).add(day)
                    tallies.setdefault(node, Tally())
        table = {}
        for node in sorted(tallies):
            table[node] = tallies[node].figures(direction, self.zone)
            if has_work and node.startswith(("camp:", "friend:")):
                table[node] |= work.get(node, Work()).figures()
        return table

    def _add_up(
        self, tallies: dict[str, Tally], leaves: dict[Leaf, Tally], hierarchy_day: int, direction: str, wave: str
    ) -> None:
        for (leaf_direction, leaf_wave, camp, friend), tally in leaves.items():
            if leaf_direction != direction or wave not in (ALL, leaf_wave):
                continue
            nodes = self.network.nodes(camp, hierarchy_day)
            if wave == ALL:
                nodes.append(friend_node(camp, friend))
            for node in nodes:
                tallies.setdefault(node, Tally()).add(tally)


def friend_node(camp: str | None, friend: str | None) -> str:
    """The node of a Friend's row: one per camp and Friend."""
    return f"friend:{camp or UNMAPPED}/{friend or UNASSIGNED}"


def _silent(what: str, count: int) -> None:
    """No progress is wanted."""
