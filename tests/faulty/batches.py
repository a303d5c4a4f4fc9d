"""Batches: taken wrongly, or sent wrongly (2025-03-26 basic/index#batching)."""

# ruff: noqa: RUF012 - the class attributes here are constants, each of one fault

import json
from collections.abc import Sequence

from reference_servers.engine import JSON, Connection, Notification, Request
from reference_servers.engine.messages import encode, parse

from . import _features as features
from . import fault
from ._spoiling import crash

BATCHING = ("2025-03-26",)
RECEIVE = "jsonrpc.batch-receive"
ALL, ONE, BESIDE, MANY = (
    f"batching.requests.{name}" for name in ("are-all-answered", "one-alone", "error-beside-result", "many")
)
MIXED, TOLD = "batching.mixed.only-requests-are-answered", "batching.notifications.are-unanswered"
EMPTY, PART = "batching.malformed.empty", "batching.malformed.part-is-no-message"
VALID = "base.batches-are-valid"
NOTHING_KNOWN = "nothing is known of notifications in a batch that is refused"


class Batching(Connection):
    """Takes every array apart, also an empty one, by rules of its own."""

    async def handle(self, raw: bytes) -> None:
        if raw.startswith(b"[") and self.takes_batches():
            await self.on_batch(self.read(raw))
        else:
            await super().handle(raw)

    def read(self, raw: bytes) -> list[JSON]:
        parts: list[JSON] = parse(raw)
        return parts


@fault(
    "batch-is-refused",
    breaks=RECEIVE,
    cases=[ALL, ONE, BESIDE, MANY, MIXED],
    undecided=NOTHING_KNOWN,
)
class Refuses(Connection):
    def takes_batches(self) -> bool:
        return False


@fault("batch-is-ignored", breaks=RECEIVE, cases=[ALL, ONE, BESIDE, MANY, MIXED], undecided=NOTHING_KNOWN)
class Ignores(Connection):
    async def on_batch(self, parts: list[JSON]) -> None:
        pass


@fault(
    "dies-of-a-batch",
    breaks=RECEIVE,
    cases=[ALL, ONE, BESIDE, MANY, MIXED, TOLD],
    may={PART: "a batch too"},
    several="a server that dies of notifications is seen by what follows, not by a missing answer",
    undecided=NOTHING_KNOWN,
)
class Dies(Connection):
    async def on_batch(self, parts: list[JSON]) -> None:
        crash("list indices must be integers")


class Partial(Connection):
    """Takes only some parts of a batch."""

    def taken(self, parts: list[JSON]) -> Sequence[JSON]:
        return parts

    async def on_batch(self, parts: list[JSON]) -> None:
        await super().on_batch(list(self.taken(parts)))


@fault(
    "batch-only-first-request",
    breaks=RECEIVE,
    cases=[ALL, BESIDE, MANY],
    may={MIXED: "the first is a notification"},
    undecided=NOTHING_KNOWN,
)
class OnlyFirst(Partial):
    def taken(self, parts: list[JSON]) -> Sequence[JSON]:
        return parts[:1]


@fault("batch-only-eight-requests", breaks=RECEIVE, cases=[MANY])
class OnlyEight(Partial):
    def taken(self, parts: list[JSON]) -> Sequence[JSON]:
        return parts[:8]


@fault("batch-of-one-is-ignored", breaks=RECEIVE, cases=[ONE])
class NotAlone(Partial):
    def taken(self, parts: list[JSON]) -> Sequence[JSON]:
        return parts if len(parts) > 1 else []


@fault("batch-with-a-notification-is-ignored", breaks=RECEIVE, cases=[MIXED], undecided=NOTHING_KNOWN)
class OnlyRequests(Partial):
    def taken(self, parts: list[JSON]) -> Sequence[JSON]:
        return parts if all("id" in part for part in parts if isinstance(part, dict)) else []


@fault("batch-ends-at-an-error", breaks=RECEIVE, cases=[BESIDE])
class EndsAtError(Partial):
    def taken(self, parts: list[JSON]) -> Sequence[JSON]:
        wrong = [part for part in parts if isinstance(part, dict) and part.get("method", "").startswith("conformance/")]
        return parts[: parts.index(wrong[0])] if wrong else parts


@fault("batch-without-its-errors", breaks=RECEIVE, cases=[BESIDE])
class WithoutErrors(Partial):
    def taken(self, parts: list[JSON]) -> Sequence[JSON]:
        return [part for part in parts if not str(part).count("conformance/no-such-method")]


@fault(
    "notifications-answered-in-a-batch",
    breaks="jsonrpc.notification-no-response",
    cases=[MIXED, TOLD],
    revisions=BATCHING,
)
class AnswersNotifications(Connection):
    async def on_batch(self, parts: list[JSON]) -> None:
        await super().on_batch(parts)
        for part in parts:
            if isinstance(part, dict) and "id" not in part:
                await self.deliver({"jsonrpc": "2.0", "id": None, "result": {}})


@fault("batch-of-notifications-stops-the-server", breaks=RECEIVE, cases=[TOLD])
class StopsAtNotifications(Connection):
    stopped = False

    async def on_batch(self, parts: list[JSON]) -> None:
        self.stopped = all(isinstance(part, dict) and "id" not in part for part in parts)
        await super().on_batch(parts)

    async def on_request(self, request: Request) -> None:
        if not self.stopped:
            await super().on_request(request)


