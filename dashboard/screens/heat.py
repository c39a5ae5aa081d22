"""Deliveries per Friend-hour of every child in every hour of the day so far, against the network in that hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dash import html

from dashboard.board import Node
from dashboard.grids import worst_first
from dashboard.markup import markup
from dashboard.parts import card, card_head, figure, info, link, proved
from dashboard.scene import BELOW, UNMAPPED, Hubs, Scene, hub_name
from dashboard.sheets import Head, Sheet
from hubstat.figures import formats as fm
from hubstat.figures.charts import shown_hours
from hubstat.figures.status import heat_step

# As many as a service date can have: from the evening before, with its night shift, to its closing.
_HOURS: Final = 48
_Rates = Mapping[str, float | None]


def heat_card(scene: Scene, hubs: Hubs) -> html.Section:
    """The map as a table, rows worst first and the hub itself below; it is in the exports."""
    level = BELOW[scene.place.level]
    overall = _rates(hubs.network)
    hours = shown_hours(_rates(hubs.here) or overall, _HOURS, scene.local(scene.moment.as_of))
    nodes = [
        node for node in worst_first(hubs.children, scene.prefix, scene.lang) if node.hub != UNMAPPED or _rates(node)
    ]
    title = scene.say("heat.title", level=scene.say(f"level.{level}"))
    head = card_head(html.Span([title, info(scene, "invoices_per_hour")], className="inline"), scene.say("heat.hint"))
    if not hours:
        return card([head, html.P(scene.say("heat.none"), className="calm")], "table-card")
    scene.sheets["heat"] = _sheet(scene, title, level, nodes, hours)
    summary = markup(scene, "heat-summary", _summary(scene, nodes, hours, overall), "p", className="summary")
    table = _table(scene, hubs.here, level, nodes, hours, overall)
    return card([head, summary, markup(scene, "heat", table, className="heat-box")], "table-card")


def _rates(node: Node) -> _Rates:
    return node.figures.get("invoices_per_hour") or {}


def _summary(scene: Scene, nodes: Sequence[Node], hours: Sequence[str], overall: _Rates) -> str:
    steps = [heat_step(_rates(node).get(hour), overall.get(hour)) for node in nodes for hour in hours]
    return scene.say("heat.summary", low=fm.count(steps.count(-2)), high=fm.count(steps.count(2)))


def _table(
    scene: Scene, here: Node, level: str, nodes: Sequence[Node], hours: Sequence[str], overall: _Rates
) -> html.Table:
    names = [html.Th(fm.hour(hour, scene.lang), scope="col", title=hour.replace("T", " ")) for hour in hours]
    heads = [html.Th(scene.say(f"level.{level}"), scope="col"), *names, html.Th(scene.say("heat.day"), scope="col")]
    own = f"{scene.place.level}:{here.hub}"
    rows = [_row(scene, node, level, hours, overall) for node in nodes]
    rates = _rates(here)
    total = [
        html.Th(hub_name(here, scene.place.level, scene.lang), scope="row"),
        *(html.Td(_proved(scene, f"invoices_per_hour.{hour}", rates.get(hour), own)) for hour in hours),
        html.Td(_proved(scene, "hourly_deliveries", here.figures.get("hourly_deliveries"), own)),
    ]
    return html.Table([html.Thead(html.Tr(heads)), html.Tbody(rows), html.Tfoot(html.Tr(total))], className="heat")


def _proved(scene: Scene, metric: str, value: float | None, hub: str) -> Any:
    return fm.NONE if value is None else proved(scene, metric, value, fm.decimal(value), hub)


def _row(scene: Scene, node: Node, level: str, hours: Sequence[str], overall: _Rates) -> html.Tr:
    hub, rates, day = f"{level}:{node.hub}", _rates(node), node.figures.get("hourly_deliveries")
    name = link(hub_name(node, level, scene.lang), scene.href(level=level, hub=node.hub), "hs-name")
    cells = [_cell(rates.get(hour), overall.get(hour), hour, hub) for hour in hours]
    return html.Tr(
        [html.Th(name, scope="row"), *cells, html.Td(figure("hourly_deliveries", day, fm.decimal(day), hub))]
    )


def _cell(rate: float | None, network: float | None, hour: str, hub: str) -> html.Td:
    metric = f"invoices_per_hour.{hour}"
    return html.Td(figure(metric, rate, fm.decimal(rate), hub), **{"data-step": str(heat_step(rate, network))})


def _sheet(scene: Scene, title: str, level: str, nodes: Sequence[Node], hours: Sequence[str]) -> Sheet:
    heads = [
        Head("id", "id"),
        Head("name", scene.say(f"level.{level}")),
        *(Head(hour, f"{hour.replace('T', ' ')} (invoices_per_hour.{hour})", "decimal") for hour in hours),
        Head("day", f"{scene.say('heat.day')} (hourly_deliveries)", "decimal"),
    ]
    rows = [
        {"id": f"{level}:{node.hub}", "name": hub_name(node, level, scene.lang),
         "day": node.figures.get("hourly_deliveries"), **{hour: _rates(node).get(hour) for hour in hours}}
        for node in nodes
    ]  # fmt: skip
    return Sheet("heat", title, heads, rows)
