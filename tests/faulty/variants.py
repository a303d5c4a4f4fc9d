"""Right servers with rare features: the tester finds nothing wrong with them."""

import json
import sys
from dataclasses import replace
from typing import Any

import anyio.lowlevel

from reference_servers.engine import JSON, Call, Connection, ProtocolError, Request, Server, Tool, ToolError
from reference_servers.everything import everything
from reference_servers.github.server import github

from . import _features as features
from . import variant
from ._spoiling import Rewriting, answers, results

variant("the-reference-server")(Connection)
variant("everything", server=everything)(Connection)
variant("prompts")(features.Prompts)
variant("logs-when-the-session-begins")(features.Logs)
variant("announces-a-changed-list")(features.Announces)
variant("asks-for-roots")(features.Asks)
variant("cancels-its-own-ping")(features.Cancels)
variant("embeds-a-resource")(features.embedding)
variant("pages-of-two")(features.paged)


@variant("pages-of-one-of-everything")
def pages_of_one() -> Server:
    return replace(github(), page_size=1)


@variant("pings-and-logs-before-initialized", era="stateful")
class PingsEarly(features.AfterInitialize, features.Logs):
    async def early(self) -> None:
        await self.deliver({"jsonrpc": "2.0", "id": "early", "method": "ping"})
        await self.notify("notifications/message", {"level": "info", "data": "starting"})


@variant("carriage-returns-before-newlines")
class CarriageReturns(Connection):
    def delimit(self, encoded: bytes) -> bytes:
        return encoded + b"\r\n"


@variant("escapes-all-but-ascii")
class EscapesAll(Connection):
    def encode(self, message: dict[str, JSON]) -> bytes:
        return json.dumps(message).encode()


@variant("ids-as-numbers-with-a-fraction-of-zero")
class FractionalIds(Rewriting):
    def rewrite(self, message: dict[str, JSON], request: Request | None) -> Any:
        if isinstance(message.get("id"), int) and message["id"] < 2**53:
            message["id"] = float(message["id"])
        return [message]


variant("metadata-in-each-result")(
    answers("*", lambda message: message.get("result", {}).setdefault("_meta", {}).update({"example.org/trace": "7"}))
)
variant("members-of-its-own-in-results")(results("tools/list", lambda result: result.update(total=7)))


@variant("unknown-versions-are-refused")
class RefusesVersions(Connection):
    def negotiate(self, requested: str) -> str:
        if requested not in ("2025-06-18", "2025-11-25"):
            raise ProtocolError(-32602, "unsupported protocol version", {"supported": ["2025-11-25"]})
        return requested


@variant("speaks-the-newest-revision-only")
def newest_only() -> Server:
    return replace(github(), revisions=github().revisions[-1:])


@variant("drops-what-it-cannot-read")
class DropsMalformed(Connection):
    async def parse_error(self, problem: str) -> None: ...

    async def invalid_request(self, malformed: Any) -> None: ...


@variant("unknown-tools-are-tool-errors")
class UnknownToolsAreToolErrors(Connection):
    async def on_tools_call(self, request: Request) -> JSON:
        try:
            return await super().on_tools_call(request)
        except ProtocolError as error:
            return {"content": [{"type": "text", "text": error.message}], "isError": True}


@variant("every-tool-fails")
def failing_tools() -> Server:
    async def fail(call: Call) -> dict[str, JSON]:
        raise ToolError("out of order")

    offered = github()
    return replace(offered, tools=tuple(replace(tool, run=fail) for tool in offered.tools))


@variant("no-tools")
def no_tools() -> Server:
    return replace(github(), tools=())


@variant("nothing-but-ping")
def nothing() -> Server:
    return replace(github(), tools=(), resources=None)


@variant("blocks-of-all-kinds")
def blocks() -> Server:
    async def show(call: Call) -> list[dict[str, JSON]]:
        return [
            {
                "type": "text",
                "text": "é and 漢字\nin two lines",
                "annotations": {"audience": ["user"], "priority": 0.5},
            },
            {"type": "image", "data": "AA==", "mimeType": "image/png"},
            {"type": "audio", "data": "AA==", "mimeType": "audio/wav"},
            {"type": "resource_link", "uri": "file:///a", "name": "a"},
        ]

    offered = github()
    return replace(
        offered, tools=(*offered.tools, Tool("show", features.ANYTHING, show, annotations=features.READ_ONLY))
    )


@variant("answers-in-reverse-order")
class AnswersInReverse(Connection):
    """Holds each answer to a ping, or to who it is, back until a moment later, so that a later request overtakes it."""

    async def on_ping(self, request: Request) -> JSON:
        if request.id in ("first", 1):
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
        return {}

    async def on_discover(self, request: Request) -> JSON:
        await self.on_ping(request)
        return await super().on_discover(request)


@variant("talks-on-stderr")
class TalksOnStderr(Connection):
    async def at_start(self) -> None:
        print("listening", file=sys.stderr, flush=True)

    async def on_tools_call(self, request: Request) -> JSON:
        print("calling a tool", file=sys.stderr, flush=True)
        return await super().on_tools_call(request)


@variant("each-message-in-an-array")
class InArrays(features.Logs, features.Asks):
    """Where arrays may be batches: in 2025-03-26, and by JSON-RPC before it."""

    def delimit(self, encoded: bytes) -> bytes:
        old = self.revision is not None and self.revision.name < "2025-06-18"
        if old and encoded.startswith(b"{") and b'"serverInfo"' not in encoded:  # never for initialize
            encoded = b"[" + encoded + b"]"
        return super().delimit(encoded)


@variant("answers-batches-singly-and-backwards")
class Backwards(Connection):
    async def on_batch(self, parts: list[JSON]) -> None:
        for part in reversed(parts):
            await self._take(part)


@variant("checks-a-batch-as-a-whole")
class AsAWhole(Connection):
    async def on_batch(self, parts: list[JSON]) -> None:
        if all(isinstance(part, dict) for part in parts):
            await super().on_batch(parts)
        else:
            await self.fail(None, ProtocolError(-32600, "Invalid request"))
