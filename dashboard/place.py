"""The address is the whole state: what a screen shows, at which moment, in which language and order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Literal
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from dashboard.causes import Refused
from hubstat.domain import time as tm
from hubstat.domain.codes import Direction
from hubstat.domain.metrics import metrics_for
from hubstat.figures import address
from hubstat.figures.formats import LANGS, Lang

Screen = Literal["status", "returns", "reports", "dictionary", "system"]
SCREENS: Final[tuple[Screen, ...]] = ("status", "returns", "reports", "dictionary", "system")
# Screens of the network's hubs; the others are of the whole installation.
HUB_SCREENS: Final = ("status", "returns")
Level = Literal["nationwide", "region", "area", "camp", "friend", "invoice"]
Compare = Literal["week", "yesterday", "closed"]
COMPARES: Final[tuple[Compare, ...]] = ("week", "yesterday", "closed")
LEVELS: Final[tuple[Level, ...]] = ("nationwide", "region", "area", "camp", "friend", "invoice")
# Years that an address may name: around them times of neighbouring days can be told.
_YEARS: Final = range(2000, 2200)
# Screens that know one direction only.
_DIRECTION: Final = {"returns": "RETURN"}


@dataclass(frozen=True, slots=True)
class Place:
    """One screen.

    hub: id of the hub; ``camp/friend`` on level friend; the invoice number on level invoice; None: the whole network.
    day: service date, None = the one that is active. as_of, known_at: ms, None = now. sort: ``column.asc|desc``.
    proof: figure that the drawer shows what it is made of, ``m3.out`` for a part of one. compare: with which earlier
    moment: the same weekday last week or yesterday at this time of day, or the last closed date. metric: the
    one that the dictionary shows. order: the subscription that the reports show.
    """

    level: Level = "nationwide"
    hub: str | None = None
    day: date | None = None
    wave: str = "all"
    direction: Direction = "DELIVERY"
    as_of: int | None = None
    known_at: int | None = None
    sort: str | None = None
    lang: Lang = "ko"
    proof: str | None = None
    compare: Compare | None = None
    screen: Screen = "status"
    metric: str | None = None
    order: str | None = None

    @property
    def fixed(self) -> bool:
        """Whether the moment is fixed, so that nothing is refreshed."""
        return self.as_of is not None or self.known_at is not None

    @property
    def camp(self) -> str | None:
        """Camp of a Friend's place."""
        return self.hub.rpartition("/")[0] if self.hub and self.level == "friend" else None

    @property
    def friend(self) -> str | None:
        """Friend of a Friend's place."""
        return self.hub.rpartition("/")[2] if self.hub and self.level == "friend" else None

    def go(self, **changes: Any) -> Place:
        """Another place: another hub leaves the order of rows behind and keeps the open figure where that exists there;
        every other change closes the drawer.

        Another screen leaves what only the one before it knows of behind, too.
        """
        dropped: dict[str, Any] = {"proof": None}
        if changes.keys() & {"hub", "level", "screen"}:
            dropped["sort"] = None
        if changes.get("screen", self.screen) != self.screen:
            dropped |= {"metric": None, "order": None}
        elif changes.keys() & {"hub", "level"} and _exists(self.proof, changes.get("direction", self.direction)):
            del dropped["proof"]
        return replace(self, **(dropped | changes))

    def search(self, zone: ZoneInfo) -> str:
        """The query string of the address, ``?…``; what has its default is left out. Times are local with offset."""
        return address.search(
            zone,
            lang=self.lang,
            screen=self.screen,
            level=self.level,
            hub=self.hub,
            day=self.day,
            wave=self.wave,
            direction=self.direction,
            as_of=self.as_of,
            known_at=self.known_at,
            compare=self.compare,
            sort=self.sort,
            proof=self.proof,
            metric=self.metric,
            order=self.order,
        )


def _exists(proof: str | None, direction: Direction) -> bool:
    return proof is not None and proof.partition(".")[0] in metrics_for(direction)


def parse(search: str, zone: ZoneInfo, lang: Lang) -> Place:
    """Place of a query string. ``lang``: where it names none. Raises ``Refused`` naming the wrong field."""
    fields = _fields(search)
    screen = next((known for known in SCREENS if known == fields.get("screen", "status")), None)
    if screen is None:
        raise Refused("error.one_of", field="screen", known=", ".join(SCREENS), value=fields["screen"])
    level = fields.get("level", "nationwide")
    if level not in LEVELS:
        raise Refused("error.one_of", field="level", known=", ".join(LEVELS), value=level)
    if screen == "returns" and level in ("friend", "invoice"):
        raise Refused("error.returns_level", level=level)
    hub = fields.get("hub")
    if level != "nationwide" and not hub:
        raise Refused("error.hub_missing", level=level)
    if level == "friend" and "/" not in (hub or ""):
        raise Refused("error.friend_hub")
    direction = fields.get("direction", "DELIVERY")
    if direction not in ("DELIVERY", "RETURN"):
        raise Refused("error.one_of", field="direction", known="DELIVERY, RETURN", value=direction)
    as_of, known_at = (_moment(field, fields.get(field), zone) for field in ("as_of", "known_at"))
    if as_of is not None and known_at is not None and known_at < as_of:
        raise Refused("error.known_before")
    return Place(
        level=level,
        hub=hub,
        day=_day(fields.get("date")),
        wave=fields.get("wave", "all"),
        direction="RETURN" if "RETURN" in (direction, _DIRECTION.get(screen)) else "DELIVERY",
        as_of=as_of,
        known_at=known_at,
        sort=fields.get("sort"),
        lang=lang_of(search, lang),
        proof=fields.get("proof"),
        compare=_compare(fields.get("compare")),
        screen=screen,
        metric=fields.get("metric"),
        order=fields.get("order"),
    )


def lang_of(search: str, lang: Lang) -> Lang:
    """Language of a query string, however wrong the rest of it. ``lang``: where it names none that is known."""
    chosen = _fields(search).get("lang", lang)
    return next((known for known in LANGS if known == chosen), lang)


def _fields(search: str) -> dict[str, str]:
    return dict(parse_qsl((search or "").lstrip("?")))


def _compare(value: str | None) -> Compare | None:
    if value is None:
        return None
    for known in COMPARES:
        if value == known:
            return known
    raise Refused("error.one_of", field="compare", known=", ".join(COMPARES), value=value)


def _day(value: str | None) -> date | None:
    if value is None:
        return None
    try:
        day = tm.parse_date(value)
    except ValueError:
        day = None
    if day is None or day.year not in _YEARS:
        raise Refused("error.date", value=value, first=_YEARS[0], last=_YEARS[-1])
    return day


def _moment(field: str, value: str | None, zone: ZoneInfo) -> int | None:
    if value is None:
        return None
    try:
        # An unescaped "+" of an offset arrives as a space.
        moment = tm.parse_moment(value.replace(" ", "+"), zone)
        known = tm.local_date(moment, zone).year in _YEARS
    except (ValueError, OverflowError):
        known = False
    if not known:
        raise Refused("error.moment", field=field, value=value)
    return moment
