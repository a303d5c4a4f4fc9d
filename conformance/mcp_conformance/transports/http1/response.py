"""An answer whose body is still coming."""

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from mcp_conformance.transports.http1.answers import AnswerReader, Head
from mcp_conformance.transports.http1.connection import Connection
from mcp_conformance.transports.http1.errors import HttpError
from mcp_conformance.transports.http1.messages import Headers
from mcp_conformance.transports.http1.urls import Url

Release = Callable[[Connection, bool], Awaitable[None]]
"""Takes a connection back, and whether it can serve another request."""


class Response:
    """The head of an answer, and its body as it arrives.

    Holds its connection until the body is complete, which it notices as soon as the bytes are there, or until
    `aclose`; use it with ``async with``. One task receives at a time; another may close.
    """

    def __init__(
        self, url: Url, head: Head, reader: AnswerReader, connection: Connection, release: Release, *, reusable: bool
    ) -> None:
        self.url = url
        self.status = head.status
        self.reason = head.reason
        self.version = head.version
        """"1.1" or "1.0"."""
        self.headers: Headers = head.headers
        """As h11 read them: without the white space around values; `head` has the bytes."""
        self.head = head.raw
        """The head byte for byte, from the status line to the blank line."""
        self.interim = head.interim
        """The heads of status 1xx that came before."""
        self.reused = connection.uses > 1
        """Whether the connection had served an earlier request."""
        self.extra = b""
        """What had come behind the end of the answer: nothing, from a server that does it right."""
        self._reader = reader
        self._connection = connection
        self._release = release
        self._reusable = reusable
        self._piece = b""
        self._error: HttpError | None = None
        self._released = False
        self._look()

    @property
    def content_encoding(self) -> str | None:
        """What the body is encoded with, though nobody asked for it; it is handed out as it came."""
        return self.headers.get("content-encoding")

    @property
    def trailers(self) -> Headers:
        """The headers behind a chunked body, once it is complete."""
        return self._reader.trailers

    @property
    def ended(self) -> bool:
        """Nothing is left to receive."""
        return self._reader.ended and not self._piece

    def redirect(self) -> Url | None:
        """Where a redirect leads (see `Url.same_origin`): it's never followed here. None if this is none.

        Raises `HttpError` if its Location is no URL to go to.
        """
        location = self.headers.get("location")
        return self.url.resolve(location) if 300 <= self.status < 400 and location is not None else None

    async def receive(self) -> bytes:
        """The next bytes of the body, as soon as there are any; b"" at its end, and again after it.

        Cancelling loses none. Raises `HttpError` when the body breaks off, and again after it.
        """
        while not self._piece:
            if self._error is not None:
                raise self._error
            if self._reader.ended:
                return b""
            try:
                await self._connection.receive_into(self._reader)
            except HttpError as error:
                self._error = error
            else:
                self._look()
            await self.settle()
        piece, self._piece = self._piece, b""
        return piece

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises `HttpError`: as `receive` does, and of kind ``too-large`` beyond `limit` bytes, with
        that many in `received`. An error or a cancellation closes the connection."""
        body = bytearray()
        try:
            while data := await self.receive():
                body += data
                if len(body) > limit:
                    raise HttpError(
                        "too-large", f"{self.url}: the body has more than {limit} bytes", bytes(body[:limit])
                    )
        except BaseException:
            await self.aclose()
            raise
        return bytes(body)

    async def settle(self) -> None:
        """Release the connection if the body is complete or broken."""
        if not self._released and (self._reader.ended or self._error is not None):
            self._released = True
            self.extra = self._reader.leftover
            reusable = self._reusable and self._error is None and self._reader.keeps_alive
            await self._release(self._connection, reusable)

    async def aclose(self) -> None:
        """Give up what hasn't come yet, and close the connection then. Safe to repeat."""
        if not self._released:
            self._released = True
            await self._release(self._connection, False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _look(self) -> None:
        """Take all of the body that has come, so that its end is noticed; an error waits for its turn."""
        pieces = []
        try:
            while piece := self._reader.body():
                pieces.append(piece)
        except HttpError as error:
            self._error = error
        self._piece = b"".join(pieces)
