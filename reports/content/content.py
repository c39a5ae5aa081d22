"""Implements ``reports.model.Content`` over the reader."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from aggregations.facts.noted import Noted, noted
from aggregations.question import FigureRow, Moment
from aggregations.reader import Reader
from aggregations.viewer import Viewer
from hubstat.domain import time as tm
from hubstat.domain.codes import DIRECTIONS
from hubstat.domain.hierarchy import LEVELS, UNMAPPED
from hubstat.domain.masterdata import MasterData
from hubstat.errors import QueryError
from hubstat.figures.formats import Lang
from hubstat.figures.status import silence
from reports.content.part import BELOW, Both, Exported, Hub, HubPart
from reports.content.reading import Reading, Readings, below, require
from reports.content.writing import write
from reports.model import Mail, Order, Part

Restatements = Callable[[Reader, Viewer, Sequence[str], int, int], tuple[Noted, ...]]
# A restatement is told where one of these figures is no longer what it was.
RESTATED: Final = ("due", "completed", "m1_late", "m2_late", "undelivered", "last_completed_at")
# What waits at T (M6) is read for a past moment only where that is no work: at a closing, or a few hours back.
_BACKLOG_WITHIN: Final = 6 * tm.HOUR
_WEEK: Final = timedelta(days=7)
_NOTED_KEPT: Final = 4


@dataclass(frozen=True, slots=True)
class _Sources:
    """The readings of one order: now, a week before, as last sent; wave: a wave or ``all``."""

    now: Reading
    week: Reading
    last: Reading | None
    wave: str
    owners: dict[tuple[str, str], str]


class ReportContent:
    """Reads the orders of ``reader``'s network and writes them.

    restatements: reads those of closed dates. most_attached: bytes of a file; over them its mail links to the board.
    """

    def __init__(self, reader: Reader, restatements: Restatements = noted, *, most_attached: int) -> None:
        self._reader: Final = reader
        self._most_attached: Final = most_attached
        self._restatements: Final = restatements
        self._readings: Final = Readings(reader)
        self._noted: Final[OrderedDict[tuple[int, int], tuple[Noted, ...]]] = OrderedDict()
        self._lock: Final = threading.Lock()

    def part(self, viewer: Viewer, order: Order, last: Order | None) -> HubPart:
        """As ``reports.model.Content``."""
        if order.level not in LEVELS:
            raise QueryError(f"a report is of one of {', '.join(LEVELS)}, not of a {order.level}")
        now = self._readings.at(order.service_date, Moment(order.as_of, order.known_at))
        require(now, viewer, order.level, order.hub)
        week = self._readings.at(order.service_date - _WEEK, self._week_before(order))
        before = self._readings.at(last.service_date, Moment(last.as_of, last.known_at)) if last else None
        master = now.board.master
        sources = _Sources(now, week, before, order.wave or "all", _owners(master, order.service_date))
        tree = master.hierarchy.on(order.service_date)
        own = now.rows(order.level, sources.wave).get(order.hub)
        if own is None:
            raise QueryError(f"the master data have no {order.level} {order.hub} on {order.service_date}")
        levels = _below(now, order, sources.wave)
        here = self._hub(sources, order, order.level, own)
        children = [self._hub(sources, order, BELOW[order.level], row) for row in levels.get(BELOW[order.level], ())]
        camps = [here] if order.level == "camp" else [self._hub(sources, order, "camp", row) for row in levels["camp"]]
        network = now.sides("nationwide", tree.home, "all")
        restated = self._restated(order, last, frozenset((each.level, each.hub) for each in (here, *children)))
        return HubPart(
            order=order,
            zone=self._reader.zone,
            here=here,
            children=tuple(sorted((child for child in children if _shown(child)), key=worst_first(order))),
            camps=tuple(camps),
            friends=tuple(sorted(self._friends(sources, order), key=worst_first(order))),
            week=(week.board.service_date, week.board.moment.as_of),
            last=last,
            provisional=order.known_at < tm.closing(order.service_date, self._reader.zone),
            data_to=now.data_to,
            has_data=network.has_data,
            silent=self._silent(master, order, camps),
            restated=restated,
            restated_names={
                (each.level, each.hub): (found.name_ko, found.name_en)
                for each in restated
                for found in [tree.hub(each.level, each.hub)]
            },
            reasons={reason.reason: (reason.label_ko, reason.label_en) for reason in master.reasons.values()},
            exported=_exported(now, order, sources.wave),
        )

    def mail(
        self, part: Part, lang: Lang, *, names: bool, board_url: str, unsubscribe_url: str | None, late: bool
    ) -> Mail:
        """As ``reports.model.Content``. Raises ``TypeError`` for a part that is not of this content."""
        if not isinstance(part, HubPart):
            raise TypeError("this part was made by another content")
        return write(
            part,
            lang,
            names=names,
            board_url=board_url,
            unsubscribe_url=unsubscribe_url,
            late=late,
            most_attached=self._most_attached,
        )

    def _silent(self, master: MasterData, order: Order, camps: Iterable[Hub]) -> tuple[Hub, ...]:
        """Camps of which nothing is heard, of the order's wave or of all."""
        waves = [wave for wave in master.waves_of(self._reader.country) if order.wave in (None, wave.wave)]
        silent = silence(waves, order.service_date, order.as_of, self._reader.zone)
        return tuple(camp for camp in camps if camp.hub != UNMAPPED and silent(camp.now.delivery))

    def _week_before(self, order: Order) -> Moment:
        """The same time of the week before, as known then; of a closed date its final figures (C, C)."""
        day = order.service_date - _WEEK
        if order.as_of == tm.closing(order.service_date, self._reader.zone):
            closed = tm.closing(day, self._reader.zone)
            return Moment(closed, closed)
        return Moment(order.as_of - 7 * tm.DAY, order.known_at - 7 * tm.DAY)

    def _hub(self, sources: _Sources, order: Order, level: str, row: FigureRow) -> Hub:
        now = sources.now.sides(level, row.hub, sources.wave)
        owner = sources.owners.get((level, row.hub), "")
        week, last = (
            None
            if reading is None
            else reading.both(level, row.hub, sources.wave, _backlog(reading, order, self._reader))
            for reading in (sources.week, sources.last)
        )
        return Hub(level, row.hub, row.name_ko, row.name_en, row.parent, owner, now, week, last)

    def _friends(self, sources: _Sources, order: Order) -> list[Hub]:
        if order.level != "camp" or order.report == "hourly-digest":
            return []
        rows = sources.now.friends(order.hub, sources.wave)
        return [
            Hub("friend", row.hub, row.name_ko, row.name_en, row.parent, "", Both(row.figures, {}), None, None)
            for row in rows
        ]

    def _restated(self, order: Order, last: Order | None, hubs: frozenset[tuple[str, str]]) -> tuple[Noted, ...]:
        """What was restated since the last final mail, of the hub and what lies directly below it."""
        if order.report != "daily-final":
            return ()
        before = tm.closing(order.service_date - timedelta(days=1), self._reader.zone)
        since = last.known_at if last is not None and last.report == "daily-final" else before
        with self._lock:
            key = (since, order.known_at)
            if key not in self._noted:
                everything = Viewer.everything(self._reader.country)
                self._noted[key] = self._restatements(self._reader, everything, RESTATED, *key)
                while len(self._noted) > _NOTED_KEPT:
                    self._noted.popitem(last=False)
            return tuple(each for each in self._noted[key] if (each.level, each.hub) in hubs)


