"""Who is answered and who isn't: unknown methods, silence, notifications, broken input, the server's own requests."""

# ruff: noqa: RUF012 - the class attributes here are constants, each of one fault

from dataclasses import replace
from typing import Any

from reference_servers.engine import JSON, Connection, Notification, Request, Server, metadata
from reference_servers.engine.messages import Malformed
from reference_servers.github.server import github

from . import Spread, fault
from . import _features as features
from ._spoiling import Dawdles, a_moment, answers, crash, crashing, for_ever, silent

UNKNOWN_METHOD = "base.unknown-method.error-code"
UNANSWERED = "jsonrpc.request-answered"
ANSWERED = "base.requests-are-answered"
NO_RESPONSE = "jsonrpc.notification-no-response"
UNKNOWN_NOTIFICATION = "base.notifications.unknown-is-unanswered"

NO_CALL = {
    f"tools.call.{kind}": "it calls a tool too"
    for kind in ("without-name", "mistyped-argument", "missing-argument", "name-in-other-case", "is-answered")
} | {ANSWERED: "unless the tool may only be slow"}
NO_LIST = dict.fromkeys(
    ("lifecycle.capabilities.none-of-the-client", "pagination.invalid-cursor.does-no-harm"), "it lists tools too"
)
UNHEARD = "what the answer would have shown stays open"
NO_ERROR = "there is no error to look at"
ALL_UNKNOWN: Spread = {
    "may": dict.fromkeys(
        ("base.errors.have-code-and-message", "base.ids.string-in-error", "base.requests-are-answered"),
        "it asks for an unknown method too",
    ),
    "undecided": UNHEARD,
}
ALL_NOTIFICATIONS: Spread = {
    "may": {
        f"base.notifications.{kind}-is-unanswered": "it sends a notification too"
        for kind in ("initialized", "with-params", "request-method")
    }
    | {
        f"cancellation.{kind}": "it sends a notification too"
        for kind in ("finished-request", "malformed", "unknown-request")
    }
}


def unknown(request: Request) -> bool:
    return request.method.startswith("conformance/")


def one_tool() -> Server:
    offered = github()
    return replace(offered, tools=[tool for tool in offered.tools if tool.name == "search_repositories"])


# ------------------------------------------------------------------------------------------------------ unknown methods

fault("hangs-on-an-unknown-method", breaks=UNANSWERED, cases=[UNKNOWN_METHOD], **ALL_UNKNOWN)(silent(unknown))
fault("dies-of-an-unknown-method", breaks=UNANSWERED, cases=[UNKNOWN_METHOD], **ALL_UNKNOWN)(crashing(unknown))
fault("unknown-method-is-invalid-request", breaks="jsonrpc.unknown-method", cases=[UNKNOWN_METHOD])(
    answers("conformance/no-such-method", lambda m: m["error"].update(code=-32600))
)
fault("unknown-method-is-error-404", breaks="jsonrpc.unknown-method", cases=[UNKNOWN_METHOD])(
    answers("conformance/no-such-method", lambda m: m["error"].update(code=404))
)


@fault("unknown-method-has-a-result", breaks="jsonrpc.unknown-method", cases=[UNKNOWN_METHOD], undecided=NO_ERROR)
class InventsMethods(Connection):
    async def on_unknown_method(self, request: Request) -> JSON:
        return {}


@fault("unknown-method-has-a-null-result", breaks=["jsonrpc.unknown-method", "schema.JSONRPCResultResponse"],
       cases=[UNKNOWN_METHOD, "base.results.are-objects"],
       may={f"stateless.methods.{kind}-is-gone": "what the revision has removed is unknown too"
            for kind in ("ping", "set-level", "subscribe")}, undecided=NO_ERROR)  # fmt: skip
class NullForUnknownMethods(Connection):
    async def on_unknown_method(self, request: Request) -> JSON:
        return None


# -------------------------------------------------------------------------------------------------------------- silence

