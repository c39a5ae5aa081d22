"""A gate between a worker and Elasticsearch: passes, holds back or refuses requests, whatever the engine runs in."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal
from urllib.parse import urlsplit

Mode = Literal["pass", "hold", "refuse"]


class Gate:
    """A TCP proxy. ``mode``: pass; hold = connections stay open, nothing is answered; refuse = they are cut.

    ``hold_after_bulks``: once so many bulk requests went through, their answers and all later ones are held back.
    """

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "", parts.port or 9200)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()
        self.mode: Mode = "pass"
        self.bulks = 0
        self.hold_after_bulks: int | None = None
        self.held = asyncio.Event()

    async def __aenter__(self) -> Gate:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        """Address for the worker."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def set(self, mode: Mode) -> None:
        """Change what happens from now on; connections that are open are cut when refusing."""
        self.mode = mode
        self.hold_after_bulks = None
        if mode == "hold":
            self._open.clear()
        else:
            self._open.set()
        if mode == "refuse":
            for task in list(self._tasks):
                task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self.mode != "refuse":
                await self._connect(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        try:
            ways = [
                asyncio.create_task(self._forward(reader, far_writer, requests=True)),
                asyncio.create_task(self._forward(far_reader, writer, requests=False)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        finally:
            far_writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, requests: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if requests and b"POST /_bulk" in data:
                    self.bulks += 1
                    if self.hold_after_bulks is not None and self.bulks >= self.hold_after_bulks:
                        # The request goes through, its answer does not: written, and the worker does not know.
                        self._open.clear()
                        self.held.set()
                elif requests or not self._open.is_set():
                    await self._open.wait()
                writer.write(data)
                await writer.drain()
