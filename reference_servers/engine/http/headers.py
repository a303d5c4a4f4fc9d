"""What request headers say, and whether they may say it. No I/O.

Source: basic/transports of 2025-03-26 to 2025-11-25; 2026-07-28 basic/transports/streamable-http#request-metadata.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from reference_servers.engine import metadata
from reference_servers.engine.messages import HEADER_MISMATCH, JSON, ProtocolError, Request
from reference_servers.engine.server import Schema

from .wire import Headers

JSON_TYPE, STREAM_TYPE = "application/json", "text/event-stream"
VERSION, SESSION, LAST_EVENT = "MCP-Protocol-Version", "Mcp-Session-Id", "Last-Event-ID"

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Names under which a server on this machine is reached."""

_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""Methods with an Mcp-Name header, and the param that it repeats (#standard-request-headers)."""

_SENTINEL = re.compile(r"=\?base64\?(.*)\?=", re.DOTALL)
_NOT_PLAIN = re.compile(r"[^\x20-\x7e\t]")


def accepts(headers: Headers, wanted: str) -> bool:
    """Whether a client takes content of a type: its Accept header lists it, or a range that it lies in.

    Without the header, which clients have to send, it takes nothing (#sending-messages-to-the-server).
    """
    best = (-1, 0.0)
    for item in (headers.get("Accept") or "").split(","):
        media, *parameters = [part.strip().lower() for part in item.split(";")]
        if media in (wanted, wanted.partition("/")[0] + "/*", "*/*"):
            precision = 2 - media.count("*")
            best = max(best, (precision, _quality(parameters)))
    return best[1] > 0


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def is_json(headers: Headers) -> bool:
    """Whether a body is declared as JSON, which is UTF-8."""
    media, *parameters = [part.strip().lower() for part in (headers.get("Content-Type") or "").split(";")]
    charsets = [value.strip('"') for name, _, value in (p.partition("=") for p in parameters) if name == "charset"]
    return media == JSON_TYPE and all(charset in ("utf-8", "utf8") for charset in charsets)


def is_local(authority: str | None) -> bool:
    """Whether a Host header names this machine, under whatever port."""
    return re.sub(r":\d*$", "", (authority or "").strip().lower()) in LOOPBACK


def is_local_origin(origin: str) -> bool:
    """Whether an Origin header names a page of this machine (#security-warning)."""
    scheme, _, authority = origin.partition("://")
    return scheme in ("http", "https") and is_local(authority)


# ------------------------------------------------------------------------------------------------------ mirrored fields


def check_version(headers: Headers, request: Request) -> None:
    """Compare the version in the header with the one in the body; ProtocolError if they differ.

    Here and in the other checks: what isn't of the right type in the body is no concern of the headers.
    """
    _compare(VERSION, _single(headers, VERSION), request.meta.get(metadata.PROTOCOL_VERSION))


def check_names(headers: Headers, request: Request) -> None:
    """The same for the method, and for the name or URI where there is one."""
    _compare("Mcp-Method", _single(headers, "Mcp-Method"), request.method)
    if request.method in _NAMED:
        name = request.params.get(_NAMED[request.method]) if isinstance(request.params, dict) else None
        _compare("Mcp-Name", _decode("Mcp-Name", _single(headers, "Mcp-Name")), name)


def check_arguments(headers: Headers, schema: Schema, arguments: JSON) -> None:
    """The same for the arguments that a tool's schema has mirrored (#custom-headers-from-tool-parameters)."""
    for suffix, path in annotated(schema):
        name = f"Mcp-Param-{suffix}"
        value = _at(arguments, path)
        if value is None:
            if headers.all(name):
                raise _mismatch(f"{name} is there, but the body has no such argument")
        elif isinstance(value, str | bool | int | float):
            _compare(name, _decode(name, _single(headers, name)), value)


def annotated(schema: Schema, path: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The x-mcp-header annotations of an input schema, with the paths of the properties that have them."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return
    for name, part in properties.items():
        if isinstance(part, Mapping):
            if isinstance(suffix := part.get("x-mcp-header"), str):
                yield suffix, (*path, name)
            yield from annotated(part, (*path, name))


def _at(value: JSON, path: Sequence[str]) -> JSON:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _single(headers: Headers, name: str) -> str:
    values = headers.all(name)
    if len(values) != 1:
        raise _mismatch(f"{name} is {'repeated' if values else 'missing'}")
    if _NOT_PLAIN.search(values[0]):
        raise _mismatch(f"{name} has characters that no header may have")
    return values[0]


def _decode(name: str, value: str) -> str:
    """A value without its Base64 clothes, if it wears any (#value-encoding)."""
    if not (encoded := _SENTINEL.fullmatch(value)):
        return value
    try:
        return b64decode(encoded[1], validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise _mismatch(f"{name} is not Base64 of UTF-8") from error


def _compare(name: str, header: str, body: JSON) -> None:
    if isinstance(body, bool):
        same = header == ("true" if body else "false")
    elif isinstance(body, str):
        same = header == body
    elif isinstance(body, int | float):
        same = _number(header) == body
    else:
        return
    if not same:
        raise _mismatch(f"{name} is {header!r}, the body has {body!r}")


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text) if re.fullmatch(r"[-+.\deE]+", text) else None
    except InvalidOperation:
        return None


def _mismatch(what: str) -> ProtocolError:
    return ProtocolError(HEADER_MISMATCH, f"Header mismatch: {what}")
