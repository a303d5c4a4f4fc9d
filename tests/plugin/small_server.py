"""A server in the standard library alone: right by default, wrong in the ways that its arguments name."""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

FAULTS = set(sys.argv[1:])
REVISIONS = ("2025-06-18", "2025-11-25")
HOSTILE = "\x1b[31mred\x1b[0m\n::error::pwned\r##[error]pwned"
TOOLS: list[dict[str, Any]] = [
    {
        "name": "echo",
        "description": "gives back what it got",
        "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
        "annotations": {"readOnlyHint": True},
    },
    {"name": "erase", "description": "could do harm", "inputSchema": {"type": "object"}},
]


class Refused(Exception):
    pass


def answer(method: str, params: Any) -> Any:
    if params is not None and not isinstance(params, dict):
        raise Refused(-32602, "params is an object")
    params = params or {}
    match method:
        case "initialize":
            if not isinstance(params.get("protocolVersion"), str):
                raise Refused(-32602, "protocolVersion is missing")
            asked = params["protocolVersion"]
            named = asked if asked in REVISIONS else REVISIONS[-1]
            if "one-revision" in FAULTS:
                named = "2025-06-18"
            if "unknown-revision" in FAULTS:
                named = "2024-10-07"
            capabilities: dict[str, Any] = {} if "no-tools" in FAULTS else {"tools": {}}
            info = {"name": "small", "version": "1"}
            if "hostile" in FAULTS:
                info["name"] = HOSTILE
            if "tells" in FAULTS:
                info["name"] = f"small {os.environ['CANARY']}"
            return {"protocolVersion": named, "capabilities": capabilities, "serverInfo": info}
        case "ping":
            if "ping-fails" in FAULTS:
                raise Refused(-32603, os.environ.get("CANARY", "no ping today"))
            return {}
        case "tools/list":
            if params.get("cursor") is not None:
                raise Refused(-32602, "unknown cursor")
            tools = TOOLS
            if "hostile" in FAULTS:
                tools = [*TOOLS, {"name": HOSTILE, "inputSchema": {"type": "string", HOSTILE: 1}}]
            return {"tools": tools}
        case "tools/call":
            if "call-hangs" in FAULTS and params.get("name") == "hang":
                Path(os.environ["PIDS"]).with_name("called").touch()
                end()
            if params.get("name") not in {tool["name"] for tool in TOOLS}:
                raise Refused(-32602, f"unknown tool {params.get('name')}")
            arguments = params.get("arguments", {})
            if not isinstance(arguments, dict):
                raise Refused(-32602, "arguments is an object")
            if not isinstance(arguments.get("text"), str):
                return {"content": [{"type": "text", "text": "text is missing"}], "isError": True}
            return {"content": [{"type": "text", "text": arguments["text"] + os.environ.get("CANARY", "")}]}
    raise Refused(-32601, f"unknown method {method}")


def send(message: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(message).encode() + b"\n")
    sys.stdout.buffer.flush()


def reply(line: bytes) -> dict[str, Any] | None:
    try:
        message = json.loads(line)
    except ValueError:
        return {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "not JSON"}}
    identity = message.get("id") if isinstance(message, dict) else None
    known = isinstance(identity, str | int | float) and not isinstance(identity, bool)
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0" or not isinstance(message.get("method"), str):
        if isinstance(message, dict) and ("result" in message or "error" in message):
            return None
        identity = identity if known else None
        return {"jsonrpc": "2.0", "id": identity, "error": {"code": -32600, "message": "not a request"}}
    if "id" not in message:
        return None
    if not known:
        return {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "bad id"}}
    try:
        return {"jsonrpc": "2.0", "id": identity, "result": answer(message["method"], message.get("params"))}
    except Refused as refusal:
        code, text = refusal.args
        return {"jsonrpc": "2.0", "id": identity, "error": {"code": code, "message": text}}


def end() -> NoReturn:
    """Answer nothing any more, and exit at the end of the input; a stubborn server doesn't."""
    sys.stdin.buffer.read()
    if "stubborn" in FAULTS:
        time.sleep(600)
    sys.exit()


def main() -> None:
    if folder := os.environ.get("PIDS"):
        Path(folder, str(os.getpid())).touch()
    if "tells" in FAULTS or "hostile" in FAULTS:
        print("first", os.environ.get("CANARY", HOSTILE), file=sys.stderr, flush=True)
    if "stubborn" in FAULTS:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "dies" in FAULTS:
        sys.exit(f"can't start\n::error::{os.environ.get('CANARY', HOSTILE)}")
    if "mute" in FAULTS:
        end()
    for line in sys.stdin.buffer:
        if line.strip() and (said := reply(line)) is not None:
            send(said)
    end()


if __name__ == "__main__":
    main()
