"""The stateless era: what each request has to say, and what each result says."""

from dataclasses import replace

import pytest
from dialogue import FORMS, PREFIX, STATELESS_REVISION, Dialogue, dialogue, metadata, stateless
from offer import offer

from reference_servers.engine import REVISIONS, Server, Tool
from reference_servers.engine.memory import connect

pytestmark = pytest.mark.anyio

VERSION, CAPABILITIES = f"{PREFIX}protocolVersion", f"{PREFIX}clientCapabilities"
SERVER_INFO = f"{PREFIX}serverInfo"


async def test_discover_tells_who_is_there_and_what_it_speaks():
    async with stateless(offer()) as talk:
        result = await talk.result("server/discover")
        assert result["supportedVersions"] == [STATELESS_REVISION]
        assert result["capabilities"] == {
            "tools": {"listChanged": True},
            "resources": {"subscribe": True, "listChanged": True},
            "logging": {},
        }
        assert set(result["_meta"][SERVER_INFO]) == {"name", "version", "title", "description", "icons"}
        assert "protocolVersion" not in result
        assert "serverInfo" not in result


async def test_a_server_of_both_eras_names_all_versions_newest_first():
    async with stateless(offer(), dual=True) as talk:
        versions = (await talk.result("server/discover"))["supportedVersions"]
        assert versions == [revision.name for revision in reversed(REVISIONS)]


async def test_each_result_has_its_type_and_names_the_server():
    async with stateless(offer()) as talk:
        for method, params in (
            ("server/discover", {}),
            ("tools/list", {}),
            ("tools/call", {"name": "add", "arguments": {"a": 1, "b": 2}}),
            ("tools/call", {"name": "refuse"}),
            ("resources/list", {}),
            ("resources/templates/list", {}),
            ("resources/read", {"uri": "shelf://book/0"}),
        ):
            result = await talk.result(method, **params)
            assert result["resultType"] == "complete"
            assert result["_meta"][SERVER_INFO]["name"] == "offer"
            cacheable = method != "tools/call"
            assert ("ttlMs" in result, "cacheScope" in result) == (cacheable, cacheable)
            if cacheable:
                assert isinstance(result["ttlMs"], int)
                assert result["ttlMs"] >= 0
                assert result["cacheScope"] in ("public", "private")


@pytest.mark.parametrize(
    "meta",
    [
        None,
        [],
        {},
        {VERSION: STATELESS_REVISION},
        {CAPABILITIES: {}},
        {VERSION: 7, CAPABILITIES: {}},
        {VERSION: STATELESS_REVISION, CAPABILITIES: []},
    ],
)
@pytest.mark.parametrize("method", ["server/discover", "tools/list", "no/such/method"])
async def test_a_request_that_says_too_little_is_malformed(meta, method):
    async with stateless(offer()) as talk:
        for params in [{}] if meta is None else [{"_meta": meta}, []]:
            await Dialogue.request(talk, method, params)
            assert (await talk.receive())["error"]["code"] == -32602


async def test_the_client_need_not_name_itself():
    async with stateless(offer()) as talk:
        await Dialogue.request(talk, "tools/list", {"_meta": {VERSION: STATELESS_REVISION, CAPABILITIES: {}}})
        assert "result" in await talk.receive()


@pytest.mark.parametrize("version", ["1900-01-01", "2025-11-25", "2027-01-01", ""])
@pytest.mark.parametrize("method", ["server/discover", "tools/list", "no/such/method", "initialize"])
async def test_another_version_is_refused_and_those_that_are_spoken_are_named(version, method):
    async with stateless(offer()) as talk:
        error = await talk.error(method, _meta={VERSION: version})
        assert error["code"] == -32022
        assert error["data"] == {"supported": [STATELESS_REVISION], "requested": version}


@pytest.mark.parametrize(
    "method",
    [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "tasks/get",
        "prompts/list",
        "no/such/method",
    ],
)
async def test_what_is_no_method_any_more_is_not_found(method):
    async with stateless(offer()) as talk:
        assert (await talk.error(method))["code"] == -32601


