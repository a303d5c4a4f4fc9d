"""Whatever a server says is valid by the schema of the revision in which it says it."""

import pytest
from checked import NAMES, Checked
from dialogue import FORMS, dialogue, stateless
from offer import offer

from reference_servers.github import github

pytestmark = pytest.mark.anyio


async def tour(ask):
    tools = (await ask("tools/list"))["result"]["tools"]
    for tool in tools:
        if tool["name"] not in ("hang", "greet", "sample", "stop"):
            meta = {"progressToken": 1, "io.modelcontextprotocol/logLevel": "debug"}
            arguments = {"a": 1, "b": 2} if tool["name"] == "add" else {}
            await ask("tools/call", name=tool["name"], arguments=arguments, _meta=meta)
    await ask("tools/call", name="add", arguments={"a": "x"})
    for resource in (await ask("resources/list"))["result"]["resources"]:
        await ask("resources/read", uri=resource["uri"])
    await ask("resources/templates/list")
    for method, params in (("resources/read", {"uri": "a://b"}), ("tools/list", {"cursor": "x"}), ("no/such", {})):
        assert "error" in await ask(method, **params)


@pytest.mark.parametrize("server", [offer, github])
@pytest.mark.parametrize("revision", NAMES[:-1])
async def test_in_a_session_all_that_is_said_is_valid(server, revision):
    async with dialogue(server(), revision=None) as talk:
        ask = Checked(talk, revision)
        params = {"protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
        await ask("initialize", **params)
        await talk.notify("notifications/initialized")
        await ask("ping")
        if server is offer:
            await ask("logging/setLevel", level="debug")
            await ask("resources/subscribe", uri="shelf://book/1")
        await tour(ask)


@pytest.mark.parametrize("server", [offer, github])
async def test_without_one_all_that_is_said_is_valid(server):
    async with stateless(server()) as talk:
        ask = Checked(talk, NAMES[-1])
        await ask("server/discover")
        await ask("tools/list", _meta={"io.modelcontextprotocol/protocolVersion": "1900-01-01"})
        if server is offer:
            await ask.send(
                "subscriptions/listen", notifications={"toolsListChanged": True, "resourcesListChanged": True}
            )
            await ask.receive()
            assert "error" in await ask("tools/call", name="greet")
            await ask("tools/call", name="greet", _meta={"io.modelcontextprotocol/clientCapabilities": FORMS})
            everything = {"sampling": {}, "roots": {}}
            await ask("tools/call", name="sample", _meta={"io.modelcontextprotocol/clientCapabilities": everything})
        await tour(ask)
        if server is offer:
            await ask.send("tools/call", name="stop")
            for _ in range(3):  # its answer, and the two ends of the subscription
                await ask.receive()