def worst_first(order: Order) -> _Worst:
    """Sort key of hubs: while it runs by what is late and open, afterwards by all that was late."""
    return _Worst("m1_late_open" if order.report == "hourly-digest" else "m1_late")


@dataclass(frozen=True, slots=True)
class _Worst:
    metric: str

    def __call__(self, hub: Hub) -> tuple[bool, int, float, str]:
        figures = hub.now.delivery
        completion = figures.get("completion")
        return (
            hub.hub in (UNMAPPED, "unassigned"),
            -(figures.get(self.metric) or 0),
            1.0 if completion is None else completion,
            hub.name_ko,
        )


def _shown(hub: Hub) -> bool:
    """The node of what nobody placed is listed only where there is something in it."""
    return hub.hub != UNMAPPED or hub.now.has_data


def _backlog(reading: Reading, order: Order, reader: Reader) -> bool:
    moment = reading.board.moment
    closed = moment.as_of == tm.closing(reading.board.service_date, reader.zone)
    return closed or order.as_of - moment.as_of <= _BACKLOG_WITHIN


def _below(now: Reading, order: Order, wave: str) -> dict[str, list[FigureRow]]:
    """Rows below the hub by level, down to the camps."""
    found: dict[str, list[FigureRow]] = {}
    parents, level = frozenset([order.hub]), order.level
    while level != "camp":
        level = BELOW[level]
        found[level] = below(now.rows(level, wave).values(), parents)
        parents = frozenset(row.hub for row in found[level])
    return found


def _exported(now: Reading, order: Order, wave: str) -> tuple[Exported, ...]:
    """The hub and everything below it down to the camps, as ``hubstat query`` lists them."""
    found: list[Exported] = []
    for direction in DIRECTIONS:
        parents = frozenset([order.hub])
        own = now.whole(order.level, wave, direction).get(order.hub)
        found += [] if own is None else [Exported(order.level, direction, own)]
        for level in LEVELS[LEVELS.index(order.level) + 1 :]:
            rows = below(now.whole(level, wave, direction).values(), parents)
            found += [Exported(level, direction, row) for row in rows]
            parents = frozenset(row.hub for row in rows)
    return tuple(found)


def _owners(master: MasterData, day: date) -> dict[tuple[str, str], str]:
    """Names of the owners by (level, hub) on a date; of several all."""
    found: dict[tuple[str, str], list[str]] = {}
    for owner in master.owners:
        if owner.valid_from <= day and (owner.valid_to is None or day < owner.valid_to):
            found.setdefault((owner.level, owner.hub_id), []).append(owner.name)
    return {place: ", ".join(names) for place, names in found.items()}
