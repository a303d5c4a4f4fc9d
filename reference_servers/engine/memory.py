"""A session without a process: feed messages, collect what comes back."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from .connection import Connection
from .server import Server

BOUND = 5.0
"""Seconds that `receive` waits for a message."""


class Memory:
    """The client's end of a session in memory."""

    def __init__(self, connection: Connection, sent: MemoryObjectReceiveStream[bytes]) -> None:
        self.connection = connection
        self._sent = sent

    async def feed(self, raw: bytes) -> None:
        """Hand the server one message."""
        await self.connection.handle(raw)

    async def receive(self) -> bytes:
        """The server's next message; TimeoutError when none comes."""
        with anyio.fail_after(BOUND):
            return await self._sent.receive()

    def received(self) -> list[bytes]:
        """The messages that have come and weren't received yet; waits for none."""
        there = []
        while self._sent.statistics().current_buffer_used:
            there.append(self._sent.receive_nowait())
        return there


@asynccontextmanager
async def connect(
    server: Server | Callable[[], Server], connection: type[Connection] = Connection
) -> AsyncIterator[Memory]:
    """A session with a server; requests still running are cancelled soon after the block."""
    description = server if isinstance(server, Server) else server()
    outgoing, sent = anyio.create_memory_object_stream[bytes](float("inf"))
    with outgoing, sent:
        async with connection(description, outgoing.send) as session:
            yield Memory(session, sent)
