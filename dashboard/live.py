"""One screen from an address, and what of it changed since it was last sent."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, partial
from typing import Any, Final, Generic, TypeVar

from dash import html

from aggregations.reader import now_ms
from dashboard import drawer, shell
from dashboard.board import Board, Moment, Node, Proof
from dashboard.causes import Refused, told
from dashboard.desk import Desk
from dashboard.export_sheets import Offer, offers
from dashboard.grids import Row
from dashboard.lately import Lately
from dashboard.paced import Paced
from dashboard.patches import PATCHED, patch
from dashboard.place import HUB_SCREENS, Level, Place, Screen
from dashboard.scene import UNASSIGNED, UNMAPPED, Hubs, Live, Scene, digest, load_hubs
from dashboard.screens import camp, dictionary, friend, invoice, network, reports, returns, states, system
from dashboard.trail import Trail
from dashboard.watch import Watch
from hubstat.domain import time as tm
from hubstat.domain.metrics import DEFINITION_VERSION, metrics_for
from hubstat.errors import AccessError, HubstatError
from hubstat.figures.palette import Theme
from hubstat.shared import Shared

log = logging.getLogger(__name__)

Value = TypeVar("Value")
# What lies on the desk of the reports is read no more often than this, however many look.
_DESK_SECONDS: Final = 10.0
# How long a mail that is looked at stays as it is (ms).
_PREVIEW_MS: Final = 10 * tm.MINUTE
# Screens that are kept: as many as people look at in one tick, or nearly.
_SCREENS: Final = 64
# So many screens at most are built before a snapshot is shown, and while there is time (s).
_PREPARED: Final = 24
_PREPARING_SECONDS: Final = 1.0
# Parts that are remembered as they were sent, of 10 kB as a rule: some for each of the screens that are kept.
_SENT: Final = 1024
# Proofs that are kept for those who open them too, and for the rows of open drawers.
_PROOFS: Final = 32
# Grids whose title the catalogue knows.
GRIDS: Final = ("children", "friends", "invoices")


class Recent(Generic[Value]):
    """The few values used last, by key; shared by worker threads."""

    def __init__(self, size: int) -> None:
        self._size: Final = size
        self._values: OrderedDict[Any, Value] = OrderedDict()
        self._lock: Final = threading.Lock()

    def get(self, key: Any) -> Value | None:
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def put(self, key: Any, value: Value) -> None:
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._values.popitem(last=False)


@dataclass(frozen=True)
class Built:
    """A screen ready to be sent. ``parts``: what may change while it is shown, by ``id.prop``.

    opens: makes the open drawer; who only refreshes a screen does not need it. way: of whose place the ways up are,
    where it is not the scene's.
    """

    scene: Scene
    tree: Any
    hubs: Hubs | None
    tail: str | None
    opens: Callable[[], Any] | None
    parts: dict[str, Live]
    way: Scene | None = None
    patches: dict[tuple[str, str], dict[str, Any] | None] = field(default_factory=dict)
    """By part and digest of what is shown of it: what makes that the part's value; made once for all viewers."""

    @property
    def drawer(self) -> Any:
        """What is in the drawer's place. Raises ``AccessError``."""
        return drawer.CLOSED if self.opens is None else self.opens()

    @property
    def opened(self) -> tuple[str, int, Any] | None:
        """The figure whose proof is open: its id, the moment of the screen (ms), and what the screen shows of it."""
        metric = self.scene.place.proof
        if self.opens is None or self.hubs is None or metric is None:
            return None
        return metric, self.scene.moment.as_of, drawer.on_screen(self.scene, self.hubs, metric)

    @cached_property
    def form(self) -> str:
        """Digest of what the screen consists of: with another form it is sent whole, not by its parts."""
        return digest([sorted(self.parts), self.scene.moment.day.isoformat(), self.scene.notice])

    @cached_property
    def digests(self) -> dict[str, str]:
        """Digest of each part."""
        return {name: part.digest for name, part in self.parts.items()}

    @property
    def offers(self) -> list[Offer]:
        """Tables that are made for exports alone."""
        return [offer for offer in offers(self.scene, self.hubs) if offer.name not in self.scene.sheets]

    @property
    def tables(self) -> list[tuple[str, str]]:
        """Name and title of each of its tables: grids, plain ones, and what is made for exports alone."""
        end = f"-{self.scene.key}.rowData"
        grids = [name.removesuffix(end) for name in self.parts if name.endswith(end)]
        return [
            *((name, self.scene.say(f"export.table.{name}") if name in GRIDS else name) for name in grids),
            *((sheet.name, sheet.title) for sheet in self.scene.sheets.values()),
            *((offer.name, self.scene.say(offer.title)) for offer in self.offers),
        ]


