"""What a day's mails cost: 1,000 recipients over 235 hubs in two languages, from the timetable to the last record.

Part of ``make bench``. Simulates a small day of a network with as many hubs as a million invoices have, on the engines
of the settings, else on embedded ones, in a namespace of its own; then lets a scheduler work off the timetable of one
daily report, to an SMTP server in another process, which keeps count. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
import uuid
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from pydantic import SecretStr
from smtp import MailServerUnderTest, serving

from hubstat import engines
from hubstat.commands.query import reading
from hubstat.commands.reporting import office
from hubstat.commands.streams import Target, meter
from hubstat.domain import time as tm
from hubstat.domain.mailing import Subscription
from hubstat.elastic.client import connect
from hubstat.elastic.names import Names
from hubstat.settings import ReportSettings, Settings, SmtpSettings
from hubstat.simulator import NetworkSpec, build_network, simulate_day
from hubstat.simulator.network import Camp, Friend
from reports.delivery.smtp import MailServer

WITHIN_SECONDS = 60.0
"""Of one look of the scheduler that sends 1,000 mails: from the timetable to the last record."""
DAY = date.today() - timedelta(days=3)  # noqa: DTZ011 - any past date will do
HUBS = 1_000_000
"""Invoices a day of the network whose hubs are taken."""


def main() -> int:
    """Exit code 1 where it takes longer than it may, or a recipient got none or two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=20_000, help="of the simulated day")
    parser.add_argument("--recipients", type=int, default=1_000)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        _serve()
        return 0
    base = Settings()
    found = engines.ensure(base, engines.console_reporter())
    settings = base.model_copy(
        update={
            "namespace": f"bench{uuid.uuid4().hex[:8]}",
            "elasticsearch": base.elasticsearch.model_copy(update={"url": found.elasticsearch_url}),
            "kafka": base.kafka.model_copy(update={"bootstrap_servers": found.kafka_bootstrap}),
        }
    )
    try:
        result = _measure(settings, options.invoices, options.recipients)
    finally:
        with connect(settings.elasticsearch, found.elasticsearch_url) as client:
            client.indices.delete(index=list(client.indices.get(index=Names(settings.namespace).everything)))
        if found.started:
            engines.stop(base)
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    return 0 if result["ok"] else 1


def _network(invoices: int) -> NetworkSpec:
    spec = build_network(HUBS, 1, "KR")
    small = tuple(
        replace(camp, invoices=max(1, camp.invoices * invoices // HUBS), friends=_some(camp)) for camp in spec.camps
    )
    return replace(spec, camps=small, invoices=sum(camp.invoices for camp in small))


def _some(camp: Camp) -> tuple[Friend, ...]:
    """Two Friends of each wave."""
    waves = {friend.wave: [each for each in camp.friends if each.wave == friend.wave][:2] for friend in camp.friends}
    return tuple(friend for friends in waves.values() for friend in friends)


def _measure(settings: Settings, invoices: int, recipients: int) -> dict[str, Any]:
    spec = _network(invoices)
    environment = {
        **os.environ,
        "HUBSTAT_NAMESPACE": settings.namespace,
        "HUBSTAT_ELASTICSEARCH__URL": str(settings.elasticsearch.url),
        "HUBSTAT_KAFKA__BOOTSTRAP_SERVERS": str(settings.kafka.bootstrap_servers),
        "HUBSTAT_INGEST__TRUST_RECEIVED_AT": "true",
    }
    up = [sys.executable, "-m", "hubstat", "up", "--detach", "--no-dashboard", "--no-rollup", "--no-reports"]
    subprocess.run(up, env=environment, check=True, stdout=sys.stderr)
    try:
        asyncio.run(_fill(settings, spec))
    finally:
        subprocess.run([sys.executable, "-m", "hubstat", "down"], env=environment, check=True, stdout=sys.stderr)
    return _send(settings, recipients)


async def _fill(settings: Settings, spec: NetworkSpec) -> None:
    target = Target.find(settings)
    await asyncio.to_thread(target.install_master_data, spec.master_data())
    with meter() as progress:
        await target.send(simulate_day(spec, DAY, 1), progress)
        await target.settle(progress)


def _send(settings: Settings, recipients: int) -> dict[str, Any]:
    server = subprocess.Popen(
        [sys.executable, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    port = int(server.stdout.readline())
    chosen = settings.model_copy(
        update={
            "smtp": SmtpSettings(host="127.0.0.1", port=port, security="none"),
            "reports": ReportSettings(
                sender="hubstat <reports@hubstat.example>",
                board_url="https://board.example",
                secret=SecretStr("bench"),
                daily_provisional=f"0 22 {DAY.day} {DAY.month} *",
                daily_final="",
                hourly_digest="",
                wave_close=False,
                wait_minutes=0,
            ),
        }
    )
    to = MailServer.of(chosen.smtp)
    with reading(chosen) as reader, office(chosen, reader, lambda: to) as everything:
        tree = reader.store.master_data("KR").hierarchy.on(DAY)
        hubs = [(level, hub.id) for level in ("nationwide", "region", "area", "camp") for hub in tree.hubs(level)]
        made = [_subscription(number, *hubs[number % len(hubs)]) for number in range(recipients)]
        everything.book.subscribe(made)
        scheduler = everything.scheduler()
        # As if the schedule had been worked off up to just before the report was due.
        everything.book.reach("daily-provisional", tm.parse_moment(f"{DAY.isoformat()}T21:00", reader.zone))
        began = time.perf_counter()
        cpu = time.process_time()
        scheduler.look()
        seconds = time.perf_counter() - began
        own = time.process_time() - cpu
        runs = everything.book.runs(10_000)
        states = Counter(run.state for run in runs)
        sizes = [run.size or 0 for run in runs]
        claims = min((run.building_at - run.claimed_at for run in runs if run.building_at), default=0) / 1000
    got, _ = server.communicate("\n", timeout=30)
    counts = json.loads(got)
    once = counts == {each.recipient: 1 for each in made}
    return {
        "recipients": recipients,
        "hubs": len(hubs),
        "seconds": round(seconds, 1),
        "claims_seconds": round(claims, 2),
        "cpu_seconds": round(own, 1),
        "mails_per_second": round(recipients / seconds, 1),
        "mean_mail_kb": round(sum(sizes) / max(1, len(sizes)) / 1000, 1),
        "states": dict(states),
        "each_exactly_once": once,
        "ok": once and seconds <= WITHIN_SECONDS,
    }


def _subscription(number: int, level: str, hub: str) -> Subscription:
    address = f"person{number:04}@hubstat.example"
    return Subscription(address, f"Person {number}", "en" if number % 2 else "ko", level, hub, ("daily-provisional",))


def _serve() -> None:
    """Take mails until a line comes in, then say who got how many."""
    with serving(MailServerUnderTest()) as server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        sys.stdin.readline()
        sys.stdout.write(json.dumps(server.counts))


if __name__ == "__main__":
    sys.exit(main())
