"""Faults of Streamable HTTP in the stateful era: statuses, bodies, streams, sessions, the version header, Origin."""

from collections.abc import Mapping
from functools import partial
from itertools import count
from typing import Any, ClassVar

from reference_servers.engine.http import Event, Http, Streamable
from reference_servers.engine.http.headers import is_local_origin
from reference_servers.engine.http.streams import EventStream
from reference_servers.engine.http.wire import Fields
from reference_servers.engine.revisions import Revision

from . import _features as features
from . import fault as any_fault
from . import variant
from ._spoiling import a_moment, refused

STATEFUL = ("2025-03-26", "2025-06-18", "2025-11-25")
fault = partial(any_fault, revisions=STATEFUL)
JSON_ANSWERS: Mapping[str, Any] = {"answers": "json"}

variant("http-with-streams")(Streamable)
variant("http-with-json", settings=JSON_ANSWERS)(Streamable)
variant("http-without-sessions", settings={"sessions": False})(Streamable)
variant("http-without-sessions-and-with-json", settings={"sessions": False, **JSON_ANSWERS})(Streamable)
variant("http-that-is-polled", settings={"poll": 0, "retry": 1})(Streamable)
variant("http-that-logs-when-the-session-begins", endpoint=Streamable)(features.Logs)
variant("http-that-asks-for-roots", endpoint=Streamable)(features.Asks)

# -------------------------------------------------------------------------------------------------------- notifications

INITIALIZED = "http.notifications.initialized-is-accepted"
UNKNOWN = "http.notifications.unknown-is-accepted-or-refused"


def accepts(status: int, body: bytes = b"", fields: Fields = ()) -> type[Streamable]:
    class Accepts(Streamable):
        async def accept(self, http: Http) -> None:
            await http.respond(status, fields, body)

    return Accepts


ACKNOWLEDGED = {"breaks": "http.notification-202", "cases": [INITIALIZED, UNKNOWN]}
fault("accepts-notifications-with-200", **ACKNOWLEDGED)(accepts(200))
fault("accepts-notifications-with-204", **ACKNOWLEDGED)(accepts(204))
fault("accepts-notifications-with-200-and-ok", **ACKNOWLEDGED)(accepts(200, b"ok", [("Content-Type", "text/plain")]))
fault("accepts-notifications-with-a-body", breaks="http.notification-202-empty", cases=[INITIALIZED, UNKNOWN])(
    accepts(202, b"Accepted", [("Content-Type", "text/plain")])
)
fault("accepts-notifications-with-a-json-body", breaks="http.notification-202-empty", cases=[INITIALIZED, UNKNOWN])(
    accepts(202, b'{"status":"ok"}', [("Content-Type", "application/json")])
)


ANSWERED = dict.fromkeys(
    (
        "base.notifications.unknown-is-unanswered",
        "base.notifications.with-params-is-unanswered",
        "base.notifications.request-method-is-unanswered",
        "cancellation.unknown-request",
        "cancellation.finished-request",
        "cancellation.malformed",
    ),
    "the error answers a notification",
)


class RefusesUnknown(Streamable):
    """Says no to a notification that it doesn't know."""

    status: ClassVar[int] = 400

    async def accept(self, http: Http) -> None:
        if b"no-such" in http.body:
            await self.refuse(http, self.status, "no such notification")
        else:
            await super().accept(http)


variant("http-that-refuses-unknown-notifications")(RefusesUnknown)


@fault(
    "refuses-a-notification-in-a-200",
    breaks="http.notification-reject-status",
    cases=[UNKNOWN],
    may={
        "base.notifications.unknown-is-unanswered": "the error answers a notification",
        "base.notifications.with-params-is-unanswered": "the same",
    },
)
class RefusesWith200(RefusesUnknown):
    status = 200


# -------------------------------------------------------------------------------------------------------------- answers


class PlainText(Streamable):
    async def respond_json(self, http: Http, status: int, body: bytes, fields: Fields = ()) -> None:
        await http.respond(status, [("Content-Type", "text/plain"), *fields], body)


