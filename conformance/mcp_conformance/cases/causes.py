"""Root causes that are wider than one case: what a wrong answer has in common with wrong answers to other requests."""

from mcp_conformance.cases.checks.protocol import answer_kind_cause, error_details_cause, error_flaw, schema_cause
from mcp_conformance.jsonrpc import Message
from mcp_conformance.messages import assess
from mcp_conformance.session import Exchange
from mcp_conformance.transcript import Event


def wide_cause(revision: str, sent: Exchange | Event, answer: Event | None, at: str) -> str:
    """The root cause of an answer that is wrong at a place, where it is wider than one requirement; empty where it
    isn't.

    A server that answers one notification answers others, and one that refuses a request without params does so in
    every case; wrong ids, error objects and results have checks of their own, with these causes.
    """
    message = answer.message if answer else None
    if message is None:
        return ""
    if at == "/id" and isinstance(sent, Exchange) and sent.flaw:
        return f"response-id:{sent.flaw}"
    if at.startswith("/error") and message.kind == "error" and (flaw := error_flaw(message.value["error"])):
        return f"error-object:{flaw}"
    if at.startswith("/error/data") and message.kind == "error":
        return error_details_cause(message, revision)
    if at.startswith("/result") and isinstance(sent, Exchange):
        return _schema_cause(sent.method, message, at.removeprefix("/result"), revision)
    if at:
        return ""
    if isinstance(sent, Event):
        parts = () if sent.message is None else sent.message.items or (sent.message,)
        return "answered-notification" if any(part.kind == "notification" for part in parts) else ""
    if isinstance(sent.params, dict) and set(sent.params) - {"_meta"}:
        return ""
    return answer_kind_cause(revision, sent.method, message.kind)


def _schema_cause(method: str, message: Message, at: str, revision: str) -> str:
    """The cause that the schema check gives to a wrong place of a result, if it is wrong by the schema too."""
    for flaw in assess(message.value, revision=revision, sender="server", answers=method).flaws:
        place = flaw.at.removeprefix("/result")
        if flaw.layer == "schema" and place != flaw.at and (at == place or at.startswith(place + "/")):
            return schema_cause(method, flaw)
    return ""
