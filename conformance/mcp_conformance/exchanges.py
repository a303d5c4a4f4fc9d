"""What was asked, and what came for it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

import anyio

from mcp_conformance.jsonrpc import JSON, MISSING
from mcp_conformance.transcript import Event, HttpPart

Flaw = Literal["", "id-type", "id-other"]


@dataclass(slots=True, eq=False)
class Exchange:
    """A request of ours and what came for it.

    `flaw` says how the answer's id differs from the request's: ``id-type`` (the number came back as a string or the
    like), ``id-other`` (missing, null or another value). `surplus` are further responses with the same id. `seconds`
    is from sent to answered. Over HTTP `head` is the head of the response in which the answer should have come, and
    `over` says why no answer can come any more, if none did.
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
    head: Event | None = None
    over: str = ""

    @property
    def status(self) -> int | None:
        """The HTTP status; None before there is one, and on other transports."""
        return self.head.http.status if self.head is not None and self.head.http is not None else None

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
    def is_batched(self) -> bool:
        """Whether the request stood in a batch."""
        return self.sent.message is not None and self.sent.message.kind == "batch"

    @property
    def stays_open(self) -> bool:
        """Whether an answer comes only at the end of a stream, if ever: that there is none proves nothing."""
        return self.method == "subscriptions/listen"

    @property
    def meta(self) -> dict[str, JSON]:
        """`params._meta`; empty where there is none."""
        found = self.params.get("_meta") if isinstance(self.params, dict) else None
        return found if isinstance(found, dict) else {}

    @property
    def seconds(self) -> float:
        return self.answer.at - self.sent.at if self.answer else math.inf

    @property
    def events(self) -> tuple[int, ...]:
        came = self.answer or self.head  # where there is no answer, the head of the response tells most
        return (self.sent.number,) if came is None else (self.sent.number, came.number)


@dataclass(slots=True, eq=False)
class HttpExchange:
    """Something that was sent in an HTTP request, and what came for it.

    `head` is the head of the response (the last one, where redirects were followed), `received` everything behind it,
    as it comes. `over` says why nothing more can come, once that is so.
    """

    sent: Event
    head: Event | None = None
    received: list[Event] = field(default_factory=list)
    over: str = ""
    answered: anyio.Event = field(default_factory=anyio.Event)
    """There is a head, or there will be none."""
    done: anyio.Event = field(default_factory=anyio.Event)

    @property
    def http(self) -> HttpPart | None:
        """The response: status, headers; None without one."""
        return self.head.http if self.head is not None else None

    @property
    def status(self) -> int | None:
        return self.http.status if self.http is not None else None

    @property
    def media_type(self) -> str:
        """What the response is by its content type, without parameters and in lower case; empty where it doesn't
        say."""
        content = self.http.header("content-type") if self.http is not None else None
        return (content or "").partition(";")[0].strip().lower()

    @property
    def message(self) -> Event | None:
        """The first response (result or error) that came in it."""
        return next((event for event in self.received if event.message and event.message.is_response), None)

    @property
    def has_body(self) -> bool:
        """Whether anything came behind the head."""
        return any(
            event.message is not None or (event.http is not None and (event.http.sse or event.http.body))
            for event in self.received
        )

    async def begun(self) -> None:
        """Wait for the head; where no stream follows it, for the rest as well."""
        await self.answered.wait()
        if self.media_type != "text/event-stream":
            await self.done.wait()

    def take(self, event: Event) -> None:
        """Something that came."""
        if self.head is None or 300 <= (self.status or 0) < 400:
            self.head = event
            if not 300 <= (self.status or 0) < 400:
                self.answered.set()
        else:
            self.received.append(event)

    def settle(self, why: str) -> None:
        self.over = self.over or why
        self.answered.set()
        self.done.set()


def body_of(exchange: Exchange, events: Iterable[Event]) -> tuple[int, ...]:
    """Where a request got no answer: the event with the first body that its response had instead, if any."""
    found = (
        event.number
        for event in events
        if event.http is not None and event.http.body is not None and event.http.reply_to == exchange.sent.number
    )
    return tuple(islice(found, 1)) if exchange.answer is None else ()


def needs_input(exchange: Exchange) -> bool:
    """Whether the answer is that the server needs input (stateless era)."""
    return isinstance(exchange.result, dict) and exchange.result.get("resultType") == "input_required"
