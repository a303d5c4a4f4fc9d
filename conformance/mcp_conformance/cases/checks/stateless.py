"""Passive checks of the stateless era: what each result and error has to carry, and what a server never sends
(2026-07-28 basic/index, basic/patterns, server/utilities/caching)."""

from collections.abc import Iterator

from mcp_conformance.cases.checks import Report, check
from mcp_conformance.cases.checks.protocol import error_details_cause
from mcp_conformance.client import CAPABILITIES_KEY, VERSION_KEY
from mcp_conformance.exchanges import Exchange
from mcp_conformance.jsonrpc import JSON, MISSING
from mcp_conformance.messages import assess
from mcp_conformance.observation import Observation
from mcp_conformance.wire import short


def modern(observation: Observation) -> Iterator[Exchange]:
    """The exchanges with an answer whose request was one of this revision's. Of others, a server that speaks both eras
    may take them for requests of the other era."""
    for exchange in observation.answered():
        if exchange.meta.get(VERSION_KEY) == observation.revision:
            yield exchange


# -------------------------------------------------------------------------------------------------------------- results

_CORE_TYPES = ("complete", "input_required")
MAY_ASK = ("tools/call", "prompts/get", "resources/read")
"""The methods whose results may ask for input."""


@check("base.results.have-a-type", judges=["base.result-type-present"], everywhere=True, era="stateless")
def results_have_a_type(observation: Observation, report: Report) -> None:
    """Every result says of which type it is."""
    for exchange in modern(observation):
        if isinstance(exchange.result, dict):
            report.saw()
            kind = exchange.result.get("resultType", MISSING)
            if not isinstance(kind, str):
                report.problem(
                    f"{short('complete')} or {short('input_required')}",
                    short(kind),
                    at="/result/resultType",
                    events=exchange.events,
                    cause="result-type",
                    remedy='add "resultType": "complete" to each result that is the final one',
                )


@check("base.results.type-is-known", judges=["base.result-type-from-supported-set"], everywhere=True, era="stateless")
def type_is_known(observation: Observation, report: Report) -> None:
    """Where no extension is declared, a result is complete or asks for input."""
    for exchange in modern(observation):
        kind = exchange.result.get("resultType") if isinstance(exchange.result, dict) else None
        capabilities = exchange.meta.get(CAPABILITIES_KEY)
        if not isinstance(kind, str) or (isinstance(capabilities, dict) and capabilities.get("extensions")):
            continue
        report.saw()
        if kind not in _CORE_TYPES:
            report.problem(
                f"{short('complete')} or {short('input_required')}: the client declared no extension",
                short(kind),
                at="/result/resultType",
                events=exchange.events,
                cause=f"result-type:{kind}",
            )


@check("mrtr.methods.only-three-ask", judges=["mrtr.only-supported-methods"], everywhere=True, era="stateless")
def only_three_ask(observation: Observation, report: Report) -> None:
    """Only tools/call, prompts/get and resources/read end with a request for input."""
    for exchange in modern(observation):
        if isinstance(exchange.result, dict) and exchange.method not in MAY_ASK:
            report.saw()
            if exchange.result.get("resultType") == "input_required":
                report.problem(
                    f"no request for input in a result of {exchange.method}",
                    short("input_required"),
                    at="/result/resultType",
                    events=exchange.events,
                    cause="mrtr-method",
                )


# -------------------------------------------------------------------------------------------------------------- caching

_CACHEABLE = {
    "server/discover": "caching.hints-discover",
    "tools/list": "caching.hints-tools-list",
    "prompts/list": "caching.hints-prompts-list",
    "resources/list": "caching.hints-resources-list",
    "resources/templates/list": "caching.hints-templates-list",
    "resources/read": "caching.hints-resources-read",
}


def _cacheable(observation: Observation) -> Iterator[tuple[Exchange, dict[str, JSON]]]:
    for exchange in modern(observation):
        result = exchange.result
        if exchange.method in _CACHEABLE and isinstance(result, dict) and result.get("resultType") != "input_required":
            yield exchange, result


