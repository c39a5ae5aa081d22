"""What caused restatements: invoices whose contribution, and Friends whose work, is not what it was at closing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from aggregations import compiler
from aggregations.day import Day, View
from aggregations.question import ALL_WAVES, UNASSIGNED
from aggregations.rollup import Ground
from aggregations.tally import Part, backlog_contributions, contributions
from hubstat.domain.backlog import waiting_of
from hubstat.domain.codes import RANK, Direction
from hubstat.domain.document import restore_invoice
from hubstat.domain.hierarchy import LEVELS, UNMAPPED, HubTree
from hubstat.domain.invoice import InvoiceState, fold_facts
from hubstat.domain.log import EventLog
from hubstat.domain.metric import AgeSplit, Count, Metric, Ratio, Shares, SplitCount, StalledCount
from hubstat.domain.row import row_of

# (level, hub, parent), the parent only of a Friend: one Friend has a row in every camp with invoices of theirs
Node = tuple[str, str, str | None]


@dataclass(frozen=True, slots=True)
class Standing:
    """How an invoice counts at one moment. state: all of it, for figures that no list of parts tells of."""

    camp: str | None
    friend: str | None
    wave: str
    parts: frozenset[Part]
    state: InvoiceState


@dataclass(frozen=True, slots=True)
class Change:
    """An invoice that counts otherwise than at closing: under the date, or among what waits (None: not at all)."""

    invoice_no: str
    direction: str
    backlog: bool
    before: Standing | None
    after: Standing | None


def changes(view: View, final: Day, current: Day, zone: ZoneInfo, backlog: bool) -> list[Change]:
    """Invoices whose contribution changed by what was received after closing.

    backlog: also of those that only wait at closing, whatever their service date.
    """
    closing = final.moment.as_of
    later: list[compiler.Query] = [
        {"range": {"max_received_at": {"gt": closing}}},
        {"range": {"first_event_time": {"lte": closing}}},
    ]
    if not backlog:
        later.append({"term": {"due_dates": final.service_date.isoformat()}})
    found: list[Change] = []
    for key, document in view.invoices.documents(compiler.all_of(later), ["events"]):
        log = restore_invoice(key, document)
        if _late(log, closing):
            found += _changes_of(key, log, final, current, zone)
    return found


def _late(log: EventLog, closing: int) -> bool:
    """Whether anything received after closing can change what was true at closing."""
    return any(
        copy.received > closing and (copy.time <= closing or copy.sent["code"] == "CORRECTED") for _, copy in log
    )


def _changes_of(key: str, log: EventLog, final: Day, current: Day, zone: ZoneInfo) -> Iterator[Change]:
    direction, invoice_no = key.split(":", 1)
    states = [
        fold_facts(direction, invoice_no, log.facts(RANK[direction], day.moment.as_of, day.moment.known_at), zone)
        for day in (final, current)
    ]
    counted = [_counted(state, final) for state in states]
    waiting = [_waiting(state, final.moment.as_of) for state in states]
    for backlog, (before, after) in ((False, counted), (True, waiting)):
        if before != after:
            yield Change(invoice_no, direction, backlog, before, after)


def _counted(state: InvoiceState, day: Day) -> Standing | None:
    row = row_of(state)
    if row is None or state.promise is None or state.promise.service_date != day.service_date.isoformat():
        return None
    return Standing(row.camp, state.friend, row.wave, frozenset(contributions(row, day.context)), state)


def _waiting(state: InvoiceState, as_of: int) -> Standing | None:
    waiting = waiting_of(state)
    if waiting is None:
        return None
    parts = frozenset(backlog_contributions(waiting, as_of))
    return Standing(state.camp, state.friend, waiting.wave, parts, state)


class Causes:
    """Finds the causes of one restatement. friends: (camp, Friend) whose work changed."""

    def __init__(self, ground: Ground, found: Iterable[Change], friends: Iterable[tuple[str | None, str]]) -> None:
        self._ground = ground
        self._changes: dict[Node, list[Change]] = {}
        self._friends: dict[Node, set[str]] = {}
        for change in found:
            tree = ground.moment if change.backlog else ground.day
            nodes: set[Node] = set()
            for standing in (change.before, change.after):
                if standing is not None:
                    nodes |= _nodes(tree, standing.camp, standing.friend)
            for node in nodes:
                self._changes.setdefault(node, []).append(change)
        for camp, friend in friends:
            for node in _nodes(ground.day, camp, friend):
                self._friends.setdefault(node, set()).add(friend)

    def of(
        self, metric: Metric, part: str, level: str, hub: str, parent: str | None, direction: Direction, wave: str
    ) -> tuple[list[str], list[str]]:
        """Invoices and Friends that changed a figure (or a part of it) of a node, each sorted."""
        node = _node(level, hub, parent)
        friends = sorted(self._friends.get(node, ())) if metric.of_friends or metric.needs == "projection" else []
        invoices = {
            change.invoice_no
            for change in self._changes.get(node, ())
            if change.backlog == metric.of_backlog
            and (metric.of_friends or change.direction == direction)
            and self._says(change, change.before, metric, part, node, wave)
            != self._says(change, change.after, metric, part, node, wave)
        }
        return sorted(invoices), friends

    def _says(
        self, change: Change, standing: Standing | None, metric: Metric, part: str, node: Node, wave: str
    ) -> object:
        """What an invoice gives to a figure of a node at one moment; None where it is elsewhere or not counted."""
        tree = self._ground.moment if change.backlog else self._ground.day
        if standing is None or node not in _nodes(tree, standing.camp, standing.friend):
            return None
        if wave not in {ALL_WAVES, standing.wave}:
            return None
        parts = _inputs(metric, part)
        return standing if parts is None else {each for each in standing.parts if parts(each)}


def _inputs(metric: Metric, part: str) -> Callable[[Part], bool] | None:
    """Which parts of invoices a figure is made from; None where it is made from more than parts."""
    match metric.measure:
        case Count() | SplitCount() | StalledCount() | AgeSplit():
            return lambda each: each == (metric.id, part)
        case Ratio(numerator, denominator):
            return lambda each: each[0] in {numerator, denominator}
        case Shares(parts, total):
            return lambda each: each in {(parts, part), (total, "")}
        case _:
            return None


def _node(level: str, hub: str, parent: str | None) -> Node:
    return (level, hub, parent if level == "friend" else None)


def _nodes(tree: HubTree, camp: str | None, friend: str | None) -> set[Node]:
    path = tree.path(camp)
    row = ("friend", friend or UNASSIGNED, path.camp if camp is not None else UNMAPPED)
    return {row, *((level, path.at(level), None) for level in LEVELS)}
