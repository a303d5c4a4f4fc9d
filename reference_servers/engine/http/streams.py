"""Event streams: what an event looks like in bytes, and streams that can be taken up again where they broke off.

Source: the HTML standard's event stream format; basic/transports#resumability-and-redelivery.
"""

import math
import re
import secrets
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

import anyio

KEPT_EVENTS = 1000
"""Events that a stream keeps for those who come back."""
KEPT_STREAMS = 100
"""Streams that are kept so; older ones are forgotten."""

_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Event:
    """One event: any of its fields. `retry` is in milliseconds."""

    data: bytes | None = None
    type: str | None = None
    id: str | None = None
    retry: int | None = None

    def encode(self) -> bytes:
        fields = [
            *([b"event: " + self.type.encode()] if self.type else []),
            *([b"id: " + self.id.encode()] if self.id else []),
            *([b"retry: %d" % self.retry] if self.retry is not None else []),
            *([] if self.data is None else [b"data: " + line for line in _LINE_END.split(self.data)]),
        ]
        return b"\n".join(fields) + b"\n\n"


class EventStream:
    """The events of one stream, in order, whoever reads them.

    An event that goes out of here has an id: the stream's name and a number. Of two readers the later one is served.
    """

    def __init__(self) -> None:
        self.name = secrets.token_urlsafe(12)
        self.read = False
        """Whether somebody reads."""
        self.ended = False
        self._events: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self.count = 0
        """Events so far."""
        self._changed = anyio.Event()
        self._reader: object = None
        self._interrupted = False

    def put(self, event: Event) -> None:
        """Add an event; it is there for whoever reads, now or later."""
        self.count += 1
        self._events.append(replace(event, id=self.event_id(self.count)))
        self._wake()

    def end(self) -> None:
        """There will be no more events."""
        self.ended = True
        self._wake()

    def interrupt(self) -> None:
        """End whoever reads now, or the next one if nobody does, and leave the rest for whom comes then."""
        self._interrupted = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    def event_id(self, number: int) -> str:
        """The id of an event, or with 0 of the place before the first one."""
        return f"{self.name}-{number}"

    def knows(self, number: int) -> bool:
        """Whether there was an event of this number."""
        return 0 <= number <= self.count

    async def events(self, after: int = 0, *, patience: float = math.inf) -> AsyncGenerator[Event, None]:
        """The events after that of a number, until the stream ends, is interrupted, or somebody else reads it.

        `patience` is the number of seconds after which it isn't waited for more.
        """
        deadline = anyio.current_time() + patience
        reader = self._reader = object()
        self.read = True
        self._wake()
        try:
            while self._reader is reader and not self._interrupted:
                first = self.count - len(self._events) + 1
                after = max(after, first - 1)  # what was dropped is lost
                if after < self.count:
                    after += 1
                    yield self._events[after - first]
                elif self.ended:
                    return
                else:
                    with anyio.CancelScope(deadline=deadline) as waiting:
                        await self._changed.wait()
                    if waiting.cancelled_caught:
                        return
        finally:
            if self._reader is reader:
                self.read = self._interrupted = False


class Streams:
    """The streams of one session, or of all clients where there are no sessions; the newest are kept."""

    def __init__(self) -> None:
        self._streams: OrderedDict[str, EventStream] = OrderedDict()

    def open(self) -> EventStream:
        stream = EventStream()
        self._streams[stream.name] = stream
        while len(self._streams) > KEPT_STREAMS:
            self._streams.popitem(last=False)
        return stream

    def find(self, event_id: str) -> tuple[EventStream, int] | None:
        """The stream that an event belongs to, and the event's number; None if there is none, or no more."""
        name, _, number = event_id.rpartition("-")
        stream = self._streams.get(name)
        if stream is None or not re.fullmatch(r"[0-9]{1,9}", number) or not stream.knows(int(number)):
            return None
        return stream, int(number)
