"""Is this message, sent by this side, as an answer to that method, valid in this revision? And if not: where, what was
expected, and what does its author have to change?

Two layers answer. The layer ``schema`` says what the published schema of the revision demands, and what JSON-RPC
demands of the envelope; the layer ``text`` what the pages demand of values beyond it. Every flaw names a requirement of
the catalogue, whose level is written there. What is unusual but legal is a hint.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from typing import Any, Literal

from mcp_conformance import remedies, schemas, text_rules
from mcp_conformance.methods import TASKS, Method, Side, find_method, methods, other_results, type_of_result
from mcp_conformance.places import Place, Schema, places
from mcp_conformance.requirements import catalogue
from mcp_conformance.revisions import REVISIONS
from mcp_conformance.violations import Violation, pointer, render

Layer = Literal["schema", "text"]

_BATCHES = "2025-03-26"  # the only revision that has them
_SILENT_ON_BATCHES = "2024-11-05"  # JSON-RPC has them, and this revision only says to follow it
_ASKS, _ANSWERS = "a request or notification", "a response"


@dataclass(frozen=True, slots=True)
class Flaw:
    """One place at which a message is wrong.

    `at` is a JSON Pointer into the message, `rule` the keyword of JSON Schema or the id of the rule of the text layer,
    `requirement` an id of the catalogue, in the edition of the revision or of an extension: its level may be a SHOULD.
    `expected` completes "expected …", `got` is what stood there, `remedy` says what to change.
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
        """Whether nothing is wrong with the message, not even against advice."""
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
    return None if known is None else type_of_result(known, result, augmented=augmented, extensions=extensions)


# ----------------------------------------------------------------------------------------------------- kinds of message


def _batch(message: list[object], revision: str, sender: Side, extensions: frozenset[str]) -> Assessment:
    whole = _Assessor(revision, {})
    if revision not in (_BATCHES, _SILENT_ON_BATCHES):
        violation = Violation("", "type", "a single JSON-RPC message", f"an array of {len(message)}")
        return whole.done("JSONRPCMessage", [violation], "send each message by itself")
    if not message:
        empty = Violation("", "minItems", "at least one message", "[]")
        return whole.done("JSONRPCMessage", [empty], "send nothing where there is no message to send")
    for index, item in enumerate(message):
        if isinstance(item, list):
            violation = Violation("", "type", "an object", render(item))
            one = _Assessor(revision, {}).done("JSONRPCMessage", [violation])
        else:
            one = assess(item, revision=revision, sender=sender, extensions=extensions)
        whole.take(one, f"/{index}")
    if revision == _SILENT_ON_BATCHES:
        whole.hint("", f"{revision} does not speak of batches; other revisions do, or forbid them")
        return whole.done("JSONRPCMessage")
    kinds = [_ASKS if isinstance(item, dict) and "method" in item else _ANSWERS for item in message]
    stranger = next((index for index, kind in enumerate(kinds) if kind != kinds[0]), None)
    if stranger is not None and not whole.is_flawed(f"/{stranger}"):
        whole.add(
            "schema.JSONRPCBatchRequest", "mixed-batch", f"/{stranger}", f"{kinds[0]}, as before it in the batch",
            kinds[stranger], "send responses in one array, requests and notifications in another",
        )  # fmt: skip
    return whole.done("JSONRPCMessage")


def _asked(assessor: "_Assessor", message: dict[str, Any], revision: str, sender: Side) -> Assessment:
    """A request or a notification."""
    kind = "request" if "id" in message else "notification"
    envelope = "JSONRPCRequest" if kind == "request" else "JSONRPCNotification"
    assessor.check(envelope)
    name = message["method"]
    if not isinstance(name, str):
        return assessor.done(envelope)
    known = find_method(revision, name, sender)
    is_notification = known is not None and known.kind == "notification"
    if kind == "request" and sender == "server" and not is_notification and _is_stateless(revision):
        assessor.add(
            "base.server-no-requests", "request-of-server", "", "no request from a server", render(name),
            "end the client's call with resultType input_required, and ask in inputRequests",
        )  # fmt: skip
        return assessor.done(envelope)
    if known is None:
        assessor.hint("/method", _unknown_method(revision, name, sender))
        return assessor.done(envelope)
    if known.kind == kind:
        assessor.check(known.message, whole=True)
        return assessor.done(known.message)
    if kind == "request":
        assessor.add(
            "jsonrpc.notification-no-id", "notification-id", "/id", "nothing", render(message["id"]),
            f"leave the id out: {name} is a notification",
        )  # fmt: skip
    else:
        assessor.add(
            "jsonrpc.request-id-type", "required", "/id", 'member "id"', "nothing",
            f"give the request an id, a string or an integer: {name} is to be answered",
        )  # fmt: skip
    assessor.check(known.message)
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
        assessor.check(result, only=("/jsonrpc", "/id"))
        _both(assessor, message)
        return assessor.done(result)
    if "error" in message:
        return _failed(assessor, message, revision, error)
    if "result" not in message:
        return _neither(assessor, message, result)
    known = find_method(revision, answers, _other(sender)) if answers is not None else None
    if known is None:
        assessor.check(result, whole=True)
        return assessor.done(result)
    assessor.check(result, only=("/jsonrpc", "/id"))
    if _is_stateless(revision) and _strange_result_type(assessor, known, message["result"], extensions):
        return assessor.done("Result")
    if not augmented and known.augmented is not None and _is_unasked_task(assessor, known, message["result"]):
        return assessor.done(known.augmented)
    made = type_of_result(known, message["result"], augmented=augmented, extensions=extensions)
    assessor.check(made, "/result", whole=True)
    return assessor.done(made)


