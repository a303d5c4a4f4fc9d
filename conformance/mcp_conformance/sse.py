"""Server-sent events without I/O: bytes of ``text/event-stream`` into events, as the standard reads them.

Two steps, so that each can be tested alone: `EventStream` cuts the stream at blank lines, `_read` makes a `ServerEvent`
of what stood between two of them. A browser drops what it doesn't understand; here it is kept and named, because bad
bytes from a server are evidence. Nothing that a server can send raises an exception.

Source: WHATWG HTML, section 9.2 (server-sent events), 9.2.5 for the grammar, 9.2.6 for its meaning.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_EVENT = 16 * 1024 * 1024
"""Bytes of one event that are kept; a longer one is cut, reported and skipped to its end."""
MAX_COMMENTS = 100
"""Comments of one event that are kept."""
MAX_PROBLEMS = 20
"""Problems of one event that are named; the rest is counted."""

_BOM = b"\xef\xbb\xbf"
_BLANK = (b"\n", b"\r\n", b"\r")
_LINE = re.compile(rb"([^\r\n]*+)(\r\n|\r|\n|\Z)")
_FIELDS = ("event", "data", "id", "retry")
_MAX_DIGITS = 15  # of a retry: thirty thousand years in milliseconds


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """What stood between two blank lines of the stream; with `dispatched` false, a browser would show none of it.

    There are four kinds that a browser doesn't dispatch: fields without data (an id or a reconnection time, as MCP
    2025-11-25 sends them), nothing but comments (a sign of life), nothing but unknown fields, and what was
    `unfinished`.
    """

    type: str
    """The value of the last ``event`` field; "message" without one, or when it is empty."""
    data: bytes
    """The values of the ``data`` fields, joined with newlines. Bytes, so that invalid UTF-8 can be judged."""
    raw: bytes
    """All lines with their line ends, without the blank line. Not more than the stream's bound."""
    id: str | None = None
    """The value of the last ``id`` field as it stands, even with a NUL, which is ignored; None without one."""
    last_id: str = ""
    """What a client sends as ``Last-Event-ID`` when the stream breaks off behind this event; "" for nothing."""
    retry: int | None = None
    """The reconnection time in milliseconds, if the event sets it."""
    named: bool = False
    """Whether `type` stood in the event; else it is the default."""
    data_lines: int = 0
    """The number of ``data`` fields; 0 is no data at all, while one empty field is empty data, and is dispatched."""
    comments: tuple[str, ...] = ()
    """The comments without their colon, at most `MAX_COMMENTS`."""
    problems: tuple[str, ...] = ()
    """What was illegal or odd, each a clause to print."""
    cut: bool = False
    """Only the beginning is here, as the event was longer than the stream's bound. An id behind it isn't known."""
    unfinished: bool = False
    """The stream ended before the blank line: browsers drop such an event, and its id."""
    size: int = 0
    """The bytes that the event really had."""

    @property
    def dispatched(self) -> bool:
        """Whether a browser would hand this event to the page."""
        return self.data_lines > 0 and not self.unfinished

    @property
    def primes(self) -> bool:
        """Whether it only tells an id, without or with empty data, so that a client can resume the stream from there
        (MCP 2025-11-25, basic/transports#sending-messages-to-the-server)."""
        return bool(self.id) and "\0" not in (self.id or "") and not self.data and not self.unfinished

    @property
    def text(self) -> str:
        """The data as a browser shows it."""
        return self.data.decode("utf-8", "replace")


