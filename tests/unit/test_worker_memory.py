"""What a worker keeps in memory besides its work."""

from __future__ import annotations

import subprocess
import sys

import pytest


def ran(program: str) -> str:
    """What a program prints, in a process of its own."""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    return found.stdout.strip()


HEAPS = """
import ctypes, tempfile, threading
from ingest.allocator import keep_small

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.fdopen.restype = ctypes.c_void_p
if {told}:
    assert keep_small()
together = threading.Barrier(5)

def work():
    assert libc.malloc(100_000)
    together.wait()

threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
together.wait()
with tempfile.TemporaryFile() as file:
    stream = ctypes.c_void_p(libc.fdopen(file.fileno(), b"w"))
    assert libc.malloc_info(0, stream) == 0
    libc.fflush(stream)
    file.seek(0)
    print(file.read().count(b"<heap nr="))
"""


def test_all_threads_share_one_heap() -> None:
    if sys.platform != "linux":
        pytest.skip("another allocator")
    assert int(ran(HEAPS.format(told=False))) > 1
    assert int(ran(HEAPS.format(told=True))) == 1


def test_a_worker_holds_no_library_that_it_does_not_use() -> None:
    program = (
        "import sys, ingest.worker; print([each for each in ('numpy', 'pandas', 'pyarrow') if each in sys.modules])"
    )
    assert ran(program) == "[]"


def test_pyarrow_can_still_be_used_beside_the_client() -> None:
    assert ran("import hubstat.elastic.client, pyarrow; print(pyarrow.array([1])[0])") == "1"
