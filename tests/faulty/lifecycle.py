"""The handshake, capabilities, ping, cancellation and the end (basic/lifecycle, basic/utilities)."""

import sys
from collections.abc import Callable
from typing import Any

from reference_servers.engine import JSON, Connection, Notification, ProtocolError, Request

from . import _features as features
from . import fault
from ._spoiling import a_moment, answers, crash, for_ever, result_of, results, silent

# ------------------------------------------------------------------------------------------------------------ initialize

ANSWERED, VALID = "lifecycle.initialize.is-answered", "lifecycle.initialize.result-is-valid"
RESPONDS, SCHEMA = "lifecycle.server-responds", "schema.InitializeResult"


def initialized(change: Callable[[JSON], object]) -> type[Connection]:
    return results("initialize", change)


fault("no-capabilities", breaks=[RESPONDS, SCHEMA], cases=[ANSWERED, VALID])(initialized(lambda r: r.pop("capabilities")))
fault("no-server-info", breaks=[RESPONDS, SCHEMA], cases=[ANSWERED, VALID])(initialized(lambda r: r.pop("serverInfo")))
fault("server-info-without-version", breaks=[RESPONDS, SCHEMA], cases=[ANSWERED, VALID])(
    initialized(lambda r: r["serverInfo"].pop("version"))
)
fault("server-name-as-number", breaks=SCHEMA, cases=[VALID])(initialized(lambda r: r["serverInfo"].update(name=7)))
fault("server-info-as-text", breaks=SCHEMA, cases=[VALID])(initialized(lambda r: r.update(serverInfo="github")))
fault("capabilities-as-list", breaks=SCHEMA, cases=[VALID])(initialized(lambda r: r.update(capabilities=["tools"])))
fault("capabilities-null", breaks=SCHEMA, cases=[VALID])(initialized(lambda r: r.update(capabilities=None)))
fault("tools-capability-true", breaks=SCHEMA, cases=[VALID])(initialized(lambda r: r["capabilities"].update(tools=True)))
fault("list-changed-as-text", breaks=SCHEMA, cases=[VALID])(
    initialized(lambda r: r["capabilities"].update(tools={"listChanged": "no"}))
)
fault("instructions-null", breaks=SCHEMA, cases=[VALID])(initialized(lambda r: r.update(instructions=None)))
fault("no-protocol-version", breaks=SCHEMA, cases=[VALID])(initialized(lambda r: r.pop("protocolVersion")))
fault("protocol-version-as-number", breaks=SCHEMA, cases=[VALID])(initialized(lambda r: r.update(protocolVersion=20251125)))
fault("initialize-is-refused", breaks=RESPONDS, cases=["target.answers"])(
    answers("initialize", lambda m: (m.pop("result"), m.update(error={"code": -32603, "message": "not ready"})))
)
fault("initialize-is-never-answered", breaks=RESPONDS, cases=["target.answers"])(silent(lambda r: r.method == "initialize"))


@fault("never-says-anything", breaks=RESPONDS, cases=["target.answers"])
class Mute(Connection):
    async def handle(self, raw: bytes) -> None:
        await for_ever()


@fault("exits-at-start", breaks=RESPONDS, cases=["target.answers"])
class ExitsAtStart(Connection):
    async def at_start(self) -> None:
        print("fatal: GITHUB_TOKEN is not set", file=sys.stderr, flush=True)
        crash("no token")


# -------------------------------------------------------------------------------------------------------------- versions

UNKNOWN, FUTURE, FALLBACK = (f"lifecycle.version.{kind}" for kind in ("unknown-is-countered", "future-is-countered", "fallback-is-newest"))
OTHER = "lifecycle.server-other-version"
ONLY_UNKNOWN = {"may": {FALLBACK: "the same answer, of which it asks more"}}
ALL_UNKNOWN = {"may": {FALLBACK: "the same answer, of which it asks more", FUTURE: "the same decision for another version"}}


class Negotiates(Connection):
    def known(self) -> list[str]:
        return [revision.name for revision in self.server.revisions]

    def negotiate(self, requested: str) -> str:
        return requested if requested in self.known() else self.otherwise(requested)

    def otherwise(self, requested: str) -> str:
        return self.known()[-1]


