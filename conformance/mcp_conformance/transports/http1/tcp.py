"""TCP for a client: connecting to a host of several addresses, and a stream that is closed at once, whatever happens.

anyio has both. But until 4.16 a connection that is cancelled at the wrong moment stays open there, and a sender waits
for the peer to read, while an HTTP server may answer before it has read the request.
"""

import asyncio
import select
import socket
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import anyio
from anyio.abc import ByteStream
from anyio.lowlevel import cancel_shielded_checkpoint, checkpoint_if_cancelled

from mcp_conformance.transports import CHUNK

_NEXT_ADDRESS = 0.25
"""Seconds after which the next address is tried beside the first (RFC 8305, section 5)."""


class NotConnected(Exception):
    """No address of a host was reached; `causes` is why, one for each."""

    def __init__(self, causes: Sequence[OSError]) -> None:
        super().__init__(*causes)
        self.causes = causes


class TcpStream(asyncio.Protocol, ByteStream):
    """One connection. Reads ahead up to `CHUNK`, even when nobody receives: so the end is noticed while it is idle."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._arrived = anyio.Event()
        self._ended = False
        self._error: Exception | None = None
        self._closed = False

    async def receive(self, max_bytes: int = CHUNK) -> bytes:
        """The next bytes. Cancelling loses none."""
        await checkpoint_if_cancelled()
        while not self._chunks:
            if self._closed:
                raise anyio.ClosedResourceError
            if self._error is not None:
                raise anyio.BrokenResourceError from self._error
            if self._ended:
                raise anyio.EndOfStream
            self._arrived = anyio.Event()
            await self._arrived.wait()
        data = self._chunks.popleft()
        if len(data) > max_bytes:
            self._chunks.appendleft(data[max_bytes:])
            data = data[:max_bytes]
        self._size -= len(data)
        if self._size < CHUNK and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
        return data

    async def send(self, item: bytes) -> None:
        """Hand over all of `item`, and don't wait for the peer to read it: the event loop goes on sending."""
        if self._closed or self._transport is None:
            raise anyio.ClosedResourceError
        if self._error is not None:
            raise anyio.BrokenResourceError from self._error
        self._transport.write(item)

    async def send_eof(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()

    async def aclose(self) -> None:
        self.abort()
        await cancel_shielded_checkpoint()  # in which the event loop closes the socket

    def abort(self) -> None:
        """Close at once; what hasn't been sent or received is dropped."""
        self._closed = True
        self._chunks.clear()
        self._arrived.set()
        if self._transport is not None:
            self._transport.abort()

    def is_quiet(self) -> bool:
        """Whether everything is sent, nothing has come, and the peer hasn't closed."""
        transport = self._transport
        if transport is None or transport.is_closing() or self._ended or self._chunks:
            return False
        return transport.get_write_buffer_size() == 0 and not _is_readable(transport.get_extra_info("socket").fileno())

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return {}

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._closed:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._closed:
            return
        self._chunks.append(bytes(data))
        self._size += len(data)
        if self._size >= CHUNK and self._transport is not None:
            self._transport.pause_reading()
        self._arrived.set()

    def eof_received(self) -> bool:
        self._ended = True
        self._arrived.set()
        return True  # or the transport would be closed, and a request half sent

    def connection_lost(self, error: Exception | None) -> None:
        self._ended = True
        self._error = error
        self._arrived.set()


async def connect_tcp(host: str, port: int) -> TcpStream:
    """A connection to the first address of `host` that answers; others are tried when one is slow.

    Raises `socket.gaierror` or `UnicodeError` when the host has no address, `NotConnected` when none answers.
    """
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    attempts = [(TcpStream(), str(address[0])) for *_, address in dict.fromkeys(found)]
    errors: list[OSError] = []
    winner: TcpStream | None = None

    async def attempt(stream: TcpStream, address: str, failed: anyio.Event) -> None:
        nonlocal winner
        try:
            await asyncio.get_running_loop().create_connection(lambda: stream, address, port)
        except OSError as error:
            errors.append(error)
            failed.set()
        else:
            winner = winner or stream
            group.cancel_scope.cancel()

    try:
        async with anyio.create_task_group() as group:
            for stream, address in attempts:
                failed = anyio.Event()
                group.start_soon(attempt, stream, address, failed)
                with anyio.move_on_after(_NEXT_ADDRESS):
                    await failed.wait()
    except BaseException:
        winner = None
        raise
    finally:
        for stream, _ in attempts:
            if stream is not winner:
                stream.abort()
    if winner is None:
        raise NotConnected(errors)
    return winner


def _is_readable(descriptor: int) -> bool:
    if descriptor < 0:
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
