"""Passive checks of the base protocol, over everything that a server sends (basic/index, basic/transports)."""

import re
from collections.abc import Iterable
from typing import Protocol

from mcp_conformance.cases.checks import Report, check
from mcp_conformance.exchanges import Exchange, body_of
from mcp_conformance.jsonrpc import JSON, MISSING, Message, a_json_type
from mcp_conformance.messages import assess
from mcp_conformance.methods import find_method
from mcp_conformance.observation import Observation
from mcp_conformance.revisions import has_batches, may_batch
from mcp_conformance.transcript import Event
from mcp_conformance.wire import printable, short

_REASSEMBLED = re.compile(r"events (\d+) to (\d+) read as one message")


def _fragments(observation: Observation) -> dict[int, tuple[int, int]]:
    """Events that are lines of a message written over several lines, with its first and last event."""
    found: dict[int, tuple[int, int]] = {}
    for event in observation.events:
        if match := _REASSEMBLED.fullmatch(event.text):
            first, last = int(match[1]), int(match[2])
            found.update(dict.fromkeys(range(first, last + 1), (first, last)))
    return found


def unreadable(message: Message, revision: str) -> str:
    """The root cause that makes a line no message; empty if it is one. Each has one check that tells of it."""
    if message.kind == "batch":
        if not message.items:
            return "stdout-impure"  # an empty array is no batch either (JSON-RPC 2.0, section 6)
        return "" if may_batch(revision) else "stdout-batch"
    if message.kind != "invalid":
        return ""
    if message.problem.startswith("not UTF-8"):
        return "not-utf-8"
    if isinstance(message.value, dict) and "id" in message.value and "method" not in message.value:
        return "response-without-outcome"  # an object with an id and nothing else can only be meant as a response
    return "stdout-impure"


_UNREADABLE = {
    "stdout-batch": "stdio.stdout-only-mcp",
    "stdout-impure": "stdio.stdout-only-mcp",
    "not-utf-8": "transport.utf8",
    "response-without-outcome": "jsonrpc.response-result-or-error",
}


def lost_answer(events: Iterable[Event], revision: str) -> tuple[str, str] | None:
    """Why an answer that should be among these events is missing: a line was meant as it and can't be read.

    The requirement that this line breaks and the root cause; None when there is no such line. What is said of stdout
    doesn't hold over HTTP: there, a request without a readable answer is one without an answer.
    """
    for event in events:
        cause = unreadable(event.message, revision) if event.direction == "received" and event.message else ""
        if event.batch and cause == "stdout-impure":
            continue  # what stands beside it in the array was read
        if cause and b'"id"' in event.raw and (event.http is None or not _UNREADABLE[cause].startswith("stdio.")):
            return _UNREADABLE[cause], cause
    return None


def unread_answer(events: Iterable[Event]) -> str | None:
    """Why a line among these events wasn't read, though it may be the missing answer; None when all were read."""
    messages = (event.message for event in events if event.direction == "received")
    return next((message.problem for message in messages if message is not None and message.kind == "unread"), None)


@check("stdio.stdout-is-pure", judges=["stdio.stdout-only-mcp"], everywhere=True)
def stdout_is_pure(observation: Observation, report: Report) -> None:
    """Every line on stdout is one JSON-RPC message, from the start of the process to its end."""
    if observation.transport not in ("stdio", "memory"):
        return
    fragments = _fragments(observation)
    for event, message in observation.received():
        if event.number in fragments:
            continue
        if message.kind == "unread":
            report.unsure["stdio.stdout-only-mcp"] = f"a line of the server's wasn't read: {message.problem}"
            continue
        report.saw()
        if event.unfinished and message.kind != "invalid":
            continue  # a whole message whose newline is missing at the very end; the next check's matter
        if message.kind == "request" and message.method == "initialize" and _is_echo(observation, event):
            report.problem(
                "a message of the server's own on every line of stdout",
                f"what it had been sent itself: {printable(event.raw)}",
                at="stdout",
                events=(event.number,),
                cause="stdout-echo",
                remedy="don't write back what is read; on a terminal, leave its echo off",
            )
        cause = "" if event.batch else unreadable(message, observation.revision)
        if message.kind == "batch" and not cause and not has_batches(observation.revision):
            report.note(f"the server sends a batch, of which revision {observation.revision} says nothing")
        if cause == "stdout-impure":
            # Without method, result and error it is JSON but no message; an empty line isn't either.
            report.problem(
                "a JSON-RPC message on every line of stdout",
                f"{printable(event.raw)} ({message.problem or 'an empty array'})",
                at="stdout",
                events=(event.number,),
                cause=cause,
                remedy="write logs, banners and debugging output to stderr",
            )
        elif cause == "stdout-batch":
            report.problem(
                "one JSON-RPC object on every line of stdout",
                f"a JSON array: {printable(event.raw)}",
                at="stdout",
                events=(event.number,),
                cause=cause,
                remedy=f"send each message alone: revision {observation.revision} has no batches",
            )


