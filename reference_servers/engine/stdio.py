"""The stdio transport: one message a line, on standard input and standard output (basic/transports#stdio).

Neither descriptor is made non-blocking, since a terminal or a log may share it: a read follows the news that there is
something to read, and a write is never longer than what a pipe takes at once when it takes anything.
"""

import os
import select
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from .connection import Connection, Send

STDIN, STDOUT = 0, 1
CHUNK = 64 * 1024
WAITING = 64
"""Messages that may wait to be written before whoever makes more has to wait as well."""


async def run(connect: Callable[[Send], Connection]) -> None:
    """Hold one session, until the input ends or nobody reads the output."""
    outgoing, waiting = anyio.create_memory_object_stream[bytes](WAITING)
    async with anyio.create_task_group() as tasks, outgoing:
        connection = connect(outgoing.send)
        tasks.start_soon(_write, waiting, connection.delimit, tasks.cancel_scope)
        async with connection:
            await connection.at_start()
            async for line in lines():
                await connection.handle(line)
            await connection.at_end_of_input()
        tasks.cancel_scope.deadline = anyio.current_time() + connection.grace  # for a client that reads no more


async def lines() -> AsyncIterator[bytes]:
    """The lines of standard input without their ends; blank ones, which hold no message, are skipped.

    A last line without its newline counts: its sender has nothing more to say.
    """
    parts: list[bytes] = []
    while chunk := await _read():
        first, *more = chunk.split(b"\n")
        parts.append(first)
        for following in more:
            if line := b"".join(parts).strip():
                yield line
            parts = [following]
    if line := b"".join(parts).strip():
        yield line


async def _read() -> bytes:
    with suppress(OSError):  # what can't be waited for, such as a file, never blocks
        await anyio.wait_readable(STDIN)
    return os.read(STDIN, CHUNK)


async def _write(
    waiting: MemoryObjectReceiveStream[bytes], delimit: Callable[[bytes], bytes], session: anyio.CancelScope
) -> None:
    with waiting:
        try:
            async for message in waiting:
                rest = memoryview(delimit(message))
                while rest:
                    with suppress(OSError):
                        await anyio.wait_writable(STDOUT)
                    rest = rest[os.write(STDOUT, rest[: select.PIPE_BUF]) :]
        except BrokenPipeError:
            session.cancel()
