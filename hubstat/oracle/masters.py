"""Master data from CSV texts: the hierarchy by date, reasons, waves."""

from __future__ import annotations

import csv
import io
from typing import NamedTuple

from hubstat.oracle.clock import day_number

UNMAPPED = "unmapped"


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


def load_customer_reasons(text: str) -> set[str]:
    """The codes of reasons.csv that count as a customer's reason."""
    return {row["reason"] for row in csv.DictReader(io.StringIO(text)) if row["customer"] == "true"}


class Network:
    """The hierarchy of one country, and its customer reasons.

    ``master`` maps file names to CSV texts: ``hubs.csv`` (required) and ``reasons.csv`` (absent: no customer reason).
    """

    def __init__(self, master: dict[str, str], country: str) -> None:
        self.country = country
        self._rows: dict[str, list[CampRow]] = {}
        for row in load_hubs(master["hubs.csv"]):
            self._rows.setdefault(row.camp, []).append(row)
        self.customer_reasons = load_customer_reasons(master.get("reasons.csv", "reason,customer\n"))

    def row(self, camp: str, day: int) -> CampRow | None:
        """The row of the camp valid on the day."""
        return next((row for row in self._rows.get(camp, []) if row.holds(day)), None)

    def is_abroad(self, camp: str | None, day: int) -> bool:
        """Whether the camp belongs to another country that day; an unknown camp does not."""
        row = None if camp is None else self.row(camp, day)
        return row is not None and row.country != self.country

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