@fault(
    "batch-of-notifications-gets-an-empty-array",
    breaks="stdio.stdout-only-mcp",
    cases=[TOLD],
    revisions=BATCHING,
)
class EmptyArray(Connection):
    async def on_batch(self, parts: list[JSON]) -> None:
        await super().on_batch(parts)
        if not any(isinstance(part, dict) and "id" in part for part in parts):
            await self.send(b"[]")


@fault(
    "batch-gets-one-id",
    breaks="jsonrpc.result-same-id",
    cases=[ALL],
    may=dict.fromkeys([ONE, BESIDE, MANY, MIXED], "it makes a batch too"),
    revisions=BATCHING,
    undecided="nobody knows whose answer it is",
)
class OneId(Connection):
    in_batch = False

    async def on_batch(self, parts: list[JSON]) -> None:
        for part in parts:
            if isinstance(part, dict) and "id" in part:
                part["id"] = 7_000_000
        await super().on_batch(parts)


@fault("empty-batch-gets-a-result", breaks="jsonrpc.invalid-request", cases=[EMPTY], revisions=BATCHING)
class EmptyResult(Batching):
    async def on_batch(self, parts: list[JSON]) -> None:
        if parts:
            await super().on_batch(parts)
        else:
            await self.deliver({"jsonrpc": "2.0", "id": None, "result": {}})


@fault("dies-of-an-empty-batch", breaks="jsonrpc.invalid-request", cases=[EMPTY], revisions=BATCHING)
class DiesOfEmpty(Batching):
    async def on_batch(self, parts: list[JSON]) -> None:
        if not parts:
            crash("list index out of range")
        await super().on_batch(parts)


@fault("dies-of-a-strange-part-of-a-batch", breaks="jsonrpc.invalid-request", cases=[PART], revisions=BATCHING)
class DiesOfPart(Connection):
    async def on_batch(self, parts: list[JSON]) -> None:
        if not all(isinstance(part, dict) for part in parts):
            crash("'int' object has no attribute 'get'")
        await super().on_batch(parts)


# ------------------------------------------------------------------------------------------------ sent by the server


class Batches(features.Logs):
    """Sends answers to resources/templates/list in arrays, beside what `beside` has."""

    before: list[JSON] = []
    behind: list[JSON] = []

    def encode(self, message: dict[str, JSON]) -> bytes:
        if self.takes_batches() and "resourceTemplates" in (message.get("result") or {}):
            return encode([*self.before, message, *self.behind])
        return super().encode(message)


LOG: JSON = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "listed"}}


@fault("notification-behind-a-response-in-an-array", breaks="schema.JSONRPCBatchResponse", cases=[VALID])
class MixedBehind(Batches):
    behind = [LOG]


@fault("response-behind-a-notification-in-an-array", breaks="schema.JSONRPCBatchRequest", cases=[VALID])
class MixedBefore(Batches):
    before = [LOG]


@fault("number-in-an-array-of-responses", breaks="schema.JSONRPCBatchResponse", cases=[VALID])
class NumberInside(Batches):
    behind = [5]


@fault("array-in-an-array-of-responses", breaks="schema.JSONRPCBatchResponse", cases=[VALID])
class ArrayInside(Batches):
    behind = [[]]


class Tells(features.Logs):
    """Sends two log messages in one array when the session begins."""

    told: list[JSON] = [LOG, LOG]

    async def on_notification(self, notification: Notification) -> None:
        await super().on_notification(notification)
        if notification.method == "notifications/initialized" and self.takes_batches():
            await self.send(encode(self.told))


@fault(
    "unknown-level-in-an-array",
    breaks="schema.LoggingMessageNotification",
    cases=["base.notifications-are-valid"],
    revisions=BATCHING,
)
class SpoiltInside(Tells):
    told = [LOG, LOG | {"params": {"level": "loud", "data": "listed"}}]


@fault(
    "no-version-marker-in-an-array", breaks="jsonrpc.version-member", cases=["base.version-marker"], revisions=BATCHING
)
class UnmarkedInside(Tells):
    told = [LOG, {"method": "notifications/message", "params": {"level": "info", "data": "listed"}}]


@fault(
    "undeclared-notification-in-an-array",
    breaks="lifecycle.negotiated-capabilities-only",
    cases=["lifecycle.capabilities.only-negotiated"],
    may={
        "lifecycle.capabilities.none-of-the-client": "it sees it too",
        "lifecycle.start.no-requests-before-initialized": "it sees it too",
    },
    revisions=BATCHING,
)
class UndeclaredInside(Tells):
    told = [LOG, {"jsonrpc": "2.0", "method": "notifications/prompts/list_changed"}]


@fault(
    "raw-answer-in-an-array",
    breaks="schema.ListResourceTemplatesResult",
    cases=["resources.templates.result-is-valid"],
    revisions=BATCHING,
)
class SpoiltAnswerInside(Batches):
    async def on_resources_templates_list(self, request: Request) -> JSON:
        return {"resourceTemplates": [{"name": "without a template"}]}


@fault("second-answer-in-an-array", breaks="jsonrpc.one-response", cases=["base.one-response"], revisions=BATCHING)
class TwiceInside(Batches):
    def encode(self, message: dict[str, JSON]) -> bytes:
        if self.takes_batches() and "resourceTemplates" in (message.get("result") or {}):
            return encode([message, message])
        return super().encode(message)


@fault("indented-array", breaks="stdio.no-embedded-newlines", cases=["stdio.one-message-a-line"], revisions=BATCHING)
class Indented(Batches):
    def encode(self, message: dict[str, JSON]) -> bytes:
        encoded = super().encode(message)
        return json.dumps(json.loads(encoded), indent=2).encode() if encoded.startswith(b"[") else encoded
