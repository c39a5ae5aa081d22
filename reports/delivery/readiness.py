"""Whether the data of a report are all there, and which (T, K) it can be made of."""

from __future__ import annotations

from dataclasses import dataclass

from aggregations.question import Question
from aggregations.reader import Reader
from aggregations.viewer import Viewer
from hubstat.domain import time as tm
from hubstat.domain.hierarchy import UNMAPPED
from hubstat.figures.status import SILENCE_METRICS, silence
from reports.schedule import Slot


@dataclass(frozen=True, slots=True)
class Ready:
    """as_of, known_at: (T, K), ms, that the figures can be made of now. missing: what is not there, for the log."""

    as_of: int
    known_at: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Readiness:
    """settle: ms after a slot's time within which what happened before it may still arrive."""

    reader: Reader
    settle: int

    def of(self, slot: Slot) -> Ready:
        """What there is for a slot now.

        K is never later than what is surely written, so that the same question gives the same figures for ever; where
        not even T is written, T is as late as it can be. Of a day that has closed, K is its closing.
        """
        now = self.reader.clock()
        wanted = self.usual(slot)[1]
        data_to = self.reader.data_to(now)
        if data_to is None:
            return Ready(slot.as_of, wanted, ("ingest does not say how far the data reach",))
        if data_to < wanted:
            as_of = min(slot.as_of, data_to)
            said = f"the data reach to {tm.iso_local(data_to, self.reader.zone)} only"
            return Ready(as_of, max(as_of, data_to), (said,))
        return Ready(slot.as_of, wanted, self._silent(slot, wanted))

    def usual(self, slot: Slot) -> tuple[int, int]:
        """(T, K) of a slot whose data are all there."""
        closed = slot.as_of == tm.closing(slot.service_date, self.reader.zone)
        return slot.as_of, slot.as_of + (0 if closed else self.settle)

    def _silent(self, slot: Slot, known_at: int) -> tuple[str, ...]:
        """Camps that must have something to say and do not; what has no camp is none."""
        country = self.reader.country
        waves = self.reader.store.master_data(country).waves_of(country)
        silent = silence(waves, slot.service_date, slot.as_of, self.reader.zone)
        asked = Question("camp", slot.service_date, as_of=slot.as_of, known_at=known_at, metrics=SILENCE_METRICS)
        rows = self.reader.query(Viewer.everything(country), asked).rows
        camps = (row for row in rows if row.hub != UNMAPPED)
        return tuple(f"camp {row.hub} is silent" for row in camps if silent(row.figures))
