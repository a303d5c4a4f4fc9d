"""Conversations over Streamable HTTP: what is sent, where an answer is looked for, and that nothing is left behind."""

import json
from typing import Any

import anyio
import pytest
from scripted import Right, result, talk
from scripted import asked as is_asked
from scripted_http import Asked, Reply, RightStateless, RightStreamable, Web, converse_http

from mcp_conformance.conduits import HeaderChanges, streamable
from mcp_conformance.jsonrpc import MISSING
from mcp_conformance.session import Session
from mcp_conformance.transports import LinkClosed

PING = {"jsonrpc": "2.0", "id": "mine", "method": "ping"}
STATEFUL = ("2025-03-26", "2025-06-18", "2025-11-25")


async def shake(session: Session) -> None:
    await session.initialize(session.revision)
    assert session.ready
    await session.initialized()


# -------------------------------------------------- right servers


@pytest.mark.parametrize("revision", STATEFUL)
@pytest.mark.parametrize("as_events", [False, True])
def test_a_conversation_has_the_headers_of_its_revision(revision: str, as_events: bool) -> None:
    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        exchange = await session.call("tools/list")
        assert (exchange.result["tools"][0]["name"], exchange.status, exchange.flaw) == ("add", 200, "")
        await session.aclose()
        first, *rest = web.asked
        assert "mcp-session-id" not in first.headers
        assert "mcp-protocol-version" not in first.headers
        assert first.headers["accept"] == "application/json, text/event-stream"
        assert first.headers["content-type"] == "application/json"
        assert [one.method for one in rest] == ["POST", "GET", "POST", "DELETE"]
        for one in rest:
            assert one.headers["mcp-session-id"] == "session-1"
            assert one.headers.get("mcp-protocol-version") == (revision if revision >= "2025-06-18" else None)

    server = RightStreamable(as_events=as_events)
    converse_http(server, conversation, revision=revision)
    assert server.sessions == set()


def test_the_version_that_was_negotiated_is_sent_and_not_the_one_that_was_asked_for() -> None:
    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        assert web.asked[-1].headers["mcp-protocol-version"] == "2025-06-18"

    converse_http(RightStreamable(Right(versions=("2025-06-18",))), conversation)


def test_a_stateless_request_mirrors_its_body_in_headers() -> None:
    schema = {
        "type": "object",
        "properties": {"region": {"type": "string", "x-mcp-header": "Region"}, "query": {"type": "string"}},
    }
    server = RightStateless(tools=[{"name": "söl", "inputSchema": schema}])

    async def conversation(session: Session, web: Web) -> None:
        assert session.ready
        assert (await session.discover()).status == 200
        assert session.server["serverInfo"]["name"] == "scripted"
        await session.call("tools/list")
        call = {"name": "söl", "arguments": {"region": "Zürich", "query": "q"}}
        assert (await session.call("tools/call", call)).result["resultType"] == "complete"
        discover, _, called = web.asked
        assert "mcp-session-id" not in called.headers
        assert discover.headers["mcp-method"] == "server/discover"
        assert "mcp-name" not in discover.headers
        assert called.headers["mcp-protocol-version"] == "2026-07-28"
        assert called.headers["mcp-name"] == "=?base64?c8O2bA==?="
        assert called.headers["mcp-param-region"] == "=?base64?WsO8cmljaA==?="
        meta = called.message["params"]["_meta"]
        assert meta["io.modelcontextprotocol/protocolVersion"] == "2026-07-28"
        assert meta["io.modelcontextprotocol/clientInfo"]["name"] == "mcp-conformance"
        assert {key for key in called.headers if key.startswith("mcp-param")} == {"mcp-param-region"}

    converse_http(server, conversation, revision="2026-07-28")


def test_headers_of_the_users_go_with_every_request_and_a_case_can_change_any() -> None:
    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        changes = HeaderChanges({"ACCEPT": "text/html", "Origin": "http://evil.example"}, frozenset({"mcp-session-id"}))
        exchange = await session.call("ping", headers=changes)
        assert exchange.status == 400
        assert exchange.sent.http is not None
        assert ("ACCEPT", "text/html") in exchange.sent.http.headers
        assert exchange.sent.http.head.startswith(b"POST /mcp HTTP/1.1\r\n")
        await session.aclose()
        assert all(one.headers["x-mine"] == "yes" for one in web.asked)
        changed = web.of("ping")[0]
        assert changed.headers["accept"] == "text/html"
        assert changed.headers["origin"] == "http://evil.example"
        assert "mcp-session-id" not in changed.headers

    converse_http(RightStreamable(), conversation, headers=(("X-Mine", "yes"),))


