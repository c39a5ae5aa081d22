"""An invoice: its state, why it counts where it counts, and every event with both clocks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dash import html

from dashboard.board import Detail, Event
from dashboard.markup import markup
from dashboard.parts import card, card_head, link, shape
from dashboard.place import Place
from dashboard.scene import UNASSIGNED, UNMAPPED, Scene
from hubstat.figures import formats as fm
from hubstat.figures.sentences import what_moves


def own_place(scene: Scene, detail: Detail) -> Place:
    """The invoice's place on its own service date and in its wave, where the address is of others."""
    place, day = scene.place, detail.service_date
    return replace(
        place,
        day=place.day if day in (None, scene.moment.day) else day,
        wave="all" if place.wave == "all" else detail.wave or "all",
    )


def build(scene: Scene, detail: Detail) -> html.Div:
    """The screen of an invoice."""
    line = detail.line
    late = line.late is not None
    title = html.H1(
        [
            shape("late" if late else "ring"),
            html.Span(scene.say("invoice.title", no=line.invoice_no)),
            html.Span(f" · {scene.say(f'state.{line.state}')}", className="tone-late" if late else "quiet"),
            html.Span(f" {fm.late(line.late, scene.lang)}", className="tone-late") if late else None,
        ],
        className="headline",
        id="headline",
        tabIndex="-1",
    )
    events = sorted(detail.events, key=lambda event: (event.time, event.received, event.event_id))
    rows = [(event.time, _event(scene, event)) for event in events]
    if line.promise is not None:
        rows.append((line.promise, _promise(scene, line.promise)))
    rows.sort(key=lambda row: row[0])
    return html.Div(
        [
            card([html.Div(html.Div(title, className="verdict-head"), **{"data-state": line.state})], "verdict"),
            html.Div(
                [
                    card(
                        [
                            card_head(scene.say("invoice.events", n=len(events)), scene.say("invoice.events_hint")),
                            markup(scene, "events", [row for _, row in rows], "ol", className="timeline"),
                        ],
                        "main-column",
                    ),
                    html.Div([_counts(scene, detail)], className="side-column"),
                ],
                className="columns",
            ),
        ],
        className="screen",
    )


def _counts(scene: Scene, detail: Detail) -> html.Section:
    line = detail.line
    camp, friend = line.camp or UNMAPPED, line.friend or UNASSIGNED
    moves = {"direction": line.direction}
    day = fm.day(detail.service_date, scene.lang) if detail.service_date else fm.NONE
    wave = detail.wave or "all"
    pairs: list[tuple[str, Any, Any]] = [
        ("date", day, detail.service_date),
        ("wave", what_moves(wave, line.direction, scene.lang), detail.wave),
        ("camp", link(scene.camp_name(camp), scene.href(level="camp", hub=camp, **moves)), camp),
        (
            "friend",
            link(scene.friend_name(friend), scene.href(level="friend", hub=f"{camp}/{friend}", **moves)),
            friend,
        ),
        ("promise", scene.clock(line.promise, seconds=True), line.promise),
        ("completed", scene.clock(line.completed_at, seconds=True), line.completed_at),
        ("state", scene.say(f"state.{line.state}"), line.state),
        ("why", line.why_en if scene.lang == "en" else line.why_ko, None),
    ]
    items = [
        html.Li(
            [html.Span(scene.say(f"invoice.counts.{key}")), html.Span(shown, className="pair-value")],
            **{"data-field": key, "data-value": "" if raw is None else str(raw)},
        )
        for key, shown, raw in pairs
    ]
    return card(
        [card_head(scene.say("invoice.counts")), markup(scene, "counts", items, "ul", className="pairs")],
        "side-card",
    )


def _promise(scene: Scene, at: int) -> html.Li:
    """The promise in force, among the events."""
    return html.Li(
        [
            html.Span(className="dot", **{"aria-hidden": "true"}),
            html.Time(scene.clock(at, seconds=True), className="event-time"),
            html.Div(
                [
                    html.Div(html.Span(scene.say("invoice.promise"), className="event-code")),
                    html.Div(scene.say("invoice.promise_hint"), className="event-meta"),
                ]
            ),
        ],
        className="event event-promise",
    )


def _event(scene: Scene, event: Event) -> html.Li:
    camp = scene.camp_name(event.camp) if event.camp else None
    friend = scene.friend_name(event.friend) if event.friend else None
    reason = scene.names.reason(event.reason, scene.lang) or event.reason if event.reason else None
    where = [part for part in (camp, friend, event.source, reason) if part]
    tags = []
    if not event.in_force:
        tags.append(html.Span(scene.say("invoice.out_of_force"), className="tag"))
    if event.note:
        tags.append(
            html.Span(scene.say(f"standing.{event.note}"), className="tag" + (" tag-late" if event.in_force else ""))
        )
    return html.Li(
        [
            html.Span(className="dot", **{"aria-hidden": "true"}),
            html.Time(scene.clock(event.time, seconds=True), className="event-time"),
            html.Div(
                [
                    html.Div([html.Span(scene.say(f"event.{event.code}"), className="event-code"), *tags]),
                    html.Div(
                        " · ".join(
                            [*where, scene.say("invoice.received", time=scene.clock(event.received, seconds=True))]
                        ),
                        className="event-meta",
                    ),
                ]
            ),
        ],
        className="event" + ("" if event.in_force else " event-off"),
        **{"data-event": event.event_id, "data-code": event.code, "data-time": str(event.time)},
    )