def _is_echo(observation: Observation, event: Event) -> bool:
    """Whether the very bytes had been sent to the server before. Asked of what only a client sends."""
    earlier = (sent for sent in observation.events if sent.direction == "sent" and sent.number < event.number)
    return any(sent.raw == event.raw for sent in earlier)


@check("stdio.one-message-a-line", judges=["stdio.no-embedded-newlines"], everywhere=True)
def one_message_a_line(observation: Observation, report: Report) -> None:
    """No message is spread over several lines."""
    if observation.transport not in ("stdio", "memory"):
        return
    reported: set[tuple[int, int]] = set()
    fragments = _fragments(observation)
    for event, message in observation.received():
        if message.kind != "invalid" and not event.text:
            report.saw()
        if (span := fragments.get(event.number)) and span not in reported:
            reported.add(span)
            report.problem(
                "each message on one line",
                f"one message over {span[1] - span[0] + 1} lines",
                at="stdout",
                events=tuple(range(span[0], min(span[1], span[0] + 3) + 1)),
                remedy="serialise without indentation, and escape newlines inside strings",
            )


@check("base.utf-8", judges=["transport.utf8"], everywhere=True)
def utf_8(observation: Observation, report: Report) -> None:
    """Everything that the server sends is UTF-8."""
    for event, message in observation.received():
        if unreadable(message, observation.revision) == "not-utf-8":
            report.problem(
                "bytes that are valid UTF-8",
                f"{printable(event.raw)} ({message.problem})",
                at="stdout" if event.http is None else "the response's body",
                events=(event.number,),
                cause="not-utf-8",
            )
        elif any(byte > 0x7F for byte in event.raw):
            report.saw()


@check("base.version-marker", judges=["jsonrpc.version-member"], everywhere=True)
def version_marker(observation: Observation, report: Report) -> None:
    """Every message has "jsonrpc": "2.0"."""
    for event, message in observation.received():
        if message.kind in ("invalid", "unread", "batch"):
            continue
        report.saw()
        marker = message.value.get("jsonrpc", MISSING)
        if marker != "2.0":
            report.problem('"2.0"', short(marker), at="/jsonrpc", events=(event.number,), cause="jsonrpc-marker")


@check(
    "base.batches-are-valid",
    judges=["schema.JSONRPCBatchRequest", "schema.JSONRPCBatchResponse"],
    everywhere=True,
    idle="the server sent no batches",
)
def batches_are_valid(observation: Observation, report: Report) -> None:
    """An array from the server holds requests and notifications, or responses, and nothing else."""
    for event, message in observation.received():
        if message.kind != "batch" or not has_batches(observation.revision):
            continue
        kinds = [_MEANT.get(item.kind, "") for item in message.items]
        if not any(kinds):
            continue  # no message at all: the purity of stdout is in question
        kind = next(kind for kind in kinds if kind)
        requirement = "schema.JSONRPCBatchResponse" if kind == "responses" else "schema.JSONRPCBatchRequest"
        report.saw(requirement)
        for index, item in enumerate(message.items):
            if not kinds[index] and unreadable(item, observation.revision) == "response-without-outcome":
                continue  # has a check of its own
            if kinds[index] != kind:
                report.problem(
                    f"only {kind} beside those in the array",
                    short(item.value),
                    at=f"/{index}",
                    events=(event.number,),
                    requirement=requirement,
                    cause=f"batch-of-{kind}:{'mixed' if kinds[index] else 'no-message'}",
                    remedy="send responses in one array, requests and notifications in another",
                )


_MEANT = {
    "request": "requests and notifications",
    "notification": "requests and notifications",
    "result": "responses",
    "error": "responses",
}


@check("base.result-or-error", judges=["jsonrpc.response-not-both"], everywhere=True)
def result_or_error(observation: Observation, report: Report) -> None:
    """No response has a result and an error."""
    for event, message in observation.received():
        if not message.is_response:
            continue
        report.saw()
        if "result" in message.value and "error" in message.value:
            report.problem(
                "either result or error",
                f"both: result {short(message.value['result'])}, error {short(message.value['error'])}",
                events=(event.number,),
                at="/error",
                cause="result-and-error",
            )