class EventStream:
    """Cuts a byte stream into events. No clock, no task; linear in its input, bounded in memory.

    An event is delivered with the first byte of the line end of its blank line, and is the same wherever the stream
    was cut into chunks.
    """

    def __init__(self, max_event: int = MAX_EVENT) -> None:
        self._max = max_event
        self._raw = bytearray()
        self._size = 0
        self._in_line = False
        self._after_return = False  # a newline that comes next belongs to the line end before
        self._at_start = True
        self.last_id = ""
        """The last event id so far, for ``Last-Event-ID``."""
        self.retry: int | None = None
        """The reconnection time in milliseconds, if the server has set one."""

    def feed(self, data: bytes) -> Iterator[ServerEvent]:
        """The events completed by `data`. Exhaust the iterator before the next call."""
        if self._after_return and data:
            self._after_return = False
            if data[:1] == b"\n":
                if self._size:
                    self._keep(b"\n")
                data = data[1:]
        for piece in data.splitlines(keepends=True):
            if piece in _BLANK and not self._in_line:
                if not self._is_empty():
                    yield self._take()
                self._start_anew()
            else:
                self._keep(piece)
                self._in_line = not piece.endswith((b"\n", b"\r"))
            self._after_return = piece.endswith(b"\r")

    def eof(self) -> Iterator[ServerEvent]:
        """What stood after the last blank line when the stream ended, if anything."""
        if not self._is_empty():
            yield self._take(unfinished=True)
        self._start_anew()
        self._in_line = self._after_return = False

    def _is_empty(self) -> bool:
        """Whether no line has come since the last blank one; a byte order mark at the start is none."""
        return not self._size or (
            self._at_start and self._size <= len(_BOM + b"\r\n") and self._raw.rstrip(b"\r\n") == _BOM
        )

    def _start_anew(self) -> None:
        self._raw.clear()
        self._size = 0
        self._at_start = False

    def _keep(self, piece: bytes) -> None:
        room = self._max - self._size
        if room > 0:
            self._raw += piece[:room]
        self._size += len(piece)

    def _take(self, *, unfinished: bool = False) -> ServerEvent:
        raw = bytes(self._raw)
        event = _read(raw, self._size, self.last_id, starts_stream=self._at_start, unfinished=unfinished)
        self.last_id = event.last_id
        if event.retry is not None:  # counts at once, even if the event is never completed
            self.retry = event.retry
        return event


class _Problems:
    """The first problems of an event, and the number of the others."""

    def __init__(self) -> None:
        self._named: dict[str, None] = {}
        self._more = 0

    def add(self, problem: str) -> None:
        if problem in self._named:
            return
        if len(self._named) < MAX_PROBLEMS:
            self._named[problem] = None
        else:
            self._more += 1

    def told(self) -> tuple[str, ...]:
        return (*self._named, f"and {self._more} more problems") if self._more else tuple(self._named)


def _read(raw: bytes, size: int, last_id: str, *, starts_stream: bool, unfinished: bool) -> ServerEvent:
    """The event in `raw`. A line without its end may be half a line: of those, only data is taken."""
    problems = _Problems()
    cut = size > len(raw)
    if cut:
        problems.add(f"longer than the {len(raw)} bytes that are read here: {size} bytes")
    if unfinished:
        problems.add("the stream ended before the blank line that completes an event")
    if bad := _invalid_utf8(raw, cut or unfinished):
        problems.add(bad)

    data = bytearray()
    data_lines = 0
    comments: list[str] = []
    seen: dict[str, str] = {}
    new_id: str | None = None
    retry: int | None = None

    for match in _LINE.finditer(raw, len(_BOM) if starts_stream and raw.startswith(_BOM) else 0):
        line, end = match.groups()
        if not line:
            continue
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            data += value
            data += b"\n"
            data_lines += 1
            continue
        if not name:
            if len(comments) < MAX_COMMENTS:
                comments.append(_text(line[1:]))
            continue
        field = _text(name)
        if field not in _FIELDS:
            problems.add(_unknown(field))
        elif not end:
            problems.add(f"the field {field!r} is cut off")
        else:
            text = _text(value)
            if field in seen:
                problems.add(f"more than one field {field!r}: the last one counts")
            seen[field] = text
            if field == "id":
                if "\0" in text:
                    problems.add("an id with a NUL, which is ignored")
                else:
                    new_id = text
            elif field == "retry":
                if value.isdigit() and len(value) <= _MAX_DIGITS:  # of bytes: ASCII digits alone
                    retry = int(value)
                else:
                    problems.add(f"retry is no whole number of milliseconds, and is ignored: {_shown(text)}")

    kind = seen.get("event", "")
    return ServerEvent(
        type=kind or "message",
        data=bytes(data[:-1]),
        raw=raw,
        id=seen.get("id"),
        last_id=last_id if new_id is None or unfinished else new_id,
        retry=retry,
        named=bool(kind),
        data_lines=data_lines,
        comments=tuple(comments),
        problems=problems.told(),
        cut=cut,
        unfinished=unfinished,
        size=size,
    )


def _unknown(field: str) -> str:
    meant = field.strip("\ufeff \t").lower()
    if meant in _FIELDS:
        return f"{_shown(field)} is no field, and is ignored; {meant!r} is"
    return f"an unknown field, which is ignored: {_shown(field)}"


def _invalid_utf8(raw: bytes, may_end_early: bool) -> str:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if may_end_early and error.reason == "unexpected end of data":
            return ""
        return f"not UTF-8: byte 0x{raw[error.start]:02x} at offset {error.start} of the event"
    return ""


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 40 else text[:39] + "…")
