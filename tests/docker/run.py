"""Run the compose file and the tests' containers once for real: ``make test-docker``.

Where a Docker engine answers, it is used, with the official images. Elsewhere (root on Debian) one is started that has
all its data in a temporary folder, with stand-in images built here; it is stopped in the end and leaves nothing behind.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import compose
import images
import machine
from machine import TestFailed, run, say

_CONTAINER_TEST = "tests/integration/test_engines_answer.py"


def main() -> int:
    """Run it. Returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="hubstat-docker-") as name, ExitStack() as stack:
        folder = Path(name)
        try:
            if machine.answers():
                say("Docker answers: the official images are used")
            else:
                machine.install_programs()
                say(f"no Docker answers: starting one below {folder}")
                stack.enter_context(machine.engine(folder))
                images.build(folder)
            compose.check(folder)
            _containers()
        except TestFailed as error:
            sys.stderr.write(f"error: {error}\n")
            return 1
    say("passed")
    return 0


def _containers() -> None:
    """A module of the integration tests on containers that the tests start by themselves."""
    say(f"{_CONTAINER_TEST} on testcontainers")
    environment = {
        "HUBSTAT_ENGINES__CHOICE": "docker",
        # Its image cannot be pulled everywhere; the fixture stops what it starts.
        "TESTCONTAINERS_RYUK_DISABLED": "true",
        # By this address the tests reach a port that a container publishes.
        "TESTCONTAINERS_HOST_OVERRIDE": "127.0.0.1",
    }
    for name in ("HUBSTAT_ELASTICSEARCH__URL", "HUBSTAT_KAFKA__BOOTSTRAP_SERVERS"):
        os.environ.pop(name, None)
    written = run(sys.executable, "-m", "pytest", "-q", "-s", _CONTAINER_TEST, environment=environment)
    if "in containers" not in written or "using embedded" in written:
        raise TestFailed(f"the tests did not run on containers:\n{written}")
    say(written.strip().splitlines()[-1])


if __name__ == "__main__":
    sys.exit(main())
