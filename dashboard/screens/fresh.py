"""How fresh a tile is: the moment up to which its figure holds, or why more of it may come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dash import html

from dashboard.board import Node
from dashboard.parts import shape
from dashboard.scene import Scene
from hubstat.figures import formats as fm


@dataclass(frozen=True, slots=True)
class Freshness:
    """What stands in the corner of every tile of a screen. silent, camps: how many camps say nothing, and of how many.

    To the minute, because a screen whose figures do not change is sent once a minute.
    """

    scene: Scene
    silent: int
    camps: int

    def counted(self) -> html.Span:
        """Of a figure of the tick: the data it holds, else the camps that it lacks; of a fixed moment that moment."""
        scene, moment = self.scene, self.scene.moment
        if not moment.live:
            return _tag(scene.say("fresh.at", time=scene.clock(moment.as_of)), scene.say("fresh.at_title"))
        if moment.data_to is None:
            return _warning(scene.say("fresh.unknown"), scene.say("fresh.unknown_title"))
        to = scene.clock(moment.data_to)
        if not scene.hears:
            key, numbers = fm.elapsed(moment.as_of - moment.data_to)
            age = scene.say("fresh.age", age=scene.say(key, **numbers))
            return _warning(age, scene.say("fresh.to_title", time=to))
        return self._partial() or _tag(scene.say("fresh.to", time=to), scene.say("fresh.to_title", time=to))

    def projected(self) -> html.Span | None:
        """Of a projected figure: the moment of the projection; none while there is no projection."""
        scene, at = self.scene, self.scene.moment.projected_at
        if not scene.moment.live or not scene.hears:
            return self.counted()
        if at is None:
            return None
        time = scene.clock(at)
        return self._partial() or _tag(scene.say("fresh.at", time=time), scene.say("fresh.projected_title", time=time))

    def _partial(self) -> html.Span | None:
        if not self.silent:
            return None
        heard, of = fm.count(self.camps - self.silent), fm.count(self.camps)
        return _warning(self.scene.say("fresh.partial", n=heard, of=of), self.scene.say("fresh.partial_title"))


def freshness(scene: Scene, camps: Sequence[Node]) -> Freshness:
    """Freshness of a screen's figures. camps: those that they are of."""
    return Freshness(scene, len(scene.board.silent(scene.place, scene.moment, camps)), len(camps))


def _tag(words: str, title: str) -> html.Span:
    return html.Span(words, className="tile-fresh", title=title)


def _warning(words: str, title: str) -> html.Span:
    return html.Span([shape("risk"), words], className="tile-fresh tile-fresh-risk", title=title)