def _both(assessor: "_Assessor", message: dict[str, Any]) -> None:
    """A response with a result and an error, of which one is often just null."""
    spare = next((name for name in ("error", "result") if message[name] is None), None)
    assessor.add(
        "jsonrpc.response-not-both", "response-not-both", f"/{spare or 'error'}", "either result or error", "both",
        f"leave {spare} out: null is not the same as absent" if spare else
        "send error alone if the request failed, and result alone if it did not",
    )  # fmt: skip


def _neither(assessor: "_Assessor", message: dict[str, Any], result: str) -> Assessment:
    """What has params was to ask for something; what has none, to answer."""
    assessor.check(result, only=("/jsonrpc", "/id") if "id" in message else ("/jsonrpc",))
    known: dict[str, Schema] = {"result": {}, "error": {}, "method": {}}
    for name, written in remedies.misspelt(Place((), (), message, known)).items():
        told = f"rename {render(written)} to {render(name)} at the top"
        assessor.add("jsonrpc.conform", "required", f"/{name}", f"member {render(name)}", "nothing", told)
        return assessor.done("JSONRPCMessage")
    if "params" in message:
        told = "add the method to the request" if "id" in message else "add the method to the notification"
        assessor.add("jsonrpc.conform", "required", "/method", 'member "method"', "nothing", told)
    else:
        assessor.add(
            "jsonrpc.response-result-or-error", "required", "", "a member result, error or method",
            render(sorted(message)), "add the result, or the error, that answers the request",
        )  # fmt: skip
    return assessor.done("JSONRPCMessage")


def _failed(assessor: "_Assessor", message: dict[str, Any], revision: str, error: str) -> Assessment:
    if message.get("id", 0) is None:
        # JSON-RPC answers what it could not read with the id null; the schemas give errors a string, an integer, or
        # let them leave it out. A server that follows JSON-RPC breaks nothing that it was plainly told.
        assessor.message = {**message, "id": 0}
    code = message["error"].get("code") if isinstance(message["error"], dict) else None
    special = _special_errors(revision).get(code) if isinstance(code, int) else None
    if special is not None:
        assessor.check(special, whole=True)
    assessor.check(error, whole=special is None)
    return assessor.done(special or error)


def _strange_result_type(assessor: "_Assessor", method: Method, result: object, extensions: frozenset[str]) -> bool:
    """Whether the result says that it is of a type that `method` does not have; what else is in it can't be judged."""
    kind = result.get("resultType") if isinstance(result, dict) else None
    allowed = ["complete", *other_results(method, extensions)]
    if not isinstance(kind, str) or kind in allowed:
        return False
    owners = [other.name for other in methods(assessor.revision) if kind in other.by_result_type]
    if not owners and extensions - {TASKS}:
        return False  # one of them may define it
    if not owners:
        requirement, told = "base.result-type-from-supported-set", f"write {_one_of(allowed)} at /result/resultType"
    elif kind == "input_required":
        requirement = "mrtr.only-supported-methods"
        told = f"answer {method.name} without asking: only {_list(owners)} may ask for input"
    elif TASKS not in extensions:
        requirement = "tasks.no-task-for-undeclared-client"
        told = f"answer with a complete result: a task is for clients that declare the extension {TASKS}"
    else:
        requirement = "tasks.result-type-task-only"
        told = f"answer {method.name} itself: only {_list(owners)} may become a task"
    assessor.add(requirement, "result-type", "/result/resultType", _one_of(allowed), render(kind), told)
    return True


def _is_unasked_task(assessor: "_Assessor", method: Method, result: object) -> bool:
    """Whether the result is a task and not what `method` returns to a request that asked for no task."""
    usual, other = method.result or "Result", method.augmented or "Result"
    valid = [schemas.is_valid(assessor.revision, name, result) for name in (usual, other)]
    if valid != [False, True]:
        return False
    told = "answer with the result itself: the request did not ask for a task"
    assessor.add(f"schema.{usual}", "unasked-task", "/result", f"a {usual}", f"a {other}", told)
    return True


