"""Whether an answer is one of the outcomes that a case expects, and if not, why not, in words."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mcp_conformance import schemas
from mcp_conformance.cases.checks.protocol import OF_ALL_RESULTS
from mcp_conformance.cases.model import Outcome, Status
from mcp_conformance.cases.values import BadReference, Values, pointed
from mcp_conformance.exchanges import HttpExchange
from mcp_conformance.jsonrpc import JSON, MISSING, Message, json_type
from mcp_conformance.wire import short


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Why an answer isn't the outcome: at which place, what was wanted, what was there."""

    expected: str
    observed: str
    at: str = ""
    cause: str = ""
    whole: str = ""
    """The whole answer in words."""


def mismatch(
    outcome: Outcome,
    message: Message | None,
    method: str,
    revision: str,
    values: Values,
    response: HttpExchange | None = None,
) -> Mismatch | None:
    """None when what came is that outcome: `message` (None: none came), and over HTTP the `response` it came in."""
    found = _response_mismatch(outcome, message, values, response) if outcome.of_http else None
    if found is None and (outcome.result is not None or outcome.error is not None or outcome.silence):
        found = _mismatch(outcome, message, method, revision, values)
    if found is None:
        return None
    if outcome.of_http:
        came = _came(response, message)
        return replace(found, whole=came, observed=found.observed if found.at else came)
    return replace(found, whole=observed(message) if message else found.observed)


def _response_mismatch(
    outcome: Outcome, message: Message | None, values: Values, response: HttpExchange | None
) -> Mismatch | None:
    wanted, came = describe(outcome, values), _came(response, message)
    if response is None or response.http is None:
        return Mismatch(wanted, came)
    if outcome.status is not None and not _has_status(outcome.status, response.status):
        return Mismatch(wanted, came, "the HTTP status")
    for name, matcher in outcome.headers.items():
        value = response.http.header(name)
        if not matches(values.resolve(matcher), MISSING if value is None else value):
            found = "no such header" if value is None else short(value)
            return Mismatch(f"{name} {_describe_matcher(values.resolve(matcher))}", found, f"the header {name}")
    if outcome.body is not None and not _has_body(outcome.body, response):
        return Mismatch(wanted, f"{came}, {_body_words(response)}", "the body")
    if outcome.ended and not response.done.is_set():
        return Mismatch(wanted, f"{came}, and the response goes on", "the end of the response")
    return None


def _has_status(wanted: Status, found: int | None) -> bool:
    choices = wanted if isinstance(wanted, list) else [wanted]
    return any(found == one or f"{(found or 0) // 100}xx" == one for one in choices)


def _has_body(wanted: str, response: HttpExchange) -> bool:
    if wanted == "empty":
        return not response.has_body
    return response.media_type == {"json": "application/json", "event-stream": "text/event-stream"}[wanted]


def _body_words(response: HttpExchange) -> str:
    if not response.has_body:
        return "without a body"
    return f"with a body of type {short(response.media_type)}" if response.media_type else "with a body without a type"


def _came(response: HttpExchange | None, message: Message | None) -> str:
    """What came over HTTP, in words."""
    if response is None or response.status is None:
        return "no response" + (f": {response.over}" if response is not None and response.over else "")
    return f"HTTP status {response.status}" + (f" with {observed(message)}" if message else "")


def _mismatch(outcome: Outcome, message: Message | None, method: str, revision: str, values: Values) -> Mismatch | None:
    wanted = describe(outcome, values)
    if message is None:
        return None if outcome.silence else Mismatch(wanted, "no answer")
    if outcome.silence:
        return Mismatch(wanted, observed(message))
    kind = "result" if outcome.result is not None else "error"
    if message.kind != kind:
        return Mismatch(wanted, observed(message))
    if kind == "error" and outcome.error is not True:
        codes = outcome.error if isinstance(outcome.error, list) else [outcome.error]
        error = message.value["error"]
        code = error.get("code", MISSING) if isinstance(error, dict) else MISSING
        if code not in codes:
            return Mismatch(wanted, observed(message), "/error/code")
    if isinstance(outcome.result, str):
        for violation in schemas.validate(revision, outcome.result, message.value["result"]):
            if violation.at in OF_ALL_RESULTS:
                continue
            place = re.sub(r"/\d+(?=/|$)", "/*", violation.at)
            cause = f"schema:{method}:{place}:{violation.rule}"
            return Mismatch(violation.expected, violation.got, "/result" + violation.at, cause)
    for pointer, matcher in outcome.where.items():
        found = _found(message.value, pointer)
        if not matches(values.resolve(matcher), found):
            return Mismatch(outcome.words or _describe_matcher(values.resolve(matcher)), short(found), pointer)
    return None


def fits(message: Message, where: Mapping[str, Any], values: Values) -> bool:
    """Whether a message has at all places what is wanted there."""
    return all(matches(values.resolve(matcher), _found(message.value, pointer)) for pointer, matcher in where.items())


