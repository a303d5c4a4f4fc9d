"""The handshake, versions, capabilities and who may speak when (basic/lifecycle)."""

# ruff: noqa: RUF012 - the class attributes here are constants, each of one fault

from collections.abc import Callable
from typing import Any

from mcp_conformance.revisions import REVISIONS
from reference_servers.engine import JSON, Connection, Notification, Request

from . import Spread, fault, variant
from . import _features as features
from ._spoiling import answers, crash, for_ever, results, silent

ANSWERED, VALID = "lifecycle.initialize.is-answered", "lifecycle.initialize.result-is-valid"
RESPONDS, SCHEMA = "lifecycle.server-responds", "schema.InitializeResult"


def initialized(change: Callable[[JSON], object]) -> type[Connection]:
    return results("initialize", change)


fault("no-capabilities", breaks=[RESPONDS, SCHEMA], cases=[ANSWERED, VALID])(
    initialized(lambda r: r.pop("capabilities"))
)
fault("no-server-info", breaks=[RESPONDS, SCHEMA], cases=[ANSWERED, VALID])(initialized(lambda r: r.pop("serverInfo")))
fault("server-info-without-version", breaks=[RESPONDS, SCHEMA], cases=[ANSWERED, VALID])(
    initialized(lambda r: r["serverInfo"].pop("version"))
)
fault("server-name-as-number", breaks=SCHEMA, cases=[VALID])(initialized(lambda r: r["serverInfo"].update(name=7)))
fault("server-info-as-text", breaks=SCHEMA, cases=[VALID])(initialized(lambda r: r.update(serverInfo="github")))
fault("capabilities-as-list", breaks=SCHEMA, cases=[VALID])(initialized(lambda r: r.update(capabilities=["tools"])))
fault("capabilities-null", breaks=SCHEMA, cases=[VALID])(initialized(lambda r: r.update(capabilities=None)))
fault("tools-capability-true", breaks=SCHEMA, cases=[VALID])(
    initialized(lambda r: r["capabilities"].update(tools=True))
)
fault("list-changed-as-text", breaks=SCHEMA, cases=[VALID])(
    initialized(lambda r: r["capabilities"].update(tools={"listChanged": "no"}))
)
fault("instructions-null", breaks=SCHEMA, cases=[VALID])(initialized(lambda r: r.update(instructions=None)))
fault("no-protocol-version", breaks=SCHEMA, cases=[VALID], undecided="there is no version to compare")(
    initialized(lambda r: r.pop("protocolVersion"))
)
fault("protocol-version-as-number", breaks=SCHEMA, cases=[VALID], undecided="there is no version to compare")(
    initialized(lambda r: r.update(protocolVersion=20251125))
)
fault("initialize-is-refused", breaks=RESPONDS, cases=["target.answers"])(
    answers("initialize", lambda m: (m.pop("result"), m.update(error={"code": -32603, "message": "not ready"})))
)
fault("initialize-is-never-answered", breaks=RESPONDS, cases=["target.answers"])(
    silent(lambda r: r.method == "initialize")
)


@fault("never-says-anything", breaks=RESPONDS, cases=["target.answers"])
class Mute(Connection):
    async def handle(self, raw: bytes) -> None:
        await for_ever()


@fault("exits-at-start", breaks=RESPONDS, cases=["target.answers"])
class ExitsAtStart(Connection):
    async def at_start(self) -> None:
        crash("GITHUB_TOKEN is not set")


NONE, NEGOTIATED = "lifecycle.capabilities.none-of-the-client", "lifecycle.capabilities.only-negotiated"

UNKNOWN, FUTURE, FALLBACK = (
    f"lifecycle.version.{kind}" for kind in ("unknown-is-countered", "future-is-countered", "fallback-is-newest")
)
OTHER = "lifecycle.server-other-version"
ONLY_UNKNOWN = {"may": {FALLBACK: "the same answer, of which it asks more"}}
ALL_UNKNOWN: Spread = {
    "may": {FALLBACK: "the same answer, of which it asks more", FUTURE: "the same decision for another version"}
}


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


@fault("offers-the-oldest-version", breaks="lifecycle.server-latest-version", cases=[FALLBACK], both=True)
class OffersOldest(Negotiates):
    def otherwise(self, requested: str) -> str:
        return "2024-11-05"


