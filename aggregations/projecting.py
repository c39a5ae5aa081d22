"""Makes projections: here, or, of a large network, in a process of its own."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import date
from typing import Final, NamedTuple

from aggregations import elsewhere
from aggregations.elsewhere import DATES_KEPT, Elsewhere, pieces
from aggregations.projected import Camp, OfCamp, Projected, projected_of
from aggregations.question import Moment
from aggregations.reader import Reader
from hubstat.domain.friendday import FriendDay

# It rests so many times as long as it works: Elasticsearch has no priorities, and answers its searches as any others.
_RESTS: Final = 9.0
_DAYS_AT_ONCE: Final = 100
_CAMPS_AT_ONCE: Final = 10


class Made(NamedTuple):
    """A projection. rested: how long nothing was done while it was made, to leave the machine to others, ms."""

    projected: Projected
    rested: int = 0


def projected_here(
    reader: Reader, service_date: date, moment: Moment, folded: Sequence[FriendDay], turn: Callable[[], None]
) -> tuple[dict[Camp, OfCamp], int]:
    """The projection of a date, and what Elasticsearch took for it, ms.

    folded: all Friend-days, as folded at this moment or before. turn: called in between; what it raises ends it.
    """
    with reader.view() as view:
        day = reader.day(view, service_date, moment, facts=False)
        day.give_days(folded)
        day.unhurried(turn)
        with day.within(view):
            found = projected_of(day.outlook(), day.in_turns)
        return found, view.took


class Projector:
    """Makes projections in another process, which keeps the Friend-days that it was given: it is sent the new ones.

    Not for several threads.
    """

    def __init__(self, process: Elsewhere) -> None:
        self._process: Final = process
        # How often the process was begun, and what it was sent: of the dates used last.
        self._sent: Final[OrderedDict[date, tuple[int, dict[str, FriendDay]]]] = OrderedDict()

    def project(self, service_date: date, moment: Moment, folded: Sequence[FriendDay]) -> Made:
        """As ``projected_here`` makes it. Raises what ``Elsewhere.call`` does."""
        with self._process.alone() as begun:
            known, sent = self._sent.pop(service_date, (0, {}))
            if known != begun:
                sent = {}
                self._process.call(_begin, service_date, list(self._sent))
            new = [day for day in folded if sent.get(day.friend_id) is not day]
            for days in pieces(new, _DAYS_AT_ONCE):
                self._process.call(_take, service_date, days)
            gone = sorted(sent.keys() - {day.friend_id for day in folded})
            camps, took, rested = self._process.call(_make, service_date, moment, gone)
            # It is noted as sent only once all of it has arrived.
            self._sent[service_date] = (begun, {day.friend_id: day for day in folded})
            while len(self._sent) > DATES_KEPT:
                self._sent.popitem(last=False)
            self._process.took += took
            found: dict[Camp, OfCamp] = {}
            for names in pieces(camps, _CAMPS_AT_ONCE):
                found |= self._process.call(_give, names)
            return Made(found, rested)


# -- in the other process ---------------------------------------------------------------------------------------------

_days: Final[dict[date, dict[str, FriendDay]]] = {}
_made: Final[dict[Camp, OfCamp]] = {}


def _begin(service_date: date, others: list[date]) -> None:
    """Begin with a date; of all but some others nothing has to be known any more."""
    for each in _days.keys() - set(others):
        del _days[each]
    _days[service_date] = {}


def _take(service_date: date, days: list[FriendDay]) -> None:
    _days[service_date].update((day.friend_id, day) for day in days)


def _make(service_date: date, moment: Moment, gone: list[str]) -> tuple[list[Camp], int, int]:
    """The camps that something is projected of, what Elasticsearch took, and how long it rested, ms."""
    known = _days[service_date]
    for friend in gone:
        known.pop(friend, None)
    folded = [known[friend] for friend in sorted(known)]
    turns = elsewhere.Turns(_RESTS)
    found, took = projected_here(elsewhere.reader(), service_date, moment, folded, turns)
    _made.clear()
    _made.update(found)
    return list(_made), took, round(1000 * turns.rested)


def _give(camps: list[Camp]) -> dict[Camp, OfCamp]:
    return {camp: _made[camp] for camp in camps}
