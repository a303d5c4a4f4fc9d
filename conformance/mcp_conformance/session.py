"""The tester's side of one conversation with a server: send, correlate answers, answer the server's own requests,
record.

A session judges nothing. It is tolerant on purpose: an answer with a wrong id is still taken for the answer it
evidently is, and marked, so that one defect is found once and everything behind it can still be tested.
"""

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import anyio
from anyio.abc import TaskGroup

from mcp_conformance import client
from mcp_conformance.conduits import Arrival, Conduit, HeaderChanges
from mcp_conformance.exchanges import Exchange, Flaw, HttpExchange, needs_input
from mcp_conformance.jsonrpc import JSON, MAX_BATCH, MISSING, Message, encode, parse, same_id
from mcp_conformance.reassembly import Reassembly
from mcp_conformance.revisions import era_of, may_batch, probe
from mcp_conformance.transcript import Direction, Event, Transcript
from mcp_conformance.transports import Ending, LinkClosed

__all__ = ["PATIENCE", "Exchange", "HttpExchange", "Session"]

PATIENCE = 3
"""Deadlines that one answer may take while the server answers other requests."""
MAX_EVENTS = 20_000
"""Events of one session that are recorded; a server that sends more is cut off, and the session ends."""
MAX_BYTES = 64 * 1024 * 1024
"""Bytes that are read in one session; the same."""
MAX_VALUES = 500_000
"""JSON values that are kept of one session; the same."""
MAX_ROUNDS = 8
"""Times that one request is tried again because the server asks for input."""


