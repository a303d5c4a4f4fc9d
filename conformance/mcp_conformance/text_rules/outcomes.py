"""Results, errors and notifications of the stateless era: what they have to carry (basic/index, basic/patterns)."""

from collections.abc import Iterator

from mcp_conformance.text_rules.model import Looked, Odd, Remark, Rule, Said, Spot, Wrong
from mcp_conformance.wire import short

_RESULTS = frozenset(
    {
        "DiscoverResult", "CompleteResult", "ListToolsResult", "ListResourcesResult", "ListResourceTemplatesResult",
        "ListPromptsResult", "SubscriptionsListenResult", "CallToolResult", "GetPromptResult", "ReadResourceResult",
        "InputRequiredResult", "CreateTaskResult", "GetTaskResult", "UpdateTaskResult", "CancelTaskResult",
    }
)  # fmt: skip
# Only a subscription carries these, on any transport.
_SUBSCRIBED = frozenset(
    {
        "ToolListChangedNotification", "ResourceListChangedNotification", "PromptListChangedNotification",
        "ResourceUpdatedNotification", "SubscriptionsAcknowledgedNotification",
    }
)  # fmt: skip
_ERRORS = frozenset({"JSONRPCError", "JSONRPCErrorResponse"})

_SERVER_INFO = "io.modelcontextprotocol/serverInfo"
_SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"

_OF_JSON_RPC = frozenset({-32700, -32600, -32601, -32602, -32603})
_DEFINED = frozenset({-32020, -32021, -32022})
_RETIRED = {-32002: "jsonrpc.error-no-resource-not-found-code", -32042: "jsonrpc.error-no-url-elicitation-code"}
_LONGEST_SENTENCE = 300


def _at_top(spot: Spot) -> bool:
    return not spot.place.path and isinstance(spot.value, dict)


def _server_info(spot: Spot) -> Iterator[Said]:
    if not _at_top(spot):
        return
    names = ("meta.server-info", *(("discover.server-info",) if spot.root == "DiscoverResult" else ()))
    metadata = spot.value.get("_meta")
    for name in names:
        if (requirement := spot.standing(name)) is not None:
            yield Looked(requirement)
            if not (isinstance(metadata, dict) and _SERVER_INFO in metadata):
                yield Wrong(
                    requirement,
                    f'"{_SERVER_INFO}" in _meta',
                    "nothing",
                    "name the server and its version in the _meta of each result",
                    ("_meta",),
                )


def _input_required(spot: Spot) -> Iterator[Said]:
    requirement = spot.standing("mrtr.result-has-input-or-state")
    if _at_top(spot) and requirement is not None:
        yield Looked(requirement)
        if "inputRequests" not in spot.value and "requestState" not in spot.value:
            yield Wrong(
                requirement,
                "inputRequests, requestState or both",
                "neither",
                "say in inputRequests what is needed, or give the state to come back with in requestState",
            )


def _subscription_id(spot: Spot) -> Iterator[Said]:
    if not _at_top(spot):
        return
    acknowledges = spot.root == "SubscriptionsAcknowledgedNotification"
    params = spot.value.get("params", {})
    metadata = params.get("_meta", {}) if isinstance(params, dict) else None
    if not isinstance(metadata, dict):
        return  # spoilt in a way that the schema tells of
    for name in ("subscriptions.id-on-notifications", *(("subscriptions.ack-carries-id",) if acknowledges else ())):
        if (requirement := spot.standing(name)) is not None:
            yield Looked(requirement)
            if _SUBSCRIPTION not in metadata:
                yield Wrong(
                    requirement,
                    f'"{_SUBSCRIPTION}" in _meta',
                    "nothing",
                    "put the id of the subscriptions/listen request into the _meta of each notification on its stream",
                    ("params", "_meta"),
                )


