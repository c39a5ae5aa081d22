"""The page of metrics: every metric with its definition, how it is computed, and a figure reckoned by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hubstat.documentation.example import COMMANDS, example_lines
from hubstat.documentation.text import GENERATED
from hubstat.domain.measures import (
    AtLeast,
    CustomerReason,
    Either,
    Every,
    Is,
    Known,
    Not,
    Predicate,
    PromisePassed,
    WaveClosed,
)
from hubstat.domain.metric import (
    AfterDeadline,
    AgeSplit,
    AtRisk,
    CompletionHours,
    CompletionPercentile,
    Count,
    FriendHours,
    FriendLatest,
    FriendRate,
    FriendRatio,
    FriendSplit,
    FriendSum,
    LastCompletion,
    LoadCount,
    Measure,
    Metric,
    Plan,
    Ratio,
    Shares,
    SplitCount,
    StageMinutes,
    StalledCount,
)
from hubstat.domain.metrics import DEFINITION_VERSION, METRICS
from hubstat.domain.row import NEVER_IN_BASE
from hubstat.examples import SERVICE_DATE

_INTRODUCTION: Final = f"""\
Definition version {DEFINITION_VERSION}. Every figure on the screens and of `hubstat query` and `hubstat proof`
is one of these, read from one registry, `hubstat/domain/metrics.py`.

T is the as-of time. *Computed as* is the measure itself: a predicate over the attributes of an invoice
(`hubstat/domain/row.py`), or a part of the Friend-days. Where a metric *adds*, the figure of a hub is the sum over what
lies below it; the others are computed anew at each level. Ratios are sums over sums, and null where the denominator
is 0. Metrics of Friends and routes are the same for both directions and every wave: neither filters them."""
_EXAMPLES: Final = f"""\
## The examples

Each metric has a figure of one small day, [the example day](example/README.md), reckoned by hand from its scans. The
tests hold the fold, the audit's program and Elasticsearch to them. Unless an example says otherwise T and K are 18:00,
and the figure is of all waves. To see the same figures:

{COMMANDS}

