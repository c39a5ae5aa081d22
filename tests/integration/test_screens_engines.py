"""Behind the screens on real engines: exports are what ``hubstat query`` says, lists are the proofs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import date

import pytest
from installation import EVERYTHING, Installation, running

from aggregations.proofs.prover import Prover
from aggregations.question import Question, Scope
from aggregations.system import Watch
from aggregations.viewer import Viewer
from dashboard.exports import export
from dashboard.live import Screens
from dashboard.place import parse
from dashboard.reader_board import ReaderBoard
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
    exported_figures_are_those_of_query(installation)
    lists_are_the_proofs(installation)
    the_system_is_seen(installation)


def exported_figures_are_those_of_query(installation: Installation) -> None:
    board = ReaderBoard(installation.reader, 2.0)
    screens = Screens(board)
    compared = 0
    for direction, screen in (("DELIVERY", "status"), ("RETURN", "returns")):
        asked = ("--date", DATE, "--as-of", AS_OF, "--known-at", KNOWN_AT, "--direction", direction)
        answer = json.loads(installation.run("query", "--level", "region", *asked, "--format", "json").stdout)
        figures = {f"region:{row['hub']}": row["figures"] for row in answer["rows"]}
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
                if line[0] in figures and name in figures[line[0]]:
                    value = figures[line[0]][name]
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
    heard = overview.last_heard(reader.store.client, settings.namespace, [DATE])
    day = json.loads(installation.run("query", "--level", "camp", "--date", DATE, "--format", "json").stdout)
    camps = {row["hub"] for row in day["rows"] if row["figures"]["due"]}
    assert camps - {"unmapped"} <= set(heard)
    with pytest.raises(AccessError):
        Watch(reader, Viewer("nobody", ()), 2.0).look()
