"""What a tool can do while it runs: report progress, log, take its time, fail, let its connection go."""

import anyio

from reference_servers.engine import JSON, Call, ProtocolError, ToolError
from reference_servers.engine.messages import INTERNAL_ERROR
from reference_servers.engine.metadata import LEVELS
from reference_servers.everything.samples import text

from .specimen import specimen, taking

MOMENT = 0.02
"""Seconds of pretended work, for its messages to be told apart."""
STEPS = 10


async def log_three(call: Call) -> list[dict[str, JSON]]:
    await call.log("info", "About to begin", "everything")
    await anyio.sleep(MOMENT)
    await call.log("info", "Half way through", "everything")
    await anyio.sleep(MOMENT)
    await call.log("info", "All done", "everything")
    return [text("Logged three messages.")]


async def log_levels(call: Call) -> list[dict[str, JSON]]:
    for number, level in enumerate(LEVELS):
        await call.log(level, {"severity": number, "said": f"This is {level}"}, "everything")
    return [text(f"Logged a message of each of {len(LEVELS)} levels.")]


async def log_once(call: Call) -> list[dict[str, JSON]]:
    await call.log("warning", ["data", "may be", "anything"])
    return [text("Logged one message.")]


async def progress(call: Call) -> list[dict[str, JSON]]:
    for percent in (0, 50, 100):
        if percent:
            await anyio.sleep(MOMENT)
        await call.progress(percent, 100, f"{percent} % done")
    return [text("Went from 0 to 100.")]


async def slow(call: Call) -> list[dict[str, JSON]]:
    seconds = call.arguments["seconds"]
    for step in range(1, STEPS + 1):
        await anyio.sleep(seconds / STEPS)
        await call.progress(step, STEPS)
    return [text(f"Took {seconds:g} s.")]


async def fail(call: Call) -> list[dict[str, JSON]]:
    raise ToolError("It failed, as it always does.")


async def fail_outright(call: Call) -> list[dict[str, JSON]]:
    raise ProtocolError(INTERNAL_ERROR, "The server failed, as it always does here")


async def reconnect(call: Call) -> list[dict[str, JSON]]:
    await call.let_go()
    return [text("Was there when you came back.")]


TOOLS = (
    specimen("test_tool_with_logging", log_three, "Logs three messages at level info."),
    specimen("test_log_levels", log_levels, "Logs a message of each level."),
    specimen("test_logging_tool", log_once, "Logs one message, at level warning."),
    specimen("test_tool_with_progress", progress, "Reports progress three times."),
    specimen(
        "test_slow_operation",
        slow,
        "Takes as long as it is told to, reports progress, and can be cancelled.",
        taking("seconds", seconds={"type": "number", "minimum": 0, "maximum": 60, "examples": [0.02]}),
    ),
    specimen("test_error_handling", fail, "Fails with a result that says so."),
    specimen("test_protocol_error", fail_outright, "Fails with a JSON-RPC error."),
    specimen("test_reconnection", reconnect, "Lets its connection go before it answers, where clients know to return."),
)