def describe(outcome: Outcome, values: Values) -> str:
    """An outcome in words."""
    if outcome.words:
        return outcome.words
    http = _describe_response(outcome, values)
    words = _describe_message(outcome)
    if http and words:
        words = f"{http} with {words}"
    places = [f"{pointer} {_describe_matcher(values.resolve(matcher))}" for pointer, matcher in outcome.where.items()]
    return (words or http) + (f" with {', '.join(places)}" if places else "")


def _describe_message(outcome: Outcome) -> str:
    if outcome.silence:
        return "no answer"
    if outcome.result is not None:
        return "a result" if outcome.result is True else f"a valid {outcome.result}"
    if outcome.error is None:
        return ""
    if outcome.error is True:
        return "an error"
    codes = outcome.error if isinstance(outcome.error, list) else [outcome.error]
    return "error " + " or ".join(str(code) for code in codes)


def _describe_response(outcome: Outcome, values: Values) -> str:
    """What is expected of the HTTP response, in words; empty for nothing."""
    if not outcome.of_http:
        return ""
    choices = outcome.status if isinstance(outcome.status, list) else [outcome.status]
    words = [f"HTTP status {' or '.join(map(str, choices))}" if outcome.status is not None else "an HTTP response"]
    words += [f"{name} {_describe_matcher(values.resolve(matcher))}" for name, matcher in outcome.headers.items()]
    bodies = {"empty": "without a body", "json": "with a body of JSON", "event-stream": "with an event stream"}
    words += [bodies[outcome.body]] if outcome.body is not None else []
    words += ["that has ended"] if outcome.ended else []
    return " ".join(words[:1]) + "".join(f", {more}" for more in words[1:])


def observed(message: Message) -> str:
    """A response in words."""
    if message.kind == "error":
        error = message.value["error"]
        if isinstance(error, dict):
            return f"error {short(error.get('code', MISSING))} {short(error.get('message', MISSING))}"
        return f"error {short(error)}"
    return f"a result: {short(message.value['result'])}" if message.kind == "result" else short(message.value)


def _found(value: JSON, pointer: str) -> JSON:
    try:
        return pointed(value, pointer)
    except KeyError:
        return MISSING


# ------------------------------------------------------------------------------------------------------------- matchers
# A matcher is a literal value, or an object with one of these keys. What isn't one of them is compared as it is.


def _same(wanted: JSON, found: JSON) -> bool:
    return json_type(wanted) == json_type(found) and bool(wanted == found)


def _of_type(wanted: JSON, found: JSON) -> bool:
    if wanted == "integer":
        return isinstance(found, int | float) and not isinstance(found, bool) and found == found // 1
    return found is not MISSING and json_type(found) == wanted


_MATCHERS: dict[str, tuple[Callable[[Any, JSON], bool], Callable[[Any], str]]] = {
    "equals": (_same, short),
    "not": (
        lambda wanted, found: found is not MISSING and not matches(wanted, found),
        lambda w: f"other than {_describe_matcher(w)}",
    ),
    "one-of": (
        lambda wanted, found: any(matches(one, found) for one in wanted),
        lambda w: "one of " + ", ".join(map(short, w)),
    ),
    "type": (_of_type, lambda w: f"of type {w}"),
    "matches": (
        lambda wanted, found: isinstance(found, str) and re.search(wanted, found) is not None,
        lambda w: f"a string like /{w}/",
    ),
    "at-least": (
        lambda wanted, found: isinstance(found, str) and found >= wanted,
        lambda w: f"{short(w)} or a later one",
    ),
    "has": (
        lambda wanted, found: isinstance(found, list) and any(matches(wanted, one) for one in found),
        lambda w: f"a list with {_describe_matcher(w)}",
    ),
    "mentions": (
        lambda wanted, found: found is not MISSING and wanted in json.dumps(found, ensure_ascii=False),
        lambda w: f"something that mentions {short(w)}",
    ),
    "only": (
        lambda wanted, found: isinstance(found, dict) and set(found) <= set(wanted),
        lambda w: "an object without members" + (f" but {', '.join(w)}" if w else ""),
    ),
    "absent": (lambda wanted, found: (found is MISSING) == wanted, lambda w: "absent" if w else "present"),
    "truthy": (lambda wanted, found: bool(found) == wanted, lambda w: "true" if w else "false or absent"),
}


def _matcher(value: JSON) -> tuple[str, Any] | None:
    if isinstance(value, dict) and len(value) == 1:
        (key, wanted), *_ = value.items()
        if key in _MATCHERS:
            return key, wanted
    return None


def matches(matcher: JSON, found: JSON) -> bool:
    """Whether what was found is what the matcher wants."""
    if (special := _matcher(matcher)) is None:
        return _same(matcher, found)
    key, wanted = special
    try:
        return _MATCHERS[key][0](wanted, found)
    except (TypeError, re.error) as error:
        raise BadReference(f"matcher {key}: {error}") from None


def _describe_matcher(matcher: JSON) -> str:
    if (special := _matcher(matcher)) is None:
        return short(matcher)
    key, wanted = special
    return _MATCHERS[key][1](wanted)
