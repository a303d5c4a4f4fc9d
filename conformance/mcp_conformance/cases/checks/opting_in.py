"""Passive checks of log messages of the stateless era, where each request asks for its own (utilities/logging)."""

from collections.abc import Iterator

from mcp_conformance.cases.checks import Report, check
from mcp_conformance.cases.checks.subscriptions import subscription_of
from mcp_conformance.client import LOG_LEVEL_KEY
from mcp_conformance.jsonrpc import MISSING, Message
from mcp_conformance.observation import Observation
from mcp_conformance.transcript import Event


def _logged(observation: Observation) -> Iterator[tuple[Event, Message]]:
    for event, message in observation.received():
        if message.kind == "notification" and message.method == "notifications/message":
            yield event, message


@check("logging.messages.are-asked-for", judges=["logging.opt-in-only"], everywhere=True, era="stateless")
def log_messages_are_asked_for(observation: Observation, report: Report) -> None:
    """A server logs only for requests that ask for it."""
    for exchange in observation.answered():
        if LOG_LEVEL_KEY not in exchange.meta:
            report.saw()
    for event, message in _logged(observation):
        if subscription_of(message) is not MISSING:
            continue  # on a subscription there is no place for them at all, which is judged elsewhere
        if not _wanted(observation, event):
            report.problem(
                f"no log messages for a request without {LOG_LEVEL_KEY}",
                "notifications/message",
                at="/method",
                events=(event.number,),
                cause="logging-unasked",
                remedy="log to stderr, or only for requests that give a level in _meta",
            )


def _wanted(observation: Observation, event: Event) -> bool:
    """Whether a request that asked for log messages may have caused this one."""
    before = [one for one in observation.exchanges if one.sent.number < event.number]
    if event.http is not None and event.http.reply_to:
        before = [one for one in before if one.sent.number == event.http.reply_to] or before
    return any(LOG_LEVEL_KEY in one.meta for one in before)
