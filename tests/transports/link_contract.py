"""What every link does, whatever it is made of. `check_link` is run for each kind."""

import math
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Literal, NoReturn

import anyio
import pytest

from mcp_conformance.transports import CHUNK, Link, LinkClosed

Peer = Literal["echo", "deaf", "gone"]
"""A peer that sends back what it gets, until the end of its input; one that never reads; one that ends at once."""

MakeLink = Callable[[Peer], AbstractAsyncContextManager[Link]]

MORE_THAN_ANY_BUFFER = bytes(4 * 1024 * 1024)


async def check_link(make: MakeLink) -> None:
    """Run each promise below against a fresh link."""
    for promise in PROMISES:
        with anyio.fail_after(20):
            await promise(make)


async def receive_to_end(link: Link) -> bytes:
    parts = []
    while data := await link.receive():
        assert len(data) <= CHUNK
        parts.append(data)
    return b"".join(parts)


async def receive_exactly(link: Link, size: int) -> bytes:
    received = b""
    while len(received) < size:
        data = await link.receive()
        assert data, f"the stream ended after {len(received)} of {size} bytes"
        received += data
    return received


async def send_for_ever(link: Link) -> NoReturn:
    while True:
        await link.send(b"anybody there?\n")


async def what_is_sent_whole_arrives(make: MakeLink) -> None:
    async with make("echo") as link:
        await link.send(b'{"a": 1}\n\x00\xff')
        assert await receive_exactly(link, 11) == b'{"a": 1}\n\x00\xff'


async def what_is_sent_byte_by_byte_arrives_in_order(make: MakeLink) -> None:
    message = b"one byte at a time\n"
    async with make("echo") as link:
        for byte in message:
            await link.send(bytes([byte]))
        assert await receive_exactly(link, len(message)) == message


async def a_message_larger_than_any_buffer_passes_while_somebody_receives(make: MakeLink) -> None:
    async with make("echo") as link, anyio.create_task_group() as tasks:

        async def send() -> None:
            await link.send(MORE_THAN_ANY_BUFFER)
            await link.send_eof()

        tasks.start_soon(send)
        assert await receive_to_end(link) == MORE_THAN_ANY_BUFFER


async def sends_of_two_tasks_do_not_interleave(make: MakeLink) -> None:
    size = 300_000
    async with make("echo") as link, anyio.create_task_group() as tasks:
        tasks.start_soon(link.send, b"a" * size)
        tasks.start_soon(link.send, b"b" * size)
        received = await receive_exactly(link, 2 * size)
        assert received in (b"a" * size + b"b" * size, b"b" * size + b"a" * size)


async def after_half_close_the_peer_can_still_answer(make: MakeLink) -> None:
    async with make("echo") as link:
        await link.send(b"last words")
        await link.send_eof()
        await link.send_eof()
        assert await receive_to_end(link) == b"last words"
        with pytest.raises(LinkClosed):
            await link.send(b"too late")


async def after_the_end_receive_says_so_again(make: MakeLink) -> None:
    async with make("gone") as link:
        assert await link.receive() == b""
        assert await link.receive() == b""


async def a_cancelled_receive_loses_nothing(make: MakeLink) -> None:
    async with make("echo") as link:
        with anyio.move_on_after(0) as scope:
            await link.receive()
        assert scope.cancelled_caught
        await link.send(b"kept")
        with anyio.CancelScope() as cancelled:
            cancelled.cancel()
            await link.receive()
        assert await receive_exactly(link, 4) == b"kept"


async def sending_to_a_peer_that_has_ended_tells_why(make: MakeLink) -> None:
    async with make("gone") as link:
        await link.receive()
        with pytest.raises(LinkClosed, match=r"\w+ \w+"):
            await send_for_ever(link)


async def a_send_that_the_peer_does_not_take_can_be_cancelled(make: MakeLink) -> None:
    async with make("deaf") as link:
        with anyio.move_on_after(0.1) as scope:
            await link.send(MORE_THAN_ANY_BUFFER)
        assert scope.cancelled_caught
        with pytest.raises(LinkClosed, match="cut short after"):
            await link.send(b"glued to half a message")
        await link.aclose()


async def closing_ends_a_send_and_a_receive_in_progress(make: MakeLink) -> None:
    async with make("deaf") as link:
        outcomes = []

        async def send() -> None:
            with pytest.raises(LinkClosed):
                await link.send(MORE_THAN_ANY_BUFFER)
            outcomes.append("send")

        async def receive() -> None:
            assert await link.receive() == b""
            outcomes.append("receive")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send)
            tasks.start_soon(receive)
            await anyio.wait_all_tasks_blocked()
            await link.aclose()
        assert sorted(outcomes) == ["receive", "send"]


async def closing_again_gives_the_same_answer(make: MakeLink) -> None:
    async with make("echo") as link:
        ending = await link.aclose()
        assert await link.aclose() == ending
        assert math.isfinite(ending.seconds)
        assert ending.seconds >= 0


async def closing_twice_at_once_gives_the_same_answer(make: MakeLink) -> None:
    async with make("deaf") as link:
        endings = []

        async def close() -> None:
            endings.append(await link.aclose())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(close)
            tasks.start_soon(close)
        assert endings[0] == endings[1]


async def what_arrived_before_closing_can_be_received_after_it(make: MakeLink) -> None:
    async with make("echo") as link:
        await link.send(b"an answer")
        await link.send_eof()
        assert await link.wait_exit(10) is not None
        await link.aclose()
        assert await receive_to_end(link) == b"an answer"
        assert await link.receive() == b""


async def after_closing_nothing_is_sent(make: MakeLink) -> None:
    async with make("echo") as link:
        await link.aclose()
        with pytest.raises(LinkClosed):
            await link.send(b"x")


async def waiting_for_the_exit_ends_nothing(make: MakeLink) -> None:
    async with make("echo") as link:
        assert await link.wait_exit(0) is None
        await link.send(b"still here")
        assert await receive_exactly(link, 10) == b"still here"
        await link.send_eof()
        ending = await link.wait_exit(10)
        assert ending is not None
        assert ending.stage in {"end-of-input", "in-memory"}
        assert ending.survivors == ()
        assert await link.aclose() == ending


PROMISES: list[Callable[[MakeLink], Awaitable[None]]] = [
    what_is_sent_whole_arrives,
    what_is_sent_byte_by_byte_arrives_in_order,
    a_message_larger_than_any_buffer_passes_while_somebody_receives,
    sends_of_two_tasks_do_not_interleave,
    after_half_close_the_peer_can_still_answer,
    after_the_end_receive_says_so_again,
    a_cancelled_receive_loses_nothing,
    sending_to_a_peer_that_has_ended_tells_why,
    a_send_that_the_peer_does_not_take_can_be_cancelled,
    closing_ends_a_send_and_a_receive_in_progress,
    closing_again_gives_the_same_answer,
    closing_twice_at_once_gives_the_same_answer,
    what_arrived_before_closing_can_be_received_after_it,
    after_closing_nothing_is_sent,
    waiting_for_the_exit_ends_nothing,
]
