"""What the projection of a date gives at one moment, camp by camp: little enough to come from another process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from aggregations.question import ALL_WAVES
from aggregations.tally import AT_RISK, Key, Tally
from aggregations.work import Left, Outlook, work_of_camps
from hubstat.domain import time as tm
from hubstat.domain.codes import Direction
from hubstat.domain.projection import Projection

Camp = str | None


@dataclass(slots=True)
class OfCamp:
    """One camp's part.

    work: Friends' parts added. friends: by Friend; None: what nobody holds. at_risk: invoices by (Friend, direction,
    wave). ahead: invoices by (direction, wave, hour since the epoch in which their stop is projected to be done).
    """

    work: Tally = field(default_factory=Tally)
    friends: dict[str | None, Left] = field(default_factory=dict)
    at_risk: Counter[tuple[str | None, str, str]] = field(default_factory=Counter)
    ahead: Counter[tuple[str, str, int]] = field(default_factory=Counter)


Projected = Mapping[Camp, OfCamp]


def projected_of(
    outlook: Outlook, each: Callable[[Iterable[Projection]], Iterable[Projection]] = iter
) -> dict[Camp, OfCamp]:
    """An outlook by camp. each: goes through the Friends' projections."""
    found: dict[Camp, OfCamp] = {}
    for camp, work in work_of_camps({place: left.tally() for place, left in outlook.work.items()}).items():
        found[camp] = OfCamp(work)
    for (camp, friend), left in outlook.work.items():
        found[camp].friends[friend] = left
    for invoice in outlook.at_risk:
        _at(found, invoice.camp).at_risk[invoice.friend, invoice.direction, invoice.wave] += 1
    for projection in each(outlook.by_friend.values()):
        for stop in projection.stops:
            if stop.finish is not None:
                for invoice in stop.invoices:
                    _at(found, invoice.camp).ahead[invoice.direction, invoice.wave, stop.finish // tm.HOUR] += 1
    return found


def _at(found: dict[Camp, OfCamp], camp: Camp) -> OfCamp:
    # An invoice counts at its own camp, which may be none of those that the Friends work for.
    if camp not in found:
        found[camp] = OfCamp()
    return found[camp]


def of_hubs(projected: Projected, direction: Direction, wave: str) -> dict[Key, Tally]:
    """Tallies by (camp,) of one wave or all."""
    found: dict[Key, Tally] = {}
    for camp, part in projected.items():
        tally = found[camp,] = Tally()
        tally.add(part.work)
        risky = sum(n for (_, *of), n in part.at_risk.items() if _counts(of, direction, wave))
        tally.counts[AT_RISK[direction], ""] = risky
    return found


def of_friends(part: OfCamp, direction: Direction, wave: str) -> dict[str | None, Tally]:
    """Tallies by Friend of one camp and one wave or all."""
    found = {friend: left.tally() for friend, left in part.friends.items()}
    for (friend, *of), n in part.at_risk.items():
        if _counts(of, direction, wave):
            found.setdefault(friend, Tally()).counts[AT_RISK[direction], ""] += n
    return found


def _counts(of: list[str], direction: Direction, wave: str) -> bool:
    return of[0] == direction and wave in (ALL_WAVES, of[1])