@fault("echoes-any-version", breaks=[OTHER, "lifecycle.error-version-mismatch"], cases=[UNKNOWN, FUTURE], **ALL_UNKNOWN)
class Echoes(Negotiates):
    def otherwise(self, requested: str) -> str:
        return requested


@fault("echoes-versions-of-the-future", breaks=OTHER, cases=[FUTURE])
class EchoesTheFuture(Negotiates):
    def otherwise(self, requested: str) -> str:
        return max(requested, self.known()[-1])


@fault("offers-version-1.0", breaks=OTHER, cases=[UNKNOWN], **ALL_UNKNOWN)
class Offers1(Negotiates):
    def otherwise(self, requested: str) -> str:
        return "1.0"


@fault("offers-a-version-never-published", breaks=OTHER, cases=[UNKNOWN], **ALL_UNKNOWN)
class OffersUnpublished(Negotiates):
    def otherwise(self, requested: str) -> str:
        return "2025-01-01"


@fault("offers-the-oldest-version", breaks="lifecycle.server-latest-version", cases=[FALLBACK])
class OffersOldest(Negotiates):
    def otherwise(self, requested: str) -> str:
        return "2024-11-05"


@fault("offers-its-second-newest-version", breaks="lifecycle.server-latest-version", cases=[FALLBACK], both=True)
class OffersSecond(Negotiates):
    def otherwise(self, requested: str) -> str:
        return self.known()[-2]


@fault("swaps-its-versions", breaks="lifecycle.server-same-version", cases=["lifecycle.version.same-is-kept"], both=True)
class Swaps(Negotiates):
    def negotiate(self, requested: str) -> str:
        known = self.known()
        return known[1 - known.index(requested)] if requested in known else known[-1]


@fault("never-answers-an-unknown-version", breaks="jsonrpc.request-answered", cases=[UNKNOWN], **ALL_UNKNOWN)
class SilentOnVersions(Connection):
    async def on_request(self, request: Request) -> None:
        if request.method != "initialize" or request.params["protocolVersion"] in ("2025-06-18", "2025-11-25"):
            await super().on_request(request)


# ------------------------------------------------------------------------------------------------ who may speak, and when

START, EARLY = "lifecycle.start.nothing-before-initialize", "lifecycle.start.no-requests-before-initialized"
NONE, NEGOTIATED = "lifecycle.capabilities.none-of-the-client", "lifecycle.capabilities.only-negotiated"
USED = "lifecycle.negotiated-capabilities-only"
NO_EARLY = "lifecycle.server-no-early-requests"


@fault("speaks-first", breaks="lifecycle.initialize-first", cases=[START])
class SpeaksFirst(Connection):
    async def at_start(self) -> None:
        await self.notify("notifications/example/ready", {})


@fault("pings-first", breaks="lifecycle.initialize-first", cases=[START])
class PingsFirst(Connection):
    async def at_start(self) -> None:
        await self.deliver({"jsonrpc": "2.0", "id": "first", "method": "ping"})


class AsksEarly(features.AfterInitialize, features.Asks):
    method = "roots/list"

    async def early(self) -> None:
        if "roots" in self.declared_by_client:
            await self.ask("early", self.method)


fault("asks-for-roots-before-initialized", breaks=NO_EARLY, cases=[EARLY])(AsksEarly)


@fault("samples-before-initialized", breaks=NO_EARLY, cases=[EARLY])
class SamplesEarly(AsksEarly):
    async def early(self) -> None:
        if "sampling" in self.declared_by_client:
            message = {"role": "user", "content": {"type": "text", "text": "Hello"}}
            await self.ask("early", "sampling/createMessage", {"messages": [message], "maxTokens": 5})


class AsksRegardless(features.Asks):
    method, params = "roots/list", None

    async def on_notification(self, notification: Notification) -> None:
        if notification.method == "notifications/initialized":
            await self.ask("regardless", self.method, self.params)


fault("asks-for-roots-that-nobody-declared", breaks=USED, cases=[NONE])(AsksRegardless)


@fault("elicits-although-nobody-declared-it", breaks=USED, cases=[NONE])
class ElicitsRegardless(AsksRegardless):
    method, params = "elicitation/create", {"message": "Name?", "requestedSchema": {"type": "object", "properties": {}}}


