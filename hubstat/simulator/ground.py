"""What all parts of one camp's day share: its clock, its generator, its scanner and its crews."""

from __future__ import annotations

from datetime import date
from random import Random

from hubstat.domain import time as tm
from hubstat.simulator.network import Camp, NetworkSpec
from hubstat.simulator.parcel import Scanner
from hubstat.simulator.plan import DAY, RETURN_SHARE, Wave
from hubstat.simulator.record import Options, Recorder
from hubstat.simulator.scale import Scale


class Ground:
    """One camp on one service date. Hours are counted from the local midnight that begins it."""

    def __init__(self, spec: NetworkSpec, camp: Camp, day: date, seed: int, options: Options, scale: Scale) -> None:
        zone = tm.zone(spec.country)
        self.camp = camp
        self.day = day
        self.options = options
        self.scale = scale
        self.midnight = tm.day_start(day, zone)
        self.rng = Random(f"camp:{seed}:{camp.camp_id}:{day}")
        self.recorder = Recorder(options, Random(f"net:{seed}:{camp.camp_id}:{day}"))
        self.scanner = Scanner(self.recorder, self.rng, zone)
        self._seed = seed

    def at(self, hour: float) -> int:
        """An hour of the service date as ms."""
        return self.midnight + int(hour * tm.HOUR)

    def between(self, span: tuple[float, float]) -> int:
        """A random moment of a span of hours, as ms."""
        return self.at(self.rng.uniform(*span)) + self.rng.randrange(1000)

    def minutes(self, least: int, most: int) -> int:
        """Some whole minutes, as ms."""
        return self.rng.randint(least, most) * tm.MINUTE

    def invoices(self, day: date) -> int:
        """Invoices of the camp on a whole day."""
        return round(self.camp.invoices * self.scale.volume(day))

    def portion(self, wave: Wave, parcels: int) -> int:
        """How many of a whole day's parcels of a wave are played: those of the Friends who are."""
        friends = self._strength(wave, self._planned(wave, self.day))
        return round(parcels * self._played(wave, friends) / friends)

    def crew(self, wave: Wave, day: date, parcels: float | None = None) -> list[str]:
        """Friends of a wave who are played on a day. The same for the same day, whichever day asks.

        parcels: those of the whole day that they are needed for; None: as planned.
        """
        rng = Random(f"crew:{self._seed}:{self.camp.camp_id}:{wave.wave}:{day}")
        friends = self._friends(wave)
        rng.shuffle(friends)  # a larger crew holds the smaller one
        strength = self._strength(wave, self._planned(wave, day) if parcels is None else parcels)
        return friends[: self._played(wave, strength)]

    def _planned(self, wave: Wave, day: date) -> float:
        share = (1 - RETURN_SHARE) * wave.share + (RETURN_SHARE if wave is DAY else 0)
        return round(self.invoices(day) * share)

    def _friends(self, wave: Wave) -> list[str]:
        return [f.friend_id for f in self.camp.friends if f.wave == wave.wave]

    def _strength(self, wave: Wave, parcels: float) -> int:
        """How many Friends come to work for so many parcels."""
        needed = parcels / wave.load * self.camp.staffing
        count = int(needed) if self.camp.short else round(needed + 0.3)
        return min(len(self._friends(wave)), max(1, count))

    def _played(self, wave: Wave, friends: int) -> int:
        return min(friends, max(wave.least, round(friends * self.scale.friends)))
