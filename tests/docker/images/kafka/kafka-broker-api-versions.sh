#!/usr/bin/python3
"""Stands in for Kafka's own tool, whose jar is not among those of a broker: asks a broker for its API versions."""

import socket
import struct
import sys

host, _, port = sys.argv[sys.argv.index("--bootstrap-server") + 1].rpartition(":")
request = struct.pack(">hhih", 18, 0, 7, -1)
with socket.create_connection((host, int(port)), 5) as broker:
    broker.sendall(struct.pack(">i", len(request)) + request)
    answer = broker.makefile("rb").read(10)
_, correlation, error = struct.unpack(">iih", answer)
sys.exit(correlation != 7 or error != 0)
