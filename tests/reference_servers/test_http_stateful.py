"""Streamable HTTP of 2025-03-26, 2025-06-18 and 2025-11-25, over real sockets."""

import json
import re

import anyio
import pytest
from dialogue import FORMS
from http_client import BOTH, JSON_BODY, client
from offer import offer

pytestmark = pytest.mark.anyio

REVISIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
answers = pytest.mark.parametrize("answers", ["json", "stream"])
revisions = pytest.mark.parametrize("revision", REVISIONS)
ADD = {"name": "add", "arguments": {"a": 1, "b": 2}}
START = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}


# ------------------------------------------------------------------------------------------------ POST


@answers
@revisions
async def test_a_request_is_answered_as_json_or_at_the_end_of_a_stream(answers, revision):
    async with client(offer(), answers=answers) as talk:
        assert (await talk.initialize(revision))["result"]["protocolVersion"] == revision
        response = await talk.request("tools/call", ADD, request_id="x")
        assert response.status == 200
        assert "mcp-session-id" not in response.headers
        if answers == "json":
            answer = await response.json()
        else:
            assert response.headers["cache-control"].startswith("no-cache")
            events = await response.events()
            if revision == "2025-11-25":
                assert events.pop(0).data == ""
            (event,) = events
            assert event.type == "message"
            answer = event.message
        assert answer["id"] == "x"
        assert json.loads(answer["result"]["content"][0]["text"]) == {"sum": 3}


@answers
async def test_only_the_newest_of_them_begins_a_stream_with_an_event_without_data(answers):
    for revision in REVISIONS:
        async with client(offer(), answers="stream") as talk:
            await talk.initialize(revision)
            events = await (await talk.request("ping")).events()
            assert all(event.id for event in events)
            assert len({event.id for event in events}) == len(events)
            assert [event.data for event in events][:-1] == ([""] if revision == "2025-11-25" else [])


@answers
@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "method": "notifications/unheard-of"},
        {"jsonrpc": "2.0", "id": "never asked", "result": {}},
        {"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": "no"}},
    ],
)
async def test_what_wants_no_answer_is_accepted_without_a_body(message, answers):
    async with client(offer(), answers=answers) as talk:
        await talk.initialize()
        response = await talk.post(message)
        assert (response.status, await response.read()) == (202, b"")
        assert "content-type" not in response.headers


@answers
@pytest.mark.parametrize(("body", "code"), [(b"{", -32700), (b"\xff", -32700), (b"[]", -32600), (b"7", -32600)])
async def test_what_is_no_message_is_a_bad_request_with_or_without_a_session(body, code, answers):
    async with client(offer(), answers=answers) as talk:
        for again in (False, True):
            if again:
                await talk.initialize()
            response = await talk.send("POST", body, JSON_BODY)
            assert response.status == 400
            error = await response.json()
            assert error["error"]["code"] == code
            assert "id" not in error


@answers
async def test_errors_of_the_protocol_come_as_answers(answers):
    async with client(offer(), answers=answers) as talk:
        await talk.initialize()
        for method, params, code in (("no/such", {}, -32601), ("tools/call", {"name": "none"}, -32602)):
            response = await talk.request(method, params)
            assert response.status == 200
            assert (await response.answer())["error"]["code"] == code


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (None, 406),
        ("", 406),
        ("application/json", 406),
        ("text/event-stream", 406),
        ("application/json, text/event-stream;q=0", 406),
        ("text/html", 406),
        (BOTH, 200),
        ("text/event-stream;q=0.5,application/json;q=1", 200),
        ("APPLICATION/JSON, Text/Event-Stream", 200),
        ("application/*, text/*", 200),
        ("*/*", 200),
    ],
)
async def test_a_client_takes_both_kinds_of_answer(accept, status):
    async with client(offer()) as talk:
        response = await talk.request("initialize", START, Accept=accept)
        assert response.status == status


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (None, 415),
        ("text/plain", 415),
        ("application/json-rpc", 415),
        ("application/json; charset=latin-1", 415),
        ("application/json; charset=utf-8", 200),
        ('Application/JSON; charset="UTF-8"', 200),
    ],
)
async def test_a_body_is_declared_as_json(content_type, status):
    async with client(offer()) as talk:
        response = await talk.post(
            {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": START}, {"Content-Type": content_type}
        )
        assert response.status == status


@answers
async def test_a_batch_is_answered_in_the_revision_that_has_batches(answers):
    ping = {"jsonrpc": "2.0", "method": "ping"}
    batch = [ping | {"id": 1}, {"jsonrpc": "2.0", "method": "notifications/a"}, ping | {"id": 2}]
    for revision in REVISIONS:
        async with client(offer(), answers=answers) as talk:
            await talk.initialize(revision)
            response = await talk.post(batch)
            quiet = await talk.post([{"jsonrpc": "2.0", "method": "notifications/a"}])
            if revision == "2025-03-26":
                assert sorted(one["id"] for one in await response.answer()) == [1, 2]
                assert quiet.status == 202
            else:
                assert (response.status, quiet.status) == (400, 400)
                assert (await response.json())["error"]["code"] == -32600


# ------------------------------------------------------------------------------------------------ who may talk


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "http://127.0.0.1.evil.example:80"}, 403),
        ({"Origin": "http://localhost:1234"}, 200),
        ({"Origin": "http://127.0.0.1"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "[::1]"}, 200),
    ],
)
async def test_pages_of_other_hosts_may_not_talk_to_the_server(headers, status):
    async with client(offer()) as talk:
        assert (await talk.request("initialize", START, **headers)).status == status
        if status == 403:
            response = await talk.get(headers)
            assert response.status == 403
            assert "id" not in await response.json()


