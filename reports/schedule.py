"""When each report is due. Pure: the same answer for the same stretch of time, however often and by whomever asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim

from hubstat.domain import time as tm
from hubstat.domain.mailing import NO_WAVE
from hubstat.domain.masterdata import Wave
from reports.model import Report

# A wave's deadline is at most on the day after its service date.
_WAVE_DAYS: Final = 2
# ms after its deadline that a wave is reported as of: at the deadline itself nothing that is open is late yet.
_PAST: Final = 1


@dataclass(frozen=True, slots=True)
class Slot:
    """One report that is due at ``at``, with T ``as_of``, both ms. wave: ``all`` where it is of no one wave."""

    report: Report
    service_date: date
    wave: str
    at: int
    revision: str
    as_of: int

    def __str__(self) -> str:
        wave = "" if self.wave == NO_WAVE else f" {self.wave}"
        return f"{self.report} of {self.service_date}{wave} ({self.revision})"


@dataclass(frozen=True, slots=True)
class Timetable:
    """crons: cron line by report, none for a report that is not sent. waves: whose deadlines are reported."""

    crons: Mapping[Report, str]
    waves: tuple[Wave, ...]
    zone: ZoneInfo

    @property
    def reports(self) -> list[Report]:
        """Reports that are sent."""
        crons = [report for report, line in self.crons.items() if line]
        return [*crons, "wave-close"] if self.waves else crons

    def slots(self, report: Report, after: int, until: int) -> list[Slot]:
        """Slots of a report with ``after`` < at ≤ ``until`` (ms), in their order."""
        found = self._of_waves(after, until) if report == "wave-close" else self._of_cron(report, after, until)
        return sorted(found, key=lambda slot: (slot.at, slot.wave))

    def next_slot(self, report: Report, after: int) -> Slot | None:
        """The first slot of a report after a time (ms); None where there is none within a year."""
        for days in (2, 32, 367):
            if found := self.slots(report, after, after + days * tm.DAY):
                return found[0]
        return None

    def _of_cron(self, report: Report, after: int, until: int) -> Iterator[Slot]:
        line = self.crons.get(report)
        if not line:
            return
        # The line's minutes are those after the time it is given, so a slot at ``after`` itself is not among them.
        for moment in CronSim(line, datetime.fromtimestamp(after // 1000, self.zone)):
            at = int(moment.timestamp()) * 1000
            if at > until:
                return
            day = self._closed(at) if report == "daily-final" else tm.local_date(at, self.zone)
            as_of = tm.closing(day, self.zone) if report == "daily-final" else at
            yield Slot(report, day, NO_WAVE, at, self._revision(at), as_of)

    def _of_waves(self, after: int, until: int) -> Iterator[Slot]:
        day = tm.local_date(after, self.zone) - timedelta(days=_WAVE_DAYS)
        while day <= tm.local_date(until, self.zone):
            for wave in self.waves:
                at = wave.deadline_at(day, self.zone)
                if after < at <= until:
                    yield Slot("wave-close", day, wave.wave, at, self._revision(at), at + _PAST)
            day += timedelta(days=1)

    def _closed(self, at: int) -> date:
        """The last service date that has closed by then."""
        day = tm.local_date(at, self.zone)
        while tm.closing(day, self.zone) > at:
            day -= timedelta(days=1)
        return day

    def _revision(self, at: int) -> str:
        """By the clock on the wall, so that a slot is the same one however often the clock passes it."""
        return datetime.fromtimestamp(at // 1000, self.zone).strftime("%Y-%m-%dT%H:%M")
