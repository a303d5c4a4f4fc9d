"""One open connection, as a request and its answer use it."""

import contextlib
import math
import ssl
from dataclasses import dataclass

import anyio
from anyio.abc import ByteStream

from mcp_conformance.transports import CHUNK
from mcp_conformance.transports.http1.answers import AnswerReader
from mcp_conformance.transports.http1.errors import HttpError, tls_words
from mcp_conformance.transports.http1.tcp import TcpStream
from mcp_conformance.transports.http1.urls import Url


@dataclass(frozen=True, slots=True)
class Route:
    """How to reach the origin of a URL. Two requests can share a connection if their routes are equal."""

    origin: str
    proxy: Url | None
    tunnel: bool
    """Ask the proxy for a tunnel, and speak to the server itself; else the proxy reads the requests."""

    @property
    def where(self) -> str:
        """The server, for messages."""
        return self.origin if self.proxy is None else f"{self.origin} (through the proxy {self.proxy.origin})"


class Connection:
    """Serves one request after another, each from one task. `stream` is `tcp`, or TLS over it."""

    def __init__(self, route: Route, stream: ByteStream, tcp: TcpStream) -> None:
        self.route = route
        self.uses = 0
        """Requests that were sent on it."""
        self.idle_since = math.inf
        self._stream = stream
        self._tcp = tcp

    async def send(self, data: bytes) -> None:
        """Send all of `data`, without waiting for the server to read it. Returns also when the server takes no more:
        what it answers tells why."""
        with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError, ssl.SSLError):
            await self._stream.send(data)

    async def receive_into(self, reader: AnswerReader) -> None:
        """Feed the reader what comes next, its end included. Raises `HttpError`. Cancelling loses nothing."""
        try:
            data = await self._stream.receive(CHUNK)
        except anyio.EndOfStream:
            data = b""
        except anyio.ClosedResourceError:
            raise HttpError("ended-here", f"the connection to {self.route.where} was closed at our end") from None
        except anyio.BrokenResourceError:
            raise reader.broken_off("reset the connection") from None
        except ssl.SSLError as error:
            raise reader.broken_off(f"broke the TLS connection ({tls_words(error)})") from None
        reader.feed(data)

    def is_quiet(self) -> bool:
        """Whether it can serve another request: all is sent, nothing has come, and the server hasn't closed it."""
        return self._tcp.is_quiet()

    async def aclose(self) -> None:
        """Close at once, also when cancelled; what isn't sent is dropped. Safe to repeat."""
        await self._tcp.aclose()
