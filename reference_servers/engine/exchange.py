"""Where the messages go that one incoming message causes.

On stdio all messages share one channel. Over HTTP the answer to a request belongs to that request's own response, and
what is said on the way to the stream that carries it. So a transport may set an exchange while it hands over a message;
whatever is sent from then on, in tasks started meanwhile too, goes to that exchange. The code that sends need not know.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, Protocol, TypeAlias

Kind: TypeAlias = Literal["answer", "notification", "request", "raw"]
"""What is sent: an answer (whatever has no method), a notification, a request of the server's own, or bare bytes."""


class Exchange(Protocol):
    """What a transport knows of one incoming message."""

    async def send(self, raw: bytes, kind: Kind) -> None:
        """Take one encoded message."""

    async def let_go(self) -> None:
        """Close the connection though there is more to come, if the client knows to come back for it."""

    async def finish(self) -> None:
        """Nothing more comes: the message was answered, was cancelled, or wanted no answer."""


CURRENT: ContextVar[Exchange | None] = ContextVar("CURRENT", default=None)
"""The exchange of the message that is being handled; None where the transport has one channel for all."""


@contextmanager
def within(exchange: Exchange | None) -> Iterator[None]:
    """What is handled inside belongs to this exchange, or to none."""
    token = CURRENT.set(exchange)
    try:
        yield
    finally:
        CURRENT.reset(token)


class Batch:
    """The answers to the parts of one JSON-RPC batch, sent together once the last one is there.

    Source: JSON-RPC 2.0, section 6, to which 2025-03-26 basic/index#batching refers.
    """

    def __init__(self, outer: Exchange) -> None:
        self._outer = outer
        self._waiting = 0
        self._complete = False
        self._answers: list[bytes] = []

    def part(self) -> Exchange:
        """The exchange of one more part."""
        self._waiting += 1
        return _Part(self)

    async def complete(self) -> None:
        """There are no more parts."""
        self._complete = True
        await self._send_if_done()

    async def _send_if_done(self) -> None:
        if self._complete and not self._waiting:
            if self._answers:  # a batch of notifications has no answer at all, not an empty one
                await self._outer.send(b"[" + b",".join(self._answers) + b"]", "answer")
            await self._outer.finish()

    async def take(self, raw: bytes, kind: Kind) -> None:
        if kind == "answer":
            self._answers.append(raw)
        else:
            await self._outer.send(raw, kind)

    async def finish_part(self) -> None:
        self._waiting -= 1
        await self._send_if_done()


class _Part:
    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._finished = False

    async def send(self, raw: bytes, kind: Kind) -> None:
        await self._batch.take(raw, kind)

    async def let_go(self) -> None:
        """A batch is answered as a whole."""

    async def finish(self) -> None:
        if not self._finished:
            self._finished = True
            await self._batch.finish_part()
