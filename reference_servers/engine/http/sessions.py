"""Sessions of the stateful era over HTTP, and where the messages go that one POST in them causes.

Source: basic/transports#session-management and #sending-messages-to-the-server of 2025-03-26 to 2025-11-25.
"""

from collections.abc import Callable

import anyio
from anyio.abc import TaskStatus

from reference_servers.engine.connection import Connection
from reference_servers.engine.core import Send
from reference_servers.engine.exchange import Kind

from .streams import Event, EventStream, Streams

WAITING = 1000
"""Messages of a session that wait for the client to open a stream for them; more are dropped."""


MOST_LISTENING = 10
"""General streams of one session; with one more, the oldest ends."""


class Session:
    """A conversation with one client: a Connection that lives until `ended` is set, and the client's streams.

    `id` is None where there are no sessions: then it is about one POST.
    """

    def __init__(self, session_id: str | None, connect: Callable[[Send], Connection], streams: Streams) -> None:
        self.id = session_id
        self.connection = connect(self.say)
        self.connection.opening = "stateful"
        self.streams = streams
        self.ended = anyio.Event()
        self.posts: set[Post] = set()
        """Those that aren't finished."""
        self._general: list[EventStream] = []
        self._waiting: list[bytes] = []

    def listen(self) -> EventStream:
        """A new stream for what belongs to no POST (#listening-for-messages-from-the-server)."""
        stream = self.streams.open()
        self._general.append(stream)
        if len(self._general) > MOST_LISTENING:
            self._general.pop(0).end()
        for raw in self._waiting:
            stream.put(Event(raw))
        self._waiting.clear()
        return stream

    async def say(self, raw: bytes) -> None:
        """Send what belongs to no POST: on one of the general streams, and on no other (#multiple-connections).

        One that somebody reads comes first, then the newest, whose reader may come back to it.
        """
        if stream := next((one for one in self._general if one.read), None) or next(reversed(self._general), None):
            stream.put(Event(raw))
        elif self.id is not None and len(self._waiting) < WAITING:
            self._waiting.append(raw)

    def end(self) -> None:
        self.ended.set()

    async def live(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Hold the conversation until it ends, and its streams with it."""
        async with self.connection:
            task_status.started()
            await self.ended.wait()
        for stream in self._general:
            stream.end()
        for post in list(self.posts):
            await post.finish()


class Post:
    """What one POST of a session causes: answers for its response, and what is said on the way to them.

    In a stream, all of it is events. Without, answers are kept in `answers`, and of the rest only requests are sent,
    for which a stream is made. What the message doesn't leave room for belongs to the session.
    """

    def __init__(self, session: Session, *, streaming: bool, answered: bool) -> None:
        """`answered`: whether the message wants an answer at all."""
        self.session = session
        self.stream: EventStream | None = session.streams.open() if streaming and answered else None
        self.answers: list[bytes] = []
        self.settled = anyio.Event()
        """Set when it is known how the response looks: there is a stream, or all answers are there."""
        self._answered = answered
        self.finished = False
        self.at_once = False
        """Whether it was finished when the message had been handed over."""
        session.posts.add(self)
        if self.stream:
            self.settled.set()

    async def send(self, raw: bytes, kind: Kind) -> None:
        if self.finished or (kind != "answer" and not self._answered):
            await self.session.say(raw)
        elif self.stream:
            self.stream.put(Event(raw))
        elif kind == "answer":
            self.answers.append(raw)
        elif kind == "request":
            self.stream = self.session.streams.open()
            self.stream.put(Event(raw))
            self.settled.set()

    async def let_go(self) -> None:
        revision = self.session.connection.revision
        if self.stream and not self.finished and revision is not None and revision.polling:
            self.stream.interrupt()

    async def finish(self) -> None:
        self.finished = True
        self.session.posts.discard(self)
        if self.stream:
            self.stream.end()
        self.settled.set()
        if self.session.id is None:  # there was nothing but this
            self.session.end()
