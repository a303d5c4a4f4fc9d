"""A correct server, by the letter of each revision that it speaks."""

import json
from collections.abc import Sequence

import anyio
import pytest
from dialogue import CLIENT, dialogue

from reference_servers.engine import (
    JSON,
    BlobContents,
    Call,
    Resource,
    ResourceTemplate,
    Server,
    TextContents,
    Tool,
    ToolError,
)

pytestmark = pytest.mark.anyio

PAIR = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"],
    "additionalProperties": False,
}
NOTHING = {"type": "object", "additionalProperties": False}


async def add(call: Call) -> dict[str, JSON]:
    return {"sum": call.arguments["a"] + call.arguments["b"]}


async def refuse(call: Call) -> dict[str, JSON]:
    raise ToolError("not on Sundays")


async def crash(call: Call) -> dict[str, JSON]:
    raise RuntimeError("a secret detail")


async def hang(call: Call) -> dict[str, JSON]:
    await anyio.sleep_forever()
    raise AssertionError


async def count(call: Call) -> list[dict[str, JSON]]:
    await call.progress(1)
    await call.progress(2, 2, "done")
    return [{"type": "text", "text": "two"}]


class Shelf:
    templates: Sequence[ResourceTemplate] = tuple(
        ResourceTemplate(f"shelf://{{book}}/{number}", f"page {number}") for number in range(4)
    )

    def list(self) -> Sequence[Resource]:
        return [Resource(f"shelf://book/{number}", f"page {number}", size=number) for number in range(7)]

    async def read(self, uri: str) -> Sequence[TextContents | BlobContents] | None:
        return {
            "shelf://book/0": [TextContents(uri, "Once upon a time", "text/plain")],
            "shelf://book/1": [BlobContents(uri, b"\x00\xff", "image/x")],
        }.get(uri)


TOOLS = tuple(
    Tool(function.__name__, PAIR if function is add else NOTHING, function)
    for function in (add, refuse, crash, hang, count)
)
SERVER = Server(name="test", version="1", tools=TOOLS, resources=Shelf(), page_size=3)
BARE = Server(name="bare", version="1")


# ------------------------------------------------------------------------------------------------ lifecycle


@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25"])
async def test_a_known_version_is_spoken(revision):
    async with dialogue(SERVER, revision=None) as talk:
        assert (await talk.initialize(revision))["protocolVersion"] == revision


@pytest.mark.parametrize("revision", ["1999-01-01", "", "2026-07-28"])
async def test_an_unknown_version_is_countered_with_the_newest(revision):
    async with dialogue(SERVER, revision=None) as talk:
        assert (await talk.initialize(revision))["protocolVersion"] == "2025-11-25"


async def test_capabilities_are_those_that_are_there():
    async with dialogue(SERVER, revision=None) as talk:
        result = await talk.initialize()
        assert result["capabilities"] == {"tools": {}, "resources": {}}
        assert result["serverInfo"] == {"name": "test", "version": "1"}
    async with dialogue(BARE, revision=None) as talk:
        assert (await talk.initialize())["capabilities"] == {}


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"capabilities": {}, "clientInfo": CLIENT},
        {"protocolVersion": 1, "capabilities": {}, "clientInfo": CLIENT},
        {"protocolVersion": "2025-11-25", "capabilities": [], "clientInfo": CLIENT},
        {"protocolVersion": "2025-11-25", "capabilities": {}},
        {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "no version"}},
    ],
)
async def test_a_malformed_initialize_is_refused_and_may_be_repeated(params):
    async with dialogue(SERVER, revision=None) as talk:
        assert (await talk.error("initialize", **params))["code"] == -32602
        assert (await talk.error("tools/list"))["code"] == -32600
        await talk.initialize()
        assert "tools" in await talk.result("tools/list")


async def test_before_initialize_only_ping_is_answered():
    async with dialogue(SERVER, revision=None) as talk:
        await talk.silence()
        for method in ("tools/list", "tools/call", "resources/read"):
            assert (await talk.error(method))["code"] == -32600


async def test_a_request_that_overtakes_initialize_is_refused_though_initialize_came_before_its_answer():
    async with dialogue(SERVER, revision=None) as talk:
        early = await talk.request("tools/list", {})
        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": CLIENT}
        start = await talk.request("initialize", params)
        late = await talk.request("tools/list", {})
        answers = {answer["id"]: answer for answer in [await talk.receive() for _ in range(3)]}
        assert answers[early]["error"]["code"] == -32600
        assert "result" in answers[start]
        assert "result" in answers[late]