@check("base.response-has-outcome", judges=["jsonrpc.response-result-or-error"], everywhere=True)
def response_has_outcome(observation: Observation, report: Report) -> None:
    """Every response has a result or an error."""
    for event, message in observation.received():
        if message.is_response:
            report.saw()
        elif unreadable(message, observation.revision) == "response-without-outcome":
            report.problem(
                "a member result or error",
                printable(event.raw),
                events=(event.number,),
                cause="response-without-outcome",
            )


@check("base.result-repeats-id", judges=["jsonrpc.result-same-id"], everywhere=True)
def result_repeats_id(observation: Observation, report: Report) -> None:
    """A result carries the id of its request, same type and value."""
    _repeats_id(observation, report, "result")


@check("base.error-repeats-id", judges=["jsonrpc.error-same-id"], everywhere=True)
def error_repeats_id(observation: Observation, report: Report) -> None:
    """An error carries the id of its request, same type and value."""
    _repeats_id(observation, report, "error")


def _repeats_id(observation: Observation, report: Report, kind: str) -> None:
    for exchange in observation.answered():
        message = exchange.answer.message if exchange.answer else None
        if message is None or message.kind != kind:
            continue
        report.saw()
        if exchange.flaw:
            report.problem(
                f"{short(exchange.id)}, the id of the {exchange.method} request",
                f"{short(message.id)} ({a_json_type(message.id)})",
                at="/id",
                events=exchange.events,
                cause=f"response-id:{exchange.flaw}",
            )


@check("base.one-response", judges=["jsonrpc.one-response"], everywhere=True)
def one_response(observation: Observation, report: Report) -> None:
    """A request gets one response, not several."""
    for exchange in observation.answered():
        report.saw()
        # Where another request lacks its answer, it is that answer with a wrong id; the case or check about ids tells
        # of it.
        lacking = [other.sent.number for other in observation.exchanges if other.answer is None]
        surplus = [event for event in exchange.surplus if not any(number < event.number for number in lacking)]
        if surplus:
            numbers = tuple(event.number for event in surplus[:3])
            report.problem(
                f"one response to {exchange.method}",
                f"{len(surplus) + 1} responses with id {short(exchange.id)}",
                at="/id",
                events=(*exchange.events, *numbers),
                cause="several-responses",
            )


@check("base.requests-are-answered", judges=["jsonrpc.request-answered"])
def requests_are_answered(observation: Observation, report: Report) -> None:
    """Every request gets a response."""
    for exchange in observation.exchanges:
        if exchange.stays_open:
            continue
        if exchange.excused:
            name = exchange.params.get("name") if isinstance(exchange.params, dict) else None
            report.unsure["jsonrpc.request-answered"] = (
                f"the call of {short(name)} got no answer in time, though the server was there: if the tool is slow, "
                "give it a deadline in the hints file, or raise --mcp-deadline"
            )
            continue
        if exchange.status in UNJUDGED_STATUS and exchange.answer is None:
            report.unsure["jsonrpc.request-answered"] = f"{exchange.method}: {UNJUDGED_STATUS[exchange.status or 0]}"
            continue
        report.saw()
        if exchange.answer is None:
            following = list(_until_next(observation, exchange.sent))
            if (unread := unread_answer(following)) is not None:
                report.unsure["jsonrpc.request-answered"] = (
                    f"what may be the answer to {exchange.method} wasn't read: {unread}"
                )
                continue
            lost = lost_answer(following, observation.revision)
            requirement, cause = lost or ("jsonrpc.request-answered", f"no-answer:{exchange.method}")
            report.problem(
                f"a response to {exchange.method}",
                no_answer_words(exchange, ended=_ended(observation)),
                events=(*exchange.events, *body_of(exchange, observation.events)),
                at=exchange.method,
                requirement=requirement,
                cause=cause,
            )


UNJUDGED_STATUS = {
    401: "HTTP status 401: the server wants other credentials (--mcp-header='Authorization: Bearer ${TOKEN}')",
    403: "HTTP status 403: the server doesn't allow it with these credentials (--mcp-header)",
    429: "HTTP status 429: the server is asked more often than it allows",
}
"""What HTTP statuses say that is nobody's fault: a request that gets one of these wasn't judged."""


def no_answer_words(exchange: Exchange, *, ended: bool) -> str:
    """What was observed where an answer is missing."""
    if exchange.over:
        return f"none: {exchange.over}"
    return "none, and the server's output ended" if ended else "none within the deadline"


