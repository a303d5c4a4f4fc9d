"""HTTP+SSE of 2024-11-05: a stream for all that the server says, and an address for what the client says.

Source: 2024-11-05 basic/transports#http-with-sse. The text names no status for a POST; implementations use 202.
"""

import secrets
from urllib.parse import parse_qs

import anyio

from reference_servers.engine import messages
from reference_servers.engine.connection import Connection
from reference_servers.engine.server import Server

from . import headers
from .endpoint import DEFAULTS, Endpoint, Settings
from .streams import Event
from .wire import Http


class HttpSse(Endpoint):
    """The pair of endpoints. A conversation lasts as long as its stream."""

    path = "/sse"
    messages_path = "/messages"

    def __init__(
        self, server: Server, connection: type[Connection] = Connection, settings: Settings = DEFAULTS
    ) -> None:
        super().__init__(server, connection, settings)
        self._sessions: dict[str, Connection] = {}
        self._ending = anyio.Event()

    async def end(self) -> None:
        await super().end()
        self._ending.set()

    async def serve(self, http: Http) -> None:
        if http.path == self.path:
            await (self.on_get(http) if http.method == "GET" else self.not_allowed(http, "GET"))
        elif http.path == self.messages_path:
            await (self.on_post(http) if http.method == "POST" else self.not_allowed(http, "POST"))
        else:
            await self.refuse(http, 404, f"there is nothing at this path; the stream is at {self.path}")

    async def not_allowed(self, http: Http, allowed: str) -> None:
        await self.refuse(http, 405, f"{http.method} is not offered here", [("Allow", allowed)])

    async def on_get(self, http: Http) -> None:
        """Hold a conversation: tell where to send messages, then send those of the server."""
        if not headers.accepts(http.headers, headers.STREAM_TYPE):
            await self.refuse(http, 406, f"Accept must list {headers.STREAM_TYPE}")
            return

        async def send(raw: bytes) -> None:
            await self.write_event(http, Event(raw, type="message"))

        session_id = secrets.token_urlsafe(24)
        await self.start_stream(http)
        async with self.connect(send) as connection, anyio.create_task_group() as tasks:
            connection.opening = "stateful"
            connection.one_channel = True
            self._sessions[session_id] = connection
            try:
                await self.write_event(http, self.endpoint_event(session_id))
                tasks.start_soon(self.keep_alive, http)
                await self._ending.wait()
                tasks.cancel_scope.cancel()
            finally:
                del self._sessions[session_id]
        await http.end()

    def endpoint_event(self, session_id: str) -> Event:
        """The first event: the URI for POSTs, relative to that of the stream."""
        return Event(f"{self.messages_path}?session_id={session_id}".encode(), type="endpoint")

    async def on_post(self, http: Http) -> None:
        """Take a message; what it is answered with comes on the stream, even that it is none."""
        named = parse_qs(http.query).get("session_id", [""])[0]
        connection = self._sessions.get(named)
        if not named:
            await self.refuse(http, 400, "session_id is missing; the endpoint event has it")
        elif connection is None:
            await self.refuse(http, 404, "there is no such session; open a new stream")
        elif not headers.is_json(http.headers):
            await self.refuse(http, 415, f"Content-Type must be {headers.JSON_TYPE}")
        else:
            await connection.handle(http.body)
            await http.respond(self.status_of(http))

    def status_of(self, http: Http) -> int:
        """The status of a POST that was taken: 400 for what isn't even JSON."""
        try:
            messages.parse(http.body)
        except ValueError:
            return 400
        return 202