def screen_key(place: Place, theme: Theme) -> str:
    """Names a screen in component ids: another address or theme is another screen; another order of rows is not, nor
    is an open drawer."""
    return digest([str(replace(place, sort=None, proof=None)), theme])


class Screens:
    """Builds screens; remembers recent proofs and table rows so that only changes are sent."""

    def __init__(self, board: Board, watch: Watch | None = None, desk: Desk | None = None) -> None:
        self.board: Final = board
        self.desk: Final = desk
        self._watch: Final = watch
        self.desktop: Final = Paced(self._desktop, _DESK_SECONDS)
        self._proofs: Final[Shared[Proof]] = Shared(_PROOFS)
        self._opened: Final[Recent[tuple[Scene, Proof]]] = Recent(2 * _PROOFS)
        self._built: Final[Shared[Built]] = Shared(_SCREENS)
        self._previews: Final[Recent[str]] = Recent(16)
        self._rows: Final[Recent[dict[str, Row]]] = Recent(256)
        self._sent: Final[Recent[bytes]] = Recent(_SENT)
        self._trail: Final = Trail()
        self._looked_at: Final[Lately[tuple[Place, Theme], Built]] = Lately(_PREPARED)
        board.prepare(self.prepare)

    @property
    def offered(self) -> set[Screen]:
        """Screens that there is something behind."""
        offered: set[Screen] = {"status", "returns", "dictionary"}
        if self._watch is not None:
            offered.add("system")
        if self.desk is not None:
            offered.add("reports")
        return offered

    def _desktop(self) -> reports.Desktop:
        assert self.desk is not None
        return reports.Desktop(now_ms(), self.desk.runs(reports.RUNS), self.desk.subscriptions())

    def moment(self, place: Place) -> Moment:
        """The moment a place shows now. Raises ``HubstatError``."""
        if place.screen in HUB_SCREENS:
            return self.board.moment(place)
        if place.screen == "system" and self._watch is not None:
            health = self._watch.look()
            return _moment(health.at, health.data_to, health.dates[0], live=True)
        reporting = place.screen == "reports" and self.desk is not None
        at = self.desktop.get().at if reporting else now_ms()
        return _moment(at, None, tm.local_date(at, self.board.zone), live=reporting)

    def look(self, place: Place, theme: Theme, moment: Moment) -> Built:
        """As ``build``, for a page: it is ready on the next snapshots before these are shown."""
        built = self.build(place, theme, moment)
        if moment.live and place.screen in HUB_SCREENS and place.compare is None:
            self._looked_at.ask((place, theme), built)
        return built

    def prepare(self, moment: Moment) -> None:
        """Have the screens that are looked at ready on a new snapshot, the last one asked for first."""
        until = time.monotonic() + _PREPARING_SECONDS
        for asked in self._looked_at.of(lambda asked: asked.value.scene.moment.day == moment.day):
            shown = built = asked.value
            if shown.scene.moment.generation == moment.generation:
                continue  # nothing of it will be sent
            if time.monotonic() < until:
                try:
                    built = self.build(*asked.key, moment)
                    self.changes(built, shown.digests)
                    self.remember(built)
                except Exception as error:  # whoever asks for it is told
                    log.debug("a screen could not be prepared: %s", error, exc_info=True)
                    self._looked_at.forget(asked)
                    continue
            self._looked_at.passed(asked, built)

    def build(self, place: Place, theme: Theme, moment: Moment) -> Built:
        """The whole screen of a place, built once for all who see it at one moment. Raises ``HubstatError``."""
        before = None if place.compare is None else self.board.compared(place, moment)
        # What is compared with may come later than the moment itself.
        compared = None if before is None else before.as_of
        key = (
            screen_key(place, theme),
            place.sort,
            place.proof,
            moment.day,
            moment.generation,
            moment.as_of,
            moment.known_at,
            compared,
        )
        return self._built.get(key, lambda: self._build(place, theme, moment, before))

    def _build(self, place: Place, theme: Theme, moment: Moment, before: Moment | None) -> Built:
        scene = Scene(self.board, place, moment, theme, screen_key(place, theme), self._trail, before)
        if place.screen not in HUB_SCREENS:
            return self._page(scene)
        waves = ["all", *(each.wave for each in self.board.waves(moment.day))]
        if place.wave not in waves:
            raise Refused("error.one_of", field="wave", known=", ".join(waves), value=place.wave)
        if place.level == "invoice":
            return self._invoice(scene)
        hubs = load_hubs(self.board, place, moment)
        if hubs is None:
            raise Refused("error.hub", level=place.level, hub=place.hub)
        if moment.live:
            level, node = hubs.path[-1]
            name = place.hub if level == "friend" else node.hub
            self._trail.record(scene.scope(f"{level}:{name}"), moment.as_of, node.figures, scene.prefix)
        tree = self._tree(scene, hubs)
        opens = None if place.proof is None else partial(self._drawer, scene, hubs, place.proof)
        return Built(scene, tree, hubs, None, opens, _by_name(scene.live))

    def _drawer(self, scene: Scene, hubs: Hubs, metric: str) -> Any:
        try:
            proof = self._proof(scene, metric)
        except AccessError:
            raise
        except HubstatError as error:
            return drawer.failed(scene, hubs, metric, told(error, scene.lang))
        return drawer.build(scene, hubs, metric, proof)

    def _page(self, scene: Scene) -> Built:
        """A screen of the whole installation."""
        screen = scene.place.screen
        if screen == "system" and self._watch is not None:
            tree = system.build(scene, self._watch.look())
        elif screen == "reports" and self.desk is not None:
            tree = reports.build(scene, self.desktop.get(), self._preview(scene, self.desk))
        elif screen == "dictionary":
            tree = dictionary.build(scene)
        else:
            raise Refused("error.screen", screen=screen)
        return Built(scene, tree, None, scene.say(f"nav.{screen}"), None, _by_name(scene.live))

    def _preview(self, scene: Scene, desk: Desk) -> str | None:
        """The mail that the address names, made anew every ten minutes however often the screen is refreshed."""
        if scene.place.order is None:
            return None
        asked, day = reports.Asked.of(scene.place.order), reports.date_of(scene.place, scene.moment)
        # A mail of a running date is another one a while later.
        key = (str(asked), day, scene.place.wave, scene.lang, scene.moment.as_of // _PREVIEW_MS)
        known = self._previews.get(key)
        if known is None:
            order = desk.order(asked.report, day, asked.level, asked.hub, wave=reports.wave_of(asked, scene.place))
            known = desk.preview_html(order, scene.lang)
            self._previews.put(key, known)
        return known

    def _tree(self, scene: Scene, hubs: Hubs) -> Any:
        if not hubs.network.figures.get("due") and not self._has_data(scene, hubs):
            return html.Div(states.no_data(scene), className="screen")
        if scene.place.screen == "returns":
            tree = returns.build(scene, hubs)
        elif scene.place.level == "friend":
            tree = friend.build(scene, hubs)
        elif scene.place.level == "camp":
            tree = camp.build(scene, hubs)
        else:
            tree = network.build(scene, hubs)
        if not hubs.here.figures.get("due"):
            tree.children.insert(0, states.nothing_due(scene))
        return tree

    def _has_data(self, scene: Scene, hubs: Hubs) -> bool:
        if states.has_data(hubs.network.figures):
            return True
        wider = states.any_wave(scene.place)
        for direction in ("DELIVERY", "RETURN"):
            place = wider.go(direction=direction)
            nodes = self.board.nodes(place, scene.moment, "nationwide", None)
            if any(states.has_data(node.figures) for node in nodes):
                return True
        return False

    def _invoice(self, scene: Scene) -> Built:
        """An invoice: the ways from it are those of its own service date, wave and direction."""
        detail = self.board.invoice(scene.place, scene.moment)
        own = replace(scene, place=invoice.own_place(scene, detail))
        tree = invoice.build(own, detail)
        hubs = self._around(own, detail.line.camp or UNMAPPED, detail.line.friend or UNASSIGNED)
        return Built(scene, tree, hubs, scene.place.hub, None, _by_name(scene.live), own)

    def _around(self, scene: Scene, camp: str, friend: str) -> Hubs | None:
        """The hubs around a Friend, with the way down also to one who has no row at this moment."""
        place, moment = scene.place, scene.moment
        scopes: list[tuple[Level, str | None]] = [
            ("friend", f"{camp}/{friend}"), ("camp", camp), ("nationwide", None)
        ]  # fmt: skip
        for lacking, (level, hub) in enumerate(scopes):
            found = load_hubs(self.board, replace(place, level=level, hub=hub), moment)
            if found is None:
                continue
            names = (("camp", camp, scene.camp_name(camp), None), ("friend", friend, scene.friend_name(friend), camp))
            steps = [(step, Node(hub_id, name, name, above, {})) for step, hub_id, name, above in names]
            return replace(found, path=[*found.path, *steps[len(steps) - lacking :]])
        return None

    def _proof(self, scene: Scene, metric: str) -> Proof:
        """Read once for all who look at one scope in one generation, in whatever language."""
        place, moment = scene.place, scene.moment
        if metric.partition(".")[0] not in metrics_for(place.direction):
            raise Refused("error.metric", metric=metric)
        asked = Place(place.level, place.hub, moment.day, place.wave, place.direction, proof=metric)
        proof = self._proofs.get(
            (asked, moment.generation), lambda: drawer.ordered(self.board.proof(place, moment, metric))
        )
        self._opened.put(scene.proof_key, (scene, proof))
        return proof

    def proof_rows(self, key: str, start: int, end: int) -> dict[str, Any] | None:
        """A block of an open drawer's rows; None where the proof is no longer remembered."""
        known = self._opened.get(key)
        return None if known is None else drawer.rows_of(known[0], known[1], start, end)

    def remember(self, built: Built) -> None:
        """Keep the parts as they are sent now, so that the next refresh can send what changed of them alone."""
        for name, part in built.parts.items():
            key = (part.id, built.digests[name])
            if part.prop == "rowData":
                if self._rows.get(key) is None:
                    self._rows.put(key, {row["id"]: row for row in part.value})
            elif part.prop in PATCHED and self._sent.get(key) is None:
                self._sent.put(key, part.written)

    def changes(self, built: Built, shown: dict[str, str]) -> dict[str, dict[str, Any]]:
        """Properties by component id that differ from what is shown (digests by part)."""
        changed: dict[str, dict[str, Any]] = {}
        for name, part in built.parts.items():
            if shown.get(name) == built.digests[name]:
                continue
            props = changed.setdefault(part.id, {})
            before = self._rows.get((part.id, shown.get(name))) if part.prop == "rowData" else None
            if before is not None:
                props["rowTransaction"] = _transaction(before, part.value)
            else:
                props[part.prop] = self._patch(built, name, part, shown.get(name)) or part.value
        return changed

    def _patch(self, built: Built, name: str, part: Live, shown: str | None) -> dict[str, Any] | None:
        """What makes the part of it that is shown, by its digest, the present one; None: only the whole part does."""
        before = None if shown is None else self._sent.get((part.id, shown))
        if shown is None or before is None:
            return None
        if (name, shown) not in built.patches:
            built.patches[name, shown] = patch(before, part.written)
        return built.patches[name, shown]


def _transaction(before: dict[str, Row], rows: list[Row]) -> dict[str, list[Row]]:
    """What turns the rows shown into the new ones."""
    now = {row["id"] for row in rows}
    return {
        "add": [row for row in rows if row["id"] not in before],
        "update": [row for row in rows if row["id"] in before and before[row["id"]] != row],
        "remove": [row for key, row in before.items() if key not in now],
    }


def _moment(at: int, data_to: int | None, day: date, *, live: bool) -> Moment:
    """The moment of a screen that no figure of a service date is on."""
    return Moment(day, at, at, data_to, str(at), live, False, str(DEFINITION_VERSION))


def _by_name(live: list[Live]) -> dict[str, Live]:
    return {f"{part.id}.{part.prop}": part for part in live}


def frame(built: Built, screens: Collection[Screen]) -> dict[str, dict[str, Any]]:
    """Properties of the frame for a screen, by component id. screens: those that can be gone to."""
    scene = built.scene
    return {
        "rail": {"children": shell.rail(scene.place, scene.board.zone, screens)},
        "crumbs": {"children": shell.crumbs(built.way or scene, built.hubs, built.tail)},
        "filters": {"children": shell.filters(scene)},
        "export": {"children": shell.export_menu(scene, built.tables)},
        "lang": {"children": shell.language(scene)},
        "fixed": {"children": shell.fixed_banner(scene)},
        "screen": {"children": built.tree},
        "drawer-slot": {"children": built.drawer},
    }