def _until_next(observation: Observation, sent: Event) -> Iterable[Event]:
    """What happened after a message of ours and before the next one."""
    for event in observation.events:
        if event.number > sent.number:
            if event.direction == "sent":
                return
            yield event


def _ended(observation: Observation) -> bool:
    return any(
        event.direction == "closed" and event.text.startswith("the server closed") for event in observation.events
    )


def error_flaw(error: JSON) -> str:
    """Where an error is no error object: a pointer into the response, empty if all is well."""
    if not isinstance(error, dict):
        return "/error"
    if not _is_integer(error.get("code", MISSING)):
        return "/error/code"
    return "" if isinstance(error.get("message"), str) else "/error/message"


def error_details_cause(message: Message, revision: str) -> str:
    """The root cause where the data of an error isn't as its code demands; empty where it is."""
    said = assess(message.value, revision=revision, sender="server")
    spoilt = any(flaw.layer == "schema" and flaw.at.startswith("/error/data") for flaw in said.flaws)
    return f"error-details:{said.type}" if spoilt else ""


def _is_integer(value: JSON) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1


_ERROR_TYPES = ("schema.JSONRPCError", "schema.JSONRPCErrorResponse")  # the same type, before 2025-11-25 and since


@check(
    "base.error-object",
    judges=["jsonrpc.error-code-and-message", "jsonrpc.error-code-integer", *_ERROR_TYPES],
    everywhere=True,
)
def error_object(observation: Observation, report: Report) -> None:
    """An error has a code, which is an integer, and a message."""
    # The id is a matter of its own, and may be null or missing where it couldn't be read: no error breaks its type by
    # that.
    type_of_errors = _ERROR_TYPES[observation.revision >= "2025-11-25"]
    for event, message in observation.received():
        if message.kind != "error" or "result" in message.value:
            continue
        error = message.value["error"]
        code, text = (
            (error.get("code", MISSING), error.get("message", MISSING))
            if isinstance(error, dict)
            else (MISSING, MISSING)
        )
        report.saw()
        report.saw(type_of_errors)
        if code is MISSING or not isinstance(text, str):
            where = "/error" if not isinstance(error, dict) else "/error/code" if code is MISSING else "/error/message"
            wanted = (
                "an object with code and message"
                if where == "/error"
                else "a code"
                if where.endswith("code")
                else "a message (a string)"
            )
            got = short(error if where == "/error" else code if code is MISSING else text)
            for requirement in ("jsonrpc.error-code-and-message", type_of_errors):
                report.problem(wanted, got, at=where, events=(event.number,), requirement=requirement,
                               cause=f"error-object:{where}")  # fmt: skip
        if code is not MISSING:
            report.saw("jsonrpc.error-code-integer")
            if not _is_integer(code):
                for requirement in ("jsonrpc.error-code-integer", type_of_errors):
                    report.problem("an integer", short(code), at="/error/code", events=(event.number,),
                                   requirement=requirement, cause="error-object:/error/code")  # fmt: skip


@check("base.notifications.initialized-is-unanswered", judges=["jsonrpc.notification-no-response"])
def initialized_is_unanswered(observation: Observation, report: Report) -> None:
    """Where nothing but right requests and the initialized notification was sent, every response answers a request."""
    sent = [event for event in observation.events if event.direction == "sent" and event.message is not None]
    notifications = [event for event in sent if event.message and event.message.kind == "notification"]
    for notification in notifications:
        if any(exchange.answer and exchange.sent.number > notification.number for exchange in observation.exchanges):
            report.saw()
    for stray in observation.strays:
        if stray.is_refusal:
            continue
        # What came after a response of ours may be meant for that: odd, but no answer to a notification.
        before = [
            event
            for event in sent
            if event.number < stray.number
            and stray.may_be_about(event.number)
            and event.message
            and event.message.kind != "request"
        ]
        if before and before[-1] in notifications and before[-1].message and stray.message:
            report.problem(
                f"no response to {before[-1].message.method}, which is a notification",
                f"a response with id {short(stray.message.id)}: {printable(stray.raw, 200)}",
                at="/id",
                events=(before[-1].number, stray.number),
                cause="answered-notification",
            )


_NO_REQUESTS = "the server sent no requests of its own"


