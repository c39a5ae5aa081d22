"""What one screen is built from: its place, moment and hubs, and the parts that may change while it is shown."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import orjson
from plotly.utils import PlotlyJSONEncoder  # type: ignore[import-untyped, unused-ignore]

from dashboard.board import Board, Figures, Moment, Names, Node, WaveTime
from dashboard.place import Place
from dashboard.trail import Trail
from hubstat.domain import time as tm
from hubstat.figures import formats as fm
from hubstat.figures.formats import Lang
from hubstat.figures.outlook import is_last, settled
from hubstat.figures.palette import Theme
from hubstat.figures.plots import Deadline
from hubstat.figures.status import late_prefix
from hubstat.figures.texts import text

BELOW: Final = {"nationwide": "region", "region": "area", "area": "camp", "camp": "friend"}
ABOVE: Final = {"region": "nationwide", "area": "region", "camp": "area", "friend": "camp"}
# Data this far behind the as-of moment is pointed out (ms).
STALE_DATA_MS: Final = tm.MINUTE
UNMAPPED: Final = "unmapped"
UNASSIGNED: Final = "unassigned"


@dataclass(frozen=True)
class Live:
    """One property of a component that may change between two refreshes."""

    id: str
    prop: str
    value: Any

    @cached_property
    def written(self) -> bytes:
        """The value as JSON."""
        return written(self.value)

    @property
    def digest(self) -> str:
        """Short digest of the value as it is sent."""
        return _digest(self.written)


def digest(value: Any) -> str:
    """Short digest of anything that can be sent to the browser."""
    return _digest(written(value))


def _digest(raw: bytes) -> str:
    return hashlib.blake2b(raw, digest_size=6).hexdigest()


def written(value: Any) -> bytes:
    """Anything that can be sent to the browser, as JSON with sorted names."""
    return orjson.dumps(value, default=component_json, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def component_json(value: Any) -> Any:
    """What orjson does not know: components, and the values of figures."""
    return value.to_plotly_json() if hasattr(value, "to_plotly_json") else PlotlyJSONEncoder().default(value)


@dataclass(frozen=True, slots=True)
class Hubs:
    """The hubs around a place: itself, the network, what lies below, the camps at or below, the way down to it.

    regions: the region of every area, by id.
    """

    here: Node
    network: Node
    children: Sequence[Node]
    camps: Sequence[Node]
    path: Sequence[tuple[str, Node]]
    siblings: Sequence[Node]
    regions: Mapping[str, str | None]


@dataclass(slots=True)
class Scene:
    """A screen in the making. key: names the screen in component ids; live: collects the parts that may change.

    before: the moment that figures are compared with, None without one or while it is read.
    sheets: the plain tables it shows (``dashboard.sheets``), by name. notice: id of what stands in place of figures or
    above them where there are none.
    """

    board: Board
    place: Place
    moment: Moment
    theme: Theme
    key: str
    trail: Trail = field(default_factory=Trail)
    before: Moment | None = None
    live: list[Live] = field(default_factory=list)
    _before: dict[tuple[str, str | None], dict[str, Figures]] = field(default_factory=dict)
    sheets: dict[str, Any] = field(default_factory=dict)
    notice: str = ""
    _names: Names | None = None
    _waves: Sequence[WaveTime] = ()

    @property
    def lang(self) -> Lang:
        return self.place.lang

    @property
    def prefix(self) -> str:
        """Key prefix of the delay metric of this direction."""
        return late_prefix(self.place.direction)

    @property
    def hears(self) -> bool:
        """Whether the data reach the moment; of a moment that is past they are taken to."""
        moment = self.moment
        if not moment.live:
            return True
        return moment.data_to is not None and moment.as_of - moment.data_to <= STALE_DATA_MS

    def say(self, key: str, **values: Any) -> str:
        """A text of the catalogue in the screen's language."""
        return text(key, self.lang, **values)

    def local(self, moment: int | None) -> datetime | None:
        """A moment (ms) in the network's zone."""
        return None if moment is None else datetime.fromtimestamp(moment / 1000, self.board.zone)

    def clock(self, moment: int | None, seconds: bool = False) -> str:
        """A moment as text; the day goes before it where it is not the service date."""
        return fm.clock(self.local(moment), self.moment.day, seconds, self.lang)

    def href(self, **changes: Any) -> str:
        """Address of another place."""
        return self.place.go(**changes).search(self.board.zone)

    def here(self) -> str:
        """Address of this very place."""
        return self.place.search(self.board.zone)

    @property
    def names(self) -> Names:
        """What camps, Friends and reasons are called on the service date."""
        if self._names is None:
            self._names = self.board.names(self.moment.day)
        return self._names

    def camp_name(self, camp: str | None) -> str:
        """Name of the camp of an invoice; without one the catalogue's words."""
        return self.say("hub.no_camp") if camp in (None, UNMAPPED) else self.names.camp(str(camp), self.lang)

    def friend_name(self, friend: str | None) -> str:
        """Name of a Friend; above the camp, where nobody is named, the last two signs of the id."""
        if friend in (None, UNASSIGNED):
            return self.say("hub.unassigned")
        if self.place.level in ("camp", "friend", "invoice"):
            return self.names.friend(str(friend))
        return f"··{str(friend)[-2:]}"

    def part(self, name: str, prop: str, value: Any) -> dict[str, Any]:
        """Id and one live property for a component's constructor."""
        component = f"{name}-{self.key}"
        self.live.append(Live(component, prop, value))
        return {"id": component, prop: value}

    def figures_before(self, hub: str) -> Figures | None:
        """Figures of a node (``level:id``) at the moment compared with; None where it is not known there."""
        if self.before is None:
            return None
        level, _, node = hub.partition(":")
        camp = node.rpartition("/")[0] if level == "friend" else None
        known = self._before.get((level, camp))
        if known is None:
            found = self.board.nodes(self.place, self.before, level, camp)
            known = self._before[level, camp] = {each.hub: each.figures for each in found}
        return known.get(node.rpartition("/")[2] if level == "friend" else node)

    @property
    def proof_key(self) -> str:
        """Names an open proof: of this screen and figure at this date and generation."""
        return digest([self.key, self.place.proof, self.moment.day.isoformat(), self.moment.generation])

    def scope(self, hub: str) -> tuple[str, ...]:
        """What a trail is kept under."""
        return (self.moment.day.isoformat(), self.place.wave, self.place.direction, hub)

    @property
    def loose(self) -> bool:
        """Whether unassigned stops have to be done by the deadline that others fall short of."""
        return is_last([wave.deadline for wave in self._waves_of_date()], self.moment.as_of)

    def deadlines(self) -> list[Deadline]:
        """Deadlines of the shown wave, or of all, local; waves with one deadline share one line."""
        return self._deadlines(self.place.wave)

    def all_deadlines(self) -> list[Deadline]:
        """Those of every wave of the date: what is ahead of a Friend is never of one wave alone."""
        return self._deadlines("all")

    @property
    def narrowed(self) -> bool:
        """Whether a wave or the returns are chosen; what is ahead is of all work even then."""
        return self.place.wave != "all" or self.place.direction != "DELIVERY"

    def _waves_of_date(self) -> Sequence[WaveTime]:
        self._waves = self._waves or self.board.waves(self.moment.day)
        return self._waves

    def _deadlines(self, chosen: str) -> list[Deadline]:
        found: dict[int, str] = {}
        for wave in self._waves_of_date():
            if chosen in ("all", wave.wave):
                found.setdefault(wave.deadline, wave.wave)
        local = [(self.local(at), wave) for at, wave in sorted(found.items())]
        return [Deadline(wave, at) for at, wave in local if at is not None]


