"""Bad input on real engines: each record a dead letter, nothing else lost, and the commands that show and resend it."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from bad_input import BAD
from ingestion import BASE, Ingestion, expected, network_day

from hubstat.domain import time as tm
from hubstat.elastic import dead_letters
from hubstat.elastic.dead_letters import DeadLetter
from hubstat.settings import Settings
from ingest.resend import resend, unchanged

pytestmark = pytest.mark.engines


@pytest.fixture
async def ingestion(settings: Settings) -> AsyncIterator[Ingestion]:
    kafka = settings.kafka.model_copy(update={"partitions": 2})
    ingestion = Ingestion(settings.model_copy(update={"kafka": kafka}), settings.elasticsearch.url or "http://none")
    await ingestion.prepare()
    yield ingestion
    await ingestion.close()


async def test_every_kind_of_bad_input_among_good_input(ingestion: Ingestion) -> None:
    good = network_day(40)
    bad = [value for value, _ in BAD.values() if value is not None]
    mixed = [record for pair in zip(good, bad, strict=False) for record in pair] + good[len(bad) :]
    ingestion.start()
    await ingestion.send(mixed, received=BASE + 12 * tm.HOUR)
    await ingestion.settled()
    events, activities = expected(good)
    assert ingestion.stored_events() == events
    assert ingestion.counted_activities() == activities
    letters = ingestion.letters()
    assert Counter(letter.reason for letter in letters) == Counter(
        why for value, why in BAD.values() if value is not None
    )
    assert Counter(letter.raw for letter in letters) == Counter(bad)
    assert all(letter.detail and letter.topic == ingestion.topics.invoice_events for letter in letters)
    assert dead_letters.count(ingestion.client, ingestion.settings.namespace) == len(bad)
    one = letters[0]
    assert dead_letters.get(ingestion.client, ingestion.settings.namespace, one.id) == one
    stored = ingestion.client.get(index=ingestion.names.dead_letters, id=one.id)["_source"]["raw"]
    assert base64.b64decode(stored) == one.raw


async def test_letters_sent_again_come_back_where_they_are_still_wrong(ingestion: Ingestion) -> None:
    nothing = DeadLetter("empty", "", "", ingestion.topics.invoice_events, 0, 0, BASE, None, None, ())
    good = replace(nothing, raw=network_day(1)[0], headers=(("received-at", str(BASE).encode()),))
    letters = [unchanged(letter, trusted=True) for letter in (nothing, good)]
    noted: list[str] = []
    await resend(
        ingestion.settings, ingestion.bootstrap, letters, lambda sent: noted.extend(each.id for each, _ in sent)
    )
    assert noted == [nothing.id, good.id]
    ingestion.start()
    await ingestion.settled()
    assert [letter.reason for letter in ingestion.letters()] == ["empty"]
    assert ingestion.stored_events() == expected(network_day(1)[:1])[0]
