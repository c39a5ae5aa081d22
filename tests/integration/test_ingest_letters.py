"""Bad input on real engines: each record a dead letter, nothing else lost, and the commands that show and resend it."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from bad_input import BAD
from installation import Installation, expected, network_day

from hubstat.elastic import dead_letters
from hubstat.settings import Settings

pytestmark = pytest.mark.engines


@pytest.fixture
async def installation(settings: Settings) -> AsyncIterator[Installation]:
    kafka = settings.kafka.model_copy(update={"partitions": 2})
    installation = Installation(
        settings.model_copy(update={"kafka": kafka}), settings.elasticsearch.url or "http://none"
    )
    await installation.prepare()
    yield installation
    await installation.close()


async def test_every_kind_of_bad_input_among_good_input(installation: Installation) -> None:
    good = network_day(40)
    bad = [value for value, _ in BAD.values() if value is not None]
    mixed = [record for pair in zip(good, bad, strict=False) for record in pair] + good[len(bad) :]
    installation.start()
    await installation.send(mixed)
    await installation.settled()
    events, activities = expected(good)
    assert installation.stored_events() == events
    assert installation.counted_activities() == activities
    letters = installation.letters()
    assert Counter(letter.reason for letter in letters) == Counter(
        why for value, why in BAD.values() if value is not None
    )
    assert Counter(letter.raw for letter in letters) == Counter(bad)
    assert all(letter.detail and letter.topic == installation.topics.invoice_events for letter in letters)
    assert dead_letters.count(installation.client, installation.settings.namespace) == len(bad)
    one = letters[0]
    assert dead_letters.get(installation.client, installation.settings.namespace, one.id) == one
    stored = installation.client.get(index=installation.names.dead_letters, id=one.id)["_source"]["raw"]
    assert base64.b64decode(stored) == one.raw
    dead_letters.remove(installation.client, installation.settings.namespace, one.id)
    assert one.id not in {letter.id for letter in installation.letters()}
