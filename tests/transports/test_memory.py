from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from mcp_conformance.transports import Link, LinkClosed
from mcp_conformance.transports.memory import Receive, Send, memory_pair, serve_in_memory

from .link_contract import PROMISES, Peer, check_link, receive_exactly, receive_to_end

pytestmark = pytest.mark.anyio


async def echo(receive: Receive, send: Send) -> None:
    while data := await receive():
        await send(data)


async def deaf(receive: Receive, send: Send) -> None:
    await anyio.sleep_forever()


async def gone(receive: Receive, send: Send) -> None:
    return


PEERS = {"echo": echo, "deaf": deaf, "gone": gone}


@asynccontextmanager
async def make(peer: Peer) -> AsyncIterator[Link]:
    async with anyio.create_task_group() as owner:
        link = serve_in_memory(PEERS[peer], owner, grace=0.2)
        try:
            yield link
        finally:
            await link.aclose()


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
async def test_the_link_to_a_coroutine_keeps_each_promise(promise) -> None:
    with anyio.fail_after(20):
        await promise(make)


async def test_a_link_that_breaks_the_contract_is_refused() -> None:
    made: list[Peer] = []

    @asynccontextmanager
    async def broken(peer: Peer) -> AsyncIterator[Link]:
        made.append(peer)
        one, _ = memory_pair()  # nobody answers
        await one.aclose()
        yield one

    with pytest.raises((AssertionError, LinkClosed)):
        await check_link(broken)
    assert made == ["echo"]


async def test_both_ends_of_a_pair_send_and_receive() -> None:
    one, other = memory_pair()
    await one.send(b"ping")
    assert await other.receive() == b"ping"
    await other.send(b"pong")
    assert await one.receive() == b"pong"


async def test_a_pair_holds_back_a_sender_whom_nobody_hears() -> None:
    one, other = memory_pair()
    with anyio.move_on_after(0.05) as scope:
        await one.send(bytes(10_000_000))
    assert scope.cancelled_caught
    await one.send_eof()
    assert len(await receive_to_end(other)) == 65536


async def test_closing_one_end_is_the_end_of_the_other() -> None:
    one, other = memory_pair()
    await one.aclose()
    assert await other.receive() == b""
    with pytest.raises(LinkClosed, match="the other end is closed"):
        await other.send(b"anybody there?")
    ending = await other.wait_exit(0)
    assert ending is not None
    assert ending.stage == "in-memory"


async def test_a_coroutine_that_fails_has_crashed_and_its_traceback_can_be_read() -> None:
    async def crash(receive: Receive, send: Send) -> None:
        await send(b"before")
        raise ZeroDivisionError("in the server")

    async with anyio.create_task_group() as owner:
        link = serve_in_memory(crash, owner)
        assert await receive_exactly(link, 6) == b"before"
        assert await link.receive() == b""
        assert link.stderr_tail().endswith("ZeroDivisionError: in the server\n")
        assert link.returncode() is None
        await link.aclose()


async def test_a_coroutine_that_ignores_the_end_of_its_input_is_cancelled() -> None:
    cancelled = []

    async def stubborn(receive: Receive, send: Send) -> None:
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            cancelled.append(True)
            raise

    async with anyio.create_task_group() as owner:
        link = serve_in_memory(stubborn, owner, grace=0.05)
        await anyio.wait_all_tasks_blocked()
        await link.aclose()
    assert cancelled == [True]


async def test_cancelling_the_owner_leaves_a_link_that_can_be_closed() -> None:
    async with anyio.create_task_group() as owner:
        link = serve_in_memory(echo, owner)
        owner.cancel_scope.cancel()
    with anyio.fail_after(5):
        await link.aclose()
    assert await link.receive() == b""
