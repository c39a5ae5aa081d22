"""What one closed day gives to the baselines of later dates, and these baselines. Pure.

A day's share is small and kept with its record, so that a baseline reads 28 documents and not the Friend-days of four
weeks. Nothing in it depends on baselines, so a new version of one never asks for another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from aggregations.facts.documents import Contents
from aggregations.question import ALL_WAVES
from hubstat.domain.baselines import Baselines, DayShare, allowances_of, plan_of, standards_of
from hubstat.domain.codes import DIRECTIONS
from hubstat.domain.hierarchy import HubTree

History = dict[str, Any]
FIRST_BACK: Final = 29
LAST_BACK: Final = 2
_PLAN_BACK: Final = (7, 14, 21, 28)


def history_of(final: Contents, tree: HubTree, service_date: date, zone: ZoneInfo) -> History:
    """The share of a date. gaps: (area, wave) -> counts by minute; paces: ms per stop of each Friend-day; shares:
    (camp, direction, wave) -> due and completions by hour offset."""
    gaps: dict[tuple[str, str], Counter[int]] = {}
    paces: dict[tuple[str, str], list[float]] = {}
    for day in final.days:
        if not tree.knows(day.camp):
            continue
        area = tree.path(day.camp).area
        for wave, counts in final.gaps.get(day.friend_id, {}).items():
            if wave is not None:
                gaps.setdefault((area, wave), Counter()).update(counts)
        for effort in day.efforts:
            if effort.wave is not None and effort.stops:
                paces.setdefault((area, effort.wave), []).append(effort.net / effort.stops)
    return {
        "gaps": [[*key, sorted(counts.items())] for key, counts in sorted(gaps.items())],
        "paces": [[*key, sorted(found)] for key, found in sorted(paces.items())],
        "shares": [
            [*key, share.due, sorted(share.completed.items())]
            for key, share in sorted(_shares(final, service_date, zone).items())
        ],
    }


def _shares(final: Contents, service_date: date, zone: ZoneInfo) -> dict[tuple[str, str, str], DayShare]:
    # What has no camp has no plan either.
    return {
        (camp, direction, wave): DayShare.of_hours(tally.counts["due", ""], tally.hours, service_date, zone)
        for direction in DIRECTIONS
        for (camp, wave), tally in final.camps[direction].items()
        if camp is not None and wave is not None and wave != ALL_WAVES and tally.counts["due", ""]
    }


def hash_of(history: History) -> str:
    """Changes with the content."""
    return sha256(orjson.dumps(history, option=orjson.OPT_SORT_KEYS)).hexdigest()


def window(service_date: date) -> list[str]:
    """Dates whose shares the baselines of a date are made from, ascending."""
    return [(service_date - timedelta(days=back)).isoformat() for back in range(FIRST_BACK, LAST_BACK - 1, -1)]


def baselines_from(
    service_date: date, version: int, histories: Mapping[str, History]
) -> tuple[Baselines, dict[str, Any]]:
    """Baselines of a date from the shares of its window, by date, and how much each is made from.

    The second: ``gaps`` and ``friend_days`` by [area, wave], ``dates`` by [camp, direction, wave].
    """
    gaps: dict[tuple[str, str], Counter[int]] = {}
    paces: dict[tuple[str, str], list[float]] = {}
    inside = [histories[each] for each in window(service_date) if each in histories]
    for history in inside:
        for area, wave, counts in history["gaps"]:
            gaps.setdefault((area, wave), Counter()).update(dict(map(tuple, counts)))
        for area, wave, found in history["paces"]:
            paces.setdefault((area, wave), []).extend(found)
    back = [(service_date - timedelta(days=days)).isoformat() for days in _PLAN_BACK]
    shares = [_day_shares(histories[each]) for each in back if each in histories]
    made = Baselines(service_date.isoformat(), version, allowances_of(gaps), standards_of(paces), plan_of(shares))
    samples = {
        "gaps": [[*key, counts.total()] for key, counts in sorted(gaps.items())],
        "friend_days": [[*key, len(found)] for key, found in sorted(paces.items())],
        "dates": [[*key, sum(key in day for day in shares)] for key in sorted(made.plan)],
    }
    return made, samples


def _day_shares(history: History) -> dict[tuple[str, str, str], DayShare]:
    return {
        (camp, direction, wave): DayShare(due, dict(map(tuple, completed)))
        for camp, direction, wave, due, completed in history["shares"]
    }