fault("templates-are-never-answered", breaks=UNANSWERED, cases=[ANSWERED], undecided=UNHEARD)(
    silent(lambda request: request.method == "resources/templates/list")
)
fault(
    "calls-are-never-answered",
    breaks=UNANSWERED,
    cases=["tools.call.unknown-tool"],
    may=NO_CALL,
    undecided=UNHEARD,
    server=one_tool,
)(silent(lambda request: request.method == "tools/call"))
fault("tools-list-is-never-answered", breaks=UNANSWERED, cases=[ANSWERED], may=NO_LIST, undecided=UNHEARD)(
    silent(lambda request: request.method == "tools/list")
)
fault("dies-of-resources-list", breaks=UNANSWERED, cases=[ANSWERED], undecided=UNHEARD)(
    crashing(lambda request: request.method == "resources/list")
)
fault("dies-of-an-invalid-cursor", breaks=UNANSWERED, cases=["pagination.invalid-cursor.does-no-harm"])(
    crashing(lambda request: request.params.get("cursor") == "conformance-no-such-cursor")
)


@fault("drops-requests-while-one-is-under-way", breaks=UNANSWERED, cases=["base.ids.interleaved"],
       may=dict.fromkeys(
           ("ping.several-at-once", "stateless.requests.may-interleave"), "it sends several requests too"
       ))  # fmt: skip
class OneAtATime(Dawdles):
    async def on_request(self, request: Request) -> None:
        if not self._open:
            await super().on_request(request)

    async def on_batch(self, parts: list[JSON]) -> None:
        for part in parts:  # in a batch it takes one after the other
            await self._take(part)
            while self._open:
                await a_moment()


@fault("drops-the-second-of-three", breaks=UNANSWERED, cases=["base.ids.interleaved"])
class DropsIntegersAfterStrings(Connection):
    async def on_request(self, request: Request) -> None:
        if request.id != 20001:
            await super().on_request(request)


# -------------------------------------------------------------------------------------------------------- notifications


class AnswersNotifications(Connection):
    answer: JSON = {"id": None, "result": {}}

    def concerns(self, notification: Notification) -> bool:
        return "conformance" in notification.method

    async def on_notification(self, notification: Notification) -> None:
        if self.concerns(notification):
            await self.deliver({"jsonrpc": "2.0", **self.answer})
        else:
            await super().on_notification(notification)


@fault("reply-to-every-notification", breaks=NO_RESPONSE, cases=[UNKNOWN_NOTIFICATION], **ALL_NOTIFICATIONS)
class RepliesToAll(AnswersNotifications):
    def concerns(self, notification: Notification) -> bool:
        return True


@fault("error-for-unknown-notifications", breaks=NO_RESPONSE, cases=[UNKNOWN_NOTIFICATION], **ALL_NOTIFICATIONS)
class ErrorForUnknown(AnswersNotifications):
    answer = {"id": None, "error": {"code": -32601, "message": "method not found"}}


@fault(
    "error-without-id-for-unknown-notifications", breaks=NO_RESPONSE, cases=[UNKNOWN_NOTIFICATION], **ALL_NOTIFICATIONS
)
class ErrorWithoutId(AnswersNotifications):
    answer = {"error": {"code": -32601, "message": "method not found"}}


@fault("reply-to-initialized", breaks=NO_RESPONSE, era="stateful",
       cases=["base.notifications.initialized-is-unanswered"])  # fmt: skip
class RepliesToInitialized(AnswersNotifications):
    def concerns(self, notification: Notification) -> bool:
        return notification.method == "notifications/initialized"


@fault("reply-to-initialized-without-id", breaks=NO_RESPONSE, era="stateful",
       cases=["base.notifications.initialized-is-unanswered"])  # fmt: skip
class RepliesToInitializedWithoutId(RepliesToInitialized):
    answer = {"error": {"code": -32601, "message": "method not found"}}


