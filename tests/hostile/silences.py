"""Less than was asked for: nothing, or too little, or too late."""

import json
import os
import sys
import threading
import time
from typing import Any

from hostile import MAY_PASS, hostile
from hostile._right import Right, write


def _for_ever() -> None:
    while True:
        time.sleep(600)


@hostile("reads nothing, says nothing")
def silence() -> None:
    _for_ever()


@hostile("reads all, says nothing")
def mute() -> None:
    for _ in sys.stdin.buffer:
        pass


@hostile("answers initialize and nothing else, though it reads")
def mute_after_initialize() -> None:
    class Server(Right):
        def send(self, message: Any) -> None:
            if "protocolVersion" in message.get("result", {}):
                super().send(message)

    Server().serve()


@hostile("answers initialize and doesn't read any more")
def deaf_after_initialize() -> None:
    class Server(Right):
        def send(self, message: Any) -> None:
            super().send(message)
            if "protocolVersion" in message.get("result", {}):
                _for_ever()

    Server().serve()


@hostile("answers its first 20 requests, in each process")
def mute_after_20_requests() -> None:
    class Server(Right):
        left = 20

        def send(self, message: Any) -> None:
            self.left -= 1
            if self.left >= 0:
                super().send(message)

    Server().serve()


@hostile("answers nothing but ping and initialize")
def only_pings() -> None:
    class Server(Right):
        def send(self, message: Any) -> None:
            if message.get("result") == {} or "protocolVersion" in message.get("result", {}):
                super().send(message)

    Server().serve()


@hostile("answers byte by byte, five a second, for ever")
def slow_drip() -> None:
    sys.stdin.buffer.readline()
    for byte in b'{"jsonrpc":"2.0","id":1,"result":{' + b" " * 100_000:
        write(bytes([byte]))
        time.sleep(0.2)


@hostile("each answer takes as long as is allowed", statuses=(0, 1), says="--mcp-budget|Conformant", within=30)
def just_in_time() -> None:
    class Server(Right):
        def send(self, message: Any) -> None:
            time.sleep(1.6)
            super().send(message)

    Server().serve()


@hostile("closes its stdout after initialize, and lives on")
def closes_stdout() -> None:
    class Server(Right):
        def send(self, message: Any) -> None:
            super().send(message)
            if "protocolVersion" in message.get("result", {}):
                os.close(1)
                _for_ever()

    Server().serve()


@hostile("closes its stdin after initialize, and lives on")
def closes_stdin() -> None:
    class Server(Right):
        def send(self, message: Any) -> None:
            super().send(message)
            if "protocolVersion" in message.get("result", {}):
                os.close(0)
                _for_ever()

    Server().serve()


@hostile("closes stdout at the start, and lives on")
def no_stdout() -> None:
    os.close(1)
    _for_ever()


@hostile("doesn't read while it writes a megabyte of log notifications a request", **MAY_PASS)
def chatter_before_answers() -> None:
    from hostile.floods import NOTE

    class Server(Right):
        def send(self, message: Any) -> None:
            write(NOTE * 10_000)
            super().send(message)

    Server().serve()


@hostile("ten megabytes on stderr before each answer", **MAY_PASS)
def stderr_before_answers() -> None:
    class Server(Right):
        def send(self, message: Any) -> None:
            for _ in range(100):
                os.write(2, b"e" * 99_999 + b"\n")
            super().send(message)

    Server().serve()


@hostile("stderr without end and without newline, from a thread", within=90, **MAY_PASS)
def stderr_flood() -> None:
    def flood() -> None:
        while True:
            os.write(2, b"e" * 65536)

    threading.Thread(target=flood, daemon=True).start()
    Right().serve()


@hostile("half of an answer, then the rest of it never")
def half_an_answer() -> None:
    class Server(Right):
        def send(self, message: Any) -> None:
            data = json.dumps(message).encode()
            write(data[: len(data) // 2])

    Server().serve()


@hostile("answers each request when the next one comes, so never the last", **MAY_PASS)
def one_behind() -> None:
    class Server(Right):
        held: Any = None

        def send(self, message: Any) -> None:
            if self.held is not None:
                super().send(self.held)
            self.held = message
            if "protocolVersion" in message.get("result", {}):
                super().send(message)
                self.held = None

    Server().serve()


@hostile("stops itself with SIGSTOP after initialize")
def stops_itself() -> None:
    import signal

    class Server(Right):
        def send(self, message: Any) -> None:
            super().send(message)
            if "protocolVersion" in message.get("result", {}):
                os.kill(os.getpid(), signal.SIGSTOP)

    Server().serve()
