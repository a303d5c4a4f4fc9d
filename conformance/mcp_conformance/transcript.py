"""Everything that crossed the wire in a session, in order: the only evidence that a verdict may rest on."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from mcp_conformance.jsonrpc import MISSING, Message
from mcp_conformance.sse import ServerEvent

Direction = Literal["sent", "received", "closed"]


Headers = tuple[tuple[str, str], ...]
"""Header fields in order, names and values as they stood on the wire (one character a byte, Latin-1)."""


@dataclass(frozen=True, slots=True)
class HttpPart:
    """What HTTP adds to an event.

    `exchange` counts the HTTP requests of a session from 1; what came in an exchange has its number. `reply_to` is the
    number of the sent event for which it came (also when a later GET resumes its stream), 0 on a stream for everything.
    For a request `head` and `headers` are what was sent, for everything else what the response had.
    """

    exchange: int
    method: str
    url: str
    reply_to: int = 0
    head: bytes = b""
    headers: Headers = ()
    status: int | None = None
    """Of the response; None in what was sent."""
    sse: ServerEvent | None = None
    """The server-sent event that it came in; its data is in the message."""
    body: bytes | None = None
    """A body that is no message of the protocol, or the beginning of a long one."""

    def header(self, name: str) -> str | None:
        """The first value of a header, by its name in any letter case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened on the wire.

    `number` counts from 1 within the session; `at` is in seconds since the session's start. ``closed`` events say
    how the stream ended, in `text`. For the others, `message` is what was parsed and its `raw` the bytes. `cut` when
    only the beginning of an overlong line was kept, `unfinished` when the stream ended before the line did. An event
    with `http` and no message is the head of a response, a server-sent event without a message, or another body.
    `batch` is set for a message of a received batch, which has an event of its own behind that of the whole array: the
    number of that one.
    """

    number: int
    at: float
    direction: Direction
    message: Message | None = None
    text: str = ""
    cut: bool = False
    unfinished: bool = False
    batch: int = 0
    http: HttpPart | None = None

    @property
    def raw(self) -> bytes:
        return self.message.raw if self.message else b""

    @property
    def is_refusal(self) -> bool:
        """Whether it is an error in the body of an HTTP error status: how Streamable HTTP may refuse any input, also
        one that has no response (basic/transports#sending-messages-to-the-server)."""
        error = self.message is not None and self.message.kind == "error"
        return error and self.http is not None and (self.http.status or 0) >= 400

    @property
    def names_no_request(self) -> bool:
        """Whether it is an error whose id is null or missing."""
        error = self.message is not None and self.message.kind == "error"
        return error and self.message is not None and self.message.id in (None, MISSING)

    def may_be_about(self, number: int) -> bool:
        """Whether a message can have come for the sent event `number`: over HTTP the place tells, else the order."""
        if self.http is not None and self.http.reply_to:
            return self.http.reply_to == number
        return self.number > number


@dataclass(slots=True)
class Transcript:
    """The events of one session, appended as they happen."""

    transport: str
    revision: str
    events: list[Event] = field(default_factory=list)
    _start: float = field(default_factory=time.monotonic)

    @property
    def now(self) -> float:
        """Seconds since the session's start."""
        return time.monotonic() - self._start

    def add(self, direction: Direction, message: Message | None = None, **details: object) -> Event:
        event = Event(len(self.events) + 1, self.now, direction, message, **details)  # type: ignore[arg-type]
        self.events.append(event)
        return event

    def since(self, number: int) -> Iterator[Event]:
        """The events after event `number` (0: all)."""
        yield from self.events[number:]

    def __len__(self) -> int:
        return len(self.events)
