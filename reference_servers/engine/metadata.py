"""What each request of the stateless era says of itself in `_meta`, and each result in its own.

Source: 2026-07-28 basic/index#meta.
"""

from . import messages
from .messages import JSON, Request

PREFIX = "io.modelcontextprotocol/"
PROTOCOL_VERSION = PREFIX + "protocolVersion"
CLIENT_CAPABILITIES = PREFIX + "clientCapabilities"
LOG_LEVEL = PREFIX + "logLevel"
SERVER_INFO = PREFIX + "serverInfo"
SUBSCRIPTION_ID = PREFIX + "subscriptionId"

LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
"""Severities of log messages, lowest first (server/utilities/logging#log-levels)."""


def missing(request: Request) -> str | None:
    """What is wrong with the members that every request has to have; None if nothing is.

    The client's name isn't looked at: it is for display, and changes nothing.
    """
    meta = request.params.get("_meta") if isinstance(request.params, dict) else None
    if not isinstance(meta, dict):
        return "params._meta must be an object with the protocol version and the client's capabilities"
    if not isinstance(meta.get(PROTOCOL_VERSION), str):
        return f"params._meta['{PROTOCOL_VERSION}'] must be a string"
    if not isinstance(meta.get(CLIENT_CAPABILITIES), dict):
        return f"params._meta['{CLIENT_CAPABILITIES}'] must be an object"
    return None


def log_level_problem(request: Request) -> str | None:
    if LOG_LEVEL in request.meta and request.meta[LOG_LEVEL] not in LEVELS:
        return f"params._meta['{LOG_LEVEL}'] must be one of {', '.join(LEVELS)}"
    return None


def progress_token_problem(request: Request) -> str | None:
    if "progressToken" in request.meta and not messages.is_request_id(request.meta["progressToken"]):
        return "params._meta.progressToken must be a string or an integer"
    return None


def capabilities(request: Request) -> dict[str, JSON]:
    """What the client can do for this request; nothing if it doesn't say."""
    declared = request.meta.get(CLIENT_CAPABILITIES)
    return declared if isinstance(declared, dict) else {}