# ------------------------------------------------------------------------------------------------ sessions


async def test_a_session_has_an_id_that_later_requests_need():
    async with client(offer()) as talk:
        await talk.initialize()
        assert re.fullmatch(r"[\x21-\x7e]{20,}", talk.session)
        assert (await talk.request("ping")).status == 200
        live, talk.session = talk.session, None
        for response in (await talk.request("ping"), await talk.get(), await talk.send("DELETE")):
            assert response.status == 400
        talk.session = "x" + live
        for response in (await talk.request("ping"), await talk.get(), await talk.send("DELETE")):
            assert response.status == 404
        assert (await talk.request("initialize", START)).status == 404


async def test_a_session_is_ended_by_delete():
    async with client(offer()) as talk:
        await talk.initialize()
        listening = await talk.get()
        hanging = await talk.request("tools/call", {"name": "hang"})
        assert (await talk.send("DELETE")).status == 200
        assert await listening.events() == []
        assert [event.data for event in await hanging.events()] == [""]
        for response in (await talk.request("ping"), await talk.get(), await talk.send("DELETE")):
            assert response.status == 404


async def test_an_initialize_that_fails_opens_no_session():
    async with client(offer()) as talk:
        response = await talk.request("initialize", {})
        assert "mcp-session-id" not in response.headers
        assert (await response.answer())["error"]["code"] == -32602


async def test_a_second_initialize_in_a_session_is_refused():
    async with client(offer()) as talk:
        await talk.initialize()
        response = await talk.request("initialize", START)
        assert "mcp-session-id" not in response.headers
        assert (await response.answer())["error"]["code"] == -32600


async def test_clients_have_sessions_of_their_own():
    async with client(offer()) as one:
        await one.initialize("2025-06-18")
        first = one.session
        one.session = None
        await one.initialize("2025-11-25")
        assert first != one.session
        bad = {"name": "add", "arguments": {}}
        assert "result" in await (await one.request("tools/call", bad)).answer()
        one.session = first
        assert "error" in await (await one.request("tools/call", bad)).answer()


async def test_a_call_is_cancelled_by_a_notification_and_not_by_hanging_up():
    async with client(offer()) as talk:
        await talk.initialize()
        call = await talk.request("tools/call", {"name": "hang", "_meta": {"progressToken": 0}}, request_id="h")
        assert (await call.event()).data == ""
        assert (await call.event()).message["params"]["progress"] == 1
        await call.aclose()
        taken = await talk.request("ping", request_id="h")
        assert (await taken.answer())["error"]["code"] == -32600  # it still runs
        again = await talk.request("tools/call", {"name": "hang"}, request_id="other")
        for request_id in ("h", "other"):
            assert (await talk.notify("notifications/cancelled", requestId=request_id)).status == 202
        assert [event.data for event in await again.events()] == [""]  # primed, and never answered
        assert (await (await talk.request("ping", request_id="h")).answer())["result"] == {}


async def test_as_json_a_cancelled_call_is_an_empty_stream():
    async with client(offer(), answers="json") as talk:
        await talk.initialize()
        responses = []

        async def call():
            responses.append(await talk.request("tools/call", {"name": "hang"}, request_id="h"))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call)
            while not responses:  # a cancellation that comes before its request is ignored
                await talk.notify("notifications/cancelled", requestId="h")
        assert await responses[0].events() == []


