"""The only door from ordinary code to the event loop, which runs in a thread of its own.

A call that is interrupted (Ctrl-C, a time-out of pytest's) is cancelled on the other side too: otherwise the loop would
go on talking to a server, and leaving it would hang.
"""

import concurrent.futures
import contextlib
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import anyio
from anyio.abc import TaskStatus
from anyio.from_thread import BlockingPortal, start_blocking_portal

from mcp_conformance.engine import Engine
from mcp_conformance.jsonrpc import JSON, MISSING
from mcp_conformance.session import Exchange, Session
from mcp_conformance.transcript import Transcript

T = TypeVar("T")

_CANCEL_BOUND = 3.0  # seconds for a cancelled call to let go


class Door:
    """A context manager: an event loop in a thread, with an engine open in it.

    Leaving it ends all servers: in their own time, or when `hurried` at once, by signals.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.hurried = False
        self._stack = contextlib.ExitStack()
        self._portal: BlockingPortal
        self._open: concurrent.futures.Future[None]
        self._leave: anyio.Event
        self._scope: anyio.CancelScope
        self._calls: set[_Call[Any]] = set()

    def __enter__(self) -> Self:
        with self._stack:
            self._portal = self._stack.enter_context(start_blocking_portal("asyncio"))
            self._open, _ = self._portal.start_task(self._keep_open)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._stack:
            self._ask_to_leave()
            try:
                self._open.result()
            except BaseException:
                self.hurried = True
                self._ask_to_leave()
                concurrent.futures.wait([self._open], timeout=_CANCEL_BOUND)
                raise

    async def _keep_open(self, *, task_status: TaskStatus[None]) -> None:
        self._leave = anyio.Event()
        with anyio.CancelScope() as self._scope:
            async with self.engine:
                task_status.started()
                try:
                    await self._leave.wait()
                finally:
                    for call in list(self._calls):
                        call.abandon()

    def _ask_to_leave(self) -> None:
        if not self._open.done():
            self._portal.call(self._scope.cancel if self.hurried else self._leave.set)

    def call(self, function: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        """Run a coroutine function in the loop and wait for it."""
        if self._open.done():
            self._open.result()
            raise RuntimeError("the engine has been closed")
        call: _Call[T] = _Call()
        # Known before it begins: an interruption may come at any instruction, and what is known is ended in the end.
        self._calls.add(call)

        async def run() -> None:
            try:
                with anyio.CancelScope() as call.scope:
                    if call.abandoned:
                        call.abandon()
                    call.result = await function(*arguments)
            except Exception as error:
                call.error = error
            finally:
                self._calls.discard(call)
                call.finish()

        try:
            self._portal.start_task_soon(run)
            call.wait()
        except BaseException as error:
            self.hurried = self.hurried or isinstance(error, KeyboardInterrupt)
            with contextlib.suppress(RuntimeError):  # the portal is closed
                self._portal.start_task_soon(call.abandon)
                call.wait(_CANCEL_BOUND)
            raise
        if call.error is not None:
            raise call.error
        return call.result


class _Call(Generic[T]):
    """A call through the door, from before it begins in the loop until it has ended there.

    Waiting is a bare lock's: a Ctrl-C amid a future's wait can come out as a RuntimeError of the future's condition.
    """

    def __init__(self) -> None:
        self.scope: anyio.CancelScope | None = None
        self.abandoned = False
        self.error: Exception | None = RuntimeError("the call was interrupted")
        self._running = threading.Lock()
        self._running.acquire()

    @property
    def result(self) -> T:
        return self._result

    @result.setter
    def result(self, value: T) -> None:
        self._result, self.error = value, None

    def abandon(self) -> None:
        """In the loop: cancel it, or let it be cancelled as soon as it begins."""
        self.abandoned = True
        if self.scope is not None:
            self.scope.cancel()

    def finish(self) -> None:
        self._running.release()

    def wait(self, timeout: float = -1) -> None:
        """Until it has ended, or so many seconds; without end when negative."""
        if self._running.acquire(timeout=timeout):
            self._running.release()


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
