"""Proofs over real Elasticsearch: of every metric, part and level the invoices and the terms that give the figure."""

from __future__ import annotations

import csv
import io
import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from example_day import DAY, ExampleNetwork, moment_of
from proving import Proved, prove_all
from stored import store
from typer.testing import CliRunner

from aggregations.question import Question, Scope
from aggregations.reader import Reader
from hubstat.cli import app
from hubstat.domain import time as tm
from hubstat.domain.codes import DIRECTIONS
from hubstat.domain.metrics import METRICS
from hubstat.elastic import baselines, hubs, indices
from hubstat.elastic.baselines import Kept
from hubstat.elastic.client import connect
from hubstat.elastic.store import Store
from hubstat.engines import EngineAddresses
from hubstat.examples import EXAMPLES, MASTER
from hubstat.settings import Settings

pytestmark = pytest.mark.engines

# While most is under way. Long after that everything is stored, so that only T decides which documents are settled.
RUNNING = moment_of(next(example for example in EXAMPLES if example.metric == "projected_finish"))
LONG_AFTER = RUNNING[0] + 400 * tm.DAY
EVERY_LEVEL = {
    "nationwide": {Scope("nationwide", "KR")},
    "region": {Scope("region", "R1")},
    "area": {Scope("area", "A1")},
    "camp": {Scope("camp", "C1"), Scope("camp", "C2")},
    "friend": {Scope("friend", friend, "C1") for friend in ("F1", "F2", "unassigned")},
}
BELOW_A_CAMP = {"camp": {Scope("camp", "C1")}, "friend": {Scope("friend", "F1", "C1")}}
MOMENTS = {
    "as known then": (RUNNING, BELOW_A_CAMP),
    "as known now": ((RUNNING[0], LONG_AFTER), EVERY_LEVEL),
    "closed": ((tm.closing(DAY, tm.zone("KR")), LONG_AFTER), BELOW_A_CAMP),
}


@pytest.fixture(scope="module")
def reader(engines: EngineAddresses) -> Iterator[Reader]:
    """A reader of a namespace of this module's own, which holds the example day and its baselines."""
    base = Settings()
    settings = base.model_copy(update={"namespace": f"t{secrets.token_hex(6)}", "state_dir": Path()})
    network = ExampleNetwork()
    with connect(settings.elasticsearch, engines.elasticsearch_url) as client:
        indices.ensure(client, settings)
        hubs.install(client, settings.namespace, MASTER, "KR")
        store(client, settings.namespace, network)
        baselines.keep(client, settings.namespace, Kept(network.baselines(DAY), "", {}, 0))
        yield Reader(Store(client, settings.namespace), "KR", lambda: LONG_AFTER)
        client.indices.delete(index=list(client.indices.get(index=f"{settings.namespace}-*").body))
        for kind in indices.KINDS:
            client.indices.delete_index_template(name=f"{settings.namespace}-{kind}")


@pytest.mark.parametrize("name", MOMENTS)
def test_every_metric_at_every_level(reader: Reader, name: str) -> None:
    moment, levels = MOMENTS[name]
    proved = Proved.none()
    for direction in DIRECTIONS:
        for level, scopes in levels.items():
            asked = Question(level, DAY, None, *moment, "all", direction)
            prove_all(reader, asked, proved, scopes.__contains__, parts=level == "camp")
        waved = Question("camp", DAY, None, *moment, "DAY", direction)
        prove_all(reader, waved, proved, Scope("camp", "C1").__eq__, parts=False)
    assert proved.wrong == []
    assert set(proved.figures) == {metric.id for metric in METRICS}
    assert all(number > len(levels) for number in proved.figures.values())
    if levels is EVERY_LEVEL:
        assert {name for name in proved.figures if not (proved.lines[name] or proved.terms[name])} == set()


Command = Callable[..., str]


@pytest.fixture
def command(reader: Reader, engines: EngineAddresses) -> Command:
    """Runs ``hubstat proof`` at the running moment and gives what it prints."""
    environment = {
        "HUBSTAT_NAMESPACE": reader.store.namespace,
        "HUBSTAT_ELASTICSEARCH__URL": engines.elasticsearch_url,
        "HUBSTAT_KAFKA__BOOTSTRAP_SERVERS": engines.kafka_bootstrap,
        "COLUMNS": "200",
    }
    moment = ["--as-of", tm.iso_local(RUNNING[0], reader.zone)]

    def run(*options: str) -> str:
        arguments = ["proof", "--date", DAY.isoformat(), *moment, *options]
        result = CliRunner().invoke(app, arguments, env=environment, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def test_the_command_prints_both_sides_with_the_events(command: Command) -> None:
    printed = command("--metric", "m1_rate", "--level", "camp", "--hub", "C1", "--events", "--format", "json")
    found = json.loads(printed)
    late, base = found["sides"]
    assert [side["metric"] for side in found["sides"]] == ["m1_late", "m1_base"]
    assert [len(side["invoices"]) for side in found["sides"]] == [late["figure"], base["figure"]]
    assert found["figure"] == late["figure"] / base["figure"] > 0
    for invoice in late["invoices"]:
        assert invoice["why"]
        assert invoice["why_en"]
        assert "REGISTERED" in {event["code"] for event in invoice["events"] if event["standing"] == "in_force"}


def test_the_command_prints_the_terms_of_a_friend(command: Command) -> None:
    options = ("--metric", "idle_minutes", "--level", "friend", "--hub", "C1/F1")
    found = json.loads(command(*options, "--format", "json"))
    terms = found["sides"][0]["terms"]
    assert sum(term["amount"] for term in terms) == pytest.approx(found["figure"])
    assert all(term["from"] < term["to"] for term in terms)
    rows = list(csv.DictReader(io.StringIO(command(*options, "--format", "csv"))))
    assert [row["why_en"] for row in rows] == [term["why_en"] for term in terms]
    table = command(*options)
    assert table.startswith("idle_minutes = ")
    assert "allowance" in table


def test_events_follow_their_invoice_in_csv(command: Command) -> None:
    options = ("--metric", "stops", "--level", "friend", "--hub", "C1/F1", "--events")
    rows = list(csv.DictReader(io.StringIO(command(*options, "--format", "csv"))))
    stops = [row for row in rows if not row["event_id"]]
    assert {row["why_en"].split(" ")[0] for row in stops} == {"stop"}
    delivered = [row for row in rows if row["code"] == "DELIVERED"]
    assert len(delivered) >= len(stops) // 2 > 0
    assert "DELIVERED in_force" in command(*options)


def test_the_latest_is_marked(command: Command) -> None:
    printed = command("--metric", "projected_finish", "--level", "camp", "--hub", "C1", "--format", "json")
    terms = json.loads(printed)["sides"][0]["terms"]
    assert json.loads(printed)["figure"] == max(term["amount"] for term in terms)
    assert [term["amount"] for term in terms if term["decides"]] == [json.loads(printed)["figure"]]
