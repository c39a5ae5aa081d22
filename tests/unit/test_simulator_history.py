"""The small days before a day: every camp and wave works, and each Friend's day is like that of a whole day."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import groupby

import orjson
import pytest

from hubstat.domain import time as tm
from hubstat.simulator import (
    DEMO_OPTIONS,
    DEMO_SCALE,
    SMALL,
    NetworkSpec,
    Options,
    Scale,
    build_network,
    history_dates,
    history_records,
)
from hubstat.simulator.camp import CampDay
from hubstat.simulator.ground import Ground
from hubstat.simulator.parcel import Parcel
from hubstat.simulator.plan import WAVES

DAY = date(2026, 11, 19)
ZONE = tm.zone("KR")
SPEC = build_network(20_000, 1, "KR")


def parcels(day: date, scale: Scale, spec: NetworkSpec = SPEC) -> list[Parcel]:
    found: list[Parcel] = []
    for camp in spec.camps:
        played = CampDay(spec, camp, day, 1, Options(), scale)
        played.run()
        found += played.parcels
    return found


@pytest.fixture(scope="module")
def small() -> list[Parcel]:
    return parcels(DAY, SMALL)


@pytest.fixture(scope="module")
def whole() -> list[Parcel]:
    return parcels(DAY, DEMO_SCALE)


def test_the_dates_that_the_plan_needs_come_first() -> None:
    dates = history_dates(DAY, 28)
    back = [(DAY - day).days for day in dates]
    assert back[:8] == [7, 14, 21, 28, 2, 3, 4, 5]
    assert sorted(back) == list(range(2, 30))
    assert [(DAY - day).days for day in history_dates(DAY, 8, nearest=1)] == [7, 1, 2, 3, 4, 5, 6, 8]
    assert history_dates(DAY, 0) == []


def test_every_camp_and_wave_works_in_both_directions(small: list[Parcel]) -> None:
    seen = {(p.camp_id, p.direction, p.wave) for p in small if p.due}
    for camp in SPEC.camps:
        waves = {(direction, wave) for of, direction, wave in seen if of == camp.camp_id}
        deliveries = {("DELIVERY", wave) for wave in ("DAWN", "DAY", "SAME_DAY")}
        assert waves == deliveries | {("RETURN", "DAY")}


def test_it_is_a_part_of_the_whole(small: list[Parcel], whole: list[Parcel]) -> None:
    assert len(small) < 0.4 * len(whole)


@pytest.mark.parametrize("wave", ["DAWN", "DAY", "SAME_DAY"])
def test_a_friend_has_as_much_to_do_as_on_a_whole_day(small: list[Parcel], whole: list[Parcel], wave: str) -> None:
    def load(of: list[Parcel]) -> float:
        done = Counter(p.completed_by for p in of if p.wave == wave and p.completed_by and p.late is False)
        loads = [count for count in done.values() if count > 5]  # fewer: taken over from somebody else
        return sum(loads) / len(loads)

    assert load(small) == pytest.approx(load(whole), rel=0.1)


@pytest.mark.parametrize("wave", ["DAWN", "DAY", "SAME_DAY"])
def test_its_share_done_by_each_hour_is_that_of_a_whole_day(
    small: list[Parcel], whole: list[Parcel], wave: str
) -> None:
    midnight = tm.day_start(DAY, ZONE)

    def done(of: list[Parcel]) -> list[float]:
        due = [p for p in of if p.due and p.wave == wave and p.service_date == DAY.isoformat()]
        ends = [midnight + hour * tm.HOUR for hour in range(-2, 25)]
        return [sum(p.completed_ms is not None and p.completed_ms < end for p in due) / len(due) for end in ends]

    assert done(small) == pytest.approx(done(whole), abs=0.1)


def test_who_works_on_a_small_day_would_work_on_the_whole_one() -> None:
    for camp in SPEC.camps:
        small, whole = (Ground(SPEC, camp, DAY, 1, Options(), scale) for scale in (SMALL, DEMO_SCALE))
        for wave in WAVES:
            crew = small.crew(wave, DAY)
            assert crew == whole.crew(wave, DAY)[: len(crew)]


def test_volume_follows_the_weekday_and_the_same_weekday_is_alike() -> None:
    spec = build_network(2_000, 1, "KR")
    sizes = [len(parcels(DAY - timedelta(days=back), DEMO_SCALE, spec)) for back in range(14)]
    assert sizes[:7] == sizes[7:]
    assert sizes[0] == pytest.approx(2_000 * 1.03, rel=0.002)
    assert max(sizes) == sizes[2]  # Tuesday
    assert min(sizes) == sizes[4]  # Sunday
    assert sum(sizes) / 14 == pytest.approx(2_000, rel=0.01)


def test_records_of_a_document_follow_each_other_and_all_are_past() -> None:
    spec = build_network(1_000, 1, "KR")
    records = list(history_records(spec, DAY, 1, DEMO_OPTIONS, SMALL))
    assert records == list(history_records(spec, DAY, 1, DEMO_OPTIONS, SMALL))
    places = [
        place for place, _ in groupby(r.key for r in records if r.kind == "invoice" and b'"RETURN"' not in r.value)
    ]
    assert len(places) == len(set(places))
    assert max(r.received_ms for r in records) < tm.day_start(DAY + timedelta(days=3), ZONE)
    of_invoices: dict[bytes, list[int]] = defaultdict(list)
    for record in records:
        of_invoices[record.key].append(record.received_ms)
    assert all(times == sorted(times) for times in of_invoices.values())
    waves = {orjson.loads(r.value).get("wave") for r in records if r.kind == "friend"}
    assert waves == {"DAWN", "DAY", "SAME_DAY"}
