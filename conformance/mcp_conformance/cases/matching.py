"""Whether an answer is one of the outcomes that a case expects, and if not, why not, in words."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mcp_conformance import schemas
from mcp_conformance.cases.model import Outcome
from mcp_conformance.cases.values import BadReference, Values, pointed
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


def mismatch(outcome: Outcome, message: Message | None, method: str, revision: str, values: Values) -> Mismatch | None:
    """None when `message` (None: nothing came) is that outcome."""
    found = _mismatch(outcome, message, method, revision, values)
    return found and replace(found, whole=observed(message) if message else found.observed)


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
    if outcome.silence:
        return "no answer"
    if outcome.result is not None:
        words = "a result" if outcome.result is True else f"a valid {outcome.result}"
    elif outcome.error is True:
        words = "an error"
    else:
        codes = outcome.error if isinstance(outcome.error, list) else [outcome.error]
        words = "error " + " or ".join(str(code) for code in codes)
    places = [f"{pointer} {_describe_matcher(values.resolve(matcher))}" for pointer, matcher in outcome.where.items()]
    return words + (f" with {', '.join(places)}" if places else "")


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
