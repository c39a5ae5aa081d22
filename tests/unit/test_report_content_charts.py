"""The chart: its font has every glyph that it draws, and a picture is what it should be, on both grounds."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from hubstat.figures.formats import LANGS, Lang, axis_count, hour
from hubstat.figures.texts import text
from reports.content.charts import BAR, DENSITY, HEIGHT, INK, PACE, WIDTH, Hour, Weight, draw, font

HOURS = [Hour(f"2026-11-20T{n:02d}", n * 100, 900.0 if n % 2 else None, n / 2 if n > 6 else None) for n in range(24)]


def _glyph(letter: str, weight: Weight) -> bytes:
    mask = font(weight).getmask(letter)
    return bytes(mask) + repr(mask.size).encode()


@pytest.mark.parametrize("weight", ["Regular", "SemiBold"])
def test_the_font_has_every_letter_that_is_drawn(weight: Weight) -> None:
    missing = _glyph("\uffff", weight)
    words = [text(key, lang) for key in ("mail.hours.done", "mail.hours.plan", "mail.hours.rate") for lang in LANGS]
    words += [axis_count(number, lang) for number in (0, 5, 2500, 15_000) for lang in LANGS]
    words += [hour("2026-11-20T09", lang) for lang in LANGS] + ["0123456789,.—−"]
    assert not {letter for word in words for letter in word if letter != " " and _glyph(letter, weight) == missing}
    assert _glyph("완", weight) != _glyph("료", weight)


def test_the_font_has_the_hangul_of_the_standard() -> None:
    hangul = [bytes([high, low]).decode("euc_kr") for high in range(0xB0, 0xC9) for low in range(0xA1, 0xFF)]
    missing = _glyph("\uffff", "Regular")
    assert not [letter for letter in hangul if _glyph(letter, "Regular") == missing]


@pytest.mark.parametrize("lang", LANGS)
def test_a_picture_has_its_size_and_a_clear_ground(lang: Lang) -> None:
    image = Image.open(io.BytesIO(draw(HOURS, lang))).convert("RGBA")
    assert image.size == (WIDTH * DENSITY, HEIGHT * DENSITY)
    assert image.getpixel((0, 0))[3] == 0
    colours = {pixel for _, pixel in image.getcolors(100_000)}
    for ink in (BAR, INK, PACE):
        wanted = tuple(int(ink[place : place + 2], 16) for place in (1, 3, 5))
        assert any(max(abs(a - b) for a, b in zip(wanted, pixel[:3], strict=True)) <= 4 for pixel in colours)


def test_bars_are_as_high_as_their_figures() -> None:
    image = Image.open(
        io.BytesIO(draw([Hour("2026-11-20T00", 50, None, None), Hour("2026-11-20T01", 100, None, None)], "ko"))
    )
    pixels = image.convert("RGBA")
    blue = tuple(int(BAR[place : place + 2], 16) for place in (1, 3, 5))
    step = (WIDTH - 48) / 2

    def height(place: int) -> int:
        x = round((40 + (place + 0.5) * step) * DENSITY)
        column = [pixels.getpixel((x, y)) for y in range(76, 276)]
        return sum(
            max(abs(a - b) for a, b in zip(pixel[:3], blue, strict=True)) <= 4 and pixel[3] > 200 for pixel in column
        )

    assert height(1) == pytest.approx(200, abs=2)
    assert height(0) == pytest.approx(100, abs=2)


def test_nothing_done_is_drawn_too() -> None:
    assert draw([Hour("2026-11-20T09", 0, None, None)], "en").startswith(b"\x89PNG")
