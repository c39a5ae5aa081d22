"""The tiles of a scope: figure, definition, trend, a line below it, and the way to what it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

from dash import html

from dashboard.board import Figures, Node
from dashboard.markup import markup
from dashboard.parts import card, proved, spark, tile
from dashboard.scene import Scene
from dashboard.screens.fresh import Freshness, freshness
from dashboard.screens.verdict import awaited, late_kind, nothing_ahead
from hubstat.domain.row import STEPS
from hubstat.figures import formats as fm
from hubstat.figures import outlook as ahead


def tiles_card(scene: Scene, node: Node, hub: str, camps: Sequence[Node]) -> html.Section:
    """The tiles of a scope; below each of them what it is compared with, where the address asks for that.

    camps: those that its figures are of; none for a Friend, whose own silence says nothing of the data.
    """
    made = _Tiles(scene, node.figures, hub, freshness(scene, camps))
    last = {"camp": (made.pace, made.crew), "friend": (made.pace, made.idle)}
    children = [
        made.due(),
        made.completion(),
        made.late(),
        made.at_risk(),
        made.undelivered(),
        made.finish(),
        *(each() for each in last.get(scene.place.level, (made.backlog, made.crew))),
    ]
    head: list[Any] = []
    if scene.place.compare is not None:
        head.append(markup(scene, "compared", _compared_with(scene), "p", className="compared"))
    return card([*head, markup(scene, "tiles", children, className="tiles")], "tiles-card")


def _compared_with(scene: Scene) -> str:
    if scene.before is None:
        return scene.say("compare.pending")
    at = scene.local(scene.before.as_of)
    time = fm.clock(at, scene.before.day, lang=scene.lang)
    what = scene.say(f"compare.{scene.place.compare}")
    return scene.say("compare.moment", what=what, day=fm.day(scene.before.day, scene.lang), time=time)


class _Tiles:
    def __init__(self, scene: Scene, figures: Figures, hub: str, fresh: Freshness) -> None:
        self.scene, self.figures, self.hub, self.get, self.fresh = scene, figures, hub, figures.get, fresh
        self.before = scene.figures_before(hub)

    def _sub(self, metric: str, usual: Any) -> Any:
        """What stands below: the change against the moment compared with, else the usual."""
        if self.before is None or metric not in self.before:
            return usual
        then, now = self.before[metric], self.figures.get(metric)
        if not isinstance(now, int | float) or not isinstance(then, int | float):
            return html.Span(fm.NONE, **{"data-change": metric})
        shown = fm.points(now - then, self.scene.lang) if _is_share(metric) else fm.balance(now - then)
        if not _is_share(metric) and (isinstance(now, float) or isinstance(then, float)):
            shown = f"{now - then:+.1f}".replace("-", fm.MINUS)
        usual_then = (
            fm.percent(then) if _is_share(metric) else fm.count(then) if isinstance(then, int) else fm.decimal(then)
        )
        return html.Span(
            [html.B(shown), html.Span(f" ← {usual_then}", className="quiet")],
            **{"data-change": metric, "data-before": str(then)},
        )

    def _trail(self, name: str) -> Any:
        if not self.scene.moment.live:
            return None  # the trail is of the last minutes, not of those before a fixed moment
        samples = self.scene.trail.samples(self.scene.scope(self.hub), name)
        if not samples:
            return None
        first, last = (self.scene.clock(samples[place][0]) for place in (0, -1))
        said = self.scene.say("tile.trend", first=first, last=last, n=len(samples))
        return spark(self.scene, samples, said)

    def _by_hour(self, values: Mapping[str, float | None]) -> Any:
        """A trend by hour, of the hours that have a value."""
        hours = [(hour, value) for hour, value in sorted(values.items()) if value is not None]
        if not hours:
            return None
        first, last = (fm.hour(hours[place][0], self.scene.lang) for place in (0, -1))
        samples = [(datetime.fromisoformat(hour).replace(tzinfo=UTC).timestamp(), value) for hour, value in hours]
        return spark(self.scene, samples, self.scene.say("tile.trend_hours", first=first, last=last))

    def _tile(self, metric: str, value: Any, shown: str, *, projected: bool = False, **more: Any) -> html.Div:
        """A tile of the scope with its freshness. projected: it is of the projection's moment."""
        fresh = self.fresh.projected() if projected else self.fresh.counted()
        return tile(self.scene, metric, value, shown, self.hub, fresh=fresh, **more)

    def due(self) -> html.Div:
        usual = self.scene.say("tile.open", open=fm.count(self.get("open")))
        return self._tile(
            "due", self.get("due"), fm.count(self.get("due")), sub=self._sub("due", usual), trend=self._trail("due")
        )

    def completion(self) -> html.Div:
        planned, gap, done = ahead.plan_share(self.figures), ahead.gap_share(self.figures), self.get("completed")
        usual: Any = proved(self.scene, "completed", done, fm.count(done), self.hub)
        if planned is not None:
            usual = self.scene.say("tile.plan_gap", plan=fm.percent(planned), gap=fm.points(gap, self.scene.lang))
        hours: Mapping[str, int] = self.get("completions_by_hour") or {}
        so_far = dict(zip(sorted(hours), accumulate(hours[hour] for hour in sorted(hours)), strict=True))
        return self._tile(
            "completion",
            self.get("completion"),
            fm.percent(self.get("completion")),
            sub=self._sub("completion", usual),
            trend=self._by_hour(so_far),
        )

    def late(self) -> html.Div:
        prefix = self.scene.prefix
        late_open, late, base = (self.get(f"{prefix}_{part}") for part in ("late_open", "late", "base"))
        usual = self.scene.say("tile.late_of", rate="\0", late=fm.count(late), base=fm.count(base)).split("\0")
        share = self.get(f"{prefix}_rate")
        rate = proved(self.scene, f"{prefix}_rate", share, fm.percent(share, 2), self.hub)
        return self._tile(
            f"{prefix}_late_open",
            late_open,
            fm.count(late_open),
            kind=late_kind(late_open),
            sub=self._sub(f"{prefix}_late_open", [usual[0], rate, usual[1]]),
            trend=self._trail("late_open"),
        )

    def at_risk(self) -> html.Div:
        metric = f"{self.scene.prefix}_at_risk"
        risk = self.get(metric)
        short = None if self.scene.moment.closed else self.scene.say("tile.risk", n=fm.stops(self.get("shortfall")))
        return self._tile(
            metric,
            risk,
            fm.count(risk),
            kind="risk" if risk else "none",
            sub=short,
            projected=True,
            trend=self._trail("at_risk"),
        )

    def undelivered(self) -> html.Div:
        reasons: dict[str, int] = self.get("m5") or {}
        untried = sum(count for reason, count in reasons.items() if reason in STEPS)
        total = self.get("undelivered")
        usual = self.scene.say("tile.undelivered", failed=fm.count((total or 0) - untried), untried=fm.count(untried))
        return self._tile(
            "undelivered", total, fm.count(total), sub=self._sub("undelivered", usual), trend=self._trail("undelivered")
        )

    def backlog(self) -> html.Div:
        ages: dict[str, int] = self.get("m6") or {}
        old = ages.get(">=72")
        usual = self.scene.say("tile.backlog", waiting=fm.count(sum(ages.values())))
        if old is not None:
            usual += " · " + self.scene.say("tile.backlog_old", old=fm.count(old))
        return self._tile(
            "m6_stalled",
            self.get("m6_stalled"),
            fm.count(self.get("m6_stalled")),
            sub=self._sub("m6_stalled", usual),
            trend=self._trail("m6_stalled"),
        )

    def finish(self) -> html.Div:
        finish, deadlines = ahead.finish_of(self.figures), self.scene.all_deadlines()
        deadline, late = ahead.deadline_of(self.figures, deadlines), ahead.minutes_after(self.figures, deadlines)
        sub: Any = nothing_ahead(self.scene, self.figures)
        if deadline is not None:
            named = fm.clock(deadline.at, self.scene.moment.day, lang=self.scene.lang)
            sub = self.scene.say("tile.deadline", deadline=named, late=fm.shift(late, self.scene.lang))
        elif awaited(self.scene):
            sub = self.scene.say("ask.pending")
        shown = fm.clock(finish, self.scene.moment.day, lang=self.scene.lang)
        return self._tile(
            "projected_finish",
            self.get("projected_finish"),
            shown,
            kind=late_kind(self.get("shortfall")),
            sub=sub,
            projected=True,
            trend=self._trail("projected_finish"),
        )

    def pace(self) -> html.Div:
        pace = self.get("hourly_deliveries")
        usual = self.scene.say("tile.hourly", hours=fm.hours(self.get("net_on_road_minutes")))
        return self._tile(
            "hourly_deliveries",
            pace,
            fm.decimal(pace),
            sub=self._sub("hourly_deliveries", usual),
            trend=self._by_hour(self.get("invoices_per_hour") or {}),
        )

    def idle(self) -> html.Div:
        idle, days = self.get("idle_minutes"), self.get("friend_days")
        shown = fm.NONE if idle is None else self.scene.say("unit.each", value=fm.count(idle))
        each = self.scene.say("tile.idle", each=fm.decimal((idle or 0.0) / days)) if days else None
        return self._tile("idle_minutes", idle, shown, sub=self._sub("idle_minutes", each))

    def crew(self) -> html.Div:
        out = self.get("friends_out")
        usual = self.scene.say(
            "tile.crew",
            planned=fm.count(self.get("friends_planned")),
            missing=fm.count(self.get("friends_not_started")),
            absent=fm.count(self.get("friends_absent")),
        )
        return self._tile(
            "friends_out", out, fm.count(out), sub=self._sub("friends_out", usual), trend=self._trail("friends_out")
        )


def _is_share(metric: str) -> bool:
    return metric == "completion"
