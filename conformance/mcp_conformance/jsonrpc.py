"""JSON-RPC 2.0 without I/O: bytes into messages, with bounds, never raising on bad input.

Two steps, so that each can be tested alone: `LineFraming` cuts a byte stream into lines (the stdio framing of every
MCP revision: basic/transports#stdio), `parse` turns one line into a `Message`. A line that is no JSON-RPC message
becomes a `Message` of kind ``invalid`` that says why: bad bytes from a server are evidence, not an exception.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

JSON: TypeAlias = Any
"""A parsed JSON value. Numbers too long for Python's limit on digits are infinite floats; nothing else is changed."""

Kind = Literal["request", "notification", "result", "error", "batch", "invalid", "unread"]
"""``unread`` is what went beyond a bound of ours: it may be right, and nobody is to be blamed for it."""

MAX_LINE = 16 * 1024 * 1024
"""Bytes of one message that are kept; a longer line is cut, reported and skipped to its end."""
MAX_VALUES = 200_000
"""Values in one message that are parsed: an empty object takes three bytes on the wire, and seventy in memory."""
MAX_DEPTH = 200
"""Nesting of arrays and objects that is parsed; deeper messages are reported as invalid."""
_SAMPLE = 2000  # bytes that are kept of a message that isn't read
_FEW = 1000  # values that aren't worth counting one by one
MAX_BATCH = 1000
"""Messages of one batch that are looked at; an array of millions is a flood."""


class _Missing:
    """The absence of a member, told apart from null."""

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING = _Missing()


@dataclass(frozen=True, slots=True)
class Message:
    """One JSON-RPC message, or what came in place of one.

    `raw` is what crossed the wire without its line end; `value` the parsed JSON (MISSING when it isn't JSON);
    `problem` says, for kinds ``invalid`` and ``unread``, why; `duplicates` names members that occur twice in one
    object. `items` are the first `MAX_BATCH` messages of a batch.
    """

    kind: Kind
    raw: bytes
    value: JSON = MISSING
    problem: str = ""
    duplicates: tuple[str, ...] = ()
    items: tuple["Message", ...] = field(default=())
    values: int = 0
    """About how many JSON values it holds, for who keeps many messages."""

    @property
    def id(self) -> JSON:
        """The id as it stands, of any type; MISSING when there is none."""
        return self.value.get("id", MISSING) if isinstance(self.value, dict) else MISSING

    @property
    def method(self) -> str | None:
        """The method of a request or notification, else None."""
        if isinstance(self.value, dict) and isinstance(method := self.value.get("method"), str):
            return method
        return None

    @property
    def params(self) -> JSON:
        return self.value.get("params", MISSING) if isinstance(self.value, dict) else MISSING

    @property
    def is_response(self) -> bool:
        return self.kind in ("result", "error")

    @property
    def is_json(self) -> bool:
        return self.value is not MISSING


def encode(value: JSON) -> bytes:
    """One JSON value as one compact line of UTF-8, without the line end. Lone surrogates stay escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def same_id(sent: JSON, received: JSON) -> bool:
    """Whether two ids are the same JSON value. 1 and 1.0 are one number; 1 and "1" aren't the same."""
    if isinstance(sent, bool) or isinstance(received, bool):
        return sent is received
    if isinstance(sent, int | float) and isinstance(received, int | float):
        return sent == received
    return type(sent) is type(received) and bool(sent == received)


# -------------------------------------------------------------------------------------------------------------- framing


