"""Everything that crossed the wire in a session, in order: the only evidence that a verdict may rest on."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from mcp_conformance.jsonrpc import Message

Direction = Literal["sent", "received", "closed"]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened on the wire.

    `number` counts from 1 within the session; `at` is in seconds since the session's start. ``closed`` events say
    how the stream ended, in `text`. For the others, `message` is what was parsed and its `raw` the bytes. `cut` when
    only the beginning of an overlong line was kept, `unfinished` when the stream ended before the line did.
    """

    number: int
    at: float
    direction: Direction
    message: Message | None = None
    text: str = ""
    cut: bool = False
    unfinished: bool = False

    @property
    def raw(self) -> bytes:
        return self.message.raw if self.message else b""


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
