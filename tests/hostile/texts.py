"""Bytes and messages that aren't what they should be."""

import itertools
import json
import os
import socket
import sys
import threading
from typing import Any

from hostile import MAY_PASS, hostile
from hostile._right import Refused, Right, contacted, write

ESCAPES = (
    "\x1b[2J\x1b]0;pwned\x07\x1b[31mpwned\x9b31m\r\n::error::pwned\n##[error]pwned\n##vso[task.setvariable]pwned "
    "\u202epwned\u2028 ]]> <script>pwned</script> & \x00\x08\x7f \ufffe\uffff \ud800 '\"><!-- %s {0} ${HOME}"
)


class _Spoilt(Right):
    """Puts `spoil` between an answer and the wire."""

    def spoil(self, message: Any) -> bytes:
        raise NotImplementedError

    def send(self, message: Any) -> None:
        write(self.spoil(message))


@hostile("invalid UTF-8 in every answer")
def invalid_utf8() -> None:
    class Server(_Spoilt):
        def spoil(self, message: Any) -> bytes:
            return json.dumps(message).encode().replace(b"hostile", b"\xff\xfe\xc0\x80").replace(b"}", b"\xf5}") + b"\n"

    Server().serve()


@hostile("NUL bytes between the lines, and in them")
def nul_bytes() -> None:
    class Server(_Spoilt):
        def spoil(self, message: Any) -> bytes:
            return b"\0\0\0" + json.dumps(message).encode() + b"\0\n"

    Server().serve()


@hostile("random bytes after initialize")
def random_noise() -> None:
    class Server(_Spoilt):
        def spoil(self, message: Any) -> bytes:
            started = "protocolVersion" in message.get("result", {})
            return json.dumps(message).encode() + b"\n" if started else os.urandom(2000) + b"\n"

    Server().serve()


@hostile("another id in every answer: of any type")
def id_chaos() -> None:
    ids = itertools.cycle([None, "x", -1, 1.5, [], {}, True, 10**400, "", "1"])

    class Server(_Spoilt):
        def spoil(self, message: Any) -> bytes:
            return json.dumps({**message, "id": next(ids)}).encode() + b"\n"

    Server().serve()


@hostile("two answers to each request that contradict each other")
def contradictions() -> None:
    class Server(_Spoilt):
        def spoil(self, message: Any) -> bytes:
            other = {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -1, "message": "no"}}
            both = [{**message, "error": other["error"]}, message, other, {**message, "result": {"tools": "none"}}]
            return b"".join(json.dumps(one).encode() + b"\n" for one in both)

    Server().serve()


@hostile("values of wrong types everywhere")
def wrong_types() -> None:
    odd = itertools.cycle([None, [], {}, "", 0, True, [[]], {"": None}, -0.0, "x" * 1000, {"_meta": 1}])

    class Server(Right):
        def answer(self, method: str, params: Any) -> Any:
            made = super().answer(method, params)
            if method == "initialize":
                return {**made, "capabilities": {"tools": 1, "resources": [], "prompts": None, "logging": "x"}}
            if method == "tools/list":
                odds = [{key: next(odd) for key in ("name", "inputSchema", "annotations", "title")} for _ in range(40)]
                return {"tools": [*self.tools, *odds, None, 1, "x", []], "nextCursor": 7}
            return next(odd) if made == {} else made

    Server().serve()


@hostile("members twice in one object, and members without a name", **MAY_PASS)
def duplicate_members() -> None:
    class Server(_Spoilt):
        def spoil(self, message: Any) -> bytes:
            return json.dumps({"": 0, **message}).encode().replace(b'{"": 0', b'{"id":99,"": 0,"":1') + b"\n"

    Server().serve()


@hostile("sends back all that it is sent")
def echo_of_everything() -> None:
    for line in sys.stdin.buffer:
        write(line)


@hostile("sends back all that it is sent, then answers it")
def echo_and_answer() -> None:
    server = Right()
    for line in sys.stdin.buffer:
        write(line)
        if (said := server.reply(line)) is not None:
            server.send(said)


@hostile("names with terminal escapes, workflow commands, markup, surrogates", quick=True)
def names_with_escapes() -> None:
    class Server(Right):
        name = ESCAPES
        tools = [  # noqa: RUF012
            *Right.tools,
            {"name": ESCAPES, "description": ESCAPES, "inputSchema": {"type": "string", ESCAPES: 1}},
        ]

        def answer(self, method: str, params: Any) -> Any:
            if method == "ping":
                raise Refused(-32603, ESCAPES)
            return super().answer(method, params)

    os.write(2, ESCAPES.encode(errors="replace") + b"\n")
    Server().serve()