@dataclass(frozen=True, slots=True)
class Line:
    """A complete line without its newline; `cut` when it was longer than the bound, and only its beginning is here."""

    data: bytes
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What stood after the last newline when the stream ended."""

    data: bytes


class LineFraming:
    """Cuts a byte stream at newlines. No clock, no task, no process; linear in its input, bounded in memory."""

    def __init__(self, max_line: int = MAX_LINE) -> None:
        self._max = max_line
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[Line]:
        """The lines completed by `data`. A carriage return before the newline is kept: whoever judges may care."""
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            self._keep(data[start:end])
            yield self._take()
            start = end + 1
        self._keep(data[start:])

    def eof(self) -> Iterator[Unfinished]:
        """The rest at the end of the stream, if any."""
        if self._size:
            yield Unfinished(self._take().data)

    def _keep(self, part: bytes) -> None:
        if not part:
            return
        room = self._max - self._size
        if room > 0:
            self._parts.append(part[:room])
        self._size += len(part)

    def _take(self) -> Line:
        line = Line(b"".join(self._parts), cut=self._size > self._max)
        self._parts, self._size = [], 0
        return line


# -------------------------------------------------------------------------------------------------------------- parsing

_TOKENS = re.compile(rb'"[^"\\]*+(?:\\(?:.|\Z)[^"\\]*+)*+(?:"|\Z)|[\[\]{},]', re.DOTALL)
"""Strings, also an unterminated one, brackets and commas; every byte is looked at once, and none is remembered to come
back to."""


def parse(raw: bytes, *, max_depth: int = MAX_DEPTH) -> Message:
    """The message in one line. Bounds are checked before the JSON parser sees it."""
    raw = raw.removesuffix(b"\r")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return Message("invalid", raw, problem=f"not UTF-8: byte 0x{raw[error.start]:02x} at offset {error.start}")
    values, is_deeper = _measured(raw, max_depth)
    if is_deeper:
        return Message("unread", raw[:_SAMPLE], problem=f"nested deeper than the {max_depth} levels that are read here")
    if values > MAX_VALUES:
        return Message("unread", raw[:_SAMPLE], problem=f"more than the {MAX_VALUES} values that are read here")
    duplicates: list[str] = []

    def members(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
        made = dict(pairs)
        if len(made) != len(pairs):
            seen: set[str] = set()
            for name, _ in pairs:
                if name in seen:
                    duplicates.append(name)
                seen.add(name)
        return made

    try:
        value = json.loads(text, object_pairs_hook=members, parse_int=_integer, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return Message("invalid", raw, problem=_why_not_json(text, error))
    return replace(_classify(raw, value, tuple(duplicates)), values=values)


def _classify(raw: bytes, value: JSON, duplicates: tuple[str, ...] = ()) -> Message:
    if isinstance(value, list):
        items = tuple(
            _classify(encode(item), item) if not isinstance(item, list) else _nested(item) for item in value[:MAX_BATCH]
        )
        return Message("batch", raw, value, duplicates=duplicates, items=items)
    if not isinstance(value, dict):
        return Message("invalid", raw, value, f"a JSON {json_type(value)}, where a JSON-RPC message is an object")
    kind: Kind
    if "method" in value:
        if not isinstance(value["method"], str):
            return Message(
                "invalid", raw, value, f'"method" is {a_json_type(value["method"])}, not a string', duplicates
            )
        kind = "request" if "id" in value else "notification"
    elif "error" in value and not (value["error"] is None and "result" in value):  # as JSON-RPC 1.0 had it
        kind = "error"
    elif "result" in value:
        kind = "result"
    else:
        return Message("invalid", raw, value, 'an object with none of "method", "result" and "error"', duplicates)
    return Message(kind, raw, value, duplicates=duplicates)


def _nested(item: list[JSON]) -> Message:
    return Message("invalid", encode(item), item, "an array inside a batch")


def _measured(raw: bytes, bound: int) -> tuple[int, bool]:
    """About how many values there are, as far as they matter, and whether they nest deeper than the bound."""
    brackets = raw.count(b"[") + raw.count(b"{")
    at_most = brackets + raw.count(b",") + 1
    if brackets <= bound and at_most <= _FEW:
        return at_most, False  # the usual case, without a scan
    depth, values = 0, 1
    for match in _TOKENS.finditer(raw):
        token = match[0]
        if token in b"[{":
            depth += 1
            values += 1
            if depth > bound:
                return values, True
        elif token in b"]}":
            depth -= 1
        elif token == b",":
            values += 1
            if values > MAX_VALUES:
                break
    return values, False


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < 4000 else float("-inf" if digits.startswith("-") else "inf")


def _refuse(name: str) -> JSON:
    raise ValueError(f"{name} is no JSON value")


def _why_not_json(text: str, error: Exception) -> str:
    if not text.strip():
        return "an empty line"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg.lower().removesuffix(' at')} at character {error.pos + 1}"
    return f"not JSON: {error}"


def json_type(value: JSON) -> str:
    """The JSON name of a value's type."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
    return "nothing"


def a_json_type(value: JSON) -> str:
    """The type's name with its article, for messages."""
    name = json_type(value)
    return name if name in ("null", "nothing") else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
