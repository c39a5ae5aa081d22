"""Reports: runs with their state and error, resend; subscriptions; a preview, and a copy sent to oneself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from dash import dcc, html

from dashboard.board import Moment
from dashboard.causes import Refused
from dashboard.desk import Run, Subscription
from dashboard.markup import markup
from dashboard.parts import Shape, card, card_head, link, shape
from dashboard.place import Place
from dashboard.scene import Scene
from dashboard.sheets import Cells, Head, Sheet, plain_table
from hubstat.domain import time as tm
from hubstat.figures import formats as fm

RUNS: Final = 200
_SHAPES: Final[Mapping[str, Shape]] = {"sent": "ok", "failed": "late", "unknown": "late", "skipped": "risk"}
# Runs that did not arrive, and may be sent again by hand.
_RESENDABLE: Final = ("failed", "unknown", "skipped", "stored")


@dataclass(frozen=True, slots=True)
class Desktop:
    """What lies on the desk at one moment (ms)."""

    at: int
    runs: Sequence[Run]
    subscriptions: Sequence[Subscription]


@dataclass(frozen=True, slots=True)
class Asked:
    """The report that an address names: ``report|level:hub``."""

    report: str
    level: str
    hub: str

    def __str__(self) -> str:
        return f"{self.report}|{self.level}:{self.hub}"

    @classmethod
    def of(cls, order: str) -> Asked:
        """Read it. Raises ``Refused``."""
        report, bar, scope = order.partition("|")
        level, colon, hub = scope.partition(":")
        if not (report and bar and level and colon and hub):
            raise Refused("error.order", order=order)
        return cls(report, level, hub)


def wave_of(asked: Asked, place: Place) -> str | None:
    """The wave that a report is of, None for all. Raises ``Refused`` where the report is of one and none is chosen."""
    if place.wave == "all" and asked.report == "wave-close":
        raise Refused("error.wave_needed")
    return None if place.wave == "all" else place.wave


def date_of(place: Place, moment: Moment) -> date:
    """The service date of a preview: that of the address, else yesterday."""
    return place.day or moment.day - timedelta(days=1)


def build(scene: Scene, desktop: Desktop, preview: str | None) -> html.Div:
    """The screen. preview: HTML of the mail that the address names, None where it names none."""
    return html.Div(
        [
            _verdict(scene, desktop),
            html.Div(
                [
                    html.Div([_runs(scene, desktop.runs), _subscriptions(scene, desktop)], className="main-column"),
                    html.Div(_preview(scene, preview), className="side-column"),
                ],
                className="columns reports",
            ),
        ],
        className="screen",
    )


def _verdict(scene: Scene, desktop: Desktop) -> html.Section:
    lately = [run for run in desktop.runs if desktop.at - run.slot_at <= 24 * tm.HOUR]
    failed = [run for run in lately if run.state in ("failed", "unknown")]
    sent = sum(run.state == "sent" for run in lately)
    kind: Shape = "late" if failed else "ok" if sent else "ring"
    words = scene.say("reports.none_lately")
    if failed:
        words = scene.say("reports.trouble", n=fm.count(len(failed)), sent=fm.count(sent))
    elif lately:
        words = scene.say("reports.fine", sent=fm.count(sent), n=fm.count(len(lately)))
    head = html.H1([shape(kind), html.Span(words)], className="headline", id="headline", tabIndex="-1")
    active = sum(each.active for each in desktop.subscriptions)
    tag = html.Span(scene.say("reports.subscribed", n=fm.count(active)), className="tag")
    children = html.Div([head, tag], className="verdict-head")
    return card([markup(scene, "verdict", children)], "verdict")


def _heads(scene: Scene, *columns: tuple[str, str]) -> list[Head]:
    return [Head(key, scene.say(f"reports.col.{key}"), kind) for key, kind in columns]


def _report(scene: Scene, name: str) -> str:
    known = {"daily-provisional", "daily-final", "wave-close", "hourly-digest"}
    return scene.say(f"reports.name.{name}") if name in known else name


def _runs(scene: Scene, runs: Sequence[Run]) -> html.Section:
    heads = _heads(scene, ("slot", "time"), ("report", "text"), ("day", "date"), ("hub", "text"), ("recipient", "text"),
                   ("state", "text"), ("error", "words"))  # fmt: skip
    zone = scene.board.zone
    raw = [{"slot": tm.iso_local(run.slot_at, zone), "report": run.report, "day": run.service_date.isoformat(),
            "hub": f"{run.level}:{run.hub}", "recipient": run.recipient, "state": run.state, "error": run.error}
           for run in runs]  # fmt: skip
    none = html.P(scene.say("reports.no_runs"), className="calm")
    sheet = Sheet("runs", scene.say("reports.runs"), heads, raw)
    return card(
        [
            card_head(scene.say("reports.runs"), scene.say("reports.runs_hint")),
            dcc.Store(id="resend"),
            html.Div(id="resent", className="resent", role="status"),
            plain_table(scene, sheet, [_run(scene, run) for run in runs], none),
        ],
        "table-card",
    )


def _run(scene: Scene, run: Run) -> Cells:
    kind = _SHAPES.get(run.state, "ring")
    state: list[Any] = [shape(kind), scene.say(f"reports.state.{run.state}")]
    if run.attempts > 1:
        state.append(html.Span(f" {scene.say('reports.attempts', n=run.attempts)}", className="quiet"))
    error: list[Any] = [html.Span(run.error or "", className="tone-late" if kind == "late" else "quiet")]
    if run.state in _RESENDABLE:
        error.append(
            html.Button(
                scene.say("reports.resend"),
                type="button",
                className="button small",
                **{
                    "data-resend": run.id,
                    "aria-label": f"{scene.say('reports.resend')}: {_report(scene, run.report)}, {run.recipient}",
                },
            )
        )
    return {
        "slot": scene.clock(run.slot_at),
        "report": html.Span(_report(scene, run.report), className="strong"),
        "day": fm.short_day(run.service_date, scene.lang),
        "hub": run.hub,
        "recipient": run.recipient,
        "state": html.Span(state, className="tone-late" if kind == "late" else ""),
        "error": html.Span(error, className="run-error"),
    }


def _subscriptions(scene: Scene, desktop: Desktop) -> html.Section:
    heads = _heads(
        scene, ("name", "text"), ("recipient", "text"), ("hub", "text"), ("lang", "text"), ("reports", "text")
    )
    found = sorted(desktop.subscriptions, key=lambda each: (not each.active, each.name, each.hub))
    raw = [{"name": each.name, "recipient": each.recipient, "hub": f"{each.level}:{each.hub}", "lang": each.lang,
            "reports": ", ".join(each.reports)} for each in found]  # fmt: skip
    none = html.P(scene.say("reports.no_subscriptions"), className="calm")
    sheet = Sheet("subscriptions", scene.say("reports.subscriptions"), heads, raw)
    return card(
        [
            card_head(
                scene.say("reports.subscriptions"), scene.say("reports.subscriptions_hint"), fm.count(len(found))
            ),
            plain_table(scene, sheet, [_subscription(scene, each) for each in found], none),
        ],
        "table-card",
    )


def _subscription(scene: Scene, each: Subscription) -> Cells:
    quiet = "" if each.active else "quiet"
    links: list[Any] = []
    for report in each.reports:
        asked = Asked(report, each.level, each.hub)
        here = str(asked) == scene.place.order
        links.append(
            link(_report(scene, report), scene.href(order=str(asked)), "report-link" + (" on" if here else ""))
        )
    where = scene.say("hub.nationwide")
    if each.level != "nationwide":
        where = f"{scene.say(f'level.{each.level}')} {each.hub}"
    ended = html.Span(f" {scene.say('reports.ended')}", className="tag") if not each.active else None
    return {
        "name": html.Span([html.Span(each.name, className=quiet or "strong"), ended]),
        "recipient": html.Span(each.recipient, className=quiet),
        "hub": where,
        "lang": each.lang,
        "reports": html.Span(links, className="report-links"),
    }


def _preview(scene: Scene, preview: str | None) -> html.Section:
    if preview is None or scene.place.order is None:
        return card(
            [card_head(scene.say("reports.preview")), html.P(scene.say("reports.preview_none"), className="calm")],
            "side-card",
        )
    asked, day = Asked.of(scene.place.order), date_of(scene.place, scene.moment)
    title = f"{_report(scene, asked.report)} · {asked.hub} · {fm.day(day, scene.lang)}"
    return card(
        [
            card_head(
                scene.say("reports.preview"),
                title,
                html.Span(
                    [
                        _step(scene, "‹", day - timedelta(days=1), "previous"),
                        _step(scene, "›", day + timedelta(days=1), "next"),
                    ],
                    className="preview-days",
                ),
            ),
            html.Div(
                [
                    html.Label(scene.say("reports.to"), htmlFor="send-to", className="sr"),
                    dcc.Input(id="send-to", type="email", placeholder=scene.say("reports.to"), persistence=True,
                              persistence_type="local", autoComplete="email"),
                    html.Button(scene.say("reports.send"), id="send-now", type="button", className="button"),
                    html.Span(id="sent", role="status"),
                ],
                className="send-box",
            ),
            html.Iframe(srcDoc=preview, sandbox="", className="preview", title=title),
        ],
        "preview-card",
    )  # fmt: skip


def _step(scene: Scene, sign: str, day: date, words: str) -> html.A:
    return link(sign, scene.href(day=day), "step", **{"aria-label": scene.say(f"date.{words}")})
