"""HTTP+SSE of 2024-11-05, over real sockets."""

import json

import pytest
from dialogue import CLIENT, FORMS
from http_client import JSON_BODY, client
from offer import offer

from reference_servers.engine import REVISIONS
from reference_servers.engine.http import HttpSse

pytestmark = pytest.mark.anyio


class Talk:
    """A conversation: a stream, and the address that its first event gives."""

    def __init__(self, http, stream, address):
        self.http, self.stream, self.address = http, stream, address

    @classmethod
    async def open(cls, http):
        stream = await http.get()
        assert stream.status == 200
        endpoint = await stream.event()
        assert endpoint.type == "endpoint"
        return cls(http, stream, endpoint.data)

    async def post(self, body):
        return await self.http.send("POST", body, {"Content-Type": "application/json"}, path=self.address)

    async def send(self, message):
        response = await self.post(json.dumps({"jsonrpc": "2.0"} | message).encode())
        assert response.status == 202

    async def receive(self):
        event = await self.stream.event()
        assert (event.type, event.id) == ("message", None)
        return event.message

    async def ask(self, method, **params):
        await self.send({"id": 1, "method": method, "params": params})
        return await self.receive()

    async def initialize(self, version="2024-11-05", capabilities=None):
        params = {"protocolVersion": version, "capabilities": capabilities or {}, "clientInfo": CLIENT}
        answer = await self.ask("initialize", **params)
        await self.send({"method": "notifications/initialized"})
        return answer


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
async def test_messages_go_to_the_address_that_the_stream_gives_and_answers_come_on_the_stream(version):
    async with client(offer(), endpoint=HttpSse) as http:
        talk = await Talk.open(http)
        assert (await talk.initialize(version))["result"]["protocolVersion"] == version
        answer = await talk.ask("tools/call", name="add", arguments={"a": 1, "b": 2})
        assert answer["result"]["content"][0]["text"] == '{"sum":3}'


async def test_all_that_the_server_says_comes_on_the_one_stream():
    async with client(offer(), endpoint=HttpSse) as http:
        talk = await Talk.open(http)
        await talk.initialize("2025-11-25", FORMS)
        await talk.send({"id": 2, "method": "tools/call", "params": {"name": "count", "_meta": {"progressToken": 1}}})
        assert [(await talk.receive()).get("method") for _ in range(3)] == ["notifications/progress"] * 2 + [None]
        await talk.send({"id": 3, "method": "tools/call", "params": {"name": "greet"}})
        question = await talk.receive()
        await talk.send({"id": question["id"], "result": {"action": "decline"}})
        assert (await talk.receive())["result"]["structuredContent"] == {"greeting": "no name: decline"}
        await talk.send({"id": 4, "method": "tools/call", "params": {"name": "change"}})
        methods = {(await talk.receive()).get("method") for _ in range(3)}
        assert methods == {None, "notifications/resources/list_changed", "notifications/tools/list_changed"}


async def test_what_is_no_message_is_told_so_on_the_stream():
    async with client(offer(), endpoint=HttpSse) as http:
        talk = await Talk.open(http)
        assert (await talk.post(b"{")).status == 400
        assert (await talk.receive())["error"]["code"] == -32700
        assert (await talk.post(b"[]")).status == 202
        assert (await talk.receive())["error"]["code"] == -32600


async def test_clients_have_conversations_of_their_own():
    async with client(offer(), endpoint=HttpSse) as http:
        one, other = await Talk.open(http), await Talk.open(http)
        assert one.address != other.address
        await one.initialize()
        assert (await other.ask("tools/list"))["error"]["code"] == -32600
        await one.stream.aclose()
        await other.initialize()
        assert "result" in await other.ask("tools/list")
        while (response := await one.post(b"{}")).status == 202:
            pass
        assert response.status == 404


async def test_the_address_names_a_conversation_that_is_there():
    async with client(offer(), endpoint=HttpSse) as http:
        talk = await Talk.open(http)
        for path, status in (("/messages", 400), ("/messages?session_id=x", 404), ("/elsewhere", 404), ("/sse", 405)):
            response = await http.send("POST", b"{}", JSON_BODY, path=path)
            assert response.status == status
        assert (await http.send("GET", path=talk.address)).status == 405
        assert (await http.send("POST", b"{}", {"Content-Type": "text/plain"}, path=talk.address)).status == 415
        assert (await http.get({"Accept": "application/json"})).status == 406


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
async def test_pages_of_other_hosts_may_not_talk_to_the_server(headers):
    async with client(offer(), endpoint=HttpSse) as http:
        assert (await http.get(headers)).status == 403
        talk = await Talk.open(http)
        assert (await http.send("POST", b"{}", JSON_BODY | headers, path=talk.address)).status == 403


async def test_there_is_no_stateless_era_here():
    async with client(offer(), endpoint=HttpSse, revisions=REVISIONS) as http:
        talk = await Talk.open(http)
        assert (await talk.initialize("2026-07-28"))["result"]["protocolVersion"] == "2025-11-25"


async def test_a_server_that_is_stopped_ends_the_stream():
    async with client(offer(), endpoint=HttpSse) as http:
        talk = await Talk.open(http)
        await talk.initialize()
        await talk.send({"id": 5, "method": "tools/call", "params": {"name": "hang"}})
        http.connections.remove(talk.stream.stream)
    assert await talk.stream.event() is None
    await talk.stream.aclose()
