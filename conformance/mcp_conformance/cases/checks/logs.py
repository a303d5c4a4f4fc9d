"""Passive checks of log messages (server/utilities/logging).

Most look in the stateful era only, where the level is set for the whole session; in 2026-07-28 each request asks for
its own messages, and most of what is said here of their content isn't counted as visible there.
"""

import re
from collections.abc import Iterator
from typing import Any

from mcp_conformance.cases.checks import Report, check
from mcp_conformance.cases.checks.progress import MOST
from mcp_conformance.cases.checks.protocol import schema_cause
from mcp_conformance.jsonrpc import JSON
from mcp_conformance.messages import assess
from mcp_conformance.observation import Observation
from mcp_conformance.revisions import STATEFUL, era_of
from mcp_conformance.transcript import Event
from mcp_conformance.wire import short

LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
"""From the least severe on (RFC 5424, as the page has them)."""

_NEEDS = ("logging",)
_INTRODUCTIONS = {"stateful": "initialize", "stateless": "server/discover"}
_IDLE = "the server sent no log messages"


def _logged(observation: Observation, events: Iterator[Event] | list[Event]) -> Iterator[tuple[Event, dict[str, Any]]]:
    for event in events:
        message = event.message
        if event.direction == "received" and message is not None and message.kind == "notification":
            params = message.value.get("params")
            if message.method == "notifications/message" and isinstance(params, dict):
                yield event, params


@check("logging.capability.is-declared", judges=["logging.declare-capability"], everywhere=True)
def capability_is_declared(observation: Observation, report: Report) -> None:
    """A server that sends log messages declares the logging capability."""
    declared = observation.server_capabilities
    if declared is None:
        return
    logged = [event for event, message in observation.received() if message.method == "notifications/message"]
    if "logging" in declared:
        if logged:
            report.saw()
    elif logged:
        report.problem(
            'the capability "logging" of a server that sends log messages',
            "log messages without it",
            at="/method",
            events=(logged[0].number,),
            cause="undeclared:notifications/message",
            remedy=f"declare logging in the result of {_INTRODUCTIONS[era_of(observation.revision)]}",
        )
    elif any(True for exchange in observation.answered() if exchange.method not in _INTRODUCTIONS.values()):
        report.saw()  # it was used, and sent none


@check(
    "logging.messages.fields-are-valid",
    judges=["logging.validate-fields"],
    needs=_NEEDS,
    everywhere=True,
    idle=_IDLE,
    revisions=STATEFUL,
)
def fields_are_valid(observation: Observation, report: Report) -> None:
    """A log message has a level that there is, data, and a name if any as its logger."""
    for event, message in observation.received():
        if message.kind != "notification" or message.method != "notifications/message":
            continue
        report.saw()
        for flaw in assess(message.value, revision=observation.revision, sender="server").flaws:
            if flaw.layer == "schema" and flaw.at.startswith("/params"):
                cause = schema_cause(message.method, flaw)
                report.problem(flaw.expected, flaw.got, at=flaw.at, events=(event.number,), cause=cause,
                               remedy=flaw.remedy)  # fmt: skip


@check(
    "logging.messages.say-something",
    judges=["logging.context-in-data"],
    needs=_NEEDS,
    everywhere=True,
    idle=_IDLE,
    revisions=STATEFUL,
)
def messages_say_something(observation: Observation, report: Report) -> None:
    """The data of a log message is not empty."""
    for event, params in _logged(observation, observation.events):
        if "data" in params:
            report.saw()
            data = params["data"]
            if data in (None, "", [], {}) or (isinstance(data, str) and not data.strip()):
                report.problem(
                    "data that say what happened", short(data), at="/params/data", events=(event.number,)
                )  # fmt: skip


@check(
    "logging.loggers.keep-their-names",
    judges=["logging.consistent-logger"],
    needs=_NEEDS,
    everywhere=True,
    idle="the server named no logger",
    revisions=STATEFUL,
)
def loggers_keep_their_names(observation: Observation, report: Report) -> None:
    """A logger has one name, not several spellings, and not a new one with each message."""
    first: dict[str, tuple[str, Event]] = {}
    names: list[str] = []
    for event, params in _logged(observation, observation.history):
        name = params.get("logger")
        if not isinstance(name, str):
            continue
        names.append(name)
        known, before = first.setdefault(re.sub(r"[\W_]", "", name.casefold()), (name, event))
        if event.number <= len(observation.earlier):
            continue
        report.saw()
        if known != name:
            report.problem(
                f"{short(known)}, as before",
                short(name),
                at="/params/logger",
                events=(before.number, event.number),
                cause="logger-spelt-in-two-ways",
            )
        elif len(names) == _MANY and len(set(names)) == _MANY:
            report.problem(
                "names of loggers that are used again",
                f"a new name with each of {_MANY} messages, at last {short(name)}",
                at="/params/logger",
                events=(event.number,),
                cause="logger-of-one-message",
            )


_MANY = 20


