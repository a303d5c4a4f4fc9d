"""An answer without I/O: bytes in, a head and pieces of a body out. h11 reads them; the words for errors are ours."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import h11

from mcp_conformance.transports.http1.errors import SAMPLE, HttpError
from mcp_conformance.transports.http1.messages import Headers
from mcp_conformance.wire import printable

MAX_HEAD = 65536
"""Bytes of a head, of a chunk's line and of trailers that are read."""
MAX_INTERIM = 32
"""Heads of status 1xx before the final one."""

_START = b"HTTP/"
_TLS_RECORDS = (b"\x15\x03", b"\x16\x03")


@dataclass(frozen=True, slots=True)
class Head:
    """The head of an answer, and its very bytes."""

    status: int
    reason: str
    version: str
    headers: Headers
    raw: bytes
    """From the status line to the blank line, as it came."""
    interim: tuple[bytes, ...]
    """The heads of status 1xx that came before, as they came."""


class AnswerReader:
    """Reads one answer. `feed` bytes (b"" at their end), ask `head` until it comes, then `body` until that is b"".

    `method` matters for what follows the head: nothing for HEAD, a tunnel for CONNECT. `where` names the server in
    errors, which are `HttpError`s of the kinds ``closed``, ``malformed``, ``incomplete`` and ``too-large``.
    """

    def __init__(self, where: str, method: Literal["GET", "HEAD", "CONNECT"] = "GET", max_head: int = MAX_HEAD) -> None:
        self._where = where
        self._max_head = max_head
        # h11 would refuse to write what a tester sends, so it only learns what it needs to read the answer.
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=max_head)
        self._h11.send(h11.Request(method=method, target="*", headers=[("Host", "h")]))
        self._h11.send(h11.EndOfMessage())
        self._head = bytearray()  # all bytes until the final head is complete
        self._head_start = 0
        self._interim: list[bytes] = []
        self._in_body = False
        self._body_size = 0
        self._missing = ""  # how we know that a body isn't complete
        self._eof = False
        self.ended = False
        """The answer is complete."""
        self.trailers = Headers()

    def feed(self, data: bytes) -> None:
        """The next bytes of the server; b"" when it has closed the connection."""
        if not data:
            self._eof = True
            return
        if not self._in_body:
            self._head += data
        self._h11.receive_data(data)

    def head(self) -> Head | None:
        """The final head; None while more bytes are needed."""
        while True:
            self._check_start()
            event = self._next()
            if not isinstance(event, h11.InformationalResponse | h11.Response):
                return None
            raw = self._take_head()
            if isinstance(event, h11.Response):
                break
            self._interim.append(raw)
            if len(self._interim) > MAX_INTERIM:
                raise self._error("too-large", f"sends more than {MAX_INTERIM} heads of status 1xx", raw)
        self._in_body = True
        self._head.clear()
        headers = _headers(event.headers.raw_items())
        if headers.get("transfer-encoding") is not None:
            self._missing = ", and its last chunk has not come"
        elif length := headers.get("content-length"):
            self._missing = f", where Content-Length says {printable(length, 20)}"
        return Head(
            event.status_code,
            event.reason.decode("latin-1"),
            event.http_version.decode("latin-1"),
            headers,
            raw,
            tuple(self._interim),
        )

    def body(self) -> bytes | None:
        """The next piece of the body; b"" when it is complete, None while more bytes are needed."""
        while not self.ended:
            event = self._next()
            if isinstance(event, h11.EndOfMessage):
                self.trailers = _headers(event.headers.raw_items())
                self.ended = True
            elif isinstance(event, h11.Data):
                if event.data:
                    self._body_size += len(event.data)
                    return bytes(event.data)
            else:
                return None
        return b""

    def broken_off(self, how: str) -> HttpError:
        """The error to raise when no more bytes can be had; `how` says why, as "reset the connection"."""
        if self._in_body:
            size = f"after {self._body_size} bytes{self._missing}"
            return self._error("incomplete", f"{how} before its body was complete: {size}")
        received = bytes(self._head[self._head_start :])
        if received or self._interim:
            return self._error("incomplete", f"{how} before the head of its answer was complete", received)
        return self._error("closed", f"{how} without an answer")

    @property
    def leftover(self) -> bytes:
        """What has come behind the end of the answer (for CONNECT: of its head)."""
        return self._h11.trailing_data[0]

    @property
    def keeps_alive(self) -> bool:
        """Whether the server will take another request on this connection."""
        return not self._eof and self._h11.their_state is h11.DONE and not self.leftover

    def _next(self) -> object:
        """An event of h11's; anything else when it needs more bytes."""
        try:
            event = self._h11.next_event()
        except h11.RemoteProtocolError as error:
            raise self._malformed(error) from None
        if event is h11.NEED_DATA and self._eof:
            # Told to h11 only now, so that what stands before the end is judged by itself.
            self._h11.receive_data(b"")
            try:
                event = self._h11.next_event()
            except h11.RemoteProtocolError:
                raise self.broken_off("closed the connection") from None
        return event

    def _take_head(self) -> bytes:
        end = len(self._head) - len(self.leftover)
        raw = bytes(self._head[self._head_start : end])
        self._head_start = end
        if len(raw) > self._max_head:
            raise self._error("too-large", f"sends a head of more than {self._max_head} bytes", raw)
        return raw

    def _check_start(self) -> None:
        """Say at once that this is no HTTP: its blank line may never come."""
        start = bytes(self._head[self._head_start : self._head_start + len(_START)])
        if _START.startswith(start):
            return
        hint = ""
        if start.startswith(_TLS_RECORDS):
            hint = "; those are the first bytes of TLS, so the URL should probably begin with https:"
        whole = bytes(self._head[self._head_start :][:SAMPLE])
        raise self._error("malformed", f'answers with what is no HTTP/1.1: "{printable(whole, 80)}"{hint}', whole)

    def _malformed(self, error: h11.RemoteProtocolError) -> HttpError:
        received = self.leftover if self._in_body else bytes(self._head[self._head_start :])
        if error.error_status_hint == 431:
            what = "the body's chunk line or trailers" if self._in_body else "a head"
            return self._error("too-large", f"sends {what} of more than {self._max_head} bytes", received)
        reason = printable(str(error), 200)
        where = f"after {self._body_size} bytes of the body" if self._in_body else "in the head"
        return self._error("malformed", f"answers with malformed HTTP/1.1, {where}: {reason}", received)

    def _error(
        self, kind: Literal["closed", "malformed", "incomplete", "too-large"], what: str, received: bytes = b""
    ) -> HttpError:
        return HttpError(kind, f"{self._where} {what}", received[:SAMPLE])


def _headers(found: Iterable[tuple[bytes, bytes]]) -> Headers:
    return Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in found)
