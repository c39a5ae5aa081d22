"""A made-up network: regions, areas, camps, Friends, and the master data that describes them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from hubstat.domain import time as tm
from hubstat.domain.masterdata import COLUMNS, SHIPPED
from hubstat.simulator import names
from hubstat.simulator.plan import DAY, RETURN_SHARE, WAVES

VALID_FROM: Final = "2020-01-01"
_CARRIERS: Final = ("HANJIN", "LOTTE", "CJ")


@dataclass(frozen=True, slots=True)
class Hub:
    """A region or an area."""

    hub_id: str
    name_ko: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Friend:
    """A Friend: who, and which wave the Friend works in."""

    friend_id: str
    name: str
    carrier: str
    wave: str


@dataclass(frozen=True, slots=True)
class Camp:
    """A camp: share of the network's invoices, and how many Friends it has for each it needs (1.0 = enough)."""

    index: int
    camp_id: str
    name_ko: str
    name_en: str
    area: Hub
    region: Hub
    invoices: int
    staffing: float
    failure_rate: float
    friends: tuple[Friend, ...]

    @property
    def short(self) -> bool:
        """Whether the camp is so short of Friends that it falls behind its plan."""
        return self.staffing < 0.9


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """The whole network; ``invoices``: of one service date, both directions."""

    country: str
    invoices: int
    seed: int
    camps: tuple[Camp, ...]

    @property
    def friends(self) -> int:
        """Number of Friends."""
        return sum(len(camp.friends) for camp in self.camps)

    def master_data(self) -> dict[str, str]:
        """Master data: file name → CSV text in the contract's form (hubs, hub_owners, friends, reasons, waves)."""
        friends = ((friend, camp) for camp in self.camps for friend in camp.friends)
        rows: dict[str, Iterable[Sequence[str]]] = {
            "hubs.csv": (self._hub_row(camp) for camp in self.camps),
            "hub_owners.csv": self._owner_rows(),
            "friends.csv": ((f.friend_id, f.name, camp.camp_id, f.carrier, VALID_FROM, "") for f, camp in friends),
            "waves.csv": ((self.country, w.wave, w.deadline, "false", *w.shift_text) for w in WAVES),
        }
        return {"reasons.csv": SHIPPED["reasons.csv"]} | {file: _csv(file, lines) for file, lines in rows.items()}

    def _hub_row(self, camp: Camp) -> tuple[str, ...]:
        area, region = camp.area, camp.region
        return (
            *(camp.camp_id, camp.name_ko, camp.name_en),
            *(area.hub_id, area.name_ko, area.name_en),
            *(region.hub_id, region.name_ko, region.name_en),
            *(self.country, VALID_FROM, ""),
        )

    def _owner_rows(self) -> Iterable[tuple[str, ...]]:
        levels: dict[str, str] = {self.country: "nationwide"}
        levels |= {camp.region.hub_id: "region" for camp in self.camps}
        levels |= {camp.area.hub_id: "area" for camp in self.camps}
        levels |= {camp.camp_id: "camp" for camp in self.camps}
        for number, (hub_id, level) in enumerate(levels.items()):
            language = "en" if number % 5 == 4 else "ko"
            name = names.person(self.country, self.seed + number * 31)
            yield hub_id, level, name, f"{hub_id.lower()}@example.com", language, VALID_FROM, ""


def _csv(file: str, rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS[file])
    writer.writerows(rows)
    return out.getvalue()


def shares(total: int, weights: Sequence[float]) -> list[int]:
    """Split ``total`` into whole parts by weight; the parts sum to it exactly (largest remainder)."""
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    parts = [int(part) for part in exact]
    by_rest = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_rest[: total - sum(parts)]:
        parts[i] += 1
    return parts


def camp_count(invoices: int) -> int:
    """Camps of a network: 200 at 1,000,000 invoices a day, 4 at the least; smaller networks have smaller camps."""
    return max(4, round(200 * math.pow(invoices / 1_000_000, 0.6)))


def build_network(invoices: int, seed: int, country: str) -> NetworkSpec:
    """The network for so many invoices a day in a country (``KR``, ``TW``); the same for the same arguments."""
    tm.zone(country)  # an unknown country fails here
    rng = Random(f"network:{seed}:{country}:{invoices}")
    total = camp_count(invoices)
    places = _places(country, total)
    sizes = shares(invoices, [rng.lognormvariate(0, 0.3) for _ in range(total)])
    behind = set(rng.sample(range(total), max(1, round(total * 0.08))))
    camps: list[Camp] = []
    in_area: dict[str, int] = {}
    for index, (region, area) in enumerate(places):
        number = in_area[area.hub_id] = in_area.get(area.hub_id, 0) + 1
        staffing = rng.uniform(0.74, 0.83) if index in behind else rng.uniform(1.0, 1.12)
        camps.append(
            Camp(
                index=index,
                camp_id=f"C{index + 1:03d}",
                name_ko=f"{area.name_ko}{number}캠프",
                name_en=f"{area.name_en} Camp {number}",
                area=area,
                region=region,
                invoices=sizes[index],
                staffing=staffing,
                failure_rate=rng.uniform(0.01, 0.04),
                friends=_friends(country, index, sizes[index], seed, rng),
            )
        )
    return NetworkSpec(country, invoices, seed, tuple(camps))


def _places(country: str, camps: int) -> list[tuple[Hub, Hub]]:
    """(region, area) of each camp: whole regions first, at least 2 regions and 3 areas."""
    known = names.REGIONS[country]
    regions = known[: min(len(known), max(2, round(camps / 5)))]
    per_region = max(2, -(-camps // (5 * len(regions))))
    areas: list[tuple[Hub, Hub]] = []
    for r, ((ko, en), cities) in enumerate(regions):
        region = Hub(f"R{r + 1:02d}", ko, en)
        for city_ko, city_en in cities[:per_region]:
            areas.append((region, Hub(f"A{len(areas) + 1:03d}", city_ko, city_en)))
    spread = shares(camps, [1.0] * len(areas))
    return [place for place, count in zip(areas, spread, strict=True) for _ in range(count)]


def _friends(country: str, camp: int, invoices: int, seed: int, rng: Random) -> tuple[Friend, ...]:
    """Friends of a camp by wave: those a fully staffed day needs, and a tenth more for days off."""
    result: list[Friend] = []
    for wave in WAVES:
        parcels = invoices * ((1 - RETURN_SHARE) * wave.share + (RETURN_SHARE if wave is DAY else 0))
        for _ in range(max(2, round(parcels / wave.load * 1.12))):
            number = len(result) + 1
            carrier = rng.choice(_CARRIERS) if rng.random() < 0.04 else ""
            name = names.person(country, seed * 7_919 + camp * 1_009 + number)
            result.append(Friend(f"F{camp + 1:03d}{number:03d}", name, carrier, wave.wave))
    return tuple(result)