def is_whole(value: JSON) -> bool:
    """Whether a JSON value is a number without a fraction."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1


@check("caching.hints.are-given", judges=list(_CACHEABLE.values()), everywhere=True, era="stateless")
def hints_are_given(observation: Observation, report: Report) -> None:
    """Results that may be kept say for how long, and for whom."""
    for exchange, result in _cacheable(observation):
        requirement = _CACHEABLE[exchange.method]
        report.saw(requirement)
        for member, right, words in (
            ("ttlMs", is_whole, "a whole number of milliseconds"),
            ("cacheScope", lambda value: value in ("public", "private"), '"public" or "private"'),
        ):
            found = result.get(member, MISSING)
            if not right(found):
                report.problem(
                    words,
                    short(found),
                    at=f"/result/{member}",
                    events=exchange.events,
                    requirement=requirement,
                    cause=f"caching:{member}",
                    remedy=f"give {member} in each complete result of {exchange.method}",
                )


@check("caching.ttl.is-not-negative", judges=["caching.ttl-non-negative"], everywhere=True, era="stateless")
def ttl_is_not_negative(observation: Observation, report: Report) -> None:
    """The time for which a result may be kept isn't negative."""
    for exchange, result in _cacheable(observation):
        ttl = result.get("ttlMs")
        if is_whole(ttl) and isinstance(ttl, int | float):
            report.saw()
            if ttl < 0:
                report.problem("0 or more", short(ttl), at="/result/ttlMs", events=exchange.events, cause="caching:ttl")


@check(
    "caching.scope.is-one-for-all-pages",
    judges=["caching.scope-uniform-pages"],
    everywhere=True,
    era="stateless",
    idle="no list has more than one page",
)
def scope_is_one_for_all_pages(observation: Observation, report: Report) -> None:
    """All pages of a list have the same cache scope."""
    scopes: dict[tuple[str, JSON], JSON] = {}  # by method and the cursor of the page that follows
    for exchange, result in _cacheable(observation):
        params = exchange.params if isinstance(exchange.params, dict) else {}
        before = scopes.get((exchange.method, params.get("cursor")), MISSING)
        scope = result.get("cacheScope")
        if before is not MISSING and isinstance(scope, str):
            report.saw()
            if scope != before:
                report.problem(
                    f"{short(before)}, as on the page before",
                    short(scope),
                    at="/result/cacheScope",
                    events=exchange.events,
                    cause="caching:pages",
                )
        following = result.get("nextCursor")
        if isinstance(following, str) and isinstance(scope, str):
            scopes[exchange.method, following] = scope


# --------------------------------------------------------------------------------------------------------------- errors


@check("base.errors.meaning", judges=["jsonrpc.error-defined-codes-meaning"], everywhere=True, era="stateless")
def errors_mean_what_they_say(observation: Observation, report: Report) -> None:
    """The codes that the protocol defines are used for what they mean and for nothing else."""
    for exchange in modern(observation):
        error = exchange.error
        if not isinstance(error, dict):
            continue
        report.saw()
        if wrong := _misused(error, exchange, observation.transport):
            report.problem(
                f"another code: {wrong}",
                f"error {short(error.get('code'))} for {exchange.method}",
                at="/error/code",
                events=exchange.events,
                cause=f"misused:{error.get('code')}",
            )


def _misused(error: dict[str, JSON], exchange: Exchange, transport: str) -> str:
    """Why an error can't have the meaning of its code; empty where it may."""
    if error.get("code") == -32022:
        return f"the server speaks {exchange.meta[VERSION_KEY]}, which was asked for"
    if error.get("code") == -32020 and transport in ("stdio", "memory"):
        return "there are no headers over this transport that could differ from the body"
    if error.get("code") == -32021:
        data, declared = error.get("data"), exchange.meta.get(CAPABILITIES_KEY)
        required = data.get("requiredCapabilities") if isinstance(data, dict) else None
        if isinstance(required, dict) and required and isinstance(declared, dict) and _is_part(required, declared):
            return "the client declared all that is said to be missing"
    return ""