def test_several_streams_are_read_at_once_and_each_answer_finds_its_request() -> None:
    gate: list[anyio.Event] = []
    right = RightStreamable(as_events=True)

    async def handler(asked: Asked, reply: Reply) -> None:
        if is_asked(asked.message, "slow"):
            await reply.events()
            await reply.event({"jsonrpc": "2.0", "method": "notifications/message", "params": {}})
            await gate[0].wait()
            await reply.event(result(asked.message, {"slow": True}))
        else:
            await right(asked, reply)

    async def conversation(session: Session, web: Web) -> None:
        gate.append(anyio.Event())
        await shake(session)
        slow = await session.request("slow")
        assert (await session.call("ping")).result == {}
        assert slow.answer is None
        gate[0].set()
        assert await session.answered(slow)
        assert slow.result == {"slow": True}
        note = next(event for event in session.transcript.events if event.message and "message" in str(event.raw))
        assert note.http is not None

    converse_http(handler, conversation)


@pytest.mark.parametrize("way", ["array", "events", "array in an event"])
def test_a_batch_is_one_post_and_each_of_its_requests_is_answered(way: str) -> None:
    right = RightStreamable()

    async def handler(asked: Asked, reply: Reply) -> None:
        if not isinstance(asked.message, list):
            await right(asked, reply)
            return
        answers = [result(one, {"for": one["method"]}) for one in asked.message if "id" in one]
        if way == "array":
            await reply.json(answers)
            return
        await reply.events()
        for event in answers if way == "events" else [answers]:
            await reply.event(event)

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        exchanges = await session.batch([("a", MISSING, None), ("told", MISSING, MISSING), ("b", MISSING, None)])
        for exchange in exchanges:
            assert await session.answered(exchange)
            assert (exchange.result, exchange.flaw, exchange.status) == ({"for": exchange.method}, "", 200)

    converse_http(handler, conversation, revision="2025-03-26")


def test_a_batch_that_is_refused_settles_all_its_requests_at_once() -> None:
    right = RightStreamable()

    async def handler(asked: Asked, reply: Reply) -> None:
        if isinstance(asked.message, list):
            await reply.json({"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "no"}}, status=400)
        else:
            await right(asked, reply)

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        for exchange in await session.batch([("a", MISSING, None), ("b", MISSING, None)]):
            assert not await session.answered(exchange)
            assert exchange.over
            assert exchange.status == 400
        assert [stray.is_refusal for stray in session.strays] == [True]

    converse_http(handler, conversation, revision="2025-03-26")


# -------------------------------------------------- wrong places, wrong ids, wrong types


def replying(reply_to: Any) -> Any:
    """A right server whose answer to ``x`` is written by `reply_to`."""
    right = RightStreamable()

    async def handler(asked: Asked, reply: Reply) -> None:
        await (reply_to if is_asked(asked.message, "x") else right)(asked, reply)

    return handler


@pytest.mark.parametrize(
    ("id", "flaw"), [("1", "id-other"), ("2", "id-type"), (None, "id-other"), (77, "id-other"), (2, "")]
)
def test_an_answer_with_a_wrong_id_is_known_by_its_place(id: Any, flaw: str) -> None:
    async def answer(asked: Asked, reply: Reply) -> None:
        await reply.json({"jsonrpc": "2.0", "id": id, "result": {"here": True}})

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        exchange = await session.call("x")
        assert (exchange.result, exchange.flaw) == ({"here": True}, flaw)
        assert session.ids_are_reliable
        assert session.strays == []

    converse_http(replying(answer), conversation)


@pytest.mark.parametrize(
    "kind", ["text/plain", "text/html", "", "text/event-stream", "application/json; charset=utf-8"]
)
@pytest.mark.parametrize("as_event", [False, True])
def test_an_answer_is_taken_whatever_the_content_type_says(kind: str, as_event: bool) -> None:
    async def answer(asked: Asked, reply: Reply) -> None:
        await reply.head(200, Content_Type=kind)
        text = json.dumps(result(asked.message, {"here": True})).encode()
        await reply.stream.send(b"data: " + text + b"\n\n" if as_event else text)

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        exchange = await session.call("x", deadline=5)
        if as_event and "json" in kind:
            assert exchange.answer is None  # JSON it said, and no JSON it is: recorded as that
            assert session.transcript.events[-1].message is not None
        else:
            assert exchange.result == {"here": True}
            assert exchange.head is not None
            assert exchange.head.http is not None
            assert exchange.head.http.header("content-type") == kind

    converse_http(replying(answer), conversation)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (202, b""),
        (404, b"<h1>Not found</h1>"),
        (500, b'{"detail": "oops"}'),
        (401, b'{"error": "x"}'),
        (200, b""),
        (204, b""),
    ],
)
def test_a_response_without_a_message_settles_the_exchange_at_once(status: int, body: bytes) -> None:
    async def answer(asked: Asked, reply: Reply) -> None:
        await reply.json(body, status)

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        exchange = await session.call("x", deadline=25)
        assert (exchange.answer, exchange.status) == (None, status)
        assert exchange.over.startswith(f"HTTP status {status}")
        assert not await session.answered_in_patience(exchange)
        assert (await session.call("ping")).result == {}
        bodies = [event.http.body for event in session.transcript.events if event.http and event.http.body]
        assert bodies == ([body] if body else [])
        assert all(event.message is None or event.message.kind != "invalid" for event in session.transcript.events)

    converse_http(replying(answer), conversation, deadline=25)


