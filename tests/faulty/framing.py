"""What isn't a message on its own line: banners, logs, indentation, other encodings (basic/transports#stdio)."""

# ruff: noqa: RUF012 - the class attributes here are constants, each of one fault

import json
import os
import termios
from collections.abc import Iterable

from mcp_conformance.revisions import REVISIONS, may_batch
from reference_servers.engine import JSON, Connection, Request
from reference_servers.engine import messages as engine_messages

from . import Spread, fault
from . import _features as features
from ._spoiling import Rewriting

PURE = "stdio.stdout-is-pure"
ONE_LINE = "stdio.one-message-a-line"
UTF_8 = "base.utf-8"
ON_A_TERMINAL = "stdio.stdout-is-pure-on-a-terminal"
SHUTDOWN = ("shutdown.exits-on-end-of-input-before-initialize",)
ANSWERED = "base.requests-are-answered"
LOST: Spread = {"may": {ANSWERED: "the answer is there, but can't be read"}, "undecided": "the answer can't be read"}


@fault("banner-on-stdout", breaks="stdio.stdout-only-mcp", cases=[PURE])
class Banner(Connection):
    async def at_start(self) -> None:
        await self.send(b"Server listening on stdio...")


@fault("log-line-on-stdout-during-a-call", breaks="stdio.stdout-only-mcp", cases=[PURE])
class LogsCalls(Connection):
    async def on_tools_call(self, request: Request) -> JSON:
        await self.send(b"INFO: calling a tool")
        return await super().on_tools_call(request)


@fault("log-line-as-json-on-stdout", breaks="stdio.stdout-only-mcp", cases=[PURE])
class LogsJson(Connection):
    async def on_tools_list(self, request: Request) -> JSON:
        await self.send(b'{"level":"info","msg":"listing tools"}')
        return await super().on_tools_list(request)


@fault("json-string-on-stdout", breaks="stdio.stdout-only-mcp", cases=[PURE])
class SaysReady(Connection):
    async def at_start(self) -> None:
        await self.send(b'"ready"')


@fault(
    "farewell-on-stdout",
    breaks="stdio.stdout-only-mcp",
    cases=["shutdown.exits-on-end-of-input"],
    may=dict.fromkeys(SHUTDOWN, "every shutdown shows it"),
)
class Farewell(Connection):
    async def at_end_of_input(self) -> None:
        await self.send(b"Goodbye!")


@fault("blank-line-after-each-message", breaks="stdio.stdout-only-mcp", cases=[PURE])
class BlankLines(Connection):
    def delimit(self, encoded: bytes) -> bytes:
        return encoded + b"\n\n"


@fault("log-line-only-for-unknown-methods", breaks="stdio.stdout-only-mcp", cases=[PURE])
class LogsUnknownMethods(Connection):
    async def on_unknown_method(self, request: Request) -> JSON:
        await self.send(b"WARN unknown method")
        return await super().on_unknown_method(request)


@fault("progress-dots-in-front-of-an-answer", breaks="stdio.stdout-only-mcp", cases=[PURE], **LOST)
class Dots(Connection):
    """The dots have no newline, so that the answer behind them is lost."""

    def encode(self, message: dict[str, JSON]) -> bytes:
        encoded = super().encode(message)
        return b"..." + encoded if b'"resourceTemplates"' in encoded else encoded


@fault("content-length-headers", breaks="stdio.stdout-only-mcp", cases=[PURE])
class Headers(Connection):
    """The framing of the Language Server Protocol, with a newline behind the message."""

    def delimit(self, encoded: bytes) -> bytes:
        return b"Content-Length: %d\r\n\r\n%b\n" % (len(encoded), encoded)


# 2025-03-26 has batches, and the text before says nothing of them: there it is right (variants.py).
SINGLE_ONLY = [revision.date for revision in REVISIONS if not may_batch(revision.date)]


@fault("answers-to-templates-as-batches", breaks="stdio.stdout-only-mcp", cases=[PURE], revisions=SINGLE_ONLY, **LOST)
class Batches(Connection):
    def encode(self, message: dict[str, JSON]) -> bytes:
        if "resourceTemplates" in (message.get("result") or {}):
            return engine_messages.encode([message])
        return super().encode(message)


@fault("indented-messages", breaks="stdio.no-embedded-newlines", cases=[ONE_LINE])
class Indents(Connection):
    def encode(self, message: dict[str, JSON]) -> bytes:
        return json.dumps(message, indent=2).encode()