@hostile("a stream of invalid lines that are terminal escapes")
def lines_with_escapes() -> None:
    class Server(_Spoilt):
        def spoil(self, message: Any) -> bytes:
            return ESCAPES.encode(errors="surrogatepass") + b"\n" + json.dumps(message).encode() + b"\n"

    Server().serve()


@hostile(
    "its environment and command line in every place",
    options=("--mcp-env=CANARY=c4nary/with+odd=chars & spaces",),
    quick=True,
)
def tells_secrets() -> None:
    secret = os.environ.get("CANARY", "")

    class Server(Right):
        name = secret
        tools = [*Right.tools, {"name": secret, "description": secret, "inputSchema": {"type": secret}}]  # noqa: RUF012

        def answer(self, method: str, params: Any) -> Any:
            if method == "ping":
                raise Refused(-32603, secret)
            return super().answer(method, params)

    os.write(2, secret.encode() + b"\n")
    write(secret.encode() + b"\n")
    Server().serve()


@hostile("an input schema with $ref to a listener, in all spellings", **MAY_PASS, quick=True)
def refs_to_a_listener() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def listen() -> None:
        while True:
            peer, _ = listener.accept()
            contacted("ref")
            peer.close()

    threading.Thread(target=listen, daemon=True).start()
    url = f"http://127.0.0.1:{port}/schema.json"
    schemas = [
        {"type": "object", "properties": {"a": {"$ref": url}}, "required": ["a"]},
        {"$schema": url, "type": "object"},
        {"$id": url, "type": "object", "properties": {"a": {"$ref": "other.json"}}},
        {"type": "object", "$dynamicRef": url},
        {"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}},
        {"type": "object", "$recursiveRef": url},
    ]
    Right.tools = [
        *Right.tools,
        *(
            {
                "name": f"tool{index}",
                "inputSchema": schema,
                "outputSchema": schema,
                "annotations": {"readOnlyHint": True},
                "icons": [{"src": url}],
            }
            for index, schema in enumerate(schemas)
        ),
    ]

    class Server(Right):
        def call(self, params: dict[str, Any]) -> Any:
            link = {"type": "resource_link", "uri": url, "name": "r"}
            return {"content": [link], "structuredContent": {"a": 1}}

    Server().serve()


@hostile("schemas that take for ever: patterns, circles, alternatives of alternatives", within=90, **MAY_PASS)
def costly_schemas() -> None:
    alternatives: dict[str, Any] = {"type": "object"}
    for _ in range(16):
        alternatives = {"anyOf": [alternatives, alternatives]}
    bombs: dict[str, Any] = {"z": {"type": "string"}}
    for index in range(40):
        bombs[f"d{index}"] = {"allOf": [{"$ref": f"#/$defs/d{index + 1}"}] * 2} if index < 39 else {"type": "object"}
    schemas = [
        {
            "type": "object",
            "properties": {"a": {"type": "string", "pattern": "^(a+)+$", "minLength": 30}},
            "required": ["a"],
        },
        {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
        {"type": "object", "$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"type": "object", **alternatives},
        {"type": "object", "$ref": "#/$defs/d0", "$defs": bombs},
        {"type": "object", "properties": {f"p{index}": {"type": "string"} for index in range(20_000)}},
        {"type": "object", "properties": {"a": {"type": "array", "minItems": 10**9}}, "required": ["a"]},
        {"type": "object", "properties": {"a": {"type": "string", "minLength": 10**12}}, "required": ["a"]},
        {"type": "object", "properties": {"a": {"multipleOf": 1e-300}}, "required": ["a"]},
        {"type": "object", "patternProperties": {"(x+x+)+y": {}}, "required": ["x" * 40]},
    ]
    Right.tools = [
        {"name": f"tool{index}", "inputSchema": one, "outputSchema": one, "annotations": {"readOnlyHint": True}}
        for index, one in enumerate(schemas)
    ]

    class Server(Right):
        def call(self, params: dict[str, Any]) -> Any:
            given = params.get("arguments") or {}
            return {"content": [], "structuredContent": given or {"a": "a" * 40 + "!", "x" * 40: 1}}

    Server().serve()


@hostile("an error to everything, initialize too")
def error_to_everything() -> None:
    class Server(Right):
        def answer(self, method: str, params: Any) -> Any:
            raise Refused(-32603, "no")

    Server().serve()


@hostile("an error to everything but initialize")
def error_after_initialize() -> None:
    class Server(Right):
        def answer(self, method: str, params: Any) -> Any:
            if method == "initialize":
                return super().answer(method, params)
            raise Refused(-32603, "no")

    Server().serve()


@hostile("asks the client for input without end", **MAY_PASS)
def asks_for_input() -> None:
    class Server(Right):
        def call(self, params: dict[str, Any]) -> Any:
            return {"resultType": "input_required", "inputRequests": {"a": {"method": "ping"}}, "requestState": "x"}

    Server().serve()