@check(
    "base.server-request-ids",
    judges=["jsonrpc.request-id-type", "jsonrpc.request-id-not-null", "jsonrpc.request-id-unique"],
    everywhere=True,
    idle=_NO_REQUESTS,
)
def server_request_ids(observation: Observation, report: Report) -> None:
    """The server's own requests have ids that are strings or integers, never null, never used twice in a session."""
    used: list[JSON] = []
    sent: dict[bytes, int] = {}  # the stream of each
    for event, message in observation.received():
        if message.kind != "request":
            continue
        stream = event.http.exchange if event.http is not None else 0
        if sent.setdefault(event.raw, stream) != stream:
            continue  # the same once more, on another stream: http.streams.hold-a-message-once judges that
        number = message.id
        for name in ("jsonrpc.request-id-type", "jsonrpc.request-id-not-null", "jsonrpc.request-id-unique"):
            report.saw(name)
        if number is None:
            report.problem("a string or an integer", "null", at="/id", events=(event.number,),
                           requirement="jsonrpc.request-id-not-null", cause="server-request-id-null")  # fmt: skip
        elif isinstance(number, bool) or not (
            isinstance(number, str | int) or (isinstance(number, float) and number.is_integer())
        ):
            report.problem(
                "a string or an integer",
                short(number),
                at="/id",
                events=(event.number,),
                cause="server-request-id-type",
            )
        elif number in used:
            report.problem("an id not used before in the session", short(number), at="/id", events=(event.number,),
                           requirement="jsonrpc.request-id-unique", cause="server-request-id-reused")  # fmt: skip
        used.append(number)


# ------------------------------------------------------------------------------------------------------ message schemas

_NOTIFICATIONS = [
    "schema.JSONRPCNotification",
    "schema.CancelledNotification",
    "schema.ProgressNotification",
    "schema.LoggingMessageNotification",
    "schema.ToolListChangedNotification",
    "schema.ResourceListChangedNotification",
    "schema.ResourceUpdatedNotification",
    "schema.PromptListChangedNotification",
    "schema.ElicitationCompleteNotification",
    "schema.SubscriptionsAcknowledgedNotification",
]
_REQUESTS = [
    "schema.JSONRPCRequest",
    "schema.PingRequest",
    "schema.ListRootsRequest",
    "schema.CreateMessageRequest",
    "schema.ElicitRequest",
]


@check(
    "base.notifications-are-valid",
    judges=_NOTIFICATIONS,
    everywhere=True,
    idle="the server sent no notifications",
)
def notifications_are_valid(observation: Observation, report: Report) -> None:
    """The server's notifications are valid against the schema of the revision."""
    _are_valid(observation, report, "notification", _NOTIFICATIONS, ("/jsonrpc",))


@check("base.requests-are-valid", judges=_REQUESTS, everywhere=True, era="stateful", idle=_NO_REQUESTS)
def requests_are_valid(observation: Observation, report: Report) -> None:
    """The server's own requests are valid against the schema of the revision."""
    _are_valid(observation, report, "request", _REQUESTS, ("/jsonrpc", "/id"))


def _are_valid(
    observation: Observation, report: Report, kind: str, types: list[str], elsewhere: tuple[str, ...]
) -> None:
    """`types`: the requirements, the general one first. `elsewhere`: members that have checks of their own."""
    for event, message in observation.received():
        if message.kind != kind:
            continue
        said = assess(message.value, revision=observation.revision, sender="server")
        requirement = f"schema.{said.type}" if f"schema.{said.type}" in types else types[0]
        report.saw(requirement)
        for flaw in said.flaws:
            if flaw.layer == "schema" and flaw.at not in elsewhere:
                report.problem(
                    flaw.expected, flaw.got, at=flaw.at, events=(event.number,), requirement=requirement,
                    cause=schema_cause(message.method or "", flaw), remedy=flaw.remedy,
                )  # fmt: skip
        for at, words in said.hints:
            report.note(f"{message.method}: {words} (at {at})")


class _Place(Protocol):
    """A violation of a schema, or a flaw of a message."""

    @property
    def at(self) -> str: ...
    @property
    def rule(self) -> str: ...


OF_ALL_RESULTS = ("/resultType", "/ttlMs", "/cacheScope")
"""Places of results that many types of the stateless era have in common: they have checks of their own."""


def schema_cause(method: str, wrong: _Place) -> str:
    """The root cause of a schema violation: which message, which place (from its result on), which rule."""
    place = re.sub(r"/\d+(?=/|$)", "/*", wrong.at.removeprefix("/result"))
    place = re.sub(r"/properties/[^/]+", "/properties/*", place)  # names that the server gave: one mistake, made twice
    return f"schema:{method}:{place}:{wrong.rule}"


def answer_kind_cause(revision: str, method: str, kind: str) -> str:
    """The root cause of an answer of the wrong kind, result or error; all methods that a revision doesn't know are one
    to a server."""
    return f"answer-kind:{method if find_method(revision, method, 'client') else 'an unknown method'}:{kind}"
