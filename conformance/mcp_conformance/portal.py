"""The only door from ordinary code to the event loop, which runs in a thread of its own.

A call that is interrupted (Ctrl-C, a time-out of pytest's) is cancelled on the other side too: otherwise the loop would go on talking to
a server, and leaving it would hang.
"""

import concurrent.futures
import contextlib
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from mcp_conformance.engine import Engine
from mcp_conformance.jsonrpc import JSON, MISSING
from mcp_conformance.session import Exchange, Session
from mcp_conformance.transcript import Transcript

T = TypeVar("T")

_CANCEL_BOUND = 15.0  # seconds for a cancelled call to let go


class Door:
    """A context manager: an event loop in a thread, with an engine open in it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._stack = contextlib.ExitStack()
        self._portal: BlockingPortal

    def __enter__(self) -> Self:
        self._portal = self._stack.enter_context(start_blocking_portal("asyncio"))
        self._stack.enter_context(self._portal.wrap_async_context_manager(self.engine))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def call(self, function: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        """Run a coroutine function in the loop and wait for it."""
        future = self._portal.start_task_soon(function, *arguments)
        try:
            return future.result()
        except BaseException:
            if not future.done():
                future.cancel()
                concurrent.futures.wait([future], timeout=_CANCEL_BOUND)
            raise


class BlockingSession:
    """A session for ordinary tests: the same conversation, call by call. See `mcp_conformance.session.Session`."""

    def __init__(self, door: Door, session: Session) -> None:
        self._door, self._session = door, session

    @property
    def server(self) -> dict[str, JSON]:
        """The result of `initialize`."""
        return self._session.server

    @property
    def revision(self) -> str:
        return self._session.revision

    @property
    def transcript(self) -> Transcript:
        """Everything that crossed the wire so far."""
        return self._session.transcript

    def call(self, method: str, params: JSON = MISSING, *, deadline: float | None = None) -> Exchange:
        """Send a request and wait for its answer: `.result` or `.error`, MISSING where it has none."""

        async def call() -> Exchange:
            return await self._session.call(method, params, deadline=deadline)

        return self._door.call(call)

    def notify(self, method: str, params: JSON = MISSING) -> None:
        """Send a notification."""
        self._door.call(self._session.notify, method, params)

    def raw(self, data: bytes) -> None:
        """Send bytes as they are, and a newline."""
        self._door.call(self._session.raw, data)
