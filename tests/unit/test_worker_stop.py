"""Names of mode that the worker overrides so that a stop does not sleep: they must be the ones that a stop calls."""

from __future__ import annotations

import inspect

import mode

from ingest.app import _Worker


def test_the_sleeps_of_a_stop_are_the_ones_overridden() -> None:
    shutdown = inspect.getsource(mode.Worker._shutdown_loop)
    for name in ("_gather_all", "_sentinel_task"):
        assert f"self.{name}()" in shutdown
        assert "sleep" in inspect.getsource(getattr(mode.Worker, name))
        assert getattr(_Worker, name) is not getattr(mode.Worker, name)
