"""Streamable HTTP: each message a POST, answered with JSON or an event stream.

In the stateful era (basic/transports#streamable-http of 2025-03-26 to 2025-11-25) there are a session id, a GET stream
for what the server says of its own accord, and streams that can be resumed. In the stateless one
(2026-07-28, basic/transports/streamable-http) every POST stands alone, and mirrors its body in headers.
"""

from contextlib import suppress
from functools import partial

import anyio

from mcp_conformance import http_headers
from mcp_conformance.conduits import Arrival, HeaderChanges
from mcp_conformance.conduits.bodies import Stream, for_event, ids_of, is_event_stream
from mcp_conformance.conduits.http import HttpConduit
from mcp_conformance.conduits.place import Place
from mcp_conformance.jsonrpc import Message
from mcp_conformance.revisions import era_of
from mcp_conformance.transcript import Event, HttpPart
from mcp_conformance.transports.http1 import HttpError, Pairs

MAX_RESUMPTIONS = 20
"""Times that one stream is taken up again without an event in between."""
MAX_RETRY = 30.0
"""The most seconds that a server's reconnection time is respected for."""
_RETRY = 1.0  # seconds without one
_LISTENING = 0.5  # seconds for the head of the GET stream, after which the session goes on
_GOODBYE = 2.0  # seconds for the server to end the session


class StreamableHttp(HttpConduit):
    """A `Conduit`; `revision` says which era's rules it keeps."""

    transport = "http"

    def __init__(self, place: Place, revision: str) -> None:
        super().__init__(place, revision)
        self.stateful = era_of(revision) == "stateful"
        self.session_id: str | None = None
        self._listens = False

    def outgoing(self, message: Message, data: bytes, changes: HeaderChanges | None = None) -> HttpPart:
        accept = ("Accept", "application/json, text/event-stream")
        content = ("Content-Type", "application/json")
        if self.stateful or message.method == "initialize":
            more = self.session_headers() if self.stateful else ()
        else:
            more = http_headers.stateless_headers(message, self.revision, self.place.schemas.get)
        return self.changed(self.part("POST", self.place.url, (accept, content, *more), body=data), changes)

    def session_headers(self) -> Pairs:
        if not self.stateful:
            return ((http_headers.VERSION, self.revision),)
        session = ((http_headers.SESSION_ID, self.session_id),) if self.session_id is not None else ()
        return (*session, *self.version_header())

    async def send(self, event: Event, data: bytes, *, newline: bool = True, wait: bool = False) -> None:
        self.check_open()
        responded = anyio.Event()
        self.spawn(event.number, self._post, event, data, responded)
        if wait:
            await responded.wait()
        if self.stateful and not self._listens and _is_initialized(event):
            self._listens = True
            opened = anyio.Event()
            self.spawn(0, self._listen, opened)
            with anyio.move_on_after(_LISTENING):
                await opened.wait()

    async def _post(self, event: Event, data: bytes, responded: anyio.Event) -> None:
        assert event.http is not None
        method = event.message.method if event.message is not None else None
        stream = Stream(event.number, ids_of(event), method)
        why = ""
        try:
            async with self.open(for_event(event.http, event.number), data) as (response, here):
                if method == "initialize" and response.status < 300 and self.stateful:
                    self.session_id = response.headers.get(http_headers.SESSION_ID) or self.session_id
                why = f"HTTP status {response.status}, and the response ended without an answer"
                if is_event_stream(response):
                    stream.responded = responded.set
                    await self.take_events(partial(self.piece, response), here, stream)
                else:
                    await self.take_body(response, here, stream)
        except HttpError as error:
            why = await self.broken(error)
        finally:
            responded.set()
        if self.stateful and stream.last_id and stream.waits_for and (refused := await self._follow(stream)):
            why = f"{why}; {refused}"
        await self.put(Arrival("over", reply_to=event.number, text=why))

    async def _listen(self, opened: anyio.Event) -> None:
        """The stream for what the server says of its own accord, if it has one."""
        try:
            await self._follow(Stream(0), opened)
        finally:
            opened.set()

    async def _follow(self, stream: Stream, opened: anyio.Event | None = None) -> str:
        """GET what is still missing on a stream, over as many connections as that takes; why it can't be had, else
        empty."""
        idle = 0
        while not self._ended and (stream.number == 0 or stream.waits_for):
            if idle == MAX_RESUMPTIONS:
                return f"no event came in {idle} more connections"
            if opened is None or opened.is_set():
                await anyio.sleep(min(_RETRY if stream.retry is None else stream.retry / 1000, MAX_RETRY))
            heard = stream.heard
            last = ((http_headers.LAST_EVENT_ID, stream.last_id),) if stream.last_id else ()
            headers = (("Accept", "text/event-stream"), *self.session_headers(), *last)
            part = self.part("GET", self.place.url, headers, body=None, reply_to=stream.number)
            try:
                async with self.open(await self.announce(part)) as (response, here):
                    if opened is not None:
                        opened.set()
                    if not is_event_stream(response):
                        await self.keep_body(response, here)
                        return f"GET was answered with HTTP status {response.status}"
                    await self.take_events(partial(self.piece, response), here, stream)
            except HttpError as error:
                why = await self.broken(error)
                if self._ended:
                    return why
            if opened is not None:
                opened.set()
            idle = 0 if stream.heard > heard else idle + 1
        return ""

    async def say_goodbye(self) -> None:
        if self.session_id is None:
            return
        with anyio.move_on_after(_GOODBYE), suppress(HttpError):
            part = await self.announce(self.part("DELETE", self.place.url, self.session_headers(), body=None))
            async with self.open(part) as (response, here):
                await self.keep_body(response, here)


def _is_initialized(event: Event) -> bool:
    return event.message is not None and event.message.method == "notifications/initialized"
