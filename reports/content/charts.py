"""The chart of a mail as a PNG, drawn in a few milliseconds without a browser, at twice the density of the screen.

The ground is transparent and the inks lie between the light and the dark surface, at 3 : 1 or more on either, so that
one picture serves both. Whatever it shows stands in the table below it, too.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from PIL import Image, ImageDraw, ImageFont

from hubstat.figures import formats as fm
from hubstat.figures.formats import Lang
from hubstat.figures.texts import text

FONTS: Final = Path(__file__).parent / "fonts"
DENSITY: Final = 2
WIDTH: Final = 520
HEIGHT: Final = 228
BAR: Final = "#5B86F2"
INK: Final = "#7A8494"
RULE: Final = "#8A93A2"
PACE: Final = "#2A9D97"
NOTHING: Final = "#00000000"
# Layout in CSS pixels: the plot beside the axis labels, its two panels.
_LEFT, _RIGHT = 40, 8
_TOP, _BOTTOM = 38, 138
_LOW_TOP, _LOW_BOTTOM = 168, 204
_SIZE: Final = 14
_HOURS_APART: Final = 3
_COLOURS: Final = 64

Weight = Literal["Regular", "SemiBold"]


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of the chart and its table. label: as ``2026-11-20T09``; plan, rate: None where there is none."""

    label: str
    done: int
    plan: float | None
    rate: float | None


@cache
def font(weight: Weight) -> ImageFont.FreeTypeFont:
    """The font of the charts."""
    return ImageFont.truetype(FONTS / f"HubstatSans-{weight}.ttf", _SIZE * DENSITY)


def draw(hours: Sequence[Hour], lang: Lang) -> bytes:
    """Completions by hour as bars with the plan as a line over each; below, deliveries per Friend-hour."""
    image = Image.new("RGBA", (WIDTH * DENSITY, HEIGHT * DENSITY), (0, 0, 0, 0))
    pen = _Pen(ImageDraw.Draw(image))
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(hours))
    _legend(pen, lang, any(hour.plan is not None for hour in hours))
    _bars(pen, hours, step, lang)
    _rates(pen, hours, step, lang)
    out = io.BytesIO()
    # Half the bytes and half the time of full colour.
    image.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE).save(out, "PNG")
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class _Pen:
    """Draws in CSS pixels."""

    on: ImageDraw.ImageDraw

    def box(self, left: float, top: float, right: float, bottom: float, ink: str) -> None:
        if bottom > top and right > left:
            corners = [round(side * DENSITY) for side in (left, top, right, bottom)]
            # Pillow draws the far edges too.
            self.on.rectangle((corners[0], corners[1], corners[2] - 1, max(corners[1], corners[3] - 1)), fill=ink)

    def disc(self, x: float, y: float, radius: float, ink: str) -> None:
        self.on.ellipse([round(side * DENSITY) for side in (x - radius, y - radius, x + radius, y + radius)], fill=ink)

    def words(
        self, x: float, y: float, words: str, anchor: str = "lm", weight: Weight = "Regular", ink: str = INK
    ) -> float:
        """Text at an anchor; gives its width."""
        face = font(weight)
        self.on.text((x * DENSITY, y * DENSITY), words, fill=ink, font=face, anchor=anchor)
        return float(face.getlength(words)) / DENSITY


def _legend(pen: _Pen, lang: Lang, planned: bool) -> None:
    pen.box(_LEFT, 6, _LEFT + 9, 15, BAR)
    x = _LEFT + 14 + pen.words(_LEFT + 14, 11, text("mail.hours.done", lang)) + 14
    if planned:
        pen.box(x, 9.5, x + 14, 11.5, INK)
        pen.words(x + 19, 11, text("mail.hours.plan", lang))
    pen.disc(_LEFT + 4.5, 154, 3, PACE)
    pen.words(_LEFT + 14, 154, text("mail.hours.rate", lang))


def _bars(pen: _Pen, hours: Sequence[Hour], step: float, lang: Lang) -> None:
    top = max([1.0, *(hour.done for hour in hours), *(hour.plan or 0 for hour in hours)])
    tick = _tick(top)
    height = _BOTTOM - _TOP
    for number in range(int(top // tick) + 1):
        y = _BOTTOM - height * number * tick / top
        pen.box(_LEFT, y - 0.25, WIDTH - _RIGHT, y + 0.25, RULE + "66")
        pen.words(_LEFT - 6, y, fm.axis_count(number * tick, lang), "rm")
    peak = max((hour.done for hour in hours), default=0)
    for place, hour in enumerate(hours):
        left = _LEFT + place * step
        y = _BOTTOM - height * hour.done / top
        pen.box(left + step * 0.14, y, left + step * 0.86, _BOTTOM, BAR)
        if hour.plan is not None:
            planned = _BOTTOM - height * hour.plan / top
            # A gap around the line keeps it apart from a bar of nearly its own tone.
            pen.box(left + step * 0.04, planned - 2, left + step * 0.96, planned + 2, NOTHING)
            pen.box(left + step * 0.04, planned - 1, left + step * 0.96, planned + 1, INK)
        if hour.done == peak and peak:
            over = min(y, _BOTTOM - height * (hour.plan or 0) / top)
            pen.words(left + step / 2, over - 4, fm.count(peak), "ms", "SemiBold", BAR)
            peak = -1


def _rates(pen: _Pen, hours: Sequence[Hour], step: float, lang: Lang) -> None:
    rates = [hour.rate for hour in hours if hour.rate is not None]
    top = max(rates, default=1.0) or 1.0
    pen.box(_LEFT, _LOW_BOTTOM - 0.25, WIDTH - _RIGHT, _LOW_BOTTOM + 0.25, RULE + "66")
    height = _LOW_BOTTOM - _LOW_TOP
    for place, hour in enumerate(hours):
        x = _LEFT + (place + 0.5) * step
        if hour.rate is not None:
            y = _LOW_BOTTOM - height * hour.rate / top
            pen.box(x - 0.5, y, x + 0.5, _LOW_BOTTOM, PACE + "80")
            pen.disc(x, y, 2.6, PACE)
        if int(hour.label[11:13]) % _HOURS_APART == 0:
            pen.words(x, HEIGHT - 12, fm.hour(hour.label, lang), "mm")
    if rates:
        pen.words(_LEFT - 6, _LOW_TOP, fm.decimal(top), "rm")


def _tick(top: float) -> float:
    """A round distance of grid lines, two to five of them up to ``top``."""
    size = 1.0
    while size * 10 <= top:
        size *= 10
    return next(size * factor for factor in (2.0, 1.0, 0.5, 0.25) if top // (size * factor) >= 2 or factor == 0.25)
