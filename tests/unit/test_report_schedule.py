"""When reports are due, of which service date, and that the answer does not depend on who asks when."""

from __future__ import annotations

from datetime import date

import pytest
from mailing import DAY, KST, at
from pydantic import ValidationError

from hubstat.domain import time as tm
from hubstat.domain.masterdata import parse
from hubstat.settings import ReportSettings
from reports.schedule import Slot, Timetable

CRONS = {"daily-provisional": "0 22 * * *", "daily-final": "30 12 * * *", "hourly-digest": "0 9-11 * * *"}
WAVES = tuple(parse({}, "KR").waves_of("KR"))
TABLE = Timetable(CRONS, WAVES, KST)  # type: ignore[arg-type]
NEXT = date(2026, 11, 21)


def of(slots: list[Slot]) -> list[tuple[str, date, str]]:
    return [(slot.wave, slot.service_date, slot.revision) for slot in slots]


def test_a_daily_report_is_due_once_a_day_in_the_zone_of_the_network() -> None:
    slots = TABLE.slots("daily-provisional", at("00:00"), at("23:59", NEXT))
    assert of(slots) == [("all", DAY, "2026-11-20T22:00"), ("all", NEXT, "2026-11-21T22:00")]
    assert [slot.as_of for slot in slots] == [at("22:00"), at("22:00", NEXT)]


def test_the_final_report_is_of_the_last_day_that_has_closed_as_of_its_closing() -> None:
    (slot,) = TABLE.slots("daily-final", at("12:00", NEXT), at("13:00", NEXT))
    assert (slot.service_date, slot.at, slot.as_of) == (DAY, at("12:30", NEXT), tm.closing(DAY, KST))
    early = Timetable({"daily-final": "0 11 * * *"}, (), KST)
    (slot,) = early.slots("daily-final", at("10:00", NEXT), at("13:00", NEXT))
    assert slot.service_date == date(2026, 11, 19)


def test_a_slot_belongs_to_the_stretch_that_ends_with_it() -> None:
    exactly = at("22:00")
    assert TABLE.slots("daily-provisional", exactly - 1, exactly) != []
    assert TABLE.slots("daily-provisional", exactly, exactly + tm.HOUR) == []
    assert TABLE.slots("daily-provisional", exactly - tm.HOUR, exactly - 1) == []


def test_any_cutting_of_a_stretch_gives_the_same_slots() -> None:
    start, end = at("00:00"), at("23:00", NEXT)
    for report in TABLE.reports:
        whole = TABLE.slots(report, start, end)
        cut = [
            slot
            for point in range(start, end, 37 * tm.MINUTE)
            for slot in TABLE.slots(report, point, min(end, point + 37 * tm.MINUTE))
        ]
        assert cut == whole
        assert len({(slot.service_date, slot.wave, slot.revision) for slot in whole}) == len(whole)


def test_each_wave_is_reported_at_its_deadline() -> None:
    slots = TABLE.slots("wave-close", at("06:00"), at("06:00", NEXT))
    assert of(slots) == [
        ("DAWN", DAY, "2026-11-20T07:00"),
        ("DAY", DAY, "2026-11-20T23:59"),
        ("SAME_DAY", DAY, "2026-11-20T23:59"),
    ]
    assert [slot.as_of for slot in slots] == [at("07:00") + 1, *[tm.day_end(DAY, KST) + 1] * 2]


def test_reports_that_are_switched_off_are_never_due() -> None:
    table = Timetable({"daily-final": "", "hourly-digest": "0 * * * *"}, (), KST)
    assert table.reports == ["hourly-digest"]
    assert table.slots("daily-final", at("00:00"), at("23:00")) == []
    assert table.next_slot("daily-final", at("00:00")) is None


def test_the_next_slot() -> None:
    slot = TABLE.next_slot("hourly-digest", at("11:30"))
    assert slot is not None
    assert slot.revision == "2026-11-21T09:00"
    monthly = Timetable({"daily-final": "0 13 1 * *"}, (), KST).next_slot("daily-final", at("11:30"))
    assert monthly is not None
    assert monthly.revision == "2026-12-01T13:00"


@pytest.mark.parametrize("line", ["every day", "61 * * * *", "* * * *"])
def test_a_wrong_cron_line_is_refused_when_settings_are_read(line: str) -> None:
    with pytest.raises(ValidationError, match="is no cron line"):
        ReportSettings(daily_final=line)
