"""Passive checks of values against the text of the specification: one check for each rule of `text_rules`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from mcp_conformance import text_rules
from mcp_conformance.cases.checks import Report, check
from mcp_conformance.cases.checks.protocol import schema_cause
from mcp_conformance.jsonrpc import JSON, Message
from mcp_conformance.messages import assess
from mcp_conformance.methods import find_method, type_of_result
from mcp_conformance.observation import Observation
from mcp_conformance.requirements import catalogue
from mcp_conformance.revisions import JUDGED
from mcp_conformance.session import Exchange
from mcp_conformance.text_rules import Judged, Rule, TextFlaw

_NEEDS = {"tools": ("tools",), "resources": ("resources",), "prompts": ("prompts",)}
"""The capability without which an area has nothing to judge."""

# The tester makes no tasks yet. What was never seen to fail isn't judged.
_UNREACHED = ("tasks.times.are-valid", "tasks.metadata.related-task", "tasks.failures.are-explained")


@dataclass(frozen=True, slots=True)
class _Heard:
    """A message of the server's, and what the rules say of it: of the message itself, or of its member at `base`.
    `method` is its own or that of the request that it answers."""

    message: JSON
    method: str
    answers: str | None
    events: tuple[int, ...]
    base: str
    judged: Judged


class _Kept:
    """An observation as a key: it is the same as itself alone."""

    __slots__ = ("observation",)

    def __init__(self, observation: Observation) -> None:
        self.observation = observation

    def __hash__(self) -> int:
        return id(self.observation)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Kept) and other.observation is self.observation


@lru_cache(maxsize=8)  # as many revisions are looked at in turn; all checks share one walk through a message
def _all_heard(kept: _Kept) -> tuple[_Heard, ...]:
    return tuple(_hear(kept.observation))


def _hear(observation: Observation) -> Iterator[_Heard]:
    revision = observation.revision
    for exchange in observation.answered():
        if exchange.answer is not None and exchange.answer.message is not None:
            yield from _answer(revision, exchange, exchange.answer.message)
    for event, message in observation.received():
        method = find_method(revision, message.method or "", "server")
        if method is not None and message.kind == method.kind:
            judged = text_rules.judge(revision, method.message, message.value)
            yield _Heard(message.value, method.name, None, (event.number,), "", judged)


def _answer(revision: str, exchange: Exchange, message: Message) -> Iterator[_Heard]:
    known = find_method(revision, exchange.method, "client")
    if message.kind == "error":
        value, base = message.value, ""
        name = assess(value, revision=revision, sender="server").type
    elif known is not None:
        value, base = exchange.result, "/result"
        augmented = isinstance(exchange.params, dict) and "task" in exchange.params
        name = type_of_result(known, value, augmented=augmented)
    else:
        return
    document, _, definition = name.rpartition("/")
    judged = text_rules.judge(document or revision, definition, value)
    yield _Heard(message.value, exchange.method, exchange.method, exchange.events, base, judged)


def _cause(rule: Rule, flaw: TextFlaw, heard: _Heard, revision: str) -> str:
    """The root cause of a flaw. Where the schema refuses the place too, or what is in it, that is the cause."""
    at = heard.base + flaw.at
    said = assess(heard.message, revision=revision, sender="server", answers=heard.answers)
    for other in said.flaws:
        if other.layer == "schema" and other.at and _is_related(at, other.at):
            return schema_cause(heard.method, other)
    match rule.cause:
        case "rule":
            return f"text:{rule.id}"
        case "key":
            return f"text:{rule.id}:{at.rpartition('/')[2]}"
        case "place":
            place = re.sub(r"/\d+(?=/|$)", "/*", at)
            return f"text:{rule.id}:{heard.method}:{place}"


def _is_related(one: str, other: str) -> bool:
    """Whether two places are the same, or one lies in the other."""
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _register(rule: Rule) -> None:
    def values_are_right(observation: Observation, report: Report) -> None:
        for heard in _all_heard(_Kept(observation)):
            for (name, requirement), count in heard.judged.looked.items():
                if name == rule.id:
                    report.saw(requirement, count)
            for flaw in heard.judged.flaws:
                if flaw.rule == rule.id:
                    report.problem(
                        flaw.expected,
                        flaw.got,
                        at=heard.base + flaw.at,
                        events=heard.events,
                        requirement=flaw.requirement,
                        cause=_cause(rule, flaw, heard, observation.revision),
                        remedy=flaw.remedy,
                    )

    values_are_right.__doc__ = rule.purpose
    needs = _NEEDS.get(rule.id.partition(".")[0], ())
    judges = list(rule.requirements)
    check(rule.id, judges=judges, needs=needs, everywhere=True, idle=rule.idle)(values_are_right)


def _is_judged(rule: Rule) -> bool:
    """Whether the rule can have anything to say in a revision that is judged here."""
    known = catalogue()
    standing = (known.get(revision, name) for revision in JUDGED for name in rule.requirements)
    return rule.id not in _UNREACHED and any(standing)


for _rule in text_rules.RULES:
    if _is_judged(_rule):
        _register(_rule)
