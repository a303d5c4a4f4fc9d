"""Streamable HTTP of 2026-07-28, over real sockets."""

import base64
from dataclasses import replace

import anyio
import pytest
from dialogue import FORMS, PREFIX, STATELESS_REVISION, metadata
from http_client import BOTH, JSON_BODY, client
from offer import offer

from reference_servers.engine import REVISIONS, STATELESS, Call, Connection, Server, Tool

pytestmark = pytest.mark.anyio

VERSION = f"{PREFIX}protocolVersion"
answers = pytest.mark.parametrize("answers", ["json", "stream"])
eras = pytest.mark.parametrize("revisions", [STATELESS, REVISIONS], ids=["stateless", "dual"])
ADD = {"name": "add", "arguments": {"a": 1, "b": 2}}
UNKNOWN = {"_meta": {**metadata(), VERSION: "1900-01-01"}}


def encoded(text):
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


async def refused(response, status, code):
    assert response.status == status
    answer = await response.json()
    assert (answer["id"], answer["error"]["code"]) == (1, code)
    return answer["error"]


# ------------------------------------------------------------------------------------------------ answers


@answers
@eras
async def test_a_request_is_answered_as_json_or_at_the_end_of_a_stream(answers, revisions):
    async with client(offer(), revisions=revisions, answers=answers) as talk:
        for method, params in (("server/discover", {}), ("tools/list", {}), ("tools/call", ADD)):
            response = await talk.ask(method, params)
            assert response.status == 200
            assert "mcp-session-id" not in response.headers
            if answers == "json":
                answer = await response.json()
            else:
                assert response.headers["x-accel-buffering"] == "no"
                (event,) = await response.events()
                assert (event.id, event.type) == (None, "message")
                answer = event.message
            assert answer["id"] == 1
            assert answer["result"]["resultType"] == "complete"


@answers
async def test_progress_and_logs_come_on_the_stream_of_their_request_and_as_json_not_at_all(answers):
    async with client(offer(), revisions=STATELESS, answers=answers) as talk:
        for tool, meta, method in (
            ("count", {"progressToken": "t"}, "notifications/progress"),
            ("chat", {f"{PREFIX}logLevel": "info"}, "notifications/message"),
        ):
            response = await talk.ask("tools/call", {"name": tool}, **meta)
            if answers == "json":
                assert "result" in await response.json()
            else:
                events = await response.events()
                assert [event.message.get("method") for event in events] == [method, method, None]


@answers
async def test_tool_errors_and_other_errors_that_have_no_status_of_their_own_are_answers(answers):
    async with client(offer(), revisions=STATELESS, answers=answers) as talk:
        response = await talk.ask("tools/call", {"name": "refuse"})
        assert response.status == 200
        assert (await response.answer())["result"]["isError"] is True
        for method, params in (("tools/call", {"name": "none"}), ("resources/read", {"uri": "a://b"})):
            response = await talk.ask(method, params)
            assert response.status == 200
            assert (await response.answer())["error"]["code"] == -32602


@answers
@eras
@pytest.mark.parametrize("method", ["ping", "logging/setLevel", "prompts/list", "no/such/method", "initialize"])
async def test_an_unknown_method_is_not_found(method, answers, revisions):
    async with client(offer(), revisions=revisions, answers=answers) as talk:
        await refused(await talk.ask(method), 404, -32601)


@answers
@eras
async def test_a_capability_that_is_needed_is_named(answers, revisions):
    async with client(offer(), revisions=revisions, answers=answers) as talk:
        error = await refused(await talk.ask("tools/call", {"name": "greet"}), 400, -32021)
        assert error["data"] == {"requiredCapabilities": {"elicitation": {"form": {}}}}


@answers
async def test_a_call_asks_between_its_rounds(answers):
    async with client(offer(), revisions=STATELESS, answers=answers) as talk:
        extra = {}
        for number, name in enumerate(("Ada", "Lovelace"), 1):
            response = await talk.ask("tools/call", {"name": "greet", **extra}, capabilities=FORMS, request_id=number)
            result = (await response.answer())["result"]
            assert result["resultType"] == "input_required"
            (key,) = result["inputRequests"]
            extra = {
                "requestState": result["requestState"],
                "inputResponses": {key: {"action": "accept", "content": {"name": name}}},
            }
        response = await talk.ask("tools/call", {"name": "greet", **extra}, capabilities=FORMS, request_id=3)
        assert (await response.answer())["result"]["structuredContent"] == {"greeting": "Hello, Ada Lovelace"}


# ------------------------------------------------------------------------------------------------ what a request says


