"""A small right server of revision 2025-11-25, line by line, for the hostile ones to spoil."""

import json
import os
import sys
from pathlib import Path
from typing import Any

REVISION = "2025-11-25"


class Refused(Exception):
    """An error: its code and message."""


class Right:
    """Answers messages. Override what is to be otherwise."""

    tools: list[dict[str, Any]] = [  # noqa: RUF012
        {
            "name": "echo",
            "description": "gives back what it got",
            "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
            "annotations": {"readOnlyHint": True},
        }
    ]
    name = "hostile"

    def answer(self, method: str, params: Any) -> Any:
        """The result of a request. Raises `Refused`."""
        if params is not None and not isinstance(params, dict):
            raise Refused(-32602, "params is an object")
        params = params or {}
        match method:
            case "initialize":
                if not isinstance(params.get("protocolVersion"), str):
                    raise Refused(-32602, "protocolVersion is missing")
                info = {"name": self.name, "version": "1"}
                return {"protocolVersion": REVISION, "capabilities": {"tools": {}}, "serverInfo": info}
            case "ping":
                return {}
            case "tools/list":
                if params.get("cursor") is not None:
                    raise Refused(-32602, "unknown cursor")
                return {"tools": self.tools}
            case "tools/call":
                return self.call(params)
        raise Refused(-32601, f"unknown method {method}")

    def call(self, params: dict[str, Any]) -> Any:
        if params.get("name") not in {tool["name"] for tool in self.tools}:
            raise Refused(-32602, f"unknown tool {params.get('name')}")
        arguments = params.get("arguments", {})
        if not isinstance(arguments, dict):
            raise Refused(-32602, "arguments is an object")
        if not isinstance(arguments.get("text"), str):
            return {"content": [{"type": "text", "text": "text is missing"}], "isError": True}
        return {"content": [{"type": "text", "text": arguments["text"]}]}

    def reply(self, line: bytes) -> dict[str, Any] | None:
        """What is answered to a line, if anything."""
        try:
            message = json.loads(line)
        except ValueError:
            return {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "not JSON"}}
        identity = message.get("id") if isinstance(message, dict) else None
        known = isinstance(identity, str | int | float) and not isinstance(identity, bool)
        if (
            not isinstance(message, dict)
            or message.get("jsonrpc") != "2.0"
            or not isinstance(message.get("method"), str)
        ):
            if isinstance(message, dict) and ("result" in message or "error" in message):
                self.told(message)
                return None
            refusal = {"code": -32600, "message": "not a request"}
            return {"jsonrpc": "2.0", "id": identity if known else None, "error": refusal}
        if "id" not in message:
            self.noted(message["method"])
            return None
        if not known:
            return {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "bad id"}}
        try:
            return {"jsonrpc": "2.0", "id": identity, "result": self.answer(message["method"], message.get("params"))}
        except Refused as refused:
            code, text = refused.args
            return {"jsonrpc": "2.0", "id": identity, "error": {"code": code, "message": text}}

    def told(self, message: dict[str, Any]) -> None:
        """A response to a request of ours."""

    def noted(self, method: str) -> None:
        """A notification."""

    def serve(self) -> None:
        """Answer lines until the input ends."""
        for line in sys.stdin.buffer:
            if line.strip() and (said := self.reply(line)) is not None:
                self.send(said)

    def send(self, message: Any) -> None:
        write(json.dumps(message).encode() + b"\n")


def write(data: bytes) -> None:
    """To stdout, at once."""
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(1, view) :]
    except BrokenPipeError:
        os._exit(0)


def contacted(how: str) -> None:
    """Leave a trace: somebody has connected to where nobody has any business."""
    if folder := os.environ.get("HOSTILE_CONTACTS"):
        Path(folder, f"{how}.{os.getpid()}").touch()
