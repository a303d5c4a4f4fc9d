"""One message a line over a byte link: stdio, and its likeness in memory (basic/transports#stdio, all revisions)."""

from collections.abc import AsyncGenerator

import anyio
from anyio.abc import TaskGroup

from mcp_conformance.conduits import Arrival, HeaderChanges, message_of, too_much
from mcp_conformance.jsonrpc import LineFraming, Message
from mcp_conformance.transcript import Event
from mcp_conformance.transports import Ending, Link, LinkClosed

_EXIT_FOLLOWS = 0.5  # seconds


class LineConduit:
    """A `Conduit` over a `Link`."""

    by_lines = True

    def __init__(self, link: Link) -> None:
        self.link = link
        self._sending = anyio.Lock()

    @property
    def transport(self) -> str:
        return self.link.transport

    def start(self, tasks: TaskGroup) -> None:
        pass  # the link works by itself

    def outgoing(self, message: Message, data: bytes, changes: HeaderChanges | None = None) -> None:
        return None

    async def send(self, event: Event, data: bytes, *, newline: bool = True, wait: bool = False) -> None:
        async with self._sending:
            await self.link.send(data + b"\n" if newline else data)

    def requesting(self, method: str, data: bytes | None, changes: HeaderChanges | None = None) -> None:
        return None

    async def ask(self, event: Event, data: bytes | None) -> None:
        raise LinkClosed("there is no HTTP on this transport")

    async def abandon(self, number: int) -> bool:
        return False

    async def send_eof(self) -> None:
        await self.link.send_eof()

    async def arrivals(self, most: int) -> AsyncGenerator[Arrival, None]:
        framing = LineFraming()
        read = 0
        while data := await self.link.receive():
            for line in framing.feed(data):
                yield Arrival("message", message_of(line.data, cut=line.cut), cut=line.cut)
            read += len(data)
            if read > most:
                yield Arrival("end", text=too_much(most), excess=True)
                return
        for rest in framing.eof():
            yield Arrival("message", message_of(rest.data), unfinished=True)
        # The exit follows the end of the output; its status tells a reader more than anything else.
        await self.link.wait_exit(_EXIT_FOLLOWS)
        status = self.link.returncode()
        exited = "" if status is None else f" and exited with status {status}"
        yield Arrival("end", text=f"the server closed its output{exited}")

    async def wait_exit(self, timeout: float) -> Ending | None:
        return await self.link.wait_exit(timeout)

    async def aclose(self) -> Ending:
        return await self.link.aclose()

    def stderr_tail(self) -> str:
        return self.link.stderr_tail()

    def returncode(self) -> int | None:
        return self.link.returncode()