async def test_initialize_is_told_what_is_spoken_instead():
    async with dialogue(replace(offer(), revisions=REVISIONS[-1:]), revision=None) as talk:
        error = await talk.error("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={})
        assert error["data"]["supported"] == [STATELESS_REVISION]
        assert STATELESS_REVISION in error["message"]


async def test_errors_are_those_of_the_revision():
    async with stateless(offer()) as talk:
        error = await talk.error("resources/read", uri="shelf://none")
        assert (error["code"], error["data"]) == (-32602, {"uri": "shelf://none"})
        assert (await talk.error("tools/call", name="no-such-tool"))["code"] == -32602
        assert (await talk.error("tools/list", cursor="x"))["code"] == -32602
        assert (await talk.call("add", a="x"))["isError"] is True
        await talk.raw(b"{")
        answer = await talk.receive()
        assert answer["error"]["code"] == -32700
        assert "id" not in answer
        await talk.send([{"jsonrpc": "2.0", "id": 1, "method": "server/discover"}])
        assert (await talk.receive())["error"]["code"] == -32600


async def test_structured_content_and_its_schema_are_of_any_type():
    async with stateless(offer()) as talk:
        tools = {tool["name"]: tool for tool in (await talk.result("tools/list"))["tools"]}
        assert tools["list_all"]["outputSchema"] == {"type": "array"}
        assert (await talk.call("list_all"))["structuredContent"] == [1, 2]


async def test_nothing_is_remembered_from_one_request_to_the_next():
    async with stateless(offer()) as talk:
        await talk.request("tools/call", {"name": "greet", "_meta": {CAPABILITIES: FORMS}})
        assert (await talk.receive())["result"]["resultType"] == "input_required"
        assert (await talk.error("tools/call", name="greet"))["code"] == -32021


# ------------------------------------------------------------------------------------------------ opted in


async def test_progress_is_reported_to_those_who_want_it():
    async with stateless(offer()) as talk:
        await talk.request("tools/call", {"name": "count", "_meta": {"progressToken": "t"}})
        first, second, answer = [await talk.receive() for _ in range(3)]
        assert [first["params"]["progress"], second["params"]["progress"]] == [1, 2]
        assert answer["result"]["resultType"] == "complete"
        await talk.call("count")
        assert (await talk.error("tools/list", _meta={"progressToken": None}))["code"] == -32602


async def test_logs_come_with_a_request_that_names_a_level_and_no_other():
    async with stateless(offer()) as talk:
        for level, heard in ((None, 0), ("debug", 3), ("info", 2), ("warning", 1), ("emergency", 0), (None, 0)):
            await talk.request(
                "tools/call", {"name": "chat", "_meta": {} if level is None else {f"{PREFIX}logLevel": level}}
            )
            received = [await talk.receive() for _ in range(heard + 1)]
            assert [message.get("method") for message in received] == ["notifications/message"] * heard + [None]


@pytest.mark.parametrize("level", ["loud", 3, None, []])
async def test_a_level_that_is_none_is_refused(level):
    async with stateless(offer()) as talk:
        assert (await talk.error("tools/list", _meta={f"{PREFIX}logLevel": level}))["code"] == -32602


async def test_a_cancelled_request_is_not_answered():
    async with stateless(offer()) as talk:
        number = await talk.request("tools/call", {"name": "hang", "_meta": {"progressToken": 1}})
        assert (await talk.receive())["params"]["progress"] == 1
        await talk.notify("notifications/cancelled", requestId=number)
        await talk.silence()


# ------------------------------------------------------------------------------------------------ both eras


async def test_the_opening_decides_which_era_it_is():
    async with connect(replace(offer(), revisions=REVISIONS)) as memory:
        talk = Dialogue(memory)
        assert (await talk.error("tools/list"))["code"] == -32600  # neither the one nor the other
        assert (await talk.error("server/discover"))["code"] == -32602
        assert (await talk.result("server/discover", _meta=metadata()))["resultType"] == "complete"
        assert (await talk.result("tools/list", _meta=metadata()))["resultType"] == "complete"
        assert (await talk.initialize("2025-06-18"))["protocolVersion"] == "2025-06-18"
        assert "resultType" not in await talk.result("tools/list")
        assert await talk.result("ping") == {}
        assert (await talk.error("ping", _meta=metadata()))["code"] == -32601
        assert (await talk.result("tools/list", _meta=metadata()))["resultType"] == "complete"


async def test_with_both_eras_the_handshake_never_gives_a_version_that_has_none():
    async with connect(replace(offer(), revisions=REVISIONS)) as memory:
        assert (await Dialogue(memory).initialize(STATELESS_REVISION))["protocolVersion"] == "2025-11-25"


async def test_a_server_with_a_handshake_does_not_know_the_methods_without():
    async with dialogue(offer(), revision=None) as talk:
        assert (await talk.error("server/discover", _meta=metadata()))["code"] == -32601
        await talk.initialize()
        assert (await talk.error("subscriptions/listen", _meta=metadata()))["code"] == -32601
        assert "resultType" not in await talk.result("tools/list", _meta=metadata())


async def test_a_bare_server_is_still_discovered():
    async with stateless(Server(name="bare", version="1")) as talk:
        assert (await talk.result("server/discover"))["capabilities"] == {}
        assert (await talk.error("tools/list"))["code"] == -32601


async def test_a_crash_is_an_internal_error(capsys):
    async def crash(call):
        raise RuntimeError("a secret detail")

    async with stateless(Server(name="bare", version="1", tools=(Tool("crash", {"type": "object"}, crash),))) as talk:
        error = await talk.error("tools/call", name="crash")
        assert error["code"] == -32603
        assert "secret" not in error["message"]
    assert "a secret detail" in capsys.readouterr().err