@check(
    "logging.level.is-kept",
    judges=["logging.level-respected"],
    needs=_NEEDS,
    everywhere=True,
    idle="no log message came after a level had been set",
    revisions=STATEFUL,
)
def level_is_kept(observation: Observation, report: Report) -> None:
    """After a level has been set, no message of a lower one comes."""
    settings = [
        (exchange.params["level"], exchange)
        for exchange in (*observation.earlier_exchanges, *observation.exchanges)
        if exchange.method == "logging/setLevel" and isinstance(exchange.params, dict)
        if exchange.params.get("level") in LEVELS
    ]
    for event, params in _logged(observation, observation.events):
        level = params.get("level")
        if level not in LEVELS:
            continue
        # What is being set while the message comes may hold already, or not yet.
        sent = [one for one in settings if one[1].sent.number < event.number]
        done = [one for one in sent if isinstance(one[1].result, dict) and _came_before(observation, one[1], event)]
        if not done or sent[-1] is not done[-1]:
            continue
        lowest, exchange = done[-1]
        if lowest == LEVELS[0]:
            continue  # there is no level below it: this proves nothing
        report.saw()
        if LEVELS.index(level) < LEVELS.index(lowest):
            report.problem(
                f"no message below {lowest}, the level that was set",
                f"one of level {level}",
                at="/params/level",
                events=(*exchange.events, event.number),
            )


def _came_before(observation: Observation, exchange: Any, event: Event) -> bool:
    """Whether the answer to a request was certainly sent before a message."""
    if exchange.answer is None or exchange.answer.number > event.number:
        return False
    # Streams have no order among them: there, the message has to belong to a request that was sent later.
    http = event.http
    return observation.transport != "http" or (http is not None and http.reply_to > exchange.answer.number)


@check(
    "logging.rate.is-limited",
    judges=["logging.rate-limit"],
    needs=_NEEDS,
    everywhere=True,
    idle=_IDLE,
    revisions=STATEFUL,
)
def rate_is_limited(observation: Observation, report: Report) -> None:
    """At most 100 log messages come in any second, or in one call that takes less."""
    logged = [event for event, _ in _logged(observation, observation.events)]
    if logged:
        report.saw()
    for index in range(len(logged) - MOST):
        first, last = logged[index], logged[index + MOST]
        # Of those that came because of one request only: a client that asks much gets much.
        asked = [one for one in observation.exchanges if first.number < one.sent.number < last.number]
        if not asked and last.at - first.at < 1.0:
            report.problem(
                f"at most {MOST} log messages a second",
                f"more than {MOST} in {last.at - first.at:.1f} s",
                events=(first.number, last.number),
                remedy="gather what is alike into one message, or leave the least of it out",
            )
            return


# ------------------------------------------------------------------------------------------------- what mustn't be told

_SECRET = re.compile(r"passw(or)?d|secret|credential|api_?key|access_?token|auth_?token|private_?key|^token$", re.I)
_PERSONAL = re.compile(r"e_?mail|phone|social_?security|^ssn$|date_?of_?birth|passport|credit_?card|iban", re.I)
_TELLING = 8  # characters: what is shorter turns up by chance


def _values(value: JSON, names: re.Pattern[str], name: str = "") -> Iterator[str]:
    """The texts in arguments whose name says that they are of that kind."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _values(inner, names, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner, names, name)
    elif isinstance(value, str) and len(value) >= _TELLING and names.search(re.sub(r"[\s-]", "_", name)):
        yield value


def _given(observation: Observation, names: re.Pattern[str]) -> Iterator[str]:
    for exchange in (*observation.earlier_exchanges, *observation.exchanges):
        if exchange.method in ("tools/call", "prompts/get") and isinstance(exchange.params, dict):
            yield from _values(exchange.params.get("arguments"), names)


def _authorization(observation: Observation) -> Iterator[str]:
    """The credentials that the tester sends with each HTTP request."""
    for event in observation.history:
        if event.direction == "sent" and event.http is not None and (value := event.http.header("authorization")):
            secret = value.rpartition(" ")[2]
            if len(secret) >= _TELLING:
                yield secret


def _are_not_told(observation: Observation, report: Report, secrets: set[str], what: str) -> None:
    if not secrets:
        return
    for event, params in _logged(observation, observation.events):
        report.saw()
        told = " ".join(_texts(params))
        if any(secret in told for secret in secrets):
            report.problem(
                f"no {what} in log messages",
                f"the {what} that the tester gave",
                at="/params/data",
                events=(event.number,),
                remedy="log that there was such a value, not the value",
            )


def _texts(value: JSON) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value


@check(
    "logging.messages.hold-no-secrets",
    judges=["logging.no-secrets"],
    needs=_NEEDS,
    everywhere=True,
    idle="the tester gave no credentials to a server that logs: no argument of a tool asks for a password, a token or "
    "the like, and none was sent as a header",
    revisions=STATEFUL,
)
def hold_no_secrets(observation: Observation, report: Report) -> None:
    """What the tester gave as a credential doesn't stand in log messages."""
    secrets = {*_given(observation, _SECRET), *_authorization(observation)}
    _are_not_told(observation, report, secrets, "credential")


@check(
    "logging.messages.hold-no-personal-data",
    judges=["logging.no-personal-data"],
    needs=_NEEDS,
    everywhere=True,
    idle="the tester gave no personal data to a server that logs: no argument of a tool asks for an e-mail address, a "
    "telephone number or the like",
    revisions=STATEFUL,
)
def hold_no_personal_data(observation: Observation, report: Report) -> None:
    """What the tester gave as personal data doesn't stand in log messages."""
    _are_not_told(observation, report, set(_given(observation, _PERSONAL)), "personal data")
