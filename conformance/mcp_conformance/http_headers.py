"""The headers that MCP adds to HTTP requests, made from the message. No I/O.

What each revision asks for: 2025-03-26 and later a session id (basic/transports#session-management), from 2025-06-18 on
the protocol version (basic/transports#protocol-version-header), and 2026-07-28 mirrors parts of the body
(basic/transports/streamable-http#request-metadata).
"""

import base64
import re
from collections.abc import Callable, Iterator

from mcp_conformance import client
from mcp_conformance.jsonrpc import JSON, Message

Pairs = tuple[tuple[str, str], ...]
SchemaOf = Callable[[str], JSON]
"""The input schema of a tool by its name; anything that isn't an object where it isn't known."""

SESSION_ID, VERSION, METHOD, NAME, PARAM = (
    "Mcp-Session-Id",
    "MCP-Protocol-Version",
    "Mcp-Method",
    "Mcp-Name",
    "Mcp-Param-",
)
LAST_EVENT_ID = "Last-Event-ID"

_NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_TASK_METHODS = ("tasks/get", "tasks/update", "tasks/cancel")  # of the tasks extension, by their taskId
_PREFIX, _SUFFIX = "=?base64?", "?="
_PLAIN = re.compile(r"[!-~](?:[\t -~]*[!-~])?")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_MAX_DEPTH = 20
_SAFE_INTEGER = 2**53 - 1


def encode_value(text: str) -> str:
    """A value of `Mcp-Name` or `Mcp-Param-*`: as it is where that is safe, else in Base64 between markers."""
    looks_encoded = text.startswith(_PREFIX) and text.endswith(_SUFFIX)
    return text if _PLAIN.fullmatch(text) and not looks_encoded else encoded(text)


def encoded(text: str) -> str:
    """A value in Base64 between markers (basic/transports/streamable-http#value-encoding)."""
    return _PREFIX + base64.b64encode(text.encode("utf-8", "surrogatepass")).decode() + _SUFFIX


def stateless_headers(message: Message, revision: str, schema_of: SchemaOf) -> Pairs:
    """The headers of a POST in the stateless era: what a right client makes of this body, whatever it is.

    A body that names no version itself (a notification, broken JSON) goes under `revision`.
    """
    params = message.params if isinstance(message.params, dict) else {}
    meta = params.get("_meta")
    named = meta.get(client.VERSION_KEY) if isinstance(meta, dict) else None
    made = [(VERSION, _header_safe(named) or revision)]
    method = message.method
    if method is None:
        return tuple(made)
    made.append((METHOD, _header_safe(method) or encode_value(method)))
    member = "taskId" if method in _TASK_METHODS else _NAMED_BY.get(method, "")
    name = params.get(member)
    if isinstance(name, str):
        made.append((NAME, encode_value(name)))
        if method == "tools/call":
            made += param_headers(schema_of(name), params.get("arguments"))
    return tuple(made)


def _header_safe(value: JSON) -> str | None:
    return value if isinstance(value, str) and _PLAIN.fullmatch(value) else None


def param_headers(schema: JSON, arguments: JSON) -> Iterator[tuple[str, str]]:
    """The `Mcp-Param-*` headers of a call: one for each annotated argument that is there and not null."""
    for name, path in annotations(schema):
        value: JSON = arguments
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        match value:
            case bool():
                yield PARAM + name, str(value).lower()
            case int() | str():
                yield PARAM + name, encode_value(str(value))
            case float() if value.is_integer() and abs(value) <= _SAFE_INTEGER:
                yield PARAM + name, str(int(value))


def annotations(schema: JSON, path: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The usable `x-mcp-header` annotations of an input schema: the header's name and the path of the argument.

    Only those that are reached through `properties` alone and are valid header names count.
    """
    properties = schema.get("properties") if isinstance(schema, dict) and len(path) < _MAX_DEPTH else None
    for key, inner in (properties if isinstance(properties, dict) else {}).items():
        if not isinstance(inner, dict):
            continue
        name = inner.get("x-mcp-header")
        if isinstance(name, str) and _TOKEN.fullmatch(name):
            yield name, (*path, key)
        yield from annotations(inner, (*path, key))
