"""A seeded network day: made-up master data, records as a network sends them, and what really happened."""

from hubstat.simulator.day import simulate_day
from hubstat.simulator.demo import DEMO_OPTIONS, DEMO_SCALE, PAST_DAYS, demo_stream
from hubstat.simulator.history import HISTORY_DAYS, SMALL, history_dates, history_records
from hubstat.simulator.network import NetworkSpec, build_network
from hubstat.simulator.record import Counts, Options, Record, time_text, with_received_at
from hubstat.simulator.scale import Scale
from hubstat.simulator.truth import TruthWriter

__all__ = [
    "DEMO_OPTIONS",
    "DEMO_SCALE",
    "HISTORY_DAYS",
    "PAST_DAYS",
    "SMALL",
    "Counts",
    "NetworkSpec",
    "Options",
    "Record",
    "Scale",
    "TruthWriter",
    "build_network",
    "demo_stream",
    "history_dates",
    "history_records",
    "simulate_day",
    "time_text",
    "with_received_at",
]
