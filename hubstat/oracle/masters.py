"""Master data from CSV texts: the hierarchy by date, reasons, waves; what ships where a file is not given."""

from __future__ import annotations

import csv
import io
from typing import NamedTuple

from hubstat.oracle.clock import HOUR, MINUTE, Zone, day_number

UNMAPPED = "unmapped"
UNKNOWN_GROUP = "unknown"
SHIPPED_REASONS = """reason,group,customer
고객부재,customer,true
주소불명,address-access,true
수취거부,customer,true
공동현관 출입불가,address-access,true
연락두절,customer,true
시간초과,capacity,false
미적재,damage-loss-missort,false
오분류,damage-loss-missort,false
파손,damage-loss-missort,false
분실,damage-loss-missort,false
기상,force-majeure,false
"""
SHIPPED_WAVES = """country,wave,deadline,next_day
KR,DAWN,07:00,false
KR,DAY,23:59:59,false
KR,SAME_DAY,23:59:59,false
TW,DAWN,07:00,false
TW,DAY,23:59:59,false
TW,SAME_DAY,23:59:59,false
"""
_LAST_SECOND = "23:59:59"


class CampRow(NamedTuple):
    """One row of hubs.csv; ``valid_to`` is exclusive, both are day numbers."""

    camp: str
    area: str
    region: str
    country: str
    valid_from: int
    valid_to: int | None

    def holds(self, day: int) -> bool:
        """Whether the row is valid on the day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


def load_hubs(text: str) -> list[CampRow]:
    """The rows of hubs.csv."""
    return [
        CampRow(
            camp=row["camp_id"],
            area=row["area_id"],
            region=row["region_id"],
            country=row["country"],
            valid_from=day_number(row["valid_from"]),
            valid_to=day_number(row["valid_to"]) if row["valid_to"] else None,
        )
        for row in csv.DictReader(io.StringIO(text))
    ]


class ReasonRow(NamedTuple):
    """One row of reasons.csv; ``customer``: counts as a customer's reason."""

    group: str
    customer: bool


class WaveRow(NamedTuple):
    """One row of waves.csv: how many ms after local midnight of the service date the wave's deadline is."""

    deadline: int
    next_day: bool


def load_reasons(text: str) -> dict[str, ReasonRow]:
    """The rows of reasons.csv by code."""
    rows = csv.DictReader(io.StringIO(text))
    return {row["reason"]: ReasonRow(row.get("group") or UNKNOWN_GROUP, row["customer"] == "true") for row in rows}


def load_waves(text: str, country: str) -> dict[str, WaveRow]:
    """The rows of waves.csv of one country by wave; a deadline of 23:59:59 is the end of that second."""
    waves = {}
    for row in csv.DictReader(io.StringIO(text)):
        if row["country"] != country:
            continue
        hours, minutes, *seconds = (int(part) for part in row["deadline"].split(":"))
        deadline = hours * HOUR + minutes * MINUTE + sum(seconds) * 1000
        deadline += 999 if row["deadline"] == _LAST_SECOND else 0
        waves[row["wave"]] = WaveRow(deadline, row["next_day"] == "true")
    return waves


class Network:
    """The hierarchy of one country, its reasons and its waves.

    ``master`` maps file names to CSV texts: ``hubs.csv`` (required), ``reasons.csv`` and ``waves.csv`` (absent: the
    shipped ones).
    """

    def __init__(self, master: dict[str, str], country: str) -> None:
        self.country = country
        self._rows: dict[str, list[CampRow]] = {}
        for row in load_hubs(master["hubs.csv"]):
            self._rows.setdefault(row.camp, []).append(row)
        self._reasons = load_reasons(master.get("reasons.csv", SHIPPED_REASONS))
        self._waves = load_waves(master.get("waves.csv", SHIPPED_WAVES), country)
        self.customer_reasons = {code for code, reason in self._reasons.items() if reason.customer}

    def row(self, camp: str, day: int) -> CampRow | None:
        """The row of the camp valid on the day."""
        return next((row for row in self._rows.get(camp, []) if row.holds(day)), None)

    def is_abroad(self, camp: str | None, day: int) -> bool:
        """Whether the camp belongs to another country that day; an unknown camp does not."""
        row = None if camp is None else self.row(camp, day)
        return row is not None and row.country != self.country

    def area(self, camp: str | None, day: int) -> str | None:
        """The area of the camp on the day; None for a camp that no row of this country maps."""
        row = None if camp is None else self.row(camp, day)
        return row.area if row is not None and row.country == self.country else None

    def group(self, reason: str) -> str:
        """The group of a reason; an unknown one is in group ``unknown``."""
        row = self._reasons.get(reason)
        return row.group if row else UNKNOWN_GROUP

    def deadline(self, wave: str, day: int, zone: Zone) -> int:
        """The deadline of a wave of a service date in epoch ms; a wave without a row ends with the date."""
        row = self._waves.get(wave)
        if row is None:
            return zone.end_of_day(day)
        return zone.start_of_day(day + row.next_day) + row.deadline

    def nodes(self, camp: str | None, day: int) -> list[str]:
        """The nodes that hold a camp on a day, from the camp up to the country."""
        row = None if camp is None else self.row(camp, day)
        area, region = (row.area, row.region) if row else (UNMAPPED, UNMAPPED)
        return [f"camp:{camp or UNMAPPED}", f"area:{area}", f"region:{region}", f"nationwide:{self.country}"]

    def all_nodes(self, day: int) -> set[str]:
        """Every node of the country valid on the day."""
        nodes = {f"nationwide:{self.country}"}
        for rows in self._rows.values():
            for row in rows:
                if row.country == self.country and row.holds(day):
                    nodes.update(self.nodes(row.camp, day))
        return nodes