CONTENT = "http.answers.are-json-or-a-stream"
fault("json-as-plain-text", breaks="http.request-content-type", cases=[CONTENT], settings=JSON_ANSWERS)(PlainText)


@fault("json-without-a-content-type", breaks="http.request-content-type", cases=[CONTENT], settings=JSON_ANSWERS)
class NoType(Streamable):
    async def respond_json(self, http: Http, status: int, body: bytes, fields: Fields = ()) -> None:
        await http.respond(status, fields, body)


@fault("streams-as-plain-text", breaks="http.request-content-type", cases=[CONTENT])
class TextStream(Streamable):
    async def start_stream(self, http: Http, fields: Fields = ()) -> None:
        if http.method == "GET":
            await super().start_stream(http, fields)
            return
        await http.start(200, [("Content-Type", "text/plain"), *fields])
        http.streaming = True


@variant("http-with-parameters-and-odd-letters-in-content-types")
class OddTypes(Streamable):
    async def respond_json(self, http: Http, status: int, body: bytes, fields: Fields = ()) -> None:
        await http.respond(status, [("content-type", "Application/JSON; charset=utf-8"), *fields], body)

    def stream_fields(self) -> Fields:
        return [("CONTENT-TYPE", "text/event-stream;charset=UTF-8"), *super().stream_fields()[1:]]


@variant("http-with-json-in-chunks-and-lower-case-header-names", settings=JSON_ANSWERS)
class Chunked(Streamable):
    async def respond_json(self, http: Http, status: int, body: bytes, fields: Fields = ()) -> None:
        lower = [(name.lower(), value) for name, value in fields]
        await http.start(status, [("content-type", "application/json"), ("transfer-encoding", "chunked"), *lower])
        for at in range(0, len(body), 1000):
            await http.write(body[at : at + 1000])
        await http.end()


@variant("http-with-comments-times-and-types-in-streams")
class Comments(Streamable):
    async def write_event(self, http: Http, event: Event) -> None:
        await http.write(b": nothing to see\r\nretry: 10\r\n\r\n")
        await super().write_event(http, Event(event.data, "message", event.id, event.retry))


@variant("http-that-closes-each-connection")
class Closes(Streamable):
    async def respond_json(self, http: Http, status: int, body: bytes, fields: Fields = ()) -> None:
        await super().respond_json(http, status, body, [*fields, ("Connection", "close")])

    def stream_fields(self) -> Fields:
        return [*super().stream_fields(), ("Connection", "close")]


# ------------------------------------------------------------------------------------------------------------------ GET

GET = "http.get.is-a-stream-or-405"


def on_get(status: int, body: bytes = b"", content: str = "") -> type[Streamable]:
    class OnGet(Streamable):
        async def on_get(self, http: Http) -> None:
            await http.respond(status, [("Content-Type", content)] if content else [], body)

    return OnGet


fault("get-is-not-found", breaks=["http.get-stream-or-405", "http.single-endpoint"], cases=[GET])(on_get(404))
fault("get-gives-a-page", breaks="http.get-stream-or-405", cases=[GET])(on_get(200, b"<h1>Welcome</h1>", "text/html"))
fault("get-gives-json", breaks="http.get-stream-or-405", cases=[GET])(on_get(200, b'{"ok":true}', "application/json"))
fault("get-is-a-bad-request", breaks="http.get-stream-or-405", cases=[GET])(on_get(400))
fault("get-is-not-implemented", breaks="http.get-stream-or-405", cases=[GET])(on_get(501))
variant("http-that-refuses-get")(on_get(405))


# -------------------------------------------------------------------------------------------------------------- streams

ELSEWHERE = ["http.get.has-no-response", "http.streams.have-the-response"]


@fault(
    "answers-on-the-stream-of-get",
    breaks=["http.get-no-response", "http.stream-has-response"],
    cases=ELSEWHERE,
)
class AnswersOnGet(Streamable):
    async def answer_post(self, http: Http, post: Any, fields: Fields) -> None:
        streams = post.session._general
        if not streams or post.stream is None or not streams[-1].read:
            await super().answer_post(http, post, fields)
            return
        async for event in post.stream.events():
            streams[-1].put(Event(event.data))
        await a_moment()  # so that it is there before its request's own response has ended
        await self.start_stream(http, fields)
        await http.end()