@fault("asks-for-roots-during-tools-list", breaks=USED, cases=[NONE])
class AsksDuringList(features.Asks):
    ids = ()

    async def on_tools_list(self, request: Request) -> JSON:
        await self.ask(f"roots-for-{request.id}", "roots/list")
        return await super().on_tools_list(request)


ANY_SESSION = {"may": {NONE: "the same requirement, in a session of its own"}}


class NotifiesUndeclared(Connection):
    message: Any = {"method": "notifications/message", "params": {"level": "info", "data": "ready"}}  # noqa: RUF012

    async def on_notification(self, notification: Notification) -> None:
        await super().on_notification(notification)
        if notification.method == "notifications/initialized":
            await self.deliver({"jsonrpc": "2.0", **self.message})


fault("logs-without-the-capability", breaks=USED, cases=[NEGOTIATED], **ANY_SESSION)(NotifiesUndeclared)


@fault("announces-tools-without-the-capability", breaks=USED, cases=[NEGOTIATED], **ANY_SESSION)
class AnnouncesUndeclared(NotifiesUndeclared):
    message = {"method": "notifications/tools/list_changed"}


@fault("announces-updates-without-the-capability", breaks=USED, cases=[NEGOTIATED], **ANY_SESSION)
class UpdatesUndeclared(NotifiesUndeclared):
    message = {"method": "notifications/resources/updated", "params": {"uri": "repo://alice/hello-world"}}


# ------------------------------------------------------------------------------------------------------------------ ping

PINGS = tuple(f"ping.{kind}" for kind in ("is-answered", "string-id", "with-metadata", "several-at-once"))
EMPTY, EMPTY_CHECK = "ping.empty-result", "ping.result-is-valid"
CORE = "lifecycle.core.handshake-then-ping"

fault("ping-result-null", breaks=["schema.EmptyResult", "ping.empty-result"], cases=[EMPTY, EMPTY_CHECK])(result_of("ping", None))
fault("ping-result-with-members", breaks="ping.empty-result", cases=[EMPTY])(
    result_of("ping", {"pong": True})
)
fault("ping-result-as-text", breaks=["ping.empty-result", "schema.EmptyResult"], cases=[EMPTY, EMPTY_CHECK])(result_of("ping", "pong"))


@fault("ping-is-refused", breaks=["ping.respond", "base.core-components"], cases=[*PINGS, CORE])
class RefusesPing(Connection):
    async def on_ping(self, request: Request) -> JSON:
        raise ProtocolError(-32601, "no such method")


@fault("ping-with-metadata-is-refused", breaks="ping.respond", cases=["ping.with-metadata"])
class RefusesMetadata(Connection):
    async def on_ping(self, request: Request) -> JSON:
        if "_meta" in request.params:
            raise ProtocolError(-32602, "ping takes no params")
        return {}


@fault("ping-with-string-id-is-refused", breaks="ping.respond", cases=["ping.string-id"])
class RefusesStringIds(Connection):
    async def on_ping(self, request: Request) -> JSON:
        if isinstance(request.id, str):
            raise ProtocolError(-32600, "ids are numbers")
        return {}


fault("ping-is-never-answered", breaks="ping.respond", cases=["ping.is-answered", "base.requests-are-answered"])(
    silent(lambda r: r.method == "ping")
)
fault("ping-with-string-id-is-never-answered", breaks="ping.respond", cases=["ping.string-id"])(
    silent(lambda r: r.method == "ping" and r.id == "ping-by-name")
)


@fault("several-pings-are-refused", breaks="ping.respond", cases=["ping.several-at-once"])
class BusyPing(Connection):
    busy = False

    async def on_ping(self, request: Request) -> JSON:
        if self.busy:
            raise ProtocolError(-32000, "busy")
        self.busy = True
        await a_moment()
        self.busy = False
        return {}


# ---------------------------------------------------------------------------------------------------------- cancellation

UNKNOWN_REQUEST, FINISHED, MALFORMED = (
    f"cancellation.{kind}" for kind in ("unknown-request", "finished-request", "malformed")
)