def _error_code(spot: Spot) -> Iterator[Said]:
    error = spot.value.get("error") if _at_top(spot) else None
    code = error.get("code") if isinstance(error, dict) else None
    if not isinstance(code, int) or isinstance(code, bool):
        return
    at = ("error", "code")
    if (requirement := spot.standing("jsonrpc.error-reserved-range-defined-only")) is not None:
        yield Looked(requirement)
        if -32099 <= code <= -32020 and code not in _DEFINED:
            expected = "of the codes from -32020 to -32099 only -32020, -32021 and -32022"
            yield Wrong(requirement, expected, short(code), "take a code outside of -32768 to -32000", at)
    for retired, name in _RETIRED.items():
        if (requirement := spot.standing(name)) is not None:
            yield Looked(requirement)
            if code == retired:
                remedy = (
                    "answer with -32602 where a resource doesn't exist"
                    if code == -32002
                    else "end the call with resultType input_required, and ask for the elicitation in inputRequests"
                )
                yield Wrong(requirement, f"another code: {code} belongs to earlier revisions", short(code), remedy, at)
    own = -32768 <= code <= -32000 and code not in _OF_JSON_RPC and not -32099 <= code <= -32000
    if (requirement := spot.standing("jsonrpc.error-custom-codes-outside-reserved")) is not None:
        if own or not -32768 <= code <= -32000:
            yield Looked(requirement)
        if own:
            expected = "a code of the server's own outside of -32768 to -32000"
            yield Wrong(requirement, expected, short(code), "take a code that JSON-RPC doesn't reserve", at)


def _error_hints(spot: Spot) -> Iterator[Said]:
    error = spot.value.get("error") if _at_top(spot) else None
    if not isinstance(error, dict):
        return
    code, message = error.get("code"), error.get("message")
    # Only a new server has to keep out of that range, and nobody can see how old a server is.
    legacy = isinstance(code, int) and -32019 <= code <= -32000 and code not in _RETIRED
    if legacy and spot.standing("jsonrpc.error-avoid-legacy-range"):
        yield Odd(f"{code} is of the range -32000 to -32019, which new servers keep out of", ("error", "code"))
    long = isinstance(message, str) and ("\n" in message.strip() or len(message) > _LONGEST_SENTENCE)
    if long and spot.standing("jsonrpc.error-message-concise"):
        yield Odd("the message is more than one short sentence: details belong into data", ("error", "message"))


def _caching_hints(spot: Spot) -> Iterator[Said]:
    if _at_top(spot) and spot.standing("caching.no-hints-on-input-required"):
        for member in ("ttlMs", "cacheScope"):
            if member in spot.value:
                yield Odd(f"{member} on a result that asks for input: such results aren't cached", (member,))


RULES = (
    Rule(
        "base.results.server-info", "The server names itself in each result.",
        ("meta.server-info", "discover.server-info"), _RESULTS, _server_info, "the server sent no results",
    ),
    Rule(
        "base.results.input-required", "A result that asks for input says for what, or gives a state to return with.",
        ("mrtr.result-has-input-or-state",), frozenset({"InputRequiredResult"}), _input_required,
        "no result asked for input",
    ),
    Rule(
        "base.notifications.subscription-id", "Notifications of a subscription name it.",
        ("subscriptions.id-on-notifications", "subscriptions.ack-carries-id"), _SUBSCRIBED, _subscription_id,
        "the server sent no notification of a subscription",
    ),
    Rule(
        "base.errors.codes", "Error codes come from the ranges that are free, or have the meaning that they are given.",
        (
            "jsonrpc.error-reserved-range-defined-only", "jsonrpc.error-no-resource-not-found-code",
            "jsonrpc.error-no-url-elicitation-code", "jsonrpc.error-custom-codes-outside-reserved",
        ), _ERRORS, _error_code, "the server sent no errors",
    ),
)  # fmt: skip

REMARKS = (
    Remark(_ERRORS, _error_hints),
    Remark(frozenset({"InputRequiredResult"}), _caching_hints),
)