@fault("reply-to-notifications-with-params", breaks=NO_RESPONSE,
       cases=["base.notifications.with-params-is-unanswered"])  # fmt: skip
class RepliesToParams(AnswersNotifications):
    def concerns(self, notification: Notification) -> bool:
        return "value" in notification.params


@fault("ping-without-id-is-answered", breaks=NO_RESPONSE,
       cases=["base.notifications.request-method-is-unanswered"])  # fmt: skip
class AnswersPingWithoutId(AnswersNotifications):
    def concerns(self, notification: Notification) -> bool:
        return notification.method in ("ping", "server/discover")


@fault("dies-of-an-unknown-notification", breaks=UNANSWERED, cases=[UNKNOWN_NOTIFICATION], **ALL_NOTIFICATIONS)
class DiesOfNotifications(AnswersNotifications):
    async def on_notification(self, notification: Notification) -> None:
        if self.concerns(notification):
            crash("no such notification")


# --------------------------------------------------------------------------------------------------------- broken input

NOT_JSON, TRUNCATED, NOT_UTF_8 = (f"base.malformed.{kind}" for kind in ("not-json", "truncated", "not-utf-8"))
NO_METHOD, NOT_AN_OBJECT, ODD_METHOD = (
    f"base.malformed.{kind}" for kind in ("no-method", "not-an-object", "method-not-a-string")
)


@fault("dies-of-malformed-json", breaks="jsonrpc.parse-error", cases=[NOT_JSON, TRUNCATED, NOT_UTF_8])
class DiesOfBrokenJson(Connection):
    async def parse_error(self, problem: str) -> None:
        crash(problem)


@fault("hangs-after-malformed-json", breaks="jsonrpc.parse-error", cases=[NOT_JSON, TRUNCATED, NOT_UTF_8])
class HangsAfterBrokenJson(Connection):
    async def parse_error(self, problem: str) -> None:
        await for_ever()


@fault("dies-of-bytes-that-are-no-utf-8", breaks="jsonrpc.parse-error", cases=[NOT_UTF_8])
class DiesOfBytes(Connection):
    async def parse_error(self, problem: str) -> None:
        if "UTF-8" in problem:
            crash(problem)
        await super().parse_error(problem)


@fault("result-for-malformed-json", breaks="jsonrpc.parse-error", cases=[NOT_JSON, TRUNCATED, NOT_UTF_8])
class ResultForBrokenJson(Connection):
    async def parse_error(self, problem: str) -> None:
        await self.deliver({"jsonrpc": "2.0", "id": None, "result": {}})


@fault(
    "dies-of-json-that-is-no-message", breaks="jsonrpc.invalid-request", cases=[NO_METHOD, NOT_AN_OBJECT, ODD_METHOD]
)
class DiesOfOtherJson(Connection):
    async def invalid_request(self, malformed: Malformed) -> None:
        crash(malformed.problem)


@fault(
    "hangs-after-an-array-or-a-number",
    breaks="jsonrpc.invalid-request",
    cases=[NOT_AN_OBJECT],
    may=dict.fromkeys(
        ["batching.malformed.empty", "batching.malformed.part-is-no-message"], "they send an array or a number too"
    ),
)
class HangsAfterNumbers(Connection):
    async def invalid_request(self, malformed: Malformed) -> None:
        if malformed.id is None:
            await for_ever()
        await super().invalid_request(malformed)


@fault("result-for-a-request-without-method", breaks="jsonrpc.invalid-request", cases=[NO_METHOD, ODD_METHOD])
class ResultForInvalid(Connection):
    async def invalid_request(self, malformed: Malformed) -> None:
        if malformed.id is not None:
            await self.reply(malformed.id, {})


# ---------------------------------------------------------------------------------------- what the server asks and says

OWN_IDS = "base.server-request-ids"
OWN_NOTIFICATIONS = "base.notifications-are-valid"


