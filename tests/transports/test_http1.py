"""The HTTP client against real sockets: what it sends and shows, and what it says when that goes wrong."""

import socket

import anyio
import pytest

from mcp_conformance.transports import CHUNK
from mcp_conformance.transports.http1 import Client, HttpError, Request, Url, usual_headers
from mcp_conformance.transports.http1 import dialling as dialling_module

from .http_requests import BOUND, body_of, fails, get, post
from .http_servers import Peer, answer, chunked, patient, saying, serve, serve_and_reset

pytestmark = pytest.mark.anyio

# ------------------------------------------------------------------------------------------------ what crosses the wire


async def test_a_request_arrives_byte_for_byte_and_the_answer_is_shown_as_it_came() -> None:
    seen: list[bytes] = []
    said = b"HTTP/1.1 207 Quite Multi\r\nX-Two:  b \r\nx-two: a\r\ncontent-length: 5\r\n\r\nhello"

    async def handler(peer: Peer) -> None:
        seen.append(await peer.read_request())
        await peer.send(said)

    async with serve(handler) as server, Client() as client:
        url = server.url("/MCP?q=%41")
        request = Request("POST", url, (("content-LENGTH", "2"), ("X", "1"), ("Host", "other"), ("x", "2")), b"{}")
        with anyio.fail_after(BOUND):
            response = await client.send(request)
            assert await body_of(response) == b"hello"
    assert seen == [b"POST /MCP?q=%41 HTTP/1.1\r\ncontent-LENGTH: 2\r\nX: 1\r\nHost: other\r\nx: 2\r\n\r\n{}"]
    assert (response.status, response.reason, response.version) == (207, "Quite Multi", "1.1")
    assert response.headers == (("X-Two", "b"), ("x-two", "a"), ("content-length", "5"))
    assert response.head + b"hello" == said
    assert not response.reused


async def test_raw_bytes_are_sent_as_they_are_on_a_connection_of_their_own() -> None:
    seen: list[bytes] = []

    async def handler(peer: Peer) -> None:
        seen.append(await peer.read_until(b"!"))
        await peer.send(answer(b"one") + answer(b"two"))
        await peer.wait_closed()

    async with serve(handler) as server, Client() as client:
        with anyio.fail_after(BOUND):
            response = await client.send_raw(server.url(), b"BREW /\r\n bad\x00\xff!")
            assert await body_of(response) == b"one"
            assert response.extra == answer(b"two")
            await body_of(await client.send_raw(server.url(), b"!"))
    assert seen == [b"BREW /\r\n bad\x00\xff!", b"!"]
    assert server.connections == 2


async def test_a_body_is_handed_out_as_it_arrives() -> None:
    heard = anyio.Event()

    async def handler(peer: Peer) -> None:
        nonlocal heard
        await peer.read_request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(3):
            await peer.send(b"8\r\ndata: %d\n\r\n" % number)
            await heard.wait()  # not one byte more until this one was read
            heard = anyio.Event()
        await peer.send(chunked())

    async with serve(handler) as server, Client() as client:
        with anyio.fail_after(BOUND):
            response = await client.send(get(server.url()))
            for number in range(3):
                assert await response.receive() == b"data: %d\n" % number
                assert not response.ended
                heard.set()
            assert await response.receive() == b""
            assert await response.receive() == b""
    assert response.ended


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (answer(b"counted"), b"counted"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"in ", b"chunks"), b"in chunks"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil it closes", b"until it closes"),
        (b"HTTP/1.0 200 OK\r\n\r\nas of old", b"as of old"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", b""),
        (answer(status="202 Accepted"), b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"at last"), b"at last"),
    ],
    ids=["length", "chunked", "close", "1.0", "204", "304", "202", "100"],
)
async def test_a_body_ends_where_the_head_says(said: bytes, body: bytes) -> None:
    async with serve(saying(said)) as server, Client() as client:
        with anyio.fail_after(BOUND):
            assert await body_of(await client.send(post(server.url()))) == body


