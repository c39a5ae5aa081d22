"""The frame of every screen: rail, header with path, date, wave, direction, as-of line, refresh, theme, language."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard.icons import icon
from dashboard.parts import link, shape
from dashboard.place import COMPARES, HUB_SCREENS, SCREENS, Place, Screen
from dashboard.scene import Hubs, Scene, hub_name
from hubstat.figures import formats as fm
from hubstat.figures.formats import Lang
from hubstat.figures.texts import text, wave_name

REFRESH_CHOICES: Final = (1, 2, 5, 10, 30)
# Forms of an exported file.
FORMATS: Final = ("csv", "xlsx")
EXPORT_WORDS: Final = ("running", "rows", "cancel", "cancelled", "failed", "done")


def layout(refresh_seconds: float, lang: Lang) -> dmc.MantineProvider:
    """The page as first sent: the frame, and a skeleton where the screen will be."""
    choices = sorted({*REFRESH_CHOICES, refresh_seconds})
    return dmc.MantineProvider(
        [
            dcc.Location(id="url", refresh=False),
            dcc.Store(id="pulse"),
            dcc.Store(id="changes"),
            dcc.Store(id="tick"),
            dcc.Store(id="look"),
            dcc.Store(id="theme", storage_type="local"),
            dcc.Store(id="sink"),
            html.A(text("nav.skip", lang), href="#screen", className="skip", id="skip"),
            html.Nav(className="rail", id="rail", **{"aria-label": text("nav.main", lang)}),
            html.Header(
                [
                    html.Div(id="crumbs", className="crumbs"),
                    html.Div(id="filters", className="filters"),
                    html.Div(
                        [
                            html.Div(id="asof", className="asof", role="status", **{"aria-live": "off"}),
                            html.Div(_refresh(choices, refresh_seconds, lang), className="refresh", id="refresh"),
                            html.Button(icon("theme"), id="theme-button", className="ghost", type="button",
                                        **{"aria-label": text("theme.toggle", lang)}),
                            html.Div(id="export", className="export"),
                            html.Div(id="lang", className="lang"),
                        ],
                        className="header-right",
                    ),
                ],
                className="header",
            ),
            html.Aside([html.Div(_stale(lang), id="stale", className="banner banner-stale"), html.Div(id="fixed")]),
            html.Main(_skeleton(lang), id="screen", className="page", tabIndex="-1"),
            html.Div(id="drawer-slot"),
            # The verdict is told here, when it reads otherwise and not at every refresh (``assets/board.js``).
            html.Div(id="said", className="sr", **{"aria-live": "polite"}),
        ],
        id="mantine",
        theme={"fontFamily": "inherit", "primaryColor": "blue", "defaultRadius": 6, "respectReducedMotion": True},
    )  # fmt: skip


def rail(place: Place, zone: ZoneInfo, screens: Collection[Screen]) -> list[Any]:
    """The way to every screen: the hub, date and moment of the address go along."""
    name = text("app.title", place.lang)
    home = link(html.Span("hs", className="logo"), "/", "rail-home", **{"aria-label": name})
    return [home, *(_rail_item(place, zone, screen) for screen in SCREENS if screen in screens)]


def _rail_item(place: Place, zone: ZoneInfo, screen: Screen) -> html.A:
    here = screen == place.screen
    return link(
        [icon(screen), html.Span(text(f"nav.{screen}", place.lang))],
        to_screen(place, screen).search(zone),
        "rail-item" + (" on" if here else ""),
        **({"aria-current": "page"} if here else {}),
        **{"data-screen": screen},
    )


def to_screen(place: Place, screen: Screen) -> Place:
    """The same hub on another screen, or the nearest above it that the screen knows."""
    there = place.go(screen=screen)
    if screen == "returns" and place.level in ("friend", "invoice"):
        camp = place.camp
        there = there.go(level="camp", hub=camp) if camp else there.go(level="nationwide", hub=None)
    if place.screen == "returns" and screen != "returns":
        there = there.go(direction="DELIVERY")
    return there


def _refresh(choices: Sequence[float], chosen: float, lang: Lang) -> list[Any]:
    return [
        html.Button(
            icon("pause"), id="pause", type="button", className="pause",
            **{"aria-label": text("refresh.pause", lang), "aria-pressed": "false"},
        ),
        dmc.Select(
            id="interval", data=_interval_names(choices, lang), value=f"{chosen:g}", persistence=True,
            persistence_type="local", allowDeselect=False, withCheckIcon=False, size="xs", w=64,
            **{"aria-label": text("refresh.label", lang)},
        ),
    ]  # fmt: skip


def _interval_names(choices: Sequence[float], lang: Lang) -> list[dict[str, str]]:
    return [{"value": f"{n:g}", "label": text("refresh.seconds", lang, n=f"{n:g}")} for n in choices]


def _stale(lang: Lang) -> list[Any]:
    return [
        # The age changes every second: a screen reader is told the rest alone.
        html.Span(
            [html.B(id="stale-time"), html.B(text("stale.title", lang)), " ", html.Span(text("stale.text", lang))],
            role="alert",
        ),
        html.Span([html.Span(text("stale.age", lang) + " "), html.Span(id="stale-age")], className="quiet"),
        html.Span(id="stale-cause", className="quiet"),
        html.Button(text("stale.retry", lang), id="stale-retry", type="button", className="button"),
    ]


def _skeleton(lang: Lang) -> html.Div:
    blocks = [html.Div(className=f"bone bone-{name}") for name in ("verdict", "tiles", "chart", "table")]
    return html.Div(
        [html.H1(text("loading", lang), className="sr"), *blocks], className="skeleton", **{"aria-busy": "true"}
    )


def words(lang: Lang, refresh_seconds: float) -> dict[str, dict[str, Any]]:
    """Properties of the frame that depend on the language, by component id."""
    choices = sorted({*REFRESH_CHOICES, refresh_seconds})
    return {
        "skip": {"children": text("nav.skip", lang)},
        "rail": {"aria-label": text("nav.main", lang)},
        "pause": {"aria-label": text("refresh.pause", lang)},
        "interval": {"data": _interval_names(choices, lang), "aria-label": text("refresh.label", lang)},
        "theme-button": {"aria-label": text("theme.toggle", lang)},
        "stale": {"children": _stale(lang)},
    }


def crumbs(scene: Scene, hubs: Hubs | None, tail: str | None = None, label: str = "nav.path") -> Any:
    """The way down to this screen, each step a link; the last one opens its siblings. label: what it is the way of."""
    steps: list[Any] = []
    path = hubs.path if hubs else []
    for index, (level, node) in enumerate(path):
        last = index == len(path) - 1 and tail is None
        name = hub_name(node, level, scene.lang)
        if not last:
            steps.append(html.Li(link(name, _to(scene, level, node.hub, node.parent), "crumb")))
        elif hubs and len(hubs.siblings) > 1:
            steps.append(html.Li(_siblings(scene, hubs, level, name)))
        else:
            steps.append(html.Li(html.Span(name, className="crumb here", **{"aria-current": "page"})))
    if tail is not None:
        steps.append(html.Li(html.Span(tail, className="crumb here", **{"aria-current": "page"})))
    return html.Nav(html.Ol(steps), **{"aria-label": scene.say(label)})


def _to(scene: Scene, level: str, hub: str, parent: str | None) -> str:
    if level == "nationwide":
        return scene.href(level=level, hub=None)
    return scene.href(level=level, hub=f"{parent}/{hub}" if level == "friend" else hub)


def _siblings(scene: Scene, hubs: Hubs, level: str, name: str) -> html.Details:
    others = [
        link(hub_name(node, level, scene.lang), _to(scene, level, node.hub, node.parent), "menu-item")
        for node in hubs.siblings
    ]
    opener = html.Summary(
        [html.Span(name), html.Span("⌄", **{"aria-hidden": "true"}, className="caret")],
        className="crumb here",
        title=scene.say("nav.siblings"),
    )
    return _menu(opener, [html.Li(each) for each in others])


def _menu(opener: html.Summary, items: list[Any], side: str = "left") -> html.Details:
    """A list that opens below its opener; Escape and a click elsewhere close it (``assets/screens.js``)."""
    return html.Details([opener, html.Ul(items, className=f"menu-list menu-{side}")], className="menu")


def filters(scene: Scene) -> list[Any]:
    """Service date, wave and direction: links, so that each choice is an address. None on a screen of no hub."""
    place = scene.place
    if place.screen not in HUB_SCREENS:
        return []
    day = scene.moment.day
    waves = [wave.wave for wave in scene.board.waves(day)] + ["all"]
    running = [other for other in scene.board.active_dates() if other != day]
    parts: list[Any] = [
        html.Div(
            [
                _step(scene, "‹", day - timedelta(days=1), "date.previous"),
                html.Label(
                    [
                        html.Span(fm.day(day, scene.lang), className="date-text"),
                        html.Span(scene.say("date.choose"), className="sr"),
                        dcc.Input(id="date", type="date", value=day.isoformat(), className="date-native"),
                    ],
                    className="date-label",
                ),
                _step(scene, "›", day + timedelta(days=1), "date.next"),
            ],
            className="control date",
        ),
        *[
            link(fm.short_day(other, scene.lang), scene.href(day=other), "control chip",
                 title=scene.say("date.running"))
            for other in running
        ],
    ]  # fmt: skip
    if place.level != "invoice":
        parts.append(_switch(scene, "wave", waves, place.wave))
        if place.screen == "status":
            parts.append(_switch(scene, "direction", ["DELIVERY", "RETURN"], place.direction))
            parts.append(_compare(scene))
    return parts


def _compare(scene: Scene) -> html.Details:
    """With which earlier moment the figures are compared."""
    chosen = scene.place.compare
    named = f"{scene.say('compare.label')}: {scene.say(f'compare.{chosen}')}" if chosen else scene.say("compare.label")
    opener = html.Summary(
        [html.Span(named), html.Span("⌄", **{"aria-hidden": "true"}, className="caret")],
        className="control chip compare" + (" on" if chosen else ""),
    )
    choices = [
        link(scene.say(f"compare.{each or 'none'}"), scene.href(compare=each), "menu-item")
        for each in (None, *COMPARES)
    ]
    return _menu(opener, [html.Li(each) for each in choices])


def _step(scene: Scene, sign: str, day: date, words: str) -> html.A:
    return link(sign, scene.href(day=day), "step", **{"aria-label": scene.say(words)})


def _switch(scene: Scene, field: str, values: Sequence[str], chosen: str) -> html.Div:
    return html.Div(
        [
            link(
                wave_name(value, scene.lang) if field == "wave" else scene.say(f"{field}.{value}"),
                scene.href(**{field: value}),
                "seg" + (" on" if value == chosen else ""),
                **({"aria-current": "true"} if value == chosen else {}),
            )
            for value in values
        ],
        className="switch",
        role="group",
        **{"aria-label": scene.say(f"{field}.label")},
    )


def as_of_line(scene: Scene) -> list[Any]:
    """``기준 15:04:30 KST · 자료 15:04:12까지``: always visible where there are figures. Whether the page itself is
    paused only the browser knows: it shows that word."""
    if scene.place.screen == "dictionary":
        return []
    moment = scene.moment
    zone = fm.zone_name(str(scene.board.zone))
    parts: list[Any] = [
        html.Span(className="disc" + (" disc-live" if moment.live else ""), **{"aria-hidden": "true"}),
        html.Span(
            scene.say("asof.line", time=scene.clock(moment.as_of, seconds=True), zone=zone), className="asof-time"
        ),
    ]
    if moment.data_to is not None or moment.live:
        data = scene.say("asof.data_unknown")
        if moment.data_to is not None:
            data = scene.say("asof.data", time=scene.clock(moment.data_to, seconds=True))
        behind = not scene.hears
        parts.append(
            html.Span([" · ", shape("risk") if behind else None, data], className="asof-behind" if behind else "")
        )
    if moment.live:
        parts.append(html.Span([" · ", scene.say("refresh.paused")], className="asof-paused"))
    return parts


def fixed_banner(scene: Scene) -> list[Any]:
    """Where the moment is fixed, by the address or as the date is closed: which, by which knowledge, the way back."""
    moment = scene.moment
    if moment.live or scene.place.screen not in HUB_SCREENS:
        return []
    # Of a closed date there is no now to go back to.
    day = None if moment.closed else scene.place.day
    line = scene.say(
        "asof.fixed_line",
        as_of=scene.clock(moment.as_of, seconds=True),
        known_at=scene.clock(moment.known_at, seconds=True),
        zone=fm.zone_name(str(scene.board.zone)),
    )
    return [
        html.Div(
            [
                html.Span([icon("pause"), html.B(scene.say("asof.fixed" if scene.place.fixed else "asof.closed"))]),
                html.Span(line),
                _knowledge(scene),
                link(scene.say("asof.now"), scene.href(as_of=None, known_at=None, day=day), "button"),
            ],
            className="banner banner-fixed",
        )
    ]


def _knowledge(scene: Scene) -> html.Div:
    """What is known counts as it was at the moment, or as it is now."""
    as_of, then = scene.moment.as_of, scene.moment.known_at == scene.moment.as_of
    modes = (("mode.known", then, as_of), ("mode.true", not then, None))
    return html.Div(
        [
            link(
                scene.say(word),
                scene.href(as_of=as_of, known_at=known_at),
                "seg" + (" on" if on else ""),
                **({"aria-current": "true"} if on else {}),
            )
            for word, on, known_at in modes
        ],
        className="switch",
        role="group",
        **{"aria-label": scene.say("mode.label")},
    )


def export_menu(scene: Scene, tables: Sequence[tuple[str, str]]) -> list[Any]:
    """What of the screen can be taken along: (name, title) of each table, as CSV or XLSX; and the words of the way."""
    told = {f"data-{key}": scene.say(f"export.{key}") for key in EXPORT_WORDS}
    children: list[Any] = [html.Span(id="export-words", hidden=True, **told)]
    if not tables:
        return children
    items: list[Any] = []
    for name, title in tables:
        files = [
            html.A(form.upper(), href=export_address(scene, name, form), **{"aria-label": f"{title} {form.upper()}"})
            for form in FORMATS
        ]
        items.append(html.Li([html.Span(title), html.Span(files, className="menu-files")], className="menu-row"))
    words = scene.say("export.open")
    opener = html.Summary(icon("download"), className="ghost", title=words, **{"aria-label": words})
    return [*children, _menu(opener, items, "right")]


def export_address(scene: Scene, name: str, form: str, listed: tuple[int, int] | None = None) -> str:
    """Address of the file of a table; the browser's part shows how far it is and lets it be cancelled.

    listed: (T, K) of an open list, ms: not what the screen has moved on to.
    """
    at = "" if listed is None else "&listed_at={}&listed_known={}".format(*listed)
    return f"/export{scene.here()}&table={name}&format={form}{at}"


def language(scene: Scene) -> html.A:
    """The switch to the other language; everything else stays."""
    other = "en" if scene.lang == "ko" else "ko"
    return link(
        scene.say("lang.switch"),
        scene.place.go(lang=other, proof=scene.place.proof).search(scene.board.zone),
        "ghost lang-link",
        **{"data-keep": "q", "lang": other},
    )
