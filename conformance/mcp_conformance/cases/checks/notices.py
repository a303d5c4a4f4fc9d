"""Passive checks of what is said while a request is under way: progress (basic/utilities/progress, 2026-07-28
basic/patterns/progress) and, in the stateless era, log messages (server/utilities/logging)."""

from collections.abc import Iterator

from mcp_conformance.cases.checks import Report, check
from mcp_conformance.cases.checks.subscriptions import subscription_of
from mcp_conformance.client import LOG_LEVEL_KEY
from mcp_conformance.exchanges import Exchange
from mcp_conformance.jsonrpc import JSON, MISSING, Message, same_id
from mcp_conformance.observation import Observation
from mcp_conformance.transcript import Event
from mcp_conformance.wire import short

# ------------------------------------------------------------------------------------------------------------- progress

_NO_PROGRESS = "the server reported no progress"


def _reports(observation: Observation) -> Iterator[tuple[Event, JSON, JSON]]:
    """Progress notifications: the event, the token, the progress. What is spoilt is the schema's matter."""
    for event, message in observation.received():
        params = message.params
        if message.kind == "notification" and message.method == "notifications/progress" and isinstance(params, dict):
            token, progress = params.get("progressToken"), params.get("progress")
            if not isinstance(token, bool) and isinstance(token, str | int | float) and _is_number(progress):
                yield event, token, progress


def _is_number(value: JSON) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _asked(observation: Observation, event: Event, token: JSON) -> list[Exchange]:
    """The requests with that token that were sent before the event."""
    return [
        one
        for one in observation.exchanges
        if one.sent.number < event.number and same_id(one.meta.get("progressToken", MISSING), token)
    ]


@check("progress.tokens.are-known", judges=["progress.known-token"], everywhere=True, idle=_NO_PROGRESS)
def tokens_are_known(observation: Observation, report: Report) -> None:
    """Progress is reported under a token that a request brought."""
    for event, token, _ in _reports(observation):
        report.saw()
        if not _asked(observation, event, token):
            report.problem(
                "the progressToken of an earlier request, of the same JSON type",
                short(token),
                at="/params/progressToken",
                events=(event.number,),
                cause="progress-token",
                remedy="report progress only for requests with a progressToken in _meta, and repeat it as it is",
            )


@check(
    "progress.ends-with-the-request",
    judges=["progress.in-progress-only", "progress.stops-after-completion"],
    everywhere=True,
    idle=_NO_PROGRESS,
)
def progress_ends_with_the_request(observation: Observation, report: Report) -> None:
    """No progress is reported for a request that has been answered."""
    for event, token, _ in _reports(observation):
        asked = _asked(observation, event, token)
        for name in ("progress.in-progress-only", "progress.stops-after-completion"):
            report.saw(name)
            answers = [one.answer for one in asked if one.answer is not None and _is_before(one.answer, event)]
            if asked and len(answers) == len(asked):
                report.problem(
                    "no progress of a request that was answered",
                    f"progress under the token {short(token)} after the answer",
                    at="/params/progressToken",
                    events=(answers[-1].number, event.number),
                    requirement=name,
                    cause="progress-after-answer",
                )


def _is_before(answer: Event, event: Event) -> bool:
    """Whether one came before the other for certain: over HTTP, two streams have no order between them."""
    if answer.http is not None and event.http is not None and answer.http.reply_to != event.http.reply_to:
        return False
    return answer.number < event.number


@check("progress.values.increase", judges=["progress.increases"], everywhere=True, idle=_NO_PROGRESS)
def values_increase(observation: Observation, report: Report) -> None:
    """The progress of a request rises from one report to the next."""
    latest: dict[tuple[int, str, JSON], tuple[Event, float]] = {}
    for event, token, progress in _reports(observation):
        asked = _asked(observation, event, token)
        key = (asked[-1].sent.number if asked else 0, type(token).__name__, token)
        report.saw()
        before = latest.get(key)
        if before is not None and progress <= before[1]:
            report.problem(
                f"more than {short(before[1])}",
                short(progress),
                at="/params/progress",
                events=(before[0].number, event.number),
                cause="progress-decreases",
            )
        latest[key] = (event, progress)


# -------------------------------------------------------------------------------------------------------------- logging


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


@check("logging.capability.is-declared", judges=["logging.declare-capability"], everywhere=True, era="stateless",
       idle="the server sent no log messages")  # fmt: skip
def logging_is_declared(observation: Observation, report: Report) -> None:
    """A server that logs declares it."""
    if observation.server_capabilities is None:
        return
    for event, _ in _logged(observation):
        report.saw()
        if "logging" not in observation.server_capabilities:
            report.problem(
                "log messages only with the capability logging",
                "notifications/message without it",
                at="/method",
                events=(event.number,),
                cause="undeclared:notifications/message",
                remedy="declare logging in the result of server/discover",
            )
