"""Passive checks of progress notifications: which request they belong to, when they come, what they say
(basic/utilities/progress; 2026-07-28 basic/patterns/progress).

Over Streamable HTTP messages of different streams have no order, so only what comes on the stream of the request
itself shows when it came.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mcp_conformance.cases.checks import Report, check
from mcp_conformance.exchanges import Exchange
from mcp_conformance.jsonrpc import JSON, MISSING, same_id
from mcp_conformance.observation import Observation
from mcp_conformance.revisions import STATEFUL
from mcp_conformance.transcript import Event
from mcp_conformance.wire import short

_PROGRESS = "notifications/progress"
_IDLE = "the server reported no progress"
MOST = 100
"""Messages of one kind a second, and in one call, that still count as limited; the specification names no number."""


@dataclass(frozen=True, slots=True)
class _Report:
    """A progress notification, and the exchanges whose request gave its token, oldest first."""

    event: Event
    params: dict[str, Any]
    given: list[Exchange]

    @property
    def exchange(self) -> Exchange | None:
        return self.given[-1] if self.given else None


def _token(params: JSON) -> JSON:
    """The progress token that a request gives."""
    meta = params.get("_meta") if isinstance(params, dict) else None
    return meta.get("progressToken", MISSING) if isinstance(meta, dict) else MISSING


def _reports(observation: Observation, events: Iterator[Event] | list[Event]) -> Iterator[_Report]:
    exchanges = (*observation.earlier_exchanges, *observation.exchanges)
    tokens = [(token, exchange) for exchange in exchanges if (token := _token(exchange.params)) is not MISSING]
    for event in events:
        message = event.message
        if event.direction != "received" or message is None or message.kind != "notification":
            continue
        params = message.value.get("params")
        if message.method != _PROGRESS or not isinstance(params, dict):
            continue
        token = params.get("progressToken", MISSING)
        if isinstance(token, str | int | float) and not isinstance(token, bool):  # others are the schema's matter
            given = [one for known, one in tokens if same_id(known, token) and one.sent.number < event.number]
            yield _Report(event, params, given)


def _in_order(observation: Observation, event: Event, exchange: Exchange) -> bool:
    """Whether it is certain when a notification was sent, compared with what else came for the request."""
    http = event.http
    return observation.transport != "http" or (http is not None and http.reply_to == exchange.sent.number)


def _end(exchange: Exchange) -> Event | None:
    """The answer that ends a request. One that creates a task ends nothing."""
    result = exchange.result
    is_task = isinstance(result, dict) and ("task" in result or result.get("resultType") == "task")
    return None if is_task else exchange.answer


@check("progress.tokens.are-known", judges=["progress.known-token"], everywhere=True, idle=_IDLE)
def tokens_are_known(observation: Observation, report: Report) -> None:
    """Progress is reported under a token that a request gave, of the same type and value."""
    for one in _reports(observation, observation.events):
        report.saw()
        if not one.given:
            report.problem(
                "a progress token that was given in a request, type and all",
                short(one.params["progressToken"]),
                at="/params/progressToken",
                events=(one.event.number,),
                remedy="repeat _meta.progressToken of the request; where there is none, report no progress",
            )


@check(
    "progress.ends-with-the-answer",
    judges=["progress.stops-after-completion", "progress.in-progress-only"],
    everywhere=True,
    idle=_IDLE,
)
def ends_with_the_answer(observation: Observation, report: Report) -> None:
    """No progress is reported for a request that has been answered."""
    for one in _reports(observation, observation.events):
        exchange = one.exchange
        if exchange is None or not _in_order(observation, one.event, exchange):
            continue
        end = _end(exchange)
        for requirement in ("progress.stops-after-completion", "progress.in-progress-only"):
            report.saw(requirement)
            if end is not None and end.number < one.event.number:
                report.problem(
                    f"no more progress for {exchange.method}, which was answered",
                    f"progress {short(one.params.get('progress', MISSING))} after the answer",
                    at="/params/progressToken",
                    events=(exchange.sent.number, end.number, one.event.number),
                    requirement=requirement,
                    cause="progress-after-the-answer",
                )


@check("progress.values.increase", judges=["progress.increases"], everywhere=True, idle=_IDLE)
def values_increase(observation: Observation, report: Report) -> None:
    """Each progress value for a request is greater than the one before."""
    start = len(observation.earlier)
    latest: dict[int, tuple[float, Event]] = {}
    for one in _reports(observation, observation.history):
        value, exchange = one.params.get("progress"), one.exchange
        if exchange is None or not isinstance(value, int | float) or isinstance(value, bool):
            continue
        if not _in_order(observation, one.event, exchange):
            continue
        number = exchange.sent.number
        before, event = latest.get(number, (-math.inf, one.event))
        if one.event.number > start:
            report.saw()
            if value <= before:
                report.problem(
                    f"a progress greater than {short(before)}, the one before",
                    short(value),
                    at="/params/progress",
                    events=(number, event.number, one.event.number),
                )
        latest[number] = (value, one.event)


@check(
    "progress.messages.are-readable",
    judges=["progress.message-readable"],
    everywhere=True,
    idle="the server sent no progress message",
)
def messages_are_readable(observation: Observation, report: Report) -> None:
    """A progress message is text that a human can read."""
    for one in _reports(observation, observation.events):
        text = one.params.get("message")
        if isinstance(text, str):
            report.saw()
            if not any(character.isalnum() for character in text):
                report.problem(
                    "text for humans",
                    short(text),
                    at="/params/message",
                    events=(one.event.number,),
                    remedy="say in words what is being done, or leave the message out",
                )


@check("progress.rate.is-limited", judges=["progress.rate-limit"], everywhere=True, idle=_IDLE)
def rate_is_limited(observation: Observation, report: Report) -> None:
    """One request gets at most 100 progress notifications, and 100 a second where it takes longer."""
    counted: dict[int, list[_Report]] = {}
    for one in _reports(observation, observation.events):
        if one.exchange is not None:
            counted.setdefault(one.exchange.sent.number, []).append(one)
    for number, reports in counted.items():
        report.saw()
        exchange = reports[0].exchange
        assert exchange is not None
        until = max(reports[-1].event.at, exchange.answer.at if exchange.answer else 0.0)
        seconds = max(1.0, until - exchange.sent.at)
        if len(reports) > MOST * seconds:
            report.problem(
                f"at most {MOST} progress notifications a second",
                f"{len(reports)} in {seconds:.1f} s",
                events=(number, reports[0].event.number, reports[-1].event.number),
                remedy="report only when there is something new to show, a few times a second",
            )


# ------------------------------------------------------------------------------------------- the server's own requests

_NO_TOKENS = "the server asked for no progress on requests of its own"


def _own_tokens(observation: Observation) -> Iterator[tuple[Event, JSON]]:
    for event in observation.history:
        message = event.message
        if event.direction == "received" and message is not None and message.kind == "request":
            token = _token(message.value.get("params"))
            if token is not MISSING:
                yield event, token


@check(
    "progress.own-tokens.have-a-type",
    judges=["progress.token-type"],
    everywhere=True,
    idle=_NO_TOKENS,
    revisions=STATEFUL,
)
def own_tokens_have_a_type(observation: Observation, report: Report) -> None:
    """A progress token of the server's is a string or an integer."""
    for event, token in _own_tokens(observation):
        if event.number <= len(observation.earlier):
            continue
        report.saw()
        whole = isinstance(token, float) and token.is_integer()
        if isinstance(token, bool) or not (isinstance(token, str | int) or whole):
            method = event.message.method if event.message else ""
            report.problem(
                "a string or an integer",
                short(token),
                at="/params/_meta/progressToken",
                events=(event.number,),
                cause=f"schema:{method}:/params/_meta/progressToken:type",
            )


@check(
    "progress.own-tokens.are-unique",
    judges=["progress.token-unique"],
    everywhere=True,
    idle=_NO_TOKENS,
    revisions=STATEFUL,
)
def own_tokens_are_unique(observation: Observation, report: Report) -> None:
    """No two requests of the server's that are under way have one progress token."""
    open_requests: list[tuple[Event, JSON]] = []
    own = {event.number: token for event, token in _own_tokens(observation)}
    for event in observation.history:
        message = event.message
        if message is None:
            continue
        if event.direction == "sent" and message.is_response:
            open_requests = [one for one in open_requests if not _has_id(one[0], message.id)]
        elif event.number in own:
            token = own[event.number]
            twin = next((one for one, known in open_requests if same_id(known, token)), None)
            if event.number > len(observation.earlier):
                report.saw()
                if twin is not None:
                    report.problem(
                        "a progress token that no other request under way has",
                        short(token),
                        at="/params/_meta/progressToken",
                        events=(twin.number, event.number),
                    )
            open_requests.append((event, token))


def _has_id(event: Event, number: JSON) -> bool:
    return event.message is not None and same_id(event.message.id, number)
