"""HTTP servers in a few lines, over real sockets, and conversations with them.

A server is a coroutine function from one request and the means to answer it.
"""

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import anyio
from anyio.abc import SocketAttribute, SocketStream
from scripted import DEADLINE, Right

from mcp_conformance.conduits import Conduit
from mcp_conformance.conduits.events import HttpSse
from mcp_conformance.conduits.place import Place
from mcp_conformance.conduits.streamable import StreamableHttp
from mcp_conformance.session import Session
from mcp_conformance.transports.http1 import Url

T = TypeVar("T")
INFO = {"name": "scripted", "version": "1"}


@dataclass(slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    """By name in lower case."""
    body: bytes

    @property
    def message(self) -> Any:
        """The body as JSON; None where it isn't."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(slots=True)
class Reply:
    """Answers one request. A connection serves one."""

    stream: SocketStream

    async def head(self, status: int, **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Scripted", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.stream.send(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def json(self, value: Any, status: int = 200, **headers: str) -> None:
        await self.head(status, Content_Type="application/json", **headers)
        await self.stream.send(value if isinstance(value, bytes) else json.dumps(value).encode())

    async def events(self, **headers: str) -> None:
        """Begin an event stream."""
        await self.head(200, **{"Content_Type": "text/event-stream", **headers})

    async def event(self, value: Any = None, **fields: Any) -> None:
        """One event; `value` is its data as JSON."""
        lines = [f"{name}: {inner}\n" for name, inner in fields.items()]
        lines += [] if value is None else [f"data: {json.dumps(value)}\n"]
        await self.stream.send(("".join(lines) + "\n").encode())


Handler = Callable[[Asked, Reply], Awaitable[None]]


class Web:
    """A server on a port of its own, that keeps what it was asked."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.asked: list[Asked] = []
        self.open = 0
        """Requests that are being answered."""
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def of(self, method: str) -> list[Asked]:
        """The requests with an HTTP method, or for a JSON-RPC method."""
        return [one for one in self.asked if method in (one.method, (one.message or {}).get("method"))]

    async def run(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        self.port = listener.extra(SocketAttribute.local_port)
        task_status.started()
        async with listener:
            await listener.serve(self._serve)

    async def _serve(self, stream: SocketStream) -> None:
        async with stream:
            with suppress(anyio.BrokenResourceError, anyio.EndOfStream, anyio.ClosedResourceError):
                asked = await _read(stream)
                self.asked.append(asked)
                self.open += 1
                try:
                    await self.handler(asked, Reply(stream))
                finally:
                    self.open -= 1


async def _read(stream: SocketStream) -> Asked:
    data = b""
    while b"\r\n\r\n" not in data:
        data += await stream.receive()
    head, _, body = data.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    while len(body) < int(headers.get("content-length", 0)):
        body += await stream.receive()
    method, path, _ = first.split(" ")
    return Asked(method, path, headers, body)


# ------------------------------------------------------------------------------------------------------- right servers


@dataclass(slots=True)
class RightStreamable:
    """Stateful Streamable HTTP around a server that answers by a function."""

    answer: Callable[[Any], Any] = field(
        default_factory=lambda: Right(versions=("2025-03-26", "2025-06-18", "2025-11-25"))
    )
    as_events: bool = False
    sessions: set[str] = field(default_factory=set)
    opened: int = 0

    async def __call__(self, asked: Asked, reply: Reply) -> None:
        session = asked.headers.get("mcp-session-id")
        message = asked.message
        if asked.method == "DELETE":
            self.sessions.discard(session or "")
            await reply.head(200)
        elif asked.method != "POST":
            await reply.head(405, Allow="POST")
        elif message is not None and message.get("method") == "initialize":
            self.opened += 1
            session = f"session-{self.opened}"
            self.sessions.add(session)
            await self._reply(reply, self.answer(message), session)
        elif session is None:
            await reply.head(400)
        elif session not in self.sessions:
            await reply.head(404)
        else:
            await self._reply(reply, self.answer(message), session)

    async def _reply(self, reply: Reply, value: Any, session: str) -> None:
        if value is None:
            await reply.head(202)
        elif not self.as_events:
            await reply.json(value, 400 if "error" in value and value["id"] is None else 200, Mcp_Session_Id=session)
        else:
            await reply.events(Mcp_Session_Id=session)
            for one in value if isinstance(value, list) else [value]:
                await reply.event(one)


@dataclass(slots=True)
class RightStateless:
    """A server of 2026-07-28, over any transport: `answer` gives the reply and its HTTP status."""

    tools: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"name": "add", "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": True}}
        ]
    )
    versions: tuple[str, ...] = ("2026-07-28",)
    legacy: Callable[[Any], Any] | None = None

    def answer(self, message: Any) -> tuple[Any, int]:
        if not isinstance(message, dict) or "id" not in message:
            return None, 202
        head = {"jsonrpc": "2.0", "id": message["id"]}
        meta = (message.get("params") or {}).get("_meta") or {}
        version = meta.get("io.modelcontextprotocol/protocolVersion")
        if version is None and self.legacy is not None:
            return self.legacy(message), 200
        if version not in self.versions:
            data = {"supported": list(self.versions), "requested": version}
            return {**head, "error": {"code": -32022, "message": "unsupported version", "data": data}}, 400
        result = self.result(message["method"], message["params"])
        if result is None:
            return {**head, "error": {"code": -32601, "message": "unknown method"}}, 404
        about = {"io.modelcontextprotocol/serverInfo": INFO}
        return {**head, "result": {"resultType": "complete", "_meta": about, **result}}, 200

    def result(self, method: str, params: Any) -> dict[str, Any] | None:
        fresh = {"ttlMs": 0, "cacheScope": "private"}
        match method:
            case "server/discover":
                return {"supportedVersions": list(self.versions), "capabilities": {"tools": {}}, **fresh}
            case "tools/list":
                return {"tools": self.tools, **fresh}
            case "tools/call":
                return {"content": [{"type": "text", "text": "3"}]}
        return None

    async def __call__(self, asked: Asked, reply: Reply) -> None:
        if asked.method != "POST":
            await reply.head(405)
            return
        value, status = self.answer(asked.message)
        if value is None:
            await reply.head(status)
        else:
            await reply.json(value, status)


