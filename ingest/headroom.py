"""Room for a flush: a worker that is short of memory says so while it still can.

Past the limit it could not: the system kills a process without a word, and compiled libraries end it with their own.
"""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Final

import psutil

_MIB: Final = 1024 * 1024
_ADDRESSES: Final = 128 * _MIB
"""Of address space: threads' stacks, each 8 MiB of it, count in full."""
_RESIDENT: Final = 32 * _MIB
"""Of a control group's memory: what flushes take above what they leave behind."""
_GROUPS: Final = Path("/sys/fs/cgroup")


def check() -> None:
    """Before a flush. Raises MemoryError where one of the limits that this process runs under is near."""
    for kind, left, least in (
        ("address space (RLIMIT_AS)", _addresses_left(), _ADDRESSES),
        ("its control group's memory", _group_left(_group()), _RESIDENT),
    ):
        if left is not None and left < least:
            raise MemoryError(f"{left // _MIB} MiB are left of {kind}, a flush is begun with {least // _MIB} or more")


def _addresses_left() -> int | None:
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if limit == resource.RLIM_INFINITY else limit - int(psutil.Process().memory_info().vms)


def _group(told: Path = Path("/proc/self/cgroup"), groups: Path = _GROUPS) -> Path | None:
    """Folder of the control group (version 2) of this process; None: there is none."""
    try:
        lines = told.read_text().splitlines()
    except OSError:
        return None
    return next((groups / line[len("0::/") :] for line in lines if line.startswith("0::/")), None)


def _group_left(group: Path | None) -> int | None:
    """Bytes left to the group; the files it read do not count, as the system gives them up first."""
    try:
        limit = "max" if group is None else (group / "memory.max").read_text().strip()
        if group is None or limit == "max":
            return None
        used = int((group / "memory.current").read_text())
        stated = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return int(limit) - used + int(stated["inactive_file"])
    except OSError:  # no such group, or none with a limit of memory
        return None
