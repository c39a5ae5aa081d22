"""A mail before it is laid out: words and figures in their order. The HTML and the plain text are both written from it,
so neither can hold a figure that the other has not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

Tone = Literal["plain", "late", "risk", "ok", "quiet"]
MARKS: dict[Tone, str] = {"plain": "", "late": "▲", "risk": "◆", "ok": "●", "quiet": ""}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. beside: a companion in grey, under it on a phone. mark: whether its tone's shape goes before it."""

    text: str
    tone: Tone = "plain"
    beside: str = ""
    strong: bool = False
    mark: bool = False

    @property
    def shape(self) -> str:
        """The shape that says the tone without colour."""
        return MARKS[self.tone] if self.mark else ""


@dataclass(frozen=True, slots=True)
class Block:
    """A titled table. The first column names the row. total: the last row is a sum. listed: names are no headings."""

    kind: ClassVar[str] = "block"
    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    total: bool = False
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tables side by side; on a phone one below the other, but for narrow ones."""

    kind: ClassVar[str] = "pair"
    left: Block
    right: Block
    narrow: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart. Its figures are in the block after it."""

    kind: ClassVar[str] = "picture"
    title: str
    cid: str
    alt: str
    width: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Items:
    """Points with a line of explanation each."""

    kind: ClassVar[str] = "items"
    title: str
    items: Sequence[tuple[str, str]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """The whole mail. tags: short standings with their tones. lead: the verdict, in stretches. attached: what the file
    is, or why there is none; exports: words and addresses of what stands in its place."""

    lang: str
    subject: str
    title: str
    tags: Sequence[tuple[str, Tone]]
    meta: Sequence[str]
    lead: Sequence[tuple[str, Tone]]
    missing: Sequence[str]
    missing_title: str
    parts: Sequence[Block | Pair | Picture | Items]
    link: tuple[str, str]
    attached: str
    exports: Sequence[tuple[str, str]]
    foot: Sequence[str]
    unsubscribe: tuple[str, str] | None = None
