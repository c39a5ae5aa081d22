"""A worker tells of a limit of memory before it reaches it."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from ingest import headroom

MIB = 1024 * 1024


def group(folder: Path, limit: str, used_mib: int, files_mib: int) -> Path:
    """A control group as the system shows it."""
    folder.mkdir(parents=True)
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used_mib * MIB}\n")
    (folder / "memory.stat").write_text(f"anon 1\ninactive_file {files_mib * MIB}\nactive_file 7\n")
    return folder


@pytest.mark.parametrize(
    ("limit", "used_mib", "files_mib", "left"),
    [("max", 900, 0, None), (str(1024 * MIB), 900, 0, 124 * MIB), (str(1024 * MIB), 1020, 300, 304 * MIB)],
)
def test_the_files_that_a_group_read_are_not_in_the_way(
    tmp_path: Path, limit: str, used_mib: int, files_mib: int, left: int | None
) -> None:
    assert headroom._group_left(group(tmp_path / "a", limit, used_mib, files_mib)) == left


def test_the_group_of_a_process_is_that_of_version_2(tmp_path: Path) -> None:
    told = tmp_path / "cgroup"
    told.write_text("4:memory:/elsewhere\n0::/pod/worker\n")
    assert headroom._group(told, tmp_path) == tmp_path / "pod/worker"
    told.write_text("4:memory:/elsewhere\n")
    assert headroom._group(told, tmp_path) is None
    assert headroom._group(tmp_path / "none", tmp_path) is None


def test_no_group_is_no_limit(tmp_path: Path) -> None:
    assert headroom._group_left(None) is None
    assert headroom._group_left(tmp_path / "none") is None


def test_a_group_that_is_nearly_full_stops_the_next_flush(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = group(tmp_path / "a", str(512 * MIB), 490, 9)
    monkeypatch.setattr(headroom, "_group", lambda: full)
    with pytest.raises(MemoryError, match="31 MiB are left of its control group's memory, a flush is begun with 32"):
        headroom.check()
    (full / "memory.current").write_text(f"{480 * MIB}\n")
    headroom.check()


def test_a_limit_of_addresses_stops_the_next_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headroom, "_group", lambda: None)
    taken = headroom.psutil.Process().memory_info().vms
    monkeypatch.setattr(resource, "getrlimit", lambda _: (taken + 100 * MIB, resource.RLIM_INFINITY))
    with pytest.raises(MemoryError, match=r"(99|100) MiB are left of address space \(RLIMIT_AS\)"):
        headroom.check()
    monkeypatch.setattr(resource, "getrlimit", lambda _: (taken + 200 * MIB, resource.RLIM_INFINITY))
    headroom.check()
