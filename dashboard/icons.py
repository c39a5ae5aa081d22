"""Icons, drawn by the style sheet from its own shapes: no font, no network."""

from __future__ import annotations

from dash import html


def icon(name: str) -> html.Span:
    """An icon by name; the word stands beside it or in the control's label."""
    return html.Span(className=f"icon icon-{name}", **{"aria-hidden": "true"})