def asks(*ids: Any) -> type[Connection]:
    return type("AsksWith", (features.Asks,), {"ids": ids})


fault("own-request-with-id-null", breaks="jsonrpc.request-id-not-null", cases=[OWN_IDS])(asks(None))
fault("own-request-with-id-fraction", breaks="jsonrpc.request-id-type", cases=[OWN_IDS])(asks(1.5))
fault("own-request-with-id-true", breaks="jsonrpc.request-id-type", cases=[OWN_IDS])(asks(True))
fault("own-request-with-id-object", breaks="jsonrpc.request-id-type", cases=[OWN_IDS])(asks({"n": 1}))
fault("own-requests-with-one-id", breaks="jsonrpc.request-id-unique", cases=[OWN_IDS])(asks(7, 7))


@fault("own-ping-repeats-its-id", breaks="jsonrpc.request-id-unique", cases=[OWN_IDS])
class PingsWithEachCall(Connection):
    async def on_tools_call(self, request: Request) -> JSON:
        await self.deliver({"jsonrpc": "2.0", "id": "keep-alive", "method": "ping"})
        return await super().on_tools_call(request)


def logs(**entry: Any) -> type[Connection]:
    return type("LogsEntry", (features.Logs,), {"entry": entry})


def announces(**news: Any) -> type[Connection]:
    return type("AnnouncesNews", (features.Announces,), {"news": news})


def cancels(**cancellation: Any) -> type[Connection]:
    return type("CancelsSo", (features.Cancels,), {"cancellation": cancellation})


LOG, NEWS = "schema.LoggingMessageNotification", "schema.ToolListChangedNotification"
CANCEL, PROGRESS = "schema.CancelledNotification", "schema.ProgressNotification"

fault("log-message-of-unknown-level", breaks=LOG, cases=[OWN_NOTIFICATIONS])(logs(level="verbose", data="x"))
fault("log-message-with-level-as-number", breaks=LOG, cases=[OWN_NOTIFICATIONS])(logs(level=6, data="x"))
fault("log-message-without-data", breaks=LOG, cases=[OWN_NOTIFICATIONS])(logs(level="info", message="x"))
fault("log-message-with-logger-as-object", breaks=LOG, cases=[OWN_NOTIFICATIONS])(
    logs(level="info", data="x", logger={"name": "core"})
)
fault("list-changed-with-params-as-text", breaks=NEWS, cases=[OWN_NOTIFICATIONS])(
    announces(method="notifications/tools/list_changed", params="all")
)
fault("list-changed-with-params-as-list", breaks=NEWS, cases=[OWN_NOTIFICATIONS])(
    announces(method="notifications/tools/list_changed", params=["add"])
)
fault("list-changed-with-metadata-as-text", breaks=NEWS, cases=[OWN_NOTIFICATIONS])(
    announces(method="notifications/tools/list_changed", params={"_meta": "x"})
)
fault("cancellation-with-reason-as-number", breaks=CANCEL, cases=[OWN_NOTIFICATIONS])(
    cancels(requestId="ping-1", reason=5)
)
fault("cancellation-with-request-id-null", breaks=CANCEL, cases=[OWN_NOTIFICATIONS])(cancels(requestId=None))
fault("cancellation-with-request-id-as-object", breaks=CANCEL, cases=[OWN_NOTIFICATIONS])(cancels(requestId={"id": 1}))


class Notifies(features.Speaks):
    method, params = "", None

    async def say(self, request: Request | None) -> None:
        message = {"jsonrpc": "2.0", "method": self.method}
        message |= {} if self.params is None else {"params": self.params}
        if request and self.occasion == "subscription":
            message = features.of_subscription(message, request)
        if request and self.occasion == "progress" and "progressToken" in (self.params or {}):
            message["params"] = {**self.params, "progressToken": request.progress_token}
        await self.deliver(message)


