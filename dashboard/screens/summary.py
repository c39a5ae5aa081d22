"""What every scope shows on top and beside: verdict, answers, tiles, the completion chart, states and lateness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html

from dashboard.board import Node
from dashboard.grids import last_text
from dashboard.parts import Shape, bars, card, card_head, figure, sentence, shape, spark, tile, twin
from dashboard.scene import Scene
from hubstat.domain.row import BUCKETS, STEPS
from hubstat.figures import formats as fm
from hubstat.figures.charts import completion_chart, completion_rows, hourly_chart, shown_hours
from hubstat.figures.sentences import completion_summary, hourly_summary, verdict
from hubstat.figures.status import status

_STATUS_SHAPES: dict[str, Shape] = {"behind": "late", "watch": "risk", "fine": "ok", "none": "ring"}
GRAPH = {"displayModeBar": False, "responsive": True, "doubleClick": False, "showTips": False}


def late_kind(count: int | None) -> Shape:
    """Red triangle where anything is late and open, else nothing: normal is quiet."""
    return "late" if count else "none"


def verdict_card(scene: Scene, node: Node, hub: str, who: str, camps: Sequence[Node] | None) -> html.Section:
    """The verdict; with ``camps`` (above the camp) the five answers under it."""
    figures = node.figures
    late_key = f"{scene.prefix}_late_open"
    late_camps = None if camps is None else sum(1 for camp in camps if camp.figures.get(late_key))
    parts = verdict(who, figures, scene.place.wave, scene.place.direction, scene.lang, late_camps)
    state = status(figures, scene.place.direction)
    tag = scene.say("asof.provisional" if scene.moment.provisional else "asof.final")
    head = html.Div(
        [
            html.H1(
                [
                    shape(_STATUS_SHAPES[state]),
                    html.Span(scene.say(f"verdict.status.{state}"), className="sr"),
                    *sentence(parts),
                ],
                className="headline",
                id="headline",
                tabIndex="-1",
            ),
            html.Span(tag, className="tag" + ("" if scene.moment.provisional else " tag-ok")),
        ],
        className="verdict-head",
    )
    children: list[Any] = [head]
    if camps is not None:
        children.append(html.Div(_answers(scene, figures, hub, camps, late_camps or 0), className="answers"))
    return card([html.Div(**scene.part("verdict", "children", children))], "verdict", **{"aria-live": "polite"})


def _answer(kind: Shape, title: str, value: Any, unit: str, sub: Any) -> html.Div:
    return html.Div(
        [
            html.Div([shape(kind), html.Span(title)], className="answer-label"),
            html.Div([value, html.Span(f" {unit}", className="answer-unit")], className=f"answer-value tone-{kind}"),
            html.Div(sub, className="answer-sub"),
        ],
        className="answer",
    )


def _answers(
    scene: Scene, figures: Mapping[str, Any], hub: str, camps: Sequence[Node], late_camps: int
) -> list[html.Div]:
    prefix = scene.prefix
    late_open, late, base = (figures.get(f"{prefix}_{part}") for part in ("late_open", "late", "base"))
    still_open = figures.get("open") or 0
    deadline = next((item for item in scene.deadlines() if item.at.timestamp() * 1000 > scene.moment.as_of), None)
    after = (deadline or scene.deadlines()[-1]).at
    limit = scene.say("deadline.one", time=fm.clock(after, scene.moment.day, lang=scene.lang))
    kind = late_kind(late_open)
    return [
        _answer(
            "ring",
            scene.say("answer.behind"),
            figure("completion", figures.get("completion"), fm.percent(figures.get("completion")), hub),
            "",
            scene.say(
                "answer.behind_sub", completed=fm.count(figures.get("completed")), due=fm.count(figures.get("due"))
            ),
        ),
        _answer(
            kind,
            scene.say("answer.where"),
            html.Span(
                fm.count(late_camps), className="n", **{"data-figure": "late_camps", "data-value": str(late_camps)}
            ),
            scene.say("answer.where_unit", n=fm.count(len(camps))),
            _worst_names(scene, camps) or scene.say("answer.where_none"),
        ),
        _answer(
            kind,
            scene.say("answer.how_many"),
            figure(f"{prefix}_late_open", late_open, fm.count(late_open), hub),
            scene.say("answer.how_many_unit"),
            scene.say("answer.how_many_sub", late=fm.count(late), base=fm.count(base)),
        ),
        _answer(
            "ring",
            scene.say("answer.until"),
            figure("last_completed_at", figures.get("last_completed_at"), last_text(scene, figures), hub),
            scene.say("answer.until_so_far" if still_open else "answer.until_final"),
            scene.say("answer.until_sub", open=fm.count(still_open), deadline=limit)
            if still_open
            else scene.say("answer.until_done"),
        ),
        _answer(
            "ok" if figures.get("friends_out") else "ring",
            scene.say("answer.who"),
            figure("friends_out", figures.get("friends_out"), fm.count(figures.get("friends_out")), hub),
            scene.say("answer.who_unit"),
            scene.say(
                "answer.who_sub",
                days=fm.count(figures.get("friend_days")),
                rate=fm.decimal(figures.get("hourly_deliveries")),
            ),
        ),
    ]


def _worst_names(scene: Scene, camps: Sequence[Node]) -> str:
    key = f"{scene.prefix}_late_open"
    late = sorted((camp for camp in camps if camp.figures.get(key)), key=lambda camp: -camp.figures[key])
    names = [f"{camp.name(scene.lang)} {fm.count(camp.figures[key])}" for camp in late[:3]]
    return " · ".join(names) + (" …" if len(late) > 3 else "")


def tiles_card(scene: Scene, node: Node, hub: str) -> html.Section:
    """The tiles of a scope."""
    figures, prefix = node.figures, scene.prefix
    get = figures.get
    late_open, rate = get(f"{prefix}_late_open"), get(f"{prefix}_rate")
    done = [count for _, count in sorted((get("completions_by_hour") or {}).items())]
    rates = get("invoices_per_hour") or {}
    ages: dict[str, int] = get("m6") or {}
    idle, idle_each = fm.NONE, None
    if get("idle_minutes") is not None:
        idle = scene.say("unit.each", value=fm.count(get("idle_minutes")))
    if get("friend_days"):
        idle_each = fm.decimal((get("idle_minutes") or 0.0) / get("friend_days", 1))
    children = [
        tile(scene, "due", get("due"), fm.count(get("due")), hub, proof="due",
             sub=scene.say("tile.open", open=fm.count(get("open")))),
        tile(scene, "completed", get("completed"), fm.count(get("completed")), hub, proof="completed",
             sub=figure("completion", get("completion"), fm.percent(get("completion")), hub),
             trend=spark(scene, done)),
        tile(scene, f"{prefix}_late_open", late_open, fm.count(late_open), hub, proof=f"{prefix}_late_open",
             kind=late_kind(late_open), sub=scene.say("tile.late_all", late=fm.count(get(f"{prefix}_late")))),
        tile(scene, f"{prefix}_rate", rate, fm.percent(rate, 2), hub, proof=f"{prefix}_late",
             sub=scene.say("tile.late", late=fm.count(get(f"{prefix}_late")), base=fm.count(get(f"{prefix}_base")))),
        undelivered_tile(scene, get("m5"), hub),
        tile(scene, "m6_stalled", get("m6_stalled"), fm.count(get("m6_stalled")), hub, proof="m6_stalled",
             sub=scene.say("tile.backlog", waiting=fm.count(sum(ages.values())))),
        tile(scene, "first_attempt_rate", get("first_attempt_rate"), fm.percent(get("first_attempt_rate")), hub,
             proof="first_attempt_ok",
             sub=scene.say("tile.first", ok=fm.count(get("first_attempt_ok")), n=fm.count(get("first_attempt_n")))),
        tile(scene, "hourly_deliveries", get("hourly_deliveries"), fm.decimal(get("hourly_deliveries")), hub,
             sub=scene.say("tile.hourly", hours=fm.hours(get("net_on_road_minutes"))),
             trend=spark(scene, [value for _, value in sorted(rates.items()) if value is not None])),
        tile(scene, "idle_minutes", get("idle_minutes"),
             idle,
             hub, sub=scene.say("tile.idle", each=idle_each) if idle_each else None),
        tile(scene, "friends_out", get("friends_out"), fm.count(get("friends_out")), hub,
             sub=scene.say("tile.friends", days=fm.count(get("friend_days")))),
    ]  # fmt: skip
    return card([html.Div(**scene.part("tiles", "children", children), className="tiles")], "tiles-card")


def undelivered_tile(scene: Scene, reasons: dict[str, int] | None, hub: str) -> html.Div:
    """Undelivered invoices: those with a failed attempt, and those past their promise that nobody attempted."""
    found = reasons or {}
    untried = sum(count for reason, count in found.items() if reason in STEPS)
    total = sum(found.values())
    return tile(
        scene,
        "m5",
        reasons,
        fm.count(total),
        hub,
        proof="m5",
        sub=scene.say("tile.undelivered", failed=fm.count(total - untried), untried=fm.count(untried)),
    )


def completion_card(scene: Scene, node: Node, hub: str) -> html.Section:
    """The completion chart with its sentence and its table twin."""
    figures = node.figures
    as_of = scene.local(scene.moment.as_of)
    assert as_of is not None
    chart = completion_chart(
        figures,
        day=scene.moment.day,
        as_of=as_of,
        live=scene.moment.live,
        deadlines=scene.deadlines(),
        lang=scene.lang,
        theme=scene.theme,
    )
    summary = completion_summary(figures, fm.clock(as_of, scene.moment.day, lang=scene.lang), scene.lang)
    rows = completion_rows(figures.get("completions_by_hour") or {}, figures.get("due") or 0)
    table = twin(
        scene,
        [scene.say(f"chart.{part}") for part in ("hour", "in_hour", "so_far", "share")],
        [
            [
                row.hour.replace("T", " "),
                figure(f"completions_by_hour.{row.hour}", row.completed or None, fm.count(row.completed), hub),
                fm.count(row.so_far),
                fm.percent(row.share),
            ]
            for row in rows
        ],
    )
    return card(
        [
            card_head(scene.say("chart.title"), scene.say("chart.subtitle")),
            html.P(**scene.part("chart-summary", "children", summary), className="summary"),
            dcc.Graph(**scene.part("chart", "figure", chart), config=GRAPH, className="graph graph-completion"),
            html.Div(**scene.part("chart-table", "children", table)),
        ],
        "chart-card",
    )


def hourly_card(scene: Scene, node: Node, hub: str, limit: int = 16) -> html.Section:
    """Invoices worked in the last ``limit`` hours with the rate per net hour; the table has every hour."""
    figures = node.figures
    hours = shown_hours(figures.get("net_minutes_by_hour") or figures.get("worked_by_hour") or {}, limit)
    chart = hourly_chart(figures, hours=hours, lang=scene.lang, theme=scene.theme)
    worked, net, rates = (
        figures.get(key) or {} for key in ("worked_by_hour", "net_minutes_by_hour", "invoices_per_hour")
    )
    table = twin(
        scene,
        [scene.say("chart.hour"), scene.say("chart.in_hour"), scene.say("hourly.net"), scene.say("hourly.rate")],
        [
            [
                hour.replace("T", " "),
                figure(f"worked_by_hour.{hour}", worked.get(hour), fm.count(worked.get(hour)), hub),
                figure(f"net_minutes_by_hour.{hour}", net.get(hour), fm.decimal(net.get(hour)), hub),
                figure(f"invoices_per_hour.{hour}", rates.get(hour), fm.decimal(rates.get(hour)), hub),
            ]
            for hour in sorted(set(worked) | set(net))
        ],
    )
    return card(
        [
            card_head(scene.say("hourly.title"), scene.say("hourly.subtitle")),
            html.P(
                **scene.part("hourly-summary", "children", hourly_summary(figures, scene.lang)), className="summary"
            ),
            dcc.Graph(**scene.part("hourly", "figure", chart), config=GRAPH, className="graph graph-hourly"),
            html.Div(**scene.part("hourly-table", "children", table)),
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
            html.Div(**scene.part("states", "children", bars(rows, hub))),
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
            html.Div(**scene.part("late", "children", bars(rows, hub)), className="late-bars"),
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