async def test_a_second_initialize_is_refused_and_changes_nothing():
    async with dialogue(SERVER, revision="2025-06-18") as talk:
        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": CLIENT}
        assert (await talk.error("initialize", **params))["code"] == -32600
        assert (await talk.error("tools/call", name="add", arguments={}))["code"] == -32602


# ------------------------------------------------------------------------------------------------ JSON-RPC


@pytest.mark.parametrize("request_id", [0, -1, 2**60, "", "é", "1"])
async def test_an_answer_has_the_id_of_its_request(request_id):
    async with dialogue(SERVER) as talk:
        for method in ("ping", "no/such/method"):
            await talk.send({"jsonrpc": "2.0", "id": request_id, "method": method})
            answer = await talk.receive()
            assert answer["id"] == request_id
            assert type(answer["id"]) is type(request_id)


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"hello",
        b"{'a': 1}",
        b'{"jsonrpc":"2.0","id":1,"method":"ping"} trailing',
        b'"\xff"',
        b"\xef\xbb\xbf{}",
        b"[NaN]",
        b"[" * 100_000,
    ],
)
async def test_what_is_no_json_is_a_parse_error(data):
    async with dialogue(SERVER) as talk:
        await talk.raw(data)
        assert (await talk.receive())["error"]["code"] == -32700
        await talk.silence()


@pytest.mark.parametrize(
    "message",
    [
        [],
        [{"jsonrpc": "2.0", "id": 1, "method": "ping"}],
        "ping",
        7,
        None,
        {},
        {"jsonrpc": "2.0"},
        {"jsonrpc": "2.0", "method": 1},
        {"jsonrpc": "2.0", "id": None, "method": "ping"},
        {"jsonrpc": "2.0", "id": 1.5, "method": "ping"},
        {"jsonrpc": "2.0", "id": True, "method": "ping"},
        {"jsonrpc": "2.0", "id": {}, "method": "ping"},
    ],
)
async def test_json_that_is_no_message_is_an_invalid_request(message):
    async with dialogue(SERVER) as talk:
        await talk.send(message)
        answer = await talk.receive()
        assert answer["error"]["code"] == -32600
        assert "id" not in answer
        await talk.silence()


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "id": 5},
        {"jsonrpc": "1.0", "id": 5, "method": "ping"},
        {"id": 5, "method": "ping"},
        {"jsonrpc": "2.0", "id": 5, "method": None},
    ],
)
async def test_an_invalid_request_is_answered_with_its_id_when_that_can_be_read(message):
    async with dialogue(SERVER) as talk:
        await talk.send(message)
        answer = await talk.receive()
        assert (answer["id"], answer["error"]["code"]) == (5, -32600)


@pytest.mark.parametrize(
    ("revision", "members"),
    [("2025-06-18", {"jsonrpc", "id", "error"}), ("2025-11-25", {"jsonrpc", "error"}), (None, {"jsonrpc", "error"})],
)
async def test_without_a_readable_id_an_error_has_a_null_id_or_none_as_the_revision_has_it(revision, members):
    async with dialogue(SERVER, revision=revision) as talk:
        await talk.raw(b"{")
        answer = await talk.receive()
        assert set(answer) == members
        assert answer.get("id") is None


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "method": "notifications/unheard-of", "params": {"a": 1}},
        {"jsonrpc": "2.0", "method": "notifications/initialized", "params": "wrong"},
        {"jsonrpc": "1.0", "method": "notifications/initialized"},
        {"method": "notifications/initialized"},
        {"jsonrpc": "2.0", "method": "ping"},
        {"jsonrpc": "2.0", "method": "no/such/method"},
        {"jsonrpc": "2.0", "method": "notifications/cancelled"},
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": []},
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": {}}},
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "never used"}},
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}},
        {"jsonrpc": "2.0", "id": 9, "result": {}},
        {"jsonrpc": "2.0", "id": 9, "error": {"code": -1, "message": "no"}},
        {"jsonrpc": "2.0", "result": 1},
        {"id": [], "error": None},
    ],
)
async def test_neither_a_notification_nor_a_response_is_answered(message):
    async with dialogue(SERVER) as talk:
        await talk.send(message)
        await talk.silence()