_ABOUT = {
    "notifications/tools/list_changed": "toolsListChanged",
    "notifications/resources/list_changed": "resourcesListChanged",
    "notifications/prompts/list_changed": "promptsListChanged",
    "notifications/resources/updated": "resourceSubscriptions",
}
_OCCASIONS = {"notifications/progress": "progress", "notifications/example/ready": "call"}


def notifies(method: str, params: Any = None, **declared: Any) -> type[Connection]:
    bases = (Notifies, features.Prompts) if "prompts" in declared else (Notifies,)
    members = {"method": method, "params": params, "declared": declared, "about": _ABOUT.get(method, "")}
    return type("NotifiesSo", bases, {**members, "occasion": _OCCASIONS.get(method, "subscription")})


fault("progress-without-progress", breaks=PROGRESS, cases=[OWN_NOTIFICATIONS])(
    notifies("notifications/progress", {"progressToken": "a"})
)
fault("progress-without-token", breaks=PROGRESS, cases=[OWN_NOTIFICATIONS])(
    notifies("notifications/progress", {"progress": 0.5})
)
fault("progress-as-percent-text", breaks=PROGRESS, cases=[OWN_NOTIFICATIONS])(
    notifies("notifications/progress", {"progressToken": "a", "progress": "50 %"})
)
fault("progress-without-params", breaks=PROGRESS, cases=[OWN_NOTIFICATIONS])(notifies("notifications/progress"))
fault("own-notification-with-params-as-list", breaks="schema.JSONRPCNotification", cases=[OWN_NOTIFICATIONS])(
    notifies("notifications/example/ready", ["x"])
)
fault("own-notification-with-params-as-text", breaks="schema.JSONRPCNotification", cases=[OWN_NOTIFICATIONS])(
    notifies("notifications/example/ready", "x")
)


for _name, _type, _method, _params, _declared in (
    ("resources-changed-with-params-as-text", "ResourceListChangedNotification",
     "notifications/resources/list_changed", "all", {"resources": {"listChanged": True}}),
    ("prompts-changed-with-metadata-as-list", "PromptListChangedNotification",
     "notifications/prompts/list_changed", {"_meta": []}, {"prompts": {"listChanged": True}}),
    ("resource-updated-without-uri", "ResourceUpdatedNotification",
     "notifications/resources/updated", {"path": "/README.md"}, {"resources": {"subscribe": True}}),
    ("resource-updated-with-uri-as-list", "ResourceUpdatedNotification",
     "notifications/resources/updated", {"uri": ["repo://a/b"]}, {"resources": {"subscribe": True}}),
    ("elicitation-complete-without-id", "ElicitationCompleteNotification",
     "notifications/elicitation/complete", {}, {}),
):  # fmt: skip
    fault(_name, breaks=f"schema.{_type}", cases=[OWN_NOTIFICATIONS])(notifies(_method, _params, **_declared))


@fault("own-notification-with-id-null", breaks="jsonrpc.request-id-not-null", cases=[OWN_IDS])
class NotificationWithId(features.Logs):
    async def notify(self, method: str, params: dict[str, JSON]) -> None:
        await self.deliver({"jsonrpc": "2.0", "id": None, "method": method, "params": params})


@fault("invalid-params-for-a-call-without-name-are-ignored", breaks="jsonrpc.invalid-params",
       cases=["tools.call.without-name"])  # fmt: skip
class CallsNothing(Connection):
    async def on_tools_call(self, request: Request) -> JSON:
        if "name" not in request.params:
            return {"content": []}
        return await super().on_tools_call(request)


@fault("dies-of-a-call-without-name", breaks=UNANSWERED, cases=["tools.call.without-name"])
class DiesWithoutName(Connection):
    async def on_request(self, request: Request) -> None:
        if request.method == "tools/call" and "name" not in request.params:
            crash("no name")
        await super().on_request(request)


