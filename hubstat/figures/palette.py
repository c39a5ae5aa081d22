"""Colour tokens of both themes. The style sheet carries the same values (tested); plotly and mail read these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Theme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Palette:
    """Tokens of one theme, as ``#RRGGBB``. Their use and contrast are listed in docs/design.md."""

    canvas: str
    surface: str
    sunk: str
    line: str
    line_strong: str
    ink: str
    ink_2: str
    ink_3: str
    accent: str
    late: str
    risk: str
    ok: str
    late_fill: str
    risk_fill: str
    ok_fill: str
    late_soft: str
    risk_soft: str
    ok_soft: str
    bar: str
    drive: str
    heat_low_2: str
    heat_low_1: str
    heat_high_1: str
    heat_high_2: str


LIGHT: Final = Palette(
    canvas="#F5F6F8",
    surface="#FFFFFF",
    sunk="#F0F2F5",
    line="#E2E5EA",
    line_strong="#C6CCD5",
    ink="#141922",
    ink_2="#465060",
    ink_3="#667080",
    accent="#1D4ED8",
    late="#B3261E",
    risk="#8A5300",
    ok="#0B6A69",
    late_fill="#D0352B",
    risk_fill="#E8A317",
    ok_fill="#2A9D97",
    late_soft="#FCEBE9",
    risk_soft="#FFF3DB",
    ok_soft="#E2F3F2",
    bar="#6C8FEC",
    drive="#8691A2",
    heat_low_2="#F6CE86",
    heat_low_1="#FCEBC9",
    heat_high_1="#DFE8FA",
    heat_high_2="#B9CBF3",
)
DARK: Final = Palette(
    canvas="#0D1015",
    surface="#151920",
    sunk="#1C222B",
    line="#272E38",
    line_strong="#414B59",
    ink="#EDF0F4",
    ink_2="#B5BECB",
    ink_3="#8D97A6",
    accent="#86A8FF",
    late="#FF8F80",
    risk="#F3BC55",
    ok="#62CDC6",
    late_fill="#F0604F",
    risk_fill="#E0A02A",
    ok_fill="#35A8A1",
    late_soft="#3A1B1A",
    risk_soft="#352810",
    ok_soft="#12302F",
    bar="#5273CC",
    drive="#6A7686",
    heat_low_2="#6B4A10",
    heat_low_1="#3B2C12",
    heat_high_1="#1D2A44",
    heat_high_2="#2E4782",
)


def palette(theme: Theme) -> Palette:
    """Tokens of a theme."""
    return DARK if theme == "dark" else LIGHT