@pytest.mark.parametrize(
    "method", ["no/such/method", "", "Tools/List", "prompts/list", "logging/setLevel", "tasks/list", "server/discover"]
)
async def test_an_unknown_method_is_not_found_whatever_its_params(method):
    async with dialogue(SERVER) as talk:
        assert (await talk.error(method))["code"] == -32601
        await talk.request(method, [])
        assert (await talk.receive())["error"]["code"] == -32601


@pytest.mark.parametrize("method", ["tools/list", "tools/call", "resources/list", "resources/read"])
async def test_a_method_of_a_capability_that_is_not_declared_is_not_found(method):
    async with dialogue(BARE) as talk:
        assert (await talk.error(method))["code"] == -32601


@pytest.mark.parametrize("params", [[], "x", 1, None, {"_meta": 1}, {"_meta": {"progressToken": None}}])
@pytest.mark.parametrize("method", ["ping", "tools/list", "resources/list"])
async def test_params_of_a_wrong_shape_are_refused(method, params):
    async with dialogue(SERVER) as talk:
        await talk.request(method, params)
        assert (await talk.receive())["error"]["code"] == -32602


async def test_half_a_surrogate_pair_comes_back_as_it_was():
    async with dialogue(SERVER) as talk:
        await talk.raw(b'{"jsonrpc":"2.0","id":"\\ud800","method":"ping"}')
        assert json.loads(await talk.memory.receive())["id"] == "\ud800"


async def test_text_beyond_ascii_is_utf8_on_one_line():
    async with dialogue(SERVER) as talk:
        await talk.send({"jsonrpc": "2.0", "id": "ü\n\u2028", "method": "ping"})
        data = await talk.memory.receive()
        assert "ü".encode() in data
        assert b"\n" not in data


# ------------------------------------------------------------------------------------------------ many requests at once


async def test_a_slow_call_holds_up_nobody():
    async with dialogue(SERVER) as talk:
        await talk.request("tools/call", {"name": "hang"})
        await talk.silence()
        assert (await talk.call("add", a=1, b=2))["structuredContent"] == {"sum": 3}


async def test_a_cancelled_request_is_not_answered():
    async with dialogue(SERVER) as talk:
        number = await talk.request("tools/call", {"name": "hang"})
        await talk.notify("notifications/cancelled", requestId=number, reason="tired")
        await talk.notify("notifications/cancelled", requestId=number)
        await talk.silence()


async def test_a_cancellation_names_an_id_of_the_same_type():
    async with dialogue(SERVER) as talk:
        number = await talk.request("tools/call", {"name": "hang"})
        await talk.notify("notifications/cancelled", requestId=str(number))
        await talk.send({"jsonrpc": "2.0", "id": number, "method": "ping"})
        answer = await talk.receive()
        assert (answer["id"], answer["error"]["code"]) == (number, -32600)  # still open, so its id is taken


async def test_an_id_is_free_again_after_its_answer():
    async with dialogue(SERVER) as talk:
        for _ in range(2):
            await talk.send({"jsonrpc": "2.0", "id": "same", "method": "ping"})
            assert (await talk.receive())["result"] == {}


# ------------------------------------------------------------------------------------------------ tools


async def test_lists_come_in_pages_without_gap_or_repetition():
    async with dialogue(SERVER) as talk:
        for method, member, total in (
            ("tools/list", "tools", 5),
            ("resources/list", "resources", 7),
            ("resources/templates/list", "resourceTemplates", 4),
        ):
            page = await talk.result(method)
            names = [item["name"] for item in page[member]]
            while "nextCursor" in page:
                cursor = page["nextCursor"]
                page = await talk.result(method, cursor=cursor)
                assert page == await talk.result(method, cursor=cursor)
                names += [item["name"] for item in page[member]]
            assert len(names) == len(set(names)) == total


@pytest.mark.parametrize(
    "cursor", ["", "x", "AAAA", "ü", "dG9vbHMAYWRk=", "dG9vbHMAYWRk ", "dG9vbHMAbm9wZQ==", 1, None]
)
async def test_an_invented_cursor_is_refused(cursor):
    async with dialogue(SERVER) as talk:
        for method in ("tools/list", "resources/list", "resources/templates/list"):
            assert (await talk.error(method, cursor=cursor))["code"] == -32602


