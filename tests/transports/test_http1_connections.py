"""Which connections the HTTP client uses, keeps and closes, and that it can be cancelled anywhere."""

import socket
import sys
from collections.abc import Callable

import anyio
import pytest
from anyio.lowlevel import checkpoint

from mcp_conformance.transports import CHUNK
from mcp_conformance.transports.http1 import Client, HttpError, Request, Url
from mcp_conformance.transports.http1 import client as client_module

from .http_requests import BOUND, body_of, fails, get, post
from .http_servers import Peer, answer, chunked, patient, saying, serve
from .processes import open_descriptors

pytestmark = pytest.mark.anyio


async def test_requests_one_after_another_share_a_connection() -> None:
    async with serve(patient) as server, Client() as client:
        with anyio.fail_after(BOUND):
            answers = [await client.send(post(server.url())) for _ in range(3)]
            assert [await body_of(response) for response in answers] == [b"connection 1"] * 3
            assert [response.reused for response in answers] == [False, True, True]
            assert await body_of(await client.send(get(server.url()), fresh=True)) == b"connection 2"


async def test_requests_at_once_have_a_connection_each() -> None:
    waiting = 0
    all_there = anyio.Event()

    async def handler(peer: Peer) -> None:
        nonlocal waiting
        await peer.read_request()
        waiting += 1
        if waiting == 20:
            all_there.set()
        await all_there.wait()
        await peer.send(answer(b"%d" % peer.number))

    bodies: list[bytes] = []
    async with serve(handler) as server, Client() as client:

        async def ask() -> None:
            bodies.append(await body_of(await client.send(post(server.url()))))

        with anyio.fail_after(BOUND):
            async with anyio.create_task_group() as group:
                for _ in range(20):
                    group.start_soon(ask)
    assert sorted(map(int, bodies)) == list(range(1, 21))


async def test_a_connection_that_the_server_has_closed_meanwhile_is_not_used() -> None:
    async with serve(saying(answer(b"x"))) as server, Client() as client:
        with anyio.fail_after(BOUND):
            for _ in range(3):
                response = await client.send(post(server.url()))
                assert await body_of(response) == b"x"
                assert not response.reused
                await server.wait_closed(server.connections)


async def closes_the_second_time(peer: Peer) -> None:
    """Takes a second request on its first connection, and closes without an answer."""
    await peer.read_request()
    await peer.send(answer(b"connection %d" % peer.number))
    await peer.read_request()


async def test_a_safe_request_is_repeated_when_a_kept_connection_is_closed_under_it() -> None:
    async with serve(closes_the_second_time) as server, Client() as client:
        with anyio.fail_after(BOUND):
            await client.send(get(server.url()))
            response = await client.send(get(server.url()))
            assert await body_of(response) == b"connection 2"
            assert not response.reused


async def test_a_request_that_may_not_be_repeated_is_not_and_the_error_says_why_it_may_be_innocent() -> None:
    async with serve(closes_the_second_time) as server, Client() as client:
        await client.send(post(server.url()))
        error = await fails(client, post(server.url()))
        assert error.kind == "closed"
        assert str(error) == (
            f"{server.url().origin} closed the connection without an answer,"
            " on a connection that it had kept open after another"
        )
        assert server.connections == 1
        with anyio.fail_after(BOUND):  # the caller may know that it's safe
            await client.send(post(server.url()))
            await client.send(post(server.url()), repeatable=True)
        assert server.connections == 3


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (lambda url: get(url, ("Connection", "close")), answer(b"x")),
        (get, answer(b"x", "Connection: close")),
        (get, answer(b"x").replace(b"1.1", b"1.0", 1)),
        (get, answer(b"x") + b"more"),
        (lambda url: Request("POST", url, (("Content-Length", "1"),), b"{}"), answer(b"x")),
    ],
    ids=["we close", "it closes", "1.0", "extra bytes", "wrong length sent"],
)
async def test_a_connection_of_doubtful_state_is_not_used_again(
    request_: Callable[[Url], Request], said: bytes
) -> None:
    async def handler(peer: Peer) -> None:
        await peer.read_until(b"\r\n\r\n")
        await peer.send(said)
        await peer.wait_closed()

    async with serve(handler) as server, Client() as client:
        with anyio.fail_after(BOUND):
            for _ in range(2):
                await body_of(await client.send(request_(server.url())))
            await server.wait_closed()
    assert server.connections == 2


async def test_an_idle_connection_that_is_too_old_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "IDLE_AGE", 0)
    async with serve(patient) as server, Client() as client:
        with anyio.fail_after(BOUND):
            for _ in range(2):
                await client.send(get(server.url()))
            await server.wait_closed()


