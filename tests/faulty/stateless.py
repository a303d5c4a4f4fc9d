"""What every request, result and error of the stateless era has, and what a server never sends there (basic/index)."""

from dataclasses import replace
from typing import Any

from reference_servers.engine import JSON, Caching, Connection, ProtocolError, Request, Server, metadata
from reference_servers.engine.connection import Handler
from reference_servers.github.server import github

from . import _features as features
from . import fault
from ._spoiling import answers, errors, results

# ------------------------------------------------------------------------------------------------ metadata of requests

MISSING = "meta.missing-field-rejected"
WITHOUT = tuple(f"stateless.meta.{kind}" for kind in ("absent", "empty", "without-version"))
NO_CAPABILITIES, MODERN = "stateless.meta.without-capabilities", "stateless.meta.modern-only"
THEMSELVES, PRIOR = "stateless.requests.are-for-themselves", "base.stateless-no-prior-context"


class Forgives(Connection):
    """Fills in what a request doesn't say of itself, if `forgives` lets it."""

    def forgives(self, key: str) -> bool:
        return True

    def route_stateless(self, request: Request) -> Handler | None:
        if request.method == "initialize":
            return super().route_stateless(request)
        if not isinstance(request.params.get("_meta"), dict):
            request.params["_meta"] = {}
        for key, usual in ((metadata.PROTOCOL_VERSION, "2026-07-28"), (metadata.CLIENT_CAPABILITIES, {})):
            if key not in request.meta and self.forgives(key):
                request.params["_meta"][key] = usual
        return super().route_stateless(request)


@fault(
    "requests-need-not-say-anything",
    breaks=[MISSING, PRIOR],
    era="stateless",
    cases=[*WITHOUT, NO_CAPABILITIES, THEMSELVES],
)
class ForgivesAll(Forgives):
    pass


@fault("requests-need-not-give-capabilities", breaks=[MISSING, PRIOR], era="stateless",
       cases=[NO_CAPABILITIES, THEMSELVES])  # fmt: skip
class ForgivesCapabilities(Forgives):
    def forgives(self, key: str) -> bool:
        return key == metadata.CLIENT_CAPABILITIES


@fault("requests-need-not-name-a-version", breaks=MISSING, era="stateless", cases=["stateless.meta.without-version"])
class ForgivesVersion(Forgives):
    def forgives(self, key: str) -> bool:
        return key == metadata.PROTOCOL_VERSION


@fault("missing-metadata-is-an-invalid-request", breaks=MISSING, era="stateless", both=True,
       cases=[NO_CAPABILITIES, MODERN])  # fmt: skip
class OtherCode(Connection):
    async def malformed_metadata(self, request: Request) -> JSON:
        raise ProtocolError(-32600, "_meta is incomplete")


@fault("remembers-the-capabilities-of-its-client", breaks=[PRIOR, MISSING], era="stateless",
       cases=[THEMSELVES, NO_CAPABILITIES])  # fmt: skip
class Remembers(Forgives):
    known = False

    def forgives(self, key: str) -> bool:
        return self.known and key == metadata.CLIENT_CAPABILITIES

    def route_stateless(self, request: Request) -> Handler | None:
        refusal = super().route_stateless(request)
        self.known = self.known or refusal is None
        return refusal


@fault(
    "stops-for-good-after-a-wrong-version",
    breaks=PRIOR,
    era="stateless",
    cases=[THEMSELVES],
    may=dict.fromkeys(
        (
            *(f"discovery.version.{kind}-is-refused" for kind in ("unknown", "future")),
            "discovery.discover.is-implemented",
        ),
        "it is in a session in which such a version was asked for",
    ),
    several="each of them finds another answer than the right one",
    undecided="the session is of no use any more",
)
class Sulks(Connection):
    """Refuses all requests of a connection once it has refused a version, except who it is."""

    sulks = False

    def route_stateless(self, request: Request) -> Handler | None:
        if self.sulks:
            return self.unsupported
        self.sulks = request.meta.get(metadata.PROTOCOL_VERSION) == "1900-01-01"
        return super().route_stateless(request)

    async def unsupported(self, request: Request) -> JSON:
        raise ProtocolError(-32603, "the connection is broken")


@fault("nameless-clients-are-refused", breaks="meta.identity-not-behavioural", era="stateless",
       cases=["stateless.meta.without-client-info"])  # fmt: skip