async def test_a_cursor_belongs_to_its_list():
    async with dialogue(SERVER) as talk:
        cursor = (await talk.result("tools/list"))["nextCursor"]
        assert (await talk.error("resources/list", cursor=cursor))["code"] == -32602


async def test_structured_content_is_repeated_as_text():
    async with dialogue(SERVER) as talk:
        result = await talk.call("add", a=1, b=2)
        assert result["structuredContent"] == {"sum": 3}
        assert [json.loads(block["text"]) for block in result["content"]] == [{"sum": 3}]


@pytest.mark.parametrize(
    "params", [{}, {"name": 1}, {"name": "add", "arguments": []}, {"name": "nope"}, {"name": "ADD"}]
)
@pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25"])
async def test_a_malformed_call_and_an_unknown_tool_are_protocol_errors(params, revision):
    async with dialogue(SERVER, revision=revision) as talk:
        assert (await talk.error("tools/call", **params))["code"] == -32602


@pytest.mark.parametrize(
    "arguments",
    [{}, {"a": 1}, {"a": 1, "b": "2"}, {"a": 1, "b": 2, "c": 3}, {"a": 1, "b": True}, {"a": 1, "b": "\ud800"}],
)
async def test_arguments_that_break_the_schema_fail_as_the_revision_has_it(arguments):
    async with dialogue(SERVER, revision="2025-11-25") as talk:
        result = await talk.call("add", **arguments)
        assert result["isError"] is True
        assert "structuredContent" not in result
        assert "add" in result["content"][0]["text"]
    async with dialogue(SERVER, revision="2025-06-18") as talk:
        assert (await talk.error("tools/call", name="add", arguments=arguments))["code"] == -32602


async def test_nesting_that_no_validator_takes_is_refused_and_survived():
    async with dialogue(SERVER) as talk:
        deep = b'{"a":' * 900 + b"1" + b"}" * 900
        await talk.raw(
            b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":' + deep + b"}}"
        )
        assert (await talk.receive())["result"]["isError"] is True
        await talk.silence()


async def test_a_tool_that_refuses_gives_a_result():
    async with dialogue(SERVER) as talk:
        assert await talk.call("refuse") == {"content": [{"type": "text", "text": "not on Sundays"}], "isError": True}


async def test_a_tool_that_crashes_gives_an_internal_error_without_its_details(capsys):
    async with dialogue(SERVER) as talk:
        error = await talk.error("tools/call", name="crash")
        assert error["code"] == -32603
        assert "secret" not in error["message"]
        await talk.silence()
    assert "a secret detail" in capsys.readouterr().err


async def test_progress_is_reported_under_the_token_that_was_given():
    async with dialogue(SERVER) as talk:
        await talk.request("tools/call", {"name": "count", "_meta": {"progressToken": "t"}})
        first, second, answer = [await talk.receive() for _ in range(3)]
        assert first == {
            "jsonrpc": "2.0",
            "method": "notifications/progress",
            "params": {"progressToken": "t", "progress": 1},
        }
        assert second["params"] == {"progressToken": "t", "progress": 2, "total": 2, "message": "done"}
        assert answer["result"]["content"][0]["text"] == "two"


async def test_without_a_token_there_is_no_progress():
    async with dialogue(SERVER) as talk:
        assert (await talk.call("count"))["content"][0]["text"] == "two"


# ------------------------------------------------------------------------------------------------ resources


async def test_contents_are_text_or_base64():
    async with dialogue(SERVER) as talk:
        assert await talk.result("resources/read", uri="shelf://book/0") == {
            "contents": [{"uri": "shelf://book/0", "mimeType": "text/plain", "text": "Once upon a time"}]
        }
        assert (await talk.result("resources/read", uri="shelf://book/1"))["contents"][0]["blob"] == "AP8="


async def test_an_unknown_resource_is_not_found():
    async with dialogue(SERVER) as talk:
        error = await talk.error("resources/read", uri="shelf://book/99")
        assert (error["code"], error["data"]) == (-32002, {"uri": "shelf://book/99"})
        assert (await talk.error("resources/read"))["code"] == -32602
        assert (await talk.error("resources/read", uri=1))["code"] == -32602
