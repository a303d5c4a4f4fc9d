"""More than anyone asked for: bytes, lines, values, pages."""

import json
import sys
from typing import Any

from hostile import MAY_PASS, hostile
from hostile._right import Right, write

NOTE = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"more"}}\n'
CHANGED = b'{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n'


@hostile("lines of text on stdout, without end, from the start", quick=True)
def flood_of_lines() -> None:
    while True:
        write(b"nothing to see here\n" * 1000)


@hostile("bytes on stdout without any newline, without end")
def flood_without_newline() -> None:
    while True:
        write(b"x" * 65536)


@hostile("empty lines on stdout, without end")
def flood_of_empty_lines() -> None:
    while True:
        write(b"\n" * 65536)


class _After(Right):
    """Right, up to and including the answer to a method; then `_what` without end."""

    method = "initialize"
    what = b""

    def send(self, message: Any) -> None:
        super().send(message)
        if self.last == self.method:
            while True:
                write(self.what)

    last = ""

    def answer(self, method: str, params: Any) -> Any:
        self.last = method
        return super().answer(method, params)


@hostile("right log notifications without end after initialize")
def notifications_without_end() -> None:
    _After.what = NOTE * 500
    _After().serve()


@hostile("list_changed without end after the tools were listed")
def list_changed_storm() -> None:
    _After.method, _After.what = "tools/list", CHANGED * 500
    _After().serve()


@hostile("progress of tokens that nobody gave, without end, after a call")
def progress_storm() -> None:
    _After.method = "tools/call"
    _After.what = (
        b'{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":9,"progress":1}}\n' * 500
    )
    _After().serve()


@hostile("requests for sampling without end, and no wait for answers")
def requests_without_end() -> None:
    one = {"messages": [], "maxTokens": 1}
    asked = b'{"jsonrpc":"2.0","id":%d,"method":"sampling/createMessage","params":' + json.dumps(one).encode() + b"}\n"
    server, number = Right(), 0
    for line in sys.stdin.buffer:
        if (said := server.reply(line)) is not None:
            server.send(said)
        if b"initialized" in line:
            while True:
                write(b"".join(asked % (number + index) for index in range(100)))
                number += 100


@hostile("pings to the client without end after initialize, and no wait for answers")
def pings_without_end() -> None:
    _After.what = b'{"jsonrpc":"2.0","id":"p","method":"ping"}\n' * 500
    _After().serve()


class _Listing(Right):
    """Answers tools/list with raw bytes: `_page` makes what stands for the result."""

    def page(self, params: Any) -> bytes:
        raise NotImplementedError

    def reply(self, line: bytes) -> dict[str, Any] | None:
        message = json.loads(line) if line.startswith(b'{"jsonrpc":"2.0","id"') and b'"tools/list"' in line else None
        if message is None:
            return super().reply(line)
        start = b'{"jsonrpc":"2.0","id":%s,"result":' % json.dumps(message["id"]).encode()
        write(start + self.page(message.get("params") or {}) + b"}\n")
        return None


@hostile("a list of tools in one line of 200 MB", quick=True)
def line_of_200_mb() -> None:
    class Server(_Listing):
        def page(self, params: Any) -> bytes:
            return b'{"tools":[],"x":"' + b"x" * 200_000_000 + b'"}'

    Server().serve()


@hostile("a list of tools with a string of 30 MB", **MAY_PASS)
def string_of_30_mb() -> None:
    class Server(_Listing):
        def page(self, params: Any) -> bytes:
            return b'{"tools":[],"x":"' + b"x" * 30_000_000 + b'"}'

    Server().serve()


@hostile("ten million empty objects in one line of 30 MB")
def ten_million_objects() -> None:
    class Server(_Listing):
        def page(self, params: Any) -> bytes:
            return b'{"tools":[],"x":[' + b"{}," * 10_000_000 + b"{}]}"

    Server().serve()


@hostile("a million levels of nesting, closed", quick=True)
def deep_nesting() -> None:
    class Server(_Listing):
        def page(self, params: Any) -> bytes:
            return b'{"tools":[],"x":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}"

    Server().serve()


@hostile("nesting that is never closed")
def open_nesting() -> None:
    class Server(_Listing):
        def page(self, params: Any) -> bytes:
            return b'{"a":' * 2_000_000

    Server().serve()


@hostile("an input schema 150 levels deep", **MAY_PASS)
def deep_schema() -> None:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(90):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    Right.tools = [{**Right.tools[0], "inputSchema": schema}]
    Right().serve()


@hostile("numbers of a million digits, and an exponent of a million", **MAY_PASS)
def huge_numbers() -> None:
    class Server(_Listing):
        def page(self, params: Any) -> bytes:
            return b'{"tools":[],"x":' + b"9" * 1_000_000 + b',"y":1e1000000,"z":-' + b"1" * 5000 + b"}"

    Server().serve()


@hostile("a million tools in one list")
def million_tools() -> None:
    class Server(_Listing):
        def page(self, params: Any) -> bytes:
            one = b'{"name":"t%d","inputSchema":{"type":"object"}}'
            return b'{"tools":[' + b",".join(one % index for index in range(1_000_000)) + b"]}"

    Server().serve()


@hostile("a million tools, ten thousand a page", within=90, **MAY_PASS)
def million_tools_in_pages() -> None:
    class Server(_Listing):
        def page(self, params: Any) -> bytes:
            page = int(params.get("cursor") or 0)
            one = b'{"name":"t%d","inputSchema":{"type":"object"}}'
            tools = b",".join(one % index for index in range(page * 10_000, page * 10_000 + 10_000))
            more = b',"nextCursor":"%d"' % (page + 1) if page < 99 else b""
            return b'{"tools":[' + tools + b"]" + more + b"}"

    Server().serve()


@hostile("pages without end, each with a new cursor", **MAY_PASS)
def endless_pages() -> None:
    class Server(Right):
        def answer(self, method: str, params: Any) -> Any:
            if method == "tools/list":
                return {"tools": self.tools, "nextCursor": f"{int((params or {}).get('cursor') or 0) + 1}"}
            return super().answer(method, params)

    Server().serve()


@hostile("the same page again and again, with the same cursor", **MAY_PASS)
def repeating_pages() -> None:
    class Server(Right):
        def answer(self, method: str, params: Any) -> Any:
            if method == "tools/list":
                return {"tools": self.tools, "nextCursor": "again"}
            return super().answer(method, params)

    Server().serve()


@hostile("pages without end of 5 MB each")
def endless_large_pages() -> None:
    class Server(_Listing):
        number = 0

        def page(self, params: Any) -> bytes:
            self.number += 1
            return b'{"tools":[],"x":"' + b"x" * 5_000_000 + b'","nextCursor":"%d"}' % self.number

    Server().serve()


@hostile("a batch of a million messages in one line")
def huge_batch() -> None:
    class Server(_Listing):
        def page(self, params: Any) -> bytes:
            return b"0}\n[" + b",".join([NOTE.strip()] * 200_000) + b'\n]\n{"x":0'

    Server().serve()


@hostile("every answer a thousand times")
def answers_a_thousand_times() -> None:
    class Server(Right):
        def send(self, message: Any) -> None:
            write((json.dumps(message).encode() + b"\n") * 1000)

    Server().serve()


@hostile("an error message of 5 MB to everything", **MAY_PASS)
def large_errors() -> None:
    class Server(Right):
        def send(self, message: Any) -> None:
            if "error" in message:
                message["error"]["message"] = "e" * 5_000_000
            super().send(message)

    Server().serve()
