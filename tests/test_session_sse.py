"""Conversations over HTTP+SSE: where messages go, where answers come from, and what is no endpoint."""

import json
from typing import Any

import pytest
from scripted import Right, result
from scripted import asked as is_asked
from scripted_http import Asked, Reply, RightSse, Web, converse_http

from mcp_conformance.session import Session

OLD: dict[str, Any] = {"transport": "sse", "revision": "2024-11-05"}


async def shake(session: Session) -> None:
    await session.initialize(session.revision)
    assert session.ready
    await session.initialized()


@pytest.mark.parametrize("endpoint", ["/messages?id=7", "messages?id=7", "{origin}/messages?id=7"])
def test_messages_go_to_the_endpoint_and_answers_come_on_the_stream(endpoint: str) -> None:
    server = RightSse()

    async def handler(asked: Asked, reply: Reply) -> None:
        server.endpoint = endpoint.format(origin=f"http://{asked.headers['host']}")
        await server(asked, reply)

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        exchange = await session.call("tools/list")
        assert (exchange.result["tools"][0]["name"], exchange.status) == ("add", 202)
        assert exchange.answer is not None
        assert exchange.answer.http is not None
        assert (exchange.answer.http.method, exchange.answer.http.reply_to) == ("GET", 0)
        assert [(one.method, one.path) for one in web.asked] == [
            ("GET", "/mcp"),
            *[("POST", "/messages?id=7")] * 3,
        ]
        assert "mcp-protocol-version" not in web.asked[-1].headers

    converse_http(handler, conversation, **OLD)


def test_a_wrong_id_on_the_stream_is_taken_as_over_stdio() -> None:
    right = Right(versions=("2024-11-05",))

    def answer(message: Any) -> Any:
        return {**result(message, {}), "id": "other"} if is_asked(message, "ping") else right(message)

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        await session.call("tools/list")
        exchange = await session.call("ping")
        assert (exchange.result, exchange.flaw) == ({}, "id-other")

    converse_http(RightSse(answer), conversation, deadline=0.3, **OLD)


def test_a_post_that_is_refused_settles_the_exchange_at_once() -> None:
    server = RightSse()

    async def handler(asked: Asked, reply: Reply) -> None:
        if is_asked(asked.message, "ping"):
            await reply.json({"error": "no"}, 500)
        else:
            await server(asked, reply)

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        exchange = await session.call("ping", deadline=25)
        assert (exchange.answer, exchange.status, exchange.over) == (None, 500, "HTTP status 500")

    converse_http(handler, conversation, deadline=25, **OLD)


def test_requests_of_the_servers_are_answered_by_a_post() -> None:
    answers: list[Any] = []
    right = Right(versions=("2024-11-05",))

    def answer(message: Any) -> Any:
        if "method" not in message:
            answers.append(message)
            return result({"id": 2}, {"after": True})
        if message["method"] == "x":
            return {"jsonrpc": "2.0", "id": "mine", "method": "ping"}
        return right(message)

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        assert (await session.call("x")).result == {"after": True}
        assert answers == [{"jsonrpc": "2.0", "id": "mine", "result": {}}]

    converse_http(RightSse(answer), conversation, **OLD)


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        ("http://127.0.0.1:1/messages", "is at another origin"),
        ("//example.com/messages", "is at another origin"),
        ("ftp://example.com", "of no use"),
    ],
)
def test_an_endpoint_elsewhere_is_never_written_to(endpoint: str, reason: str) -> None:
    async def conversation(session: Session, web: Web) -> None:
        exchange = await session.initialize(session.revision, deadline=25)
        assert exchange.answer is None
        assert reason in session.transcript.events[-1].text
        assert [one.method for one in web.asked] == ["GET"]

    converse_http(RightSse(endpoint=endpoint), conversation, deadline=25, **OLD)


def test_a_server_without_an_event_stream_ends_the_session_with_the_reason() -> None:
    async def handler(asked: Asked, reply: Reply) -> None:
        await reply.json({"detail": "no"}, 405)

    async def conversation(session: Session, web: Web) -> None:
        assert (await session.initialize(session.revision, deadline=25)).answer is None
        assert "answered GET with HTTP status 405" in session.transcript.events[-1].text

    converse_http(handler, conversation, deadline=25, **OLD)


def test_the_end_of_the_stream_is_the_end_of_the_session() -> None:
    async def handler(asked: Asked, reply: Reply) -> None:
        if asked.method == "GET":
            await reply.events()
            await reply.stream.send(b"event: endpoint\ndata: /messages\n\n")
            await reply.stream.receive()
        else:
            await reply.head(202)
            await streams[0].stream.aclose()

    streams: list[Reply] = []

    async def kept(asked: Asked, reply: Reply) -> None:
        if asked.method == "GET":
            streams.append(reply)
        await handler(asked, reply)

    async def conversation(session: Session, web: Web) -> None:
        assert (await session.initialize(session.revision, deadline=25)).answer is None
        assert "the server closed its event stream" in session.transcript.events[-1].text

    converse_http(kept, conversation, deadline=25, **OLD)


def test_what_is_no_message_on_the_stream_is_kept_as_evidence() -> None:
    server = RightSse()

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        await server.streams[0].stream.send(b": comment\n\nevent: odd\ndata: " + json.dumps({}).encode() + b"\n\n")
        await server.streams[0].stream.send(b"data: not JSON\n\n")
        await session.call("ping")
        events = [event for event in session.transcript.events if event.http and event.http.sse]
        kinds = [
            (event.http.sse.type, event.message and event.message.kind)
            for event in events
            if event.http and event.http.sse
        ]
        assert ("odd", None) in kinds
        assert ("message", "invalid") in kinds

    converse_http(server, conversation, **OLD)
