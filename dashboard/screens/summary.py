"""What every scope shows below the tiles: the main chart, the hours, where invoices stand and how late they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from dash import dcc, html

from dashboard.board import Node
from dashboard.markup import markup
from dashboard.parts import bars, card, card_head, figure, link, proved, twin
from dashboard.scene import Scene
from hubstat.domain.backlog import AGES
from hubstat.domain.row import BUCKETS
from hubstat.figures import formats as fm
from hubstat.figures.charts import hourly_chart, shown_hours
from hubstat.figures.outlook import settled
from hubstat.figures.progress import completion_chart
from hubstat.figures.progress_rows import progress_rows
from hubstat.figures.sentences import completion_summary, hourly_summary
from hubstat.figures.texts import label

GRAPH = {"displayModeBar": False, "responsive": True, "doubleClick": False, "showTips": False}


def completion_card(scene: Scene, node: Node, hub: str) -> html.Section:
    """The main chart with its sentence and its table twin."""
    # With a wave or the returns chosen the curve is of these alone; the finish of all work is another one.
    figures = settled(node.figures) if scene.narrowed else node.figures
    as_of = scene.local(scene.moment.as_of)
    assert as_of is not None
    ahead = {} if scene.moment.closed else scene.board.ahead(scene.place, scene.moment)
    error = scene.board.error(scene.place, scene.moment) if ahead else None
    chart = completion_chart(
        figures,
        day=scene.moment.day,
        as_of=as_of,
        live=scene.moment.live,
        deadlines=scene.deadlines(),
        lang=scene.lang,
        theme=scene.theme,
        ahead=ahead,
        error=error,
    )
    summary = completion_summary(
        figures, fm.clock(as_of, scene.moment.day, lang=scene.lang), scene.moment.day, scene.lang
    )
    title = scene.say("chart.title_ahead" if ahead else "chart.title")
    subtitle = scene.say("chart.subtitle")
    if figures.get("plan_by_hour"):
        subtitle = scene.say("chart.subtitle_plan")
        if error is not None:
            subtitle = scene.say("chart.subtitle_error", n=fm.count(error))
    table = twin(scene, [scene.say(f"chart.{part}") for part in _COLUMNS], _progress_table(scene, node, hub, ahead))
    return card(
        [
            markup(scene, "chart-head", [card_head(title, subtitle)]),
            markup(scene, "chart-summary", summary, "p", className="summary"),
            dcc.Graph(**scene.part("chart", "figure", chart), config=GRAPH, className="graph graph-completion"),
            markup(scene, "chart-table", table),
        ],
        "chart-card",
    )


_COLUMNS = ("hour", "in_hour", "so_far", "share", "planned", "projected")


def _progress_table(scene: Scene, node: Node, hub: str, ahead: Mapping[str, int]) -> list[list[Any]]:
    plan = node.figures.get("plan_by_hour") or {}
    table: list[list[Any]] = []
    for row in progress_rows(node.figures, ahead):
        metric = f"completions_by_hour.{row.hour}"
        done = fm.count(row.completed)
        known = row.share is not None
        planned: Any = fm.percent(row.plan)
        if row.hour in plan:
            planned = [
                figure(f"plan_by_hour.{row.hour}", plan[row.hour], fm.count(plan[row.hour]), hub),
                f" · {planned}",
            ]
        table.append(
            [
                row.hour.replace("T", " "),
                proved(scene, metric, row.completed, done, hub) if row.completed else fm.NONE if not known else done,
                fm.count(row.so_far) if known else fm.NONE,
                fm.percent(row.share),
                planned,
                fm.percent(row.ahead),
            ]
        )
    return table


# What the table of the hours has, each with the form of its text.
_HOURLY: Final[Mapping[str, Callable[[float | None], str]]] = {
    "worked_by_hour": fm.count,
    "stops_by_hour": fm.count,
    "net_minutes_by_hour": fm.decimal,
    "invoices_per_hour": fm.decimal,
    "stops_per_hour": fm.decimal,
}


def _hour(scene: Scene, found: Mapping[str, Mapping[str, Any]], hour: str, hub: str) -> list[Any]:
    cells: list[Any] = []
    for metric, form in _HOURLY.items():
        value = found[metric].get(hour)
        cells.append(fm.NONE if value is None else proved(scene, f"{metric}.{hour}", value, form(value), hub))
    return cells


def hourly_card(scene: Scene, node: Node, hub: str, limit: int = 16) -> html.Section:
    """Invoices worked in the last ``limit`` hours with the rate per net hour; the table has every hour."""
    figures = node.figures
    hours = shown_hours(figures.get("net_minutes_by_hour") or figures.get("worked_by_hour") or {}, limit)
    chart = hourly_chart(figures, hours=hours, lang=scene.lang, theme=scene.theme)
    found = {metric: figures.get(metric) or {} for metric in _HOURLY}
    hours_known = sorted({hour for metric in ("worked_by_hour", "net_minutes_by_hour") for hour in found[metric]})
    table = twin(
        scene,
        [scene.say("chart.hour"), *(label(metric, scene.place.direction, scene.lang) for metric in _HOURLY)],
        [[hour.replace("T", " "), *_hour(scene, found, hour, hub)] for hour in hours_known],
    )
    return card(
        [
            card_head(scene.say("hourly.title"), scene.say("hourly.subtitle")),
            markup(scene, "hourly-summary", hourly_summary(figures, scene.lang), "p", className="summary"),
            dcc.Graph(**scene.part("hourly", "figure", chart), config=GRAPH, className="graph graph-hourly"),
            markup(scene, "hourly-table", table),
        ],
        "chart-card",
    )


def _share(count: int, total: int) -> str:
    return f"{100 * count / total:.1f}%" if total else "0"


def states_card(scene: Scene, node: Node, hub: str) -> html.Section:
    """Where the invoices stand: M3, each in one state."""
    states: Mapping[str, int] = node.figures.get("m3") or {}
    total = sum(states.values())
    rows = [
        (scene.say(f"state.{state}"), (f"m3.{state}", count), fm.count(count), _share(count, total))
        for state, count in states.items()
    ]
    return card(
        [
            card_head(scene.say("states.title"), None, html.Span(fm.count(total), className="n")),
            markup(scene, "states", bars(scene, rows, hub)),
        ],
        "side-card",
    )


def late_card(scene: Scene, node: Node, hub: str) -> html.Section:
    """How late the late ones are: the buckets of M1 or M2."""
    buckets: Mapping[str, int] = node.figures.get(f"{scene.prefix}_buckets") or {}
    total = sum(buckets.values())
    rows = [
        (_bucket_name(scene, bucket), (f"{scene.prefix}_buckets.{bucket}", buckets.get(bucket, 0)),
         fm.count(buckets.get(bucket, 0)), _share(buckets.get(bucket, 0), total))
        for bucket in BUCKETS
    ]  # fmt: skip
    return card(
        [
            card_head(scene.say("late.title"), None, html.Span(fm.count(total), className="n")),
            markup(scene, "late", bars(scene, rows, hub), className="late-bars"),
        ],
        "side-card",
    )


def _bucket_name(scene: Scene, bucket: str) -> str:
    if bucket.startswith(">"):
        return scene.say("late.over", n=fm.count(int(bucket[1:])))
    low, high = (int(part) for part in bucket.strip("(]").split(","))
    if low == 0:
        return scene.say("late.upto", to=high)
    return scene.say("late.range", a=fm.count(low), b=fm.count(high))


def ages_card(scene: Scene, node: Node, hub: str, metric: str, title: str) -> html.Section:
    """What waits now, whatever its date, by age; the oldest at the end."""
    ages: Mapping[str, int] = node.figures.get(metric) or {}
    total, widest = sum(ages.values()), max(ages.values(), default=0)
    rows = [
        (scene.say(f"age.{age}"), (f"{metric}.{age}", ages.get(age, 0)), fm.count(ages.get(age, 0)),
         f"{100 * ages.get(age, 0) / widest:.1f}%" if widest else "0")
        for age in AGES
    ]  # fmt: skip
    number: Any = html.Span(fm.count(total), className="n")
    if total:
        words = f"{title} {fm.count(total)}: {scene.say('tile.proof')}"
        number = link(number, scene.href(proof=metric), "strong", **{"aria-label": words, "data-proof": metric})
    children = [card_head(title, scene.say("returns.any_date"), number), bars(scene, rows, hub)]
    return card([markup(scene, f"waiting-{metric}", children)], "side-card")
