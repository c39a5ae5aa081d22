"""Behind the screens on real engines: exports are what ``hubstat query`` says, lists are the proofs."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest
from dashboard_tree import figures
from installation import EVERYTHING, Installation, running

from aggregations.proofs.prover import Prover
from aggregations.question import LEVELS, Question, Scope
from aggregations.system import Watch
from aggregations.viewer import Viewer
from dashboard.exports import export, table_of
from dashboard.live import Built, Screens
from dashboard.place import parse
from dashboard.reader_board import ReaderBoard
from hubstat.domain.codes import DIRECTIONS
from hubstat.domain.metrics import metrics_for
from hubstat.elastic import overview
from hubstat.elastic.dead_letters import DeadLetter
from hubstat.errors import AccessError, QueryError
from hubstat.settings import Settings

pytestmark = pytest.mark.engines

DATE = "2026-11-12"
AS_OF, KNOWN_AT = "2026-11-12T15:00:00+09:00", "2026-11-12T16:30:00+09:00"
MOMENT = f"date={DATE}&as_of={AS_OF}&known_at={KNOWN_AT}".replace("+", "%2B")


@pytest.fixture
def installation(settings: Settings) -> Iterator[Installation]:
    with running(settings, "--no-rollup") as found:
        found.run("simulate", "--invoices", "400", "--date", DATE, "--seed", "5", "--corrections", "0.02", "--wait")
        yield found


def test_exports_lists_and_the_look_at_the_system(installation: Installation) -> None:
    every_screen_shows_the_figures_of_query(installation)
    exported_figures_are_those_of_query(installation)
    lists_are_the_proofs(installation)
    the_system_is_seen(installation)


def every_screen_shows_the_figures_of_query(installation: Installation) -> None:
    """Each hub and Friend, what no master data row names among them, in each direction and wave; both hub screens."""
    board = ReaderBoard(installation.reader, 2.0)
    screens = Screens(board)
    waves = [wave.wave for wave in installation.reader.store.master_data("KR").waves_of("KR")]
    compared: Counter[tuple[str, str, str]] = Counter()
    for direction, wave in product(DIRECTIONS, ("all", *waves)):
        options = ("--date", DATE, "--as-of", AS_OF, "--known-at", KNOWN_AT, "--direction", direction, "--wave", wave)
        known = installation.figures(*options)
        for hub in known:
            level, _, name = hub.partition(":")
            for screen in ("status", "returns") if direction == "RETURN" and level != "friend" else ("status",):
                there = urlencode({"screen": screen, "level": level, "hub": name, "wave": wave, "direction": direction})
                place = parse(f"{MOMENT}&{there}", board.zone, "ko")
                built = screens.build(place, "light", screens.moment(place))
                found = shown_on(built)
                assert any(of == hub for of, _ in found), hub
                for (of, metric), value in found.items():
                    assert value == part_of(known[of], metric), (there, of, metric)
                compared[level, direction, wave] += len(found)
        assert {"region:unmapped", "area:unmapped", "camp:unmapped"} <= set(known)
    board.close()
    assert len(compared) == 5 * 2 * (1 + len(waves))
    assert min(compared.values()) > 20


def part_of(known: Mapping[str, Any], metric: str) -> Any:
    """A figure, the part ``metric.key`` of a split one, or its ``metric.sum``."""
    name, _, part = metric.partition(".")
    figure = known[name]
    if part == "sum":
        return sum(figure.values())
    return (figure or {}).get(part) if part else figure


def shown_on(built: Built) -> dict[tuple[str, str], Any]:
    """Raw values by (hub, metric) of all that a screen shows of hubs, in its tables and beside them."""
    found, known = figures(built.tree), metrics_for(built.scene.place.direction)
    for name in {"children", "friends"} & {name for name, _ in built.tables}:
        for row in table_of(built, name).rows:
            found |= {(row["id"], key): value for key, value in row.items() if key.partition(".")[0] in known}
    return {key: value for key, value in found.items() if key[0].split(":")[0] in LEVELS}


def exported_figures_are_those_of_query(installation: Installation) -> None:
    board = ReaderBoard(installation.reader, 2.0)
    screens = Screens(board)
    compared = 0
    for direction, screen in (("DELIVERY", "status"), ("RETURN", "returns")):
        asked = ("--date", DATE, "--as-of", AS_OF, "--known-at", KNOWN_AT, "--direction", direction)
        answer = json.loads(installation.run("query", "--level", "region", *asked, "--format", "json").stdout)
        known = {f"region:{row['hub']}": row["figures"] for row in answer["rows"]}
        place = parse(f"screen={screen}&lang=en&{MOMENT}", board.zone, "ko")
        built = screens.build(place, "light", screens.moment(place))
        text = b"".join(export(screens, built, None, "children", "csv").body).decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text)))
        head = dict(line[:2] for line in lines[1 : lines.index([])])
        assert (head["As of"], head["Known at"]) == (answer["as_of"], answer["known_at"])
        assert head["Definition version"] == str(answer["definition_version"])
        top = lines.index([]) + 1
        metrics = [label.rpartition("(")[2].rstrip(")") for label in lines[top]]
        for line in lines[top + 1 :]:
            for metric, cell in zip(metrics, line, strict=True):
                name, _, part = metric.partition(".")
                if line[0] in known and name in known[line[0]]:
                    value = known[line[0]][name]
                    if part and part not in (value or {}):
                        continue
                    value = value[part] if part else value
                    assert cell == ("" if value is None else str(value)), (line[0], metric)
                    compared += 1
    board.close()
    assert compared > 40


def lists_are_the_proofs(installation: Installation) -> None:
    prover = Prover(installation.reader)
    question = Question("nationwide", date.fromisoformat(DATE), as_of=None, known_at=None)
    moment = question.moment(installation.reader.clock(), installation.reader.zone)
    question = Question("nationwide", date.fromisoformat(DATE), as_of=moment.as_of, known_at=moment.known_at)
    scope = Scope("nationwide", "KR")
    for metric in ("due", "m3", "m3.done", "m1_late", "m1_buckets", "completions_by_hour", "m6_stalled"):
        proof = prover.proof(EVERYTHING, question, metric, scope)
        with prover.listing(EVERYTHING, question, metric, scope) as found:
            lines = {line.invoice_no for line in found.lines}
        assert lines == {line.invoice_no for line in proof.lines}, metric
        assert found.figure == len(proof.lines)
    with pytest.raises(QueryError, match="nothing to list"), prover.listing(EVERYTHING, question, "m1_rate", scope):
        pass


def the_system_is_seen(installation: Installation) -> None:
    reader, settings = installation.reader, installation.settings
    letter = DeadLetter(
        "unknown_value", "code", "got 'X'", f"{settings.namespace}-invoice-events", 0, 7, 1, b"", b"", ()
    )
    index = f"{settings.namespace}-dead-letters"
    reader.store.client.index(index=index, id=letter.id, document=json.loads(letter.document()), refresh=True)
    health = Watch(reader, EVERYTHING, 2.0).look()
    assert [worker.silent for worker in health.workers] == [False]
    assert health.lag == 0
    assert {partition.worker for partition in health.partitions} == {health.workers[0].name}
    assert [(group.reason, group.count, group.detail) for group in health.letters] == [("unknown_value", 1, "got 'X'")]
    assert health.cluster.status in ("green", "yellow")
    assert health.audits == []
    assert (list(health.changes), health.all_changes) == ([], 0)
    heard = overview.last_heard(reader.store.client, settings.namespace, [DATE])
    day = json.loads(installation.run("query", "--level", "camp", "--date", DATE, "--format", "json").stdout)
    camps = {row["hub"] for row in day["rows"] if row["figures"]["due"]}
    assert camps - {"unmapped"} <= set(heard)
    with pytest.raises(AccessError):
        Watch(reader, Viewer("nobody", ()), 2.0).look()