async def test_the_answer_to_head_has_no_body_and_leaves_the_connection_open() -> None:
    async with (
        serve(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", answer(b"x"))) as server,
        Client() as client,
    ):
        url = server.url()
        with anyio.fail_after(BOUND):
            response = await client.send(Request("HEAD", url, usual_headers(url)))
            assert response.ended
            assert (await client.send(get(url))).reused


async def test_a_server_that_wants_to_be_asked_first_gets_the_body_all_the_same() -> None:
    async def handler(peer: Peer) -> None:
        await peer.read_until(b"\r\n\r\n")
        await peer.send(b"HTTP/1.1 100 Continue\r\nX: 1\r\n\r\n")
        assert await peer.read_exactly(2) == b"{}"
        await peer.send(answer(b"thanks"))

    async with serve(handler) as server, Client() as client:
        url = server.url()
        request = Request("POST", url, usual_headers(url, b"{}", [("Expect", "100-continue")]), b"{}")
        with anyio.fail_after(BOUND):
            response = await client.send(request)
            assert await body_of(response) == b"thanks"
    assert response.interim == (b"HTTP/1.1 100 Continue\r\nX: 1\r\n\r\n",)


async def test_an_encoding_is_named_and_its_bytes_are_left_alone() -> None:
    async with serve(saying(answer(b"\x1f\x8b\x08", "Content-Encoding: gzip"))) as server, Client() as client:
        response = await client.send(get(server.url()))
        assert await body_of(response) == b"\x1f\x8b\x08"
    assert response.content_encoding == "gzip"


async def test_a_redirect_is_told_and_not_followed() -> None:
    said = answer(b"", "Location: http://elsewhere.test/x", status="307 Temporary Redirect")
    async with serve(saying(said)) as server, Client() as client:
        response = await client.send(get(server.url()))
    assert (response.status, str(response.redirect())) == (307, "http://elsewhere.test/x")
    assert not response.url.same_origin(Url.parse("http://elsewhere.test/x"))


async def test_a_body_that_nobody_reads_waits_at_the_server() -> None:
    done = anyio.Event()

    async def handler(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(200):
            await peer.send(bytes(1_000_000))
        done.set()

    async with serve(handler) as server, Client() as client:
        with anyio.fail_after(BOUND):
            async with await client.send(get(server.url())) as response:
                with anyio.move_on_after(0.2) as scope:
                    await done.wait()
                assert scope.cancelled_caught
                assert await response.receive()


async def test_a_big_body_goes_both_ways_at_once() -> None:
    big = bytes(range(256)) * 16_000  # more than any buffer

    async def echo(peer: Peer) -> None:
        await peer.read_until(b"\r\n\r\n")
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(big))
        left = len(big)
        while left:
            piece = await peer.read_exactly(min(left, CHUNK))
            await peer.send(piece)
            left -= len(piece)

    async with serve(echo) as server, Client() as client:
        with anyio.fail_after(BOUND):
            response = await client.send(post(server.url(), big))
            assert await body_of(response) == big


async def test_a_server_may_refuse_a_body_that_it_has_not_read() -> None:
    async def handler(peer: Peer) -> None:
        await peer.read_until(b"\r\n\r\n")
        await peer.send(answer(b"too much", "Connection: close", status="413 Content Too Large"))
        await peer.wait_closed()

    async with serve(handler) as server, Client() as client:
        with anyio.fail_after(BOUND):
            response = await client.send(post(server.url(), bytes(20_000_000)))
            assert (response.status, await body_of(response)) == (413, b"too much")


async def test_a_server_that_answers_and_reads_no_further_is_not_waited_for() -> None:
    async def handler(peer: Peer) -> None:
        await peer.read_until(b"\r\n\r\n")
        await peer.send(answer(b"no", status="413 Content Too Large"))
        await anyio.sleep_forever()

    async with serve(handler) as server, Client() as client:
        with anyio.fail_after(BOUND):
            response = await client.send(post(server.url(), bytes(20_000_000)))
            assert await body_of(response) == b"no"
            await client.send(get(server.url()))
    assert response.status == 413
    assert server.connections == 2  # the first one holds half a request


# -------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (b"", "closed", "closed the connection without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "incomplete", "before the head of its answer was complete"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
            "incomplete",
            "after 5 bytes, where Content-Length says 9",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
            "incomplete",
            "its last chunk has not come",
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "malformed", "illegal chunk header"),
        (b"hello, world", "malformed", 'answers with what is no HTTP/1.1: "hello, world"'),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, "too-large", "a head of more than 65536 bytes"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 11000000\r\n\r\n" + bytes(11_000_000), "too-large", "more than 10000000"),
    ],
    ids=["nothing", "half a head", "short", "no last chunk", "bad chunk", "garbage", "huge head", "huge body"],
)
async def test_a_bad_answer_is_told_in_words_and_its_connection_closed(said: bytes, kind: str, words: str) -> None:
    async with serve(saying(said)) as server, Client() as client:
        error = await fails(client, get(server.url()))
        assert error.kind == kind
        assert words in str(error)
        assert server.url().origin in str(error)
        with anyio.fail_after(BOUND):
            await server.wait_closed()


