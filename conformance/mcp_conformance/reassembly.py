"""Messages that a server wrote over several lines, against the framing of one line each: found again, within bounds.

Indented JSON is a common defect; put together again, it is one finding, and everything behind it can be tested.
"""

from mcp_conformance.jsonrpc import Message, parse
from mcp_conformance.transcript import Event

_MAX_FRAGMENTS = 20_000
_MAX_REREAD = 64 * 1024 * 1024  # bytes of a session that are read again in the search


class Reassembly:
    """The lines since the last message that stood on one line."""

    def __init__(self) -> None:
        self.reread = 0
        """Bytes that were read again so far."""
        self._fragments: list[Event] = []

    def clear(self) -> None:
        """A message came, or what can't be part of one: the lines so far are garbage."""
        self._fragments.clear()

    def add(self, event: Event) -> tuple[Message, str] | None:
        """The message that the latest lines make together, and in words which they are."""
        in_object = bool(self._fragments) and self._fragments[0].raw.startswith(b"{")
        begins = event.raw.startswith(b"{") if in_object else _begins_a_message(event.raw)
        if begins or len(self._fragments) >= _MAX_FRAGMENTS:
            self._fragments.clear()
        self._fragments.append(event)
        # Only a line that can be the last one is tried: looking at each would be quadratic.
        if (
            not _may_end_a_message(event.raw)
            or len(self._fragments) < 2
            or not _begins_a_message(self._fragments[0].raw)
        ):
            return None
        self.reread += sum(len(fragment.raw) for fragment in self._fragments)
        if self.reread > _MAX_REREAD:
            return None
        for newline in (b"\n", b"\\n"):  # between JSON's tokens, or raw inside a string, where JSON has it escaped
            message = parse(newline.join(fragment.raw for fragment in self._fragments))
            if message.kind != "invalid":
                first = self._fragments[0].number
                self._fragments.clear()
                return message, f"events {first} to {event.number} read as one message"
        return None


def _begins_a_message(line: bytes) -> bool:
    """Whether a line can be the first one of a message over several: it opens an object, or an array of them."""
    return line.startswith((b"{", b"[{")) or line.rstrip() == b"["


def _may_end_a_message(line: bytes) -> bool:
    """Whether a line can be the last one of a message over several: it closes an object, and not only an inner one, as
    indentation shows, or an array."""
    if line.rstrip() == b"]" or (line[:1] not in (b" ", b"\t") and line.rstrip().endswith(b"}]")):
        return True
    bare = line.strip()
    indented = line[:1] in (b" ", b"\t")
    return bare.endswith(b"}") and not (indented and (bare == b"}" or bare.endswith(b"{}")))