class Cancelling(Connection):
    def concerns(self, params: JSON) -> bool:
        return True

    async def on_cancelled(self, notification: Notification) -> None:
        if self.concerns(notification.params):
            await self.react(notification.params)

    async def react(self, params: JSON) -> None:
        await self.deliver({"jsonrpc": "2.0", "id": None, "error": {"code": -32602, "message": "no such request"}})


def unknown(params: JSON) -> bool:
    return bool(params.get("requestId") == "never-sent")


def finished(params: JSON) -> bool:
    return bool(params.get("requestId") == "soon-finished")


def malformed(params: JSON) -> bool:
    return not isinstance(params.get("requestId"), str | int)


@fault("error-for-every-cancellation", breaks="jsonrpc.notification-no-response", cases=[UNKNOWN_REQUEST, FINISHED, MALFORMED])
class ErrorForCancellations(Cancelling):
    pass


@fault("error-for-the-cancellation-of-an-unknown-request", breaks=["jsonrpc.notification-no-response", "cancellation.ignore-unknown"],
       cases=[UNKNOWN_REQUEST])  # fmt: skip
class ErrorForUnknown(Cancelling):
    def concerns(self, params: JSON) -> bool:
        return unknown(params)


@fault("answers-the-cancelled-id-of-an-unknown-request", breaks=["jsonrpc.notification-no-response", "cancellation.ignore-unknown"],
       cases=[UNKNOWN_REQUEST])  # fmt: skip
class AnswersCancelledId(ErrorForUnknown):
    async def react(self, params: JSON) -> None:
        await self.reply(params["requestId"], {})


@fault("error-for-the-cancellation-of-a-finished-request", breaks=["cancellation.race", "cancellation.ignore-completed"], cases=[FINISHED])
class ErrorForFinished(Cancelling):
    def concerns(self, params: JSON) -> bool:
        return finished(params)


@fault("answers-the-finished-request-again", breaks="jsonrpc.one-response", cases=[FINISHED])
class AnswersAgain(ErrorForFinished):
    async def react(self, params: JSON) -> None:
        await self.fail(params["requestId"], ProtocolError(-32800, "cancelled"))


@fault("dies-of-the-cancellation-of-a-finished-request", breaks=["cancellation.race", "cancellation.ignore-completed"], cases=[FINISHED])
class DiesOfFinished(ErrorForFinished):
    async def react(self, params: JSON) -> None:
        crash("no such request")


@fault("dies-of-the-cancellation-of-an-unknown-request", breaks="cancellation.ignore-unknown", cases=[UNKNOWN_REQUEST])
class DiesOfUnknown(ErrorForUnknown):
    async def react(self, params: JSON) -> None:
        crash("no such request")


@fault("error-for-a-malformed-cancellation", breaks="cancellation.ignore-malformed", cases=[MALFORMED])
class ErrorForMalformed(Cancelling):
    def concerns(self, params: JSON) -> bool:
        return malformed(params)


@fault("dies-of-a-malformed-cancellation", breaks="cancellation.ignore-malformed", cases=[MALFORMED])
class DiesOfMalformed(ErrorForMalformed):
    async def react(self, params: JSON) -> None:
        crash("unhashable type: 'dict'")


# --------------------------------------------------------------------------------------------------------------- the end

EXIT, EXIT_EARLY, LEFT = (
    f"shutdown.{kind}" for kind in ("exits-on-end-of-input", "exits-on-end-of-input-before-initialize", "leaves-nothing-running")
)
EOF = "lifecycle.stdio-exit-on-eof"


@fault("ignores-the-end-of-its-input", breaks=EOF, cases=[EXIT, EXIT_EARLY])
class IgnoresEnd(Connection):
    async def at_end_of_input(self) -> None:
        await for_ever()


@fault("ignores-the-end-of-its-input-before-initialize", breaks=EOF, cases=[EXIT_EARLY])
class IgnoresEarlyEnd(Connection):
    async def at_end_of_input(self) -> None:
        if self.revision is None:
            await for_ever()


@fault("leaves-a-child-running", breaks=EOF, cases=[LEFT], only_stdio=True)
class LeavesChild(Connection):
    async def at_end_of_input(self) -> None:
        import subprocess

        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
