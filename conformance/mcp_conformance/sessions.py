"""The servers and sessions of a run: opened as cases ask for them, shared where that does no harm, all ended at the
end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import anyio
from anyio.abc import TaskGroup

from mcp_conformance.cases.model import SessionOptions
from mcp_conformance.cases.runner import CannotOpen
from mcp_conformance.conduits import Conduit
from mcp_conformance.jsonrpc import MISSING
from mcp_conformance.session import Exchange, Session
from mcp_conformance.target import StdioTarget, Target
from mcp_conformance.wire import escape, short

_SHAREABLE = ("shared", "rough")


@dataclass(slots=True)
class Sessions:
    """An async context manager: sessions live in its task group, and leaving it ends every server.

    `deadline` and `barrier` are asked when a session is opened; `barrier` gives the method that a server answers in
    a revision.
    """

    target: Target
    start_deadline: float
    deadline: Callable[[], float]
    barrier: Callable[[str], str]
    alone: bool = False
    """The server can't run twice at a time: a new one is started only when all others have ended."""
    _shared: dict[tuple[str, str], Session] = field(default_factory=dict)
    """By revision and kind (shared or rough)."""
    _live: list[Session] = field(default_factory=list)
    _spare: Conduit | None = None
    _impatient: bool = False
    _group: TaskGroup = field(init=False)

    async def __aenter__(self) -> Self:
        self._group = await anyio.create_task_group().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.end_all()
        finally:
            try:
                await self.target.aclose()
            finally:
                await self._group.__aexit__(None, None, None)

    # ---------------------------------------------------------------------------------------------------------- opening

    async def connect(
        self, revision: str, capabilities: dict[str, Any] | None = None, *, terminal: bool = False
    ) -> Session:
        """A new server with a session on it, not yet initialized; or a new session, where all share one server.

        Raises `CommandError`.
        """
        if self.alone:
            await self.end_all()
        conduit = None
        if terminal and isinstance(self.target, StdioTarget):
            conduit = await self.target.connect_terminal()
        else:
            conduit, self._spare = self._spare, None
        if conduit is None or conduit.returncode() is not None:
            conduit = await self.target.connect(self._group, revision, impatient=self._impatient)
        session = Session(conduit, revision=revision, capabilities=capabilities, deadline=self.deadline())
        self._live.append(session)
        session.start(self._group)
        return session

    async def open(self, revision: str, options: SessionOptions) -> Session:
        """A session, opened as a case asks for it. Raises `CannotOpen`."""
        if options.open in _SHAREABLE and options.capabilities is None and options.answers == "at-once":
            session = self._shared.get((revision, options.open))
            if session is not None and session.alive and session.is_worn:
                await self.close(session)
                session = None
            if session is None or not session.alive:
                session = await self._handshake(await self.connect(revision), self.start_deadline)
                self._shared[revision, options.open] = session
            return session
        session = await self.connect(revision, options.capabilities, terminal=options.terminal)
        session.answering = options.answers == "at-once"
        if not self.alone and not options.terminal and not self.target.shares_server:
            # Where one new server is needed, another will be soon: it starts up while this one is tested.
            self._spare = await self.target.connect(self._group, revision, impatient=self._impatient)
        if options.open == "unopened":
            return session
        # On a terminal a server may say nothing at all, and be right: that isn't waited for as long as a start is.
        return await self._handshake(session, session.deadline if options.terminal else self.start_deadline)

    async def _handshake(self, session: Session, deadline: float) -> Session:
        if session.era == "stateless":
            exchange = await session.discover(deadline=deadline)
        else:
            exchange = await session.initialize(session.revision, deadline=deadline)
        if not isinstance(exchange.result, dict):
            reason = session.excess or silence(session, exchange, self.start_deadline)
            await self._end(session)
            raise CannotOpen(reason)
        session.barrier_method = self.barrier(session.revision)
        if session.era == "stateful":
            await session.initialized()
        return session

    def share(self, session: Session) -> None:
        """Let cases use a session in which only what a right client sends was sent."""
        self._shared[session.revision, "shared"] = session

    def is_shared(self, session: Session) -> bool:
        return any(session is shared for shared in self._shared.values())

    @property
    def others_run(self) -> bool:
        """Whether any server is running."""
        return self._spare is not None or any(session.alive for session in self._live)

    def waited(self) -> dict[int, float]:
        """Seconds that each session has waited for its server so far, by the session's identity."""
        return {id(session): session.waited for session in self._live}

    async def restart_server(self) -> bool:
        """End all sessions, and a server that they share; whether the next session will have a fresh server."""
        await self.end_all()
        if self.target.can_restart:
            await self.target.restart()
        return self.target.can_restart

    # ----------------------------------------------------------------------------------------------------------- ending

    async def close(self, session: Session) -> None:
        """End a session's server; its ending goes on beside whatever comes next."""
        self._shared = {key: shared for key, shared in self._shared.items() if shared is not session}
        if self.alone:
            await self._end(session)
        else:
            self._group.start_soon(self._end, session)

    async def end_all(self) -> None:
        """End all servers, and wait until they have ended."""
        self._shared.clear()
        spare, self._spare = self._spare, None
        async with anyio.create_task_group() as ending:
            for session in list(self._live):
                ending.start_soon(self._end, session)
            if spare is not None:
                ending.start_soon(_end_at_once, spare)

    async def _end(self, session: Session) -> None:
        try:
            ending = await session.aclose()
            self._impatient = self._impatient or ending.stage in ("sigterm", "sigkill")
        finally:
            if session in self._live:
                self._live.remove(session)


