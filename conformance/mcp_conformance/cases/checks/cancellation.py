"""Passive checks of what the server cancels: requests of its own (basic/utilities/cancellation).

In the stateless era a server has no requests to cancel.
"""

from collections.abc import Iterator
from typing import Any

from mcp_conformance.cases.checks import Report, check
from mcp_conformance.jsonrpc import JSON, MISSING, same_id
from mcp_conformance.observation import Observation
from mcp_conformance.revisions import STATEFUL
from mcp_conformance.transcript import Event
from mcp_conformance.wire import short

_CANCELLED = "notifications/cancelled"
_IDLE = "the server cancelled none of its requests"
_PROOFS = 2  # a server that reads on before it has answered may overtake itself once


def _cancellations(observation: Observation) -> Iterator[tuple[Event, dict[str, Any]]]:
    for event, message in observation.received():
        if message.kind == "notification" and message.method == _CANCELLED:
            params = message.value.get("params", {})
            if isinstance(params, dict):  # other params are the schema's matter
                yield event, params


def _named(observation: Observation) -> Iterator[tuple[Event, JSON]]:
    """Cancellations with an id that can be the id of a request."""
    for event, params in _cancellations(observation):
        number = params.get("requestId", MISSING)
        if isinstance(number, str | int | float) and not isinstance(number, bool):
            yield event, number


def _asked(observation: Observation, number: JSON) -> list[Event]:
    """The server's own requests with that id."""
    return [
        event
        for event in observation.history
        if event.direction == "received"
        and event.message is not None
        and event.message.kind == "request"
        and same_id(event.message.id, number)
    ]


def _reply(observation: Observation, asked: Event) -> Event | None:
    """The tester's response to a request of the server's."""
    assert asked.message is not None
    for event in observation.history:
        message = event.message
        if event.direction != "sent" or event.number < asked.number or message is None or not message.is_response:
            continue
        if same_id(message.id, asked.message.id):
            return event
    return None


@check(
    "cancellation.own.names-own-request",
    judges=["cancellation.same-direction"],
    everywhere=True,
    idle=_IDLE,
    revisions=STATEFUL,
)
def names_own_request(observation: Observation, report: Report) -> None:
    """What the server cancels is a request that it made itself."""
    for event, number in _named(observation):
        report.saw()
        if not _asked(observation, number):
            ours = next(
                (
                    exchange
                    for exchange in (*observation.exchanges, *observation.earlier_exchanges)
                    if same_id(exchange.id, number)
                ),
                None,
            )
            report.problem(
                "the id of a request that the server made itself",
                short(number) + (f", the id of the client's own {ours.method}" if ours else ""),
                at="/params/requestId",
                events=(event.number,) if ours is None else (ours.sent.number, event.number),
            )


@check(
    "cancellation.own.is-under-way",
    judges=["cancellation.in-progress-only"],
    everywhere=True,
    idle=_IDLE,
    revisions=STATEFUL,
)
def is_under_way(observation: Observation, report: Report) -> None:
    """What the server cancels is a request whose answer it doesn't have yet."""
    for event, number in _named(observation):
        asked = [one for one in _asked(observation, number) if one.number < event.number]
        if not asked:
            continue
        reply = _reply(observation, asked[-1])
        if reply is None or reply.number > event.number:
            report.saw()
        elif _had_read(observation, reply, before=event):
            report.problem(
                "the cancellation of a request that isn't answered yet",
                f"that of {asked[-1].message.method if asked[-1].message else ''} {short(number)}, whose answer the "
                "server had read before",
                at="/params/requestId",
                events=(asked[-1].number, reply.number, event.number),
            )
        # Else the two may have crossed on the wire, and what counts is what the server believed.


def _had_read(observation: Observation, reply: Event, before: Event) -> bool:
    """Whether the server showed, before an event, that it had read a message: by answers to requests sent after it."""
    start = reply.number
    if reply.http is not None:  # messages of several connections have no order but by their responses
        heads = (one for one in observation.history if one.http is not None and one.direction == "received")
        accepted = next((one for one in heads if one.http and one.http.reply_to == reply.number), None)
        if accepted is None:
            return False
        start = accepted.number
    later = [
        exchange
        for exchange in (*observation.earlier_exchanges, *observation.exchanges)
        if exchange.sent.number > start and exchange.answer is not None and exchange.answer.number < before.number
    ]
    return len(later) >= _PROOFS


@check(
    "cancellation.own.has-id",
    judges=["cancellation.request-id-present"],
    everywhere=True,
    idle=_IDLE,
    # Before 2025-11-25 the type itself requires it.
    revisions=("2025-11-25",),
)
def has_id(observation: Observation, report: Report) -> None:
    """What the server cancels it names, tasks apart, which have a request for that."""
    for event, params in _cancellations(observation):
        report.saw()
        if "requestId" not in params:
            report.problem(
                'a member "requestId"',
                "nothing",
                at="/params/requestId",
                events=(event.number,),
                remedy="name the request that is cancelled; a task is cancelled by tasks/cancel",
            )


@check(
    "cancellation.own.late-answer-is-ignored",
    judges=["cancellation.sender-ignores-late"],
    idle="no answer of the tester's came after the server had cancelled its request",
    revisions=STATEFUL,
)
def late_answer_is_ignored(observation: Observation, report: Report) -> None:
    """An answer that comes after the server has cancelled its request changes nothing."""
    for event, number in _named(observation):
        for asked in _asked(observation, number):
            reply = _reply(observation, asked)
            if reply is None or reply.number < event.number or asked.number > event.number:
                continue
            complaint = next((stray for stray in observation.strays if _follows(observation, stray, reply)), None)
            if complaint is not None and complaint.message is not None:
                report.problem(
                    f"nothing, since the server had cancelled its request {short(number)} itself",
                    f"a response that answers nothing: {short(complaint.message.value)}",
                    events=(event.number, reply.number, complaint.number),
                )
            elif any(one.sent.number > reply.number and one.answer is not None for one in observation.exchanges):
                report.saw()


def _follows(observation: Observation, stray: Event, reply: Event) -> bool:
    """Whether a stray response can only be about a response of the tester's: the last that was sent before it and has
    no answer of its own."""
    if not stray.may_be_about(reply.number) or stray.is_refusal:
        return False
    sent = [
        event
        for event in observation.history
        if event.direction == "sent"
        and event.number < stray.number
        and event.message is not None
        and event.message.kind != "request"
    ]
    return bool(sent) and sent[-1] is reply