@answers
@eras
async def test_an_unknown_version_is_refused_and_those_that_are_spoken_are_named(answers, revisions):
    async with client(offer(), revisions=revisions, answers=answers) as talk:
        # A later version may have other headers: the version comes first.
        for headers in ({}, {"Mcp-Method": None}, {"Mcp-Method": "other"}):
            response = await talk.ask("tools/list", UNKNOWN, headers | {"MCP-Protocol-Version": "1900-01-01"})
            error = await refused(response, 400, -32022)
            assert error["data"]["requested"] == "1900-01-01"
            assert error["data"]["supported"] == [revision.name for revision in reversed(revisions)]


@answers
@eras
@pytest.mark.parametrize(
    "headers",
    [
        {"MCP-Protocol-Version": None},
        {"MCP-Protocol-Version": ""},
        {"MCP-Protocol-Version": "2025-11-25"},
        {"MCP-Protocol-Version": "1900-01-01"},
        {"MCP-Protocol-Version": "2026-07-28, 2026-07-28"},
        {"Mcp-Method": None},
        {"Mcp-Method": "tools/list"},
        {"Mcp-Method": "Tools/Call"},
        {"Mcp-Name": None},
        {"Mcp-Name": "mirror"},
        {"Mcp-Name": "ADD"},
        {"Mcp-Name": "=?base64?!?="},
        {"Mcp-Name": "=?base64?YQ?="},
        {"Mcp-Name": "=?base64?/w==?="},
        {"Mcp-Name": encoded("mirror")},
        {"Mcp-Name": "=?BASE64?YWRk?="},
        {"Mcp-Name": "add\x80"},
    ],
)
async def test_headers_repeat_the_body(headers, answers, revisions):
    async with client(offer(), revisions=revisions, answers=answers) as talk:
        await refused(await talk.ask("tools/call", ADD, headers), 400, -32020)


@pytest.mark.parametrize("headers", [{"Mcp-Name": encoded("add")}, {"mcp-name": "add", "Mcp-Name": None}])
async def test_names_of_headers_are_of_any_case_and_values_may_be_encoded(headers):
    async with client(offer(), revisions=STATELESS) as talk:
        assert (await talk.ask("tools/call", ADD, headers)).status == 200


async def test_a_repeated_header_is_none():
    async with client(offer(), revisions=STATELESS) as talk:
        await refused(await talk.ask("tools/call", ADD, {"mcp-name": "add"}), 400, -32020)


async def test_a_uri_is_repeated_too():
    async with client(offer(), revisions=STATELESS) as talk:
        page = {"uri": "shelf://book/0"}
        assert (await talk.ask("resources/read", page)).status == 200
        await refused(await talk.ask("resources/read", page, {"Mcp-Name": "shelf://book/1"}), 400, -32020)
        await refused(await talk.ask("resources/read", page, {"Mcp-Name": None}), 400, -32020)


@pytest.mark.parametrize(
    ("arguments", "headers", "status"),
    [
        ({}, {}, 200),
        ({"region": "us-west1"}, {"Mcp-Param-Region": "us-west1"}, 200),
        ({"region": "us-west1"}, {"mcp-param-region": "us-west1"}, 200),
        ({"region": "Hello, 世界"}, {"Mcp-Param-Region": encoded("Hello, 世界")}, 200),
        ({"region": " padded "}, {"Mcp-Param-Region": encoded(" padded ")}, 200),
        ({"region": " padded "}, {"Mcp-Param-Region": " padded "}, 400),
        ({"region": "=?base64?x?="}, {"Mcp-Param-Region": encoded("=?base64?x?=")}, 200),
        ({"region": "us-west1"}, {}, 400),
        ({"region": "us-west1"}, {"Mcp-Param-Region": "us-west2"}, 400),
        ({"region": "us-west1"}, {"Mcp-Param-Region": "US-WEST1"}, 400),
        ({}, {"Mcp-Param-Region": "us-west1"}, 400),
        ({"count": None}, {}, 200),
        ({"count": None}, {"Mcp-Param-Count": "null"}, 400),
        ({"count": 42}, {"Mcp-Param-Count": "42"}, 200),
        ({"count": 42}, {"Mcp-Param-Count": "42.0"}, 200),
        ({"count": 42.0}, {"Mcp-Param-Count": "42"}, 200),
        ({"count": -7}, {"Mcp-Param-Count": "-7"}, 200),
        ({"count": 42}, {"Mcp-Param-Count": "43"}, 400),
        ({"count": 42}, {"Mcp-Param-Count": "forty-two"}, 400),
        ({"count": 42}, {"Mcp-Param-Count": "4_2"}, 400),
        ({"count": 42}, {"Mcp-Param-Count": "NaN"}, 400),
        ({"where": {"dry": True}}, {"Mcp-Param-Dry": "true"}, 200),
        ({"where": {"dry": True}}, {"Mcp-Param-Dry": "True"}, 400),
        ({"where": {"dry": False}}, {}, 400),
        ({"where": {}}, {}, 200),
        ({}, {"Mcp-Param-Other": "whatever"}, 200),
    ],
)
async def test_arguments_are_repeated_where_the_schema_wants_it(arguments, headers, status):
    async with client(offer(), revisions=STATELESS, answers="json") as talk:
        response = await talk.ask("tools/call", {"name": "mirror", "arguments": arguments}, headers)
        if status == 400:
            await refused(response, 400, -32020)
        else:
            result = (await response.json())["result"]
            assert result.get("isError") or result["structuredContent"] == arguments


