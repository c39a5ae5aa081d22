"""A seeded network day: made-up master data, records as a network sends them, and what really happened."""

from hubstat.simulator.day import simulate_day
from hubstat.simulator.demo import DEMO_OPTIONS, demo_stream
from hubstat.simulator.network import NetworkSpec, build_network
from hubstat.simulator.record import Counts, Options, Record, time_text, with_received_at
from hubstat.simulator.truth import TruthWriter

__all__ = [
    "DEMO_OPTIONS",
    "Counts",
    "NetworkSpec",
    "Options",
    "Record",
    "TruthWriter",
    "build_network",
    "demo_stream",
    "simulate_day",
    "time_text",
    "with_received_at",
]
