"""Restatements of closed dates as the roll-up noted them, for those who are to be told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from aggregations.question import ALL_WAVES
from aggregations.reader import Reader
from aggregations.viewer import Viewer
from hubstat.domain.hierarchy import LEVELS
from hubstat.domain.time import local_date


@dataclass(frozen=True, slots=True)
class Noted:
    """One figure of a hub that is no longer what it was at closing. causes: how many invoices and Friends did it."""

    service_date: date
    metric: str
    level: str
    hub: str
    direction: str
    old: Any
    new: Any
    causes: int
    noted_at: int


def noted(reader: Reader, viewer: Viewer, metrics: Sequence[str], since: int, until: int) -> tuple[Noted, ...]:
    """Restatements of unsplit figures over all waves, noted after ``since`` up to ``until`` (ms), latest date first.

    Hubs of the whole network, so the viewer needs a right to it. Raises ``AccessError``.
    """
    today = local_date(until, reader.zone)
    tree = reader.store.master_data(reader.country).hierarchy.on(today)
    viewer.require(tree, today, "nationwide", reader.country)
    wanted = {
        "bool": {
            "filter": [
                {"range": {"noted_at": {"gt": since, "lte": until}}},
                {"terms": {"metric": list(metrics)}},
                {"terms": {"level": list(LEVELS)}},
                {"term": {"wave": ALL_WAVES}},
            ]
        }
    }
    with reader.store.point_in_time("restatements") as view:
        found = [_noted(source) for _, source in view.documents(wanted, ["*"]) if not source["part"]]
    return tuple(sorted(found, key=lambda each: (-each.service_date.toordinal(), each.level, each.hub, each.metric)))


def _noted(source: dict[str, Any]) -> Noted:
    return Noted(
        date.fromisoformat(source["service_date"]),
        source["metric"],
        source["level"],
        source["hub"],
        source["direction"],
        source["old"],
        source["new"],
        len(source["invoices"]) + len(source["friends"]),
        source["noted_at"],
    )
