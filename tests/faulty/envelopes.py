"""Messages whose frame is wrong: version marker, id, result, error (basic/index#messages)."""

# ruff: noqa: RUF012 - the class attributes here are constants, each of one fault

from collections.abc import Iterable

from reference_servers.engine import JSON, Connection, Request

from . import Spread, fault
from . import _features as features
from ._spoiling import Dawdles, Message, Rewriting, answers, errors, messages

MARKER = "base.version-marker"
BOTH = "base.result-or-error"
OUTCOME = "base.response-has-outcome"
RESULT_ID, ERROR_ID = "base.result-repeats-id", "base.error-repeats-id"
ONE = "base.one-response"
ERROR_OBJECT = "base.errors.have-code-and-message"
UNKNOWN_METHOD = "base.unknown-method.error-code"

ID_CASES = tuple(f"base.ids.{kind}" for kind in ("interleaved", "large-integer", "string-in-result", "zero"))
OTHER_PINGS = dict.fromkeys(
    (
        *(f"ping.{kind}" for kind in ("is-answered", "string-id", "with-metadata", "several-at-once", "empty-result")),
        "cancellation.finished-request",
        "lifecycle.core.handshake-then-ping",
        "stateless.requests.may-interleave",
        "concurrency.slow-call.others-are-answered",
    ),
    "it pings too",
)
PINGS = dict.fromkeys(ID_CASES, "it pings too") | OTHER_PINGS
ALL_IDS: Spread = {
    "may": {
        **PINGS,
        RESULT_ID: "errors have the fault, and this is where they are seen",
        ERROR_ID: "errors have it too",
        "base.ids.string-in-error": "errors have it too",
    },
    "undecided": "without right ids it can't be told what isn't an answer",
}
LOST: Spread = {
    "may": {
        **PINGS,
        "base.requests-are-answered": "the answer is there, but can't be read",
        "lifecycle.capabilities.none-of-the-client": "it lists tools too",
    },
    "undecided": "the answer can't be read",
}
ALL_ERRORS: Spread = {
    "may": {
        "base.error-object": "it watches the same error",
        "tools.call.name-in-other-case": "it is answered with an error too",
        "tools.call.without-name": "it is answered with an error too",
        "tools.call.missing-argument": "it is answered with an error too in the older revision",
        "tools.call.mistyped-argument": "it is answered with an error too in the older revision",
    },
    "undecided": "an error without a right code or message isn't looked at further",
}

# ----------------------------------------------------------------------------------------------------- version marker

fault("no-version-marker", breaks="jsonrpc.version-member", cases=[MARKER])(messages(lambda m: m.pop("jsonrpc")))
fault("version-marker-1.0", breaks="jsonrpc.version-member", cases=[MARKER])(
    messages(lambda m: m.update(jsonrpc="1.0"))
)
fault("version-marker-as-number", breaks="jsonrpc.version-member", cases=[MARKER])(
    messages(lambda m: m.update(jsonrpc=2.0))
)
fault("no-version-marker-in-errors", breaks="jsonrpc.version-member", cases=[MARKER])(
    errors(lambda m: m.pop("jsonrpc"))
)


@fault("no-version-marker-in-notifications", breaks="jsonrpc.version-member", cases=[MARKER])
class UnmarkedNotifications(features.Logs):
    async def deliver(self, message: Message) -> None:
        if "method" in message:
            message = {name: value for name, value in message.items() if name != "jsonrpc"}
        await super().deliver(message)


# ---------------------------------------------------------------------------------------------------- result and error

fault("result-beside-error", breaks="jsonrpc.response-not-both", cases=[BOTH])(errors(lambda m: m.update(result={})))
fault("null-result-beside-error", breaks="jsonrpc.response-not-both", cases=[BOTH])(
    errors(lambda m: m.update(result=None))
)
fault(
    "null-error-beside-result",
    breaks="jsonrpc.response-not-both",
    cases=[BOTH],
)(answers("*", lambda m: m.setdefault("error")))
fault("error-beside-result-of-calls", breaks="jsonrpc.response-not-both", cases=[BOTH])(
    answers("tools/call", lambda m: m.update(error={"code": 0, "message": "no error"}) if "result" in m else None)
)
fault("empty-error-beside-result", breaks="jsonrpc.response-not-both", cases=[BOTH])(
    answers("tools/list", lambda m: m.update(error={}) if "result" in m else None)
)
fault("neither-result-nor-error", breaks="jsonrpc.response-result-or-error", cases=[OUTCOME], era="stateful", **LOST)(
    answers("ping", lambda m: m.pop("result"))
)
fault("neither-result-nor-error-for-templates", breaks="jsonrpc.response-result-or-error", cases=[OUTCOME], **LOST)(
    answers("resources/templates/list", lambda m: m.pop("result"))
)
fault("data-in-place-of-result", breaks="jsonrpc.response-result-or-error", cases=[OUTCOME], **LOST)(
    answers("tools/list", lambda m: m.update(data=m.pop("result")) if "result" in m else None)
)

