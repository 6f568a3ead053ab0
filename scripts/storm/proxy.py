"""A wire between client and server that can be cut: closed on both ends, or silent for a while."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import Container


class Proxy:
    """Forwards connections on a port of its own to the server's port, in a thread of its own."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.wires: list[_Wire] = []
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.ready.wait()

    def cut(self, choice: random.Random, ports: Container[int], silent_seconds: float = 0) -> bool:
        """Cut one of the wires that reach the server from these ports.

        With seconds, neither end is told until they are over.
        """
        alive = [wire for wire in self.wires if not wire.is_cut and wire.port in ports]
        if alive:
            asyncio.run_coroutine_threadsafe(choice.choice(alive).cut(silent_seconds), self.loop)
        return bool(alive)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        async with server:
            await server.serve_forever()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        wire = _Wire((reader, writer), there)
        self.wires.append(wire)
        try:
            await wire.carry()
        finally:
            self.wires.remove(wire)


class _Wire:
    def __init__(
        self,
        here: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        there: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self.ends = (here, there)
        self.port: int = there[1].get_extra_info("sockname")[1]
        self.is_cut = False
        self.is_silent = False

    async def carry(self) -> None:
        (here_in, here_out), (there_in, there_out) = self.ends
        await asyncio.gather(self._forward(here_in, there_out), self._forward(there_in, here_out))

    async def cut(self, silent_seconds: float) -> None:
        self.is_cut = True
        self.is_silent = silent_seconds > 0
        await asyncio.sleep(silent_seconds)
        self._close()

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                if not self.is_silent:
                    sink.write(data)
                    await sink.drain()
        if not self.is_silent:
            self._close()

    def _close(self) -> None:
        for _, writer in self.ends:
            writer.transport.abort()
