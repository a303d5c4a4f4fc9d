"""A right server whose tools take time, report progress, log and ask the client; faults are built on it."""

from dataclasses import replace

import anyio

from reference_servers.engine import JSON, Call, Server, Tool
from reference_servers.github.server import github

READ_ONLY = {"readOnlyHint": True}
SLOW = {"tools": {"nap": {"slow": True}}}
"""The hint that goes with it."""
STEPS = 6


def _takes(*names: str) -> dict[str, JSON]:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": list(names)}


async def count(call: Call) -> list[dict[str, JSON]]:
    for number in (1, 2, 3):
        await call.progress(number, 3, f"step {number} of 3")
    return [{"type": "text", "text": "counted"}]


async def nap(call: Call) -> list[dict[str, JSON]]:
    for number in range(STEPS):
        await call.progress(number + 1)
        await anyio.sleep(0.05)
    return [{"type": "text", "text": "rested"}]


async def chat(call: Call) -> list[dict[str, JSON]]:
    for level in ("debug", "info", "warning"):
        await call.log(level, {"text": f"a word of {level}"}, "workshop")
    return [{"type": "text", "text": "said"}]


async def login(call: Call) -> list[dict[str, JSON]]:
    await call.log("info", {"text": "logged in", "password": "***"}, "workshop")
    return [{"type": "text", "text": "welcome"}]


async def invite(call: Call) -> list[dict[str, JSON]]:
    await call.log("info", "somebody was invited", "workshop")
    return [{"type": "text", "text": "invited"}]


def workshop() -> Server:
    """The reference server with these tools besides."""
    tools = (
        Tool("count", {"type": "object"}, count, annotations=READ_ONLY),
        Tool("nap", {"type": "object"}, nap, annotations=READ_ONLY),
        Tool("chat", {"type": "object"}, chat, annotations=READ_ONLY),
        Tool("login", _takes("user", "password"), login, annotations=READ_ONLY),
        Tool("invite", _takes("email"), invite, annotations=READ_ONLY),
    )
    offered = github()
    return replace(offered, tools=(*offered.tools, *tools), logging=True)


def asking() -> Server:
    """The reference server with a tool that asks the client for its roots."""

    async def look(call: Call) -> list[dict[str, JSON]]:
        found = await call.ask_roots()
        return [{"type": "text", "text": f"{len(found['roots'])} roots"}]

    offered = github()
    return replace(offered, tools=(*offered.tools, Tool("look", {"type": "object"}, look, annotations=READ_ONLY)))