@fault("spoilt-log-message-during-a-call", breaks=LOG, cases=[OWN_NOTIFICATIONS])
class LogsDuringCalls(features.Logs):
    async def on_tools_call(self, request: Request) -> JSON:
        if self.is_stateless(request) and metadata.LOG_LEVEL not in request.meta:
            return await super().on_tools_call(request)
        await self.notify("notifications/message", {"level": "trace", "data": "calling"})
        return await super().on_tools_call(request)


# ------------------------------------------------------------------------------------------------ what the server asks

OWN_REQUESTS, ASKED = "base.requests-are-valid", "mrtr.requests.are-valid"


class AsksFor(features.Asks):
    """Asks one thing when the session begins, or during calls, if the client declared what it needs."""

    capability, method, params = "", "", None

    async def on_notification(self, notification: Notification) -> None:
        await Connection.on_notification(self, notification)
        if notification.method == "notifications/initialized" and self.capability in {"", *self.declared_by_client}:
            await self.ask("own-1", self.method, self.params)

    def questions_of(self, request: Request) -> dict[str, JSON]:
        question = {"method": self.method} | ({} if self.params is None else {"params": self.params})
        return {"own-1": question} if self.capability in {"", *metadata.capabilities(request)} else {}


def asks_for(method: str, params: Any = None, *, capability: str = "") -> type[Connection]:
    return type("AsksForIt", (AsksFor,), {"capability": capability, "method": method, "params": params})


HELLO = {"role": "user", "content": {"type": "text", "text": "Hello"}}
ANY_FORM = {"type": "object", "properties": {}}

fault("own-ping-with-params-as-text", breaks="schema.PingRequest", cases=[OWN_REQUESTS, ASKED])(asks_for("ping", "now"))
fault("own-ping-with-params-as-list", breaks="schema.PingRequest", cases=[OWN_REQUESTS, ASKED])(asks_for("ping", [1]))
fault("asks-for-roots-with-params-as-list", breaks="schema.ListRootsRequest", cases=[OWN_REQUESTS, ASKED])(
    asks_for("roots/list", [], capability="roots")
)
for _name, _params in {
    "without-max-tokens": {"messages": [HELLO]},
    "without-messages": {"maxTokens": 10},
    "with-messages-as-text": {"messages": "Hello", "maxTokens": 10},
    "of-role-system": {"messages": [{**HELLO, "role": "system"}], "maxTokens": 10},
    "with-max-tokens-as-text": {"messages": [HELLO], "maxTokens": "10"},
    "with-priority-over-1": {"messages": [HELLO], "maxTokens": 9, "modelPreferences": {"costPriority": 5}},
}.items():
    fault(f"asks-for-sampling-{_name}", breaks="schema.CreateMessageRequest", cases=[OWN_REQUESTS, ASKED])(
        asks_for("sampling/createMessage", _params, capability="sampling")
    )
for _name, _params in {
    "without-message": {"requestedSchema": ANY_FORM},
    "without-schema": {"message": "Who?"},
    "with-schema-of-a-string": {"message": "Who?", "requestedSchema": {"type": "string", "properties": {}}},
}.items():
    fault(f"elicits-{_name}", breaks="schema.ElicitRequest", cases=[OWN_REQUESTS, ASKED])(
        asks_for("elicitation/create", _params, capability="elicitation")
    )
fault(
    "elicits-with-nested-form",
    breaks=["schema.ElicitRequest", "elicitation.flat-schema"],
    cases=[OWN_REQUESTS, ASKED, "elicitation.forms.are-flat"],
)(
    asks_for(
        "elicitation/create",
        {
            "message": "Where?",
            "requestedSchema": {
                "type": "object",
                "properties": {"address": {"type": "object", "properties": {}}, "ways": {"type": "object"}},
            },
        },
        capability="elicitation",
    )
)
fault("own-request-with-params-as-text", breaks="schema.JSONRPCRequest", cases=[OWN_REQUESTS, ASKED])(
    asks_for("example/hello", "x", capability="roots")
)