@answers
@eras
@pytest.mark.parametrize("meta", [None, {}, {VERSION: STATELESS_REVISION}, {f"{PREFIX}clientCapabilities": {}}, 7])
async def test_a_request_that_says_too_little_is_malformed(meta, answers, revisions):
    async with client(offer(), revisions=revisions, answers=answers) as talk:
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} if meta is None else {"_meta": meta}}
        headers = {"MCP-Protocol-Version": STATELESS_REVISION, "Mcp-Method": "tools/list"}
        await refused(await talk.post(message, headers), 400, -32602)


# ------------------------------------------------------------------------------------------------ messages


@answers
@pytest.mark.parametrize(("body", "code"), [(b"{", -32700), (b"[]", -32600), (b'{"jsonrpc":"2.0"}', -32600)])
async def test_what_is_no_message_is_a_bad_request(body, code, answers):
    async with client(offer(), revisions=STATELESS, answers=answers) as talk:
        response = await talk.send("POST", body, JSON_BODY)
        assert response.status == 400
        answer = await response.json()
        assert answer["error"]["code"] == code
        assert "id" not in answer


@eras
async def test_a_notification_is_accepted_and_a_response_is_not(revisions):
    async with client(offer(), revisions=revisions) as talk:
        headers = {"MCP-Protocol-Version": STATELESS_REVISION}
        response = await talk.post({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {}}, headers)
        assert (response.status, await response.read()) == (202, b"")
        response = await talk.post({"jsonrpc": "2.0", "id": 1, "result": {}}, headers)
        assert response.status == 400
        response = await talk.post([{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}], headers)
        assert response.status == 400


async def test_the_handshake_of_earlier_revisions_is_refused_and_told_why():
    async with client(offer(), revisions=STATELESS) as talk:
        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
        for headers in ({}, {"MCP-Protocol-Version": "2025-11-25"}):
            response = await talk.request("initialize", params, **headers)
            assert response.status == 400
            error = (await response.json())["error"]
            assert error["data"]["supported"] == [STATELESS_REVISION]
            assert STATELESS_REVISION in error["message"]


async def test_nothing_but_post_is_there_and_what_belonged_to_it_is_ignored():
    async with client(offer(), revisions=STATELESS) as talk:
        for method in ("GET", "DELETE", "PUT"):
            response = await talk.send(method, headers={"Accept": BOTH, "Mcp-Session-Id": "x", "Last-Event-ID": "y"})
            assert (response.status, response.headers["allow"]) == (405, "POST")
        response = await talk.ask("tools/list", headers={"Mcp-Session-Id": "x", "Last-Event-ID": "y"})
        assert response.status == 200
        assert "mcp-session-id" not in response.headers


@eras
@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
async def test_pages_of_other_hosts_may_not_talk_to_the_server(headers, revisions):
    async with client(offer(), revisions=revisions) as talk:
        assert (await talk.ask("tools/list", headers=headers)).status == 403
        assert (await talk.ask("tools/list", headers={"Origin": "http://localhost"})).status == 200


# ------------------------------------------------------------------------------------------------ cancelling


@answers
async def test_a_client_that_hangs_up_cancels_its_request(answers):
    started, ended = anyio.Event(), anyio.Event()

    async def hang(call: Call):
        started.set()
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    server = Server(name="s", version="1", tools=(Tool("hang", {"type": "object"}, hang),), revisions=STATELESS)
    async with client(server, answers=answers) as talk, anyio.create_task_group() as tasks:
        tasks.start_soon(talk.ask, "tools/call", {"name": "hang"})
        with anyio.fail_after(5):
            await started.wait()
            tasks.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await talk.aclose()
                await ended.wait()


