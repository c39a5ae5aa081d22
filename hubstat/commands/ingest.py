"""``hubstat ingest``: one ingest worker in the foreground."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

import typer

from hubstat import engines
from hubstat.elastic import indices
from hubstat.elastic.client import connect
from hubstat.elastic.retry import briefly
from hubstat.settings import Settings


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Mount the command on ``app``; ``settings`` gives the settings when it runs."""

    @app.command()
    def ingest() -> None:
        """Run one ingest worker until Ctrl-C: Kafka's events become documents in Elasticsearch."""
        from ingest.worker import run  # here, because Faust takes a second to import and no other command needs it

        chosen = settings()
        logging.basicConfig(
            level=chosen.log_level,
            stream=sys.stderr,
            format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        )
        for name in ("elastic_transport", "aiokafka", "faust", "mode"):
            logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(chosen.log_level)))
        addresses = engines.locate(chosen)
        with connect(chosen.elasticsearch, addresses.elasticsearch_url) as client:
            briefly(lambda: indices.ensure(client, chosen), addresses.elasticsearch_url)
        code = run(chosen, addresses)
        # Not by way of the interpreter's end: it waits for requests in flight, be it to an Elasticsearch that hangs.
        logging.shutdown()
        os._exit(code)
