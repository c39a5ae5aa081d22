"""From raw records to every figure of one service date at one or several (T, K)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from hubstat.oracle.activities import Activity, activities
from hubstat.oracle.archive import PROGRESS_EVERY, Archive, Identity, Progress, replaced_by
from hubstat.oracle.baselines import Baseliner, Baselines, without_history
from hubstat.oracle.clock import day_number
from hubstat.oracle.friends import FriendDate, friend_date
from hubstat.oracle.invoices import Standing, load_gap, standing
from hubstat.oracle.masters import UNMAPPED, Network
from hubstat.oracle.plan import Plan
from hubstat.oracle.projection import Day, Projection, stops_left
from hubstat.oracle.records import InvoiceEvent
from hubstat.oracle.tallies import Tally, count_backlog, count_day
from hubstat.oracle.work import Work, add_completions, add_friend, add_road, add_route, later

ALL = "all"
UNASSIGNED = "unassigned"
DIRECTIONS = ("DELIVERY", "RETURN")

Figures = dict[str, dict[str, dict[str, dict[str, Any]]]]
Leaf = tuple[str, str, str | None, str | None]  # direction, wave, camp, Friend
Seat = tuple[str | None, str | None]  # camp, Friend


class Records(Archive):
    """All decoded records, the figures and the baselines of any service date."""

    def __init__(self, country: str = "KR", progress: Progress | None = None) -> None:
        super().__init__(country, progress)
        self._baseliner: tuple[int, Baseliner] | None = None
        self._baselines: dict[tuple[int, str, Network], Baselines] = {}

    def baselines(self, service_date: str, network: Network) -> Baselines:
        """Allowances, standards and plan shares of a service date, from what the dates before it finally were."""
        key = (self.records, service_date, network)
        if key not in self._baselines:
            if self._baseliner is None or self._baseliner[0] != self.records:
                self._baseliner = (self.records, Baseliner(self))
            self._baselines[key] = self._baseliner[1].baselines(service_date, network)
        return self._baselines[key]

    def figures(
        self, network: Network, service_date: str, as_of: int, known_at: int, *, history: bool = True
    ) -> Figures:
        """Every figure of the service date at (T, K) = (``as_of``, ``known_at``), epoch ms.

        ``history``: whether the dates before count; without them the allowance is 15 minutes, and there is neither
        standard nor plan.
        """
        baselines = self.baselines(service_date, network) if history else without_history()
        day = Day(day_number(service_date), as_of, network, baselines, self.zone)
        return _Count(self, day, service_date, known_at, self.progress).figures()


def figures_many(
    invoice_records: Iterable[tuple[bytes, int]],
    friend_records: Iterable[tuple[bytes, int]],
    *,
    master: dict[str, str],
    service_date: str,
    points: Iterable[tuple[int, int]],
    country: str = "KR",
    progress: Progress | None = None,
    history: bool = True,
) -> dict[tuple[int, int], Figures]:
    """Figures at several (T, K), decoding the records once; see ``figures``."""
    records = Records(country, progress)
    records.read_invoices(invoice_records)
    records.read_friends(friend_records)
    network = Network(master, country)
    return {
        (as_of, known_at): records.figures(network, service_date, as_of, known_at, history=history)
        for as_of, known_at in points
    }


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
    history: bool = True,
) -> Figures:
    """Every figure as direction → wave (``all`` and each present) → ``level:hub`` → figures.

    Records are (value, received ms) in any order. Nodes: ``nationwide:KR region:R1 area:A1 camp:C01`` and, in wave
    ``all``, ``friend:C01/F001``; a missing hub is ``unmapped``, a missing Friend ``unassigned``. The figures of Friends
    stand under DELIVERY, wave ``all``, at all levels. Ratios and minutes are unrounded, instants are local RFC 3339
    with milliseconds, hours are local ``YYYY-MM-DDTHH``. ``master``: file name → CSV text, as ``Network``.
    ``progress(what, how many so far)`` is called every 10,000 records. ``history``: as in ``Records.figures``.
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
        history=history,
    )[point]


