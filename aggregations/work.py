"""Friends' work as additive parts: their Friend-days, and the projection of what they still have to do. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from aggregations.tally import Tally
from hubstat.domain import time as tm
from hubstat.domain.baselines import Baselines
from hubstat.domain.friendday import FriendDay, too_long
from hubstat.domain.projection import Pending, Projection, group_stops, project

AreaOf = Callable[[str | None], str | None]
# (camp, Friend); no Friend: what nobody holds
Place = tuple[str | None, str | None]
ON_TIME_WITHIN = 10 * tm.MINUTE


def friend_tallies(day: FriendDay, baselines: Baselines, area_of: AreaOf) -> dict[Place, Tally]:
    """The parts of one Friend-day by place; also of a Friend who was planned or absent and did nothing.

    All of it counts at the camp of the Friend-day, but a route at the camp that its plan names.
    """
    found = steady_tallies(day, baselines, area_of)
    if day.status != "none":
        add_silence(found[day.camp, day.friend_id], day.silence, day.allowance)
    return found


def add_silence(tally: Tally, silence: int | None, allowance: int) -> None:
    """Add what changes of a Friend with every moment. silence, allowance: ms."""
    tally.reach("silent", silence)
    tally.friends["silent_friends"] += int(too_long(silence, allowance))


def steady_tallies(day: FriendDay, baselines: Baselines, area_of: AreaOf) -> dict[Place, Tally]:
    """The parts of one Friend-day by place, without its silence: the same until something new is known."""
    tally = Tally(
        excluded=Counter(day.excluded),
        worked=Counter(day.worked),
        stops=Counter(day.stops_by_hour),
        net=Counter(day.net),
    )
    tally.friends.update(
        {
            "friend_days": int(day.runs > 0),
            "planned": int(day.planned),
            day.status: 1,
            "on_road": day.on_road,
            "net_on_road": day.net_on_road,
            "idle": day.idle,
            "stops": day.stops,
            "batch_scans": day.batch_scans,
            "silent_friends": 0,
        }
    )
    area = area_of(day.camp)
    for effort in day.efforts:
        standard = baselines.standard(area, effort.wave)
        if standard is not None:
            tally.friends.update({"efficiency_net": effort.net, "efficiency_stops": effort.stops})
            tally.sums["standard"] = tally.sums.get("standard", 0.0) + effort.stops * standard
    found: dict[Place, Tally] = {(day.camp, day.friend_id): tally} if day.status != "none" else {}
    for route in day.routes:
        delay = None if route.departed is None else route.departed - route.planned
        found.setdefault((route.camp, day.friend_id), Tally()).friends.update(
            {
                "routes_planned": 1,
                "routes_departed": int(delay is not None),
                "routes_on_time": int(delay is not None and delay <= ON_TIME_WITHIN),
                "departure_delay": max(0, delay or 0),
            }
        )
    return found


def places_of(day: FriendDay) -> set[str | None]:
    """Camps at which something of a Friend-day counts."""
    return {day.camp, *(route.camp for route in day.routes)}


class Left(NamedTuple):
    """What the projection adds of a Friend; of what nobody holds of a camp, ``unassigned_stops`` alone. finish: ms."""

    open_stops: int = 0
    no_pace_stops: int = 0
    can_help: int = 0
    shortfall: float = 0.0
    spare_stops: float = 0.0
    finish: int | None = None
    unassigned_stops: int = 0

    def tally(self) -> Tally:
        """As additive parts."""
        if self.unassigned_stops:
            return Tally(friends=Counter({"unassigned_stops": self.unassigned_stops}))
        tally = Tally(
            friends=Counter({name: getattr(self, name) for name in ("open_stops", "no_pace_stops", "can_help")}),
            sums={"shortfall": self.shortfall, "spare_stops": self.spare_stops},
        )
        tally.reach("projected_finish", self.finish)
        return tally


@dataclass(slots=True)
class Outlook:
    """What the projection adds: Friends' parts by place, and the invoices at risk.

    by_friend: every Friend's own. unassigned: the stops of what nobody holds, by camp.
    """

    work: dict[Place, Left] = field(default_factory=dict)
    at_risk: list[Pending] = field(default_factory=list)
    by_friend: dict[str, Projection] = field(default_factory=dict)
    unassigned: dict[str | None, list[tuple[Pending, ...]]] = field(default_factory=dict)


def outlook(
    pending: Iterable[Pending],
    days: Mapping[str, FriendDay],
    *,
    as_of: int,
    baselines: Baselines,
    area_of: AreaOf,
    deadline_of: Callable[[str], int],
    each: Callable[[Iterable[str]], Iterable[str]] = iter,
) -> Outlook:
    """Project every Friend that has something left to do, or worked. pending: open due invoices, both directions.

    each: goes through the Friends.
    """
    held: dict[str, list[Pending]] = {friend: [] for friend in days}
    loose: dict[str | None, list[Pending]] = {}
    for one in pending:
        (loose.setdefault(one.camp, []) if one.friend is None else held.setdefault(one.friend, [])).append(one)
    found = Outlook()
    for friend in each(sorted(held)):
        projection = project(
            held[friend],
            days.get(friend),
            as_of=as_of,
            baselines=baselines,
            area_of=area_of,
            deadline_of=deadline_of,
        )
        found.by_friend[friend] = projection
        found.at_risk += projection.at_risk()
        found.work[projection.camp, friend] = _parts(projection)
    for camp, invoices in loose.items():
        stops = found.unassigned[camp] = group_stops(invoices)
        found.work[camp, None] = Left(unassigned_stops=len(stops))
    return found


def _parts(projection: Projection) -> Left:
    stops = len(projection.stops)
    return Left(
        open_stops=stops,
        no_pace_stops=stops if projection.pace is None else 0,
        can_help=int(projection.can_help),
        shortfall=projection.shortfall,
        spare_stops=projection.spare if projection.can_help else 0.0,
        finish=projection.finish,
    )


def work_of_camps(work: Mapping[Place, Tally]) -> dict[str | None, Tally]:
    """Work by (camp, Friend) added by camp."""
    found: dict[str | None, Tally] = {}
    for (camp, _), tally in sorted(work.items(), key=lambda item: [part or "" for part in item[0]]):
        found.setdefault(camp, Tally()).add(tally)
    return found
