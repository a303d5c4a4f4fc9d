"""What both HTTP transports share: each request in a task of its own, redirects, the record of it all, and the end."""

import math
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial

import anyio
from anyio.abc import TaskGroup

from mcp_conformance import __version__, http_headers
from mcp_conformance.conduits import Arrival, HeaderChanges, message_of, too_much
from mcp_conformance.conduits.bodies import KEPT_OUT, Pieces, Stream, for_event, is_event_stream, is_json, is_protocol
from mcp_conformance.conduits.place import Place
from mcp_conformance.jsonrpc import MAX_LINE, Message, same_id
from mcp_conformance.sse import EventStream, ServerEvent
from mcp_conformance.transcript import Event, HttpPart
from mcp_conformance.transports import Ending, LinkClosed
from mcp_conformance.transports.http1 import HttpError, Pairs, Request, Response, Url, usual_headers
from mcp_conformance.wire import printable

MAX_REDIRECTS = 5
_SAMPLE = 2000  # bytes that are kept of a body that is no message
_READ_AHEAD = 64  # arrivals that wait for the session
_DYING = 0.25  # seconds in which the exit of a server that breaks its connections can be seen
_CLOSING = 1.0  # seconds for cancelled tasks to end
_NO_CONNECTION = frozenset({"dns", "refused", "unreachable", "tls", "proxy", "timeout"})