@fault("offers-its-second-newest-version", breaks="lifecycle.server-latest-version", cases=[FALLBACK], both=True)
class OffersSecond(Negotiates):
    def otherwise(self, requested: str) -> str:
        return self.known()[-2]


@fault(
    "swaps-its-versions", breaks="lifecycle.server-same-version", cases=["lifecycle.version.same-is-kept"], both=True
)
class Swaps(Negotiates):
    def negotiate(self, requested: str) -> str:
        known = self.known()
        return known[1 - known.index(requested)] if requested in known else known[-1]


KNOWN = [revision.date for revision in REVISIONS]


@fault("never-answers-an-unknown-version", breaks="jsonrpc.request-answered", cases=[UNKNOWN], **ALL_UNKNOWN)
class SilentOnVersions(Connection):
    async def on_request(self, request: Request) -> None:
        if request.method != "initialize" or request.params["protocolVersion"] in KNOWN:
            await super().on_request(request)


@fault("no-server-info-after-a-fallback", breaks=SCHEMA, cases=[UNKNOWN], **ALL_UNKNOWN)
class NoServerInfoAfterFallback(Connection):
    async def on_initialize(self, request: Request) -> JSON:
        result = await super().on_initialize(request)
        if result["protocolVersion"] != request.params["protocolVersion"]:
            del result["serverInfo"]
        return result


@fault("dies-when-the-client-declares-nothing", breaks="jsonrpc.request-answered", cases=[UNKNOWN, FUTURE, FALLBACK],
       may={"lifecycle.capabilities.missing-are-coped-with": "it declares none either"},
       undecided="without a session there is nothing to judge")  # fmt: skip
class DiesWithoutCapabilities(Connection):
    async def on_request(self, request: Request) -> None:
        if request.method == "initialize" and not request.params.get("capabilities"):
            crash("no capabilities")
        await super().on_request(request)


START, EARLY = "lifecycle.start.nothing-before-initialize", "lifecycle.start.no-requests-before-initialized"
USED = "lifecycle.negotiated-capabilities-only"
NO_EARLY = "lifecycle.server-no-early-requests"


@fault("speaks-first", breaks="lifecycle.initialize-first", cases=[START])
class SpeaksFirst(Connection):
    async def at_start(self) -> None:
        await self.notify("notifications/example/ready", {})


@variant("pings-before-initialize", era="stateful")
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


UNDECLARED: Spread = {
    "may": dict.fromkeys(
        ("shutdown.exits-on-end-of-input", "lifecycle.capabilities.missing-are-coped-with"),
        "its client declares nothing either",
    )
    | dict.fromkeys(
        ("lifecycle.capabilities.only-negotiated", "lifecycle.version.is-respected"),
        "before 2025-06-18 nobody can declare elicitation",
    )
}


class AsksRegardless(features.Asks):
    method: str = "roots/list"
    params: JSON = None

    async def on_notification(self, notification: Notification) -> None:
        if notification.method == "notifications/initialized":
            await self.ask("regardless", self.method, self.params)


fault("asks-for-roots-that-nobody-declared", breaks=USED, cases=[NONE], **UNDECLARED)(AsksRegardless)


@fault(
    "elicits-although-nobody-declared-it",
    breaks=USED,
    cases=[NONE],
    may={**UNDECLARED["may"], NEGOTIATED: "before 2025-06-18 no client can declare it", EARLY: "the same"},
)
class ElicitsRegardless(AsksRegardless):
    method, params = "elicitation/create", {"message": "Name?", "requestedSchema": {"type": "object", "properties": {}}}


@fault("asks-for-roots-during-tools-list", breaks=USED, cases=[NONE])
class AsksDuringList(features.Asks):
    ids = ()

    async def on_tools_list(self, request: Request) -> JSON:
        await self.ask(f"roots-for-{request.id}", "roots/list")
        return await super().on_tools_list(request)


ANY_SESSION: Spread = {"may": {NONE: "the same requirement, in a session of its own"}}


class NotifiesUndeclared(Connection):
    message: Any = {"method": "notifications/message", "params": {"level": "info", "data": "ready"}}

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
