"""The pages of the example day: what happened, and each metric's figure with its reckoning."""

from __future__ import annotations

from typing import Any, Final

from hubstat.documentation.text import GENERATED, table
from hubstat.domain.metric import Metric
from hubstat.examples import EXAMPLES, MASTER, SERVICE_DATE, Example
from hubstat.examples.story import PARCELS, SHIFTS

_MOMENT: Final = f"{SERVICE_DATE}T18:00"
COMMANDS: Final = f"""\
```
hubstat --namespace example up --detach --no-dashboard
hubstat --namespace example replay docs/example/events.ndjson --hubs docs/example/hubs --wait
hubstat --namespace example query --level camp --hub C1 --date {SERVICE_DATE} \\
    --as-of {_MOMENT} --known-at {_MOMENT} --format json
hubstat --namespace example down
```"""
_INTRODUCTION: Final = """\
All of it is in [events.ndjson](events.ndjson), with the master data in [hubs](hubs); the figures it gives are in
[metrics.md](../metrics.md). Times are local; those of other dates say which. An invoice without a doorstep has one of
its own. The scans were received when they happened, but for those that say otherwise."""


def example_page() -> str:
    """The example day: its network, its invoices with their scans, its Friends."""
    hubs = [tuple(line.split(",")) for line in MASTER["hubs.csv"].splitlines()[1:]]
    lines = [
        f"# The example day, {SERVICE_DATE}",
        "",
        GENERATED,
        "",
        *_INTRODUCTION.splitlines(),
        "",
        "## Network",
        "",
        *table(("camp", "area", "region"), ((hub[0], hub[3], hub[6]) for hub in hubs)),
        "",
        "## Friends",
        "",
        *table(
            ("Friend", "camp", "wave", "service date", "shift", "events"),
            ((s.friend_id, s.camp, s.wave, s.date, "–".join(s.span), "; ".join(s.events)) for s in SHIFTS),
        ),
    ]
    head = ("invoice", "camp", "wave", "service date", "promise", "registered", "doorstep", "scans")
    for direction, title in (("DELIVERY", "Deliveries"), ("RETURN", "Returns")):
        rows = (
            (
                p.invoice_no,
                p.camp,
                p.wave,
                p.date,
                p.promise,
                "; ".join((p.asked, *(f"{name}={value}" for name, value in p.more.items()))),
                p.door or "",
                "; ".join(p.scans),
            )
            for p in PARCELS
            if p.direction == direction
        )
        lines += ["", f"## {title}", "", *table(head, rows)]
    return "\n".join(lines) + "\n"


def example_lines(metric: Metric) -> list[str]:
    """The figures of a metric on the example day: where and when, the value, and how it comes about."""
    lines: list[str] = []
    for example in EXAMPLES:
        if example.metric == metric.id and example.direction in metric.directions:
            lines += ["", f"Example, {_where(example)}: {_value(example.expected)}", "", f"> {example.reckoning}"]
    return lines


def _where(example: Example) -> str:
    place = "nationwide" if example.level == "nationwide" else f"{example.level} {example.hub}"
    parts = [place, example.direction]
    if example.wave != "all":
        parts.append(f"wave {example.wave}")
    if example.as_of != "18:00":
        parts.append(f"T = {example.as_of}")
    if example.known_at is not None:
        parts.append(f"K = {example.known_at}")
    return ", ".join(parts)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"`{key}` **{_number(part)}**" for key, part in value.items())
    return f"**{_number(value)}**"


def _number(value: Any) -> str:
    """At most three decimals; data are unrounded."""
    return f"{value:,.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
