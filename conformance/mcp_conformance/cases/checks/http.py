"""Passive checks of the HTTP transports, over every response (basic/transports; 2026-07-28
basic/transports/streamable-http)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from mcp_conformance.cases.checks import Report, check
from mcp_conformance.exchanges import Exchange
from mcp_conformance.methods import names_notification
from mcp_conformance.observation import Observation
from mcp_conformance.revisions import era_of
from mcp_conformance.sse import ServerEvent
from mcp_conformance.transcript import Event, HttpPart
from mcp_conformance.wire import printable, short

_JSON, _STREAM = "application/json", "text/event-stream"
_KEPT_OUT = (401, 403, 429)


@dataclass(slots=True)
class _Response:
    """One HTTP request and what came for it. `events` are those behind the head."""

    asked: Event
    head: Event | None = None
    events: list[Event] = field(default_factory=list)

    @property
    def http(self) -> HttpPart | None:
        return self.head.http if self.head is not None else None

    @property
    def status(self) -> int:
        return (self.http.status or 0) if self.http is not None else 0

    @property
    def kind(self) -> str:
        """The media type, in lower case."""
        content = self.http.header("content-type") if self.http is not None else None
        return (content or "").partition(";")[0].strip().lower()

    @property
    def is_stream(self) -> bool:
        return 200 <= self.status < 300 and self.kind == _STREAM

    @property
    def is_general(self) -> bool:
        """Whether it was asked for by GET, for no request of ours."""
        http = self.asked.http
        return http is not None and http.method == "GET" and not http.reply_to

    @property
    def resumes(self) -> str | None:
        """The id of the event behind which a stream is taken up again."""
        return self.asked.http.header("last-event-id") if self.asked.http is not None else None

    @property
    def numbers(self) -> tuple[int, ...]:
        return (self.asked.number,) if self.head is None else (self.asked.number, self.head.number)

    def server_events(self) -> Iterator[tuple[Event, ServerEvent]]:
        for event in self.events:
            if event.http is not None and event.http.sse is not None:
                yield event, event.http.sse


def _responses(observation: Observation) -> list[_Response]:
    """All HTTP requests of the session, in order."""
    found: dict[int, _Response] = {}
    for event in observation.events:
        if event.http is None:
            continue
        if event.direction == "sent":
            found[event.http.exchange] = _Response(event)
        elif (response := found.get(event.http.exchange)) is not None:
            if response.head is None:
                response.head = event
            else:
                response.events.append(event)
    return list(found.values())


def _of(exchange: Exchange, responses: list[_Response]) -> list[_Response]:
    """Those in which the answer to a request could come: of its own POST, redirects followed, and of GETs that resumed
    it."""
    number = exchange.sent.number
    return [
        response
        for response in responses
        if response.asked.number == number or (response.asked.http and response.asked.http.reply_to == number)
    ]


def _streamable(observation: Observation) -> bool:
    return observation.transport == "http"


# ------------------------------------------------------------------------------------------------ single responses


@check("http.answers.are-json-or-a-stream", judges=["http.request-content-type"], everywhere=True)
def answers_are_json_or_a_stream(observation: Observation, report: Report) -> None:
    """The answer to a request is JSON or an event stream, and its content type says so."""
    if not _streamable(observation):
        return
    for exchange in observation.answered():
        http = exchange.head.http if exchange.head is not None else None
        if http is None or (http.status or 0) >= 300:
            continue
        report.saw()
        content = http.header("content-type")
        if (content or "").partition(";")[0].strip().lower() not in (_JSON, _STREAM):
            report.problem(
                f"Content-Type {_JSON} or {_STREAM}",
                "no Content-Type" if content is None else f"Content-Type {short(content)}",
                at="the header Content-Type",
                events=exchange.events,
            )


@check("http.get.is-a-stream-or-405", judges=["http.get-stream-or-405", "http.single-endpoint"])
def get_is_a_stream_or_405(observation: Observation, report: Report) -> None:
    """The endpoint that takes POST also takes GET, or refuses it with HTTP status 405."""
    if not _streamable(observation):
        return
    if era_of(observation.revision) == "stateless":
        for exchange in observation.exchanges:
            if exchange.answer is not None:
                report.saw("http.single-endpoint")
            elif exchange.status in (404, 405):
                report.problem(
                    f"an endpoint that takes POST of {exchange.method}",
                    f"HTTP status {exchange.status}",
                    at="POST",
                    events=exchange.events,
                    requirement="http.single-endpoint",
                    cause=f"no-answer:{exchange.method}",
                )
        return
    for response in _responses(observation):
        if not response.is_general or response.resumes is not None:
            continue
        if response.head is None:
            for requirement in ("http.get-stream-or-405", "http.single-endpoint"):
                report.unsure[requirement] = "the server had said nothing to GET when the survey ended"
            continue
        if response.status in _KEPT_OUT:
            report.unsure["http.get-stream-or-405"] = f"GET was answered with HTTP status {response.status}"
            continue
        report.saw("http.get-stream-or-405")
        report.saw("http.single-endpoint")
        if response.is_stream or response.status == 405:
            continue
        wrong = ["http.get-stream-or-405", *(["http.single-endpoint"] if response.status == 404 else [])]
        content = f", {short(response.kind)}" if response.status < 300 else ""
        for requirement in wrong:
            report.problem(
                "an event stream, or HTTP status 405",
                f"HTTP status {response.status}{content}",
                at="GET",
                events=response.numbers,
                requirement=requirement,
                cause="get-without-stream",
            )


@check(
    "http.session-id.is-visible-ascii",
    judges=["http.session-id-ascii"],
    idle="the server assigns no session id",
)
def session_id_is_visible_ascii(observation: Observation, report: Report) -> None:
    """A session id consists of visible ASCII characters."""
    for exchange in observation.answered("initialize"):
        http = exchange.head.http if exchange.head is not None else None
        session = http.header("mcp-session-id") if http is not None else None
        if session is None or not _streamable(observation):
            continue
        report.saw()
        if not session or not all(0x21 <= ord(character) <= 0x7E for character in session):
            report.problem(
                "characters from 0x21 to 0x7E", short(session), at="the header Mcp-Session-Id", events=exchange.events
            )


# ------------------------------------------------------------------------------------------------ event streams

_NO_STREAM = "the server answered no request with an event stream"


@check(
    "http.get.has-no-response",
    judges=["http.get-no-response"],
    everywhere=True,
    idle="the server opened no stream to GET",
)
def get_has_no_response(observation: Observation, report: Report) -> None:
    """The stream that GET opens has no responses to requests."""
    if not _streamable(observation):
        return
    for response in _responses(observation):
        if not response.is_general or not response.is_stream:
            continue
        report.saw()
        for event in response.events:
            if event.message is not None and event.message.is_response:
                report.problem(
                    "requests and notifications only",
                    f"a response with id {short(event.message.id)}: {printable(event.raw, 200)}",
                    at="the stream that GET opened",
                    events=(*response.numbers, event.number),
                    cause="answer-on-another-stream",
                )


@check("http.streams.have-the-response", judges=["http.stream-has-response"], everywhere=True, idle=_NO_STREAM)
def streams_have_the_response(observation: Observation, report: Report) -> None:
    """The event stream that a request opens has the response to it."""
    if not _streamable(observation):
        return
    for exchange in observation.answered():
        own = observation_of_head(exchange)
        if own is None or own.partition(";")[0].strip().lower() != _STREAM or exchange.answer is None:
            continue
        report.saw()
        place = exchange.answer.http
        if place is not None and place.reply_to != exchange.sent.number:
            report.problem(
                f"the response to {exchange.method} on the stream of its POST",
                f"it came on {'the stream that GET opened' if place.method == 'GET' else 'the stream of another POST'}",
                at="the stream of a POST",
                events=(*exchange.events, *((exchange.head.number,) if exchange.head else ())),
                cause="answer-on-another-stream",
            )


def observation_of_head(exchange: Exchange) -> str | None:
    """The content type of the response to a request."""
    http = exchange.head.http if exchange.head is not None else None
    return http.header("content-type") if http is not None else None


@check(
    "http.streams.event-ids-are-unique",
    judges=["http.event-id-unique"],
    everywhere=True,
    idle="the server gave its events no ids",
)
def event_ids_are_unique(observation: Observation, report: Report) -> None:
    """No two events of a session have the same id, whatever stream they are on."""
    if not _streamable(observation):
        return
    known: dict[str, tuple[str, int]] = {}  # the stream, and the event
    for response in _responses(observation):
        http = response.asked.http
        assert http is not None
        # What is replayed when a stream is taken up again has its old ids.
        stream = f"of {http.reply_to or response.asked.number}" if http.method == "POST" or http.reply_to else "general"
        for event, sse in response.server_events():
            if sse.id is None or not sse.id or event.unfinished:
                continue
            report.saw()
            before = known.setdefault(sse.id, (stream, event.number))
            if before[0] != stream:
                report.problem(
                    "an id that no event of another stream has",
                    f"id {short(sse.id)} on two streams",
                    at="the id of an event",
                    events=(before[1], event.number),
                    cause="event-id-twice",
                )


@check(
    "http.streams.begin-with-an-id",
    judges=["http.prime-event"],
    idle="the server answered no request with an event stream whose events have ids",
)
def streams_begin_with_an_id(observation: Observation, report: Report) -> None:
    """An event stream that can be resumed begins with an event that has an id and no data."""
    if not _streamable(observation):
        return
    for response in _responses(observation):
        http = response.asked.http
        events = [(event, sse) for event, sse in response.server_events() if sse.data_lines or sse.id is not None]
        # Without ids there is nothing to come back with: nobody has to offer that.
        if http is None or http.method != "POST" or not response.is_stream or not any(sse.id for _, sse in events):
            continue
        report.saw()
        event, first = events[0]
        if not first.id or event.message is not None:
            what = "an event without id" if not first.id else "an event with a message"
            report.problem(
                "an event with an id and no data first",
                f"{what} first",
                at="the beginning of a stream",
                events=(*response.numbers, event.number),
                remedy="send an event with an id and empty data as soon as the stream is open",
            )


def _cut_short(observation: Observation) -> Iterator[tuple[_Response, Event]]:
    """The connections that ended before the response of their request, which was then asked for by GET; with that."""
    responses = _responses(observation)
    for index, response in enumerate(responses):
        http = response.asked.http
        number = (http.reply_to or response.asked.number) if http is not None else 0
        following = next(
            (
                later
                for later in responses[index + 1 :]
                if later.asked.http is not None
                and later.asked.http.method == "GET"
                and later.asked.http.reply_to == number
            ),
            None,
        )
        if following is not None and response.is_stream and number:
            yield response, following.asked


_NOT_CUT = "the server closed no connection before the response"


@check("http.streams.say-when-to-come-back", judges=["http.retry-before-close"], idle=_NOT_CUT)
def streams_say_when_to_come_back(observation: Observation, report: Report) -> None:
    """Before a connection is closed whose stream goes on, the client is told when to come back (retry)."""
    if not _streamable(observation):
        return
    for response, again in _cut_short(observation):
        report.saw()
        if not any(sse.retry is not None for _, sse in response.server_events()):
            report.problem(
                "an event with retry before the connection is closed",
                "none",
                at="the end of a connection",
                events=(*response.numbers, again.number),
            )


@check("http.streams.wait-for-the-response", judges=["http.no-close-before-response"], idle=_NO_STREAM)
def streams_wait_for_the_response(observation: Observation, report: Report) -> None:
    """An event stream isn't closed before the response to its request was sent on it."""
    if not _streamable(observation):
        return
    for response, again in _cut_short(observation):
        report.problem(
            "a stream that stays open until the response was sent",
            "it was closed before, and the response had to be fetched by GET",
            at="the end of a connection",
            events=(*response.numbers, again.number),
        )
    report.saw(count=sum(1 for response in _responses(observation) if response.is_stream and not response.is_general))