@fault("streams-stay-open", breaks="http.close-after-response", cases=["http.streams.end-after-the-response"])
class StaysOpen(Streamable):
    async def answer_post(self, http: Http, post: Any, fields: Fields) -> None:
        if post.stream is None or b'"initialize"' in http.body:
            await super().answer_post(http, post, fields)
            return
        await self.start_stream(http, fields)
        await self.prime(http, post.stream)
        async for event in post.stream.events():
            await self.write_event(http, event)
        await self.keep_alive(http)


class Numbering(Streamable):
    """Numbers the events of each stream from one."""

    async def write_event(self, http: Http, event: Event) -> None:
        number = getattr(http, "number", 0) + 1
        http.number = number  # type: ignore[attr-defined]
        await super().write_event(http, Event(event.data, event.type, str(number) if event.id else None, event.retry))


fault(
    "event-ids-begin-anew-on-each-stream", breaks="http.event-id-unique", cases=["http.streams.event-ids-are-unique"]
)(Numbering)


@variant("http-with-streams-without-ids")
class NoIds(Streamable):
    async def prime(self, http: Http, stream: EventStream) -> None: ...

    async def write_event(self, http: Http, event: Event) -> None:
        await super().write_event(http, Event(event.data, event.type))


@fault("streams-begin-with-the-response", breaks="http.prime-event", cases=["http.streams.begin-with-an-id"])
class NotPrimed(Streamable):
    async def prime(self, http: Http, stream: EventStream) -> None: ...


@fault(
    "connections-close-without-retry",
    breaks="http.retry-before-close",
    cases=["http.streams.say-when-to-come-back"],
    settings={"poll": 0},
)
class NoRetry(Streamable):
    async def ask_to_poll(self, http: Http) -> None:
        if b'"tools/list"' not in http.body:
            await super().ask_to_poll(http)


@fault(
    "connections-close-before-the-response",
    breaks="http.no-close-before-response",
    cases=["http.streams.wait-for-the-response"],
)
class ClosesEarly(Streamable):
    async def answer_post(self, http: Http, post: Any, fields: Fields) -> None:
        if b'"tools/list"' not in http.body:
            await super().answer_post(http, post, fields)
            return
        await self.start_stream(http, fields)
        await self.prime(http, post.stream)
        await self.ask_to_poll(http)
        await http.end()


@fault(
    "asks-on-two-streams",
    breaks="http.no-broadcast",
    cases=["http.streams.hold-a-message-once"],
    connection=features.Asks,
)
class Broadcasts(Streamable):
    said: bytes | None = None

    async def write_event(self, http: Http, event: Event) -> None:
        if http.method == "GET" and event.data and b'"roots/list"' in event.data:
            self.said = event.data
        elif http.method == "POST" and event.data and self.said is not None:
            said, self.said = self.said, None
            await super().write_event(http, Event(said))
        await super().write_event(http, event)


# ------------------------------------------------------------------------------------------------------------- sessions


def session_ids(make: Any) -> type[Streamable]:
    class Ids(Streamable):
        def new_session_id(self) -> str:
            return str(make())

    return Ids


ASCII = "http.session-id.is-visible-ascii"
counter, other = count(), count()
fault("session-ids-with-a-space", breaks="http.session-id-ascii", cases=[ASCII])(
    session_ids(lambda: f"session number {next(counter):020}")
)
fault("session-ids-with-an-accent", breaks="http.session-id-ascii", cases=[ASCII])(
    session_ids(lambda: f"séance-{next(counter):020}")
)
fault("session-ids-that-count", breaks="http.session-id-secure", cases=["sessions.ids-are-secure"])(
    session_ids(lambda: next(other))
)


class MissingSession(Streamable):
    """Refuses a request without a session id in another way."""

    status: ClassVar[int] = 404

    async def session_missing(self, http: Http) -> None:
        await self.refuse(http, self.status, "no session")


