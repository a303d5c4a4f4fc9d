"""Faults of HTTP+SSE, the transport of 2024-11-05."""

from functools import partial
from urllib.parse import urlencode

from mcp_conformance.engine import ANSWERS
from reference_servers.engine.http import Event, Http, HttpSse

from . import fault as any_fault
from . import variant

fault = partial(any_fault, revisions=("2024-11-05",))

BEGINS, MESSAGES = "sse.stream.begins-with-the-endpoint", "sse.messages.are-events"

variant("sse")(HttpSse)


@fault("sse-without-an-endpoint-event", breaks="sse.endpoint-event", cases=[ANSWERS])
class NoEndpoint(HttpSse):
    async def write_event(self, http: Http, event: Event) -> None:
        if event.type != "endpoint":
            await super().write_event(http, event)


@fault("sse-endpoint-under-another-type", breaks="sse.endpoint-event", cases=[ANSWERS])
class EndpointAsMessage(HttpSse):
    def endpoint_event(self, session_id: str) -> Event:
        return Event(super().endpoint_event(session_id).data)


@fault("sse-endpoint-is-not-the-first-event", breaks="sse.endpoint-event", cases=[BEGINS])
class Greets(HttpSse):
    async def write_event(self, http: Http, event: Event) -> None:
        if event.type == "endpoint":
            await super().write_event(http, Event(b"hello", type="greeting"))
        await super().write_event(http, event)


@fault("sse-endpoint-takes-nothing", breaks="sse.two-endpoints", cases=[ANSWERS])
class TakesNothing(HttpSse):
    async def on_post(self, http: Http) -> None:
        await self.not_allowed(http, "GET")


@fault("sse-messages-under-another-type", breaks="sse.message-events", cases=[MESSAGES])
class OtherType(HttpSse):
    async def write_event(self, http: Http, event: Event) -> None:
        await super().write_event(http, Event(event.data, type="data" if event.type == "message" else event.type))


@fault(
    "sse-any-origin-will-do",
    breaks="http.origin-validate",
    cases=[
        "security.origin.foreign-is-refused",
        "security.origin.looks-like-local",
        "security.origin.foreign-gets-no-stream",
    ],
)
class AnyOrigin(HttpSse):
    def forbidden(self, http: Http) -> str | None:
        return None


@fault("sse-stream-for-any-origin", breaks="http.origin-validate", cases=["security.origin.foreign-gets-no-stream"])
class AnyOriginMayListen(HttpSse):
    def forbidden(self, http: Http) -> str | None:
        return None if http.method == "GET" else super().forbidden(http)


@variant("sse-with-an-absolute-endpoint-and-events-without-a-type")
class Absolute(HttpSse):
    def endpoint_event(self, session_id: str) -> Event:
        return Event(self.endpoint.encode() + urlencode({"session_id": session_id}).encode(), type="endpoint")

    async def on_get(self, http: Http) -> None:
        self.endpoint = f"http://{http.headers.get('Host')}{self.messages_path}?"
        await super().on_get(http)

    async def write_event(self, http: Http, event: Event) -> None:
        await super().write_event(http, Event(event.data, type=None if event.type == "message" else event.type))


@variant("sse-that-takes-messages-with-200-and-a-word")
class Ok(HttpSse):
    async def on_post(self, http: Http) -> None:
        respond = http.respond

        async def accepted(status: int, *more: object) -> None:
            if status == 202:
                await respond(200, [("Content-Type", "text/plain")], b"Accepted")
            else:
                await respond(status, *more)  # type: ignore[arg-type]

        http.respond = accepted  # type: ignore[method-assign,assignment]
        await super().on_post(http)


@variant("sse-with-comments-and-retry")
class Comments(HttpSse):
    async def write_event(self, http: Http, event: Event) -> None:
        await http.write(b": a comment\r\nretry: 50\r\n\r\n")
        await super().write_event(http, event)