def test_an_error_status_with_a_response_is_an_answer_with_its_status() -> None:
    async def answer(asked: Asked, reply: Reply) -> None:
        await reply.json({"jsonrpc": "2.0", "id": asked.message["id"], "error": {"code": -32600, "message": ""}}, 400)

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        exchange = await session.call("x")
        assert (exchange.error["code"], exchange.status) == (-32600, 400)

    converse_http(replying(answer), conversation)


def test_what_answers_a_notification_or_broken_bytes_is_a_stray_and_nobodys_answer() -> None:
    right = RightStreamable()

    async def handler(asked: Asked, reply: Reply) -> None:
        if asked.message is None:
            await reply.json({"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": ""}}, 400)
        else:
            await right(asked, reply)

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        sent = await session.raw(b"{broken")
        (stray,) = session.strays  # there as soon as raw returns
        assert stray.http is not None
        assert (stray.http.reply_to, stray.http.status) == (sent.number, 400)
        assert (await session.call("ping")).flaw == ""

    converse_http(handler, conversation)


def test_an_answer_on_the_stream_of_another_request_is_found_by_its_id() -> None:
    right, ids = RightStreamable(), []

    async def handler(asked: Asked, reply: Reply) -> None:
        if is_asked(asked.message, "first"):
            await reply.events()
            ids.append(asked.message["id"])
            await anyio.sleep_forever()
        elif is_asked(asked.message, "second"):
            await reply.events()
            for id in (*ids, asked.message["id"]):
                await reply.event({"jsonrpc": "2.0", "id": id, "result": {"id": id}})
        else:
            await right(asked, reply)

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        first = await session.request("first")
        await session.heard(first.sent.number, 5)
        second = await session.call("second")
        assert await session.answered(first)
        assert (first.result["id"], second.result["id"]) == (first.id, second.id)
        assert first.answer is not None
        assert first.answer.http is not None
        assert first.answer.http.reply_to == second.sent.number  # the evidence of the wrong place

    converse_http(handler, conversation)


# -------------------------------------------------- the server's own messages


def listening(*messages: Any, **how: Any) -> tuple[Any, list[Any]]:
    """A right server that says something on its GET stream, and what was said to that."""
    right, heard = RightStreamable(), []

    async def handler(asked: Asked, reply: Reply) -> None:
        if asked.method == "GET":
            await reply.events()
            for message in messages:
                await reply.event(message, **how)
            await anyio.sleep_forever()
        elif asked.message is not None and "method" not in asked.message and asked.method == "POST":
            heard.append(asked.message)
            await reply.head(202)
        else:
            await right(asked, reply)

    return handler, heard


