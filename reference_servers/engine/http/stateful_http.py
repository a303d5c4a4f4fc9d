"""Streamable HTTP in the stateful era: sessions, streams that can be taken up again, POST, GET and DELETE.

Source: basic/transports of 2025-03-26, 2025-06-18 and 2025-11-25.
"""

import math
import secrets
from collections import OrderedDict
from contextlib import aclosing
from dataclasses import replace

import anyio
from anyio.abc import TaskStatus

from reference_servers.engine import messages
from reference_servers.engine.connection import Connection
from reference_servers.engine.exchange import within
from reference_servers.engine.messages import JSON, Malformed, Request
from reference_servers.engine.revisions import Revision
from reference_servers.engine.server import Server

from . import headers
from .endpoint import DEFAULTS, Endpoint, Settings
from .sessions import Post, Session
from .streams import Event, EventStream, Streams
from .wire import Fields, Http

MOST_SESSIONS = 1000
"""Sessions that are held; to open one more, the one that was used least recently is ended."""

ASSUMED = "2025-03-26"
"""The version of a request that names none, where nothing else tells it (#protocol-version-header)."""


class StatefulHttp(Endpoint):
    """The endpoint of the stateful era."""

    def __init__(
        self, server: Server, connection: type[Connection] = Connection, settings: Settings = DEFAULTS
    ) -> None:
        super().__init__(server if settings.sessions else _telling(server), connection, settings)
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._alive: set[Session] = set()
        self._streams = Streams()  # of all clients, where there are no sessions

    async def end(self) -> None:
        await super().end()
        for session in list(self._alive):
            session.end()

    # ------------------------------------------------------------------------------------------------------- POST

    async def stateful_post(self, http: Http, body: JSON) -> None:
        """Take a message: 202 for what wants no answer, else an answer, as JSON or at the end of a stream."""
        message = messages.classify(body)
        session = await self.session_of_post(http, message)
        if session is None:
            return
        connection = session.connection
        answered = _wants_answer(body, batches=connection.takes_batches())
        post = Post(session, streaming=self.settings.answers == "stream", answered=bool(answered))
        new = session.id not in self._sessions
        with within(post):
            await connection.handle(http.body)
        post.at_once = post.finished
        fields = self.open_session(session) if new and session.id is not None else ()
        if answered:
            await post.settled.wait()
            await self.answer_post(http, post, fields)
        elif answered is None:
            await self.respond_json(http, 400, next(iter(post.answers), b""))
        elif post.answers:  # there are none, unless the server is a wrong one
            await self.respond_json(http, 200, post.answers[0])
        else:
            await self.accept(http)

    async def answer_post(self, http: Http, post: Post, fields: Fields) -> None:
        """Answer a request, or a batch with one."""
        if post.stream:
            revision = post.session.connection.revision
            await self.send_events(http, post.stream, revision, fields, hurry=not post.at_once)
        elif post.answers:
            await self.respond_json(http, 200, post.answers[0], fields)
        else:  # it was cancelled; of the two kinds of answer only a stream may be without the response
            await self.start_stream(http, fields)
            await http.end()

    async def session_of_post(self, http: Http, message: object) -> Session | None:
        """The session that a message belongs to, or a new one; None if the request is refused for want of one.

        What is no message gets a session too, if only to be told so.
        """
        if self.settings.sessions and http.headers.get(headers.SESSION) is not None:
            return await self.session_of(http)
        opens = isinstance(message, Request) and message.method == "initialize"
        if self.settings.sessions and not opens and not isinstance(message, Malformed):
            await self.session_missing(http)
            return None
        session = Session(
            self.new_session_id() if opens and self.settings.sessions else None,
            self.connect,
            Streams() if self.settings.sessions else self._streams,
        )
        if not self.settings.sessions and not opens:
            if await self.refuses_version(http, None):
                return None
            session.connection.revision = self.stated_revision(http)
        self._alive.add(session)
        await self.tasks.start(self._live, session)
        return session

    async def _live(self, session: Session, *, task_status: TaskStatus[None]) -> None:
        try:
            await session.live(task_status=task_status)
        finally:
            self._alive.discard(session)

    # --------------------------------------------------------------------------------------------------- sessions

    def new_session_id(self) -> str:
        """An id that can't be guessed, of visible ASCII characters (#session-management)."""
        return secrets.token_urlsafe(24)

    def open_session(self, session: Session) -> Fields:
        """Keep a session whose `initialize` succeeded; header fields for the answer. Without success there is none."""
        if session.id is None or session.connection.revision is None:
            session.end()
            return ()
        self._sessions[session.id] = session
        if len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)[1].end()
        return [(headers.SESSION, session.id)]

    async def session_of(self, http: Http) -> Session | None:
        """The session that a request names, if it may be used so; None if the request is refused."""
        session_id = http.headers.get(headers.SESSION)
        if session_id is None:
            await self.session_missing(http)
            return None
        session = self._sessions.get(session_id)
        if session is None:
            await self.session_unknown(http)
            return None
        if await self.refuses_version(http, session.connection.revision):
            return None
        self._sessions.move_to_end(session_id)
        return session

    async def session_missing(self, http: Http) -> None:
        await self.refuse(http, 400, f"{headers.SESSION} is missing; initialize gives one")

    async def session_unknown(self, http: Http) -> None:
        """Refuse a session that never was, or has ended: the client has to start anew."""
        await self.refuse(http, 404, "there is no such session; initialize opens a new one")

    # --------------------------------------------------------------------------------------------------- versions

    async def refuses_version(self, http: Http, revision: Revision | None) -> bool:
        """Refuse a version that isn't spoken; whether it was. `revision` is the session's (#protocol-version-header).

        One that differs from the session's, but is spoken, does no harm: the session's counts. Where the session's
        revision has no such header, it isn't looked at.
        """
        if revision is not None and (not revision.version_header or http.headers.get(headers.VERSION) is None):
            return False
        if self.stated_revision(http) is not None:
            return False
        spoken = ", ".join(one.name for one in self.server.of_era("stateful"))
        await self.refuse(http, 400, f"{headers.VERSION} must be one of {spoken}")
        return True

    def stated_revision(self, http: Http) -> Revision | None:
        """The revision that a request names, or that is assumed if it names none; None if that isn't spoken."""
        stated = http.headers.get(headers.VERSION)
        name = ASSUMED if stated is None else stated
        return next((one for one in self.server.of_era("stateful") if one.name == name), None)

    # ------------------------------------------------------------------------------------------------ GET, DELETE

    async def on_get(self, http: Http) -> None:
        """Open a stream for what belongs to no POST, or take up one that broke off."""
        last_event = http.headers.get(headers.LAST_EVENT)
        if not headers.accepts(http.headers, headers.STREAM_TYPE):
            await self.refuse(http, 406, f"Accept must list {headers.STREAM_TYPE}")
        elif not self.settings.sessions:
            if last_event is None:
                await self.refuse(http, 405, "without sessions there is no stream to listen to", [("Allow", "POST")])
            elif not await self.refuses_version(http, None):
                await self.resume(http, last_event, self._streams, self.stated_revision(http))
        elif session := await self.session_of(http):
            if last_event is None:
                await self.send_events(http, session.listen(), None)
            else:
                await self.resume(http, last_event, session.streams, session.connection.revision)

    async def resume(self, http: Http, last_event: str, streams: Streams, revision: Revision | None) -> None:
        """Send what a stream had after an event, and has from then on (#resumability-and-redelivery)."""
        if found := streams.find(last_event):
            stream, number = found
            await self.send_events(http, stream, revision, after=number, primed=True)
        else:
            await self.refuse(http, 400, f"{headers.LAST_EVENT} names no event of a stream that is still known")

    async def on_delete(self, http: Http) -> None:
        """End a session (#session-management)."""
        if not self.settings.sessions:
            await self.refuse(http, 405, "there are no sessions here", [("Allow", "POST")])
        elif (session := await self.session_of(http)) and session.id is not None:
            del self._sessions[session.id]
            session.end()
            await http.respond(200)

    # ---------------------------------------------------------------------------------------------------- streams

    async def send_events(
        self,
        http: Http,
        stream: EventStream,
        revision: Revision | None,
        fields: Fields = (),
        *,
        after: int = 0,
        primed: bool = False,
        hurry: bool = False,
    ) -> None:
        """Answer with the events of a stream, or, if the client is to poll, with those that come soon.

        `revision` decides about polling; None for a stream without an end that could be polled for. In a `hurry` it
        isn't even looked for events where there is no time to wait for any.
        """
        polls = revision is not None and revision.polling
        patience = self.settings.poll if polls and self.settings.poll is not None else math.inf
        await self.start_stream(http, fields)
        if polls and not primed:
            await self.prime(http, stream)
        if not hurry or patience > 0:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self.keep_alive, http)
                async with aclosing(stream.events(after, patience=patience)) as events:
                    async for event in events:
                        await self.write_event(http, event)
                        after += 1
                tasks.cancel_scope.cancel()
        if polls and not (stream.ended and stream.count == after):
            await self.ask_to_poll(http)
        await http.end()

    async def prime(self, http: Http, stream: EventStream) -> None:
        """Give the client an event id to come back with, before there is anything to say (2025-11-25)."""
        await self.write_event(http, Event(b"", id=stream.event_id(0)))

    async def ask_to_poll(self, http: Http) -> None:
        """Tell the client how long to wait before it comes back, since the connection is closed now (2025-11-25)."""
        await self.write_event(http, Event(retry=self.settings.retry))


def _telling(server: Server) -> Server:
    """A server that negotiates only what later requests tell by themselves, as it takes where there are no sessions.

    A request that names no version is taken for one of `ASSUMED`, so that an older revision that names none either
    couldn't be told from it. A server of nothing else has no choice.
    """
    telling = [one for one in server.revisions if one.version_header or one.name == ASSUMED]
    return replace(server, revisions=telling) if telling else server


def _wants_answer(body: JSON, *, batches: bool) -> bool | None:
    """Whether a body wants an answer; None if it is no message at all."""
    if isinstance(body, list) and body and batches:
        return any(isinstance(messages.classify(part), Request | Malformed) for part in body)
    message = messages.classify(body)
    return None if isinstance(message, Malformed) else isinstance(message, Request)