async def test_a_notification_on_another_connection_cancels_nothing():
    async with client(offer(), revisions=STATELESS) as talk:
        call = await talk.ask("tools/call", {"name": "hang"}, progressToken=0)
        assert (await call.event()).message["params"]["progress"] == 1
        headers = {"MCP-Protocol-Version": STATELESS_REVISION}
        cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
        assert (await talk.post(cancel, headers)).status == 202
        assert (await talk.ask("tools/list")).status == 200
        with anyio.move_on_after(0.05) as waiting:
            await call.event()
        assert waiting.cancelled_caught


# ------------------------------------------------------------------------------------------------ subscriptions


@answers
@eras
async def test_a_subscription_is_a_stream_whatever_else_is_json(answers, revisions):
    async with client(offer(), revisions=revisions, answers=answers, keep_alive=0.01) as talk:
        wanted = {"toolsListChanged": True, "promptsListChanged": True, "resourceSubscriptions": ["shelf://book/1"]}
        listening = await talk.ask("subscriptions/listen", {"notifications": wanted}, request_id="sub")
        acknowledged = (await listening.event()).message
        meta = {f"{PREFIX}subscriptionId": "sub"}
        del wanted["promptsListChanged"]
        assert acknowledged["method"] == "notifications/subscriptions/acknowledged"
        assert acknowledged["params"] == {"_meta": meta, "notifications": wanted}
        await (await talk.ask("tools/call", {"name": "change"})).answer()
        updated, changed = (await listening.event()).message, (await listening.event()).message
        assert updated["params"] == {"_meta": meta, "uri": "shelf://book/1"}
        assert (changed["method"], changed["params"]) == ("notifications/tools/list_changed", {"_meta": meta})
        await (await talk.ask("tools/call", {"name": "stop"})).answer()
        (end,) = await listening.events()  # and no notification, which is for channels that all share
        assert end.message["id"] == "sub"
        assert end.message["result"]["_meta"].items() >= meta.items()


async def test_a_server_that_is_stopped_ends_its_subscriptions_in_order():
    async with client(offer(), revisions=STATELESS) as talk:
        listening = await talk.ask("subscriptions/listen", {"notifications": {"toolsListChanged": True}})
        await listening.event()
        talk.connections.remove(listening.stream)
    (end,) = await listening.events()
    assert end.message["result"]["resultType"] == "complete"
    await listening.aclose()


async def test_a_filter_that_is_none_is_refused():
    async with client(offer(), revisions=STATELESS) as talk:
        response = await talk.ask("subscriptions/listen", {"notifications": 1})
        assert (await response.answer())["error"]["code"] == -32602


# ------------------------------------------------------------------------------------------------ both eras


@answers
async def test_one_endpoint_serves_both_eras_at_once(answers):
    async with client(offer(), revisions=REVISIONS, answers=answers) as talk:
        await talk.initialize()
        assert "resultType" not in (await (await talk.request("tools/list")).answer())["result"]
        # The metadata in a request decides, even beside a session.
        assert (await (await talk.ask("tools/list")).answer())["result"]["resultType"] == "complete"
        assert (await talk.get()).status == 200
        assert (await talk.send("DELETE")).status == 200
        assert (await (await talk.ask("tools/list")).answer())["result"]["resultType"] == "complete"
        assert (await talk.request("tools/list")).status == 404
        talk.session = None
        assert (await talk.request("tools/list")).status == 400
        # A header of the one era above a body of the other
        talk.version = None
        await refused(await talk.request("tools/list", **{"MCP-Protocol-Version": STATELESS_REVISION}), 400, -32602)


async def test_a_server_of_the_earlier_era_refuses_the_probe_as_such_servers_do():
    async with client(offer()) as talk:
        response = await talk.ask("server/discover")
        assert response.status == 400
        assert (await response.json())["error"]["code"] == -32600


async def test_requests_run_side_by_side_under_one_id():
    async with client(replace(offer(), revisions=STATELESS), answers="json") as talk:
        found = []

        async def call(number: int) -> None:
            arguments = {"a": number, "b": 0}
            response = await talk.ask("tools/call", {"name": "add", "arguments": arguments})
            found.append((await response.json())["result"]["structuredContent"]["sum"])

        async with anyio.create_task_group() as tasks:
            for number in range(10):
                tasks.start_soon(call, number)
        assert sorted(found) == list(range(10))


async def test_each_request_has_a_conversation_of_its_own():
    made = []

    class Counted(Connection):
        def __init__(self, *args) -> None:
            super().__init__(*args)
            made.append(self)

    async with client(offer(), revisions=STATELESS, connection=Counted) as talk:
        for _ in range(3):
            await (await talk.ask("tools/list")).answer()
    assert len(made) == 3
