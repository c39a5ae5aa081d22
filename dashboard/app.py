"""The dashboard's application: Dash on FastAPI, its callbacks, and the server it runs under."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import sys
import uuid
from typing import Any, Final

import uvicorn
from dash import MATCH, ClientsideFunction, Dash, Input, Output, State, ctx, no_update

from aggregations.elsewhere import COLLECTED
from dashboard import drawer, shell
from dashboard.board import Board, Moment
from dashboard.causes import Refused, told
from dashboard.crowd import Crowd
from dashboard.desk import Desk
from dashboard.desk_actions import add_desk_callbacks
from dashboard.export_route import add_export_route
from dashboard.live import Built, Screens, frame, screen_key
from dashboard.packing import Packing
from dashboard.place import HUB_SCREENS, Place, lang_of, parse
from dashboard.scene import Scene
from dashboard.screens import states
from dashboard.watch import Watch
from hubstat.errors import AccessError, HubstatError
from hubstat.figures.formats import Lang
from hubstat.figures.palette import Theme
from hubstat.figures.texts import text
from hubstat.settings import DashboardSettings

log = logging.getLogger(__name__)

# A thread that makes a snapshot gives way to an answer after so long: an answer needs the interpreter some ten times.
_SWITCH_SECONDS: Final = 0.0005
# Longer than the longest interval of refreshes: a page asks over the connection that it has.
_KEPT_ALIVE_SECONDS: Final = 75
# A page asks so much later than another one (ms): some times as long as an answer takes, as a tick is made meanwhile.
_APART_MS: Final = 20

CSP: Final = (
    "default-src 'self'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'"
)


# (component, property) of the frame that a screen fills, or that depends on the language.
FRAME: Final = (
    *((slot, "children") for slot in ("crumbs", "filters", "lang", "fixed", "screen", "drawer-slot", "asof", "export")),
    *((part, "children") for part in ("skip", "rail", "stale")),
    *((control, "aria-label") for control in ("rail", "pause", "theme-button", "interval")),
    ("interval", "data"),
)


# Parts of the frame that depend on which drawer is open: it, and the ways that keep it open.
PROVING: Final = ("drawer-slot", "crumbs", "lang", "export")


def create_app(board: Board, settings: DashboardSettings, watch: Watch | None = None, desk: Desk | None = None) -> Dash:
    """The Dash application over a board. Nothing is loaded from another host.

    watch: looks at the installation; without it there is no screen of the system. desk: of the mailed reports;
    without it there is no screen of theirs.
    """
    app = Dash(
        "dashboard",
        backend="fastapi",
        title="hubstat",
        update_title=None,
        serve_locally=True,
        compress=True,
        suppress_callback_exceptions=True,
        add_log_handler=False,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    # Callbacks go by HTTP; without this every viewer would hold an idle socket as well.
    app.backend.websocket_capability = False
    # Until the first screen says which language it is in.
    app.index_string = app.index_string.replace("<html>", f'<html lang="{settings.language}">')
    app.layout = shell.layout(settings.refresh_seconds, settings.language)
    _client_callbacks(app)
    screens = Screens(board, watch, desk)
    _server_callbacks(app, screens, settings)
    if desk is not None:
        add_desk_callbacks(app, screens, desk, settings.language)
    add_export_route(app, screens, settings.language)
    _headers(app)
    return app


def _client_callbacks(app: Dash) -> None:
    """Theme, refresh interval and arming of the next refresh happen in the browser (``assets/board.js``)."""

    def client(name: str) -> ClientsideFunction:
        return ClientsideFunction("hubstat", name)

    app.clientside_callback(client("look"), Output("look", "data"), Input("theme", "data"))
    app.clientside_callback(client("scheme"), Output("mantine", "forceColorScheme"), Input("look", "data"))
    app.clientside_callback(
        client("toggle"),
        Output("theme", "data"),
        Input("theme-button", "n_clicks"),
        State("look", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        client("answered"),
        Output("sink", "data"),
        Input("pulse", "data"),
        Input("interval", "value"),
        State("changes", "data"),
    )
    app.clientside_callback(
        client("closed"), Output("drawer-slot", "className"), Input("drawer", "opened"), prevent_initial_call=True
    )


def _server_callbacks(app: Dash, screens: Screens, settings: DashboardSettings) -> None:
    updates = Updates(screens, settings)
    packing = Packing()

    @app.callback(
        # All goes by outputs: the page ignores those of an answer that a later request has overtaken. So what changed
        # within parts is applied together with the pulse that says so, or not at all.
        [
            Output("pulse", "data"),
            Output("changes", "data"),
            *(Output(component, prop) for component, prop in FRAME),
        ],
        Input("url", "search"),
        Input("look", "data"),
        Input("tick", "data"),
        State("pulse", "data"),
    )
    async def update(search: str, look: str | None, tick: Any, pulse: dict[str, Any] | None) -> Any:
        if look is None:
            return [no_update] * (2 + len(FRAME))
        if ctx.triggered_id == "tick" and tick:
            # Part of the address changes in the browser alone, without a move: the location's own value is behind.
            search = tick["search"]
        # Figures block; the event loop has other viewers to serve.
        answer, props = await asyncio.to_thread(updates.answer, search or "", look, pulse)
        packed = {component: packing.of(values) for component, values in props.items()}
        framed = [packed.get(component, {}).pop(prop, no_update) for component, prop in FRAME]
        changes = {"seq": answer["seq"], "props": {component: values for component, values in packed.items() if values}}
        return [answer, changes, *framed]

    @app.callback(
        Output({"type": "proof-grid", "key": MATCH}, "getRowsResponse"),
        Input({"type": "proof-grid", "key": MATCH}, "getRowsRequest"),
        State({"type": "proof-grid", "key": MATCH}, "id"),
        prevent_initial_call=True,
    )
    async def rows(request: dict[str, int] | None, component: dict[str, str]) -> Any:
        if not request:
            return no_update
        found = await asyncio.to_thread(screens.proof_rows, component["key"], request["startRow"], request["endRow"])
        return no_update if found is None else found


class Updates:
    """Answers one request of a page: the whole screen after a move, else what changed."""

    def __init__(self, screens: Screens, settings: DashboardSettings) -> None:
        self._screens: Final = screens
        self._settings: Final = settings
        self._crowd: Final = Crowd(settings.refresh_seconds)

    def answer(
        self, search: str, look: str, pulse: dict[str, Any] | None
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """The new pulse, and properties to set by component id. Never raises for a reader's failure: the last good
        screen stays and is marked stale; a first screen that fails shows why."""
        zone = self._screens.board.zone
        theme: Theme = "dark" if look == "dark" else "light"
        lang: Lang = self._settings.language
        pulse = pulse or {}
        try:
            place = parse(search, zone, lang)
        except Refused as error:
            chosen = lang_of(search, lang)
            cause = text("error.place", chosen, what=told(error, chosen))
            return self._failed(Place(lang=chosen), search, cause, pulse, "")
        key = screen_key(place, theme)
        try:
            return self._screen(place, theme, key, search, pulse)
        except AccessError as error:
            log.info("no right: %s", error)
            return self._failed(place, search, told(error, place.lang), pulse, "", right=False)
        except HubstatError as error:
            return self._failed(place, search, told(error, place.lang), pulse, key)
        except Exception:
            reference = f"e-{uuid.uuid4().hex[:6]}"
            log.exception("screen failed", extra={"reference": reference, "search": search})
            return self._failed(place, search, text("error.unexpected", place.lang, ref=reference), pulse, key)

    def _screen(
        self, place: Place, theme: Theme, key: str, search: str, pulse: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        moved = pulse.get("key") != key or not pulse.get("ok")
        moment = self._screens.moment(place)
        answer = {
            "key": key,
            "search": search,
            "ok": True,
            "live": moment.live,
            "day": moment.day.isoformat(),
            "seq": uuid.uuid4().hex,
            "generation": moment.generation,
            "lang": place.lang,
            "screen": place.screen,
            "next": self._next(moment) if place.screen in HUB_SCREENS else None,
        }
        waits = place.compare is not None and pulse.get("compared") is False
        same = (pulse.get("generation"), pulse.get("day")) == (moment.generation, moment.day.isoformat())
        asked = pulse.get("search") != search or pulse.get("proof") == []
        if not moved and not waits and same and not asked:
            line = shell.as_of_line(Scene(self._screens.board, place, moment, theme, key))
            time = pulse.get("time", "")
            kept = {name: pulse.get(name) for name in ("shown", "form", "compared", "proof")}
            return answer | kept | {"time": time}, {"asof": {"children": line}}
        built = self._screens.look(place, theme, moment)
        answer["compared"] = built.scene.before is not None
        if place.compare is not None and built.scene.before is None:
            answer["live"] = True  # a fixed moment too is asked again until what it is compared with has been read
        answer["shown"] = built.digests
        answer["time"] = built.scene.clock(moment.as_of, seconds=True)
        answer["form"] = built.form
        whole = moved or pulse.get("form") != built.form
        props = frame(built, self._screens.offered) if whole else self._screens.changes(built, pulse["shown"])
        answer["proof"] = self._open(built, pulse.get("proof"), whole, props)
        if moved and pulse.get("lang") != place.lang:
            for component, values in shell.words(place.lang, self._settings.refresh_seconds).items():
                props.setdefault(component, {}).update(values)
        props["asof"] = {"children": shell.as_of_line(built.scene)}
        self._screens.remember(built)
        return answer, props

    def _next(self, moment: Moment) -> tuple[int, int] | None:
        """In how long to ask for the next snapshot, and how long after it for another, ms; None: at any time.

        Pages that ask at the same time wait for each other: they are spread over some time, the more of them the more.
        """
        expected = self._screens.board.next_in(moment)
        if expected is None:
            return None
        apart = min(self._crowd.asked() * _APART_MS, 0.9 * expected[1])
        return expected[0] + round(random.uniform(0, apart)), expected[1]

    def _open(
        self, built: Built, shown: list[Any] | None, whole: bool, props: dict[str, dict[str, Any]]
    ) -> tuple[str, int, Any, Any] | None:
        """What is open after this answer: metric, moment (ms) and value of the screen it was opened on, last value.

        shown: the same of the page before it; empty where the page has closed the drawer by itself. Adds the drawer to
        the properties where another one is to be open, else what the screen has moved on to.
        """
        opened = built.opened
        if whole or opened is None or not shown or shown[0] != opened[0]:
            if not whole and (opened is not None or shown is not None):
                sent = frame(built, self._screens.offered)
                props |= {component: sent[component] for component in PROVING}
            return None if opened is None else (*opened, opened[2])
        metric, as_of, then, last = shown
        now = opened[2]
        if not drawer.same(last, now):
            props[drawer.SINCE] = {"children": drawer.since(built.scene, metric, (as_of, then), now)}
        return metric, as_of, then, now

    def _failed(
        self, place: Place, search: str, cause: str, pulse: dict[str, Any], key: str, *, right: bool = True
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        seq = uuid.uuid4().hex
        if pulse.get("key") == key and key and pulse.get("ok"):
            return pulse | {"seq": seq, "stale": cause, "next": None}, {}
        home = Place(lang=place.lang).search(self._screens.board.zone)
        answer = {"key": key, "search": search, "ok": False, "live": not place.fixed, "seq": seq, "lang": place.lang}
        shown = states.failed(place.lang, cause, home, search or "/")
        if not right:
            shown = states.no_right(place.lang, cause, home)
        return answer, {
            "screen": {"children": shown},
            "rail": {"children": shell.rail(place, self._screens.board.zone, self._screens.offered)},
            "drawer-slot": {"children": drawer.CLOSED},
            "fixed": {"children": []},
        }


def _headers(app: Dash) -> None:
    """Security headers on every answer; inline scripts are allowed by their hashes alone."""
    hashes = " ".join(app.csp_hashes())
    policy = CSP.format(hashes=hashes).encode()
    server = app.server

    class Headers:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            async def with_headers(message: Any) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = [
                        *message.get("headers", []),
                        (b"content-security-policy", policy),
                        (b"x-content-type-options", b"nosniff"),
                        (b"referrer-policy", b"same-origin"),
                    ]
                await send(message)

            await self.inner(scope, receive, with_headers if scope["type"] == "http" else send)

    server.add_middleware(Headers)


def serve(app: Dash, host: str, port: int) -> None:
    """Run the application until SIGINT or SIGTERM."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED)
    config = uvicorn.Config(
        app.server,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=_KEPT_ALIVE_SECONDS,
    )
    uvicorn.Server(config).run()
