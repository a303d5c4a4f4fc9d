"""The tester as a client: what it declares, and what it answers when the server asks something of it.

Requests of a server to its client: roots (client/roots), sampling (client/sampling), elicitation
(client/elicitation) and ping (basic/utilities/ping). A server may ask only for what was declared; the answers here
are correct and dull.
"""

from typing import Any

from mcp_conformance import __version__
from mcp_conformance.jsonrpc import JSON, MISSING, Message
from mcp_conformance.revisions import era_of

CLIENT_INFO = {"name": "mcp-conformance", "version": __version__}

METHOD_NOT_FOUND = -32601

PREFIX = "io.modelcontextprotocol/"
VERSION_KEY, CAPABILITIES_KEY, INFO_KEY = (
    PREFIX + key for key in ("protocolVersion", "clientCapabilities", "clientInfo")
)
"""Members of `_meta` in each request of the stateless era (2026-07-28, basic#meta)."""
SERVER_INFO_KEY = PREFIX + "serverInfo"
"""The same in results."""
LOG_LEVEL_KEY, SUBSCRIPTION_KEY = PREFIX + "logLevel", PREFIX + "subscriptionId"
"""What a request that wants log messages has in `_meta`, and what each message of a subscription has."""


def full_capabilities(revision: str) -> dict[str, Any]:
    """All client capabilities that the tester has in a revision."""
    if era_of(revision) == "stateless":
        return {"roots": {}, "sampling": {}, "elicitation": {"form": {}, "url": {}}}
    capabilities: dict[str, Any] = {"roots": {"listChanged": True}, "sampling": {}}
    if revision >= "2025-06-18":
        capabilities["elicitation"] = {}  # an empty object means form mode, also in 2025-11-25
    return capabilities


def initialize_params(version: str, capabilities: dict[str, Any]) -> dict[str, Any]:
    """The params of `initialize` (basic/lifecycle#initialization)."""
    return {"protocolVersion": version, "capabilities": capabilities, "clientInfo": CLIENT_INFO}


def with_meta(params: JSON, version: str, capabilities: dict[str, Any]) -> JSON:
    """The params of a request of the stateless era: those that are given, with the members of `_meta` that each has.

    Params that aren't an object stay as they are, and so does a `_meta` that is empty, no object, or has any of these
    members itself: it is meant to be like that. One with other members only, say a progress token, is completed.
    """
    if params is MISSING:
        params = {}
    if not isinstance(params, dict):
        return params
    given = params.get("_meta", MISSING)
    own = {VERSION_KEY: version, CAPABILITIES_KEY: capabilities, INFO_KEY: CLIENT_INFO}
    if given is MISSING:
        return {**params, "_meta": own}
    if not isinstance(given, dict) or not given or own.keys() & given.keys():
        return params
    return {**params, "_meta": {**given, **own}}


def introduction(result: dict[str, JSON]) -> dict[str, JSON]:
    """What a server says of itself in the result of `server/discover`, shaped like the result of `initialize`."""
    meta = result.get("_meta")
    info = meta.get(SERVER_INFO_KEY, MISSING) if isinstance(meta, dict) else MISSING
    return result if info is MISSING else {**result, "serverInfo": info}


def retry_params(params: JSON, result: dict[str, JSON], capabilities: dict[str, Any]) -> dict[str, JSON] | None:
    """The params for another try of a request that ended with `input_required` (2026-07-28, basic/patterns/mrtr): what
    the server asks for, and its state byte for byte. None when it asks for what it may not, or for nothing at all."""
    requests = result.get("inputRequests", {})
    if not isinstance(params, dict) or not isinstance(requests, dict):
        return None
    made = {key: value for key, value in params.items() if key not in ("inputResponses", "requestState")}
    if "inputRequests" in result:
        made["inputResponses"] = {}
    elif "requestState" not in result:
        return None
    for key, request in requests.items():
        method = request.get("method") if isinstance(request, dict) else None
        reply = None if method == "ping" else _result(method, capabilities)
        if reply is None:
            return None
        made["inputResponses"][key] = reply
    if "requestState" in result:
        made["requestState"] = result["requestState"]
    return made


def answer(request: Message, capabilities: dict[str, Any]) -> dict[str, JSON]:
    """The response to a request of the server's."""
    reply = _result(request.method, capabilities)
    head = {"jsonrpc": "2.0", "id": request.id}
    if reply is None:
        return {**head, "error": {"code": METHOD_NOT_FOUND, "message": f"the client has no method {request.method}"}}
    return {**head, "result": reply}


def _result(method: JSON, capabilities: dict[str, Any]) -> dict[str, JSON] | None:
    match method:
        case "ping":
            return {}
        case "roots/list" if "roots" in capabilities:
            # None: a server that works on the roots it is given shall not work on anything of the user's.
            return {"roots": []}
        case "sampling/createMessage" if "sampling" in capabilities:
            content = {"type": "text", "text": "A plain answer."}
            return {"role": "assistant", "content": content, "model": "mcp-conformance", "stopReason": "endTurn"}
        case "elicitation/create" if "elicitation" in capabilities:
            # Declining is always valid, whatever form was asked for, and gives no data that a tool could act on.
            return {"action": "decline"}
    return None
