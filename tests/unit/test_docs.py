"""The generated pages say what the settings and the registry say, for everyone who generates them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hubstat import docs
from hubstat.documentation.metrics import metrics_page, predicate_text
from hubstat.documentation.settings import _part, settings_page
from hubstat.domain.measures import AtLeast, CustomerReason, Is, Known, Not, Predicate, PromisePassed, either, every
from hubstat.domain.metric import Metric
from hubstat.domain.metrics import METRICS
from hubstat.examples import EXAMPLES
from hubstat.settings import Settings


def test_pages_are_written_once_and_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert docs.main(["--check"], tmp_path) == 1
    assert list(tmp_path.iterdir()) == []
    assert "run `make docs`" in capsys.readouterr().err
    assert docs.main([], tmp_path) == 0
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    hubs = {"example/hubs/hubs.csv", "example/hubs/friends.csv"}
    assert written == {"settings.md", "metrics.md", "example/README.md", "example/events.ndjson", *hubs}
    assert docs.main(["--check"], tmp_path) == 0
    with (tmp_path / "metrics.md").open("a") as page:
        page.write("by hand\n")
    assert docs.outdated(tmp_path) == [tmp_path / "metrics.md"]
    assert docs.main(["--check"], tmp_path) == 1
    (tmp_path / "example" / "events.ndjson").unlink()
    assert docs.outdated(tmp_path) == [tmp_path / "metrics.md", tmp_path / "example" / "events.ndjson"]


def test_every_documented_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = re.findall(r"^\| `(HUBSTAT_\w+)` \| ([^|]*) \| ([^|]*) \|", settings_page(), re.MULTILINE)
    count = sum(len(part.model_fields) if (part := _part(f)) else 1 for f in Settings.model_fields.values())
    assert len(rows) == count
    before = Settings().model_dump()
    unread = []
    for name, values, default in rows:
        value = _other_value(name, values, default)
        with monkeypatch.context() as environment:
            environment.setenv(name, value)
            if Settings().model_dump() == before:
                unread.append(name)
    assert unread == []


def _other_value(name: str, values: str, default: str) -> str:
    """A value that the page allows and that is not the default."""
    if name == "HUBSTAT_DASHBOARD__HOST":
        return "localhost"
    if re.fullmatch(r"`[0-9*/ ,-]+`", default) and " " in default:
        return "5 4 * * *"
    if name == "HUBSTAT_REPORTS__SENDER":
        return "other <other@example.com>"
    if values == "JSON array":
        return '["example.com"]'
    if values == "true or false":
        return "false" if default == "`true`" else "true"
    if values.startswith(("integer", "number")):
        return "1234"
    if choices := re.findall(r"`([^`]+)`", values):
        return choices[-1] if "like" not in values else "other"
    return "other"


def test_pages_do_not_depend_on_who_writes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    page = settings_page()
    assert "| `HUBSTAT_ENGINES__CACHE_DIR` | path | `<cache>/engines` |" in page
    assert "| `HUBSTAT_STATE_DIR` | path | `<state>` |" in page
    monkeypatch.setenv("HUBSTAT_NAMESPACE", "other")
    monkeypatch.setenv("HUBSTAT_KAFKA__PARTITIONS", "3")
    assert settings_page() == page


def test_settings_page_shows_bounds_choices_and_secrets() -> None:
    page = settings_page()
    assert "| `HUBSTAT_KAFKA__PARTITIONS` | integer ≥ 1 | `8` |" in page
    assert "| `HUBSTAT_DASHBOARD__PORT` | integer ≥ 1, ≤ 65535 | unset |" in page
    assert "| `HUBSTAT_ELASTICSEARCH__PASSWORD` | secret text | unset |" in page
    assert "| `HUBSTAT_ENGINES__CHOICE` | `auto`, `docker`, `embedded` | `auto` |" in page


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: f"{metric.id}-{metric.directions[0]}")
def test_every_metric_has_its_section(metric: Metric) -> None:
    section = next(
        part
        for part in metrics_page().split("\n## ")
        if part.startswith(f"`{metric.id}`") and f"direction: {', '.join(metric.directions)} ·" in part
    )
    for text in (metric.label_ko, metric.label_en, metric.sentence_ko, metric.sentence_en):
        assert text
        assert text in section
    assert f"adds: {'yes' if metric.additive else 'no'}" in section
    own = [each for each in EXAMPLES if each.metric == metric.id and each.direction in metric.directions]
    assert own
    for example in own:
        assert f"> {example.reckoning}" in section
        assert example.hub.removeprefix("KR") in section
    assert section.count("Example, ") == len(own)


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
        (AtLeast("settled", 0), "late when settled"),
        (every(Is("due", True), every(PromisePassed(), Known("a"))), "due and promise < T and a known"),
        (every(Is("due", True), either(Known("a"), Known("b"))), "due and (a known or b known)"),
        (Not(either(Known("a"), CustomerReason())), "not (a known or failed by the promise for a customer's reason)"),
    ],
)
def test_predicates_read_as_expressions(predicate: Predicate, text: str) -> None:
    assert predicate_text(predicate) == text