class RightSse:
    """HTTP+SSE around a server that answers by a function."""

    def __init__(self, answer: Callable[[Any], Any] | None = None, endpoint: str = "/messages?id=7") -> None:
        self.answer = answer or Right(versions=("2024-11-05",))
        self.endpoint = endpoint
        self.streams: list[Reply] = []

    async def __call__(self, asked: Asked, reply: Reply) -> None:
        if asked.method == "GET" and asked.path == "/mcp":
            await reply.events()
            await reply.stream.send(f"event: endpoint\ndata: {self.endpoint}\n\n".encode())
            self.streams.append(reply)
            with suppress(anyio.EndOfStream):
                await reply.stream.receive()
        elif asked.method == "POST" and asked.path == "/messages?id=7":
            await reply.head(202)
            value = self.answer(asked.message)
            for one in value if isinstance(value, list) else [value]:
                if one is not None:
                    await self.streams[-1].event(one)
        else:
            refusal = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "no POST here"}}
            await reply.json(refusal, 404 if asked.path != "/mcp" else 405)


# -------------------------------------------------------------------------------------------------------- conversations


def converse_http(
    handler: Handler,
    conversation: Callable[[Session, Web], Awaitable[T]],
    *,
    revision: str = "2025-11-25",
    transport: str = "http",
    deadline: float = 20 * DEADLINE,
    headers: tuple[tuple[str, str], ...] = (),
) -> T:
    """Have one conversation with a server over real sockets; afterwards nothing may be left of it."""
    said: list[T] = []

    async def run() -> None:
        web = Web(handler)
        with anyio.fail_after(30):
            async with anyio.create_task_group() as servers:
                await servers.start(web.run)
                async with anyio.create_task_group() as tasks:
                    place = Place(Url.parse(web.url), headers)
                    conduit = await _conduit(transport, place, revision, tasks, deadline)
                    session = Session(conduit, revision=revision, deadline=deadline)
                    session.start(tasks)
                    try:
                        said.append(await conversation(session, web))
                    finally:
                        with anyio.CancelScope(shield=True):
                            await session.aclose()
                servers.cancel_scope.cancel()
        if session.failure is not None:
            raise session.failure

    anyio.run(run)
    return said[0]


async def _conduit(transport: str, place: Place, revision: str, tasks: anyio.abc.TaskGroup, deadline: float) -> Conduit:
    if transport == "http":
        return StreamableHttp(place, revision)
    conduit = HttpSse(place, revision)
    conduit.start(tasks)
    await conduit.opened(deadline)
    return conduit
