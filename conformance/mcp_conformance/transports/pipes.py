"""Our ends of a server's three pipes, without blocking, on the event loop.

The loop calls us when a pipe is ready, so no task is needed and none can be left behind. Each descriptor is closed
exactly once, by `close` or at the end of its stream.
"""

import asyncio
import errno
import os
import select
from collections import deque

import anyio
from anyio.lowlevel import checkpoint

from mcp_conformance.transports import CHUNK, LinkClosed


class _ReadEnd:
    """Calls `_take` with each chunk, and `_end` once, when no more will be read."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor: int | None = descriptor
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(descriptor, self._read)

    def _take(self, data: bytes) -> None:
        raise NotImplementedError

    def _end(self) -> None:
        """Overridden by who waits for it."""

    def _read(self) -> bool:
        """Take one chunk; False if there is none at present or any more."""
        if self._descriptor is None:
            return False
        try:
            data = os.read(self._descriptor, CHUNK)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno != errno.EIO:  # how a terminal says that nobody has its other end any more
                raise
            data = b""
        if data:
            self._take(data)
        else:
            self.close()
        return bool(data)

    def close(self) -> None:
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None
            self._end()


class OutputReader(_ReadEnd):
    """The server's stdout: read ahead up to a bound, then the server waits for us."""

    READ_AHEAD = 4 * CHUNK
    # While we wait for the server to exit, it must not be kept from it by a full pipe that nobody reads.
    READ_AHEAD_AT_END = 128 * CHUNK

    def __init__(self, descriptor: int) -> None:
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._limit = self.READ_AHEAD
        self.ended = False
        """Nothing more will be read, though something may be left to receive."""
        self._paused = False
        self._dropping = False
        self._dropped = False
        self._changed = anyio.Event()
        self._silence: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        super().__init__(descriptor)

    async def receive(self) -> bytes:
        """See `Link.receive`."""
        await checkpoint()  # before anything is taken: a cancelled call loses nothing, and a flood starves nobody
        while not self._chunks:
            if self.ended:
                return b""
            await self._changed.wait()
        data = self._chunks.popleft()
        self._size -= len(data)
        self._resume()
        return data

    def widen(self) -> None:
        """Read ahead far more: the server is about to exit."""
        self._limit = self.READ_AHEAD_AT_END
        self._resume()

    def narrow(self) -> None:
        self._limit = self.READ_AHEAD

    def drop_excess(self) -> None:
        """From now on drop what exceeds the bound, instead of making the server wait. Can't be undone."""
        self._dropping = True
        self.widen()

    def end_after_silence(self, seconds: float) -> None:
        """The server is gone: end the stream after this long without a byte, though somebody else may hold the pipe."""
        self._silence = seconds
        self._restart_timer()

    def held_open(self) -> bool:
        """Whether a process still has the other end."""
        if self._descriptor is None:
            return False
        poll = select.poll()
        poll.register(self._descriptor, 0)
        return not any(events & select.POLLHUP for _, events in poll.poll(0))

    def drain(self) -> None:
        """Take what lies in the pipe, up to the bound."""
        for _ in range(self._limit // CHUNK):
            if self.ended or self._size >= self._limit or not self._read():
                break

    def _take(self, data: bytes) -> None:
        self._restart_timer()
        full = self._size + len(data) > self._limit
        if full and self._dropping:
            self._dropped = True
        if self._dropped:  # and all that follows: what is received has no gap
            return
        self._chunks.append(data)
        self._size += len(data)
        self._notify()
        if full and self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
            self._paused = True

    def _resume(self) -> None:
        if self._paused and self._size <= self._limit and self._descriptor is not None and not self.ended:
            self._paused = False
            self._loop.add_reader(self._descriptor, self._read)

    def _restart_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._silence is not None and not self.ended:
            self._timer = self._loop.call_later(self._silence, self._on_silence)

    def _on_silence(self) -> None:
        if self._paused:  # it's we who are silent
            self._restart_timer()
        elif self._descriptor is not None:
            # Not closed: whoever holds the other end would be ended by that, and is evidence.
            self._loop.remove_reader(self._descriptor)
            self._end()

    def _end(self) -> None:
        self.ended = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


class TailReader(_ReadEnd):
    """The server's stderr: always read, so that the server never waits; the last `KEPT` bytes are kept."""

    KEPT = 65536

    def __init__(self, descriptor: int) -> None:
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._cut = False
        super().__init__(descriptor)

    def text(self) -> str:
        """The last whole lines; see `Link.stderr_tail`."""
        self.drain()
        data = b"".join(self._chunks)
        if self._cut or len(data) > self.KEPT:
            data = data[-self.KEPT :]
            data = data[data.find(b"\n") + 1 :]
        return data.decode(errors="backslashreplace")

    def drain(self) -> None:
        """Take what lies in the pipe; bounded, as the server may write faster than we read."""
        for _ in range(64):
            if not self._read():
                break

    def _take(self, data: bytes) -> None:
        self._chunks.append(data)
        self._size += len(data)
        while self._size - len(self._chunks[0]) >= self.KEPT:
            self._size -= len(self._chunks.popleft())
            self._cut = True


class InputWriter:
    """The server's stdin."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor: int | None = descriptor
        self._loop = asyncio.get_running_loop()
        self._lock = anyio.Lock()
        self._wake: anyio.Event | None = None
        self._server_gone = False
        self._torn: str | None = None

    async def send(self, data: bytes) -> None:
        """See `Link.send`; raises `BrokenPipeError` when nobody reads the pipe any more."""
        async with self._lock:
            if self._torn is not None:
                raise LinkClosed(self._torn)
            written = 0
            try:
                while True:
                    if self._descriptor is None:
                        raise LinkClosed("we have closed the server's input")
                    if written == len(data):
                        return
                    try:
                        written += os.write(self._descriptor, data[written : written + CHUNK])
                    except BlockingIOError:
                        if self._server_gone:
                            raise BrokenPipeError from None
                        await self._writable(self._descriptor)
            except BaseException:
                if written:
                    self._torn = f"an earlier message was cut short after {written} of its {len(data)} bytes"
                raise

    def server_gone(self) -> None:
        """Don't wait any longer for the pipe to empty."""
        self._server_gone = True
        self._notify()

    def close(self) -> None:
        if self._descriptor is not None:
            self._loop.remove_writer(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None
            self._notify()

    async def _writable(self, descriptor: int) -> None:
        self._wake = anyio.Event()
        self._loop.add_writer(descriptor, self._notify)
        try:
            await self._wake.wait()
        finally:
            if self._descriptor is not None:  # else it's closed, and the number may be another's
                self._loop.remove_writer(descriptor)

    def _notify(self) -> None:
        if self._wake is not None:
            self._wake.set()
