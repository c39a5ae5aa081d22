"""Elasticsearch and Kafka for one machine: found, fetched, started and stopped (see docs/decisions/0001-engines.md)."""

from hubstat.engines.choice import EngineAddresses, EngineStatus, ensure, locate, status, stop
from hubstat.engines.progress import Reporter, console_reporter

__all__ = ["EngineAddresses", "EngineStatus", "Reporter", "console_reporter", "ensure", "locate", "status", "stop"]
