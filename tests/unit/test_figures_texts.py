"""The catalogue is complete in both languages and every key is used; every key that is used exists."""

from __future__ import annotations

import re
import string
from pathlib import Path
from typing import get_args

import pytest

import hubstat
from dashboard.live import GRIDS
from dashboard.place import SCREENS
from hubstat.domain.backlog import AGES
from hubstat.domain.codes import DELIVERY_CODES, DIRECTIONS, RETURN_CODES
from hubstat.domain.invoice import STAGES, STATES
from hubstat.domain.masterdata import GROUPS as GROUPS_OF_REASONS
from hubstat.domain.measures import NOT_ATTEMPTED
from hubstat.domain.metric import Unit
from hubstat.domain.metrics import metrics_for
from hubstat.figures.dictionary import GROUPS
from hubstat.figures.texts import TEXTS, definition, label, text

ROOT = Path(hubstat.__file__).parents[1]
SOURCES = [
    *(ROOT / "dashboard").rglob("*.py"),
    *(ROOT / "hubstat" / "figures").glob("*.py"),
    *(ROOT / "reports").rglob("*.py"),
]
# Keys that are put together from a part known only at run time: prefix → every ending that may come.
MADE = {
    "wave.": ("DAWN", "DAY", "SAME_DAY", "all", "label"),
    "direction.": (*DIRECTIONS, "label"),
    "level.": ("region", "area", "camp", "friend"),
    "state.": tuple({state for states in STATES.values() for state in states}),
    "event.": tuple({*DELIVERY_CODES, *RETURN_CODES}),
    "standing.": ("decides", "voided", "other_copy", "later", "unknown_yet"),
    "excluded.": ("break", "app_lock", "load_wait", "window_wait", "incident", "offline"),
    "verdict.status.": ("behind", "watch", "fine", "none"),
    "invoice.counts.": ("date", "wave", "camp", "friend", "promise", "completed", "state", "why"),
    "mail.file.": ("level", "direction", "hub", "name", "parent"),
    "mail.reason.": ("NOT_ARRIVED", "NOT_LOADED", "NO_ATTEMPT", "NOT_ASSIGNED", "UNKNOWN"),
    "chart.": ("hour", "in_hour", "so_far", "share", "planned", "projected"),
    "tile.name.": ("due", "completion", "late_open", "at_risk", "undelivered", "m6_stalled", "projected_finish",
                   "hourly_deliveries", "idle_minutes", "friends_out"),
    "short.": ("finish", "late", "need", "bars"),
    "reasons.group.": (*GROUPS_OF_REASONS, NOT_ATTEMPTED),
    "strip.": ("drive", "stop", "rest", "idle", "batch", "finish", "what", "from", "to", "minutes"),
    "compare.": ("none", "week", "yesterday", "closed"),
    "nav.": SCREENS,
    "age.": (*AGES, "seconds", "minutes", "hours", "days"),
    "unit.": get_args(Unit),
    "dictionary.group.": GROUPS,
    "dictionary.better.": ("up", "down", "none"),
    "dictionary.adds.": ("yes", "no"),
    "dictionary.": ("id", "name", "unit", "direction", "better", "adds", "definition", "formula", "example"),
    "returns.stage.": STAGES,
    "returns.step.": ("requested", "picked_up", "warehouse", "completed", "refunded"),
    "returns.unrecorded.": ("inspection", "refund", "money"),
    "system.": ("data_to", "lag", "silent", "letters", "audit", "cluster"),
    "export.table.": GRIDS,
    "export.": ("running", "rows", "cancel", "cancelled", "failed", "done"),
    "col.": ("invoice", "promise", "completed", "late", "camp", "friend", "state", "why"),
    "reports.name.": ("daily-provisional", "daily-final", "wave-close", "hourly-digest"),
    "reports.state.": ("claimed", "building", "handing-over", "sent", "failed", "unknown", "skipped", "stored"),
    "reports.col.": ("slot", "report", "day", "hub", "recipient", "state", "error", "name", "lang", "reports"),
    "system.version.": ("hubstat", "definitions", "fold", "elasticsearch"),
    "system.cluster.": ("green", "yellow", "red"),
}  # fmt: skip


def _used() -> set[str]:
    literal = re.compile(r"""["']([a-z_]+(?:\.[A-Za-z_]+)*)["']""")
    found = {key for path in SOURCES if not path.name.startswith("texts") for key in literal.findall(path.read_text())}
    return found | {prefix + ending for prefix, endings in MADE.items() for ending in endings}


def _placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_every_key_has_both_languages_with_the_same_placeholders() -> None:
    for key, (korean, english) in TEXTS.items():
        assert korean, key
        assert english, key
        assert _placeholders(korean) == _placeholders(english), key


def test_every_key_is_used() -> None:
    assert sorted(set(TEXTS) - _used()) == []


def test_every_key_that_is_put_together_exists() -> None:
    assert sorted({prefix + ending for prefix, endings in MADE.items() for ending in endings} - set(TEXTS)) == []


def test_every_literal_key_exists() -> None:
    calls = re.compile(r'(?:\bsay|\btext)\(\s*"([^"]+)"')
    used = {key for path in SOURCES for key in calls.findall(path.read_text())}
    assert used, "no call found: the pattern is wrong"
    assert sorted(used - set(TEXTS)) == []


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(KeyError):
        text("no.such", "ko")


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_labels_and_definitions_come_from_the_registry(direction: str) -> None:
    for metric in metrics_for(direction):  # type: ignore[arg-type]
        for lang in ("ko", "en"):
            assert label(metric, direction, lang)  # type: ignore[arg-type]
            assert definition(metric, direction, lang)  # type: ignore[arg-type]