# ------------------------------------------------------------------------------------------------------------------ ids

BOTH_IDS = ("jsonrpc.result-same-id", "jsonrpc.error-same-id")

fault("id-as-string", breaks="jsonrpc.result-same-id", cases=[RESULT_ID], **ALL_IDS)(
    answers("*", lambda m: m.update(id=str(m["id"])))
)
fault("id-null", breaks="jsonrpc.result-same-id", cases=[RESULT_ID], **ALL_IDS)(
    answers("*", lambda m: m.update(id=None))
)
fault("id-missing", breaks="jsonrpc.result-same-id", cases=[RESULT_ID], **ALL_IDS)(answers("*", lambda m: m.pop("id")))
fault("id-null-in-errors", breaks="jsonrpc.error-same-id", cases=["base.ids.string-in-error"], **ALL_IDS)(
    errors(lambda m: m.update(id=None))
)
fault("id-as-string-in-errors", breaks="jsonrpc.error-same-id", cases=[ERROR_ID])(
    errors(lambda m: m.update(id=str(m["id"])))
)
fault("id-missing-in-errors", breaks="jsonrpc.error-same-id", cases=["base.ids.string-in-error"], **ALL_IDS)(
    errors(lambda m: m.pop("id"))
)
fault("id-plus-one", breaks="jsonrpc.result-same-id", cases=[RESULT_ID], **ALL_IDS)(
    answers("*", lambda m: m.update(id=m["id"] + 1) if m["id"] and isinstance(m["id"], int) else None)
)
fault("id-zero-as-null", breaks="jsonrpc.result-same-id", cases=["base.ids.zero"])(
    answers("*", lambda m: m.update(id=m["id"] or None))
)
fault("id-of-32-bits", breaks="jsonrpc.result-same-id", cases=["base.ids.large-integer"])(
    answers("*", lambda m: m.update(id=m["id"] & 0x7FFFFFFF) if isinstance(m["id"], int) else None)
)
fault("numeric-strings-as-numbers", breaks="jsonrpc.result-same-id", cases=["base.ids.string-in-result"])(
    answers("*", lambda m: m.update(id=int(m["id"])) if str(m["id"]).isdigit() else None)
)
fault(
    "string-ids-as-null", breaks=BOTH_IDS, cases=["base.ids.string-in-result", "base.ids.string-in-error"], **ALL_IDS
)(answers("*", lambda m: m.update(id=None) if isinstance(m["id"], str) else None))
fault("id-null-for-calls", breaks="jsonrpc.result-same-id", cases=[RESULT_ID], **ALL_IDS)(
    answers("tools/call", lambda m: m.update(id=None))
)
fault("id-in-an-object", breaks="jsonrpc.result-same-id", cases=[RESULT_ID], **ALL_IDS)(
    answers("*", lambda m: m.update(id={"value": m["id"]}))
)


@fault("ids-one-behind", breaks="jsonrpc.result-same-id", cases=["base.ids.interleaved"],
       may=dict.fromkeys(
           ("ping.several-at-once", "stateless.requests.may-interleave"), "it sends several requests too"
       ))  # fmt: skip
class OneBehind(Dawdles):
    """The id lies in one place for all requests: of several under way, all are answered with the last one's id."""

    latest: JSON = None

    async def on_request(self, request: Request) -> None:
        self.latest = request.id
        await super().on_request(request)

    async def deliver(self, message: Message) -> None:
        if message.get("id") is not None and "method" not in message:
            message["id"] = self.latest
        await super().deliver(message)


# ------------------------------------------------------------------------------------------------------- one response


class Twice(Rewriting):
    def rewrite(self, message: Message, request: Request | None) -> Iterable[Message]:
        return [message, message] if self.twice(message, request) else [message]

    def twice(self, message: Message, request: Request | None) -> bool:
        return request is not None