def test_a_request_on_the_get_stream_is_answered_by_a_post() -> None:
    handler, heard = listening(PING, id="e1")

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        while not heard:
            await session.heard(len(session.transcript), 0.2)
        assert heard == [{"jsonrpc": "2.0", "id": "mine", "result": {}}]
        (event,) = [event for event in session.transcript.events if event.message and event.message.id == "mine"][:1]
        assert event.http is not None
        assert event.http.sse is not None
        assert (event.http.method, event.http.reply_to, event.http.sse.id) == ("GET", 0, "e1")

    converse_http(handler, conversation)


def test_a_request_on_the_stream_of_a_call_is_answered_while_the_call_is_open() -> None:
    right, heard, gate = RightStreamable(), [], []

    async def handler(asked: Asked, reply: Reply) -> None:
        if is_asked(asked.message, "x"):
            gate.append(anyio.Event())
            await reply.events()
            await reply.event(PING)
            await gate[0].wait()
            await reply.event(result(asked.message, {}))
        elif asked.message is not None and "method" not in asked.message:
            heard.append(asked.message["id"])
            await reply.head(202)
            gate[0].set()
        else:
            await right(asked, reply)

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        assert (await session.call("x")).result == {}
        assert heard == ["mine"]

    converse_http(handler, conversation)


# -------------------------------------------------- resumption


def resuming(*later: Any, retry: int | None = 10, **head: Any) -> Any:
    """A right server that drops the connection of ``x`` behind an event with an id, and gives the rest by GET."""
    right, rest = RightStreamable(), list(later)

    async def handler(asked: Asked, reply: Reply) -> None:
        if is_asked(asked.message, "x"):
            await reply.events()
            await reply.event(id="e1", **({} if retry is None else {"retry": retry}), data="")
        elif asked.method == "GET" and "last-event-id" in asked.headers:
            step = rest.pop(0) if rest else 404
            if isinstance(step, int):
                await reply.head(step)
            else:
                await reply.events()
                await reply.event(step or None, id=f"e{9 - len(rest)}")
        else:
            await right(asked, reply)

    return handler


def test_a_stream_that_was_dropped_is_taken_up_behind_its_last_event() -> None:
    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        exchange = await session.call("x")
        assert exchange.result == {"resumed": True}
        assert [one.headers["last-event-id"] for one in web.of("GET") if "last-event-id" in one.headers] == ["e1", "e8"]
        assert exchange.answer is not None
        assert exchange.answer.http is not None
        assert (exchange.answer.http.method, exchange.answer.http.reply_to) == ("GET", exchange.sent.number)
        assert exchange.head is not None
        assert exchange.head.http is not None
        assert exchange.head.http.method == "POST"
        priming = next(event for event in session.transcript.events if event.http and event.http.sse)
        assert priming.message is None
        assert priming.http is not None
        assert priming.http.sse is not None
        assert priming.http.sse.primes

    converse_http(resuming({}, {"jsonrpc": "2.0", "id": 2, "result": {"resumed": True}}), conversation)


def test_a_stream_that_cannot_be_taken_up_settles_the_exchange_with_the_reason() -> None:
    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        exchange = await session.call("x", deadline=25)
        assert exchange.answer is None
        assert "GET was answered with HTTP status 405" in exchange.over
        assert (await session.call("ping")).result == {}

    converse_http(resuming(405), conversation, deadline=25)


def test_a_server_that_only_ever_drops_the_stream_is_given_up_after_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamable, "MAX_RESUMPTIONS", 3)
    right = RightStreamable()

    async def handler(asked: Asked, reply: Reply) -> None:
        if is_asked(asked.message, "x"):
            await reply.events()
            await reply.event(id="e1", retry=1)
        elif asked.method == "GET" and "last-event-id" in asked.headers:
            await reply.events()
        else:
            await right(asked, reply)

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        exchange = await session.call("x", deadline=25)
        assert "no event came in 3 more connections" in exchange.over

    converse_http(handler, conversation, deadline=25)


