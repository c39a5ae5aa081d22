"""The hub hierarchy camp → area → region → country, effective-dated: a border move never rewrites an earlier date."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

LEVELS: Final = ("nationwide", "region", "area", "camp")
# Id of the node that holds what no row of the master data knows, on each level below nationwide.
UNMAPPED: Final = "unmapped"
_UNMAPPED_KO: Final = "미지정"
_UNMAPPED_EN: Final = "Unmapped"
_COUNTRY_NAMES: Final = {"KR": ("전국", "Nationwide"), "TW": ("타이완", "Taiwan")}


@dataclass(frozen=True, slots=True)
class CampRow:
    """A row of ``hubs.csv``: a camp's place from ``valid_from`` on and before ``valid_to`` (None: open)."""

    camp_id: str
    camp_name_ko: str
    camp_name_en: str
    area_id: str
    area_name_ko: str
    area_name_en: str
    region_id: str
    region_name_ko: str
    region_name_en: str
    country: str
    valid_from: date
    valid_to: date | None

    def valid_on(self, day: date) -> bool:
        """Whether the row holds on a local date."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Hub:
    """A node. ``level``: one of ``LEVELS``; ``parent``: id of the node on the level above, None for a country."""

    level: str
    id: str
    name_ko: str
    name_en: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Path:
    """Ids of a camp and everything above it."""

    camp: str
    area: str
    region: str
    country: str

    def at(self, level: str) -> str:
        """Id on one of ``LEVELS``."""
        return self.country if level == "nationwide" else str(getattr(self, level))


class HubTree:
    """The hierarchy on one date. Nodes of the master data come in its order, without the ``unmapped`` ones.

    A camp that no row knows keeps its id under area and region ``unmapped`` of the home country; what has no camp
    is in camp ``unmapped`` there.
    """

    def __init__(self, rows: Iterable[CampRow], home: str) -> None:
        self.home: Final = home
        self._paths: dict[str, Path] = {}
        self._hubs: dict[str, dict[str, Hub]] = {level: {} for level in LEVELS}
        self._children: dict[tuple[str, str], list[Hub]] = {}
        self._camps: dict[tuple[str, str], list[str]] = {}
        self._add("nationwide", home, *_COUNTRY_NAMES.get(home, (home, home)), parent=None)
        for row in rows:
            path = Path(row.camp_id, row.area_id, row.region_id, row.country)
            self._paths[row.camp_id] = path
            self._add(
                "nationwide", row.country, *_COUNTRY_NAMES.get(row.country, (row.country, row.country)), parent=None
            )
            self._add("region", row.region_id, row.region_name_ko, row.region_name_en, parent=row.country)
            self._add("area", row.area_id, row.area_name_ko, row.area_name_en, parent=row.region_id)
            self._add("camp", row.camp_id, row.camp_name_ko, row.camp_name_en, parent=row.area_id)
            for level in LEVELS:
                self._camps.setdefault((level, path.at(level)), []).append(row.camp_id)

    def _add(self, level: str, hub_id: str, name_ko: str, name_en: str, parent: str | None) -> None:
        if hub_id in self._hubs[level]:
            return
        hub = Hub(level, hub_id, name_ko or hub_id, name_en or hub_id, parent)
        self._hubs[level][hub_id] = hub
        if parent is not None:
            self._children.setdefault((LEVELS[LEVELS.index(level) - 1], parent), []).append(hub)

    def path(self, camp: str | None) -> Path:
        """Where a camp rolls up; None and unknown camps go to the unmapped nodes of the home country."""
        if camp is None:
            return Path(UNMAPPED, UNMAPPED, UNMAPPED, self.home)
        return self._paths.get(camp) or Path(camp, UNMAPPED, UNMAPPED, self.home)

    def knows(self, camp: str | None) -> bool:
        """Whether a row of the master data places this camp on the date."""
        return camp in self._paths

    def hubs(self, level: str) -> list[Hub]:
        """Every node of the master data on a level, in its order."""
        return list(self._hubs[level].values())

    def hub(self, level: str, hub_id: str) -> Hub:
        """One node. An id that no row knows is named by itself, under ``unmapped``; ``unmapped`` is a node too."""
        known = self._hubs[level].get(hub_id)
        if known is not None:
            return known
        names = (_UNMAPPED_KO, _UNMAPPED_EN) if hub_id == UNMAPPED else (hub_id, hub_id)
        parent = None if level == "nationwide" else self.home if level == "region" else UNMAPPED
        return Hub(level, hub_id, *names, parent)

    def find(self, hub_id: str) -> list[Hub]:
        """Nodes of the master data with this id, on whatever level."""
        return [hubs[hub_id] for hubs in self._hubs.values() if hub_id in hubs]

    def children(self, level: str, hub_id: str) -> list[Hub]:
        """Nodes directly below a node, in master data order; none below a camp."""
        return list(self._children.get((level, hub_id), ()))

    def camps(self, level: str, hub_id: str) -> list[str]:
        """Ids of the camps of the master data at or below a node, in its order."""
        return list(self._camps.get((level, hub_id), ()))


class Hierarchy:
    """All rows of ``hubs.csv``; ``on(date)`` gives a date's tree, built once per stretch without a change."""

    def __init__(self, rows: Iterable[CampRow], home: str) -> None:
        self.rows: Final = tuple(rows)
        self.home: Final = home
        edges = {row.valid_from for row in self.rows} | {row.valid_to for row in self.rows if row.valid_to is not None}
        self._edges: Final = sorted(edges)
        self._trees: dict[int, HubTree] = {}

    def on(self, day: date) -> HubTree:
        """The tree valid on a local date."""
        stretch = bisect_right(self._edges, day)
        tree = self._trees.get(stretch)
        if tree is None:
            tree = HubTree((row for row in self.rows if row.valid_on(day)), self.home)
            self._trees[stretch] = tree
        return tree
