"""Friend-days by the compiled core, from work as documents would keep it: the same as those of the definition."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from aggregations.schedules import compiled
from hubstat.compiled import compiled_core
from hubstat.domain import time as tm
from hubstat.domain.activity import Activity, ActivityRows, activity_text, stored_rows
from hubstat.domain.baselines import Baselines
from hubstat.domain.friendday import FriendDay, Schedule, Work, day_of


def assert_compiled_alike(
    day: FriendDay | None,
    friend_id: str,
    schedule: Schedule,
    work: Sequence[Work],
    as_of: int,
    zone: ZoneInfo,
    baselines: Baselines,
    area_of: Callable[[str | None], str | None],
) -> None:
    """The core, which there must be in CI, gives the same Friend-day and does not hand it back.

    Without work it is not asked.
    """
    core = compiled_core(zone)
    if not work or (core is None and "CI" not in os.environ):
        return
    assert core is not None
    half = len(work) // 2
    # As one document keeps it, and as those of two parts do.
    for parts in ([work], *([[work[:half], work[half:]]] if half else [])):
        texts = [rows_text(friend_id, part, zone) for part in parts]
        runs = core.friend_runs(texts, compiled(schedule), lambda camp, wave: baselines.allowance(area_of(camp), wave))
        assert runs is not None
        assert day_of(friend_id, schedule, runs, as_of) == day


def rows_text(friend_id: str, work: Sequence[Work], zone: ZoneInfo) -> str:
    """The rows of a document that keeps this work."""
    return activity_text(stored_rows(ActivityRows.of(_activity(friend_id, each, zone) for each in work).packed()))


def _activity(friend_id: str, work: Work, zone: ZoneInfo) -> Activity:
    return Activity(
        friend_id=friend_id,
        invoice=work.invoice,
        event_id=work.event_id,
        code=work.code,
        time=work.time,
        received=work.time,
        camp_id=work.camp,
        route_id=None,
        address_key=work.address_key,
        promised_from=work.promised_from,
        service_date=work.service_date,
        wave=work.wave,
        voided_at=None,
        counts=True,
        rev=1,
        latest=work.time,
        known_at=work.time,
        dates=(tm.local_date(work.time, zone).isoformat(),),
        other_camps=(),
    )
