"""Messages in, messages out: how a session reaches its server over each transport.

A `Link` moves bytes; a conduit moves messages, and knows in whose exchange each came where the transport tells. It
judges nothing: what came, where and under which status is kept, and whoever judges reads it in the transcript. This
file holds the types alone. `lines` speaks over a byte link (stdio, memory), `streamable` is Streamable HTTP in both
eras, `events` the older HTTP+SSE.
"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from anyio.abc import TaskGroup

from mcp_conformance.jsonrpc import Message, parse
from mcp_conformance.transcript import Event, HttpPart
from mcp_conformance.transports import Ending

__all__ = ["Arrival", "Conduit", "HeaderChanges", "message_of", "too_much"]

_SAMPLE = 2000  # bytes that are kept of what was too long to be read


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that reached the tester.

    - ``message``: `message` came; `cut` and `unfinished` as in `Event`.
    - ``http``: something of HTTP that is no message: the head of a response, an event without one, a body.
    - ``over``: nothing more can come for the sent event `reply_to`; `text` says why.
    - ``end``: the conduit has ended, and nothing at all comes any more; `text` says why.

    `reply_to` is the number of the sent event in whose exchange it came, 0 where the transport doesn't tell.
    """

    kind: Literal["message", "http", "over", "end"]
    message: Message | None = None
    reply_to: int = 0
    cut: bool = False
    unfinished: bool = False
    http: HttpPart | None = None
    text: str = ""
    excess: bool = False
    """The end came as more was sent than is read."""
    outgoing: bool = False
    """It is a request that the conduit makes by itself, and was sent."""


@dataclass(frozen=True, slots=True)
class HeaderChanges:
    """What one HTTP request has otherwise than a right one: `set` replaces or adds headers, `drop` leaves them out.

    Names compare without regard to case; `set` is sent as it is written. Without meaning on other transports.
    """

    set: Mapping[str, str] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()


class Conduit(Protocol):
    """Moves messages for one session."""

    @property
    def transport(self) -> str:
        """The name of the transport in reports and node ids: "stdio", "memory", "http", "sse"."""

    @property
    def by_lines(self) -> bool:
        """Whether one message is one line, so that a message over several lines may have to be put together."""

    def start(self, tasks: TaskGroup) -> None:
        """Begin to work in the session's task group. Safe to repeat."""

    def outgoing(self, message: Message, data: bytes, changes: HeaderChanges | None = None) -> HttpPart | None:
        """What HTTP adds to a message that is about to be sent, for the transcript; None without HTTP."""

    async def send(self, event: Event, data: bytes, *, newline: bool = True, wait: bool = False) -> None:
        """Send the bytes of a recorded event. With `wait`, return only when the server has responded to them, where
        the transport tells. No time limit: the caller sets it.

        Raises `LinkClosed` if the server takes no more.
        """

    def requesting(self, method: str, data: bytes | None, changes: HeaderChanges | None = None) -> HttpPart | None:
        """An HTTP request of any method to the server's own URL, with the headers that a right one has; None without
        HTTP."""

    async def ask(self, event: Event, data: bytes | None) -> None:
        """Send such a request, and read its response in the background: everything in it arrives with the event's
        number, and in the end an ``over``. Messages in it are messages, but nothing is learnt from them or resumed.

        Raises `LinkClosed` if the server takes no more.
        """

    async def abandon(self, number: int) -> bool:
        """Stop listening to what comes for the sent event `number`, so that the server sees it, and return whether
        that was possible: closing the response's stream is how a request is cancelled over stateless HTTP."""

    async def send_eof(self) -> None:
        """Close the server's input, where there is one."""

    def arrivals(self, most: int) -> AsyncGenerator[Arrival, None]:
        """All that comes, in order, the last one of kind ``end``. At most `most` bytes are read."""

    async def wait_exit(self, timeout: float) -> Ending | None:
        """See `Link.wait_exit`; None where the server outlives the session."""

    async def aclose(self) -> Ending:
        """End the session and whatever belongs to it alone, in bounded steps. Safe to repeat."""

    def stderr_tail(self) -> str:
        """See `Link.stderr_tail`; over HTTP all that a server launched by us has written, stdout too."""

    def returncode(self) -> int | None:
        """See `Link.returncode`."""


def too_much(most: int) -> str:
    """What to say when a server sent more than `most` bytes in one session."""
    return f"the server sent more than {most} bytes; the rest wasn't read"


def message_of(data: bytes, *, cut: bool = False) -> Message:
    """The message in these bytes; what was `cut` isn't read."""
    if cut:
        return Message("unread", data[:_SAMPLE], problem=f"longer than the {len(data)} bytes that are read here")
    return parse(data)