class HttpConduit:
    """The common part of a `Conduit` over HTTP."""

    by_lines = False
    transport = "http"

    def __init__(self, place: Place, revision: str) -> None:
        self.place = place
        self.revision = revision
        self.client = place.client()
        self.version: str | None = None
        """As it was negotiated, once it was."""
        self._tasks: TaskGroup | None = None
        self._scopes: dict[int, anyio.CancelScope] = {}  # of running tasks, by their number
        self._task_numbers = 0
        self._by_event: dict[int, int] = {}
        self._exchanges = 0
        self._read = 0
        self._most: float = math.inf
        self._sender, self._receiver = anyio.create_memory_object_stream[Arrival](_READ_AHEAD)
        self._ended = ""  # why
        self._fault: Exception | None = None
        self._all_done = anyio.Event()
        self._ending: Ending | None = None
        self._closing: anyio.Event | None = None

    # --------------------------------------------------------------------------------------------------------- conduit

    def start(self, tasks: TaskGroup) -> None:
        if self._tasks is None:
            self._tasks = tasks
            self.spawn(0, self.begin)

    async def begin(self) -> None:
        """What is done first, in a task."""
        if self.place.unreachable:
            await self.finish(self.place.unreachable)

    async def send_eof(self) -> None:
        """There is no such thing over HTTP."""

    async def arrivals(self, most: int) -> AsyncGenerator[Arrival, None]:
        self._most = most
        try:
            async for arrival in self._receiver:
                if self._fault is not None:
                    raise self._fault
                yield arrival
        finally:
            self._receiver.close()

    async def wait_exit(self, timeout: float) -> Ending | None:
        return None

    def requesting(self, method: str, data: bytes | None, changes: HeaderChanges | None = None) -> HttpPart:
        headers = {
            "GET": (("Accept", "text/event-stream"),),
            "POST": (("Accept", "application/json, text/event-stream"), ("Content-Type", "application/json")),
        }.get(method, ())
        return self.changed(
            self.part(method, self.place.url, (*headers, *self.session_headers()), body=data), changes
        )  # fmt: skip

    def session_headers(self) -> Pairs:
        """The headers by which a server knows the session."""
        return self.version_header()

    async def ask(self, event: Event, data: bytes | None) -> None:
        self.check_open()
        self.spawn(event.number, self._ask, event, data)

    async def _ask(self, event: Event, data: bytes | None) -> None:
        assert event.http is not None
        why = "the response has ended"
        try:
            async with self.open(for_event(event.http, event.number), data, follow=False) as (response, here):
                stream = Stream(event.number)
                if is_event_stream(response):
                    await self.take_events(partial(self.piece, response), here, stream)
                else:
                    await self.take_body(response, here, stream)
        except HttpError as error:
            why = str(error) if error.kind != "refused" else await self.broken(error)
        await self.put(Arrival("over", reply_to=event.number, text=why))

    async def abandon(self, number: int) -> bool:
        scope = self._scopes.get(self._by_event.get(number, -1))
        if scope is not None:
            scope.cancel()
            await self.put(Arrival("over", reply_to=number, text="the tester closed the response's stream"))
        return True

    async def aclose(self) -> Ending:
        if self._closing is not None:
            await self._closing.wait()
        else:
            self._closing = anyio.Event()
            try:
                if not self._ended:
                    await self.say_goodbye()
            finally:
                try:
                    await self._free()
                finally:
                    self._closing.set()
        return Ending("left-running", None, 0.0)

    async def say_goodbye(self) -> None:
        """Tell the server that the session ends, in bounded time."""

    async def _free(self) -> None:
        for scope in self._scopes.values():
            scope.cancel()
        with anyio.move_on_after(_CLOSING, shield=True):
            await self.client.aclose()
            while self._scopes:
                await self._all_done.wait()
        self._ended = self._ended or "the tester ended the session"
        with suppress(anyio.WouldBlock, anyio.BrokenResourceError):
            self._sender.send_nowait(Arrival("end", text=self._ended))
        self._sender.close()

    def stderr_tail(self) -> str:
        return self.place.process.output() if self.place.process is not None else ""

    def returncode(self) -> int | None:
        return None

    # --------------------------------------------------------------------------------------------------------- requests

    def part(
        self, method: str, url: Url, headers: Iterable[tuple[str, str]], *, body: bytes | None, reply_to: int = 0
    ) -> HttpPart:
        """A request that is about to be sent, with the headers that all have."""
        own = dict(self.place.headers)
        usual = (*usual_headers(url, body), ("User-Agent", f"mcp-conformance/{__version__}"))
        made = _changed((*usual, *headers), HeaderChanges(own)) if own else (*usual, *headers)
        return self.numbered(HttpPart(0, method, str(url), reply_to, headers=tuple(made)))

    def numbered(self, part: HttpPart) -> HttpPart:
        """The same as a request of its own, with the bytes of its head."""
        self._exchanges += 1
        try:
            head = Request(part.method, Url.parse(part.url), part.headers).encode()
        except HttpError:
            head = b""  # it will not be sent, either
        return replace(part, exchange=self._exchanges, head=head)

    def changed(self, part: HttpPart, changes: HeaderChanges | None) -> HttpPart:
        """A request with other headers."""
        if changes is None:
            return part
        self._exchanges -= 1
        return self.numbered(replace(part, headers=tuple(_changed(part.headers, changes))))

    async def announce(self, part: HttpPart) -> HttpPart:
        """Have a request that isn't a message's recorded."""
        await self.put(
            Arrival("http", reply_to=part.reply_to, http=part, text=f"{part.method} {part.url}", outgoing=True)
        )
        return part

    @asynccontextmanager
    async def open(
        self, part: HttpPart, body: bytes | None = None, *, follow: bool = True
    ) -> AsyncIterator[tuple[Response, HttpPart]]:
        """Send a request, follow redirects within the origin unless told not to, and give the response and what to
        record with what comes in it. Raises `HttpError`."""
        for number in range(MAX_REDIRECTS + 1):
            request = Request(part.method, Url.parse(part.url), part.headers, body)
            async with await self.client.send(request) as response:
                here = replace(part, head=response.head, headers=tuple(response.headers), status=response.status)
                status_line = response.head.partition(b"\r\n")[0].partition(b"\n")[0]
                await self.put(Arrival("http", reply_to=part.reply_to, http=here, text=printable(status_line, 200)))
                target = _redirect(request, response) if follow and number < MAX_REDIRECTS else None
                if target is None:
                    yield response, here
                    return
            moved = _changed(part.headers, HeaderChanges({"Host": target.authority}))
            part = await self.announce(self.numbered(replace(part, url=str(target), headers=tuple(moved))))

    async def piece(self, response: Response) -> bytes:
        """The next bytes of the body, counted; b"" at its end. Raises `HttpError`."""
        piece = await response.receive()
        self._read += len(piece)
        if self._read > self._most:
            await self.finish(too_much(int(self._most)), excess=True)
            return b""
        return piece

    async def whole(self, response: Response) -> tuple[bytes, bool]:
        """The whole body, and whether it was cut as it is longer than what is read of one message."""
        body = bytearray()
        cut = False
        while piece := await self.piece(response):
            cut = cut or len(body) + len(piece) > MAX_LINE
            if not cut:
                body += piece
        return bytes(body), cut

    # ----------------------------------------------------------------------------------------------------------- bodies

    async def take_body(self, response: Response, part: HttpPart, stream: Stream) -> None:
        """A body that isn't an event stream, or doesn't say so."""
        body, cut = await self.whole(response)
        if not body:
            return
        if response.status in KEPT_OUT:
            await self.put_body(part, body)
            return
        message = message_of(body, cut=cut)
        # What tells of an error of HTTP may have any form; but who answers a request with JSON means it as the answer.
        if response.status < 300:
            meant = message.kind != "invalid" or (bool(stream.waits_for) and is_json(response))
        else:
            meant = is_protocol(message)
        if meant:
            await self.take(message, part, stream, cut=cut)
        elif body.lstrip().startswith((b"data:", b"event:", b"id:", b":")) and not is_json(response):
            await self.take_events(Pieces([body]).receive, part, stream)
        else:
            await self.put_body(part, body)

    async def keep_body(self, response: Response, part: HttpPart) -> None:
        """The body of what should have been a stream, or has no answer: even a message in it answers nothing."""
        body, _ = await self.whole(response)
        if body:
            await self.put_body(part, body)

    async def put_body(self, part: HttpPart, body: bytes) -> None:
        """A body that is no message."""
        kept = body[:_SAMPLE]
        await self.put(
            Arrival("http", reply_to=part.reply_to, http=replace(part, body=kept), text=printable(kept, 400))
        )

    async def take_events(self, receive: Callable[[], Awaitable[bytes]], part: HttpPart, stream: Stream) -> None:
        """An event stream, to its end. A body that holds JSON instead is taken for that."""
        events = EventStream()
        start = bytearray()
        while piece := await receive():
            if not stream.heard and len(start) < MAX_LINE:
                start += piece
            for event in events.feed(piece):
                await self.take_event(event, part, stream)
                stream.responded()
        for event in events.eof():
            whole = message_of(bytes(start).strip()) if not stream.heard and start.lstrip()[:1] == b"{" else None
            if whole is not None and whole.kind != "invalid":
                await self.take(whole, part, stream)
            else:
                await self.take_event(event, part, stream)

    async def take_event(self, event: ServerEvent, part: HttpPart, stream: Stream) -> None:
        """One server-sent event. Whatever its type, a message in it is taken."""
        if event.id is not None and not event.unfinished:
            stream.last_id = event.last_id
        if event.retry is not None:
            stream.retry = event.retry
        stream.heard += not event.unfinished
        message = message_of(event.data, cut=event.cut) if event.data else None
        if message is not None and (message.kind != "invalid" or (event.type == "message" and not event.unfinished)):
            slim = replace(event, data=b"", raw=event.raw[:_SAMPLE])  # the bytes are in the message
            await self.take(message, replace(part, sse=slim), stream, cut=event.cut)
        elif event.data_lines or event.id is not None or event.retry is not None or event.problems:
            slim = replace(event, data=event.data[:_SAMPLE], raw=event.raw[:_SAMPLE])
            text = "event: " + printable(event.raw, 400)
            await self.put(Arrival("http", reply_to=stream.number, http=replace(part, sse=slim), text=text))

    async def take(self, message: Message, part: HttpPart, stream: Stream, *, cut: bool = False) -> None:
        """A message that came for `stream`."""
        for one in message.items if message.kind == "batch" else (message,):
            if one.is_response:
                self.learn(stream.method, one)
                others = [id for id in stream.waits_for if not same_id(id, one.id)]
                # A wrong id, in the right place, is the answer too.
                stream.waits_for = others if len(others) < len(stream.waits_for) else others[1:]
        await self.put(Arrival("message", message, stream.number, cut=cut, http=part))

    def learn(self, method: str | None, response: Message) -> None:
        """What the transport has to know of the answers that pass by: the version, and the tools' schemas."""
        result = response.value.get("result")
        if not isinstance(result, dict):
            return
        if method == "initialize":
            named = result.get("protocolVersion")
            self.version = (
                named if isinstance(named, str) and named.isprintable() and named.isascii() else self.revision
            )
        elif method == "tools/list" and isinstance(tools := result.get("tools"), list):
            for tool in tools:
                if isinstance(tool, dict) and isinstance(name := tool.get("name"), str):
                    self.place.schemas[name] = tool.get("inputSchema")

    def version_header(self) -> Pairs:
        """The version of the stateful era, from the revision on that has the header."""
        return ((http_headers.VERSION, self.version),) if self.version and self.version >= "2025-06-18" else ()

    # ------------------------------------------------------------------------------------------------------------ tasks

    def spawn(self, event: int, function: Callable[..., Awaitable[None]], *arguments: object) -> None:
        """Run a task in the session's group, that `aclose` ends; `abandon` too, if it is for a sent event."""
        assert self._tasks is not None, "start comes first"
        self._task_numbers += 1
        self._scopes[self._task_numbers] = anyio.CancelScope()
        if event:
            self._by_event[event] = self._task_numbers
        self._tasks.start_soon(self._run, self._task_numbers, function, *arguments)

    async def _run(self, number: int, function: Callable[..., Awaitable[None]], *arguments: object) -> None:
        try:
            with self._scopes[number]:
                await function(*arguments)
        except Exception as error:  # ours: the session has to know
            self._fault = error
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                await self._sender.send(Arrival("end", text="the tester failed"))
        finally:
            del self._scopes[number]
            done, self._all_done = self._all_done, anyio.Event()
            done.set()

    async def put(self, arrival: Arrival) -> None:
        """Hand something to the session; dropped when that doesn't listen any more."""
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await self._sender.send(arrival)

    async def finish(self, reason: str, *, excess: bool = False) -> None:
        """Nothing can come any more."""
        if not self._ended:
            self._ended = reason
            await self.put(Arrival("end", text=reason, excess=excess))

    def check_open(self) -> None:
        if self._ended or self.place.unreachable:
            raise LinkClosed(self._ended or self.place.unreachable)

    async def broken(self, error: HttpError) -> str:
        """An exchange failed: say why, and end the session if there is no server any more."""
        reason = str(error)
        gone = error.kind in _NO_CONNECTION
        if self.place.process is not None and await self.place.process.wait(_DYING):
            reason, gone = f"the server {self.place.process.exit_words()} ({reason})", True
        if gone:
            await self.finish(reason)
        return reason


def _redirect(request: Request, response: Response) -> Url | None:
    """Where to go on, within the same origin: POST keeps its method only with 307 and 308 (RFC 9110, section 15.4)."""
    try:
        target = response.redirect()
    except HttpError:
        return None
    repeated = response.status in (307, 308) or (request.method == "GET" and response.status in (301, 302, 303))
    return target if target is not None and repeated and target.same_origin(request.url) else None


def _changed(headers: Iterable[tuple[str, str]], changes: HeaderChanges) -> list[tuple[str, str]]:
    replaced = {name.lower() for name in changes.set} | {name.lower() for name in changes.drop}
    kept = [(name, value) for name, value in headers if name.lower() not in replaced]
    return [*kept, *changes.set.items()]