Idle time, efficiency, plan and projection are measured against the Fridays before. The roll-up that `hubstat up` runs
makes these baselines soon after the replay; `hubstat --namespace example baselines --date {SERVICE_DATE}` shows
them."""
_BETTER: Final = {"up": "up", "down": "down", None: "–"}


def metrics_page() -> str:
    """Every metric of the registry: labels, definition, unit, how it adds up and how it is computed."""
    lines = [
        "# Metrics",
        "",
        GENERATED,
        "",
        *_INTRODUCTION.splitlines(),
        "",
        *_EXAMPLES.splitlines(),
    ]
    for metric in METRICS:
        lines += ["", *_metric(metric)]
    return "\n".join(lines) + "\n"


def _metric(metric: Metric) -> list[str]:
    facts = {
        "direction": ", ".join(metric.directions),
        "unit": metric.unit.replace("_", " "),
        "better": _BETTER[metric.better],
        "adds": "yes" if metric.additive else "no",
    }
    suffix = f" ({metric.directions[0]})" if _named_twice(metric) else ""
    return [
        f"## `{metric.id}`{suffix} {metric.label_ko} · {metric.label_en}",
        "",
        f"{metric.sentence_en}.",
        "",
        f"{metric.sentence_ko}.",
        "",
        " · ".join(f"{name}: {value}" for name, value in facts.items()),
        "",
        f"Computed as: {measure_text(metric.measure)}",
        *example_lines(metric),
    ]


def _named_twice(metric: Metric) -> bool:
    return sum(other.id == metric.id for other in METRICS) > 1


def measure_text(measure: Measure) -> str:
    """A measure in words and code."""
    match measure:
        case Count(where):
            return f"number of invoices with `{predicate_text(where)}`"
        case SplitCount(where, split, keys):
            named = f": {', '.join(f'`{key}`' for key in keys)}" if keys else ""
            return f"number of invoices with `{predicate_text(where)}` by `{split}`{named}"
        case Ratio(numerator, denominator):
            return f"`{numerator}` ÷ `{denominator}`"
        case CompletionHours():
            return "number of completed due invoices by local hour of completion"
        case LastCompletion():
            return "greatest completion time of the due invoices"
        case CompletionPercentile(share):
            return f"percentile {share:.0%} of the completion minutes of the due invoices, nearest rank"
        case AfterDeadline():
            return "number of due invoices completed after the deadline of their wave"
        case StageMinutes(stage):
            return f"median, p90 and n of the minutes of `{stage}` of the due invoices, nearest rank"
        case Shares(parts, total):
            return f"each part of `{parts}` ÷ `{total}`"
        case AtRisk():
            return "number of open due invoices with promise ≥ T and projected finish > promise (definitions.md, 7)"
        case LoadCount(part):
            what = {"assigned": "held at a Friend's first departure", "gap": "held then and not loaded by then"}[part]
            return f"number of due invoices {what} (definitions.md, 4)"
        case Plan(part):
            when = {"hours": "at the end of each hour", "now": "at T", "due": "the due of the parts that have a share"}
            return f"due × plan share over camps and waves: {when[part]} (definitions.md, 8)"
        case AgeSplit(waits):
            what = "open at T, by hours since camp arrival (returns: since the request)"
            if waits == "pickup":
                what = "picked up and not at the warehouse at T, by hours since the pickup"
            return f"number of invoices of any service date {what}"
        case StalledCount():
            return "number of aged invoices with T − last event ≥ 24 h"
        case FriendSum(part, scale):
            return f"sum of `{part}` over Friends" + (f", ms ÷ {scale:,}" if scale != 1 else "")
        case FriendSplit():
            return "sums of excluded time over the Friend-days by kind, in minutes"
        case FriendHours(part):
            return f"`{part}` of the Friend-days by local hour"
        case FriendRate(part):
            return f"{'invoices worked' if part == 'worked' else 'stops'} ÷ net on-road hours of the Friend-days"
        case FriendRatio(numerator, denominator):
            return f"sum of `{numerator}` ÷ sum of `{denominator}` over Friends"
        case FriendLatest(part, _):
            return f"greatest `{part}` over Friends"


def predicate_text(predicate: Predicate, inner: bool = False) -> str:
    """A predicate as an expression; ``inner``: in brackets where it is one of several parts."""
    match predicate:
        case Is(field, bool(value)):
            return field if value else f"not {field}"
        case Is("settled", value) if value == NEVER_IN_BASE:
            return "ended by the promise"
        case Is(field, value):
            return f"{field} = {value}"
        case Known(field):
            return f"{field} known"
        case AtLeast("settled", 0):
            return "late when settled"
        case AtLeast(field, value):
            return f"{field} ≥ {value}"
        case PromisePassed():
            return "promise < T"
        case WaveClosed():
            return "deadline of the wave + 4 h ≤ T"
        case CustomerReason():
            return "failed by the promise for a customer's reason"
        case Every(parts):
            return _joined(" and ", _flat(parts), inner)
        case Either(parts):
            return _joined(" or ", parts, inner)
        case Not(Is(field, value)) if not isinstance(value, bool) and field != "settled":
            return f"{field} ≠ {value}"
        case Not(Known(field)):
            return f"{field} unknown"
        case Not(part):
            return f"not {predicate_text(part, inner=True)}"


def _flat(parts: Iterable[Predicate]) -> tuple[Predicate, ...]:
    """The parts of a conjunction, with those of conjunctions inside it."""
    return tuple(part for each in parts for part in (_flat(each.parts) if isinstance(each, Every) else (each,)))


def _joined(word: str, parts: tuple[Predicate, ...], inner: bool) -> str:
    text = word.join(predicate_text(part, inner=True) for part in parts)
    return f"({text})" if inner and len(parts) > 1 else text
