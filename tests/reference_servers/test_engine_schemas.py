"""Whatever a server says is valid by the schema of the revision in which it says it."""

import json
from functools import cache
from pathlib import Path

import pytest
from dialogue import FORMS, dialogue, stateless
from jsonschema import Draft202012Validator
from offer import offer

from reference_servers.engine import REVISIONS
from reference_servers.github import github

pytestmark = pytest.mark.anyio

SCHEMAS = Path(__file__).parents[2] / "schemas"
RESULTS = {
    "initialize": "InitializeResult",
    "server/discover": "DiscoverResult",
    "tools/list": "ListToolsResult",
    "tools/call": "CallToolResult",
    "resources/list": "ListResourcesResult",
    "resources/templates/list": "ListResourceTemplatesResult",
    "resources/read": "ReadResourceResult",
    "resources/subscribe": "EmptyResult",
    "logging/setLevel": "EmptyResult",
    "ping": "EmptyResult",
    "subscriptions/listen": "SubscriptionsListenResult",
}
NOTIFICATIONS = {
    "notifications/progress": "ProgressNotification",
    "notifications/message": "LoggingMessageNotification",
    "notifications/cancelled": "CancelledNotification",
    "notifications/tools/list_changed": "ToolListChangedNotification",
    "notifications/resources/list_changed": "ResourceListChangedNotification",
    "notifications/resources/updated": "ResourceUpdatedNotification",
    "notifications/subscriptions/acknowledged": "SubscriptionsAcknowledgedNotification",
}
ERRORS = {-32020: "HeaderMismatchError", -32021: "MissingRequiredClientCapabilityError",
          -32022: "UnsupportedProtocolVersionError"}  # fmt: skip
NAMES = [revision.name for revision in REVISIONS]


@cache
def validator(revision, name):
    document = json.loads((SCHEMAS / f"{revision}.json").read_text(encoding="utf-8"))
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": document["$defs"]})


class Checked:
    """Sends a request, and checks all that comes until its answer is there."""

    def __init__(self, talk, revision):
        self.talk, self.revision = talk, revision
        self.asked = {}

    def check(self, name, value):
        problems = [
            f"{error.json_path}: {error.message}" for error in validator(self.revision, name).iter_errors(value)
        ]
        assert not problems, (name, value)

    async def send(self, method, **params):
        number = await self.talk.request(method, params)
        self.asked[number] = method
        return number

    async def receive(self):
        message = await self.talk.receive()
        if "method" in message:
            self.check(NOTIFICATIONS[message["method"]], message)
        elif "error" in message:
            self.check("JSONRPCErrorResponse" if self.revision >= "2025-11-25" else "JSONRPCError", message)
            if name := ERRORS.get(message["error"]["code"]):
                self.check(name, message)
        elif message["result"].get("resultType") == "input_required":
            self.check("InputRequiredResult", message["result"])
        else:
            self.check(RESULTS[self.asked[message["id"]]], message["result"])
        return message

    async def __call__(self, method, **params):
        number = await self.send(method, **params)
        while (message := await self.receive()).get("id") != number:
            pass
        return message


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
