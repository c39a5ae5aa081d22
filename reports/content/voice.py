"""A part in one language: the words, times and differences that every section of its mail uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from hubstat.domain.codes import Direction
from hubstat.figures import formats as fm
from hubstat.figures.formats import Lang
from hubstat.figures.texts import TEXTS, text
from reports.content.letter import Cell
from reports.content.part import Both, Figures, Hub, HubPart, short

Take = Callable[[Both], float | None]
Show = Callable[[float], str]
_NO_CHANGE = "±0"


# So many rows of a list; the rest is counted and stands in the file and on the board.
ROWS: Final = 40


@dataclass(frozen=True, slots=True)
class Voice:
    """Says things of a part in a language. attached: whether the file goes along. listed: rows of a list at most."""

    part: HubPart
    lang: Lang
    attached: bool = True
    listed: int = ROWS

    def say(self, key: str, **values: Any) -> str:
        """A text of the catalogue."""
        return text(key, self.lang, **values)

    @property
    def who(self) -> str:
        """Name of the hub."""
        return self.part.here.name(self.lang)

    @property
    def zone(self) -> str:
        """Short name of the zone."""
        return fm.zone_name(self.part.zone.key)

    @property
    def weekday(self) -> str:
        """Weekday of the service date, and so of the one a week before."""
        return fm.weekday(self.part.order.service_date, self.lang)

    @property
    def wave(self) -> str:
        """Name of the wave."""
        key = f"wave.{self.part.wave}"
        return self.say(key) if key in TEXTS else self.part.wave

    def day(self, day: date) -> str:
        """A date."""
        return fm.day(day, self.lang)

    def local(self, moment: int) -> datetime:
        """A moment (ms) in the network's zone."""
        return datetime.fromtimestamp(moment / 1000, self.part.zone)

    def moment(self, moment: int, beside: int | None = None) -> str:
        """A moment (ms) with its date, which is left out where it is that of another time beside it."""
        local = self.local(moment)
        clock = f"{local:%H:%M:%S}"
        if beside is not None and self.local(beside).date() == local.date():
            return clock
        return f"{self.day(local.date())} {clock}"

    def clock(self, figure: str | None) -> str:
        """A time of a figure (RFC 3339); the day goes before it where it is not the service date."""
        moment = None if figure is None else datetime.fromisoformat(figure)
        return fm.clock(moment, self.part.order.service_date, lang=self.lang)

    def reason(self, reason: str) -> str:
        """Label of why something was not delivered."""
        if reason in self.part.reasons:
            korean, english = self.part.reasons[reason]
            return short((english if self.lang == "en" else korean) or reason)
        key = f"mail.reason.{reason}"
        return self.say(key) if key in TEXTS else short(reason)

    def owner(self, hub: Hub) -> str:
        """Who owns a hub; empty where the master data name nobody."""
        return self.say("mail.children.owner", owner=short(hub.owner)) if hub.owner else ""

    def points(self, less: float) -> str:
        """A difference of two shares to one decimal."""
        return self._points(less, 1)

    def points2(self, less: float) -> str:
        """A difference of two shares to two decimals, as the six metrics have them."""
        return self._points(less, 2)

    def _points(self, less: float, digits: int) -> str:
        return fm.points(less, self.lang, digits) if round(less * 100, digits) else _NO_CHANGE

    def differences(self, hub: Hub, take: Take, show: Show) -> tuple[Cell, Cell]:
        """Cells of now less a week before, and less what was last sent."""
        return self._difference(hub.now, hub.week, take, show), self._difference(hub.now, hub.last, take, show)

    def _difference(self, now: Both, then: Both | None, take: Take, show: Show) -> Cell:
        one, other = take(now), None if then is None else take(then)
        return Cell(fm.NONE if one is None or other is None else show(one - other), "quiet")


def figure(metric: str, direction: Direction = "DELIVERY") -> Take:
    """Takes a plain figure."""

    def take(both: Both) -> float | None:
        value = both.of(direction).get(metric)
        return None if value is None else float(value)

    return take


def total(metric: str, direction: Direction = "DELIVERY") -> Take:
    """Takes the sum of a split figure whose parts exclude one another."""

    def take(both: Both) -> float | None:
        parts = both.of(direction).get(metric)
        return None if parts is None else float(sum(parts.values()))

    return take


def idle_each(both: Both) -> float | None:
    """Idle minutes of a Friend-day on average, as the board shows them."""
    return over(both.delivery, "idle_minutes", "friend_days")


def over(figures: Figures, part: str, whole: str) -> float | None:
    """One figure over another; None over 0."""
    below = figures.get(whole)
    return figures[part] / below if below and figures.get(part) is not None else None


def minutes_of(metric: str, day: Callable[[Both], date]) -> Take:
    """Takes a time as minutes since the midnight of its service date."""

    def take(both: Both) -> float | None:
        value = both.delivery.get(metric)
        if value is None:
            return None
        moment = datetime.fromisoformat(value)
        midnight = datetime.combine(day(both), datetime.min.time(), moment.tzinfo)
        return (moment - midnight).total_seconds() / 60

    return take
