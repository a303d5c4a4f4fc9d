"""Passive checks of the frame of messages: is it a message at all, and what its kind demands (basic/index#messages)."""

import re

from mcp_conformance.cases.checks import Report, check
from mcp_conformance.cases.checks.protocol import answer_kind_cause, schema_cause
from mcp_conformance.jsonrpc import MISSING, a_json_type
from mcp_conformance.messages import assess
from mcp_conformance.methods import find_method, names_notification
from mcp_conformance.observation import Observation
from mcp_conformance.wire import printable, short

_CONCISE = 500  # characters; "one sentence" has no length in the specification
_TRACE = re.compile(r"Traceback \(most recent call last\)|\n\s+at |goroutine \d+ \[")


@check("base.messages.are-json-rpc", judges=["jsonrpc.conform"], everywhere=True)
def are_json_rpc(observation: Observation, report: Report) -> None:
    """What the server sends as JSON is a request, a notification, a result or an error."""
    for event, message in observation.received():
        if message.kind in ("request", "notification", "result", "error"):
            report.saw()
        elif message.kind == "invalid" and message.is_json and not event.text and not event.unfinished:
            # Text that isn't JSON is no message but noise, and what the transport's checks are about; an answer
            # without an outcome has a check of its own.
            value = message.value
            if isinstance(value, dict) and not ("id" in value and "method" not in value):
                report.problem(
                    "a request, a notification, a result or an error",
                    f"{printable(event.raw)} ({message.problem})",
                    at="stdout" if event.http is None else "the response's body",
                    events=(event.number,),
                    cause="stdout-impure",
                )


@check(
    "base.notifications.have-no-id",
    judges=["jsonrpc.notification-no-id"],
    everywhere=True,
    idle="the server sent no notifications",
)
def notifications_have_no_id(observation: Observation, report: Report) -> None:
    """The server's notifications carry no id."""
    for event, message in observation.received():
        if message.kind not in ("notification", "request") or not message.method:
            continue
        if message.kind == "notification":
            report.saw()
        elif names_notification(observation.revision, message.method, "server"):
            report.problem(
                "no id: it is a notification",
                short(message.id),
                at="/id",
                events=(event.number,),
                cause="server-request-id-null" if message.id is None else "notification-with-id",
                remedy="leave the id out",
            )


@check(
    "base.results.are-objects",
    judges=["schema.JSONRPCResponse", "schema.JSONRPCResultResponse"],
    everywhere=True,
    idle="the server sent no results",
)
def results_are_objects(observation: Observation, report: Report) -> None:
    """Every response with a result is a valid one: its result is an object."""
    later = "schema.JSONRPCResultResponse" if observation.revision >= "2025-11-25" else "schema.JSONRPCResponse"
    for exchange in observation.answered():
        message = exchange.answer.message if exchange.answer else None
        if message is None or message.kind != "result":
            continue
        report.saw(later)
        if isinstance(exchange.result, dict):
            continue
        flaws = assess(message.value, revision=observation.revision, sender="server", answers=exchange.method).flaws
        flaw = next((one for one in flaws if one.layer == "schema" and one.at == "/result"), None)
        report.problem(
            "an object",
            f"{short(exchange.result)} ({a_json_type(exchange.result)})",
            at="/result",
            events=exchange.events,
            requirement=later,
            cause=schema_cause(exchange.method, flaw)
            if flaw and find_method(observation.revision, exchange.method, "client")
            else answer_kind_cause(observation.revision, exchange.method, "result"),
        )


@check(
    "base.errors.are-concise",
    judges=["jsonrpc.error-message-concise"],
    everywhere=True,
    idle="the server sent no errors",
)
def errors_are_concise(observation: Observation, report: Report) -> None:
    """The message of an error is one short sentence, not a dump."""
    for event, message in observation.received():
        error = message.value["error"] if message.kind == "error" else None
        text = error.get("message", MISSING) if isinstance(error, dict) else MISSING
        if not isinstance(text, str):
            continue
        report.saw()
        wrong = (
            "a stack trace"
            if _TRACE.search(text)
            else f"{len(text.strip().splitlines())} lines"
            if len(text.strip().splitlines()) > 1
            else f"{len(text)} characters"
            if len(text) > _CONCISE
            else ""
        )
        if wrong:
            report.problem(
                f"one sentence, of at most {_CONCISE} characters",
                f"{wrong}: {short(text)}",
                at="/error/message",
                events=(event.number,),
                cause="error-message-long",
                remedy="say what is wrong in one sentence; details belong into error.data",
            )