fault("answers-twice", breaks="jsonrpc.one-response", cases=[ONE])(Twice)


@fault("answers-errors-twice", breaks="jsonrpc.one-response", cases=[ONE])
class ErrorsTwice(Twice):
    def twice(self, message: Message, request: Request | None) -> bool:
        return request is not None and "error" in message


@fault("answers-calls-twice", breaks="jsonrpc.one-response", cases=[ONE])
class CallsTwice(Twice):
    def twice(self, message: Message, request: Request | None) -> bool:
        return request is not None and request.method == "tools/call"


@fault("answers-string-ids-twice", breaks="jsonrpc.one-response", cases=["base.ids.string-in-result"], **ALL_IDS)
class StringsTwice(Twice):
    def twice(self, message: Message, request: Request | None) -> bool:
        return request is not None and isinstance(request.id, str)


@fault("an-error-after-each-result", breaks="jsonrpc.one-response", cases=[ONE])
class ErrorAfterResult(Rewriting):
    def rewrite(self, message: Message, request: Request | None) -> Iterable[Message]:
        yield message
        if request and "result" in message:
            yield {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32603, "message": "reply was sent before"}}


# -------------------------------------------------------------------------------------------------------- error objects

fault("error-code-as-string", breaks="jsonrpc.error-code-integer", cases=[ERROR_OBJECT], **ALL_ERRORS)(
    errors(lambda m: m["error"].update(code=str(m["error"]["code"])))
)
fault("error-code-as-name", breaks="jsonrpc.error-code-integer", cases=[ERROR_OBJECT], **ALL_ERRORS)(
    errors(lambda m: m["error"].update(code="METHOD_NOT_FOUND"))
)
fault("error-code-with-a-fraction", breaks="jsonrpc.error-code-integer", cases=[ERROR_OBJECT], **ALL_ERRORS)(
    errors(lambda m: m["error"].update(code=-32601.5))
)
fault("error-code-null", breaks="jsonrpc.error-code-integer", cases=[ERROR_OBJECT], **ALL_ERRORS)(
    errors(lambda m: m["error"].update(code=None))
)
fault("error-code-missing", breaks="jsonrpc.error-code-and-message", cases=[ERROR_OBJECT], **ALL_ERRORS)(
    errors(lambda m: m["error"].pop("code"))
)
fault("error-message-missing", breaks="jsonrpc.error-code-and-message", cases=[ERROR_OBJECT], **ALL_ERRORS)(
    errors(lambda m: m["error"].pop("message"))
)
fault("error-message-null", breaks="jsonrpc.error-code-and-message", cases=[ERROR_OBJECT], **ALL_ERRORS)(
    errors(lambda m: m["error"].update(message=None))
)
fault("error-as-text", breaks="jsonrpc.error-code-and-message", cases=[ERROR_OBJECT], **ALL_ERRORS)(
    errors(lambda m: m.update(error=m["error"]["message"]))
)
fault(
    "error-code-as-string-for-unknown-tools",
    breaks="jsonrpc.error-code-integer",
    cases=["tools.call.unknown-tool"],
    **ALL_ERRORS,
)(errors(lambda m: m["error"].update(code="E_TOOL"), "tools/call"))
fault("error-message-missing-for-bad-cursors", breaks="jsonrpc.error-code-and-message",
      cases=["pagination.invalid-cursor.does-no-harm"])(
    errors(lambda m: m["error"].pop("message"), "tools/list")
)  # fmt: skip

MALFORMED = tuple(f"base.malformed.{kind}" for kind in ("not-json", "truncated", "not-utf-8"))


class ParseErrors(Connection):
    """Its parse errors alone are spoilt."""

    answer: JSON = {"error": {"code": -32700, "message": "parse error"}}

    async def parse_error(self, problem: str) -> None:
        await self.deliver(dict(self.answer))


fault("no-version-marker-in-parse-errors", breaks="jsonrpc.version-member", cases=MALFORMED)(ParseErrors)


@fault("parse-error-code-as-string", breaks="jsonrpc.error-code-integer", cases=MALFORMED)
class ParseErrorCodes(ParseErrors):
    answer = {"jsonrpc": "2.0", "error": {"code": "-32700", "message": "parse error"}}


@fault("parse-error-without-message", breaks="jsonrpc.error-code-and-message", cases=MALFORMED)
class ParseErrorMessages(ParseErrors):
    answer = {"jsonrpc": "2.0", "error": {"code": -32700}}