class WantsNames(Connection):
    def route_stateless(self, request: Request) -> Handler | None:
        complete = {metadata.PROTOCOL_VERSION, metadata.CLIENT_CAPABILITIES} <= request.meta.keys()
        known = request.meta.get(metadata.PROTOCOL_VERSION) == "2026-07-28"
        if complete and known and metadata.PREFIX + "clientInfo" not in request.meta:
            return self.malformed_metadata
        return super().route_stateless(request)


@fault("one-client-at-a-time", breaks="base.stateless-multi-conversation", era="stateless",
       cases=["stateless.requests.may-interleave"])  # fmt: skip
class OneClient(Connection):
    """Lets in who comes first under a name, and nobody of another name but the tester's."""

    def route_stateless(self, request: Request) -> Handler | None:
        client = request.meta.get(metadata.PREFIX + "clientInfo", {})
        return self.busy if client.get("name") == "two" else super().route_stateless(request)

    async def busy(self, request: Request) -> JSON:
        raise ProtocolError(-32603, "another client is connected")


GONE = {
    "ping": "stateless.methods.ping-is-gone",
    "logging/setLevel": "stateless.methods.set-level-is-gone",
    "resources/subscribe": "stateless.methods.subscribe-is-gone",
}


for _method, _case in GONE.items():
    fault(f"{_method.replace('/', '-').lower()}-is-an-invalid-request", breaks="jsonrpc.unknown-method",
          era="stateless", cases=[_case])(
        answers(_method, lambda m: m["error"].update(code=-32600))
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- results

TYPED, KNOWN = "base.results.have-a-type", "base.results.type-is-known"
NOT_COMPLETE = {"stateless.dual.modern-requests-are-stateless": "it looks at the type too"}

fault("results-without-a-type", breaks="base.result-type-present", cases=[TYPED])(
    answers("*", lambda m: m["result"].pop("resultType") if "result" in m else None)
)
fault("calls-without-a-type", breaks="base.result-type-present", cases=[TYPED])(
    results("tools/call", lambda result: result.pop("resultType"))
)
fault("templates-of-type-null", breaks="base.result-type-present", cases=[TYPED])(
    results("resources/templates/list", lambda result: result.update(resultType=None))
)
fault("calls-of-type-success", breaks="base.result-type-from-supported-set", cases=[KNOWN])(
    results("tools/call", lambda result: result.update(resultType="success"))
)
fault("calls-are-tasks-unasked", breaks="base.result-type-from-supported-set", cases=[KNOWN],
      may={"tools.call.result-is-valid": "a task isn't what a call returns", "tools.call.is-answered": "the same"})(
    results("tools/call", lambda result: result.update(resultType="task"))
)  # fmt: skip
fault("templates-ask-for-input", breaks="mrtr.only-supported-methods", cases=["mrtr.methods.only-three-ask"], may={
      "resources.templates.result-is-valid": "what asks for input isn't a list"})(
    results("resources/templates/list", lambda result: result.update(resultType="input_required", requestState="1"))
)  # fmt: skip

HINTS, TTL, SCOPE = "caching.hints.are-given", "caching.ttl.is-not-negative", "caching.scope.is-one-for-all-pages"
for _method, _requirement in (
    ("server/discover", "caching.hints-discover"),
    ("tools/list", "caching.hints-tools-list"),
    ("prompts/list", "caching.hints-prompts-list"),
    ("resources/list", "caching.hints-resources-list"),
    ("resources/templates/list", "caching.hints-templates-list"),
    ("resources/read", "caching.hints-resources-read"),
):

    class _Unhinted(features.Prompts):
        left_out: str = _method

        def completed(self, request: Request, result: dict[str, JSON]) -> dict[str, JSON]:
            whole = super().completed(request, result)
            return {**whole, "ttlMs": None} if request.method == self.left_out else whole

    fault(f"{_method.replace('/', '-')}-with-ttl-null", breaks=_requirement, cases=[HINTS])(_Unhinted)
fault("tools-list-without-a-cache-scope", breaks="caching.hints-tools-list", cases=[HINTS])(
    results("tools/list", lambda result: result.pop("cacheScope"))
)
fault("tools-list-with-a-cache-scope-of-its-own", breaks="caching.hints-tools-list", cases=[HINTS])(
    results("tools/list", lambda result: result.update(cacheScope="shared"))
)
fault("tools-list-with-a-ttl-with-a-fraction", breaks="caching.hints-tools-list", cases=[HINTS])(
    results("tools/list", lambda result: result.update(ttlMs=0.5))
)


@fault("tools-list-with-a-negative-ttl", breaks="caching.ttl-non-negative", cases=[TTL])
def stale() -> Server:
    return replace(github(), caching={**github().caching, "tools/list": Caching(-1, "public")})


fault("pages-with-different-cache-scopes", breaks="caching.scope-uniform-pages", cases=[SCOPE], server=features.paged)(
    results("tools/list", lambda result: result.update(cacheScope="public" if "nextCursor" in result else "private"))
)

# -------------------------------------------------------------------------------------------------------------- errors

CODES, MEANING = "base.errors.codes", "base.errors.meaning"
UNKNOWN_METHOD = {
    "base.unknown-method.error-code": "this is the error that has the code",
    **dict.fromkeys(GONE.values(), "this is the error that has the code"),
}


def unknown_method(code: int) -> Any:
    return errors(lambda m: m["error"].update(code=code), "conformance/no-such-method")


_TWO = "the wrong code is one cause, and that the method isn't refused as it has to be another"
for _code, _requirements in (
    (-32050, ["jsonrpc.error-reserved-range-defined-only"]),
    (-32042, ["jsonrpc.error-reserved-range-defined-only", "jsonrpc.error-no-url-elicitation-code"]),
    (-32500, ["jsonrpc.error-custom-codes-outside-reserved"]),
    (-32002, ["jsonrpc.error-no-resource-not-found-code"]),
):
    fault(f"error-code{_code}", breaks=_requirements, era="stateless", cases=[CODES], may=UNKNOWN_METHOD, several=_TWO)(
        unknown_method(_code)
    )
for _code, _data in ((-32020, None), (-32021, {"requiredCapabilities": {"sampling": {}}}), (-32022, None)):

    def _misuse(message: dict[str, JSON], code: int = _code, data: JSON = _data) -> None:
        message["error"] = {"code": code, "message": "no", **({} if data is None else {"data": data})}

    fault(f"unknown-methods-are-error{_code}", breaks="jsonrpc.error-defined-codes-meaning", era="stateless",
          cases=[MEANING], may={**UNKNOWN_METHOD, "base.errors.details-are-valid": "the code demands details"},
          several=_TWO)(
        errors(_misuse, "conformance/no-such-method")
    )  # fmt: skip

# ---------------------------------------------------------------------------------------------- what is never sent

NO_REQUESTS = "base.server.sends-no-requests"
NONE_SENT = ("base.server-no-requests", "stdio.server-no-requests")


class AsksOnTheWire(Connection):
    """Sends a request of its own during each call."""

    method = "roots/list"

    async def on_tools_call(self, request: Request) -> JSON:
        await self.deliver({"jsonrpc": "2.0", "id": f"own-{request.id}", "method": self.method})
        return await super().on_tools_call(request)


fault("asks-for-roots-on-the-wire", breaks=[*NONE_SENT, "mrtr.server-requests-via-mrtr"], era="stateless",
      cases=[NO_REQUESTS])(AsksOnTheWire)  # fmt: skip


@fault("pings-on-the-wire", breaks=NONE_SENT, era="stateless", cases=[NO_REQUESTS])
class PingsOnTheWire(AsksOnTheWire):
    method = "ping"


@fault("own-notification-with-an-id", breaks="jsonrpc.notification-no-id", cases=["base.notifications.have-no-id"],
       may={"base.requests-are-valid": "it is an odd request as well"})  # fmt: skip
class NumbersNotifications(features.Logs):
    async def notify(self, method: str, params: dict[str, JSON]) -> None:
        await self.deliver({"jsonrpc": "2.0", "id": "log-1", "method": method, "params": params})


@fault("cancels-the-calls-of-its-client", era="stateless", cases=["cancellation.server.ends-only-subscriptions"],
       breaks=["cancellation.server-only-subscriptions", "cancellation.server-references-listen"])  # fmt: skip
class CancelsCalls(features.Announces):
    about = "none"

    async def on_tools_call(self, request: Request) -> JSON:
        await self.notify("notifications/cancelled", {"requestId": request.id, "reason": "too busy"})
        return await super().on_tools_call(request)


fault("templates-have-a-null-result", breaks=["schema.JSONRPCResultResponse", "schema.ListResourceTemplatesResult"],
      cases=["base.results.are-objects", "resources.templates.result-is-valid"], era="stateless")(
    answers("resources/templates/list", lambda message: message.update(result=None) if "result" in message else None)
)  # fmt: skip
