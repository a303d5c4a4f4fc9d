"""HTTP/1.1 on a socket: requests in, responses out, and the news that a client has gone.

The bytes are h11's affair. Nothing here knows what the requests are about.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from email.utils import formatdate
from typing import TypeAlias

import anyio
import h11
from anyio.abc import ByteStream, SocketAttribute

Fields: TypeAlias = Sequence[tuple[str, str]]
"""Header fields, in order; a name may stand in it several times."""

IDLE = 75.0
"""Seconds that a client has to send a request, from the first byte to the last."""
LARGEST = 32 * 2**20
"""Bytes in the largest body that is taken."""
_LONGEST_HEAD = 64 * 2**10
_AHEAD = 2**20  # bytes that a client may send before its last request is answered

_GONE = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)


class BodyTooLarge(Exception):
    """The body of a request is larger than `LARGEST`."""


class Headers:
    """The header fields of a request; names in any case."""

    def __init__(self, fields: Iterable[tuple[bytes, bytes]]) -> None:
        self._fields = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in fields]

    def all(self, name: str) -> list[str]:
        return [value for found, value in self._fields if found == name.lower()]

    def get(self, name: str) -> str | None:
        """The value, with those of repeated fields joined by commas (RFC 9110, section 5.3); None if there is none."""
        values = self.all(name)
        return ", ".join(values) if values else None


class Http:
    """One request, and the way to answer it: `respond` at once, or `start`, then `write` while there is more."""

    def __init__(self, stream: ByteStream, protocol: h11.Connection, request: h11.Request, body: bytes) -> None:
        self.method = request.method.decode("ascii")
        target = request.target.decode("latin-1")
        if "://" in target.partition("?")[0]:  # the absolute form, which servers have to take as well
            target = "/" + target.partition("://")[2].partition("/")[2]
        self.path, _, self.query = target.partition("?")
        self.headers = Headers(request.headers)
        self.raw_names = [name.decode("latin-1") for name, _ in request.headers.raw_items()]
        """The names of the header fields as they were sent."""
        self.body = body
        self.started = False
        """Whether the head of the response has been sent."""
        self.streaming = False
        """Whether the response is an event stream that hasn't ended."""
        self.stream = stream
        """The socket, for what no HTTP library would send."""
        self._protocol = protocol
        self._lock = anyio.Lock()
        self._lost = anyio.Event()

    async def respond(self, status: int, fields: Fields = (), body: bytes = b"") -> None:
        """Send a whole response."""
        await self.start(status, [*fields, ("Content-Length", str(len(body)))])
        if body and self.method != "HEAD":
            await self.write(body)
        await self.end()

    async def start(self, status: int, fields: Fields) -> None:
        """Send the head of a response."""
        self.started = True
        dated = [("Date", formatdate(usegmt=True)), *fields]
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in dated]
        await self._send(h11.Response(status_code=status, headers=headers, reason=_reason(status)))

    async def write(self, data: bytes) -> None:
        await self._send(h11.Data(data=data))

    async def end(self) -> None:
        self.streaming = False
        await self._send(h11.EndOfMessage())

    async def _send(self, event: h11.Event) -> None:
        async with self._lock:
            data = self._protocol.send(event)
            try:
                await self.stream.send(data or b"")
            except _GONE:  # whoever writes needn't care: the request is about to be cancelled
                self._lost.set()

    async def gone(self) -> None:
        """Returns when the client has closed the connection. What it sends meanwhile waits for its turn."""
        with suppress(*_GONE):
            ahead = 0
            while ahead < _AHEAD:
                data = await self.stream.receive()
                ahead += len(data)
                self._protocol.receive_data(data)
            await self._lost.wait()


Handle: TypeAlias = Callable[[Http], Awaitable[None]]
"""Answers a request. It is cancelled when the client has gone."""


@asynccontextmanager
async def listening(handle: Handle, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Serve HTTP inside the block; the value is the port, which the system chooses for 0. OSError if it is taken.

    At the end of the block requests that are being answered are cut off.
    """
    listener = await anyio.create_tcp_listener(local_host=host, local_port=port)

    async def converse(stream: ByteStream) -> None:
        try:
            with suppress(*_GONE):
                await _converse(stream, handle)
        finally:
            with anyio.move_on_after(1, shield=True), suppress(*_GONE):
                await stream.aclose()

    failed: Exception | None = None
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, converse, tasks)
        try:
            yield listener.extra(SocketAttribute.local_port)
        except Exception as error:  # of the block itself: pass it on as it is, not in a group
            failed = error
        tasks.cancel_scope.cancel()
    if failed:
        raise failed


async def _converse(stream: ByteStream, handle: Handle) -> None:
    """One connection: request after request, until one side closes it."""
    protocol = h11.Connection(h11.SERVER, max_incomplete_event_size=_LONGEST_HEAD)
    while True:
        try:
            with anyio.fail_after(IDLE):
                http = await _receive(stream, protocol)
        except TimeoutError:
            return
        except h11.RemoteProtocolError as error:
            await _refuse(stream, protocol, error.error_status_hint, str(error))
            return
        except BodyTooLarge:
            await _refuse(stream, protocol, 413, f"a body has at most {LARGEST} bytes")
            return
        if http is None:
            return
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_cancel_when_gone, http, tasks.cancel_scope)
            await handle(http)
            tasks.cancel_scope.cancel()
        if protocol.our_state is not h11.DONE or protocol.their_state is not h11.DONE:
            return
        protocol.start_next_cycle()


async def _cancel_when_gone(http: Http, scope: anyio.CancelScope) -> None:
    await http.gone()
    scope.cancel()


async def _receive(stream: ByteStream, protocol: h11.Connection) -> Http | None:
    """The next request with its body; None when the client sends no more."""
    request = await _next_event(stream, protocol)
    if not isinstance(request, h11.Request):
        return None
    parts: list[bytes] = []
    size = 0
    while isinstance(event := await _next_event(stream, protocol), h11.Data):
        parts.append(bytes(event.data))
        size += len(event.data)
        if size > LARGEST:
            raise BodyTooLarge
    return Http(stream, protocol, request, b"".join(parts))


async def _next_event(stream: ByteStream, protocol: h11.Connection) -> h11.Event | type[h11.PAUSED]:
    while (event := protocol.next_event()) is h11.NEED_DATA:
        if protocol.they_are_waiting_for_100_continue:
            await stream.send(protocol.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
        try:
            protocol.receive_data(await stream.receive())
        except anyio.EndOfStream:
            protocol.receive_data(b"")
    return event  # type: ignore[return-value]


async def _refuse(stream: ByteStream, protocol: h11.Connection, status: int, why: str) -> None:
    """Answer what is no request, or too much of one, and hang up once the client has had a moment to read it."""
    body = why.encode()
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), ("Connection", "close")]
    if protocol.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
        return
    for event in (h11.Response(status_code=status, headers=headers, reason=_reason(status)), h11.Data(data=body)):
        await stream.send(protocol.send(event) or b"")
    with anyio.move_on_after(1):  # closing with unread input would take the answer with it
        await stream.send_eof()
        while await stream.receive():
            pass


def _reason(status: int) -> bytes:
    from http import HTTPStatus

    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:  # none that is registered
        return b""
