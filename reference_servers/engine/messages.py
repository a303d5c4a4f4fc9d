"""JSON-RPC 2.0 as the protocol narrows it: what a piece of input is, and the errors that answer it. No I/O, no session.

Source: basic/index#messages of each revision, and the JSON-RPC 2.0 specification, which it refers to.
"""

import json
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias, TypeGuard

JSON: TypeAlias = Any
"""A parsed JSON value."""

RequestId: TypeAlias = str | int | float
"""A string or an integer. A float here is an integer written with a fraction of zero, such as 1.0."""

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603

# From 2026-07-28 on (basic/index#error-codes).
HEADER_MISMATCH = -32020
MISSING_REQUIRED_CLIENT_CAPABILITY = -32021
UNSUPPORTED_PROTOCOL_VERSION = -32022


class ProtocolError(Exception):
    """An error that ends a request as a JSON-RPC error; `message` is one short sentence."""

    def __init__(self, code: int, message: str, data: JSON = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def as_json(self) -> dict[str, JSON]:
        error: dict[str, JSON] = {"code": self.code, "message": self.message}
        if self.data is not None:
            error["data"] = self.data
        return error


@dataclass(frozen=True, slots=True)
class Request:
    """A message that wants an answer. `params` is what was sent, of any type, or ``{}`` when nothing was."""

    id: RequestId
    method: str
    params: JSON

    @property
    def meta(self) -> dict[str, JSON]:
        """The metadata in `params`; empty where there is none, or none of the right type."""
        found = self.params.get("_meta") if isinstance(self.params, dict) else None
        return found if isinstance(found, dict) else {}

    @property
    def progress_token(self) -> str | int | None:
        """The token under which the client wants progress, if it asked for any (basic/utilities/progress)."""
        token: str | int | None = self.meta.get("progressToken")
        return token


@dataclass(frozen=True, slots=True)
class Notification:
    """A message that is never answered, however wrong it is. `params` is of any type."""

    method: str
    params: JSON


@dataclass(frozen=True, slots=True)
class Response:
    """An answer to a request of ours, or something that can only have been meant as one."""

    value: dict[str, JSON]


@dataclass(frozen=True, slots=True)
class Malformed:
    """JSON that is no message. `id` is the id of the answer, None when it couldn't be read."""

    problem: str
    id: RequestId | None = None


def parse(raw: bytes) -> JSON:
    """One JSON value from its bytes; ValueError says why these bytes are none.

    Stricter than Python's reader where JSON is (NaN, Infinity), and bounded where Python is: beyond its bounds an
    integer becomes infinite, as a long number with an exponent does, and nesting is refused.
    """
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_refuse, parse_int=_integer)
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start}") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON value")


def _integer(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:
        return float(digits)


def encode(message: JSON) -> bytes:
    """One JSON value as compact UTF-8 without a raw newline.

    A lone surrogate, which UTF-8 can't hold, stays escaped.
    """
    try:
        return dumps(message).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(message, separators=(",", ":"), allow_nan=False).encode("ascii")


def dumps(value: JSON) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def classify(value: JSON) -> Request | Notification | Response | Malformed:
    """What one JSON value is.

    Whatever has a method and no id is a notification, and whatever has a result or an error and no method is a
    response: neither is ever answered, so that a slip in another member makes it no invalid *request*.
    """
    if not isinstance(value, dict):
        return Malformed("a message is a JSON object")
    if "method" not in value and ("result" in value or "error" in value):
        return Response(value)
    if "id" not in value and isinstance(value.get("method"), str):
        return Notification(value["method"], value.get("params", {}))

    request_id = value.get("id")
    if not is_request_id(request_id):
        return Malformed("a request has a method and an id that is a string or an integer")
    if value.get("jsonrpc") != "2.0":
        return Malformed('a message has the member "jsonrpc" with the value "2.0"', request_id)
    if not isinstance(value.get("method"), str):
        return Malformed("a request has a method that is a string", request_id)
    return Request(request_id, value["method"], value.get("params", {}))


def is_request_id(value: JSON) -> TypeGuard[RequestId]:
    return isinstance(value, str) or is_integer(value)


def is_integer(value: JSON) -> bool:
    """Whether a JSON number is whole: 1 and 1.0 are, true isn't a number."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())
