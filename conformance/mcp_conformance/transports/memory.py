"""Two ends of a link in one process: for tests, and for servers written as a coroutine."""

import time
import traceback
from collections.abc import Awaitable, Callable

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from mcp_conformance.transports import CHUNK, Ending, LinkClosed

Receive = Callable[[], Awaitable[bytes]]
Send = Callable[[bytes], Awaitable[None]]
Serve = Callable[[Receive, Send], Awaitable[None]]
"""A server: it reads until b"", writes, and returns. Sending raises `LinkClosed` when the tester is gone."""


class _Stream:
    """Bytes in one direction, bounded like a pipe."""

    CAPACITY = CHUNK

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._lock = anyio.Lock()
        self._changed = anyio.Event()
        self._torn: str | None = None
        self.ended_at: float | None = None  # closed by either end; monotonic seconds
        self.refused = False  # by the reader

    async def write(self, data: bytes) -> None:
        async with self._lock:
            if self._torn is not None:
                raise LinkClosed(self._torn)
            written = 0
            try:
                while True:
                    if self.refused:
                        raise LinkClosed("the other end is closed")
                    if self.ended:
                        raise LinkClosed("this end has closed its output")
                    room = self.CAPACITY - len(self._buffer)
                    self._buffer += data[written : written + room]
                    written = min(len(data), written + room)
                    self._notify()
                    if written == len(data):
                        return
                    await self._changed.wait()
            except BaseException:
                if written:
                    self._torn = f"an earlier message was cut short after {written} of its {len(data)} bytes"
                raise

    async def read(self) -> bytes:
        await checkpoint()
        while not self._buffer:
            if self.ended:
                return b""
            await self._changed.wait()
        data = bytes(self._buffer[:CHUNK])
        del self._buffer[:CHUNK]
        self._notify()
        return data

    @property
    def ended(self) -> bool:
        return self.ended_at is not None

    def end(self) -> None:
        if self.ended_at is None:
            self.ended_at = time.monotonic()
        self._notify()

    def refuse(self) -> None:
        self.refused = True
        self._notify()

    async def wait_ended(self) -> None:
        while not self.ended:
            await self._changed.wait()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


class MemoryLink:
    """One end of a `memory_pair`, a `Link`. The peer has "exited" when it has closed its end."""

    transport = "memory"

    def __init__(self, incoming: _Stream, outgoing: _Stream) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._input_closed_at: float | None = None
        self._ending: Ending | None = None

    async def send(self, data: bytes) -> None:
        await self._outgoing.write(data)

    async def send_eof(self) -> None:
        if self._input_closed_at is None:
            self._input_closed_at = time.monotonic()
            self._outgoing.end()

    async def receive(self) -> bytes:
        return await self._incoming.read()

    async def wait_exit(self, timeout: float) -> Ending | None:
        with anyio.move_on_after(timeout):
            await self._incoming.wait_ended()
        return self._describe() if self._incoming.ended else None

    async def aclose(self) -> Ending:
        if self._ending is None:
            await self.send_eof()
            self._ending = self._describe()
            self._incoming.refuse()
            self._incoming.end()
        return self._ending

    def stderr_tail(self) -> str:
        return ""

    def returncode(self) -> int | None:
        return None

    def _describe(self) -> Ending:
        closed, ended = self._input_closed_at, self._incoming.ended_at
        seconds = 0.0 if closed is None else max(0.0, (ended or time.monotonic()) - closed)
        return Ending("in-memory", None, seconds)


def memory_pair() -> tuple[MemoryLink, MemoryLink]:
    """Two connected ends; what one sends the other receives."""
    one, other = _Stream(), _Stream()
    return MemoryLink(one, other), MemoryLink(other, one)


class ServedLink(MemoryLink):
    """The tester's end of a link to a coroutine. Closing it ends the coroutine, in the end by cancelling it."""

    def __init__(self, incoming: _Stream, outgoing: _Stream, grace: float) -> None:
        super().__init__(incoming, outgoing)
        self._grace = grace
        self._scope = anyio.CancelScope()
        self._finished = anyio.Event()
        self._failure = ""

    async def aclose(self) -> Ending:
        try:
            await self.send_eof()
            with anyio.move_on_after(self._grace):
                await self._finished.wait()
        finally:
            self._scope.cancel()
            with anyio.move_on_after(self._grace, shield=True):  # a server may refuse to be cancelled
                ending = await super().aclose()
                await self._finished.wait()
        return ending

    def stderr_tail(self) -> str:
        """The traceback of a server that failed."""
        return self._failure

    async def run(self, serve: Serve, end: MemoryLink) -> None:
        try:
            with self._scope:
                await serve(end.receive, end.send)
        except LinkClosed:
            pass  # the tester is gone
        except Exception:
            self._failure = traceback.format_exc()
        finally:
            await end.aclose()
            self._finished.set()


def serve_in_memory(serve: Serve, owner: TaskGroup, *, grace: float = 2.0) -> ServedLink:
    """Run a server's coroutine in the task group of its owner, and return the tester's end of the link to it.

    A server that raises has crashed, as a process would: its end is closed and the traceback is in `stderr_tail`.
    `aclose` waits `grace` seconds for it to return after the end of its input, then cancels it.
    """
    to_tester, to_server = _Stream(), _Stream()
    link = ServedLink(to_tester, to_server, grace)
    owner.start_soon(link.run, serve, MemoryLink(to_server, to_tester))
    return link