@cache
def _special_errors(revision: str) -> Mapping[int, str]:
    """The types that the revision has for errors with members of their own, by code."""
    found = {}
    for name, schema in schemas.document(revision)["$defs"].items():
        parts = schema.get("properties", {}).get("error", {}).get("allOf", ())
        for part in parts:
            if "const" in (code := part.get("properties", {}).get("code", {})):
                found[code["const"]] = name
    return found


def _is_stateless(revision: str) -> bool:
    return any(known.date == revision and known.era == "stateless" for known in REVISIONS)


def _one_of(values: list[str]) -> str:
    return " or ".join(map(render, values))


def _list(values: list[str]) -> str:
    return " and ".join([", ".join(values[:-1]), values[-1]] if values[1:] else values)


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

# Where the catalogue has an entry narrower than that of the type: by place, or by place and keyword.
_NARROWER: Mapping[str | tuple[str, str], str] = {
    "/jsonrpc": "jsonrpc.version-member",
    ("/error/code", "required"): "jsonrpc.error-code-and-message",
    "/error/code": "jsonrpc.error-code-integer",
    "/error/message": "jsonrpc.error-code-and-message",
    "/result/resultType": "base.result-type-present",
    ("/result/ttlMs", "minimum"): "caching.ttl-non-negative",
    ("/result/completion/values", "maxItems"): "completion.max-100",
}
# Types without an entry of their own.
_INSTEAD = {"UpdateTaskResult": "tasks.update-ack", "CancelTaskResult": "tasks.cancel-ack"}


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
        known = {pointer(place.path): place for place in places(document, name, value)} if violations else {}
        for violation in violations:
            where = at + violation.at
            if (only is None or where in only) and not self.is_flawed(where):
                told = remedies.remedy(violation, known, at)
                self.add(self._requirement(where, document, name, violation), violation.rule, where, violation.expected,
                         violation.got, told)  # fmt: skip
        if not whole:
            return
        text = text_rules.judge(document, name, value)
        for flaw in text.flaws:
            if not self._is_misshapen(at + flaw.at) and at + flaw.at not in self._flaws:
                self.add(flaw.requirement, flaw.rule, at + flaw.at, flaw.expected, flaw.got, flaw.remedy, "text")
        for place in text.places:
            missing = {name for name in place.required if self.is_flawed(at + pointer((*place.path, name)))}
            self._hints.extend((at + below, words) for below, words in remedies.hints(place, missing))
        for below, words in text.hints:
            if not self.is_flawed(at + below):
                self.hint(at + below, words)

    def is_flawed(self, at: str) -> bool:
        """Whether something is known to be wrong there, or around it."""
        return bool(self._flaws) and any(_is_within(at, known) for known in self._flaws)

    def _is_misshapen(self, at: str) -> bool:
        """Whether the schema is broken there, around it or inside of it: then the text's words on it can wait."""
        schema = [known for known, flaw in self._flaws.items() if flaw.layer == "schema"]
        return any(_is_within(at, known) or _is_within(known, at) for known in schema)

    def add(
        self, requirement: str, rule: str, at: str, expected: str, got: str, told: str, layer: Layer = "schema"
    ) -> None:
        self._flaws[at] = Flaw(at, rule, requirement, expected, got, told, layer)

    def hint(self, at: str, words: str) -> None:
        self._hints.append((at, words))

    def take(self, other: Assessment, base: str) -> None:
        """Adds what was said of a part of the message, which stands at `base`."""
        for flaw in other.flaws:
            told = f"in the message at {base}, {flaw.remedy}"
            self._flaws[base + flaw.at] = replace(flaw, at=base + flaw.at, remedy=told)
        self._hints.extend((base + at, words) for at, words in other.hints)

    def done(self, name: str, violations: list[Violation] | None = None, told: str = "") -> Assessment:
        for violation in violations or ():
            self.add("jsonrpc.conform", violation.rule, violation.at, violation.expected, violation.got,
                     told or f"send {violation.expected}")  # fmt: skip
        return Assessment(name, tuple(self._flaws.values()), tuple(dict.fromkeys(self._hints)))

    def _requirement(self, at: str, document: str, name: str, violation: Violation) -> str:
        """The narrowest requirement of the revision, or of the extension, that a violation of a type breaks."""
        candidates = [_NARROWER.get((at, violation.rule)), _NARROWER.get(at), f"schema.{name}", _INSTEAD.get(name)]
        if at == "/id" and "method" in self.message:
            null = violation.got == "null"
            candidates.insert(0, "jsonrpc.request-id-not-null" if null else "jsonrpc.request-id-type")
        standing = (
            one for one in candidates if one and (catalogue().get(self.revision, one) or catalogue().get(document, one))
        )
        return next(standing, "jsonrpc.conform")


def _is_within(at: str, other: str) -> bool:
    """Whether `at` is `other`, or inside of it. Nothing counts as inside of the whole message."""
    return other != "" and (at == other or at.startswith(other + "/"))