def _is_part(wanted: dict[str, JSON], declared: dict[str, JSON]) -> bool:
    for name, inner in wanted.items():
        if name not in declared:
            return False
        other = declared[name]
        if isinstance(inner, dict) and not (isinstance(other, dict) and _is_part(inner, other)):
            return False
    return True


_ERROR_TYPES = ("schema.UnsupportedProtocolVersionError", "schema.MissingRequiredClientCapabilityError")


@check(
    "base.errors.details-are-valid",
    judges=[*_ERROR_TYPES],
    everywhere=True,
    era="stateless",
    idle="no error has a code whose details the schema describes",
)
def error_details_are_valid(observation: Observation, report: Report) -> None:
    """An error whose code demands details has them."""
    for event, message in observation.received():
        if message.kind != "error" or "result" in message.value:
            continue
        said = assess(message.value, revision=observation.revision, sender="server")
        requirement = f"schema.{said.type}"
        if requirement not in _ERROR_TYPES:
            continue
        report.saw(requirement)
        for flaw in said.flaws:
            if flaw.layer == "schema" and flaw.at.startswith("/error/data"):
                cause = error_details_cause(message, observation.revision)
                report.problem(flaw.expected, flaw.got, at=flaw.at, events=(event.number,), requirement=requirement,
                               cause=cause, remedy=flaw.remedy)  # fmt: skip


# ------------------------------------------------------------------------------------------------ what a server doesn't

_MOVED = ("elicitation/create", "sampling/createMessage", "roots/list")


@check(
    "base.server.sends-no-requests",
    judges=["base.server-no-requests", "stdio.server-no-requests", "mrtr.server-requests-via-mrtr"],
    everywhere=True,
    era="stateless",
)
def server_sends_no_requests(observation: Observation, report: Report) -> None:
    """A server sends responses and notifications, and never a request."""
    names = ["base.server-no-requests"]
    if observation.transport in ("stdio", "memory"):
        names.append("stdio.server-no-requests")
    for event, message in observation.received():
        asks = message.kind == "request" and not (message.method or "").startswith("notifications/")
        for name in [*names, "mrtr.server-requests-via-mrtr"] if asks and message.method in _MOVED else names:
            report.saw(name)
            if asks:
                report.problem(
                    "no request from a server",
                    f"a {message.method} request",
                    at="/method",
                    events=(event.number,),
                    requirement=name,
                    cause="server-request",
                    remedy="end the client's call with resultType input_required, and ask in inputRequests",
                )


@check(
    "cancellation.server.ends-only-subscriptions",
    judges=["cancellation.server-only-subscriptions", "cancellation.server-references-listen"],
    everywhere=True,
    era="stateless",
)
def server_cancels_only_subscriptions(observation: Observation, report: Report) -> None:
    """A server cancels nothing but subscriptions."""
    listens = [exchange for exchange in observation.exchanges if exchange.method == "subscriptions/listen"]
    for event, message in observation.received():
        report.saw()
        params = message.params if message.method == "notifications/cancelled" else None
        # A cancellation that is spoilt is the schema's matter.
        if message.kind != "notification" or not isinstance(params, dict):
            continue
        wanted = params.get("requestId")
        if isinstance(wanted, bool) or not isinstance(wanted, str | int | float):
            continue
        report.saw("cancellation.server-references-listen")
        if not any(type(wanted) is type(one.id) and wanted == one.id for one in listens):
            for requirement in ("cancellation.server-only-subscriptions", "cancellation.server-references-listen"):
                report.problem(
                    "the id of a subscriptions/listen request",
                    short(wanted),
                    at="/params/requestId",
                    events=(event.number,),
                    requirement=requirement,
                    cause="server-cancels",
                )
