"""The tester's side of one conversation with a server: send, correlate answers, answer the server's own requests,
record.

A session judges nothing. It is tolerant on purpose: an answer with a wrong id is still taken for the answer it
evidently is, and marked, so that one defect is found once and everything behind it can still be tested.
"""

import contextlib
import math
import time
from dataclasses import dataclass, field
from typing import Any, Literal

import anyio
from anyio.abc import TaskGroup

from mcp_conformance import client
from mcp_conformance.jsonrpc import JSON, MISSING, Line, LineFraming, Message, encode, parse, same_id
from mcp_conformance.transcript import Event, Transcript
from mcp_conformance.transports import Ending, Link, LinkClosed

Flaw = Literal["", "id-type", "id-other"]

_MAX_FRAGMENTS = 20_000
_MAX_REREAD = 64 * 1024 * 1024  # bytes of a session that are read again in the search for messages over several lines
_EXIT_FOLLOWS = 0.5  # seconds
PATIENCE = 3
"""Deadlines that one answer may take while the server answers other requests."""
MAX_EVENTS = 200_000
"""Events of one session that are recorded; a server that sends more is cut off, and the session ends."""
MAX_BYTES = 256 * 1024 * 1024
"""Bytes that are read in one session; the same."""


@dataclass(slots=True, eq=False)
class Exchange:
    """A request of ours and what came for it.

    `flaw` says how the answer's id differs from the request's: ``id-type`` (the number came back as a string or the
    like), ``id-other`` (missing, null or another value). `surplus` are further responses with the same id. `seconds`
    is from sent to answered.
    """

    method: str
    params: JSON
    id: JSON
    sent: Event
    answer: Event | None = None
    flaw: Flaw = ""
    surplus: list[Event] = field(default_factory=list)
    excused: bool = False
    """It got no answer in time, but may only be slow: the tester gave it up, and the server was still there."""
    done: anyio.Event = field(default_factory=anyio.Event)

    @property
    def result(self) -> JSON:
        """The result, MISSING when there is none."""
        message = self.answer.message if self.answer else None
        return message.value["result"] if message is not None and message.kind == "result" else MISSING

    @property
    def error(self) -> JSON:
        """The error object, MISSING when there is none."""
        message = self.answer.message if self.answer else None
        return message.value["error"] if message is not None and message.kind == "error" else MISSING

    @property
    def seconds(self) -> float:
        return self.answer.at - self.sent.at if self.answer else math.inf

    @property
    def events(self) -> tuple[int, ...]:
        return (self.sent.number,) if self.answer is None else (self.sent.number, self.answer.number)


