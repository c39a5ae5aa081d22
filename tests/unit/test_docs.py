"""The generated pages say what the settings and the registry say, for everyone who generates them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hubstat import docs
from hubstat.domain.measures import AtLeast, CustomerReason, Is, Known, Not, Predicate, PromisePassed, either, every
from hubstat.domain.metrics import METRICS
from hubstat.settings import Settings


def test_pages_are_written_once_and_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert docs.main(["--check"], tmp_path) == 1
    assert list(tmp_path.iterdir()) == []
    assert "run `make docs`" in capsys.readouterr().err
    assert docs.main([], tmp_path) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"settings.md", "metrics.md"}
    assert docs.main(["--check"], tmp_path) == 0
    with (tmp_path / "metrics.md").open("a") as page:
        page.write("by hand\n")
    assert docs.outdated(tmp_path) == [tmp_path / "metrics.md"]
    assert docs.main(["--check"], tmp_path) == 1


def test_every_documented_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = re.findall(r"^\| `(HUBSTAT_\w+)` \| ([^|]*) \|", docs.settings_page(), re.MULTILINE)
    count = sum(len(part.model_fields) if (part := docs._part(f)) else 1 for f in Settings.model_fields.values())
    assert len(rows) == count
    before = Settings().model_dump()
    unread = []
    for name, values in rows:
        value = _other_value(name, values)
        with monkeypatch.context() as environment:
            environment.setenv(name, value)
            if Settings().model_dump() == before:
                unread.append(name)
    assert unread == []


def _other_value(name: str, values: str) -> str:
    """A value that the page allows and that is not the default."""
    if name == "HUBSTAT_DASHBOARD__HOST":
        return "localhost"
    if values == "true or false":
        return "false" if name.endswith(("KEEP_DATA", "STATIC_MEMBERSHIP")) else "true"
    if values.startswith(("integer", "number")):
        return "1234"
    if choices := re.findall(r"`([^`]+)`", values):
        return choices[-1] if "like" not in values else "other"
    return "other"


def test_pages_do_not_depend_on_who_writes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    page = docs.settings_page()
    assert "| `HUBSTAT_ENGINES__CACHE_DIR` | path | `<cache>/engines` |" in page
    assert "| `HUBSTAT_STATE_DIR` | path | `<state>` |" in page
    monkeypatch.setenv("HUBSTAT_NAMESPACE", "other")
    monkeypatch.setenv("HUBSTAT_KAFKA__PARTITIONS", "3")
    assert docs.settings_page() == page


def test_settings_page_shows_bounds_choices_and_secrets() -> None:
    page = docs.settings_page()
    assert "| `HUBSTAT_KAFKA__PARTITIONS` | integer ≥ 1 | `8` |" in page
    assert "| `HUBSTAT_DASHBOARD__PORT` | integer ≥ 1, ≤ 65535 | unset |" in page
    assert "| `HUBSTAT_ELASTICSEARCH__PASSWORD` | secret text | unset |" in page
    assert "| `HUBSTAT_ENGINES__CHOICE` | `auto`, `docker`, `embedded` | `auto` |" in page


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: f"{metric.id}-{metric.directions[0]}")
def test_every_metric_has_its_section(metric: docs.Metric) -> None:
    section = next(
        part
        for part in docs.metrics_page().split("\n## ")
        if part.startswith(f"`{metric.id}`") and f"direction: {', '.join(metric.directions)} ·" in part
    )
    for text in (metric.label_ko, metric.label_en, metric.sentence_ko, metric.sentence_en):
        assert text
        assert text in section
    assert f"adds: {'yes' if metric.additive else 'no'}" in section


@pytest.mark.parametrize(
    ("predicate", "text"),
    [
        (Is("due", True), "due"),
        (Is("due", False), "not due"),
        (Is("state", "done"), "state = done"),
        (Not(Is("state", "done")), "state ≠ done"),
        (Not(Is("due", True)), "not due"),
        (Known("reason"), "reason known"),
        (Not(Known("reason")), "reason unknown"),
        (AtLeast("settled", 0), "settled ≥ 0"),
        (every(Is("due", True), every(PromisePassed(), Known("a"))), "due and promise < T and a known"),
        (every(Is("due", True), either(Known("a"), Known("b"))), "due and (a known or b known)"),
        (Not(either(Known("a"), CustomerReason())), "not (a known or failed by the promise for a customer's reason)"),
    ],
)
def test_predicates_read_as_expressions(predicate: Predicate, text: str) -> None:
    assert docs.predicate_text(predicate) == text