@fault("indented-notifications", breaks="stdio.no-embedded-newlines", cases=[ONE_LINE])
class IndentsNotifications(features.Logs):
    def encode(self, message: dict[str, JSON]) -> bytes:
        return json.dumps(message, indent=2).encode() if "method" in message else super().encode(message)


@fault("newline-inside-a-string", breaks="stdio.no-embedded-newlines", cases=[ONE_LINE])
class RawNewlines(Connection):
    def encode(self, message: dict[str, JSON]) -> bytes:
        encoded = super().encode(message)
        return encoded.replace(b'"instructions":"', b'"instructions":"\n') if b"serverInfo" in encoded else encoded


@fault("newline-between-members", breaks="stdio.no-embedded-newlines", cases=[ONE_LINE])
class NewlineBetween(Connection):
    def encode(self, message: dict[str, JSON]) -> bytes:
        return super().encode(message).replace(b',"result"', b',\n"result"')


@fault("latin-1-in-a-notification", breaks="transport.utf8", cases=[UTF_8])
class Latin1Notification(features.Logs):
    entry = {"level": "info", "data": "prêt"}

    def encode(self, message: dict[str, JSON]) -> bytes:
        encoded = super().encode(message)
        return encoded.decode().encode("latin-1") if "method" in message else encoded


@fault("latin-1-in-an-answer", breaks="transport.utf8", cases=[UTF_8], **LOST)
class Latin1Answer(Connection):
    async def on_resources_templates_list(self, request: Request) -> JSON:
        return {"resourceTemplates": [{"name": "café", "uriTemplate": "cafe://{table}"}]}

    def encode(self, message: dict[str, JSON]) -> bytes:
        encoded = super().encode(message)
        return encoded.decode().encode("latin-1") if b"resourceTemplates" in encoded else encoded


@fault("surrogates-as-bytes", breaks="transport.utf8", cases=[UTF_8])
class Surrogates(features.Speaks):
    """As some encoders of UTF-16 strings do; no UTF-8 (RFC 3629)."""

    async def say(self, request: Request | None) -> None:
        await self.send(b'{"jsonrpc":"2.0","method":"notifications/x","params":{"a":"\xed\xa0\xbd"}}')


@fault("utf-16-notification", breaks="transport.utf8", cases=[UTF_8])
class Utf16(features.Speaks):
    async def say(self, request: Request | None) -> None:
        await self.send('{"jsonrpc":"2.0","method":"notifications/x"}'.encode("utf-16"))


@fault("nan-in-a-notification", breaks="stdio.stdout-only-mcp", cases=[PURE])
class NotANumber(features.Speaks):
    async def say(self, request: Request | None) -> None:
        await self.send(b'{"jsonrpc":"2.0","method":"notifications/x","params":{"value":NaN}}')


@fault("nan-in-an-answer", breaks="stdio.stdout-only-mcp", cases=[PURE], **LOST)
class NotANumberAnswered(Rewriting):
    def rewrite(self, message: dict[str, JSON], request: Request | None) -> Iterable[dict[str, JSON]]:
        if request and request.method == "resources/templates/list":
            message["result"]["count"] = float("nan")
        return [message]

    def encode(self, message: dict[str, JSON]) -> bytes:
        return json.dumps(message).encode()


@fault("banner-on-a-terminal", breaks="stdio.stdout-only-mcp", cases=[ON_A_TERMINAL], only_stdio=True)
class BannerOnATerminal(Connection):
    async def at_start(self) -> None:
        if os.isatty(1):
            await self.send(b"\x1b[1;32mWelcome!\x1b[0m Type help for help.")


@fault("prompt-on-a-terminal", breaks="stdio.stdout-only-mcp", cases=[ON_A_TERMINAL], only_stdio=True)
class PromptOnATerminal(Connection):
    def delimit(self, encoded: bytes) -> bytes:
        return super().delimit(encoded) + (b"mcp> " if os.isatty(0) else b"")


@fault("colours-on-a-terminal", breaks="stdio.stdout-only-mcp", cases=[ON_A_TERMINAL], only_stdio=True)
class ColoursOnATerminal(Connection):
    def delimit(self, encoded: bytes) -> bytes:
        return super().delimit(b"\x1b[36m" + encoded + b"\x1b[0m" if os.isatty(1) else encoded)


@fault("echo-on-a-terminal", breaks="stdio.stdout-only-mcp", cases=[ON_A_TERMINAL], only_stdio=True)
class EchoOnATerminal(Connection):
    async def at_start(self) -> None:
        if os.isatty(0):
            modes = termios.tcgetattr(0)
            modes[3] |= termios.ECHO
            termios.tcsetattr(0, termios.TCSANOW, modes)
