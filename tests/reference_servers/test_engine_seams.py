"""A wrong server is a right one with a method changed."""

import pytest
from dialogue import dialogue

from reference_servers.engine import JSON, Call, Connection, Notification, Request, RequestId, Server, Tool

pytestmark = pytest.mark.anyio

SERVER = Server(name="test", version="1")


async def idle(call: Call) -> dict[str, JSON]:
    return {}


class EchoesTheVersion(Connection):
    def negotiate(self, requested: str) -> str:
        return requested


class ForgetsTheId(Connection):
    async def reply(self, request_id: RequestId, result: JSON) -> None:
        await self.deliver({"jsonrpc": "2.0", "result": result})


class AnswersNotifications(Connection):
    async def on_notification(self, notification: Notification) -> None:
        await self.deliver({"jsonrpc": "2.0", "id": None, "result": {}})


class InventsMethods(Connection):
    async def on_unknown_method(self, request: Request) -> JSON:
        return {}


class ServesEarly(Connection):
    async def before_initialize(self, request: Request) -> JSON:
        return {"tools": []}


class IndentsItsMessages(Connection):
    def encode(self, message: dict[str, JSON]) -> bytes:
        return super().encode(message).replace(b",", b",\n")


async def test_a_version_can_be_echoed():
    async with dialogue(SERVER, EchoesTheVersion, revision=None) as talk:
        assert (await talk.initialize("1999-01-01"))["protocolVersion"] == "1999-01-01"
        await talk.silence()


async def test_an_id_can_be_forgotten():
    async with dialogue(SERVER, ForgetsTheId, revision=None) as talk:
        await talk.request("ping", {})
        assert await talk.receive() == {"jsonrpc": "2.0", "result": {}}


async def test_a_notification_can_be_answered():
    async with dialogue(SERVER, AnswersNotifications, revision=None) as talk:
        await talk.notify("notifications/initialized")
        assert "result" in await talk.receive()


async def test_an_unknown_method_can_be_answered():
    async with dialogue(SERVER, InventsMethods) as talk:
        assert await talk.result("no/such/method") == {}


async def test_a_request_can_be_served_before_initialize():
    server = Server(name="test", version="1", tools=(Tool("idle", {"type": "object"}, idle),))
    async with dialogue(server, ServesEarly, revision=None) as talk:
        assert await talk.result("tools/list") == {"tools": []}


async def test_bytes_can_be_spoilt():
    async with dialogue(SERVER, IndentsItsMessages, revision=None) as talk:
        await talk.request("ping", {})
        assert b"\n" in await talk.memory.receive()
