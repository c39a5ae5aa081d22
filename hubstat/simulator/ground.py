"""What all parts of one camp's day share: its clock, its generator, its scanner and its crews."""

from __future__ import annotations

from datetime import date
from random import Random

from hubstat.domain import time as tm
from hubstat.simulator.network import Camp, NetworkSpec
from hubstat.simulator.parcel import Scanner
from hubstat.simulator.plan import Wave
from hubstat.simulator.record import Options, Recorder


class Ground:
    """One camp on one service date. Hours are counted from the local midnight that begins it."""

    def __init__(self, spec: NetworkSpec, camp: Camp, day: date, seed: int, options: Options) -> None:
        zone = tm.zone(spec.country)
        self.camp = camp
        self.day = day
        self.options = options
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

    def crew(self, wave: Wave, parcels: int, day: date) -> list[str]:
        """Friends of a wave on a day. The same for the same day, whichever day asks."""
        rng = Random(f"crew:{self._seed}:{self.camp.camp_id}:{wave.wave}:{day}")
        friends = [f.friend_id for f in self.camp.friends if f.wave == wave.wave]
        needed = parcels / wave.load * self.camp.staffing
        count = int(needed) if self.camp.short else round(needed + 0.3)
        rng.shuffle(friends)  # a larger crew holds the smaller one
        return friends[: max(1, count)]
