"""Servers in a few lines, run in this process, and what the tester says of them.

A server is a function from one message to what is written for it.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import anyio

from mcp_conformance.cases.checks import Check
from mcp_conformance.cases.loader import bundled
from mcp_conformance.conduits.lines import LineConduit
from mcp_conformance.engine import ANSWERS, Engine, Settings
from mcp_conformance.profile import Profile
from mcp_conformance.session import Session
from mcp_conformance.target import MemoryTarget
from mcp_conformance.transports.memory import Receive, Send, Serve, serve_in_memory
from mcp_conformance.verdicts import Finding, Outcome, Verdict

Answer = Callable[[Any], Any]
"""From a message (None: a line that isn't JSON) to a reply or a list of them: messages, lines as bytes, or HANG_UP."""

HANG_UP = object()
"""In place of a reply: the server ends."""

DEADLINE = 0.15
T = TypeVar("T")

ADD = {"name": "add", "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": True}}


def serve(answer: Answer, first: bytes = b"") -> Serve:
    """A server that writes `first`, then what `answer` says to each line."""

    async def run(receive: Receive, send: Send) -> None:
        await send(first)
        rest = b""
        while data := await receive():
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                replies = answer(_read(line))
                for reply in replies if isinstance(replies, list) else [replies]:
                    if reply is HANG_UP:
                        return
                    if reply is not None:
                        await send((reply if isinstance(reply, bytes) else json.dumps(reply).encode()) + b"\n")

    return run


def _read(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def result(message: Any, value: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": message["id"], "result": value}


def error(message: Any, code: int, text: str = "no") -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": message["id"], "error": {"code": code, "message": text}}


def asked(message: Any, method: str, tool: str | None = None) -> bool:
    """Whether a message is a request for a method, or a call of a tool."""
    if not isinstance(message, dict) or message.get("method") != method or "id" not in message:
        return False
    return tool is None or (message.get("params") or {}).get("name") == tool


@dataclass(slots=True)
class Right:
    """A small server that does everything right: a basis for those that do one thing otherwise."""

    tools: list[dict[str, Any]] = field(default_factory=lambda: [dict(ADD)])
    capabilities: dict[str, Any] = field(default_factory=lambda: {"tools": {}})
    versions: tuple[str, ...] = ("2025-06-18", "2025-11-25")
    called: list[str] = field(default_factory=list)

    def __call__(self, message: Any) -> Any:
        if not isinstance(message, dict):
            return {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "not a message"}}
        if "id" not in message:
            return None
        params = message.get("params") or {}
        match message.get("method"):
            case "initialize":
                wanted = params["protocolVersion"]
                version = wanted if wanted in self.versions else max(self.versions)
                info = {"name": "scripted", "version": "1"}
                return result(
                    message, {"protocolVersion": version, "capabilities": self.capabilities, "serverInfo": info}
                )
            case "ping":
                return result(message, {})
            case "tools/list" if "tools" in self.capabilities:
                return result(message, {"tools": self.tools})
            case "tools/call" if (tool := self._tool(params.get("name"))) is not None:
                self.called.append(params["name"])
                if set(tool["inputSchema"].get("required", ())) - set(params.get("arguments") or {}):
                    return result(
                        message, {"content": [{"type": "text", "text": "an argument is missing"}], "isError": True}
                    )
                return result(message, {"content": [{"type": "text", "text": "3"}]})
            case "tools/call":
                return error(message, -32602, "unknown tool")
            case str():
                return error(message, -32601, "unknown method")
        return error(message, -32600, "invalid request")

    def _tool(self, name: Any) -> dict[str, Any] | None:
        return next((tool for tool in self.tools if tool["name"] == name), None)


# ------------------------------------------------------------------------------------------------------------- engine


@dataclass(slots=True)
class Found:
    """What the tester says of a server."""

    profile: Profile
    outcomes: list[Outcome]

    @property
    def answers(self) -> Outcome:
        return self.outcomes[0]

    @property
    def findings(self) -> dict[str, Finding]:
        """By fingerprint: one root cause, one finding."""
        return {finding.fingerprint: finding for outcome in self.outcomes for finding in outcome.findings}

    @property
    def requirements(self) -> set[str]:
        return {finding.requirement for finding in self.findings.values()}

    def verdicts(self, *wanted: Verdict) -> dict[str, str]:
        return {outcome.case: outcome.reason for outcome in self.outcomes if outcome.verdict in wanted}

    def verdict(self, case: str) -> set[Verdict]:
        """In each revision."""
        return {outcome.verdict for outcome in self.outcomes if outcome.case == case}


def examine(answer: Answer, *, cases: bool = False, first: bytes = b"", **settings: Any) -> Found:
    """Discover a server and judge all checks; with `cases` run all bundled cases too."""

    async def run() -> Found:
        given = Settings(**{"start_deadline": 5 * DEADLINE, "deadline": DEADLINE, **settings})
        with anyio.fail_after(60):
            async with Engine(
                MemoryTarget(serve(answer, first)), given, lambda case, revision: f"run {case}"
            ) as engine:
                profile = await engine.discover()
                outcomes = [engine.answers(), *(one for key, one in engine.surveyed.items() if key[0] != ANSWERS)]
                active = [case for case in bundled() if cases and not isinstance(case.body, Check)]
                for revision in profile.revisions:
                    outcomes += [
                        await engine.run(case, revision) for case in active if case.runs_on(revision, "memory")
                    ]
                return Found(profile, outcomes)

    return anyio.run(run)


# ------------------------------------------------------------------------------------------------------------ session


def talk(answer: Answer, conversation: Callable[[Session], Awaitable[T]], **how: Any) -> T:
    """Have one conversation with a server that answers by a function, and return what it returns."""
    return converse(serve(answer), conversation, **how)


def converse(
    server: Serve,
    conversation: Callable[[Session], Awaitable[T]],
    *,
    deadline: float = DEADLINE,
    capabilities: dict[str, Any] | None = None,
    revision: str = "2025-11-25",
) -> T:
    """The same with a server that is a coroutine of its own."""
    said: list[T] = []

    async def run() -> None:
        with anyio.fail_after(30):
            async with anyio.create_task_group() as tasks:
                link = serve_in_memory(server, tasks, grace=0.2)
                session = Session(LineConduit(link), revision=revision, capabilities=capabilities, deadline=deadline)
                session.start(tasks)
                try:
                    said.append(await conversation(session))
                finally:
                    with anyio.CancelScope(shield=True):
                        await session.aclose()

    anyio.run(run)
    return said[0]