class Session:
    """One conversation. `start` opens its reading task in the owner's task group; `aclose` ends it and the server."""

    def __init__(
        self,
        link: Link,
        *,
        revision: str,
        capabilities: dict[str, Any] | None = None,
        deadline: float = 10.0,
    ) -> None:
        self.link = link
        self.revision = revision
        self.capabilities = client.full_capabilities(revision) if capabilities is None else capabilities
        self.deadline = deadline
        self.transcript = Transcript(link.transport, revision)
        self.exchanges: list[Exchange] = []
        self.strays: list[Event] = []
        """Responses that answer none of our requests: candidates for answers to notifications or to broken input."""
        self.server: dict[str, JSON] = {}
        """The result of `initialize`, once there is one."""
        self.ready = False
        """Whether `initialize` had a result."""
        self.barrier_method = "ping"
        self.barrier_params: JSON = MISSING
        self.waited = 0.0
        """Seconds spent waiting for the server."""
        self.closed = anyio.Event()
        self.ending: Ending | None = None
        self.failure: Exception | None = None
        """A fault of the tester's own while it read; whoever judges the session has to raise it."""
        self._next_id = 1
        self._unread = (
            False  # something without an id was sent after the last answer: a stray response may belong to it
        )
        self._lenient = False
        self._garbled = False  # something that can't be answered under an id was sent
        self._reread = 0
        self._input_ended = False
        self._fragments: list[Event] = []
        self._changed = anyio.Event()
        self._sending = anyio.Lock()
        self._scope = anyio.CancelScope()
        self._tasks: TaskGroup | None = None

    @property
    def ids_are_reliable(self) -> bool:
        """Whether a response can be told by its id from an answer to something that has none."""
        return not self._lenient

    @property
    def alive(self) -> bool:
        return not self.closed.is_set() and self.ending is None

    def start(self, tasks: TaskGroup) -> None:
        """Begin to read."""
        self._tasks = tasks
        tasks.start_soon(self._read)

    async def aclose(self) -> Ending:
        """Ends the server and the reading task. The link's own steps are bounded."""
        if self.ending is None:
            try:
                self.ending = await self.link.aclose()
                # What the server said while it ended is evidence too; the stream is closed, so this is soon over.
                with anyio.move_on_after(1.0):
                    await self.closed.wait()
            finally:
                self._scope.cancel()
        return self.ending

    # ---------------------------------------------------------------------------------------------------------- sending

    async def request(self, method: str, params: JSON = MISSING, *, id: JSON = MISSING) -> Exchange:
        """Send a request; doesn't wait for the answer. A fresh integer id is taken unless one is given."""
        message: dict[str, JSON] = {"jsonrpc": "2.0", "id": self._fresh_id() if id is MISSING else id, "method": method}
        if params is not MISSING:
            message["params"] = params
        event = self._sent(encode(message))
        exchange = Exchange(method, params, message["id"], event)
        self.exchanges.append(exchange)
        if self.closed.is_set():
            exchange.done.set()  # nothing will come
        await self._send(event.raw + b"\n")
        return exchange

    async def notify(self, method: str, params: JSON = MISSING) -> Event:
        """Send a notification."""
        message: dict[str, JSON] = {"jsonrpc": "2.0", "method": method}
        if params is not MISSING:
            message["params"] = params
        self._unread = True
        event = self._sent(encode(message))
        await self._send(event.raw + b"\n")
        return event

    async def raw(self, data: bytes, *, newline: bool = True) -> Event:
        """Send bytes as they are."""
        self._unread = self._garbled = True
        event = self._sent(data)
        await self._send(data + b"\n" if newline else data)
        return event

    async def end_input(self) -> None:
        """Close the server's input."""
        self._input_ended = True
        self.transcript.add("closed", text="the tester closed the server's input")
        await self.link.send_eof()

    def _fresh_id(self) -> int:
        number, self._next_id = self._next_id, self._next_id + 1
        return number

    def _sent(self, data: bytes) -> Event:
        return self.transcript.add("sent", parse(data))

    async def _send(self, data: bytes) -> None:
        # A server that reads nothing is found by its missing answer; that it can't be written to is the same fact.
        started = time.monotonic()
        with anyio.move_on_after(self.deadline):
            async with self._sending:
                with contextlib.suppress(LinkClosed):
                    await self.link.send(data)
        self.waited += time.monotonic() - started

    # ---------------------------------------------------------------------------------------------------------- waiting

    async def answered(self, exchange: Exchange, deadline: float | None = None) -> bool:
        """Wait for the answer, the end of the stream or the deadline; whether there is an answer."""
        started = time.monotonic()
        with anyio.move_on_after(self.deadline if deadline is None else deadline):
            await exchange.done.wait()
        self.waited += time.monotonic() - started
        if exchange.answer is None:
            self._adopt(exchange)
        return exchange.answer is not None

    async def answered_in_patience(self, exchange: Exchange) -> bool:
        """Like `answered`; but while the server answers others, one answer may take `PATIENCE` deadlines: it may only
        be slow."""
        if await self.answered(exchange):
            return True
        for _ in range(PATIENCE - 1):
            # A server that works off one request after the other answers both now; one that hangs answers neither.
            if not self.alive or (await self.barrier()).answer is None:
                break
            if await self.answered(exchange):
                break
        return exchange.answer is not None

    async def call(
        self, method: str, params: JSON = MISSING, *, id: JSON = MISSING, deadline: float | None = None
    ) -> Exchange:
        """Send a request and wait for its answer."""
        exchange = await self.request(method, params, id=id)
        await self.answered(exchange, deadline)
        return exchange

    async def barrier(self) -> Exchange:
        """A request that the server is known to answer: once it is answered, all that was sent before has been read."""
        exchange = await self.call(self.barrier_method, self.barrier_params)
        if exchange.answer is not None:
            self._unread = False
        return exchange

    async def heard(self, from_event: int, seconds: float) -> bool:
        """Wait until the server has said anything after event `from_event`, at most `seconds`."""
        with anyio.move_on_after(seconds):
            while self.alive and not any(event.direction != "sent" for event in self.transcript.since(from_event)):
                await self._changed.wait()
        return any(event.direction == "received" for event in self.transcript.since(from_event))

    async def initialize(self, version: str, *, deadline: float | None = None) -> Exchange:
        """The first half of the handshake."""
        return await self.call("initialize", client.initialize_params(version, self.capabilities), deadline=deadline)

    async def initialized(self) -> None:
        """The second half."""
        await self.notify("notifications/initialized")

    # ---------------------------------------------------------------------------------------------------------- reading

    async def _read(self) -> None:
        with self._scope:
            try:
                await self._read_all()
            except Exception as error:
                self.failure = error
        if not self.closed.is_set():
            self._close("the session was ended")

    async def _read_all(self) -> None:
        framing = LineFraming()
        read = 0
        while data := await self.link.receive():
            for line in framing.feed(data):
                await self._line(line)
            read += len(data)
            if len(self.transcript) > MAX_EVENTS or read > MAX_BYTES:
                bound = f"{MAX_EVENTS} messages" if read <= MAX_BYTES else f"{MAX_BYTES} bytes"
                self._close(f"the server sent more than {bound}; the rest wasn't read")
                return
        for rest in framing.eof():
            self._received(parse(rest.data), unfinished=True)
        # The exit follows the end of the output; its status tells a reader more than anything else.
        await self.link.wait_exit(_EXIT_FOLLOWS)
        status = self.link.returncode()
        self._close("the server closed its output" + ("" if status is None else f" and exited with status {status}"))

    def _close(self, reason: str) -> None:
        self.transcript.add("closed", text=reason)
        self.closed.set()
        for exchange in self.exchanges:
            exchange.done.set()
        self._notice()

    def _notice(self) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()

    async def _line(self, line: Line) -> None:
        message = parse(line.data)
        if line.cut:
            message = Message(
                "unread", line.data[:2000], problem=f"longer than the {len(line.data)} bytes that are read here"
            )
        event = self._received(message, cut=line.cut)
        # The last element of an array, on a line of its own, is JSON too: only a message ends what was spread over
        # lines.
        if message.kind == "unread":
            self._fragments.clear()
        elif message.kind != "invalid" and (
            message.kind != "batch" or any(item.kind != "invalid" for item in message.items)
        ):
            self._fragments.clear()
            await self._take(event)
        elif (whole := self._reassembled(event)) is not None:
            await self._take(whole)

    def _received(self, message: Message, **details: Any) -> Event:
        event = self.transcript.add("received", message, **details)
        self._notice()
        return event

    def _reassembled(self, event: Event) -> Event | None:
        """The message that the latest lines make together, when a server wrote one message over several lines."""
        if event.raw.startswith(b"{") or len(self._fragments) >= _MAX_FRAGMENTS:
            self._fragments.clear()
        self._fragments.append(event)
        # Only a line that can be the last one is tried: looking at each would be quadratic.
        if not _may_end_a_message(event.raw) or len(self._fragments) < 2 or not self._fragments[0].raw.startswith(b"{"):
            return None
        self._reread += sum(len(fragment.raw) for fragment in self._fragments)
        if self._reread > _MAX_REREAD:
            return None
        for newline in (b"\n", b"\\n"):  # between JSON's tokens, or raw inside a string, where JSON has it escaped
            message = parse(newline.join(fragment.raw for fragment in self._fragments))
            if message.kind != "invalid":
                first, last = self._fragments[0].number, event.number
                self._fragments.clear()
                return self._received(message, text=f"events {first} to {last} read as one message")
        return None

    async def _take(self, event: Event) -> None:
        message = event.message
        assert message is not None
        if message.kind == "request" and self._tasks is not None:
            # Answered in a task of its own: a server that doesn't read must not stop us from reading.
            reply = encode(client.answer(message, self.capabilities))
            self._tasks.start_soon(self._reply, reply)
        elif message.is_response:
            self._correlate(event, message)

    async def _reply(self, data: bytes) -> None:
        if not self._input_ended:
            self.transcript.add("sent", parse(data))
            await self._send(data + b"\n")

    def _correlate(self, event: Event, message: Message) -> None:
        waiting = [exchange for exchange in self.exchanges if exchange.answer is None and not exchange.done.is_set()]
        for exchange in reversed(self.exchanges):
            if same_id(exchange.id, message.id):
                if exchange.answer is None:
                    self._settle(exchange, event, "")
                elif exchange.flaw == "id-other":
                    self._put_right(exchange, event)
                elif self._lenient and len(waiting) == 1:
                    self._settle(waiting[0], event, "id-other")  # a server that gives one id to all its answers
                else:
                    exchange.surplus.append(event)
                return
        for exchange in waiting:
            if isinstance(message.id, str | int | float) and str(message.id) == str(exchange.id):
                self._settle(exchange, event, "id-type")
                return
        # An answer without an id may be a late one to broken input, of whatever was sent before.
        doubtful = self._unread or (self._garbled and message.id in (None, MISSING))
        if len(waiting) == 1 and (self._lenient or not doubtful):
            self._settle(waiting[0], event, "id-other")
            return
        self.strays.append(event)

    def _settle(self, exchange: Exchange, event: Event, flaw: Flaw) -> None:
        exchange.answer, exchange.flaw = event, flaw
        if exchange.method == "initialize" and isinstance(exchange.result, dict):
            self.server, self.ready = exchange.result, True
        self._lenient = self._lenient or flaw == "id-other"
        exchange.done.set()

    def _put_right(self, exchange: Exchange, event: Event) -> None:
        """The true answer has come after all: what was taken for it answers nothing."""
        assert exchange.answer is not None
        self.strays.append(exchange.answer)
        exchange.answer, exchange.flaw = event, ""
        self._lenient = any(other.flaw == "id-other" for other in self.exchanges)

    def _adopt(self, exchange: Exchange) -> None:
        """After a deadline: a response behind the request that no other lacks is its answer with a wrong id, when it is
        the only one."""
        unclaimed = [self.strays, *(other.surplus for other in self.exchanges)]
        candidates = [(event, place) for place in unclaimed for event in place if event.number > exchange.sent.number]
        if len(candidates) == 1:
            event, place = candidates[0]
            place.remove(event)
            self._settle(exchange, event, "id-other")


def _may_end_a_message(line: bytes) -> bool:
    """Whether a line can be the last one of a message over several: it closes an object, and not only an inner one, as
    indentation shows."""
    bare = line.strip()
    indented = line[:1] in (b" ", b"\t")
    return bare.endswith(b"}") and not (indented and (bare == b"}" or bare.endswith(b"{}")))
