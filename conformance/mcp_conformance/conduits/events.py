"""HTTP+SSE of 2024-11-05 (basic/transports#http-with-sse): one event stream for all that the server says, and a second
URL, which its first event names, for all that the client says."""

from functools import partial

import anyio

from mcp_conformance.conduits import Arrival, HeaderChanges
from mcp_conformance.conduits.bodies import Stream, for_event, is_event_stream
from mcp_conformance.conduits.http import HttpConduit
from mcp_conformance.conduits.place import Place
from mcp_conformance.jsonrpc import Message
from mcp_conformance.sse import ServerEvent
from mcp_conformance.transcript import Event, HttpPart
from mcp_conformance.transports.http1 import HttpError, Url
from mcp_conformance.wire import printable

__all__ = ["HttpSse"]


class HttpSse(HttpConduit):
    """A `Conduit`. It is of use once `opened`: nothing can be sent before the server has said where to."""

    transport = "sse"

    def __init__(self, place: Place, revision: str) -> None:
        super().__init__(place, revision)
        self.endpoint: Url | None = None
        self._opened = anyio.Event()

    async def begin(self) -> None:
        try:
            await super().begin()
            if not self._ended:
                await self._listen()
        finally:
            self._opened.set()

    async def opened(self, deadline: float) -> None:
        """Wait until the server has said where to send, or can't say it any more, at most so many seconds."""
        with anyio.move_on_after(deadline):
            await self._opened.wait()

    async def _listen(self) -> None:
        part = self.part("GET", self.place.url, (("Accept", "text/event-stream"),), body=None)
        try:
            async with self.open(await self.announce(part)) as (response, here):
                stream = Stream(0)
                if not is_event_stream(response):
                    await self.keep_body(response, here)
                    status = (
                        f"HTTP status {response.status}, {response.headers.get('content-type') or 'without a type'}"
                    )
                    await self.finish(
                        f"the server answered GET with {printable(status, 200)}, not with an event stream"
                    )
                    return
                await self.take_events(partial(self.piece, response), here, stream)
                await self.finish("the server closed its event stream")
        except HttpError as error:
            await self.finish(f"the server's event stream broke off: {await self.broken(error)}")

    async def take_event(self, event: ServerEvent, part: HttpPart, stream: Stream) -> None:
        if self.endpoint is None and event.type == "endpoint" and part.method == "GET" and not event.unfinished:
            try:
                target = Url.parse(part.url).resolve(event.text.strip())
            except HttpError as error:
                await self.finish(f"the server's endpoint event is of no use: {error}")
            else:
                if target.same_origin(Url.parse(part.url)):
                    self.endpoint = target
                else:
                    await self.finish(f"the server's endpoint is at another origin, {target}: nothing is sent there")
            self._opened.set()
        await super().take_event(event, part, stream)

    def learn(self, method: str | None, response: Message) -> None:
        result = response.value.get("result")
        is_first = isinstance(result, dict) and "protocolVersion" in result and self.version is None
        super().learn("initialize" if is_first else method, response)  # the stream doesn't tell what is answered

    def outgoing(self, message: Message, data: bytes, changes: HeaderChanges | None = None) -> HttpPart:
        headers = (("Accept", "application/json"), ("Content-Type", "application/json"), *self.version_header())
        return self.changed(self.part("POST", self.endpoint or self.place.url, headers, body=data), changes)

    async def send(self, event: Event, data: bytes, *, newline: bool = True, wait: bool = False) -> None:
        self.check_open()
        responded = anyio.Event()
        self.spawn(event.number, self._post, event, data, responded)
        if wait:
            await responded.wait()

    async def _post(self, event: Event, data: bytes, responded: anyio.Event) -> None:
        assert event.http is not None
        method = event.message.method if event.message is not None else None
        try:
            async with self.open(for_event(event.http, event.number), data) as (response, here):
                await self.take_body(response, here, Stream(event.number, [], method))
                if response.status < 400:
                    return  # the answer comes on the stream
                why = f"HTTP status {response.status}"
        except HttpError as error:
            why = await self.broken(error)
        finally:
            responded.set()
        await self.put(Arrival("over", reply_to=event.number, text=why))
