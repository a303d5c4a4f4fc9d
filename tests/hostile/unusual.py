"""Servers that are unusual, and right: nobody may accuse them."""

import json
import os
import random
import sys
import threading
import time
from typing import Any

from hostile import right
from hostile._right import Right, write


@right("takes three seconds to start")
def slow_start() -> None:
    time.sleep(3)
    Right().serve()


@right("takes a third of a second for each answer", within=180)
def slow_answers() -> None:
    class Server(Right):
        def send(self, message: Any) -> None:
            time.sleep(0.3)
            super().send(message)

    Server().serve()


@right("answers what came together in any order", within=120)
def any_order() -> None:
    class Server(Right):
        lock = threading.Lock()

        def send(self, message: Any) -> None:
            def later() -> None:
                time.sleep(random.random() / 10)
                with self.lock:
                    write(json.dumps(message).encode() + b"\n")

            if "protocolVersion" in message.get("result", {}):
                write(json.dumps(message).encode() + b"\n")
            else:
                threading.Thread(target=later).start()

    Server().serve()


@right("notifications before and after each answer")
def notifications_in_between() -> None:
    class Server(Right):
        initialized = False

        def answer(self, method: str, params: Any) -> Any:
            if method == "logging/setLevel":
                return {}
            made = super().answer(method, params)
            if method == "initialize":
                made["capabilities"] = {"tools": {"listChanged": True}, "logging": {}}
            return made

        def noted(self, method: str) -> None:
            self.initialized = self.initialized or method == "notifications/initialized"

        def send(self, message: Any) -> None:
            note = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x"}}
            if self.initialized:
                super().send(note)
                super().send({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
            super().send(message)
            if self.initialized:
                super().send(note)

    Server().serve()


@right("chats on stderr, in colours")
def chats_on_stderr() -> None:
    class Server(Right):
        def send(self, message: Any) -> None:
            os.write(2, b"\x1b[31mlog\x1b[0m " * 100 + b"\n")
            super().send(message)

    Server().serve()


@right("ends its lines with CR LF")
def crlf() -> None:
    class Server(Right):
        def send(self, message: Any) -> None:
            write(json.dumps(message).encode() + b"\r\n")

    Server().serve()


@right("white space within its messages, members in odd order, escapes for all")
def odd_spelling() -> None:
    class Server(Right):
        def send(self, message: Any) -> None:
            turned = dict(reversed(message.items()))
            text = json.dumps(turned, ensure_ascii=True, separators=(" ,  ", "\t: ")).replace(
                "hostile", "\\u0068ostile"
            )
            write(b"  " + text.encode() + b"  \n")

    Server().serve()


class _Asking(Right):
    """Pings the client before it answers; `_id` makes the ids of its requests."""

    asked = 0

    def id(self) -> Any:
        self.asked += 1
        return f"ours-{self.asked}"

    def reply(self, line: bytes) -> dict[str, Any] | None:
        said = super().reply(line)
        if said is not None and b'"method"' in line and not line.startswith(b'{"jsonrpc":"2.0","id":1,'):
            self.send({"jsonrpc": "2.0", "id": self.id(), "method": "ping"})
        return said


@right("pings before each answer, with strings as ids", quick=True)
def pings_before_answers() -> None:
    _Asking().serve()


@right("pings with the very ids that the client uses")
def pings_with_our_ids() -> None:
    class Server(_Asking):
        def id(self) -> Any:
            self.asked += 1
            return self.asked

    Server().serve()


@right("answers one byte at a time")
def byte_by_byte() -> None:
    class Server(Right):
        def send(self, message: Any) -> None:
            for byte in json.dumps(message).encode() + b"\n":
                write(bytes([byte]))

    Server().serve()


@right("waits for the answer to its ping before it answers itself")
def waits_for_pong() -> None:
    server = Right()
    number = 0
    for line in sys.stdin.buffer:
        said = server.reply(line)
        if said is None:
            continue
        if "protocolVersion" not in said.get("result", {}) and said.get("id") is not None:
            number += 1
            server.send({"jsonrpc": "2.0", "id": f"p{number}", "method": "ping"})
            for other in sys.stdin.buffer:
                if f'"p{number}"'.encode() in other:
                    break
                if (more := server.reply(other)) is not None:
                    server.send(more)
        server.send(said)


@right("answers with 2 MB of text", within=90)
def large_answers() -> None:
    class Server(Right):
        def call(self, params: dict[str, Any]) -> Any:
            made = super().call(params)
            made["content"].append({"type": "text", "text": "x" * 2_000_000})
            return made

    Server().serve()


@right("lists a thousand tools on twenty pages", within=90)
def thousand_tools() -> None:
    class Server(Right):
        def answer(self, method: str, params: Any) -> Any:
            if method == "tools/list":
                cursor = (params or {}).get("cursor")
                if cursor is not None and not (isinstance(cursor, str) and cursor.isdigit() and int(cursor) < 20):
                    return super().answer(method, params)
                page = int(cursor or 0)
                made = {
                    "tools": [{**self.tools[0], "name": f"echo{index}"} for index in range(page * 50, page * 50 + 50)]
                }
                return {**made, "nextCursor": f"{page + 1}"} if page < 19 else made
            return super().answer(method, params)

        def call(self, params: dict[str, Any]) -> Any:
            name = params.get("name")
            known = isinstance(name, str) and name.startswith("echo") and name[4:].isdigit() and int(name[4:]) < 1000
            return super().call({**params, "name": "echo"} if known else params)

    Server().serve()
