"""Is this message, sent by this side, as an answer to that method, valid in this revision? And if not: where, what was
expected, and what does its author have to change?

Two layers answer. The layer ``schema`` says what the published schema of the revision demands, and what JSON-RPC
demands of the envelope; the layer ``text`` what the pages demand of values beyond it. Every flaw names a requirement of
the catalogue, whose level is written there. What is unusual but legal is a hint.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Literal

from mcp_conformance import remedies, schemas, text_rules
from mcp_conformance.methods import Method, Side, find_method, methods
from mcp_conformance.places import Place, places
from mcp_conformance.requirements import catalogue
from mcp_conformance.violations import Violation, pointer, render

Layer = Literal["schema", "text"]

_BATCHES = "2025-03-26"  # the only revision that has them


@dataclass(frozen=True, slots=True)
class Flaw:
    """One place at which a message is wrong.

    `at` is a JSON Pointer into the message, `rule` the keyword of JSON Schema or the id of the rule of the text layer,
    `requirement` an id of the catalogue. `expected` completes "expected …", `got` is what stood there, `remedy` says
    what to change.
    """

    at: str
    rule: str
    requirement: str
    expected: str
    got: str
    remedy: str
    layer: Layer


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is to be said of a message. `type` is the specification's name for it, or for its result."""

    type: str
    flaws: tuple[Flaw, ...] = ()
    hints: tuple[tuple[str, str], ...] = ()
    """(JSON Pointer, words) for what is legal but looks wrong."""

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong with the message."""
        return not self.flaws


def assess(
    message: object,
    *,
    revision: str,
    sender: Side,
    answers: str | None = None,
    augmented: bool = False,
    extensions: frozenset[str] = frozenset(),
) -> Assessment:
    """Judges a JSON-RPC message, parsed.

    `answers` is the method of the request that a response answers; without it only the response's envelope is judged.
    `augmented`: that request asked to be run as a task. `extensions` are those that both sides have declared. Raises
    `LookupError` for an unknown revision only.
    """
    if isinstance(message, list):
        return _batch(message, revision, sender, extensions)
    if not isinstance(message, dict):
        violation = Violation("", "type", "an object", render(message))
        return _Assessor(revision, {}).done("JSONRPCMessage", [violation])
    assessor = _Assessor(revision, message)
    if "method" in message:
        return _asked(assessor, message, revision, sender)
    return _answered(assessor, message, revision, sender, answers, augmented, extensions)


def result_type(
    revision: str,
    method: str,
    sender: Side,
    result: object,
    *,
    augmented: bool = False,
    extensions: frozenset[str] = frozenset(),
) -> str | None:
    """The type of a result that `sender` sends as the answer to `method`; None if that method is not known.

    A type of an extension has the form ``FILE/NAME``.
    """
    known = find_method(revision, method, _other(sender))
    return None if known is None else _result_type(known, result, augmented, extensions)


# ----------------------------------------------------------------------------------------------------- kinds of message


def _batch(message: list[object], revision: str, sender: Side, extensions: frozenset[str]) -> Assessment:
    if revision != _BATCHES:
        violation = Violation("", "type", "a single JSON-RPC message", f"an array of {len(message)}")
        return _Assessor(revision, {}).done("JSONRPCMessage", [violation], "send each message by itself")
    flaws: list[Flaw] = []
    hints: list[tuple[str, str]] = []
    if not message:
        empty = Violation("", "minItems", "at least one message", "[]")
        flaws.extend(_Assessor(revision, {}).done("JSONRPCMessage", [empty]).flaws)
    for index, item in enumerate(message):
        if isinstance(item, list):
            one = _Assessor(revision, {}).done("JSONRPCMessage", [Violation("", "type", "an object", render(item))])
        else:
            one = assess(item, revision=revision, sender=sender, extensions=extensions)
        flaws.extend(replace(flaw, at=f"/{index}{flaw.at}") for flaw in one.flaws)
        hints.extend((f"/{index}{at}", words) for at, words in one.hints)
    return Assessment("JSONRPCMessage", tuple(flaws), tuple(hints))


def _asked(assessor: "_Assessor", message: dict[str, Any], revision: str, sender: Side) -> Assessment:
    """A request or a notification."""
    kind = "request" if "id" in message else "notification"
    envelope = "JSONRPCRequest" if kind == "request" else "JSONRPCNotification"
    assessor.check(envelope)
    name = message["method"]
    if not isinstance(name, str):
        return assessor.done(envelope)
    if kind == "request" and sender == "server" and catalogue().get(revision, "base.server-no-requests"):
        assessor.add(
            "base.server-no-requests", "request-of-server", "", "no request from a server", render(name),
            "end the call with resultType input_required and ask in inputRequests",
        )  # fmt: skip
        return assessor.done(envelope)
    known = find_method(revision, name, sender)
    if known is None:
        assessor.hint("/method", _unknown_method(revision, name, sender))
        return assessor.done(envelope)
    if known.kind != kind:
        assessor.check(known.message)
        if kind == "request":
            assessor.add(
                "jsonrpc.notification-no-id", "notification-id", "/id", "nothing", render(message["id"]),
                f"leave the id out: {name} is a notification",
            )  # fmt: skip
        elif not assessor.is_flawed("/id"):
            assessor.add(
                "schema.JSONRPCRequest", "required", "/id", 'member "id"', "nothing",
                f"give the request an id: {name} is to be answered",
            )  # fmt: skip
        return assessor.done(known.message)
    assessor.check(known.message, whole=True)
    return assessor.done(known.message)


def _answered(
    assessor: "_Assessor",
    message: dict[str, Any],
    revision: str,
    sender: Side,
    answers: str | None,
    augmented: bool,
    extensions: frozenset[str],
) -> Assessment:
    """A response, or something that is none."""
    names = schemas.definitions(revision)
    result = "JSONRPCResultResponse" if "JSONRPCResultResponse" in names else "JSONRPCResponse"
    error = "JSONRPCErrorResponse" if "JSONRPCErrorResponse" in names else "JSONRPCError"
    if "result" in message and "error" in message:
        assessor.add(
            "jsonrpc.response-not-both", "response-not-both", "/error", "either result or error", "both",
            "send error alone if the request failed, and result alone if it did not",
        )  # fmt: skip
        return assessor.done(result)
    if "error" in message:
        if message.get("id", 0) is None:
            # JSON-RPC answers what it could not read with the id null, the schemas give errors a string, an integer,
            # or leave them without; a server that follows JSON-RPC breaks nothing that it was plainly told.
            assessor.message = {**message, "id": 0}
        assessor.check(error)
        code = message["error"].get("code") if isinstance(message["error"], dict) else None
        if isinstance(code, int) and (special := _error_type(revision, code)):
            assessor.check(special)
            error = special
        return assessor.done(error)
    if "result" not in message:
        assessor.check(result, only=("/jsonrpc", "/id"))
        assessor.add(
            "jsonrpc.response-result-or-error", "required", "", "a member result, error or method",
            render(sorted(message)), "add the result, or the error, that answers the request",
        )  # fmt: skip
        return assessor.done("JSONRPCMessage")
    known = find_method(revision, answers, _other(sender)) if answers is not None else None
    assessor.check(result, only=None if known is None else ("/jsonrpc", "/id"))
    if known is None:
        return assessor.done(result)
    made = _result_type(known, message["result"], augmented, extensions)
    assessor.check(made, "/result", whole=True)
    return assessor.done(made)


def _result_type(method: Method, result: object, augmented: bool, extensions: frozenset[str]) -> str:
    if isinstance(result, dict):
        kind = result.get("resultType")
        other = method.by_result_type.get(kind) if isinstance(kind, str) else None
        if other is not None and (extensions or "/" not in other):
            return other
        if augmented and method.augmented is not None and "task" in result:
            return method.augmented
    return method.result or "Result"


def _error_type(revision: str, code: int) -> str | None:
    """The type that the revision has for errors of that code and with members of their own."""
    return _special_errors(revision).get(code)


def _special_errors(revision: str) -> Mapping[int, str]:
    found = {}
    for name, schema in schemas.document(revision)["$defs"].items():
        parts = schema.get("properties", {}).get("error", {}).get("allOf", ())
        for part in parts:
            if "const" in (code := part.get("properties", {}).get("code", {})):
                found[code["const"]] = name
    return found


def _other(side: Side) -> Side:
    return "client" if side == "server" else "server"


def _unknown_method(revision: str, name: str, sender: Side) -> str:
    if find_method(revision, name, _other(sender)):
        return f"{render(name)} is sent by the {_other(sender)}, not by the {sender}"
    if any(method.kind == "input" and method.name == name for method in methods(revision)):
        return f"{render(name)} is asked for in inputRequests in {revision}, not sent"
    near = get_close_matches(name, [method.name for method in methods(revision)], n=1)
    meant = f"; is {near[0]} meant?" if near else ""
    return f"{render(name)} is no method of {revision}{meant}"


# ------------------------------------------------------------------------------------------------------------- the work

# Where a rule about the envelope has an entry of its own: (kind, pointer) to that entry.
_ENVELOPE = {
    "/jsonrpc": "jsonrpc.version-member",
    "/error/code": "jsonrpc.error-code-integer",
    "/error/message": "jsonrpc.error-code-and-message",
}


class _Assessor:
    """Collects what is wrong with one message."""

    def __init__(self, revision: str, message: dict[str, Any]) -> None:
        self.revision = revision
        self.message = message
        self._flaws: dict[str, Flaw] = {}
        self._hints: list[tuple[str, str]] = []

    def check(self, definition: str, at: str = "", *, whole: bool = False, only: tuple[str, ...] | None = None) -> None:
        """Compares the message, or its member `at`, with a definition; `whole`: and with the text. `only`: flaws at
        other places are somebody else's to tell."""
        document, _, name = definition.rpartition("/")
        document = document or self.revision
        value = self.message[at[1:]] if at else self.message
        violations = schemas.validate(document, name, value)
        found = _Places(document, name, value)
        for violation in violations:
            place = at + violation.at
            if (only is None or place in only) and not self.is_flawed(place):
                told = remedies.remedy(violation, found(), at)
                self.add(self._requirement(place, name, violation), violation.rule, place, violation.expected,
                         violation.got, told)  # fmt: skip
        if not whole:
            return
        for flaw in text_rules.text_flaws(document, name, value):
            if not self.is_flawed(at + flaw.at):
                self.add(flaw.requirement, flaw.rule, at + flaw.at, flaw.expected, flaw.got, flaw.remedy, "text")
        for place in found().values():
            missing = {name for name in place.required if self.is_flawed(at + pointer((*place.path, name)))}
            self._hints.extend((at + where, words) for where, words in remedies.hints(place, missing))
        self._hints.extend((at + where, words) for where, words in text_rules.text_hints(document, name, value))

    def is_flawed(self, at: str) -> bool:
        """Whether something is known to be wrong there, or around it."""
        return any(at == known or at.startswith(known + "/") for known in self._flaws if known)

    def add(
        self, requirement: str, rule: str, at: str, expected: str, got: str, told: str, layer: Layer = "schema"
    ) -> None:
        self._flaws[at] = Flaw(at, rule, requirement, expected, got, told, layer)

    def hint(self, at: str, words: str) -> None:
        self._hints.append((at, words))

    def done(self, name: str, violations: list[Violation] | None = None, told: str = "") -> Assessment:
        for violation in violations or ():
            self.add("jsonrpc.conform", violation.rule, violation.at, violation.expected, violation.got,
                     told or f"send {violation.expected}")  # fmt: skip
        return Assessment(name, tuple(self._flaws.values()), tuple(dict.fromkeys(self._hints)))

    def _requirement(self, at: str, name: str, violation: Violation) -> str:
        """The narrowest requirement of the revision that a violation of the type `name` breaks."""
        candidates = [_ENVELOPE.get(at), f"schema.{name}"]
        if at == "/id" and "method" in self.message:
            null = violation.got == "null"
            candidates.insert(0, "jsonrpc.request-id-not-null" if null else "jsonrpc.request-id-type")
        if at == "/error/code" and violation.rule == "required":
            candidates.insert(0, "jsonrpc.error-code-and-message")
        revision = self.revision
        standing = [one for one in candidates if one and catalogue().get(revision, one)]
        return standing[0] if standing else "jsonrpc.conform"


class _Places:
    """The places of a value by pointer, found when they are asked for."""

    def __init__(self, document: str, name: str, value: object) -> None:
        self._walk: Callable[[], Iterator[Place]] = lambda: places(document, name, value)
        self._found: dict[str, Place] | None = None

    def __call__(self) -> dict[str, Place]:
        if self._found is None:
            self._found = {pointer(place.path): place for place in self._walk()}
        return self._found