def hub_name(node: Node, level: str, lang: Lang) -> str:
    """Name of a node; those that no master data row names get the catalogue's words."""
    if node.hub == UNASSIGNED:
        return text("hub.unassigned", lang)
    if node.hub == UNMAPPED:
        return text("hub.no_camp" if level == "camp" else "hub.unmapped", lang)
    return node.name(lang) or node.hub


def load_hubs(board: Board, place: Place, moment: Moment) -> Hubs | None:
    """The hubs around a place above the invoice; None where there is no such hub."""

    def nodes(level: str, hub: str | None) -> list[Node]:
        found = board.nodes(place, moment, level, hub)
        # What a closing keeps of the projection is what was foreseen: of a closed date nothing is ahead.
        return [replace(node, figures=settled(node.figures)) for node in found] if moment.closed else list(found)

    levels = {level: nodes(level, None) for level in ("nationwide", "region", "area", "camp")}
    network = levels["nationwide"][0]
    level, hub = place.level, place.hub or network.hub
    friends: Sequence[Node] = ()
    if level in ("camp", "friend"):
        camp = place.camp if level == "friend" else hub
        friends = nodes("friend", camp)
        levels["friend"] = [replace(node, parent=camp) for node in friends]
        hub = place.friend or hub if level == "friend" else hub
    here = next((node for node in levels[level] if node.hub == hub), None)
    if here is None:
        return None
    path = _path(levels, level, here)
    children = [node for node in levels.get(BELOW.get(level, ""), ()) if node.parent == hub]
    siblings = [node for node in levels[level] if node.parent == here.parent]
    regions = {area.hub: area.parent for area in levels["area"]}
    return Hubs(here, network, children, _camps(levels, level, hub), path, siblings, regions)


def _path(levels: dict[str, list[Node]], level: str, here: Node) -> list[tuple[str, Node]]:
    path = [(level, here)]
    while path[0][0] in ABOVE:
        above = ABOVE[path[0][0]]
        parent = path[0][1].parent
        nodes = levels[above]
        node = next((node for node in nodes if node.hub == parent), None)
        if node is None:
            # A scope that only the unmapped nodes hold has no row of its own on each level.
            node = Node(parent or UNMAPPED, parent or UNMAPPED, parent or UNMAPPED, None, {})
            if above == "nationwide":
                node = nodes[0]
        path.insert(0, (above, node))
    return path


def _camps(levels: dict[str, list[Node]], level: str, hub: str) -> list[Node]:
    camps = [camp for camp in levels["camp"] if camp.hub != UNMAPPED]  # what has no camp is none
    if level == "nationwide":
        return camps
    if level == "area":
        return [camp for camp in camps if camp.parent == hub]
    if level == "region":
        areas = {area.hub for area in levels["area"] if area.parent == hub}
        if hub == UNMAPPED:
            areas.add(UNMAPPED)
        return [camp for camp in camps if camp.parent in areas]
    return []