async def test_what_came_before_a_body_broke_off_is_handed_out_and_the_error_stays() -> None:
    said = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"
    async with serve(saying(said)) as server, Client() as client:
        with anyio.fail_after(BOUND):
            response = await client.send(get(server.url()))
            assert await response.receive() == b"ab"
            for _ in range(2):
                with pytest.raises(HttpError, match="last chunk"):
                    await response.receive()


@pytest.mark.parametrize(
    ("said", "kind"),
    [(b"", "closed"), (b"HTTP/1.1 200", "incomplete")],
)
async def test_a_connection_that_is_reset_is_told_apart_from_one_that_is_closed(said: bytes, kind: str) -> None:
    at_once = anyio.Event()
    at_once.set()
    async with serve_and_reset(said, at_once) as url, Client() as client:
        error = await fails(client, get(url))
    assert error.kind == kind
    assert "reset the connection" in str(error)


async def test_a_body_that_lasts_until_the_connection_closes_is_not_complete_when_it_is_reset() -> None:
    came = anyio.Event()
    async with serve_and_reset(b"HTTP/1.1 200 OK\r\n\r\nuntil it", came) as url, Client() as client:
        with anyio.fail_after(BOUND):
            response = await client.send(get(url))
            assert await response.receive() == b"until it"
            came.set()
            with pytest.raises(HttpError, match="reset the connection before its body was complete: after 8 bytes"):
                await response.receive()


async def test_a_port_where_nothing_listens_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    async with Client() as client:
        for host in ("127.0.0.1", "localhost"):
            error = await fails(client, get(Url.parse(f"http://{host}:{port}/")))
            assert (error.kind, str(error)) == (
                "refused",
                f"http://{host}:{port}: nothing listens on port {port} of {host}",
            )


async def test_a_host_without_an_address_is_named() -> None:
    async with Client() as client:
        error = await fails(client, get(Url.parse("http://no-such-host.invalid/")))
        assert error.kind == "dns"
        assert "no-such-host.invalid" in str(error)
        error = await fails(client, get(Url.parse(f"http://{'x' * 70}.test/")))
        assert error.kind == "dns"


async def test_connecting_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(*_: object) -> None:
        await anyio.sleep_forever()

    monkeypatch.setattr(dialling_module, "connect_tcp", connect)  # no address is silent everywhere
    async with Client(connect_deadline=0.05) as client:
        error = await fails(client, get(Url.parse("http://silent.test:8080/")))
    assert error.kind == "timeout"
    assert str(error) == (
        "no connection to http://silent.test:8080 within 0.05 seconds;"
        " waited for silent.test:8080 to be found and to answer"
    )


async def test_a_request_that_cannot_be_written_opens_no_connection() -> None:
    async with serve(patient) as server, Client() as client:
        error = await fails(client, get(server.url(), ("X", "a\r\nY: b")))
        assert error.kind == "invalid-request"
        assert server.connections == 0
