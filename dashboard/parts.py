"""Small components that every screen uses: a figure with its raw value, shapes, links, tiles, cards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal
from urllib.parse import quote

import dash_mantine_components as dmc
import orjson
from dash import html

from dashboard.scene import Scene
from hubstat.figures.charts import sparkline
from hubstat.figures.palette import palette
from hubstat.figures.sentences import Part
from hubstat.figures.texts import definition, label

Shape = Literal["late", "risk", "ok", "ring", "none"]
_SHAPES: Final = {"late": "▲", "risk": "◆", "ok": "●", "ring": "○", "none": ""}


def figure(metric: str, value: Any, shown: Any, hub: str, class_name: str = "") -> html.Span:
    """A figure as text that carries its metric, its hub (``level:id``) and its raw value as JSON."""
    return html.Span(
        shown,
        className=f"n {class_name}".strip(),
        **{"data-metric": metric, "data-value": orjson.dumps(value).decode(), "data-hub": hub},
    )


def proved(scene: Scene, metric: str, value: Any, shown: Any, hub: str, class_name: str = "") -> html.A:
    """A figure of the screen's own hub, as a link to what it is made of. metric: ``m3.out`` for a part of a split."""
    return link(
        figure(metric, value, shown, hub, class_name),
        scene.href(proof=metric),
        "proved",
        **{"title": scene.say("tile.proof"), "data-proof": metric},
    )


def shape(kind: Shape) -> html.Span:
    """The shape that repeats a colour; hidden from screen readers because a word stands beside it."""
    return html.Span(_SHAPES[kind], className=f"shape shape-{kind}", **{"aria-hidden": "true"})


def link(children: Any, href: str, class_name: str = "", **more: Any) -> html.A:
    """A link within the board; it changes the address without loading the page again."""
    return html.A(children, href=href, className=class_name, **({"data-nav": "1"} | more))


def card(children: Sequence[Any], class_name: str = "", **more: Any) -> html.Section:
    """A card of the page."""
    return html.Section(list(children), className=f"card {class_name}".strip(), **more)


def card_head(title: Any, hint: Any = None, right: Any = None) -> html.Div:
    """Head of a card: title, a quiet hint, and what stands at its right."""
    return html.Div(
        [
            html.H2(title, className="card-title"),
            html.Span(hint, className="hint") if hint else None,
            html.Span(right, className="card-right") if right else None,
        ],
        className="card-head",
    )


def info(scene: Scene, metric: str) -> dmc.Tooltip:
    """ⓘ with the definition of a figure from the registry; a click leads to its entry in the dictionary."""
    words = definition(metric, scene.place.direction, scene.lang)
    href = scene.href(screen="dictionary", metric=metric)
    return dmc.Tooltip(
        link("i", href, "info", **{"aria-label": f"{scene.say('tile.definition')}: {words}"}),
        label=words,
        multiline=True,
        w=280,
        withArrow=True,
        events={"hover": True, "focus": True, "touch": True},
        classNames={"tooltip": "tip"},
    )


def sentence(parts: Sequence[Part]) -> list[html.Span]:
    """A verdict with its emphasis."""
    return [html.Span(part.text, className=f"tone-{part.tone}") for part in parts]


# Names of tiles that are others for returns.
_OF_RETURNS: Final = {"tile.name.undelivered": "tile.name.not_picked_up"}


def tile(
    scene: Scene,
    metric: str,
    value: Any,
    shown: str,
    hub: str,
    *,
    sub: Any = None,
    kind: Shape = "none",
    proof: str | None = None,
    trend: Any = None,
    fresh: Any = None,
) -> html.Div:
    """A tile: label with definition and freshness, figure (a link to what it is made of), a line below, a trend.

    proof: the figure that the link proves, where it is another one.
    """
    word = f"tile.name.{metric.removeprefix(scene.prefix + '_')}"
    name = scene.say(_OF_RETURNS.get(word, word) if scene.place.direction == "RETURN" else word)
    number = link(
        figure(metric, value, shown, hub),
        scene.href(proof=proof or metric),
        "tile-link",
        **{"aria-label": f"{name} {shown}: {scene.say('tile.proof')}", "data-proof": proof or metric},
    )
    return html.Div(
        [
            html.Div([shape(kind), html.Span(name), info(scene, metric), fresh], className="tile-label"),
            html.Div([html.Div(number, className=f"tile-value tone-{kind}"), trend], className="tile-row"),
            html.Div(sub, className="tile-sub"),
        ],
        className="tile",
    )


def spark(scene: Scene, samples: Sequence[tuple[float, float]], title: str) -> html.Img | None:
    """A trend line in the theme's quiet grey; None for fewer than two samples (when, value). title: what it spans."""
    points = sparkline(samples)
    if not points:
        return None
    colour = palette(scene.theme).ink_3
    end = points.rpartition(" ")[2].split(",")
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="56" height="18"><polyline points="{points}" fill="none" '
        f'stroke="{colour}" stroke-width="1.4"/><circle cx="{end[0]}" cy="{end[1]}" r="2" fill="{colour}"/></svg>'
    )
    return html.Img(src="data:image/svg+xml," + quote(svg), className="spark", alt=title, title=title,
                    width=56, height=18)  # fmt: skip


def pair(name: Any, value: Any, beside: Any = None, class_name: str = "") -> html.Li:
    """A line of a list of figures: a name, the figure, and what it is of."""
    extra = html.Span(beside, className="pair-beside") if beside else None
    return html.Li([html.Span(name, className="pair-name"), html.Span([extra, value])], className=class_name)


def named(scene: Scene, metric: str) -> list[Any]:
    """Label of a figure from the registry, with its ⓘ."""
    return [html.Span(label(metric, scene.place.direction, scene.lang)), info(scene, metric)]


def twin(scene: Scene, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> html.Details:
    """The table behind a chart."""
    return html.Details(
        [
            html.Summary(scene.say("chart.table")),
            html.Div(
                html.Table(
                    [
                        html.Thead(html.Tr([html.Th(cell, scope="col") for cell in head])),
                        html.Tbody([html.Tr([html.Td(cell) for cell in row]) for row in rows]),
                    ]
                ),
                className="twin",
            ),
        ],
        className="twin-box",
    )


def bars(scene: Scene, rows: Sequence[tuple[str, tuple[str, int], str, str]], hub: str) -> html.Ul:
    """Counts as thin bars. rows: (name, (metric, raw count), count as text, CSS width)."""
    return html.Ul(
        [
            html.Li(
                [
                    html.Span(name, className="bar-name"),
                    html.Span(html.Span(className="bar-fill", style={"width": width}), className="bar"),
                    proved(scene, key[0], key[1], shown, hub, "bar-n" + ("" if key[1] else " zero")),
                ]
            )
            for name, key, shown, width in rows
        ],
        className="bars",
    )
