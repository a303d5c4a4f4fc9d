"""What can be shown of a pipe without a process at its other end."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import pytest

from mcp_conformance.transports import CHUNK
from mcp_conformance.transports.pipes import OutputReader, TailReader

pytestmark = pytest.mark.anyio


@contextmanager
def output() -> Iterator[tuple[OutputReader, int]]:
    """A reader, and the end that a server would write to."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    reader = OutputReader(read)
    try:
        yield reader, write
    finally:
        reader.close()
        os.close(write)


async def flood(write: int, total: int = 64 * 1024 * 1024) -> int:
    """Write until nobody takes more; return how many bytes were taken."""
    written = refusals = 0
    while refusals < 10 and written < total:
        try:
            written += os.write(write, bytes(CHUNK))
            refusals = 0
        except BlockingIOError:
            refusals += 1
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
    return written


async def test_output_that_nobody_receives_is_read_ahead_within_a_bound() -> None:
    with output() as (reader, write):
        pipe = 2**20  # more than any system gives a pipe unasked
        assert await flood(write) <= OutputReader.READ_AHEAD + CHUNK + pipe
        received = len(await reader.receive())
        assert received
        assert await flood(write) > 0, "receiving makes room for more"


async def test_a_stream_whose_excess_is_dropped_has_no_gap() -> None:
    with output() as (reader, write):
        reader.drop_excess()
        assert await flood(write) >= 64 * 1024 * 1024, "the server never waits"
        await reader.receive()
        os.write(write, b"after the gap")
        reader.drain()
        os.set_blocking(write, False)
        reader.close()
        size = CHUNK
        while data := await reader.receive():
            assert not data.strip(b"\0")
            size += len(data)
        assert size <= OutputReader.READ_AHEAD_AT_END


async def test_a_silent_stream_ends_for_us_while_another_still_holds_it() -> None:
    with output() as (reader, write):
        os.write(write, b"last words")
        reader.end_after_silence(0.05)
        with anyio.fail_after(10):
            assert await reader.receive() == b"last words"
            assert await reader.receive() == b""
        assert reader.held_open()
        assert reader.ended


async def test_the_end_of_a_stream_that_nobody_reads_does_not_come_by_silence() -> None:
    with output() as (reader, write):
        await flood(write)
        reader.end_after_silence(0.01)
        await anyio.sleep(0.05)
        assert not reader.ended


async def test_a_tail_begins_with_a_whole_line_and_shows_what_is_not_text() -> None:
    read, write = os.pipe()
    reader = TailReader(read)
    os.write(write, b"\xff\xfe caf\xc3\xa9\n")
    assert reader.text() == "\\xff\\xfe café\n"
    for _ in range(1000):
        os.write(write, b"b" * 99 + b"\n")
        reader.drain()
    os.close(write)
    text = reader.text()
    assert set(text.splitlines()) == {"b" * 99}
    assert TailReader.KEPT - 100 < len(text) <= TailReader.KEPT
