"""Figures of Friends' work as terms: at a hub what each Friend gives, at a Friend's row what it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from aggregations.proofs.friendrow import FriendRow
from aggregations.proofs.invoices import Asked
from aggregations.proofs.model import Sentence, Term
from aggregations.tally import FRACTIONS, Tally
from hubstat.domain import time as tm
from hubstat.domain.metric import FriendHours, FriendLatest, FriendSplit, FriendSum, Metric

Added = FriendSum | FriendSplit | FriendHours | FriendLatest


def friend_terms(asked: Asked, metric: Metric, measure: Added) -> list[Term]:
    """Terms of a figure that is added over Friends, or is their greatest: those that decide are marked."""
    found = _row_terms(asked, measure) if asked.node.level == "friend" else _hub_terms(asked, metric, measure)
    if not isinstance(measure, FriendLatest):
        return found
    greatest = max((term.amount for term in found), default=None)
    return [replace(term, decides=term.amount == greatest) for term in found]


def _hub_terms(asked: Asked, metric: Metric, measure: Added) -> list[Term]:
    """One term per Friend, and hour or kind; Friends who give nothing are left out."""
    work = asked.day.work(frozenset({metric.needs}))
    return [
        Term(amount, _of_friend(camp, friend), camp, friend, key)
        for (camp, friend), tally in sorted(work.items(), key=lambda item: [part or "" for part in item[0]])
        if asked.has(camp, friend)
        for key, amount in _amounts(asked, measure, tally)
    ]


def _of_friend(camp: str | None, friend: str | None) -> Sentence:
    place = Sentence("캠프 없음", "no camp") if camp is None else Sentence(f"캠프 {camp}", f"camp {camp}")
    who = Sentence("미배정", "unassigned") if friend is None else Sentence(f"쿠팡친구 {friend}", f"Friend {friend}")
    return place + who


def _amounts(asked: Asked, measure: Added, tally: Tally) -> Iterator[tuple[str, float]]:
    """What one tally gives to a figure, by key; nothing where it is 0."""
    match measure:
        case FriendSum(part, scale):
            amount = tally.sums.get(part, 0.0) if part in FRACTIONS else tally.friends[part]
            if amount:
                yield "", amount if scale == 1 else amount / scale
        case FriendLatest(part, scale):
            if part in tally.latest:
                yield "", tally.latest[part] / scale if scale else tally.latest[part]
        case FriendSplit():
            yield from ((kind, amount / tm.MINUTE) for kind, amount in tally.excluded.items() if amount)
        case FriendHours(part):
            hours = {"worked": tally.worked, "stops": tally.stops}.get(part, tally.net)
            for hour, done in sorted(hours.items()):
                if done:
                    yield tm.hour_label(hour, asked.zone), done / tm.MINUTE if part == "net" else done


def _row_terms(asked: Asked, measure: Added) -> list[Term]:
    """What a figure of a Friend's row is made of: spans, gaps, stops, routes, waves."""
    row = FriendRow(asked)
    match measure:
        case FriendSplit():
            return row.excluded()
        case FriendHours(part):
            return {"worked": row.completed, "stops": row.stops}.get(part, row.net_by_hour)()
        case FriendSum(part) | FriendLatest(part):
            # Spans and stops name their hour, which is a part of other figures.
            return [replace(term, key="") for term in _PARTS[part](row)]


_PARTS: Final[dict[str, Callable[[FriendRow], list[Term]]]] = {
    "friend_days": FriendRow.worked,
    "planned": FriendRow.planned,
    "out": lambda row: row.status("out"),
    "back": lambda row: row.status("back"),
    "absent": lambda row: row.status("absent"),
    "not_started": lambda row: row.status("not_started"),
    "routes_planned": FriendRow.routes_planned,
    "routes_departed": FriendRow.routes_departed,
    "routes_on_time": FriendRow.routes_on_time,
    "departure_delay": FriendRow.departure_delay,
    "on_road": FriendRow.on_road,
    "net_on_road": FriendRow.net_on_road,
    "idle": FriendRow.gaps,
    "silent": FriendRow.silence,
    "silent_friends": FriendRow.silent_long,
    "stops": FriendRow.stops,
    "batch_scans": FriendRow.batches,
    "standard": FriendRow.standard,
    "efficiency_net": FriendRow.efficiency_net,
    "efficiency_stops": FriendRow.efficiency_stops,
    "open_stops": FriendRow.open_stops,
    "unassigned_stops": FriendRow.unassigned_stops,
    "no_pace_stops": FriendRow.no_pace_stops,
    "projected_finish": FriendRow.finishes,
    "shortfall": FriendRow.shortfall,
    "can_help": FriendRow.can_help,
    "spare_stops": FriendRow.spare,
}
