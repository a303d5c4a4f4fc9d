"""HTTP servers in a few lines: what each says is written out in the test, byte for byte."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from anyio.abc import ByteStream, SocketAttribute, SocketStream
from anyio.streams.tls import TLSStream

from mcp_conformance.transports.http1 import Url


@dataclass
class Peer:
    """The server's end of one connection."""

    stream: ByteStream
    number: int
    """Connections are counted from 1."""
    _buffer: bytes = b""

    async def read_until(self, mark: bytes) -> bytes:
        """Everything up to and with `mark`. Raises `anyio.EndOfStream` if the client closes before."""
        while mark not in self._buffer:
            self._buffer += await self.stream.receive()
        end = self._buffer.index(mark) + len(mark)
        found, self._buffer = self._buffer[:end], self._buffer[end:]
        return found

    async def read_exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._buffer += await self.stream.receive()
        found, self._buffer = self._buffer[:size], self._buffer[size:]
        return found

    async def read_request(self) -> bytes:
        """A request, with as much body as its Content-Length says."""
        head = await self.read_until(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                return head + await self.read_exactly(int(line[15:]))
        return head

    async def send(self, data: bytes) -> None:
        await self.stream.send(data)

    async def wait_closed(self) -> None:
        """Until the client has closed the connection."""
        try:
            while True:
                await self.stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            pass


Handler = Callable[[Peer], Awaitable[None]]


@dataclass
class Server:
    host: str
    port: int
    scheme: str
    connections: int = 0
    closed: list[int] = field(default_factory=list)
    """The numbers of the connections that have ended."""
    _changed: anyio.Event = field(default_factory=anyio.Event)

    async def wait_closed(self, count: int = 1) -> None:
        """Until that many connections have ended."""
        while len(self.closed) < count:
            await self._changed.wait()

    def close(self, number: int) -> None:
        self.closed.append(number)
        self._changed.set()
        self._changed = anyio.Event()

    def url(self, target: str = "/mcp", host: str = "") -> Url:
        host = host or (f"[{self.host}]" if ":" in self.host else self.host)
        return Url.parse(f"{self.scheme}://{host}:{self.port}{target}")


@asynccontextmanager
async def serve(
    handler: Handler, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    """A server that runs `handler` for each connection, and closes it then."""
    listener = await anyio.create_tcp_listener(local_host=host)
    server = Server(host, listener.extra(SocketAttribute.local_port), "https" if tls else "http")

    async def accept(stream: SocketStream) -> None:
        server.connections += 1
        number = server.connections
        async with stream:
            try:
                if tls is None:
                    await handler(Peer(stream, number))
                else:
                    wrapped = await TLSStream.wrap(stream, server_side=True, ssl_context=tls, standard_compatible=False)
                    await handler(Peer(wrapped, number))
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, ssl.SSLError):
                pass  # the client has gone
        server.close(number)

    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, accept)
        yield server
        group.cancel_scope.cancel()


@asynccontextmanager
async def serve_and_reset(said: bytes, when: anyio.Event) -> AsyncIterator[Url]:
    """A server that says `said`, waits for `when` and ends the connection in the impolite way."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await when.wait()
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()  # anyio would close politely before

    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    async with server:
        yield Url.parse(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp")


def answer(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    """A whole answer with its Content-Length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(*pieces: bytes) -> bytes:
    """A body in chunks, with the last one."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))


def saying(*answers: bytes) -> Handler:
    """One answer to each request of a connection; then the connection is closed."""

    async def handler(peer: Peer) -> None:
        for said in answers:
            await peer.read_request()
            await peer.send(said)

    return handler


async def patient(peer: Peer) -> None:
    """Answers "connection N" to every request, for as long as the client likes."""
    while True:
        await peer.read_request()
        await peer.send(answer(b"connection %d" % peer.number))