NO_ID = {"breaks": "http.session-required-400", "cases": ["sessions.missing-id"]}
fault("no-session-id-is-not-found", **NO_ID)(MissingSession)


@fault("no-session-id-is-an-internal-error", **NO_ID)
class MissingSession500(MissingSession):
    status = 500


class DeadSession(Streamable):
    """Refuses a request of a session that has ended in another way."""

    status: ClassVar[int] = 400

    async def session_unknown(self, http: Http) -> None:
        await refused(self, http, self.status, "no such session")


GONE = {"breaks": "http.session-gone-404", "cases": ["sessions.terminated"]}
fault("dead-sessions-are-a-bad-request", **GONE)(DeadSession)


@fault("dead-sessions-are-an-error-with-200", **GONE)
class DeadSession200(DeadSession):
    status = 200


@fault("dead-sessions-go-on", **GONE)
class Undead(Streamable):
    async def on_delete(self, http: Http) -> None:
        await http.respond(200)


@variant("http-that-lets-nobody-end-a-session")
class NoDelete(Streamable):
    async def on_delete(self, http: Http) -> None:
        await self.not_allowed(http)


@variant("http-that-ends-sessions-with-204")
class Delete204(Streamable):
    async def on_delete(self, http: Http) -> None:
        session = await self.session_of(http)
        if session is not None and session.id is not None:
            del self._sessions[session.id]
            session.end()
            await http.respond(204)


# ---------------------------------------------------------------------------------------------------------- the version


@fault("any-version-header-will-do", breaks="http.version-header-400", cases=["http.version.unknown-is-refused"])
class AnyVersion(Streamable):
    async def refuses_version(self, http: Http, revision: Revision | None) -> bool:
        return False


@fault(
    "unknown-versions-are-not-acceptable", breaks="http.version-header-400", cases=["http.version.unknown-is-refused"]
)
class Version406(Streamable):
    async def refuses_version(self, http: Http, revision: Revision | None) -> bool:
        if http.headers.get("MCP-Protocol-Version") in (None, *(one.name for one in self.server.revisions)):
            return False
        await self.refuse(http, 406, "not this version")
        return True


@fault(
    "no-version-header-is-an-internal-error",
    breaks="http.version-header-default",
    cases=["http.version.missing-is-served"],
)
class NeedsVersion(Streamable):
    async def refuses_version(self, http: Http, revision: Revision | None) -> bool:
        if revision is not None and revision.version_header and http.headers.get("MCP-Protocol-Version") is None:
            await http.respond(500)
            return True
        return await super().refuses_version(http, revision)


# --------------------------------------------------------------------------------------------------------------- Origin

FOREIGN, LOOKALIKE = "security.origin.foreign-is-refused", "security.origin.looks-like-local"
VALIDATES = ["http.origin-validate", "http.origin-403"]


@fault("any-origin-will-do", breaks=VALIDATES, cases=[FOREIGN, LOOKALIKE])
class AnyOrigin(Streamable):
    def forbidden(self, http: Http) -> str | None:
        return None


@fault("origins-by-how-they-begin", breaks=VALIDATES, cases=[LOOKALIKE])
class OriginPrefix(Streamable):
    def forbidden(self, http: Http) -> str | None:
        origin = http.headers.get("Origin")
        return None if origin is None or origin.startswith("http://localhost") else "not from here"


class OtherStatus(Streamable):
    """Refuses a foreign origin, with another status."""

    status: ClassVar[int] = 400

    async def handle(self, http: Http) -> None:
        origin = http.headers.get("Origin")
        if origin is not None and not is_local_origin(origin):
            await refused(self, http, self.status, "not from here")
        else:
            await super().handle(http)


STATUS = {"breaks": "http.origin-403", "cases": [FOREIGN, LOOKALIKE]}
fault("foreign-origins-are-a-bad-request", **STATUS)(OtherStatus)


@fault("foreign-origins-are-an-error-with-200", **STATUS)
class Origin200(OtherStatus):
    status = 200