@answers
async def test_without_sessions_each_request_stands_alone(answers):
    async with client(offer(), sessions=False, answers=answers) as talk:
        await talk.initialize()
        assert talk.session is None
        assert (await (await talk.request("tools/call", ADD)).answer())["result"]["structuredContent"] == {"sum": 3}
        talk.version = "2025-06-18"
        bad = await talk.request("tools/call", {"name": "add"})
        assert "error" in await bad.answer()
        talk.version = None  # so it is 2025-03-26
        plain = await (await talk.request("tools/call", ADD)).answer()
        assert "structuredContent" not in plain["result"]
        assert len(await (await talk.post([{"jsonrpc": "2.0", "id": 1, "method": "ping"}])).answer()) == 1
        talk.version = "1900-01-01"
        assert (await talk.request("ping")).status == 400
        for response in (await talk.get(), await talk.send("DELETE")):
            assert (response.status, response.headers["allow"]) == (405, "POST")


# ------------------------------------------------------------------------------------------------ versions


@pytest.mark.parametrize(
    ("revision", "header", "status"),
    [
        ("2025-11-25", "2025-11-25", 200),
        ("2025-11-25", None, 200),
        ("2025-11-25", "2025-06-18", 200),
        ("2025-11-25", "1900-01-01", 400),
        ("2025-11-25", "", 400),
        ("2025-11-25", "2025-11-25, 2025-11-25", 400),
        ("2025-06-18", "2026-07-28", 400),
        ("2025-06-18", "nonsense", 400),
        ("2025-03-26", "nonsense", 200),  # which has no such header
        ("2025-03-26", None, 200),
        ("2024-11-05", None, 200),
    ],
)
async def test_the_version_of_a_request_is_one_that_is_spoken(revision, header, status):
    async with client(offer()) as talk:
        await talk.initialize(revision)
        talk.version = header
        assert (await talk.request("ping")).status == status
        assert (await talk.notify("notifications/a")).status == (202 if status == 200 else status)
        assert (await talk.get()).status == status
        assert (await talk.send("DELETE")).status == status


# ------------------------------------------------------------------------------------------------ methods and paths


async def test_other_methods_are_not_allowed_and_other_paths_not_found():
    async with client(offer()) as talk:
        for method in ("PUT", "PATCH", "OPTIONS", "HEAD"):
            response = await talk.send(method)
            assert (response.status, response.headers["allow"]) == (405, "POST, GET, DELETE")
        assert (await talk.send("POST", b"{}", JSON_BODY, path="/")).status == 404
        assert (await talk.send("GET", headers={"Accept": BOTH}, path="/mcp/")).status == 404
        await talk.initialize()
        assert (await talk.get({"Accept": "application/json"})).status == 406
        assert (await talk.request("ping")).status == 200


# ------------------------------------------------------------------------------------------------ what is said unasked


async def test_progress_comes_on_the_stream_of_its_call():
    async with client(offer()) as talk:
        await talk.initialize()
        listening = await talk.get()
        response = await talk.request("tools/call", {"name": "count", "_meta": {"progressToken": "p"}})
        primed, *events = await response.events()
        assert primed.data == ""
        assert [event.message.get("method") for event in events] == ["notifications/progress"] * 2 + [None]
        await talk.send("DELETE")
        assert await listening.events() == []


async def test_as_json_there_is_no_progress():
    async with client(offer(), answers="json") as talk:
        await talk.initialize()
        response = await talk.request("tools/call", {"name": "count", "_meta": {"progressToken": "p"}})
        assert (await response.json())["result"]["content"][0]["text"] == "two"


@answers
async def test_a_client_is_asked_on_the_stream_of_the_call_and_answers_by_post(answers):
    async with client(offer(), answers=answers) as talk:
        await talk.initialize(capabilities=FORMS)
        response = await talk.request("tools/call", {"name": "greet"}, request_id="g")
        assert (await response.event()).data == ""
        for name in ("Ada", "Lovelace"):
            question = (await response.event()).message
            assert question["method"] == "elicitation/create"
            accepted = {"action": "accept", "content": {"name": name}}
            reply = await talk.post({"jsonrpc": "2.0", "id": question["id"], "result": accepted})
            assert (reply.status, await reply.read()) == (202, b"")
        (answer,) = await response.events()
        assert answer.message["id"] == "g"
        assert answer.message["result"]["structuredContent"] == {"greeting": "Hello, Ada Lovelace"}