class _Count:
    """One service date at one (T, K): everything counted where it belongs."""

    def __init__(self, archive: Archive, day: Day, service_date: str, known_at: int, progress: Progress) -> None:
        self.archive = archive
        self.day = day
        self.network = day.network
        self.zone = day.zone
        self.service_date = service_date
        self.as_of = day.as_of
        self.known_at = known_at
        self.progress = progress
        self.day_tallies: dict[Leaf, Tally] = defaultdict(Tally)
        self.backlog_tallies: dict[Leaf, Tally] = defaultdict(Tally)
        self.work: dict[Seat, Work] = defaultdict(Work)
        self.open_by_friend: dict[str, list[Standing]] = defaultdict(list)
        self.open_by_camp: dict[str | None, list[Standing]] = defaultdict(list)

    def figures(self) -> Figures:
        """Count every invoice and Friend, then add the counts up the hierarchy."""
        invoices = self._invoices()
        friends = self._friends(invoices)
        self._count_invoices(invoices, friends)
        for friend, date in friends.items():
            self._count_friend(friend, date)
        self._project(friends)
        waves = sorted({leaf[1] for leaf in (*self.day_tallies, *self.backlog_tallies)})
        result = {direction: {wave: self._table(direction, wave) for wave in (ALL, *waves)} for direction in DIRECTIONS}
        for node in result["DELIVERY"][ALL]:  # a row of deliveries is a row of returns too, be it empty
            result["RETURN"][ALL].setdefault(node, self._empty_row("RETURN"))
        return result

    def _invoices(self) -> dict[Identity, list[InvoiceEvent]]:
        """The events in force of every invoice that has any."""
        found = {}
        for number, identity in enumerate(self.archive.invoices, 1):
            events = self.archive.events_at(identity, self.as_of, self.known_at)
            if events:
                found[identity] = events
            if number % PROGRESS_EVERY == 0:
                self.progress("invoices", number)
        return found

    def _friends(self, invoices: dict[Identity, list[InvoiceEvent]]) -> dict[str, FriendDate]:
        """Every Friend with an activity near the date, or an event."""
        acts: dict[str, list[Activity]] = defaultdict(list)
        for identity in self.archive.active_around(self.day.number):
            for act in activities(invoices.get(identity, [])):
                acts[act.friend].append(act)
        found = {}
        for friend in {*acts, *self.archive.friends}:
            events = self.archive.friend_events_at(friend, self.as_of, self.known_at)
            found[friend] = friend_date(acts.get(friend, []), events, self.service_date, self.as_of, self.zone)
        return found

    def _count_invoices(self, invoices: dict[Identity, list[InvoiceEvent]], friends: dict[str, FriendDate]) -> None:
        superseded = {identity for events in invoices.values() for identity in replaced_by(events)}
        departures = {friend: date.departure for friend, date in friends.items() if date.departure is not None}
        for identity, events in invoices.items():
            invoice = None if identity in superseded else standing(events)
            if invoice is not None:
                self._count_invoice(invoice, events, departures)

    def _count_invoice(self, invoice: Standing, events: list[InvoiceEvent], departures: dict[str, int]) -> None:
        leaf = leaf_of(invoice)
        if invoice.service_date == self.service_date and not self.network.is_abroad(invoice.camp, self.day.number):
            tally = self.day_tallies[leaf]
            count_day(tally, invoice, self.as_of, self.network, self.day.deadline(invoice.wave), self.zone)
            if invoice.direction == "DELIVERY" and not invoice.removed:
                held, missing = load_gap(events, departures)
                tally.counts["load_assigned"] += held
                tally.counts["load_gap"] += missing
            if invoice.open and invoice.friend is not None:
                self.open_by_friend[invoice.friend].append(invoice)
            elif invoice.open:
                self.open_by_camp[invoice.camp].append(invoice)
        waits = invoice.open or invoice.awaits_warehouse
        if waits and not self.network.is_abroad(invoice.camp, self.zone.day(self.as_of)):
            count_backlog(self.backlog_tallies[leaf], invoice, self.as_of)

    def _count_friend(self, friend: str, date: FriendDate) -> None:
        for route in date.routes:
            camp = route.camp or date.camp
            if not self.network.is_abroad(camp, self.day.number):
                add_route(self.work[camp, friend], route)
        if not date.exists or self.network.is_abroad(date.camp, self.day.number):
            return
        work = self.work[date.camp, friend]
        area = self.network.area(date.camp, self.day.number)
        add_friend(work, date)
        add_completions(work, date.roads, self.zone)
        for road in date.roads:
            wave = road.run.wave
            add_road(
                work,
                road,
                self.day.baselines.allowance(area, wave),
                self.day.baselines.standard(area, wave),
                self.zone,
            )
        if date.silent is not None:
            run, silent = date.silent
            work.counts["silent_friends"] += silent > self.day.baselines.allowance(area, run.wave)

    def _project(self, friends: dict[str, FriendDate]) -> None:
        """The projections of every Friend who has open invoices or is out, and what nobody has been given."""
        nobody = friend_date([], [], self.service_date, self.as_of, self.zone)
        for friend in {*friends, *self.open_by_friend}:
            projection = Projection(friends.get(friend, nobody), self.open_by_friend.get(friend, []), self.day)
            for invoice in projection.at_risk():
                self.day_tallies[leaf_of(invoice)].counts["at_risk"] += 1
            stops, spare = len(projection.stops), projection.spare()
            if self.network.is_abroad(projection.camp, self.day.number) or not (stops or spare):
                continue
            work = self.work[projection.camp, friend]
            work.counts["open_stops"] += stops
            work.counts["no_pace_stops"] += stops if projection.pace is None else 0
            work.counts["can_help"] += spare >= 1
            work.spare += spare
            work.shortfall += projection.shortfall()
            if stops:
                work.finish = later(work.finish, projection.last_finish())
        for camp, invoices in self.open_by_camp.items():
            self.work[camp, None].counts["unassigned_stops"] += len(stops_left(invoices))

    def _table(self, direction: str, wave: str) -> dict[str, dict[str, Any]]:
        """Every node of one direction and wave."""
        tallies: dict[str, Tally] = {node: Tally() for node in self.network.all_nodes(self.day.number)}
        self._add_up(tallies, self.day_tallies, self.day.number, direction, wave)
        self._add_up(tallies, self.backlog_tallies, self.zone.day(self.as_of), direction, wave)
        plans = self._plans(direction, wave)
        works = self._works() if (direction, wave) == ("DELIVERY", ALL) else {}
        table = {}
        for node in sorted({*tallies, *works}):
            table[node] = self._row(direction, tallies.get(node, Tally()), plans.get(node, Plan()))
            if (direction, wave) == ("DELIVERY", ALL):
                table[node] |= works.get(node, Work()).figures(self.zone)
        return table

    def _row(self, direction: str, tally: Tally, plan: Plan) -> dict[str, Any]:
        midnight = self.zone.start_of_day(self.day.number)
        return tally.figures(direction, self.zone) | plan.figures(midnight, self.as_of, self.zone)

    def _empty_row(self, direction: str) -> dict[str, Any]:
        return self._row(direction, Tally(), Plan())

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

    def _plans(self, direction: str, wave: str) -> dict[str, Plan]:
        """The plan of each hub; a Friend has none."""
        plans: dict[str, Plan] = defaultdict(Plan)
        for (leaf_direction, leaf_wave, camp, _), tally in self.day_tallies.items():
            if leaf_direction != direction or wave not in (ALL, leaf_wave) or camp is None:
                continue
            shares = self.day.baselines.shares.get((camp, direction, leaf_wave))
            if shares is not None:
                for node in self.network.nodes(camp, self.day.number):
                    plans[node].add(tally.counts["due"], shares)
        return plans

    def _works(self) -> dict[str, Work]:
        """The work of Friends at every node."""
        works: dict[str, Work] = defaultdict(Work)
        for (camp, friend), work in self.work.items():
            for node in (*self.network.nodes(camp, self.day.number), friend_node(camp, friend)):
                works[node].add(work)
        return works


def leaf_of(invoice: Standing) -> Leaf:
    """Where an invoice counts."""
    return (invoice.direction, invoice.wave, invoice.camp, invoice.friend)


def friend_node(camp: str | None, friend: str | None) -> str:
    """The node of a Friend's row: one per camp and Friend."""
    return f"friend:{camp or UNMAPPED}/{friend or UNASSIGNED}"
