"""HTTP itself: what any client may do to a server."""

import json

import anyio
import pytest
from http_client import BOTH, client
from offer import offer

from reference_servers.engine import STATELESS
from reference_servers.engine.http import wire
from reference_servers.engine.http.streams import Event, EventStream, Streams

pytestmark = pytest.mark.anyio

BODY = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}).encode()
FIELDS = f"Host: localhost\r\nAccept: {BOTH}\r\nContent-Type: application/json\r\n"


def post(body=BODY, fields=FIELDS, length=None):
    size = len(body) if length is None else length
    return f"POST /mcp HTTP/1.1\r\n{fields}Content-Length: {size}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (b"GET /mcp HTTP/1.1\r\n\r\n", 400),
        (b"GET /mcp HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /mcp HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 2**17 + b"\r\n\r\n", 431),
        (post(length="many"), 400),
        (b"GET /elsewhere HTTP/1.0\r\nHost: localhost\r\n\r\n", 404),
        (b"GET http://localhost/elsewhere HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (post(), 200),
        (post().replace(b"/mcp", b"http://localhost/mcp"), 200),
        (post().replace(b"/mcp", b"/mcp?a=b"), 200),
        (
            b"POST /mcp HTTP/1.1\r\n"
            + FIELDS.encode()
            + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(BODY)
            + BODY
            + b"\r\n0\r\n\r\n",
            200,
        ),
    ],
)
async def test_whatever_comes_is_answered_and_the_server_lives_on(data, status):
    async with client(offer()) as talk:
        response = await talk.raw(data)
        assert response.status == status
        await response.read()
        await talk.initialize()


async def test_a_body_may_be_announced_before_it_is_sent():
    async with client(offer()) as talk:
        stream = await anyio.connect_tcp(talk.url.hostname, talk.url.port)
        async with stream:
            with anyio.fail_after(5):
                await stream.send(post(b"", FIELDS + "Expect: 100-continue\r\n", len(BODY)))
                assert (await stream.receive()).startswith(b"HTTP/1.1 100 ")
                await stream.send(BODY)
                assert (await stream.receive()).startswith(b"HTTP/1.1 200 ")


async def test_a_body_has_a_largest_size(monkeypatch):
    monkeypatch.setattr(wire, "LARGEST", 100)
    async with client(offer()) as talk:
        response = await talk.raw(post(b"x" * 101))
        assert (response.status, response.headers["connection"]) == (413, "close")


async def test_requests_may_share_a_connection_and_come_before_the_last_one_is_answered():
    async with client(offer(), answers="json") as talk:
        stream = await anyio.connect_tcp(talk.url.hostname, talk.url.port)
        async with stream:
            with anyio.fail_after(5):
                await stream.send(post() * 3)
                received = b""
                while received.count(b"HTTP/1.1 200 OK") < 3 or not received.endswith(b"}"):
                    received += await stream.receive()
        assert received.count(b'"error"') == 3


async def test_a_message_of_some_megabytes_passes_both_ways():
    async with client(offer(), revisions=STATELESS) as talk:
        region = "ü" * 2**20
        arguments = {"name": "mirror", "arguments": {"text": region}}
        answer = await (await talk.ask("tools/call", arguments)).answer()
        assert answer["result"]["structuredContent"] == {"text": region}


async def test_clients_that_come_and_go_do_no_harm():
    async with client(offer()) as talk:
        for data in (b"", b"POST", post(length=10_000), post()):
            stream = await anyio.connect_tcp(talk.url.hostname, talk.url.port)
            await stream.send(data or b" ")
            await stream.aclose()
        await talk.initialize()


# ------------------------------------------------------------------------------------------------ events


def test_an_event_is_lines_however_its_data_are_broken():
    assert Event(b"a\nb\r\nc\rd").encode() == b"data: a\ndata: b\ndata: c\ndata: d\n\n"
    assert Event(b"", id="7").encode() == b"id: 7\ndata: \n\n"
    assert Event(retry=5).encode() == b"retry: 5\n\n"
    assert Event(b"x", type="endpoint").encode() == b"event: endpoint\ndata: x\n\n"


async def test_of_two_readers_of_a_stream_the_later_is_served():
    stream = EventStream()
    first, second = stream.events(), stream.events()
    stream.put(Event(b"1"))
    assert (await anext(first)).data == b"1"
    assert (await anext(second)).data == b"1"
    stream.put(Event(b"2"))
    with pytest.raises(StopAsyncIteration):
        await anext(first)
    assert (await anext(second)).data == b"2"
    await second.aclose()


async def test_streams_that_are_too_old_are_forgotten(monkeypatch):
    monkeypatch.setattr("reference_servers.engine.http.streams.KEPT_STREAMS", 2)
    streams = Streams()
    opened = [streams.open() for _ in range(3)]
    for stream in opened:
        stream.put(Event(b"x"))
    assert [streams.find(stream.event_id(1)) for stream in opened] == [None, (opened[1], 1), (opened[2], 1)]
