"""An HTTP client that sends what it is told to and shows what came back, byte by byte if need be."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import anyio
import h11
from anyio.abc import SocketStream
from dialogue import CLIENT, STATELESS_REVISION, metadata

from reference_servers.engine import Connection, Server
from reference_servers.engine.http import Endpoint, Settings, Streamable, serving

BOUND = 20.0
"""Seconds that anything may take; only a server that hangs comes near them."""
BOTH = "application/json, text/event-stream"
JSON_BODY = {"Content-Type": "application/json", "Accept": BOTH}


@dataclass
class Event:
    """One event of a stream."""

    type: str = "message"
    id: str | None = None
    retry: int | None = None
    data: str | None = None

    @property
    def message(self) -> Any:
        return json.loads(self.data or "null")


@dataclass
class Response:
    """A response whose body is still to be read: by `read`, or event by event."""

    status: int
    headers: Mapping[str, str]
    stream: SocketStream
    protocol: h11.Connection
    _text: bytes = b""

    async def read(self) -> bytes:
        """All that is left of the body."""
        with anyio.fail_after(BOUND):
            while data := await self._more():
                self._text += data
        return self._text

    async def json(self) -> Any:
        assert self.headers["content-type"] == "application/json"
        return json.loads(await self.read())

    async def event(self) -> Event | None:
        """The next event; None at the end of the stream."""
        while (block := await self._block()) is not None:
            if not block.startswith(b":"):
                return _event(block)
        return None

    async def comment(self) -> bytes | None:
        """The next comment; None at the end of the stream."""
        while (block := await self._block()) is not None:
            if block.startswith(b":"):
                return block
        return None

    async def _block(self) -> bytes | None:
        assert self.headers["content-type"] == "text/event-stream"
        with anyio.fail_after(BOUND):
            while b"\n\n" not in (text := self._text.replace(b"\r\n", b"\n")):
                if not (data := await self._more()):
                    assert not self._text
                    return None
                self._text += data
        block, _, self._text = text.partition(b"\n\n")
        return block

    async def events(self) -> list[Event]:
        """All events up to the end of the stream."""
        found = []
        while event := await self.event():
            found.append(event)
        return found

    async def answer(self) -> Any:
        """The one message that a response holds, as JSON or as the last event."""
        if self.headers["content-type"] == "application/json":
            return await self.json()
        return (await self.events())[-1].message

    async def aclose(self) -> None:
        await self.stream.aclose()

    async def _more(self) -> bytes:
        event = await _next(self.stream, self.protocol)
        return bytes(event.data) if isinstance(event, h11.Data) else b""


def _event(block: bytes) -> Event:
    event = Event()
    for line in block.decode().split("\n"):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            event.data = value if event.data is None else f"{event.data}\n{value}"
        elif name == "event":
            event.type = value
        elif name == "id":
            event.id = value
        elif name == "retry":
            event.retry = int(value)
        else:
            raise AssertionError(f"no field of an event: {line}")
    return event


async def _next(stream: SocketStream, protocol: h11.Connection) -> Any:
    while (event := protocol.next_event()) is h11.NEED_DATA:
        try:
            protocol.receive_data(await stream.receive())
        except anyio.EndOfStream:
            protocol.receive_data(b"")
    return event


class Client:
    """Requests to one endpoint, each on a connection of its own; `session` and `version` go with them once set."""

    def __init__(self, url: str) -> None:
        self.url = urlsplit(url)
        self.session: str | None = None
        self.version: str | None = None
        self.connections: list[SocketStream] = []

    async def aclose(self) -> None:
        for stream in self.connections:
            await stream.aclose()

    async def send(
        self, method: str, body: bytes = b"", headers: Mapping[str, str | None] | None = None, path: str | None = None
    ) -> Response:
        """Send a request; a header of None isn't sent."""
        host = f"{self.url.hostname}:{self.url.port}"
        fields: dict[str, str | None] = {"Host": host, "Content-Length": str(len(body)) if body else None}
        fields |= {"Mcp-Session-Id": self.session, "MCP-Protocol-Version": self.version}
        fields |= headers or {}
        lines = [f"{method} {path or self.url.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in fields.items() if value is not None]
        return await self.raw("\r\n".join([*lines, "", ""]).encode("latin-1") + body, method)

    async def raw(self, data: bytes, method: str = "POST") -> Response:
        """Send bytes, whatever they are, and read the head of what comes back."""
        assert self.url.hostname
        assert self.url.port
        with anyio.fail_after(BOUND):
            stream = await anyio.connect_tcp(self.url.hostname, self.url.port)
            self.connections.append(stream)
            await stream.send(data)
            protocol = h11.Connection(h11.CLIENT)
            # h11 has to be told what it answers; the bytes have gone already.
            protocol.send(h11.Request(method=method, target="/", headers=[("Host", "h")]))
            protocol.send(h11.EndOfMessage())
            head = await _next(stream, protocol)
        assert isinstance(head, h11.Response), head
        headers: dict[str, str] = {}
        for name, value in head.headers:
            assert name.decode() not in headers
            headers[name.decode().lower()] = value.decode()
        return Response(head.status_code, headers, stream, protocol)

    async def post(self, message: Any, headers: Mapping[str, str | None] | None = None) -> Response:
        return await self.send("POST", json.dumps(message).encode(), JSON_BODY | (headers or {}))

    async def get(self, headers: Mapping[str, str | None] | None = None) -> Response:
        return await self.send("GET", headers={"Accept": "text/event-stream"} | (headers or {}))

    async def request(self, method: str, params: Any = None, *, request_id: Any = 1, **headers: str | None) -> Response:
        """A request of the stateful era."""
        message = {"jsonrpc": "2.0", "id": request_id, "method": method}
        return await self.post(message if params is None else message | {"params": params}, headers)

    async def notify(self, method: str, **params: Any) -> Response:
        return await self.post({"jsonrpc": "2.0", "method": method, "params": params})

    async def initialize(self, version: str = "2025-11-25", capabilities: Any = None) -> Any:
        """The whole handshake; the answer to its request."""
        params = {"protocolVersion": version, "capabilities": capabilities or {}, "clientInfo": CLIENT}
        response = await self.request("initialize", params)
        answer = await response.answer()
        self.session = response.headers.get("mcp-session-id")
        self.version = answer["result"]["protocolVersion"]
        if self.version < "2025-06-18":
            self.version = None
        assert (await self.notify("notifications/initialized")).status == 202
        return answer

    async def ask(
        self,
        method: str,
        params: Any = None,
        headers: Mapping[str, str | None] | None = None,
        *,
        capabilities: Any = None,
        request_id: Any = 1,
        **meta: Any,
    ) -> Response:
        """A complete request of the stateless era; `headers` replace those that it would have."""
        params = {"_meta": metadata(capabilities, **meta), **(params or {})}
        named = params.get("uri") if method == "resources/read" else params.get("name")
        fields = {"MCP-Protocol-Version": STATELESS_REVISION, "Mcp-Method": method, "Mcp-Name": named}
        message = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}
        return await self.post(message, fields | (headers or {}))


@asynccontextmanager
async def client(
    server: Server,
    *,
    revisions: Any = None,
    connection: type[Connection] = Connection,
    endpoint: type[Endpoint] = Streamable,
    **settings: Any,
) -> AsyncIterator[Client]:
    """A client of a server that is served over HTTP in this process."""
    offered = replace(server, revisions=revisions) if revisions else server
    async with serving(endpoint(offered, connection, Settings(**settings))) as url:
        made = Client(url)
        try:
            yield made
        finally:
            await made.aclose()