async def test_news_come_on_the_stream_of_a_get_and_on_one_only():
    async with client(offer()) as talk:
        await talk.initialize()
        one, other = await talk.get(), await talk.get()
        assert one.status == 200
        await (await talk.request("tools/call", {"name": "change"})).events()
        await talk.send("DELETE")
        heard = [await one.events(), await other.events()]
        assert sorted(map(len, heard)) == [0, 2]
        assert [event.message["method"] for event in max(heard)] == [
            "notifications/resources/list_changed",
            "notifications/tools/list_changed",
        ]


async def test_news_wait_for_the_first_get():
    async with client(offer(), answers="json") as talk:
        await talk.initialize()
        assert (await (await talk.request("tools/call", {"name": "change"})).json())["result"]
        listening = await talk.get()
        assert (await listening.event()).message["method"] == "notifications/resources/list_changed"


# ------------------------------------------------------------------------------------------------ broken streams


async def test_a_stream_that_broke_off_is_taken_up_after_the_last_event():
    async with client(offer()) as talk:
        await talk.initialize()
        call = {"name": "count", "_meta": {"progressToken": "p"}}
        first = await (await talk.request("tools/call", call)).events()
        for number, event in enumerate(first):
            rest = await (await talk.get({"Last-Event-ID": event.id})).events()
            assert rest == first[number + 1 :]


async def test_a_call_goes_on_while_nobody_listens_and_its_answer_is_there_later():
    async with client(offer()) as talk:
        await talk.initialize(capabilities=FORMS)
        response = await talk.request("tools/call", {"name": "greet"})
        primed, question = await response.event(), await response.event()
        await response.aclose()
        for name in ("Ada", "Lovelace"):
            resumed = await talk.get({"Last-Event-ID": primed.id if name == "Ada" else question.id})
            question = await resumed.event()
            accepted = {"action": "accept", "content": {"name": name}}
            await talk.post({"jsonrpc": "2.0", "id": question.message["id"], "result": accepted})
            await resumed.aclose()
        (answer,) = await (await talk.get({"Last-Event-ID": question.id})).events()
        assert answer.message["result"]["structuredContent"] == {"greeting": "Hello, Ada Lovelace"}


async def test_the_stream_of_a_get_is_taken_up_too():
    async with client(offer()) as talk:
        await talk.initialize()
        listening = await talk.get()
        await (await talk.request("tools/call", {"name": "change"})).events()
        first, second = await listening.event(), await listening.event()
        await listening.aclose()
        resumed = await talk.get({"Last-Event-ID": first.id})
        assert await resumed.event() == second


@pytest.mark.parametrize("last", ["x", "", "a-1", "-1", "{name}-99", "{name}-x", "{name}"])
async def test_an_event_that_never_was_is_refused(last):
    async with client(offer()) as talk:
        await talk.initialize()
        name = (await (await talk.request("ping")).event()).id.rpartition("-")[0]
        assert (await talk.get({"Last-Event-ID": last.format(name=name)})).status == 400


async def test_streams_belong_to_their_session():
    async with client(offer()) as talk:
        await talk.initialize()
        event = await (await talk.request("ping")).event()
        talk.session = None
        await talk.initialize()
        assert (await talk.get({"Last-Event-ID": event.id})).status == 400


@pytest.mark.parametrize("sessions", [True, False])
async def test_a_client_is_made_to_poll(sessions):
    async with client(offer(), poll=0, sessions=sessions) as talk:
        await talk.initialize()
        events = await (await talk.request("tools/call", ADD)).events()
        assert [event.data for event in events] == ["", None]
        assert events[-1].retry == 100
        last = events[0].id
        (answer,) = await (await talk.get({"Last-Event-ID": last})).events()
        assert answer.message["result"]["structuredContent"] == {"sum": 3}


async def test_older_clients_are_not_made_to_poll():
    async with client(offer(), poll=0) as talk:
        await talk.initialize("2025-06-18")
        (answer,) = await (await talk.request("tools/call", ADD)).events()
        assert answer.message["result"]["structuredContent"] == {"sum": 3}


async def test_a_silent_stream_has_a_comment_now_and_then():
    async with client(offer(), keep_alive=0.01) as talk:
        await talk.initialize()
        assert await (await talk.get()).comment() == b":"
        assert await (await talk.request("tools/call", {"name": "hang"})).comment() == b":"
