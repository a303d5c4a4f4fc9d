"""The tester as a client: what it declares, and what it answers when the server asks something of it.

Requests of a server to its client: roots (client/roots), sampling (client/sampling), elicitation
(client/elicitation) and ping (basic/utilities/ping). A server may ask only for what was declared; the answers here
are correct and dull.
"""

from typing import Any

from mcp_conformance import __version__
from mcp_conformance.jsonrpc import JSON, Message

CLIENT_INFO = {"name": "mcp-conformance", "version": __version__}

METHOD_NOT_FOUND = -32601


def full_capabilities(revision: str) -> dict[str, Any]:
    """All client capabilities that the tester has in a revision."""
    capabilities: dict[str, Any] = {"roots": {"listChanged": True}, "sampling": {}}
    if revision >= "2025-06-18":
        capabilities["elicitation"] = {}  # an empty object means form mode, also in 2025-11-25
    return capabilities


def initialize_params(version: str, capabilities: dict[str, Any]) -> dict[str, Any]:
    """The params of `initialize` (basic/lifecycle#initialization)."""
    return {"protocolVersion": version, "capabilities": capabilities, "clientInfo": CLIENT_INFO}


def answer(request: Message, capabilities: dict[str, Any]) -> dict[str, JSON]:
    """The response to a request of the server's."""
    reply = _result(request, capabilities)
    head = {"jsonrpc": "2.0", "id": request.id}
    if reply is None:
        return {**head, "error": {"code": METHOD_NOT_FOUND, "message": f"the client has no method {request.method}"}}
    return {**head, "result": reply}


def _result(request: Message, capabilities: dict[str, Any]) -> dict[str, JSON] | None:
    match request.method:
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
