"""The page of measurements: made from the results that ``hubstat bench --out`` has written."""

from __future__ import annotations

from typing import Any, Final

from hubstat.bench.results import TARGETS, Finding, Report, Series
from hubstat.documentation.text import GENERATED, table

_INTRODUCTION: Final = """\
What `hubstat bench` measured on one machine in one run: the programs take turns, one round after the other, on an
Elasticsearch and a Kafka started for it. A value is the median of the rounds, in brackets the least and the greatest;
a ratio is formed round by round. Compare ratios, not machines. To measure again: `make bench`."""
_REACHED: Final = {"aim": "aim", "must": "must", "missed": "**missed**"}


def performance_page(results: dict[str, Any]) -> str:
    """The page of some results. Raises ``ValueError`` where they are of another format."""
    report = Report.of_json(results)
    lines = ["# Performance", "", GENERATED, "", *_INTRODUCTION.splitlines(), "", "## Targets", ""]
    head = ("target", "measure", "of", "must", "aim", "measured", "reached")
    lines += table(head, (_finding(each) for each in sorted(report.findings, key=_place)))
    if report.not_run:
        lines += ["", "Not run:", "", *(f"- {each.what}: {each.why}" for each in report.not_run)]
    for bench in dict.fromkeys(series.bench for series in report.series):
        lines += ["", f"## {bench}", "", *(f"- {note}" for note in report.notes.get(bench, [])), ""]
        rows = (_series(each) for each in report.series if each.bench == bench)
        lines += table(("what", "unit", "measured", "n"), rows)
    lines += ["", "## Conditions", "", *table(("what", "value"), report.conditions.items())]
    return "\n".join(lines) + "\n"


def _place(finding: Finding) -> int:
    return list(TARGETS).index(finding.target)


def _finding(finding: Finding) -> tuple[str, ...]:
    target = TARGETS[finding.target]
    sign, unit = "≥" if target.up else "≤", f" {target.unit}" if target.unit else ""
    return (
        target.id,
        target.measure,
        finding.variant,
        f"{sign} {target.must:g}{unit}",
        f"{sign} {target.aim:g}{unit}",
        _values(list(finding.values), finding.median),
        _REACHED[target.reached(finding.median)],
    )


def _series(series: Series) -> tuple[str, ...]:
    return (series.name, series.unit, _values(series.values, series.median), str(len(series.values)))


def _values(values: list[float], median: float) -> str:
    if len(values) == 1:
        return _number(median)
    return f"{_number(median)} ({_number(min(values))}–{_number(max(values))})"


def _number(value: float) -> str:
    """Three significant digits, without an exponent."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:g}"