async def _end_at_once(conduit: Conduit) -> None:
    """End a server that nobody has spoken to: it has nothing to finish, and isn't judged."""
    with anyio.CancelScope() as scope:
        scope.cancel()
        await conduit.aclose()


_REFUSED = {
    401: "it wants to know who asks; give a token, such as --mcp-header='Authorization: Bearer ${TOKEN}'",
    403: "it doesn't let these credentials in (--mcp-header)",
    404: "there is nothing for MCP at this path of the URL",
    405: "there is nothing for MCP at this path of the URL",
    429: "it is asked more often than it allows; try later",
}


def silence(session: Session, exchange: Exchange, start_deadline: float) -> str:
    """Why there is no usable answer to the first request, in words."""
    asked = exchange.method
    if (told := _REFUSED.get(exchange.status or 0)) is not None and not isinstance(exchange.result, dict):
        return f"the server answered {asked} with HTTP status {exchange.status}: {told}"
    if exchange.answer is not None:
        status = f"HTTP status {exchange.status} and " if (exchange.status or 200) >= 300 else ""
        return f"the server answered {asked} with {status}{_words(exchange)}"
    if session.excess:
        return f"{session.excess}; no answer to {asked} was in it"
    # A server that never came up has ended before anything was sent.
    ended = next((event.text for event in session.transcript.events if event.direction == "closed"), "")
    if ended.startswith("the server") and not ended.startswith("the server answered"):
        return f"{ended} before it answered {asked}"
    if ended:
        return f"there is no answer to {asked}: {ended}"
    if exchange.over:
        return f"the server didn't answer {asked}: {exchange.over}"
    spoken = sum(event.direction == "received" and event.message is not None for event in session.transcript.events)
    what = f"{spoken} lines, none of them an answer to {asked}," if spoken else "nothing"
    return f"the server wrote {what} within {start_deadline:g} s (--mcp-start-deadline)"


def _words(exchange: Exchange) -> str:
    if isinstance(exchange.error, dict):
        return f"error {short(exchange.error.get('code'))}: {escape(str(exchange.error.get('message')))[:200]}"
    return short(exchange.error if exchange.result is MISSING else exchange.result)
