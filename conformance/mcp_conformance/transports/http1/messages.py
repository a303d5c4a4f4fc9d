"""Requests as they are written, byte for byte, and the headers of answers.

Nothing is added to a request, nothing put in order, nothing corrected: a tester leaves out Host on purpose, or sends
Accept twice. Only what would make it another request than it says is refused; for that there is the raw mode.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from mcp_conformance.transports.http1.errors import HttpError
from mcp_conformance.transports.http1.urls import Url
from mcp_conformance.wire import printable

Pairs: TypeAlias = tuple[tuple[str, str], ...]
"""Header names and values in order, one character a byte (ISO 8859-1)."""

_BREAKS_A_HEADER = re.compile("[\r\n\0]")
_BREAKS_A_LINE = re.compile("[\r\n\0 ]")


class Headers(tuple[tuple[str, str], ...]):
    """The headers of an answer as they came, in order, with their case and their repetitions."""

    __slots__ = ()

    def get(self, name: str) -> str | None:
        """The first value of a header, whatever the case of its name; None without one."""
        return next(iter(self.get_all(name)), None)

    def get_all(self, name: str) -> list[str]:
        """All values of a header, in order."""
        name = name.lower()
        return [value for found, value in self if found.lower() == name]


@dataclass(frozen=True, slots=True)
class Request:
    """What to send, completely: no header is added (see `usual_headers`)."""

    method: str
    url: Url
    headers: Pairs = ()
    body: bytes | None = None
    target: str | None = None
    """In place of the URL's own path and query."""
    version: str = "1.1"

    def encode(self, *, absolute: bool = False, more: Pairs = ()) -> bytes:
        """The bytes on the wire. `absolute` and `more` are what a proxy needs: the whole URL as target, headers.

        Raises `HttpError` for a part that would end its line and begin something else.
        """
        target = self.url.target if self.target is None else self.target
        if absolute and target.startswith("/"):
            target = self.url.origin + target
        for part, text in ("method", self.method), ("target", target), ("version", self.version):
            if _BREAKS_A_LINE.search(text):
                raise _refused(f"the {part} {_quoted(text)} holds a space, a line end or a NUL")
        lines = [f"{self.method} {target} HTTP/{self.version}"]
        for name, value in (*self.headers, *more):
            if _BREAKS_A_HEADER.search(name) or _BREAKS_A_HEADER.search(value):
                raise _refused(f"the header {_quoted(name)}: {_quoted(value)} holds a line end or a NUL")
            lines.append(f"{name}: {value}")
        try:
            head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        except UnicodeEncodeError as error:
            raise _refused(f"{_quoted(error.object[error.start])} in its head is no single byte") from None
        return head + (self.body or b"")

    @property
    def is_well_framed(self) -> bool:
        """Whether its headers say where the body ends: only then can the connection serve another request."""
        if self.version != "1.1" or self._values("transfer-encoding") or self._values("upgrade"):
            return False
        lengths = self._values("content-length")
        size = len(self.body or b"")
        return lengths == [str(size)] or (not lengths and size == 0)

    @property
    def asks_to_close(self) -> bool:
        return any("close" in value.lower() for value in self._values("connection"))

    def _values(self, name: str) -> list[str]:
        return [value.strip() for found, value in self.headers if found.strip().lower() == name]


def usual_headers(url: Url, body: bytes | None = None, more: Iterable[tuple[str, str]] = ()) -> Pairs:
    """The headers without which a request isn't valid HTTP/1.1 (RFC 9112: Host, and Content-Length with a body), then
    `more`."""
    length = () if body is None else (("Content-Length", str(len(body))),)
    return (("Host", url.authority), *length, *more)


def _quoted(text: str) -> str:
    return f'"{printable(text, 60)}"'


def _refused(reason: str) -> HttpError:
    return HttpError("invalid-request", f"the request was not sent: {reason}. Send it as raw bytes if that is the test")