async def test_bytes_that_nobody_asked_for_end_an_idle_connection() -> None:
    sent = anyio.Event()

    async def handler(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(answer(b"x"))
        if peer.number == 1:
            await answered.wait()
            await peer.send(b"HTTP/1.1 408 Timeout\r\n\r\n")
            sent.set()
        await peer.wait_closed()

    answered = anyio.Event()
    async with serve(handler) as server, Client() as client:
        with anyio.fail_after(BOUND):
            await client.send(get(server.url()))
            answered.set()
            await sent.wait()
            assert (await client.send(get(server.url()))).status == 200
    assert server.connections == 2


async def test_closing_a_response_early_closes_its_connection() -> None:
    async def endless(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await peer.send(b"more and more ")

    async with serve(endless) as server, Client() as client:
        with anyio.fail_after(BOUND):
            async with await client.send(get(server.url())) as response:
                for _ in range(50):
                    assert 0 < len(await response.receive()) <= CHUNK
            await server.wait_closed()
            with pytest.raises(HttpError) as caught:
                await response.read(10_000_000)
    assert caught.value.kind == "ended-here"


async def test_closing_the_client_closes_what_runs_and_what_is_idle() -> None:
    async def handler(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + b"x" * (peer.number == 2))
        await peer.wait_closed()

    async with serve(handler) as server:
        with anyio.fail_after(BOUND):
            client = Client()
            running = await client.send(get(server.url()))
            await client.send(get(server.url()))
            await client.aclose()
            await client.aclose()
            await server.wait_closed(2)
            with pytest.raises(HttpError, match="was closed at our end"):
                await running.receive()
            with pytest.raises(HttpError, match="the client has been closed"):
                await client.send(get(server.url()))


async def test_ipv6_is_spoken() -> None:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError:
        pytest.skip("no IPv6 on this machine")
    async with serve(patient, host="::1") as server, Client() as client:
        with anyio.fail_after(BOUND):
            assert await body_of(await client.send(get(server.url()))) == b"connection 1"
    assert server.url().authority.startswith("[::1]:")


async def test_the_next_address_of_a_host_is_tried_when_the_first_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def addresses(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(0, 0, 0, "", (address, port)) for address in ("::1", "127.0.0.1")]

    monkeypatch.setattr(anyio, "getaddrinfo", addresses)
    async with serve(patient) as server, Client() as client:
        with anyio.fail_after(BOUND):
            assert await body_of(await client.send(get(server.url(host="two.test")))) == b"connection 1"


# -------------------------------------------------------------------------------------------------------- cancellation


async def test_cancelling_a_request_closes_its_connection() -> None:
    asked = anyio.Event()

    async def silent(peer: Peer) -> None:
        await peer.read_request()
        asked.set()
        await peer.wait_closed()

    async with serve(silent) as server, Client() as client:
        with anyio.fail_after(BOUND):
            async with anyio.create_task_group() as group:
                group.start_soon(client.send, get(server.url()))
                await asked.wait()
                group.cancel_scope.cancel()
            await server.wait_closed()


@pytest.mark.skipif(sys.platform != "linux", reason="counted in /proc, which only Linux has")
async def test_requests_cancelled_at_any_point_leave_nothing_open() -> None:
    async def slow(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(b"HTTP/1.1 200 OK\r\n")
        await peer.send(b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"x" * 100_000))

    async with serve(slow) as server:
        before = open_descriptors()
        async with Client() as client:
            with anyio.fail_after(BOUND):
                for steps in range(40):
                    async with anyio.create_task_group() as group:
                        group.start_soon(fetch, client, server.url())
                        for _ in range(steps):
                            await checkpoint()
                        group.cancel_scope.cancel()
                await fetch(client, server.url())  # whoever came before has been let in by now
        with anyio.fail_after(BOUND):
            await server.wait_closed(server.connections)
        assert open_descriptors() == before


async def fetch(client: Client, url: Url) -> None:
    async with await client.send(get(url)) as response:
        await body_of(response)


async def test_a_slow_drip_can_be_left_at_any_time_and_cancelling_loses_no_byte() -> None:
    body = b"drop by drop"
    go_on = [anyio.Event() for _ in body]

    async def drip(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        for drop, event in zip(body, go_on, strict=True):
            await event.wait()
            await peer.send(bytes([drop]))
        await peer.wait_closed()

    got = b""
    async with serve(drip) as server, Client() as client:
        with anyio.fail_after(BOUND):
            response = await client.send(get(server.url()))
            for event in go_on:
                with anyio.move_on_after(0.001) as scope:
                    await response.receive()
                assert scope.cancelled_caught
                event.set()
                got += await response.receive()
            assert response.ended
    assert got == body


async def test_cancelling_the_reading_of_a_whole_body_closes_the_connection() -> None:
    async def half(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await peer.wait_closed()

    async with serve(half) as server, Client() as client:
        with anyio.fail_after(BOUND):
            response = await client.send(get(server.url()))
            with anyio.move_on_after(0.05):
                await response.read(100)
            await server.wait_closed()
