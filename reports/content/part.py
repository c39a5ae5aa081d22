"""The figures of one order, as they were read: what every mail of it is written from, in either language. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from aggregations.facts.noted import Noted
from aggregations.question import UNASSIGNED, FigureRow
from hubstat.domain import time as tm
from hubstat.domain.codes import Direction
from hubstat.domain.hierarchy import UNMAPPED
from hubstat.domain.metrics import DEFINITION_VERSION
from hubstat.figures.formats import Lang
from hubstat.figures.texts import text
from reports.model import Order

Figures = Mapping[str, Any]
BELOW: Final[Mapping[str, str]] = {"nationwide": "region", "region": "area", "area": "camp", "camp": "friend"}
NO_FIGURES: Final[Figures] = {}
# Letters of a name in a mail: the file has the whole.
LETTERS: Final = 60


def short(name: str) -> str:
    """A name of at most ``LETTERS`` letters, so that none can make a mail too big or break its tables."""
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1].rstrip()}…"


@dataclass(frozen=True, slots=True)
class Both:
    """Figures of one hub at one moment, keyed as in ``hubstat query``, of each direction."""

    delivery: Figures
    returns: Figures

    def of(self, direction: Direction) -> Figures:
        """The figures of one direction."""
        return self.returns if direction == "RETURN" else self.delivery

    @property
    def has_data(self) -> bool:
        """Whether anything was received of it: something is due, stands somewhere, waits, or somebody worked."""
        found = [self.delivery.get("friend_days")]
        for figures in (self.delivery, self.returns):
            found += [figures.get("due"), *(figures.get("m3") or {}).values()]
        return any(found)


@dataclass(frozen=True, slots=True)
class Hub:
    """One hub with its figures now, a week before and as they were last sent (None: not known). owner: "" for none."""

    level: str
    hub: str
    name_ko: str
    name_en: str
    parent: str | None
    owner: str
    now: Both
    week: Both | None
    last: Both | None

    def name(self, lang: Lang) -> str:
        """Its name; what no master data row names gets the catalogue's words."""
        if self.hub == UNASSIGNED:
            return text("hub.unassigned", lang)
        if self.hub == UNMAPPED:
            return text("hub.no_camp" if self.level == "camp" else "hub.unmapped", lang)
        return short((self.name_en if lang == "en" else self.name_ko) or self.hub)


@dataclass(frozen=True, slots=True)
class Exported:
    """One row of the attachment: a row of ``hubstat query`` for a level and direction."""

    level: str
    direction: Direction
    row: FigureRow


@dataclass(frozen=True, slots=True)
class HubPart:
    """Implements ``reports.model.Part``.

    children: worst first. camps: all at or below the hub. friends: of a camp, worst first. week: the service date and T
    of the week before. data_to: received time (ms) up to which everything was in when the figures were read, None =
    unknown. silent: camps of which nothing is heard. reasons: labels (ko, en) by reason.
    """

    order: Order
    zone: ZoneInfo
    here: Hub
    children: tuple[Hub, ...]
    camps: tuple[Hub, ...]
    friends: tuple[Hub, ...]
    week: tuple[date, int]
    last: Order | None
    provisional: bool
    data_to: int | None
    has_data: bool
    silent: tuple[Hub, ...]
    restated: tuple[Noted, ...]
    restated_names: Mapping[tuple[str, str], tuple[str, str]]
    reasons: Mapping[str, tuple[str, str]]
    exported: tuple[Exported, ...]
    definition_version: int = DEFINITION_VERSION

    @property
    def placed(self) -> list[Hub]:
        """The camps alone: what has no camp is none."""
        return [camp for camp in self.camps if camp.hub != UNMAPPED]

    @property
    def wave(self) -> str:
        """The wave, or ``all``."""
        return self.order.wave or "all"

    @property
    def complete(self) -> bool:
        """Whether they are of the time they were due, everything received by K is in, and every camp is heard."""
        return self.has_data and self.caught_up and not self.short and not self.silent

    @property
    def wanted(self) -> int:
        """The T that was asked for, ms: for want of data the figures may be of an earlier one."""
        if self.order.due is None:
            return self.order.as_of
        return min(self.order.due, tm.closing(self.order.service_date, self.zone))

    @property
    def short(self) -> bool:
        """Whether they are of an earlier T than was asked for."""
        return self.order.as_of < self.wanted

    @property
    def caught_up(self) -> bool:
        """Whether everything received by K is in the figures."""
        return self.data_to is not None and self.data_to >= self.order.known_at