@check("http.streams.have-no-requests", judges=["http.sse-no-requests"], everywhere=True, idle=_NO_STREAM)
def streams_have_no_requests(observation: Observation, report: Report) -> None:
    """An event stream holds notifications and one response, and no requests of the server's."""
    if not _streamable(observation):
        return
    for response in _responses(observation):
        if not response.is_stream:
            continue
        report.saw()
        for event in response.events:
            # One of a notification's method is a notification with an id, which base.notifications.have-no-id judges.
            message = event.message
            if message is None or message.kind != "request":
                continue
            if not names_notification(observation.revision, message.method or "", "server"):
                report.problem(
                    "notifications and a response",
                    f"a request, {short(message.method)}",
                    at="/method",
                    events=(*response.numbers, event.number),
                    cause="server-request",
                )


@check("http.streams.are-not-buffered", judges=["http.sse-no-buffering-header"], idle=_NO_STREAM)
def streams_are_not_buffered(observation: Observation, report: Report) -> None:
    """An event stream says to proxies that they mustn't hold it back (X-Accel-Buffering: no)."""
    if not _streamable(observation):
        return
    for response in _responses(observation):
        if not response.is_stream or response.http is None:
            continue
        report.saw()
        found = response.http.header("x-accel-buffering")
        if (found or "").strip().lower() != "no":
            report.problem(
                "X-Accel-Buffering: no",
                "no such header" if found is None else short(found),
                at="the header X-Accel-Buffering",
                events=response.numbers,
            )