def test_nothing_is_resumed_in_the_stateless_era() -> None:
    async def handler(asked: Asked, reply: Reply) -> None:
        await reply.events()
        await reply.event(id="e1", retry=1)

    async def conversation(session: Session, web: Web) -> None:
        exchange = await session.call("tools/list", deadline=25)
        assert exchange.over == "HTTP status 200, and the response ended without an answer"
        assert [one.method for one in web.asked] == ["POST"]

    converse_http(handler, conversation, revision="2026-07-28", deadline=25)


# -------------------------------------------------- redirects


def redirecting(where: Any, status: int = 307) -> Any:
    right = RightStreamable()

    async def handler(asked: Asked, reply: Reply) -> None:
        if asked.path == "/mcp":
            await reply.head(status, Location=where(asked) if callable(where) else where)
        else:
            await right(asked, reply)

    return handler


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_within_the_origin_is_followed_and_recorded(status: int) -> None:
    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        exchange = await session.call("ping")
        assert (exchange.result, exchange.status) == ({}, 200)
        heads = [e.http.status for e in session.transcript.events if e.http and e.http.reply_to == exchange.sent.number]
        assert heads == [status, None, 200, 200]

    converse_http(redirecting("/mcp/", status), conversation)


@pytest.mark.parametrize(
    ("where", "status"), [("http://127.0.0.1:1/mcp", 307), ("https://example.com/", 308), ("/mcp/", 302), ("/mcp", 307)]
)
def test_no_other_redirect_is_followed_for_ever_or_at_all(where: str, status: int) -> None:
    async def conversation(session: Session, web: Web) -> None:
        exchange = await session.initialize(session.revision)
        assert (exchange.answer, exchange.status) == (None, status)
        assert len(web.asked) == (6 if where == "/mcp" else 1)

    converse_http(redirecting(where, status), conversation)


# -------------------------------------------------- ends


def test_a_server_that_is_gone_ends_the_session_with_the_reason() -> None:
    async def conversation(session: Session, web: Web) -> None:
        session.conduit.place.url = type(session.conduit.place.url).parse("http://127.0.0.1:1/mcp")  # type: ignore[attr-defined]
        exchange = await session.call("ping", deadline=25)
        assert exchange.answer is None
        assert not session.alive
        assert "nothing listens on port 1" in session.transcript.events[-1].text
        assert (await session.call("ping", deadline=25)).answer is None

    converse_http(RightStreamable(), conversation, deadline=25)


@pytest.mark.parametrize("broken", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"hello there, this is no HTTP\r\n\r\n"])
def test_a_connection_that_breaks_costs_one_exchange_only(broken: bytes) -> None:
    async def answer(asked: Asked, reply: Reply) -> None:
        if broken:
            await reply.stream.send(broken)

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        exchange = await session.call("x", deadline=25)
        assert (exchange.answer, exchange.status) == (None, None)
        assert "127.0.0.1" in exchange.over
        assert (await session.call("ping")).result == {}

    converse_http(replying(answer), conversation, deadline=25)


def test_cancelling_over_stateless_http_closes_the_stream_and_sends_nothing() -> None:
    closed = anyio.Event()

    async def handler(asked: Asked, reply: Reply) -> None:
        await reply.events()
        await reply.event({"jsonrpc": "2.0", "method": "notifications/progress", "params": {}})
        with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
            await reply.stream.receive()
        closed.set()

    async def conversation(session: Session, web: Web) -> None:
        exchange = await session.request("tools/call", {"name": "add"})
        await session.heard(exchange.sent.number + 1, 5)
        await session.cancel(exchange, "enough")
        assert not await session.answered(exchange, 25)
        assert exchange.over == "the tester closed the response's stream"
        await closed.wait()
        assert len(web.asked) == 1

    converse_http(handler, conversation, revision="2026-07-28")


def test_cancelling_over_stateful_http_sends_a_notification() -> None:
    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        exchange = await session.call("ping")
        await session.cancel(exchange, "enough")
        assert web.asked[-1].message["params"] == {"requestId": exchange.id, "reason": "enough"}

    converse_http(RightStreamable(), conversation)


def test_closing_ends_every_stream_that_is_open() -> None:
    handler, _ = listening()
    hung = replying(lambda asked, reply: anyio.sleep_forever())

    async def both(asked: Asked, reply: Reply) -> None:
        await (handler if asked.method == "GET" else hung)(asked, reply)

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        exchange = await session.request("x")
        ending = await session.aclose()
        assert ending.stage == "left-running"
        assert not await session.answered(exchange, 25)
        assert session.transcript.events[-1].text == "the tester ended the session"
        assert await session.aclose() is ending

    converse_http(both, conversation, deadline=25)


