"""A wrong server over HTTP is a right one with a method changed, of the conversation or of the endpoint."""

import anyio
import h11
import pytest
from http_client import JSON_BODY, client
from offer import offer

from reference_servers.engine import JSON, REVISIONS, STATELESS, Connection, Notification, Request, RequestId
from reference_servers.engine.http import Event, Http, HttpSse, Streamable

pytestmark = pytest.mark.anyio

answers = pytest.mark.parametrize("answers", ["json", "stream"])


class ForgetsTheId(Connection):
    async def reply(self, request_id: RequestId, result: JSON) -> None:
        await self.deliver({"jsonrpc": "2.0", "result": result})


class AnswersTwice(Connection):
    async def reply(self, request_id: RequestId, result: JSON) -> None:
        for _ in range(2):
            await super().reply(request_id, result)


class AnswersNotifications(Connection):
    async def on_notification(self, notification: Notification) -> None:
        await super().on_notification(notification)
        if notification.method == "notifications/a":
            await self.deliver({"jsonrpc": "2.0", "id": None, "result": {}})


class Truncates(Connection):
    def encode(self, message: dict[str, JSON]) -> bytes:
        return super().encode(message)[:-1] if "tools" in message.get("result", {}) else super().encode(message)


class Deaf(Connection):
    async def on_request(self, request: Request) -> None:
        if request.method != "tools/list":
            await super().on_request(request)


class SaysHello(Connection):
    async def on_tools_list(self, request: Request) -> JSON:
        await self.send(b"hello")
        return await super().on_tools_list(request)


class AsksWithoutSession(Connection):
    async def on_tools_list(self, request: Request) -> JSON:
        await self.deliver({"jsonrpc": "2.0", "id": "s", "method": "ping"})
        return await super().on_tools_list(request)


@answers
@pytest.mark.parametrize("revisions", [None, STATELESS], ids=["stateful", "stateless"])
async def test_an_id_can_be_forgotten(answers, revisions):
    async with client(offer(), connection=ForgetsTheId, answers=answers, revisions=revisions) as talk:
        if revisions:
            response = await talk.ask("tools/list")
        else:
            await talk.initialize()
            response = await talk.request("tools/list")
        assert "id" not in await response.answer()


@answers
async def test_an_answer_can_be_given_twice_where_there_is_room(answers):
    async with client(offer(), connection=AnswersTwice, answers=answers, revisions=STATELESS) as talk:
        response = await talk.ask("tools/list")
        if answers == "json":
            assert "result" in await response.json()
        else:
            assert len(await response.events()) == 2


@pytest.mark.parametrize("revisions", [None, STATELESS], ids=["stateful", "stateless"])
async def test_a_notification_can_be_answered(revisions):
    async with client(offer(), connection=AnswersNotifications, revisions=revisions) as talk:
        if not revisions:
            await talk.initialize()
        response = await talk.notify("notifications/a")
        assert response.status == 200
        assert (await response.json())["result"] == {}


@answers
async def test_bytes_can_be_spoilt(answers):
    async with client(offer(), connection=Truncates, answers=answers) as talk:
        await talk.initialize()
        body = await (await talk.request("tools/list")).read()
        assert b"inputSchema" in body
        assert not body.endswith(b"}}")


@answers
@pytest.mark.parametrize("revisions", [None, STATELESS], ids=["stateful", "stateless"])
async def test_a_request_can_be_left_without_an_answer(answers, revisions):
    async with client(offer(), connection=Deaf, answers=answers, revisions=revisions) as talk:
        if not revisions:
            await talk.initialize()
        with anyio.move_on_after(0.1) as waiting:
            response = await (talk.ask("tools/list") if revisions else talk.request("tools/list"))
            await response.answer()
        assert waiting.cancelled_caught


@pytest.mark.parametrize("connection", [SaysHello, AsksWithoutSession])
@pytest.mark.parametrize("revisions", [None, STATELESS], ids=["stateful", "stateless"])
async def test_something_else_can_be_said_on_the_stream(connection, revisions):
    async with client(offer(), connection=connection, revisions=revisions) as talk:
        if revisions:
            events = await (await talk.ask("tools/list")).events()
        else:
            await talk.initialize("2025-06-18")
            events = await (await talk.request("tools/list")).events()
        assert len(events) == 2
        assert events[0].data == "hello" or events[0].message["method"] == "ping"


# ------------------------------------------------------------------------------------------------ the endpoint


class AcceptsWith200(Streamable):
    async def accept(self, http: Http) -> None:
        await http.respond(200, [("Content-Type", "text/plain")], b"thanks")


class TakesAnybody(Streamable):
    def forbidden(self, http: Http) -> str | None:
        return None


class KnowsAllSessions(Streamable):
    async def session_unknown(self, http: Http) -> None:
        await self.refuse(http, 400, "no such session")


class GuessableSessions(Streamable):
    def new_session_id(self) -> str:
        return "session 1"


class NamesNoEvents(Streamable):
    async def write_event(self, http: Http, event: Event) -> None:
        await super().write_event(http, Event(event.data, type="answer"))


class MissingIs200(Streamable):
    def status_of(self, request: Request | None, answer: bytes) -> int:
        return 200


class ReadsNoHeaders(Streamable):
    def header_problem(self, *args: object) -> None:
        return None


class HangsUp(Streamable):
    async def respond_json(self, http: Http, status: int, body: bytes, fields: object = ()) -> None:
        await http.stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")
        await http.stream.aclose()


async def test_a_status_can_be_changed():
    async with client(offer(), endpoint=AcceptsWith200) as talk:
        talk.session = (await talk.request("initialize", START)).headers["mcp-session-id"]
        response = await talk.notify("notifications/initialized")
        assert (response.status, await response.read()) == (200, b"thanks")
    async with client(offer(), endpoint=KnowsAllSessions) as talk:
        talk.session = "x"
        assert (await talk.request("ping")).status == 400
    async with client(offer(), endpoint=MissingIs200, revisions=STATELESS, answers="json") as talk:
        response = await talk.ask("no/such/method")
        assert (response.status, (await response.json())["error"]["code"]) == (200, -32601)


START = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}


async def test_a_header_can_be_changed_or_ignored():
    async with client(offer(), endpoint=GuessableSessions) as talk:
        assert (await talk.request("initialize", START)).headers["mcp-session-id"] == "session 1"
    async with client(offer(), endpoint=TakesAnybody) as talk:
        assert (await talk.request("initialize", START, Origin="https://evil.example")).status == 200
    async with client(offer(), endpoint=ReadsNoHeaders, revisions=REVISIONS) as talk:
        response = await talk.ask("tools/list", headers={"Mcp-Method": None, "MCP-Protocol-Version": None})
        assert response.status == 200


async def test_an_event_can_be_changed():
    async with client(offer(), endpoint=NamesNoEvents) as talk:
        await talk.initialize()
        events = await (await talk.request("ping")).events()
        assert {(event.type, event.id) for event in events} == {("answer", None)}

    class NoEndpoint(HttpSse):
        def endpoint_event(self, session_id: str) -> Event:
            return Event(b"hello", type="welcome")

    async with client(offer(), endpoint=NoEndpoint) as talk:
        assert (await (await talk.get()).event()).type == "welcome"


async def test_bytes_that_no_library_would_send_can_be_sent():
    async with client(offer(), endpoint=HangsUp) as talk:
        response = await talk.send("POST", b"{", JSON_BODY)
        assert response.status == 200
        with pytest.raises(h11.RemoteProtocolError):
            await response.read()
