"""What all HTTP endpoints have in common: who may talk to them, and how they answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import ClassVar, Literal

import anyio
from anyio.abc import TaskGroup

from reference_servers.engine.connection import Connection
from reference_servers.engine.core import Send
from reference_servers.engine.messages import INVALID_REQUEST, JSON, ProtocolError
from reference_servers.engine.messages import encode as encode_message
from reference_servers.engine.server import Server

from . import headers, wire
from .streams import Event
from .wire import Fields, Http


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server answers over HTTP.

    - `answers`: a request is answered by one JSON object or by an event stream. With ``json`` what would be said on the
      way isn't said; what has to be, such as a question to the client, makes a stream of the answer all the same.
    - `sessions`: whether `initialize` opens a session, in the stateful era. Without, each POST stands alone.
    - `poll`: seconds after which a connection of 2025-11-25 is closed while its stream goes on, for the client to come
      back; 0: as soon as the client knows what to come back with; None: it is held. `retry`: milliseconds that the
      client is asked to wait then.
    - `keep_alive`: seconds between the comments that keep a silent stream from being taken for dead.
    """

    answers: Literal["json", "stream"] = "stream"
    sessions: bool = True
    poll: float | None = None
    retry: int = 100
    keep_alive: float = 15.0


DEFAULTS = Settings()


class Endpoint:
    """An HTTP server of one MCP server. Inside ``async with endpoint.running():`` `handle` answers requests."""

    path: ClassVar[str]
    """Where clients find it."""
    grace = 2.0
    """Seconds that requests still running get when the server ends."""

    def __init__(
        self, server: Server, connection: type[Connection] = Connection, settings: Settings = DEFAULTS
    ) -> None:
        self.server = server
        self.connection = connection
        self.settings = settings
        self.tasks: TaskGroup
        """Owner of whatever outlives one request."""
        self._answering = 0
        self._idle = anyio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        failed: Exception | None = None
        async with anyio.create_task_group() as tasks:
            self.tasks = tasks
            try:
                yield
            except Exception as error:  # of the block itself: pass it on as it is, not in a group
                failed = error
            tasks.cancel_scope.deadline = anyio.current_time() + (0 if failed else self.grace)
            await self.end()
            while self._answering:
                await self._idle.wait()
        if failed:
            raise failed

    async def end(self) -> None:
        """Bring all conversations to their end."""

    def connect(self, send: Send) -> Connection:
        """A new conversation; `send` takes what belongs to no request."""
        made = self.connection(self.server, send)
        made.one_channel = False
        return made

    async def handle(self, http: Http) -> None:
        """Answer one request."""
        self._answering += 1
        try:
            if why := self.forbidden(http):
                await self.refuse(http, 403, why)
            else:
                await self.serve(http)
        finally:
            self._answering -= 1
            self._idle.set()
            self._idle = anyio.Event()

    async def serve(self, http: Http) -> None:
        """Answer a request that may be made."""
        raise NotImplementedError

    def forbidden(self, http: Http) -> str | None:
        """Why a request mustn't be answered, whatever it wants: a page of another host may be behind it.

        Source: basic/transports#security-warning. Host is checked for the same reason, though no text says so.
        """
        origin = http.headers.get("Origin")
        if origin is not None and not headers.is_local_origin(origin):
            return "this Origin may not use the server"
        if not headers.is_local(http.headers.get("Host")):
            return "the server isn't known under this Host"
        return None

    # ----------------------------------------------------------------------------------------------- the ways out

    async def refuse(self, http: Http, status: int, why: str, fields: Fields = ()) -> None:
        """Refuse an HTTP request whose message, if it has one, isn't looked at: an error without id, and a status."""
        await self.respond_json(http, status, self.error_body(ProtocolError(INVALID_REQUEST, why)), fields)

    def error_body(self, error: ProtocolError) -> bytes:
        """An error response that has no id."""
        message: dict[str, JSON] = {"jsonrpc": "2.0", "error": error.as_json()}
        return encode_message(message)

    async def accept(self, http: Http) -> None:
        """Confirm a message that wants no answer."""
        await http.respond(202)

    async def respond_json(self, http: Http, status: int, body: bytes, fields: Fields = ()) -> None:
        """Answer with one JSON value."""
        await http.respond(status, [("Content-Type", headers.JSON_TYPE), *fields], body)

    async def start_stream(self, http: Http, fields: Fields = ()) -> None:
        """Answer with an event stream; events follow."""
        await http.start(200, [*self.stream_fields(), *fields])
        http.streaming = True

    def stream_fields(self) -> Fields:
        return [
            ("Content-Type", headers.STREAM_TYPE),
            ("Cache-Control", "no-cache, no-transform"),
            ("X-Accel-Buffering", "no"),
        ]

    async def write_event(self, http: Http, event: Event) -> None:
        """The one way out for events."""
        await http.write(event.encode())

    async def keep_alive(self, http: Http) -> None:
        """Write a comment now and then, for as long as the stream is open."""
        while True:
            await anyio.sleep(self.settings.keep_alive)
            if http.streaming:
                await http.write(b":\r\n\r\n")


@asynccontextmanager
async def serving(endpoint: Endpoint, port: int = 0) -> AsyncIterator[str]:
    """Serve an endpoint on this machine inside the block; the value is its URL."""
    async with wire.listening(endpoint.handle, port=port) as chosen, endpoint.running():
        yield f"http://127.0.0.1:{chosen}{endpoint.path}"