@check(
    "http.streams.hold-a-message-once",
    judges=["http.no-broadcast"],
    everywhere=True,
    idle="the server sent no requests of its own on two streams or more",
)
def streams_hold_a_message_once(observation: Observation, report: Report) -> None:
    """A request of the server's is sent on one stream and on no other."""
    if not _streamable(observation):
        return
    first: dict[bytes, Event] = {}
    for response in _responses(observation):
        if not response.is_stream or response.resumes is not None:
            continue
        for event in response.events:
            if event.message is None or event.message.kind != "request":
                continue
            report.saw()
            before = first.setdefault(event.raw, event)
            if before.http is not None and event.http is not None and before.http.exchange != event.http.exchange:
                report.problem(
                    "each message on one stream",
                    f"{short(event.message.method)} with id {short(event.message.id)} on two streams",
                    at="/id",
                    events=(before.number, event.number),
                    cause="broadcast",
                )


# ------------------------------------------------------------------------------------------------ HTTP+SSE, 2024-11-05


@check("sse.stream.begins-with-the-endpoint", judges=["sse.endpoint-event", "sse.two-endpoints"])
def stream_begins_with_the_endpoint(observation: Observation, report: Report) -> None:
    """The event stream begins with an event that says where messages are to be sent, and there they are taken."""
    if observation.transport != "sse":
        return
    for response in _responses(observation):
        # What has no data is no event to a client: a comment, a time to come back.
        events = [(event, sse) for event, sse in response.server_events() if sse.data_lines]
        if not response.is_general or not response.is_stream or not events:
            continue
        event, first = events[0]
        report.saw("sse.endpoint-event")
        if first.type != "endpoint" or not first.data.strip():
            report.problem(
                "an event of type endpoint with a URI first",
                f"an event of type {short(first.type)}: {printable(first.raw, 100)}",
                at="the beginning of the stream",
                events=(*response.numbers, event.number),
                cause="sse-endpoint",
            )
    report.saw("sse.two-endpoints", sum(1 for _ in observation.answered()))


@check("sse.messages.are-events", judges=["sse.message-events"], everywhere=True)
def messages_are_events(observation: Observation, report: Report) -> None:
    """Each message of the server's is the data of an event of type message, on the stream."""
    if observation.transport != "sse":
        return
    for event, _ in observation.received():
        sse = event.http.sse if event.http is not None else None
        report.saw()
        if sse is None or sse.type != "message":
            report.problem(
                "an event of type message",
                "a message in the response to a POST" if sse is None else f"an event of type {short(sse.type)}",
                at="the stream" if sse is not None else "the response's body",
                events=(event.number,),
                cause="sse-message",
            )
