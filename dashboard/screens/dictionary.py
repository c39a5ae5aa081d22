"""The dictionary: every metric of the registry, found by word, linked by ``?metric=``, with its worked example."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from dash import dcc, html

from dashboard.causes import Refused
from dashboard.parts import card, card_head, link
from dashboard.scene import Scene
from dashboard.sheets import Head, Sheet
from hubstat.domain.metrics import DEFINITION_VERSION
from hubstat.examples import SERVICE_DATE, Example
from hubstat.figures.dictionary import Entry, entries, entry_of, example_value, formula
from hubstat.figures.texts import text, wave_name

_FIRST: Final = "due"
_GROUP: Final = "dictionary.group"


def build(scene: Scene) -> html.Div:
    """The screen. Raises ``Refused`` where the address names a metric that there is none of."""
    found = entries()
    chosen = entry_of(scene.place.metric or _FIRST, scene.place.direction)
    if chosen is None:
        raise Refused("dictionary.unknown", metric=scene.place.metric)
    scene.sheets["metrics"] = _sheet(scene, found)
    title = html.H1(scene.say("dictionary.title", n=len(found)), className="headline", id="headline", tabIndex="-1")
    version = html.Span(scene.say("dictionary.version", n=DEFINITION_VERSION), className="tag")
    return html.Div(
        [
            card([html.Div([title, version], className="verdict-head")], "verdict"),
            html.Div([_list(scene, found, chosen), _detail(scene, chosen)], className="dictionary"),
        ],
        className="screen",
    )


def _name(scene: Scene, entry: Entry) -> str:
    return entry.metric.label_en if scene.lang == "en" else entry.metric.label_ko


def _sentence(scene: Scene, entry: Entry) -> str:
    return entry.metric.sentence_en if scene.lang == "en" else entry.metric.sentence_ko


def _list(scene: Scene, found: list[Entry], chosen: Entry) -> html.Section:
    search = html.Div(
        [
            html.Label(scene.say("dictionary.search"), htmlFor="metric-search", className="sr"),
            dcc.Input(
                id="metric-search",
                type="search",
                placeholder=f"{scene.say('dictionary.search')}: {scene.say('dictionary.search_hint')}",
                className="search",
                autoComplete="off",
            ),
            html.Output(id="metric-found", className="sr", **{"aria-live": "polite"}),
        ],
        className="search-box",
    )
    groups: list[Any] = []
    for group, members in groupby(found, key=lambda entry: entry.group):
        rows = [_row(scene, entry, entry.key == chosen.key) for entry in members]
        groups.append(
            html.Section(
                [html.H3(text(f"{_GROUP}.{group}", scene.lang), className="metric-group"), html.Ul(rows)],
                **{"data-metric-group": group},
            )
        )
    none = html.P(scene.say("dictionary.none"), className="calm", id="metric-none", hidden=True)
    return card(
        [
            card_head(scene.say("dictionary.list"), None, str(len(found))),
            search,
            html.Div([*groups, none], className="metric-list"),
        ],
        "metric-index",
    )


def _row(scene: Scene, entry: Entry, here: bool) -> html.Li:
    metric = entry.metric
    words = (metric.id, metric.label_ko, metric.label_en, metric.sentence_ko, metric.sentence_en)
    href = scene.href(metric=metric.id, direction=metric.directions[0])
    return html.Li(
        link(
            [html.Span(_name(scene, entry), className="metric-name"), html.Code(metric.id, className="metric-id")],
            href,
            "metric-row" + (" on" if here else ""),
            **({"aria-current": "true"} if here else {}),
            **{"data-keep": "q"},
        ),
        **{"data-words": " ".join(words).casefold(), "data-entry": entry.key},
    )


def _detail(scene: Scene, entry: Entry) -> html.Section:
    metric = entry.metric
    facts = [
        ("id", html.Code(metric.id)),
        ("unit", scene.say(f"unit.{metric.unit}")),
        ("direction", " · ".join(scene.say(f"direction.{each}") for each in metric.directions)),
        ("better", scene.say(f"dictionary.better.{metric.better or 'none'}")),
        ("adds", scene.say(f"dictionary.adds.{'yes' if metric.additive else 'no'}")),
    ]
    other = metric.label_ko if scene.lang == "en" else metric.label_en
    return card(
        [
            html.Div(
                [
                    html.H2(_name(scene, entry), className="metric-title"),
                    html.Span(other, className="quiet", lang="ko" if scene.lang == "en" else "en"),
                ],
                className="metric-head",
            ),
            html.P(f"{_sentence(scene, entry)}.", className="metric-sentence"),
            html.H3(scene.say("dictionary.formula"), className="metric-sub"),
            html.Pre(formula(metric.measure, scene.lang), className="metric-formula", tabIndex="0"),
            html.Ul(
                [
                    html.Li([html.Span(scene.say(f"dictionary.{key}")), html.Span(value, className="pair-value")])
                    for key, value in facts
                ],
                className="pairs metric-facts",
            ),
            *[_example(scene, each) for each in entry.examples],
        ],
        "metric-detail",
        **{"data-metric-shown": metric.id},
    )


def _example(scene: Scene, example: Example) -> html.Div:
    where = [scene.say("hub.nationwide") if example.level == "nationwide" else example.hub]
    where.append(scene.say(f"direction.{example.direction}"))
    if example.wave != "all":
        where.append(wave_name(example.wave, scene.lang))
    where.append(scene.say("dictionary.example_as_of", time=example.as_of))
    if example.known_at is not None:
        where.append(scene.say("dictionary.example_known_at", time=example.known_at))
    return html.Div(
        [
            html.H3(scene.say("dictionary.example"), className="metric-sub"),
            html.Div(scene.say("dictionary.example_of", day=SERVICE_DATE, where=" · ".join(where)), className="quiet"),
            html.Div(example_value(example.expected), className="metric-value"),
            html.P(example.reckoning, className="metric-reckoning", lang="en"),
            html.P(scene.say("dictionary.example_note"), className="hint"),
        ],
        className="metric-example",
    )


def _sheet(scene: Scene, found: list[Entry]) -> Sheet:
    keys = ("id", "name", "unit", "direction", "better", "adds", "definition", "formula", "example")
    rows = [
        {
            "id": entry.metric.id,
            "name": _name(scene, entry),
            "unit": scene.say(f"unit.{entry.metric.unit}"),
            "direction": ", ".join(entry.metric.directions),
            "better": scene.say(f"dictionary.better.{entry.metric.better or 'none'}"),
            "adds": scene.say(f"dictionary.adds.{'yes' if entry.metric.additive else 'no'}"),
            "definition": _sentence(scene, entry),
            "formula": formula(entry.metric.measure, scene.lang),
            "example": " | ".join(f"{example_value(each.expected)}: {each.reckoning}" for each in entry.examples),
        }
        for entry in found
    ]
    heads = [Head(key, scene.say(f"dictionary.{key}")) for key in keys]
    return Sheet("metrics", scene.say("dictionary.list"), heads, rows)
