"""Reads a mail as its recipient does: what is visible in its HTML, the figures in it, the rows of its file."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from html.parser import HTMLParser

_FIGURE = re.compile(r"[+−±]?\d(?:[\d,.:]*\d)?(?:%p|%| pp)?")


class Visible(HTMLParser):
    """words: that a reader sees, a line for each stretch. sources: of the pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.unseen = 0
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.unseen += tag in ("style", "title")
        if tag == "img":
            self.sources.append(dict(attrs)["src"] or "")

    def handle_endtag(self, tag: str) -> None:
        self.unseen -= tag in ("style", "title")

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.words.append(data)


def seen(html: str) -> str:
    """Everything visible in a mail's HTML."""
    page = Visible()
    page.feed(html)
    return "\n".join(page.words)


def sources(html: str) -> list[str]:
    """Where the pictures of a mail's HTML come from."""
    page = Visible()
    page.feed(html)
    return page.sources


def figures_in(shown: str) -> Counter[str]:
    """Numbers as they stand in a text, each as often as it does."""
    return Counter(_FIGURE.findall(shown))


def file_rows(raw: bytes) -> dict[tuple[str, str, str], dict[str, str]]:
    """Rows of a mail's CSV by (level, direction, hub), each by the ids in the brackets of the headings."""
    assert raw.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    empty = lines.index([])
    keys = [label[label.index(" (") + 2 : -1] for label in lines[empty + 1]]
    rows = [dict(zip(keys, line, strict=True)) for line in lines[empty + 2 :]]
    found = {(row["level"], row["direction"], row["hub"]): row for row in rows}
    assert len(found) == len(rows)
    return found