class Session:
    """One conversation. `start` opens its reading task in the owner's task group; `aclose` ends it, and a server that
    it has for itself.

    The revision says which era's rules it keeps. In the stateless era each request gets its `_meta` (see
    `client.with_meta`) and there is no handshake: the session is `ready` at once, and `discover` asks the server who
    it is.
    """

    def __init__(
        self,
        conduit: Conduit,
        *,
        revision: str,
        capabilities: dict[str, Any] | None = None,
        deadline: float = 10.0,
    ) -> None:
        self.conduit = conduit
        self.revision = revision
        self.era = era_of(revision)
        self.capabilities = client.full_capabilities(revision) if capabilities is None else capabilities
        self.deadline = deadline
        self.transcript = Transcript(conduit.transport, revision)
        self.exchanges: list[Exchange] = []
        self.responses: dict[int, HttpExchange] = {}
        """What came for each message and each request that was sent over HTTP, by the number of the sent event."""
        self.strays: list[Event] = []
        """Responses that answer none of our requests: candidates for answers to notifications or to broken input."""
        self.server: dict[str, JSON] = {}
        """The result of `initialize`, or of `server/discover`, with `serverInfo` from its `_meta`."""
        self.ready = self.era == "stateless"
        """Whether requests may be sent: in the stateful era, whether `initialize` had a result."""
        self.barrier_method = probe(revision)
        self.barrier_params: JSON = MISSING
        self.answering = True
        """Whether the server's own requests are answered."""
        self.waited = 0.0
        """Seconds spent waiting for the server."""
        self.closed = anyio.Event()
        self.ending: Ending | None = None
        self.excess = ""
        """Which bound of a session the server has gone beyond, in words; the session has ended then."""
        self.failure: Exception | None = None
        """A fault of the tester's own while it read; whoever judges the session has to raise it."""
        self._values = 0
        self._bytes = 0
        self._next_id = 1
        self._unread = (
            False  # something without an id was sent after the last answer: a stray response may belong to it
        )
        self._lenient = False
        self._raw_ids: list[JSON] = []  # of what was sent as raw bytes: a response with such an id answers that
        self._garbled = False  # something that can't be answered under an id was sent
        self._input_ended = False
        self._lines = Reassembly()
        self._changed = anyio.Event()
        self._scope = anyio.CancelScope()
        self._tasks: TaskGroup | None = None

    @property
    def ids_are_reliable(self) -> bool:
        """Whether a response can be told by its id from an answer to something that has none."""
        return not self._lenient

    @property
    def alive(self) -> bool:
        return not self.closed.is_set() and self.ending is None

    @property
    def is_worn(self) -> bool:
        """Whether so much was said in it that a new session does better: its bounds are half used up."""
        return 2 * len(self.transcript) > MAX_EVENTS or 2 * self._bytes > MAX_BYTES or 2 * self._values > MAX_VALUES

    def start(self, tasks: TaskGroup) -> None:
        """Begin to read."""
        self._tasks = tasks
        self.conduit.start(tasks)
        tasks.start_soon(self._read)

    async def aclose(self) -> Ending:
        """Ends the conduit and the reading task. The conduit's own steps are bounded."""
        if self.ending is None:
            try:
                self.ending = await self.conduit.aclose()
                # What the server said while it ended is evidence too; the stream is closed, so this is soon over.
                with anyio.move_on_after(1.0):
                    await self.closed.wait()
            finally:
                self._scope.cancel()
        return self.ending

    # ---------------------------------------------------------------------------------------------------------- sending

    async def request(
        self,
        method: str,
        params: JSON = MISSING,
        *,
        id: JSON = MISSING,
        meta: bool = True,
        headers: HeaderChanges | None = None,
    ) -> Exchange:
        """Send a request; doesn't wait for the answer. A fresh integer id is taken unless one is given. Without `meta`
        it doesn't get the members that each request of the stateless era has."""
        message: dict[str, JSON] = {"jsonrpc": "2.0", "id": self._fresh_id() if id is MISSING else id, "method": method}
        if meta and self.era == "stateless" and method != "initialize":
            params = client.with_meta(params, self.revision, self.capabilities)
        if params is not MISSING:
            message["params"] = params
        event = self._sent(encode(message), headers)
        exchange = Exchange(method, params, message["id"], event)
        self.exchanges.append(exchange)
        if self.closed.is_set():
            exchange.done.set()  # nothing will come
        await self._send(event, event.raw)
        return exchange

    async def notify(self, method: str, params: JSON = MISSING, *, headers: HeaderChanges | None = None) -> Event:
        """Send a notification. Over HTTP it returns when the server has responded, at most after the deadline."""
        message: dict[str, JSON] = {"jsonrpc": "2.0", "method": method}
        if params is not MISSING:
            message["params"] = params
        self._unread = True
        event = self._sent(encode(message), headers)
        await self._send(event, event.raw, wait=True)
        return event

    async def batch(self, parts: Sequence[tuple[str, JSON, JSON]]) -> list[Exchange]:
        """Send requests and notifications in one array; doesn't wait for the answers, but over HTTP as `notify` does
        where there are none to wait for.

        A part is a method, its params (or MISSING), and an id: MISSING for a notification, None for a fresh one. The
        exchanges of the requests come back in order; all of them have the array as what was `sent`.
        """
        whole: list[JSON] = []
        for method, params, number in parts:
            message: dict[str, JSON] = {"jsonrpc": "2.0"}
            if number is not MISSING:
                message["id"] = self._fresh_id() if number is None else number
            message["method"] = method
            if params is not MISSING:
                message["params"] = params
            whole.append(message)
        event = self._sent(encode(whole))
        made = [Exchange(one["method"], one.get("params", MISSING), one["id"], event) for one in whole if "id" in one]
        self._unread = self._unread or len(made) < len(whole)
        self.exchanges.extend(made)
        if self.closed.is_set():
            for exchange in made:
                exchange.done.set()
        await self._send(event, event.raw, wait=not made)
        return made

    async def raw(self, data: bytes, *, newline: bool = True, headers: HeaderChanges | None = None) -> Event:
        """Send bytes as they are; over HTTP as a body, and it returns as `notify` does."""
        self._unread = self._garbled = True
        event = self._sent(data, headers)
        if event.message is not None and event.message.id not in (MISSING, None):
            self._raw_ids.append(event.message.id)
        await self._send(event, data, newline=newline, wait=True)
        return event

    async def http(
        self,
        method: str,
        body: bytes | None = None,
        *,
        headers: HeaderChanges | None = None,
        deadline: float | None = None,
    ) -> HttpExchange:
        """Send an HTTP request of any kind to the server's URL, with the headers of a right one, and wait for the head
        of its response; of a short one, for all of it. A stream goes on in the background until the session ends.
        Redirects aren't followed. Raises `LinkClosed` on other transports, and after the session's end."""
        part = self.conduit.requesting(method, body, headers)
        message = parse(body) if body else None
        event = self.transcript.add("sent", message, http=part, text=f"{method} {part.url}" if part else "")
        exchange = self._respond_to(event)
        started = time.monotonic()
        with anyio.move_on_after(self.deadline if deadline is None else deadline):
            await self.conduit.ask(event, body)
            await exchange.begun()
        self.waited += time.monotonic() - started
        return exchange

    async def responded(self, sent: Event, *, ended: bool = False, deadline: float | None = None) -> HttpExchange:
        """Wait for the head of the HTTP response to what was sent; with `ended`, for all of it, unless it is a stream.

        The event is one that was sent over HTTP.
        """
        exchange = self.responses[sent.number]
        started = time.monotonic()
        with anyio.move_on_after(self.deadline if deadline is None else deadline):
            await (exchange.begun() if ended else exchange.answered.wait())
        self.waited += time.monotonic() - started
        return exchange

    async def finished(self, exchange: HttpExchange) -> bool:
        """Wait until nothing more can come in a response, at most the deadline; whether that is so."""
        started = time.monotonic()
        with anyio.move_on_after(self.deadline):
            await exchange.done.wait()
        self.waited += time.monotonic() - started
        return exchange.done.is_set()

    def _respond_to(self, event: Event) -> HttpExchange:
        exchange = self.responses[event.number] = HttpExchange(event)
        if self.closed.is_set():
            exchange.settle("the session has ended")
        return exchange

    async def cancel(self, exchange: Exchange, reason: str) -> None:
        """Cancel a request as the era and the transport have it: by a notification, or by closing its stream."""
        if self.era == "stateless" and await self.conduit.abandon(exchange.sent.number):
            return
        await self.notify("notifications/cancelled", {"requestId": exchange.id, "reason": reason})

    async def end_input(self) -> None:
        """Close the server's input."""
        self._input_ended = True
        self.transcript.add("closed", text="the tester closed the server's input")
        await self.conduit.send_eof()

    def _fresh_id(self) -> int:
        number, self._next_id = self._next_id, self._next_id + 1
        return number

    def _sent(self, data: bytes, headers: HeaderChanges | None = None) -> Event:
        message = parse(data)
        event = self.transcript.add("sent", message, http=self.conduit.outgoing(message, data, headers))
        if event.http is not None:
            self._respond_to(event)
        return event

    async def _send(self, event: Event, data: bytes, *, newline: bool = True, wait: bool = False) -> None:
        # A server that reads nothing is found by its missing answer; that it can't be written to is the same fact.
        started = time.monotonic()
        with anyio.move_on_after(self.deadline), contextlib.suppress(LinkClosed):
            await self.conduit.send(event, data, newline=newline, wait=wait)
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
            if not self.alive or exchange.done.is_set() or (await self.barrier()).answer is None:
                break
            if await self.answered(exchange):
                break
        return exchange.answer is not None

    async def call(
        self,
        method: str,
        params: JSON = MISSING,
        *,
        id: JSON = MISSING,
        deadline: float | None = None,
        headers: HeaderChanges | None = None,
    ) -> Exchange:
        """Send a request and wait for its answer."""
        exchange = await self.request(method, params, id=id, headers=headers)
        await self.answered(exchange, deadline)
        return exchange

    async def barrier(self) -> Exchange:
        """A request that the server is known to answer: once it is answered, all that was sent before has been read."""
        exchange = await self.call(self.barrier_method, self.barrier_params)
        if exchange.answer is not None:
            self._unread = False
        return exchange

    async def answer_input(self, exchange: Exchange) -> Exchange:
        """While the answer is that the server needs input: give it and try again, at most `MAX_ROUNDS` times.

        Returns the last exchange, whose result still says so if the bound was reached or the server asks for what
        wasn't declared.
        """
        for _ in range(MAX_ROUNDS):
            if not needs_input(exchange):
                break
            params = client.retry_params(exchange.params, exchange.result, self.capabilities)
            if params is None:
                break
            exchange = await self.call(exchange.method, params)
        return exchange

    async def until(self, happened: Callable[[], bool], seconds: float) -> bool:
        """Wait until something has happened because of what the server says, at most `seconds`; whether it has."""
        started = time.monotonic()
        with anyio.move_on_after(seconds):
            while self.alive and not happened():
                await self._changed.wait()
        self.waited += time.monotonic() - started
        return happened()

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

    async def discover(self, *, deadline: float | None = None) -> Exchange:
        """Ask a server of the stateless era who it is."""
        return await self.call("server/discover", deadline=deadline)

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
        async with contextlib.aclosing(self.conduit.arrivals(MAX_BYTES)) as arrivals:
            async for arrival in arrivals:
                if arrival.kind == "end":
                    self.excess = arrival.text if arrival.excess else ""
                    self._close(arrival.text)
                    return
                self._arrived(arrival)
                if len(self.transcript) > MAX_EVENTS:
                    self.excess = f"the server sent more than {MAX_EVENTS} messages; the rest wasn't read"
                elif self._values > MAX_VALUES:
                    self.excess = f"the server sent more than {MAX_VALUES} values in one session; the rest wasn't read"
                if self.excess:
                    self._close(self.excess)
                    return

    def _close(self, reason: str) -> None:
        self.transcript.add("closed", text=reason)
        self.closed.set()
        for exchange in self.exchanges:
            exchange.done.set()
        for other in self.responses.values():
            other.settle(reason)
        self._notice()

    def _notice(self) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()

    def _arrived(self, arrival: Arrival) -> None:
        carriers = self._carriers(arrival.reply_to)
        before = len(self.transcript)
        self._record(arrival, carriers)
        if (response := self.responses.get(arrival.reply_to)) is None:
            return
        for event in self.transcript.since(before):
            if event.direction == "received":
                response.take(event)
        if arrival.kind == "over":
            response.settle(arrival.text)

    def _record(self, arrival: Arrival, carriers: list[Exchange]) -> None:
        match arrival.kind:
            case "over":
                for carrier in carriers:
                    if carrier.answer is None:
                        carrier.over = carrier.over or arrival.text
                        carrier.done.set()
                self._notice()
            case "http":
                direction: Direction = "sent" if arrival.outgoing else "received"
                event = self.transcript.add(direction, http=arrival.http, text=arrival.text)
                # Of the response itself: not of a redirect that was followed, nor of a GET that resumed its stream.
                for carrier in carriers:
                    if not arrival.outgoing and 300 <= (carrier.status or 300) < 400:
                        carrier.head = event
                self._notice()
            case "message":
                assert arrival.message is not None
                event = self._received(
                    arrival.message,
                    cut=arrival.cut,
                    unfinished=arrival.unfinished,
                    http=arrival.http,
                    text=arrival.text,
                )
                if not arrival.unfinished:
                    self._message(event, arrival.message, carriers, placed=arrival.reply_to > 0)

    def _carriers(self, number: int) -> list[Exchange]:
        """The exchanges whose requests are event `number`: several where that is a batch."""
        if not number:
            return []
        last = next((one for one in reversed(self.exchanges) if one.sent.number == number), None)
        if last is None or not last.is_batched:
            return [] if last is None else [last]
        return [exchange for exchange in self.exchanges if exchange.sent is last.sent]

    def _message(self, event: Event, message: Message, carriers: list[Exchange], placed: bool) -> None:
        # The last element of an array, on a line of its own, is JSON too: only a message ends what was spread over
        # lines.
        if message.kind == "unread":
            self._lines.clear()
        elif message.kind != "invalid" and (
            message.kind != "batch" or any(item.kind != "invalid" for item in message.items)
        ):
            self._lines.clear()
            self._take(event, message, carriers, placed)
        elif self.conduit.by_lines and (whole := self._lines.add(event)) is not None:
            message, text = whole
            self._take(self._received(message, text=text), message, [], placed=False)

    def _received(self, message: Message, **details: Any) -> Event:
        self._values += message.values
        self._bytes += len(message.raw)
        event = self.transcript.add("received", message, **details)
        self._notice()
        return event

    def _take(self, event: Event, message: Message, carriers: list[Exchange], placed: bool) -> None:
        if message.kind == "batch" and may_batch(self.revision):
            self._take_apart(event, message, carriers, placed)
        elif message.kind == "request" and self._tasks is not None and self.era == "stateful" and self.answering:
            # Answered in a task of its own: a server that doesn't read must not stop us from reading. The stateless
            # era has no such requests, and no responses to them.
            reply = encode(client.answer(message, self.capabilities))
            self._tasks.start_soon(self._reply, reply)
        elif message.is_response and placed:
            self._correlate_in_place(event, message, carriers)
        elif message.is_response:
            self._correlate(event, message)

    def _take_apart(self, event: Event, batch: Message, carriers: list[Exchange], placed: bool) -> None:
        """A batch: each of its messages is taken as if it had come alone."""
        rest = len(batch.value) - len(batch.items)
        beyond = Message("unread", b"", problem=f"only the first {MAX_BATCH} messages of a batch are read here")
        for item in (*batch.items, *([beyond] if rest else [])):
            one = self._received(item, batch=event.number, http=event.http)
            self._take(one, item, carriers, placed)

    async def _reply(self, data: bytes) -> None:
        if not self._input_ended:
            await self._send(self._sent(data), data, wait=True)

    def _correlate(self, event: Event, message: Message) -> None:
        waiting = [
            exchange
            for exchange in self.exchanges
            if exchange.answer is None
            and not exchange.done.is_set()
            and not exchange.stays_open
            and not _refuses_all(event, exchange)
        ]
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
        if self._answers_raw(event):
            self.strays.append(event)
            return
        # An answer without an id may be a late one to broken input, of whatever was sent before.
        doubtful = self._unread or (self._garbled and message.id in (None, MISSING))
        if len(waiting) == 1 and (self._lenient or not doubtful):
            self._settle(waiting[0], event, "id-other")
            return
        self.strays.append(event)

    def _correlate_in_place(self, event: Event, message: Message, carriers: list[Exchange]) -> None:
        """The same over HTTP, where the place tells what is answered: the id counts first, then the place.

        No answer without an id can be mistaken here, so what was seen doesn't make ids unreliable.
        """
        for exchange in reversed(self.exchanges):
            if same_id(exchange.id, message.id) and (exchange.answer is None or exchange in carriers):
                if exchange.answer is None:
                    self._settle(exchange, event, "")
                elif exchange.flaw == "id-other":
                    self._put_right(exchange, event)
                else:
                    exchange.surplus.append(event)
                return
        waiting = [carrier for carrier in carriers if carrier.answer is None and not _refuses_all(event, carrier)]
        named = isinstance(message.id, str | int | float)
        alike = next((carrier for carrier in waiting if named and str(message.id) == str(carrier.id)), None)
        if alike is not None:
            self._settle(alike, event, "id-type", in_place=True)
        elif len(carriers) == 1 and carriers[0].answer is not None:
            carriers[0].surplus.append(event)
        elif len(waiting) == 1:
            unnamed = message.id in (None, MISSING) and self._may_lack_its_id(event)
            self._settle(waiting[0], event, "" if unnamed else "id-other", in_place=True)
        else:
            self.strays.append(event)

    def _may_lack_its_id(self, event: Event) -> bool:
        """Whether an error may be without id though it refuses a request: HTTP has refused it, and its body is free.

        In the stateless era the errors with status 400 and 404 are the protocol's own, and have the request's id.
        """
        status = event.http.status if event.http is not None else None
        return event.is_refusal and (self.era == "stateful" or status not in (400, 404))

    def _settle(self, exchange: Exchange, event: Event, flaw: Flaw, *, in_place: bool = False) -> None:
        exchange.answer, exchange.flaw = event, flaw
        if isinstance(exchange.result, dict):
            if exchange.method == "initialize":
                self.server, self.ready = exchange.result, True
            elif exchange.method == "server/discover" and self.era == "stateless":
                self.server = client.introduction(exchange.result)
        self._lenient = self._lenient or (flaw == "id-other" and not in_place)
        exchange.done.set()

    def _answers_raw(self, event: Event) -> bool:
        """Whether a response has the id of something that was sent as raw bytes."""
        return event.message is not None and any(same_id(sent, event.message.id) for sent in self._raw_ids)

    def _put_right(self, exchange: Exchange, event: Event) -> None:
        """The true answer has come after all: what was taken for it answers nothing."""
        assert exchange.answer is not None
        self.strays.append(exchange.answer)
        exchange.answer, exchange.flaw = event, ""
        self._lenient = any(other.flaw == "id-other" and not _is_placed(other.answer) for other in self.exchanges)

    def _adopt(self, exchange: Exchange) -> None:
        """After a deadline: a response behind the request that no other lacks is its answer with a wrong id, when it is
        the only one."""
        unclaimed = [self.strays, *(other.surplus for other in self.exchanges)]
        candidates = [
            (event, place)
            for place in unclaimed
            for event in place
            if event.number > exchange.sent.number
            and not _is_placed(event)
            and not _refuses_all(event, exchange)
            and not self._answers_raw(event)
        ]
        if len(candidates) == 1:
            event, place = candidates[0]
            place.remove(event)
            self._settle(exchange, event, "id-other")


def _refuses_all(event: Event, exchange: Exchange) -> bool:
    """Whether a response is an answer to the whole batch in which a request stood, and not to that request."""
    return exchange.is_batched and event.names_no_request and not event.batch


def _is_placed(event: Event | None) -> bool:
    """Whether a message came in the exchange of one that was sent."""
    return event is not None and event.http is not None and event.http.reply_to > 0
