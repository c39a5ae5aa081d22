"""What is asked and what is answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from hubstat.domain import time as tm
from hubstat.domain.codes import Direction
from hubstat.domain.hierarchy import Hub
from hubstat.domain.metrics import DEFINITION_VERSION, metrics_for
from hubstat.errors import QueryError

LEVELS: Final = ("nationwide", "region", "area", "camp", "friend")
ALL_WAVES: Final = "all"
UNASSIGNED: Final = "unassigned"


@dataclass(frozen=True, slots=True)
class Moment:
    """A (T, K): as of T, as known at K, both ms, T ≤ K."""

    as_of: int
    known_at: int

    def __post_init__(self) -> None:
        if self.known_at < self.as_of:
            raise QueryError("known-at is before as-of: what is true at a time can only be known from then on")


@dataclass(frozen=True, slots=True)
class Question:
    """Figures of every node of a level, at or below ``hub`` (None: the whole network).

    hub: an id, or ``level:id`` where one id names two nodes. as_of, known_at: ms, None = default. metrics: None = all.
    """

    level: str
    service_date: date
    hub: str | None = None
    as_of: int | None = None
    known_at: int | None = None
    wave: str = ALL_WAVES
    direction: Direction = "DELIVERY"
    metrics: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise QueryError(f"there is no level {self.level!r}: use one of {', '.join(LEVELS)}")
        unknown = set(self.metrics or ()) - set(metrics_for(self.direction))
        if unknown:
            raise QueryError(
                f"no metric of {self.direction} is called {', '.join(sorted(unknown))}: use some of "
                f"{', '.join(metrics_for(self.direction))}"
            )

    def moment(self, now: int, zone: ZoneInfo) -> Moment:
        """Its (T, K): T defaults to now for a date still open, to its closing for a past one; K to now."""
        as_of = self.as_of if self.as_of is not None else min(now, tm.closing(self.service_date, zone))
        return Moment(as_of, self.known_at if self.known_at is not None else max(now, as_of))


@dataclass(frozen=True, slots=True)
class Scope:
    """One node: a hub, or a Friend (or ``unassigned``) within a camp."""

    level: str
    hub: str
    camp: str | None = None


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One node's figures by metric id."""

    hub: str
    name_ko: str
    name_en: str
    parent: str | None
    figures: dict[str, Any]

    @classmethod
    def of(cls, hub: Hub, figures: dict[str, Any]) -> FigureRow:
        """Row of a hub of the hierarchy."""
        return cls(hub.id, hub.name_ko, hub.name_en, hub.parent, figures)


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of one level at one (T, K). baselines: version of the baselines of the date (0: there are none)."""

    level: str
    service_date: date
    moment: Moment
    wave: str
    direction: Direction
    zone: ZoneInfo
    rows: tuple[FigureRow, ...]
    baselines: int = 0

    @property
    def provisional(self) -> bool:
        """Whether it was asked as known before the closing of its service date."""
        return self.moment.known_at < tm.closing(self.service_date, self.zone)

    def to_json(self) -> dict[str, Any]:
        """The object that ``hubstat query --format json`` prints."""
        return {
            "as_of": tm.iso_local(self.moment.as_of, self.zone),
            "known_at": tm.iso_local(self.moment.known_at, self.zone),
            "service_date": self.service_date.isoformat(),
            "wave": self.wave,
            "direction": self.direction,
            "zone": self.zone.key,
            "level": self.level,
            "definition_version": DEFINITION_VERSION,
            "baselines_version": self.baselines,
            "provisional": self.provisional,
            "rows": [
                {"hub": r.hub, "name": r.name_ko, "name_en": r.name_en, "parent": r.parent, "figures": r.figures}
                for r in self.rows
            ],
        }
