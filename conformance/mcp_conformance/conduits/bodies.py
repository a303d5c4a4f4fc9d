"""What a response is: by its content type, and by what it holds. No I/O."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from mcp_conformance.jsonrpc import JSON, MISSING, Message
from mcp_conformance.transcript import Event, HttpPart
from mcp_conformance.transports.http1 import Response

_EVENT_STREAM = "text/event-stream"

KEPT_OUT = frozenset({401, 403, 429})
"""Statuses that say who may ask, or how often: whatever their body holds, it answers nothing that was asked."""


@dataclass(slots=True)
class Stream:
    """What comes for one sent event (0: for none), perhaps over several connections: all that resuming needs."""

    number: int
    waits_for: list[JSON] = field(default_factory=list)
    """The ids of the requests that haven't been answered on it."""
    method: str | None = None
    last_id: str = ""
    retry: int | None = None
    heard: int = 0
    """Events so far."""
    responded: Callable[[], None] = lambda: None
    """To be called when the server has said anything on it."""


def is_json(response: Response) -> bool:
    """Whether the content type says JSON."""
    kind = _media_type(response)
    return kind == "application/json" or kind.endswith("+json")


def is_event_stream(response: Response) -> bool:
    """Whether the content type says event stream."""
    return _media_type(response) == _EVENT_STREAM


def _media_type(response: Response) -> str:
    return (response.headers.get("content-type") or "").partition(";")[0].strip().lower()


def ids_of(event: Event) -> list[JSON]:
    """The ids of the requests in a sent message."""
    message = event.message
    parts = () if message is None else message.items if message.kind == "batch" else (message,)
    return [one.id for one in parts if one.kind == "request" and one.id is not MISSING]


def is_protocol(message: Message) -> bool:
    """Whether this is meant as JSON-RPC, and isn't another kind of JSON that tells of an error."""
    if not isinstance(message.value, dict):
        return message.kind in ("batch", "unread")
    error = message.value.get("error")
    return message.kind != "invalid" and ("jsonrpc" in message.value or (isinstance(error, dict) and "code" in error))


class Pieces:
    """A body that is here already, received piece by piece."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    async def receive(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


def for_event(part: HttpPart, number: int) -> HttpPart:
    """The part of a sent event, for what comes in its exchange."""
    return replace(part, reply_to=number)
