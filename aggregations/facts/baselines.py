"""Baselines: computed when their last date has closed, kept by version, and read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from hashlib import sha256

from aggregations.facts.history import baselines_from, window
from hubstat.domain.baselines import Baselines
from hubstat.domain.metrics import DEFINITION_VERSION
from hubstat.elastic import baselines as kept
from hubstat.elastic import facts
from hubstat.elastic.baselines import Kept
from hubstat.elastic.facts import Record
from hubstat.elastic.store import Store


def baselines_of(store: Store, service_date: date) -> Baselines:
    """The baselines in force for a date; ``NO_BASELINES`` where there are none."""
    return store.baselines(service_date.isoformat())


def inputs_of(service_date: date, records: dict[str, Record]) -> str:
    """Changes with everything the baselines of a date are made from; "" where there is nothing to make them from."""
    parts = [f"{each} {records[each].history_hash}" for each in window(service_date) if each in records]
    return sha256("\n".join([str(DEFINITION_VERSION), *parts]).encode()).hexdigest() if parts else ""


def refresh_baselines(
    store: Store, service_date: date, records: dict[str, Record], known: tuple[int, str]
) -> int | None:
    """Bring the baselines of a date to what the closed days before it give; the new version, None where it is the same.

    The same content is no new version; another one is, and the one before stays. records: every date rolled up; known:
    number and inputs of the version in force.
    """
    client, namespace, day = store.client, store.namespace, service_date.isoformat()
    inputs = inputs_of(service_date, records)
    version, before = known
    if inputs == before or (not inputs and not version):
        return None
    histories = facts.histories(client, namespace, [each for each in window(service_date) if each in records])
    made, samples = baselines_from(service_date, version + 1, histories)
    present = kept.latest(client, namespace, day) if version else None
    if present is not None and replace(made, version=version) == present.baselines:
        kept.note_inputs(client, namespace, replace(present, inputs=inputs, samples=samples))
        return None
    # Refused where another process has just kept this number: it saw the same days, or the next look finds them.
    return made.version if kept.keep(client, namespace, Kept(made, inputs, samples, kept.now_ms())) else None