def test_a_flood_of_events_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    from mcp_conformance import session as session_module

    monkeypatch.setattr(session_module, "MAX_BYTES", 100_000)

    async def answer(asked: Asked, reply: Reply) -> None:
        await reply.events()
        while True:
            await reply.event({"jsonrpc": "2.0", "method": "notifications/x", "params": {"x": "x" * 1000}})

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        await session.call("x", deadline=25)
        assert session.transcript.events[-1].text == "the server sent more than 100000 bytes; the rest wasn't read"

    converse_http(replying(answer), conversation, deadline=25)


def test_input_that_the_server_needs_is_given_with_its_state_until_it_is_done() -> None:
    asked_for = {"k": {"method": "elicitation/create", "params": {}}, "r": {"method": "roots/list"}}
    steps: list[dict[str, Any]] = [{"inputRequests": asked_for, "requestState": "s1"}, {"requestState": "s2"}]

    class Asks(RightStateless):
        def result(self, method: str, params: Any) -> dict[str, Any] | None:
            if method == "tools/call" and steps:
                return {"resultType": "input_required", **steps.pop(0)}
            return RightStateless.result(self, method, params)

    async def conversation(session: Session, web: Web) -> None:
        exchange = await session.answer_input(await session.call("tools/call", {"name": "add", "arguments": {}}))
        assert exchange.result["resultType"] == "complete"
        first, second, third = (one.message for one in web.asked)
        assert len({one["id"] for one in (first, second, third)}) == 3
        assert second["params"]["inputResponses"] == {"k": {"action": "decline"}, "r": {"roots": []}}
        assert second["params"]["requestState"] == "s1"
        assert "inputResponses" not in third["params"]
        assert third["params"]["requestState"] == "s2"

    converse_http(Asks(), conversation, revision="2026-07-28")


@pytest.mark.parametrize("revision", STATEFUL)
def test_the_server_hanging_up_leaves_an_exchange_without_an_answer(revision: str) -> None:
    async def answer(asked: Asked, reply: Reply) -> None:
        await reply.events()

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        assert (
            await session.call("x", deadline=25)
        ).over == "HTTP status 200, and the response ended without an answer"

    converse_http(replying(answer), conversation, revision=revision, deadline=25)


# -------------------------------------------------- HTTP requests of any kind


def test_a_request_of_any_method_can_be_made_and_its_response_looked_at() -> None:
    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        put = await session.http("PUT", b"{}", headers=HeaderChanges({"Origin": "http://evil.example"}))
        assert (put.status, put.over) == (405, "the response has ended")
        assert put.http is not None
        assert put.http.header("allow") == "POST"
        asked = web.asked[-1]
        assert (asked.method, asked.body, asked.headers["origin"]) == ("PUT", b"{}", "http://evil.example")
        assert asked.headers["mcp-session-id"] == "session-1"
        bare = await session.http("POST", b"{", headers=HeaderChanges(drop=frozenset({"mcp-session-id"})))
        assert bare.status == 400
        assert (await session.http("DELETE")).status == 200
        assert (await session.call("ping")).status == 404

    converse_http(RightStreamable(), conversation)


def test_a_second_stream_is_read_in_the_background_until_it_is_given_up() -> None:
    handler, _ = listening({"jsonrpc": "2.0", "method": "notifications/message", "params": {}})

    async def conversation(session: Session, web: Web) -> None:
        await shake(session)
        stream = await session.http("GET", headers=HeaderChanges({"Last-Event-ID": "e1"}), deadline=25)
        while not stream.received:
            await session.heard(len(session.transcript), 0.2)
        assert stream.received[0].message is not None
        assert stream.received[0].message.method == "notifications/message"
        assert not stream.done.is_set()
        assert await session.conduit.abandon(stream.sent.number)
        await stream.done.wait()

    converse_http(handler, conversation)


def test_there_is_no_http_over_lines() -> None:
    async def conversation(session: Session) -> None:
        with pytest.raises(LinkClosed, match="no HTTP"):
            await session.http("GET")

    talk(Right(), conversation)
